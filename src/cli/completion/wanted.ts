/**
 * completion: what a shell is told about the word at the cursor. This file: what kind of word is wanted there, from the
 * words before it and the table of options alone.
 */
import type { Option, ValueName } from "../option-groups.ts";
import { type Command, commandSays, commands, optionsAt, subcommandsOf } from "../options.ts";

/** A word to offer, and what it is, for shells that show that. */
export interface Word {
  readonly text: string;
  readonly says?: string;
}

/** What is wanted. `stem`: what of the word at the cursor stands already and is not to be completed, such as `--format=`. */
export type Wanted =
  | { readonly kind: "words"; readonly stem: string; readonly words: readonly Word[] }
  | { readonly kind: "files" | "directories" | "settings" | "faults"; readonly stem: string }
  /** Hosts and groups of these inventories; none: the default ones. */
  | { readonly kind: "hosts"; readonly stem: string; readonly inventories: readonly string[] }
  /** Runs in this state directory; undefined: the default one. */
  | { readonly kind: "runs"; readonly stem: string; readonly stateDir: string | undefined };

/** What may stand where `current` does, after the words `before` (the program's name is not among them). */
export const wantedAt = (before: readonly string[], current: string): Wanted => {
  const command = commands.find((name) => name === before[0]);
  if (before.length === 0) return firstWord(current);
  if (command === undefined) return nothing;
  const line = readWords(before.slice(1), optionsAt(command, before[1]));
  if (line.open !== undefined) return valueWanted(line.open, "", current, line);
  if (!line.dashes && current.startsWith("-")) return option(command, current, line);
  return positional(command, current, line);
};

const nothing: Wanted = { kind: "words", stem: "", words: [] };

const wordsOf = (table: Readonly<Record<string, string>>): Wanted => ({
  kind: "words",
  stem: "",
  words: Object.entries(table).map(([text, says]) => ({ text, says })),
});

const everywhere = { "--help": "what can be said here" };

const firstWord = (current: string): Wanted =>
  wordsOf(current.startsWith("-") ? { ...everywhere, "--version": "the version" } : commandSays);

/** What the words between the command and the cursor say. */
interface Line {
  readonly positionals: readonly string[];
  readonly given: readonly { readonly name: string; readonly value: string }[];
  /** Whether `--` was among them: what follows is no option. */
  readonly dashes: boolean;
  /** The option whose value comes next. */
  readonly open: Option | undefined;
}

const readWords = (words: readonly string[], options: readonly Option[]): Line => {
  const positionals: string[] = [];
  const given: { name: string; value: string }[] = [];
  let open: Option | undefined;
  for (const [at, word] of words.entries()) {
    if (open !== undefined) {
      given.push({ name: open.name, value: word });
      open = undefined;
      continue;
    }
    if (word === "--") return { positionals: [...positionals, ...words.slice(at + 1)], given, dashes: true, open };
    const { option, value } = readOption(word, options);
    if (option?.takes !== undefined && value === undefined) open = option;
    else if (option !== undefined) given.push({ name: option.name, value: value ?? "" });
    else if (!word.startsWith("-")) positionals.push(word);
  }
  return { positionals, given, dashes: false, open };
};

/** `--name`, `--name=value`, `-n`, `-nvalue` and `-n=value`. */
const readOption = (word: string, options: readonly Option[]) => {
  const [, name, long, letter, short] = /^(?:--([^=]+)(?:=(.*))?|-([A-Za-z])=?(.*))$/s.exec(word) ?? [];
  const option = options.find((one) =>
    name === undefined ? letter !== undefined && one.alias === letter : one.name === name,
  );
  return { option, value: name === undefined ? short || undefined : long };
};

const option = (command: Command, current: string, line: Line): Wanted => {
  const options = optionsAt(command, line.positionals[0]);
  const { option: found, value } = readOption(current, options);
  if (found?.takes !== undefined && value !== undefined && current.includes("=")) {
    return valueWanted(found, current.slice(0, current.indexOf("=") + 1), value, line);
  }
  const spelt = options.flatMap(({ name, alias, says }) => [
    [`--${name}`, says],
    ...(alias === undefined ? [] : [[`-${alias}`, says]]),
  ]);
  return wordsOf({ ...Object.fromEntries(spelt), ...everywhere });
};

const positional = (command: Command, current: string, line: Line): Wanted => {
  // Behind `--` stands a command of the hosts', which nobody here knows.
  if (command === "exec" && line.dashes) return nothing;
  const [sub, ...more] = line.positionals;
  const subcommands = subcommandsOf[command];
  if (subcommands !== undefined) {
    if (sub === undefined) return wordsOf(subcommands);
    if ((command === "hosts" && sub === "keys") || (command === "export" && sub === "puppet"))
      return hosts("", current, line);
    return command === "runs" && sub === "show" && more.length === 0
      ? { kind: "runs", stem: "", stateDir: valuesOf(line, "state-dir").at(-1) }
      : nothing;
  }
  return command === "demo" ? nothing : hosts("", current, line);
};

/** What completes a value, by what the value is called; a name that is not here has no list. */
const valueKinds: Readonly<Partial<Record<ValueName, Wanted["kind"]>>> = {
  PATH: "files",
  FILE: "files",
  DIR: "directories",
  PATTERN: "hosts",
  ID: "runs",
  HOST: "hosts",
  "KEY=VALUE": "settings",
  FAULTS: "faults",
};

const valueWanted = ({ takes, choices }: Option, stem: string, value: string, line: Line): Wanted => {
  if (choices !== undefined) return { kind: "words", stem, words: choices.map((text) => ({ text })) };
  const kind = takes === undefined ? undefined : valueKinds[takes];
  switch (kind) {
    case "files":
    case "directories":
    case "settings":
      return { kind, stem };
    case "faults":
      return { kind, stem: stem + value.slice(0, value.lastIndexOf(",") + 1) };
    case "hosts":
      return hosts(stem, value, line);
    case "runs":
      return { kind, stem, stateDir: valuesOf(line, "state-dir").at(-1) };
    default:
      return nothing;
  }
};

/** A pattern is completed part by part: `web:&ra` behind `web:&`. */
const hosts = (stem: string, value: string, line: Line): Wanted => ({
  kind: "hosts",
  stem: stem + (/^(?:.*[:,])?[&!]?/s.exec(value)?.[0] ?? ""),
  inventories: valuesOf(line, "inventory"),
});

const valuesOf = ({ given }: Line, wanted: string): readonly string[] =>
  given.filter(({ name }) => name === wanted).map(({ value }) => value);
