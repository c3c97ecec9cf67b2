/** The help, from the table of options. */
import { beforeDashes } from "./explain.ts";
import type { Option } from "./option-groups.ts";
import { type Command, commandSays, commands, optionsOf } from "./options.ts";
import type { Surroundings } from "./request.ts";

/** Widest help; longer lines are hard to read. */
const maxColumns = 100;
/** Narrowest: below this the words of an option would stand one under the other. */
const minColumns = 50;

/** The text `--help`, `-h` or `--version` asks for, if one of them is there; the rest of the words may then be anything. */
export const helpAskedFor = (
  argv: readonly string[],
  { version, columns }: Pick<Surroundings, "version" | "columns">,
): string | undefined => {
  const options = beforeDashes(argv);
  const width = Math.min(maxColumns, Math.max(minColumns, columns));
  if (options.includes("--help") || options.includes("-h")) {
    const command = commands.find((name) => name === argv[0]);
    return command === undefined ? overview(width) : commandHelp(command, width);
  }
  return options.includes("--version") ? `novasweep ${version}` : undefined;
};

type Row = readonly [term: string, says: string];

const usages: Readonly<Record<Command, readonly string[]>> = {
  rollout: ["rollout PATTERN... [options]"],
  rollback: ["rollback --run ID [PATTERN...] [options]"],
  purge: [
    "purge PATTERN... [--legacy] [options]",
    "purge PATTERN... --cache [options]",
    "purge PATTERN... --boot-environments --keep N [options]",
  ],
  status: ["status [PATTERN...] [options]"],
  exec: ["exec PATTERN... [options] -- COMMAND...", "exec PATTERN... [options] --script FILE"],
  inventory: ["inventory [PATTERN...] [options]"],
  hosts: ["hosts keys [PATTERN...] [options]"],
  export: ["export puppet [PATTERN...] [options]"],
  runs: [
    "runs [options]",
    "runs show ID [options]",
    "runs resume ID [options]",
    "runs hold ID",
    "runs go ID",
    "runs abort ID",
  ],
  package: ["package build [--out DIR]", "package publish --via HOST --repo REPO [options]"],
  demo: ["demo [options]"],
  completion: ["completion bash", "completion zsh", "completion fish"],
};

const words: Readonly<Record<Command, readonly Row[]>> = {
  rollout: [["PATTERN", "hosts, globs, groups, all; a:&b is both, a:!b is a without b"]],
  rollback: [["PATTERN", "of the hosts that the run touched: hosts, globs, groups (default: all of them)"]],
  purge: [["PATTERN", "hosts, globs, groups, all; a:&b is both, a:!b is a without b"]],
  status: [["PATTERN", "hosts, globs, groups; a:&b is both, a:!b is a without b (default: all)"]],
  exec: [
    ["PATTERN", "hosts, globs, groups, all; a:&b is both, a:!b is a without b"],
    ["COMMAND", "what /bin/sh runs on each of them, its words joined by blanks"],
  ],
  inventory: [["PATTERN", "hosts, globs, groups; a:&b is both, a:!b is a without b (default: all)"]],
  hosts: [["PATTERN", "hosts, globs, groups; a:&b is both, a:!b is a without b (default: all)"]],
  export: [["PATTERN", "hosts, globs, groups with equal settings; a:&b is both, a:!b is a without b (default: all)"]],
  runs: [["ID", "a run's id, or its beginning"]],
  package: [
    ["build", "writes proto area and manifest; contacts nobody"],
    ["publish", "lints and publishes on HOST, which is a Solaris machine with package/pkg"],
  ],
  demo: [],
  completion: [],
};

const overview = (width: number): string =>
  [
    "novasweep COMMAND [PATTERN...] [options]",
    "",
    "Commands:",
    ...table(
      commands.map((command): Row => [command, commandSays[command]]),
      width,
    ),
    "",
    ...table(
      [
        ["novasweep COMMAND --help", "its options"],
        ["novasweep --version", "the version"],
      ],
      width,
    ),
  ].join("\n");

const commandHelp = (command: Command, width: number): string => {
  const options = optionsOf[command];
  const groups = [...new Set(options.map(({ group }) => group))];
  return [
    ...usages[command].map((usage) => `novasweep ${usage}`),
    "",
    commandSays[command],
    ...(words[command].length === 0 ? [] : ["", ...table(words[command], width)]),
    ...groups.flatMap((name) => ["", name, ...table(options.filter(({ group }) => group === name).map(row), width)]),
  ].join("\n");
};

const row = ({ name, alias, takes, says, unset }: Option): Row => [
  `${alias === undefined ? "    " : `-${alias}, `}--${name}${takes === undefined ? "" : ` ${takes}`}`,
  unset === undefined ? says : `${says} (default: ${unset})`,
];

/** Two columns, the second wrapped under itself. */
const table = (rows: readonly Row[], width: number): readonly string[] => {
  const indent = Math.max(...rows.map(([term]) => term.length)) + 4;
  return rows.flatMap(([term, says]) =>
    wrapped(says, width - indent).map((line, index) => `${(index === 0 ? `  ${term}` : "").padEnd(indent)}${line}`),
  );
};

const wrapped = (text: string, width: number): readonly string[] => {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = "";
    }
    line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
};
