/**
 * `novasweep __complete`, which the completion scripts call at every Tab. `words W... CURRENT` for shells that choose
 * among words themselves; `bash LINE REPLACED` for bash, which wants exactly what to put in place of REPLACED.
 * Answer: a line that says how to go on, then one word a line, behind a tab what it is. Contacts no host.
 */
import { visibleSafe } from "../../domain/safe-text.ts";
import type { Io } from "../io.ts";
import { quotedForBash, readBashLine } from "./bash-line.ts";
import { knownWords } from "./known.ts";
import { type Wanted, type Word, wantedAt } from "./wanted.ts";

type CompleteIo = Pick<Io, "stdout" | "env" | "home">;

/** Longest description of a word, columns. */
const MAX_SAYS = 60;

/** Prints what could stand at the cursor. Always 0: a completion that finds nothing is no error. */
export const completeCommand = async ([mode, ...args]: readonly string[], io: CompleteIo): Promise<number> => {
  const lines = mode === "bash" ? await forBash(args, io) : await forWords(args, io);
  io.stdout.write(lines.map((line) => `${line}\n`).join(""));
  return 0;
};

const forWords = async (words: readonly string[], io: CompleteIo): Promise<readonly string[]> => {
  const wanted = wantedAt(words.slice(0, -1), words.at(-1) ?? "");
  const offered = await knownWords(wanted, io);
  return [
    howToGoOn(wanted),
    ...offered.map(
      ({ text, says }) => wanted.stem + text + (says === undefined ? "" : `\t${visibleSafe(says, MAX_SAYS)}`),
    ),
  ];
};

const forBash = async ([line = "", replaced = ""]: readonly string[], io: CompleteIo): Promise<readonly string[]> => {
  const { before, current, quote } = readBashLine(line);
  const wanted = wantedAt(before.slice(1), current);
  const offered = await knownWords(wanted, io);
  // bash parts words at = and : too, and replaces only what stands behind the last of them
  const kept = current.length - (quote === "" ? readBashLine(replaced).current : replaced).length;
  return [howToGoOn(wanted), ...offered.flatMap((word) => asReply(word, wanted.stem, current, kept, quote))];
};

const asReply = (word: Word, stem: string, current: string, kept: number, quote: "" | "'" | '"'): readonly string[] => {
  const text = stem + word.text;
  const reply = text.startsWith(current) ? quotedForBash(text.slice(kept), quote) : undefined;
  return reply === undefined ? [] : [reply];
};

/** `files` and `directories` the shell lists itself; behind `open` words more is to be typed without a blank. */
const howToGoOn = ({ kind }: Wanted): "words" | "open" | "files" | "directories" => {
  switch (kind) {
    case "files":
    case "directories":
      return kind;
    case "settings":
    case "faults":
      return "open";
    default:
      return "words";
  }
};
