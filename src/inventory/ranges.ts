import { err, ok, type Result } from "../domain/result.ts";
import { show } from "./show.ts";

/** Longest host word: a DNS name has 253 characters, the ranges in it some more. */
const MAX_WORD = 1_024;
/** Digits of a bound: beyond 15 a number is no longer exact. */
const MAX_DIGITS = 15;
const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

interface Range {
  readonly first: number;
  readonly step: number;
  readonly count: number;
  readonly text: (value: number) => string;
}

/**
 * The names a host word stands for: `cn[01:20]`, `cn[a:c]`, `cn[01:20:2]`, several ranges in one word, both ends
 * included, the first range slowest. Counts before it builds: at most `max` names. The error is a phrase.
 */
export const expandRanges = (word: string, max: number): Result<readonly string[], string> => {
  if (word.length > MAX_WORD) return err(`a host name longer than ${MAX_WORD} characters`);
  const parts = word.split(/\[([^[\]]*)\]/);
  if (parts.some((part, at) => at % 2 === 0 && /[[\]]/.test(part)))
    return err(`a bracket in ${show(word)} has no partner`);
  let names = [parts[0] ?? ""];
  for (let at = 1; at < parts.length; at += 2) {
    const range = parseRange(parts[at] ?? "");
    if (!range.ok) return err(`the range [${parts[at]}]: ${range.error}`);
    const count = names.length * range.value.count;
    if (count > max)
      return err(`the range in ${show(word)} stands for more hosts than fit (${count.toLocaleString("en")})`);
    names = names.flatMap((head) => valuesOf(range.value).map((value) => `${head}${value}${parts[at + 1] ?? ""}`));
  }
  return ok(names);
};

const valuesOf = ({ first, step, count, text }: Range): readonly string[] =>
  Array.from({ length: count }, (_, n) => text(first + n * step));

const parseRange = (inside: string): Result<Range, string> => {
  const [begin = "", end, step = "1", ...rest] = inside.split(":");
  if (end === undefined)
    return err(
      `write begin:end or begin:end:step${inside.includes("-") ? `, as in [${inside.replace("-", ":")}]` : ""}`,
    );
  if (rest.length > 0) return err("write begin:end or begin:end:step");
  if (!/^[0-9]+$/.test(step) || Number(step) === 0) return err("the step must be a number above 0");
  return /^[A-Za-z]$/.test(begin) && /^[A-Za-z]$/.test(end)
    ? stretch(letters.indexOf(begin), letters.indexOf(end), Number(step), (value) => letters.charAt(value))
    : numbers(begin, end, Number(step));
};

const numbers = (begin: string, end: string, step: number): Result<Range, string> => {
  // Ansible: [:5] begins at 0.
  if (!/^[0-9]*$/.test(begin) || !/^[0-9]+$/.test(end)) return err("both ends must be numbers or single letters");
  if (begin.length > MAX_DIGITS || end.length > MAX_DIGITS) return err(`a bound has more than ${MAX_DIGITS} digits`);
  const padded = begin.length > 1 && begin.startsWith("0");
  if (padded && begin.length !== end.length)
    return err("both ends must have the same number of digits when the first begins with 0");
  const width = padded ? begin.length : 0;
  return stretch(Number(begin), Number(end), step, (value) => String(value).padStart(width, "0"));
};

const stretch = (first: number, last: number, step: number, text: Range["text"]): Result<Range, string> =>
  first > last
    ? err("it ends before it begins")
    : ok({ first, step, count: Math.floor((last - first) / step) + 1, text });
