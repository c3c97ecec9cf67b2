import { err, ok, type Result } from "../domain/result.ts";
import { show } from "./show.ts";

/** Digits of a number: beyond 15 it is no longer exact. */
const MAX_DIGITS = 15;

interface Range {
  readonly first: number;
  readonly count: number;
  readonly step: number;
  readonly width: number;
}

/** Whether a word holds brackets, and so is a node set. */
export const isNodeSet = (word: string): boolean => /[[\]]/.test(word);

/**
 * The names a node set stands for, in the order written: `cn[01-05,09]`, `cn[0-10/2]`, several brackets multiply, the
 * first slowest. Zeros are kept; both ends of a range with zeros have the same number of digits. Counts before it
 * builds: at most `max` names. Reads what foldHosts writes. The error is a phrase.
 * @see ClusterShell, nodeset(1)
 */
export const expandNodeSet = (word: string, max: number): Result<readonly string[], string> => {
  const parts = word.split(/\[([^[\]]*)\]/);
  if (parts.some((part, at) => at % 2 === 0 && isNodeSet(part))) return err("a bracket has no partner");
  let names = [parts[0] ?? ""];
  for (let at = 1; at < parts.length; at += 2) {
    const ranges = parseRanges(parts[at] ?? "");
    if (!ranges.ok) return ranges;
    const count = names.length * ranges.value.reduce((sum, range) => sum + range.count, 0);
    if (count > max) return err(`it stands for more names than an inventory holds (${count.toLocaleString("en")})`);
    const values = ranges.value.flatMap(textsOf);
    names = names.flatMap((head) => values.map((value) => `${head}${value}${parts[at + 1] ?? ""}`));
  }
  return ok(names);
};

const textsOf = ({ first, count, step, width }: Range): readonly string[] =>
  Array.from({ length: count }, (_, n) => String(first + n * step).padStart(width, "0"));

const parseRanges = (inside: string): Result<readonly Range[], string> => {
  const ranges: Range[] = [];
  for (const text of inside.split(",")) {
    const range = parseRange(text.trim());
    if (!range.ok) return range;
    ranges.push(range.value);
  }
  return ok(ranges);
};

const parseRange = (text: string): Result<Range, string> => {
  const [, begin, end = begin, stride = "1"] = /^([0-9]+)(?:-([0-9]+)(?:\/([0-9]+))?)?$/.exec(text) ?? [];
  if (begin === undefined || end === undefined)
    return err(`${show(text)} is neither a number nor a range such as 01-20`);
  if ([begin, end, stride].some((digits) => digits.length > MAX_DIGITS))
    return err(`a number has more than ${MAX_DIGITS} digits`);
  const padded = [begin, end].some((digits) => digits.length > 1 && digits.startsWith("0"));
  if (padded && begin.length !== end.length)
    return err(`in ${show(text)} both ends must have the same number of digits`);
  const [first, last, step] = [Number(begin), Number(end), Number(stride)];
  if (first > last) return err(`${show(text)} ends before it begins`);
  if (step === 0) return err(`the stride of ${show(text)} must be above 0`);
  return ok({ first, count: Math.floor((last - first) / step) + 1, step, width: padded ? begin.length : 0 });
};
