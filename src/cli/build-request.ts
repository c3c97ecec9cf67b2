/** From parsed words to a request: values read, defaults filled in, contradictions refused. */
import { type Complaint, err, ok, type Result } from "../domain/result.ts";
import { MAX_COMMAND_BYTES } from "../remote/command-script.ts";
import { buildPackageRequest } from "./build-package-request.ts";
import { buildPurgeRequest } from "./build-purge-request.ts";
import { execFormats, formats, keyFormats, outputModes, shells } from "./option-groups.ts";
import { OptionValues } from "./option-values.ts";
import type { Command } from "./options.ts";
import type {
  CompletionRequest,
  DemoRequest,
  ExecRequest,
  InventoryRequest,
  Request,
  RollbackRequest,
  RolloutRequest,
  StatusRequest,
  Surroundings,
} from "./request.ts";
import { connection, output, planned, selection, stateDir } from "./shared-values.ts";
import { atHome } from "./surroundings.ts";

/** Simulated nodes: each is a listening server on loopback in one process. */
const maxDemoNodes = 1000;

/** Builds the request of one command; `given` is what yargs found, by option name, and the positional words. */
export const buildRequest = (
  command: Command,
  given: Readonly<Record<string, unknown>>,
  words: readonly string[],
  around: Surroundings,
): Result<Request> => {
  if (command === "completion") return completion(words[0]);
  const values = new OptionValues(given);
  if ((command === "rollout" || command === "purge") && words.length === 0) {
    const what = `${command} needs at least one PATTERN`;
    return err({ code: "E_USAGE", what, try: `novasweep ${command} all, when every host is meant` });
  }
  const asked = ask(command, given, values, words, around);
  if (values.complaint !== undefined) return err(values.complaint);
  if (!asked.ok) return asked;
  const request = asked.value;
  if ("output" in request && request.output === "tui" && !around.terminal) {
    return err({ code: "E_USAGE", what: "--output tui needs a terminal on stderr", try: "--output lines" });
  }
  return ok(request);
};

const ask = (
  command: Exclude<Command, "completion">,
  given: Readonly<Record<string, unknown>>,
  values: OptionValues,
  words: readonly string[],
  around: Surroundings,
): Result<Request> => {
  if (command === "exec") return exec(given, values, words, around);
  if (command === "rollout") return rollout(values, words, around);
  if (command === "rollback") return rollback(values, words, around);
  if (command === "purge") return buildPurgeRequest(values, words, around);
  if (command === "package") return buildPackageRequest(values, words, around);
  return ok(build(command, values, words, around));
};

/** The shell has to be said, as for gh and kubectl: a script that guesses writes the wrong one into a file some day. */
const completion = (word: string | undefined): Result<CompletionRequest> => {
  const shell = shells.find((name) => name === word);
  if (shell !== undefined) return ok({ command: "completion", shell });
  const what =
    word === undefined ? "completion needs the name of a shell" : `there is no completion for ${JSON.stringify(word)}`;
  return err({ code: "E_USAGE", what, try: `novasweep completion ${shells.join(", or ")}` });
};

const build = (
  command: Exclude<Command, "completion" | "exec" | "package" | "purge" | "rollback" | "rollout">,
  values: OptionValues,
  words: readonly string[],
  around: Surroundings,
): Request => {
  switch (command) {
    case "status":
      return status(values, words, around);
    case "inventory":
      return inventory(values, words, around);
    case "hosts":
      return {
        command,
        ...selection(values, words, around),
        ...connection(values, around),
        format: values.choice("format", keyFormats) ?? "table",
      };
    case "export":
      // No host is contacted: ssh's configuration says nothing that a class could hold.
      return { command, ...selection(values, words, around), sshConfig: "none" };
    case "runs":
      return runs(values, words, around);
    case "demo":
      return demo(values, around);
  }
};

/** What a saved plan has of its own. */
const inPlan = ["waves", "max-bad", "max-missing", "parallel", "soak"];

const rollout = (values: OptionValues, words: readonly string[], around: Surroundings): Result<RolloutRequest> => {
  const check = values.flag("check") ?? false;
  const twice = values.has("plan") ? inPlan.find((name) => values.has(name)) : undefined;
  if (twice !== undefined)
    return err(usage(`--${twice} is the saved plan's own`, `leave out --${twice}, or make the plan with it`));
  return ok({
    command: "rollout",
    ...selection(values, words, around),
    ...connection(values, around),
    ...planned(values),
    diff: values.flag("diff") ?? check,
    soakS: values.duration("soak", 0) ?? 60,
    activatePending: values.flag("activate-pending") ?? false,
    waitIdleS: values.duration("wait-idle", 0) ?? 0,
    migrateCache: values.flag("migrate-cache") ?? false,
    probe: values.text("probe"),
    onEvent: values.text("on-event"),
    planOut: fileAt(values.text("plan-out"), around),
    plan: fileAt(values.text("plan"), around),
    output: output(values, around),
    stateDir: stateDir(values, around),
  });
};

