/** The command line: yargs cuts it into words and writes the help; what is wrong with it comes back as a complaint. */
import type { Argv } from "yargs";
import { err, ok, type Result } from "../domain/result.ts";
import { buildRequest } from "./build-request.ts";
import { explain, preview } from "./explain.ts";
import { type Command, commandSays, commands, type Option, optionsOf } from "./options.ts";
import type { Request, Surroundings } from "./request.ts";

/** Widest help; longer lines are hard to read. */
const maxHelpColumns = 100;

type Given = Readonly<Record<string, unknown>>;

/**
 * Reads the words after the program's name. Everything wrong is `E_USAGE` (exit 2) with the nearest word we know.
 * Prints nothing and ends nothing. yargs is loaded here and not before: no other start pays for it.
 */
export const parseArgs = async (argv: readonly string[], around: Surroundings): Promise<Result<Request>> => {
  const misplaced = preview(argv);
  if (misplaced !== undefined) return err(misplaced);
  const { default: yargs } = await import("yargs");
  let result: Result<Request> | undefined;
  let help = "";
  const parser = configured(yargs(), around);
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
    await parser.parseAsync(splitAttached(argv), {}, (_error, _given, output) => {
      help = output;
    });
  } catch (error) {
    if (result === undefined) throw error;
  }
  return result ?? (help === "" ? err(explain(argv, "nothing was asked for")) : ok({ command: "help", text: help }));
};

/** What yargs 18 has and its types lack. */
interface Unlisted {
  usageConfiguration(settings: { readonly "hide-types": boolean }): Argv;
}

const configured = (parser: Argv, { version, columns }: Surroundings): Argv =>
  (parser as Argv & Unlisted)
    .usageConfiguration({ "hide-types": true })
    .scriptName("novasweep")
    .usage("novasweep COMMAND [PATTERN...] [options]")
    .locale("en")
    .wrap(Math.min(maxHelpColumns, columns))
    .exitProcess(false)
    .strict()
    .demandCommand(1)
    .recommendCommands()
    .help("help", "show help")
    .alias("h", "help")
    .version("version", "show the version", `novasweep ${version}`)
    .parserConfiguration({
      // Host 007 and value 1e3 are words.
      "parse-numbers": false,
      "parse-positional-numbers": false,
      "camel-case-expansion": false,
      "dot-notation": false,
      "populate--": true,
    });

const usageOf = {
  rollout: "rollout PATTERN...",
  status: "status [PATTERN...]",
  inventory: "inventory [PATTERN...]",
} as const;

const addCommand = (parser: Argv, command: Command, found: (given: Given) => void): void => {
  const says = commandSays[command];
  switch (command) {
    case "demo":
      parser.command("demo", says, (inner) => helped(inner, command, "demo"), found);
      return;
    case "runs":
      parser.command("runs", says, (inner) => addShow(helped(inner, command, "runs"), found), found);
      return;
    case "rollout":
    case "status":
    case "inventory":
      parser.command(
        `${command} [pattern..]`,
        says,
        (inner) => helped(withPatterns(inner), command, usageOf[command]),
        found,
      );
  }
};

const addShow = (parser: Argv, found: (given: Given) => void): Argv =>
  parser.command(
    "show <id>",
    "one run: its hosts and how each ended",
    (inner) =>
      helped(
        inner.positional("id", { type: "string", describe: "a run's id or its beginning" }),
        "runs",
        "runs show ID",
      ),
    found,
  );

const withPatterns = (parser: Argv): Argv =>
  parser.positional("pattern", { type: "string", describe: "hosts, globs, groups, all; a:&b is both, a:!b without" });

const helped = (parser: Argv, command: Command, usage: string): Argv =>
  optionsOf[command].reduce(addOption, parser.usage(`novasweep ${usage} [options]`));

const addOption = (parser: Argv, { name, alias, flag, group, says, unset }: Option): Argv =>
  parser.option(name, {
    ...(alias === undefined ? {} : { alias }),
    type: flag ? "boolean" : "string",
    group,
    describe: unset === undefined ? says : `${says} (default: ${unset})`,
  });

/** The positional words, those after `--` included; undefined when the command takes none there. */
const wordsOf = (command: Command, given: Given): readonly string[] | undefined => {
  const words = [given["pattern"] ?? given["id"] ?? []].flat().map(String);
  const rest = [given["--"] ?? []].flat().map(String);
  return rest.length > 0 && (command === "runs" || command === "demo") ? undefined : [...words, ...rest];
};

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
