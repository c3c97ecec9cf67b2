/** Words for a command line that cannot be read: what is wrong, and the nearest thing we know. */
import type { Complaint } from "../domain/result.ts";
import { nearest } from "../inventory/nearest.ts";
import type { Option } from "./option-groups.ts";
import { type Command, commands, optionsAt, optionsOf, subcommandsOf } from "./options.ts";

const usage = (what: string, tryThis: string): Complaint => ({ code: "E_USAGE", what, try: tryThis });

/** What is refused before yargs sees it, because yargs would read it as something else. */
export const preview = (argv: readonly string[]): Complaint | undefined => {
  const [first = ""] = argv;
  if (/^-/.test(first)) {
    // Before the command no option is known, and a flag would swallow the command's name.
    return usage(`${first} stands before the command`, "novasweep COMMAND [PATTERN...] [options]");
  }
  const flags = everyOption.filter(({ takes }) => takes === undefined).flatMap(spellings);
  // yargs reads --check=yes, and --check false, as "no check".
  const before = beforeDashes(argv);
  const valued = flags.find((flag) =>
    before.some(
      (word, at) => word.startsWith(`${flag}=`) || (word === flag && /^(true|false)$/.test(before[at + 1] ?? "")),
    ),
  );
  return valued === undefined ? undefined : usage(`${valued} takes no value`, `${valued} alone`);
};

/** Why `argv` was refused. What we can see ourselves is said in our words; `message`, yargs' own, is the last resort and decides nothing. */
export const explain = (argv: readonly string[], message: string): Complaint => {
  const words = argv.filter((word) => !word.startsWith("-"));
  const command = commands.find((name) => name === argv[0]);
  const stray = strayOption(argv, command === undefined ? everyOption : optionsAt(command, argv[1]));
  if (stray !== undefined) return unknownOption(stray, command, argv[1]);
  if (command === undefined) return words[0] === undefined ? noCommand : unknownCommand(words[0]);
  if (command === "hosts" && words[1] !== "keys") {
    const what = words[1] === undefined ? "hosts needs a word more" : `there is no command "hosts ${words[1]}"`;
    return usage(what, "novasweep hosts keys [PATTERN...]");
  }
  if (command === "export" && words[1] !== "puppet") {
    const what = words[1] === undefined ? "export needs a word more" : `there is no command "export ${words[1]}"`;
    return usage(what, "novasweep export puppet [PATTERN...]");
  }
  // An option in front of the subcommand would swallow it.
  if (command === "package" && !Object.hasOwn(subcommandsOf.package ?? {}, argv[1] ?? "")) {
    const missing = argv[1] === undefined || argv[1].startsWith("-");
    const what = missing ? "package needs a word more" : `there is no command "package ${argv[1]}"`;
    return usage(what, "novasweep package build, or novasweep package publish");
  }
  if (command === "runs" && Object.hasOwn(subcommandsOf.runs ?? {}, words[1] ?? "")) {
    return usage(`runs ${words[1]} takes one run's id, or its beginning`, "novasweep runs, which lists them");
  }
  if (command === "runs" && words[1] !== undefined) {
    return usage(`there is no command "runs ${words[1]}"`, "novasweep runs, or novasweep runs show ID");
  }
  return usage(`${command}: ${message.trim().replaceAll(/\s*\n\s*/g, ", ")}`, `novasweep ${command} --help`);
};

const noCommand = usage("a command is needed", `one of ${commands.join(", ")}; novasweep --help says more`);

const unknownCommand = (word: string): Complaint => {
  const [close] = nearest(word, commands);
  return usage(
    `there is no command ${JSON.stringify(word)}`,
    close === undefined ? `one of ${commands.join(", ")}` : `novasweep ${close}`,
  );
};

const unknownOption = (stray: string, command: Command | undefined, subcommand: string | undefined): Complaint => {
  const help = `novasweep ${command === undefined ? "" : `${command} `}--help`;
  if (command !== undefined && strayOption([stray], everyOption) === undefined) {
    const name = strayOption([stray], optionsOf[command]) === undefined ? `${command} ${subcommand}` : command;
    return usage(`${name} does not take ${stray}`, help);
  }
  const options = command === undefined ? everyOption : optionsOf[command];
  const [close] = nearest(stray, stray.startsWith("--") ? options.flatMap(spellings) : []);
  return usage(`there is no option ${stray}`, close ?? help);
};

const everyOption: readonly Option[] = commands.flatMap((name) => optionsOf[name]);

const spellings = ({ name, alias, takes }: Option): readonly string[] => [
  `--${name}`,
  ...(takes === undefined ? [`--no-${name}`] : []),
  ...(alias === undefined ? [] : [`-${alias}`]),
];

/** The first word that looks like an option and is none of these. */
const strayOption = (argv: readonly string[], options: readonly Option[]): string | undefined => {
  const known = new Set(options.flatMap(spellings));
  return beforeDashes(argv)
    .filter((word) => /^-[^0-9]/.test(word))
    .map((word) => (word.startsWith("--") ? word.replace(/=.*$/s, "") : word.slice(0, 2)))
    .find((name) => !known.has(name));
};

/** The words before `--`: only they can be options. */
export const beforeDashes = (argv: readonly string[]): readonly string[] => {
  const end = argv.indexOf("--");
  return end === -1 ? argv : argv.slice(0, end);
};