const rollback = (values: OptionValues, words: readonly string[], around: Surroundings): Result<RollbackRequest> => {
  const undoes = values.text("run");
  if (undoes === undefined)
    return err(usage("rollback needs the run to undo", "novasweep rollback --run ID; novasweep runs lists them"));
  return ok({
    command: "rollback",
    ...selection(values, words, around),
    ...connection(values, around),
    ...planned(values),
    undoes,
    everyHost: words.length === 0 && !values.has("limit"),
    soakS: values.duration("soak", 0) ?? 60,
    output: output(values, around),
    stateDir: stateDir(values, around),
  });
};

const fileAt = (path: string | undefined, around: Surroundings): string | undefined =>
  path === undefined ? undefined : atHome(path, around);

const status = (values: OptionValues, words: readonly string[], around: Surroundings): StatusRequest => ({
  command: "status",
  ...selection(values, words, around),
  ...connection(values, around),
  format: values.choice("format", formats) ?? "table",
  exitCode: values.flag("exit-code") ?? false,
  output: output(values, around),
  stateDir: stateDir(values, around),
});

const exec = (
  given: Readonly<Record<string, unknown>>,
  values: OptionValues,
  words: readonly string[],
  around: Surroundings,
): Result<ExecRequest> => {
  const format = values.choice("format", execFormats) ?? "table";
  const streams = format === "stream";
  if (streams && (values.flag("diff") || values.choice("output", outputModes) === "tui"))
    return err(
      usage("--format stream compares nothing and leaves no room for a screen", "leave out --diff and --output tui"),
    );
  const options = {
    ...selection(values, words, around),
    ...connection(values, around),
    record: values.flag("record") ?? false,
    diff: values.flag("diff") ?? false,
    yes: values.flag("yes") ?? false,
    format,
    output: output(values, streams ? { ...around, terminal: false } : around),
    stateDir: stateDir(values, around),
  };
  const what = whatToRun(given, values, words, around);
  return what.ok ? ok({ command: "exec", what: what.value, ...options }) : what;
};

/** `words` are those before `--`, which name hosts; those behind it are the command. */
const whatToRun = (
  given: Readonly<Record<string, unknown>>,
  values: OptionValues,
  words: readonly string[],
  around: Surroundings,
): Result<ExecRequest["what"]> => {
  const script = values.text("script");
  const text = [given["--"] ?? []].flat().map(String).join(" ");
  if (words.length === 0)
    return err(usage("exec needs at least one PATTERN", "novasweep exec all -- COMMAND, when every host is meant"));
  if (script !== undefined && text !== "")
    return err(usage("exec takes a command or --script, not both", "novasweep exec --help"));
  if (script !== undefined) return ok({ kind: "script", file: atHome(script, around) });
  if (text.trim() === "")
    return err(usage("exec needs a command", "novasweep exec PATTERN... -- uname -a, or --script FILE"));
  if (Buffer.byteLength(text) > MAX_COMMAND_BYTES)
    return err(
      usage(`the command is longer than ${MAX_COMMAND_BYTES / 1024} KiB`, "put the data into a file on the hosts"),
    );
  return ok({ kind: "command", text });
};

const usage = (what: string, tryThis: string): Complaint => ({ code: "E_USAGE", what, try: tryThis });

const inventory = (values: OptionValues, words: readonly string[], around: Surroundings): InventoryRequest => ({
  command: "inventory",
  ...selection(values, words, around),
  format: values.choice("format", formats) ?? "table",
});

/** `runs`, `runs show ID`, `runs resume ID`: yargs gives the word and the id. */
const runs = (values: OptionValues, words: readonly string[], around: Surroundings): Request => {
  const [verb, id] = words;
  const dir = stateDir(values, around);
  if (id !== undefined && (verb === "hold" || verb === "go" || verb === "abort"))
    return { command: "runs tell", id, what: verb, stateDir: dir };
  if (verb !== "resume" || id === undefined) return { command: "runs", show: id, stateDir: dir };
  return {
    command: "runs resume",
    id,
    askBecomePass: values.flag("ask-become-pass") ?? false,
    output: output(values, around),
    stateDir: dir,
  };
};

const demo = (values: OptionValues, around: Surroundings): DemoRequest => ({
  command: "demo",
  nodes: values.count("nodes", 1, maxDemoNodes) ?? 12,
  faults: values.names("faults"),
  soakS: values.duration("soak", 0) ?? 3,
  output: output(values, around),
});
