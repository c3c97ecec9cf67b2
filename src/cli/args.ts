/** The command line: yargs cuts it into words; what is wrong with it comes back as a complaint. */
import type { Argv } from "yargs";
import { err, ok, type Result } from "../domain/result.ts";
import { buildRequest } from "./build-request.ts";
import { explain, preview } from "./explain.ts";
import { helpAskedFor } from "./help.ts";
import type { Option } from "./option-groups.ts";
import { type Command, commands, optionsAt, optionsOf, subcommandsOf } from "./options.ts";
import type { Request, Surroundings } from "./request.ts";

type Given = Readonly<Record<string, unknown>>;

/**
 * Reads the words after the program's name. Everything wrong is `E_USAGE` (exit 2) with the nearest word we know.
 * Prints nothing and ends nothing. yargs is loaded only for a command: it takes longer to load than Node to start.
 */
export const parseArgs = async (argv: readonly string[], around: Surroundings): Promise<Result<Request>> => {
  const text = helpAskedFor(argv, around);
  if (text !== undefined) return ok({ command: "help", text });
  const misplaced = preview(argv);
  if (misplaced !== undefined) return err(misplaced);
  const { default: yargs } = await import("yargs");
  let result: Result<Request> | undefined;
  const parser = configured(yargs());
  for (const command of commands) {
    addCommand(parser, command, (given) => {
      const words = wordsOf(command, given);
      result = words === undefined ? err(explain(argv, "too many words")) : buildRequest(command, given, words, around);
    });
  }
  parser.fail((message: string | null | undefined, error: Error | undefined) => {
    // Without a message it is an error of ours, and stays one.
    if (typeof message === "string") result = err(explain(argv, message));
    throw error ?? new Error(message ?? "yargs failed without a word");
  });
  try {
    await parser.parseAsync(splitAttached(argv));
  } catch (error) {
    if (result === undefined) throw error;
  }
  return result ?? err(explain(argv, "nothing was asked for"));
};

/** Our own help: yargs' names types instead of values, and costs 50 ms before its first word. */
const configured = (parser: Argv): Argv =>
  parser
    .scriptName("novasweep")
    .locale("en")
    .exitProcess(false)
    .help(false)
    .version(false)
    .strict()
    .demandCommand(1)
    .recommendCommands()
    .parserConfiguration({
      // Host 007 and value 1e3 are words.
      "parse-numbers": false,
      "parse-positional-numbers": false,
      "camel-case-expansion": false,
      "dot-notation": false,
      "populate--": true,
    });

const addCommand = (parser: Argv, command: Command, found: (given: Given) => void): void => {
  const withOptions = (inner: Argv): Argv => optionsOf[command].reduce(addOption, inner);
  switch (command) {
    case "demo":
      parser.command("demo", "", withOptions, found);
      return;
    case "runs":
      parser.command(
        "runs",
        "",
        (inner) =>
          withOptions(inner)
            .command("show <id>", "", asText("id"), (given) => found({ ...given, verb: "show" }))
            .command("resume <id>", "", asText("id"), (given) => found({ ...given, verb: "resume" }))
            .command("hold <id>", "", asText("id"), (given) => found({ ...given, verb: "hold" }))
            .command("go <id>", "", asText("id"), (given) => found({ ...given, verb: "go" }))
            .command("abort <id>", "", asText("id"), (given) => found({ ...given, verb: "abort" })),
        found,
      );
      return;
    case "hosts":
      parser.command("hosts", "", (inner) =>
        inner.demandCommand(1).command("keys [pattern..]", "", (keys) => withOptions(asText("pattern")(keys)), found),
      );
      return;
    case "export":
      parser.command("export", "", (inner) =>
        inner
          .demandCommand(1)
          .command("puppet [pattern..]", "", (puppet) => withOptions(asText("pattern")(puppet)), found),
      );
      return;
    case "package":
      parser.command("package", "", (inner) =>
        Object.keys(subcommandsOf.package ?? {}).reduce(
          (below, name) => below.command(name, "", (own) => optionsAt(command, name).reduce(addOption, own), found),
          inner.demandCommand(1),
        ),
      );
      return;
    case "completion":
      parser.command("completion [shell]", "", asText("shell"), found);
      return;
    case "rollout":
    case "rollback":
    case "purge":
    case "status":
    case "exec":
    case "inventory":
      parser.command(`${command} [pattern..]`, "", (inner) => withOptions(asText("pattern")(inner)), found);
  }
};

/** A run's id and a pattern are words, whatever they look like. */
const asText =
  (positional: string) =>
  (parser: Argv): Argv =>
    parser.positional(positional, { type: "string" });

const addOption = (parser: Argv, { name, alias, takes }: Option): Argv =>
  parser.option(name, {
    ...(alias === undefined ? {} : { alias }),
    type: takes === undefined ? "boolean" : "string",
  });

/** The positional words, those after `--` included unless they are a command to run; undefined when none may stand there. */
const wordsOf = (command: Command, given: Given): readonly string[] | undefined => {
  if (given["verb"] !== undefined) return [String(given["verb"]), String(given["id"])];
  const words = [given["pattern"] ?? given["id"] ?? given["shell"] ?? below(command, given)].flat().map(String);
  if (command === "exec") return words;
  const rest = [given["--"] ?? []].flat().map(String);
  const takesRest = ["rollout", "rollback", "purge", "status", "inventory", "hosts", "export"].includes(command);
  return rest.length > 0 && !takesRest ? undefined : [...words, ...rest];
};

/** Behind `package` stands what to do with it. */
const below = (command: Command, given: Given): readonly unknown[] =>
  command === "package" ? [given["_"] ?? []].flat().slice(1) : [];

const attachable = new Set(Object.values(optionsOf).flatMap((options) => options.flatMap(({ alias }) => alias ?? [])));

/** `-lweb` as getopt has it, `-l web`; yargs would take it for `-l -w -e -b`. */
const splitAttached = (argv: readonly string[]): string[] => {
  const end = argv.indexOf("--");
  return argv.flatMap((word, index) => {
    const [, letter, rest] = /^-([A-Za-z])([^=].*)$/s.exec(word) ?? [];
    const split = letter !== undefined && rest !== undefined && attachable.has(letter) && (end === -1 || index < end);
    return split ? [`-${letter}`, rest] : [word];
  });
};
