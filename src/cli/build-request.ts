/** From parsed words to a request: values read, defaults filled in, contradictions refused. */
import { join } from "node:path";
import { err, ok, type Result } from "../domain/result.ts";
import { OptionValues } from "./option-values.ts";
import type { Command } from "./options.ts";
import type {
  Connection,
  DemoRequest,
  InventoryRequest,
  OutputMode,
  Request,
  RolloutRequest,
  Selection,
  StatusRequest,
  Surroundings,
} from "./request.ts";

/** Hosts at once: beyond this a controller runs out of file descriptors before it runs out of hosts. */
const maxParallel = 1000;
/** Simulated nodes: each is a listening server on loopback in one process. */
const maxDemoNodes = 1000;

/** Builds the request of one command; `given` is what yargs found, by option name, and the positional words. */
export const buildRequest = (
  command: Command,
  given: Readonly<Record<string, unknown>>,
  words: readonly string[],
  around: Surroundings,
): Result<Request> => {
  const values = new OptionValues(given);
  if (command === "rollout" && words.length === 0) {
    const what = "rollout needs at least one PATTERN";
    return err({ code: "E_USAGE", what, try: "novasweep rollout all, when every host is meant" });
  }
  const request = build(command, values, words, around);
  if (values.complaint !== undefined) return err(values.complaint);
  if ("output" in request && request.output === "tui" && !around.terminal) {
    return err({ code: "E_USAGE", what: "--output tui needs a terminal on stderr", try: "--output lines" });
  }
  return ok(request);
};

const build = (command: Command, values: OptionValues, words: readonly string[], around: Surroundings): Request => {
  switch (command) {
    case "rollout":
      return rollout(values, words, around);
    case "status":
      return status(values, words, around);
    case "inventory":
      return inventory(values, words, around);
    case "runs":
      return { command, show: words[0], stateDir: stateDir(values, around) };
    case "demo":
      return demo(values, around);
  }
};

const rollout = (values: OptionValues, words: readonly string[], around: Surroundings): RolloutRequest => {
  const check = values.flag("check") ?? false;
  return {
    command: "rollout",
    ...selection(values, words, around),
    ...connection(values, around),
    check,
    diff: values.flag("diff") ?? check,
    yes: values.flag("yes") ?? false,
    waves: values.waves("waves") ?? [
      { kind: "count", count: 1 },
      { kind: "count", count: 5 },
      { kind: "percent", percent: 25 },
    ],
    maxBad: values.share("max-bad"),
    maxMissing: values.share("max-missing") ?? { kind: "percent", percent: 20 },
    soakS: values.duration("soak", 0) ?? 60,
    breakStaleLock: values.flag("break-stale-lock") ?? false,
    activatePending: values.flag("activate-pending") ?? false,
    thisBootEnvironment: values.flag("this-boot-environment") ?? false,
    output: output(values, around),
    stateDir: stateDir(values, around),
  };
};

const status = (values: OptionValues, words: readonly string[], around: Surroundings): StatusRequest => ({
  command: "status",
  ...selection(values, words, around),
  ...connection(values, around),
  format: values.choice("format", ["table", "json"]) ?? "table",
  exitCode: values.flag("exit-code") ?? false,
  output: output(values, around),
  stateDir: stateDir(values, around),
});

const inventory = (values: OptionValues, words: readonly string[], around: Surroundings): InventoryRequest => ({
  command: "inventory",
  ...selection(values, words, around),
  format: values.choice("format", ["table", "json"]) ?? "table",
});

const demo = (values: OptionValues, around: Surroundings): DemoRequest => ({
  command: "demo",
  nodes: values.count("nodes", 1, maxDemoNodes) ?? 12,
  faults: values.names("faults"),
  soakS: values.duration("soak", 0) ?? 3,
  output: output(values, around),
});

const selection = (values: OptionValues, words: readonly string[], around: Surroundings): Selection => {
  const named = values.texts("inventory");
  const fromEnv = around.env["NOVASWEEP_INVENTORY"];
  return {
    patterns: words.length > 0 ? words : ["all"],
    limits: values.texts("limit"),
    inventories: (named.length > 0 || !fromEnv ? named : [fromEnv]).map((path) => atHome(path, around)),
    sets: values.assignments("set"),
    overrides: {
      user: values.text("user"),
      port: values.count("port", 1, 65_535),
      become: values.choice("become", ["none", "sudo", "pfexec"]),
      identityFiles: values.texts("identity").map((path) => atHome(path, around)),
    },
  };
};

const connection = (values: OptionValues, around: Surroundings): Connection => {
  const knownHosts = values.text("known-hosts");
  return {
    knownHosts: knownHosts === undefined ? undefined : atHome(knownHosts, around),
    hostKeyPolicy: values.choice("host-key-policy", ["strict", "accept-new"]) ?? "strict",
    parallel: values.count("parallel", 1, maxParallel) ?? 32,
    connectParallel: values.count("connect-parallel", 1, maxParallel) ?? 16,
    connectTimeoutS: values.duration("connect-timeout", 1) ?? 30,
    stepTimeoutS: values.duration("step-timeout", 1) ?? 120,
    hostTimeoutS: values.duration("host-timeout", 1) ?? 1200,
    runTimeoutS: values.duration("run-timeout", 1) ?? 86_400,
  };
};

/** A screen only where it can be drawn and watched: not in CI, not on a terminal that cannot move its cursor. */
const output = (values: OptionValues, { terminal, env }: Surroundings): OutputMode =>
  values.choice("output", ["tui", "lines", "ndjson"]) ??
  (terminal && env["TERM"] !== "dumb" && !env["CI"] ? "tui" : "lines");

/** XDG: an unset, empty or relative XDG_STATE_HOME counts as ~/.local/state. */
const stateDir = (values: OptionValues, around: Surroundings): string => {
  const given = values.text("state-dir");
  if (given !== undefined) return atHome(given, around);
  const xdg = around.env["XDG_STATE_HOME"];
  return join(xdg?.startsWith("/") ? xdg : join(around.home, ".local/state"), "novasweep");
};

/** `--identity=~/key` reaches us with its tilde: shells expand it only at the start of a word. */
const atHome = (path: string, { home }: Surroundings): string =>
  path === "~" || path.startsWith("~/") ? join(home, path.slice(1)) : path;
