/** Results of `exec` for a person: equal outputs once, under their hosts; the others compared with the commonest on request. */
import { foldHosts } from "../domain/host-set.ts";
import { rowsOf } from "../domain/host-table.ts";
import type { HostName } from "../domain/ids.ts";
import type { KeptTexts } from "../domain/kept-texts.ts";
import { diffLines, type Hunk } from "../domain/line-diff.ts";
import { foldRan, type Ran, type RanAlike, type StreamSum } from "../domain/ran.ts";
import type { RunState } from "../domain/run-state.ts";
import { visibleSafe } from "../domain/safe-text.ts";
import { size } from "../domain/size.ts";
import { hostsWords } from "./words.ts";

export interface Shown {
  /** What stands under each set of hosts but the first: the output, or how it differs from the first's. */
  readonly diff: boolean;
  /** Widest host set, characters. */
  readonly maxSetChars: number;
}

/** Every host's end and output, folded, in the order of `foldRan`. */
export const ranAlike = (state: RunState): readonly RanAlike[] =>
  foldRan([...rowsOf(state.hosts)].flatMap(({ host, ran }) => (ran === undefined ? [] : [{ host, ran }])));

/** Line by line, so that nobody has to hold all of it; the text of each group is made when it is asked for. */
export function* execLines(state: RunState, texts: KeptTexts, shown: Shown): Generator<string> {
  const [commonest, ...others] = ranAlike(state);
  if (commonest === undefined) return;
  yield* groupLines(commonest, texts, shown);
  const first = shown.diff && others.length > 0 ? bodyLines(commonest.ran, texts) : undefined;
  const firstSet = foldHosts(commonest.hosts, maxNamedChars);
  for (const other of others) {
    if (first === undefined) yield* groupLines(other, texts, shown);
    else yield* diffedLines(other, diffLines(first, bodyLines(other.ran, texts)), firstSet, texts, shown);
  }
}

/** Of the hosts that others are compared with, so many characters stand in each of their heads. */
const maxNamedChars = 40;

/** `cn[001-112]: 5.11` where one line is all there is, else the hosts and the lines below them, indented. */
function* groupLines(group: RanAlike, texts: KeptTexts, shown: Shown): Generator<string> {
  const { ran } = group;
  const lines = bodyLines(ran, texts);
  const [only = ""] = lines;
  const plain = ran.status === 0 && lines.length === 1 && ran.stderr.bytes === 0;
  if (plain) {
    yield `${foldHosts(group.hosts, shown.maxSetChars)}: ${only.slice(streamMarks.stdout.length)}`;
    return;
  }
  yield `${headOf(group, shown)}:`;
  yield* lines;
}

function* diffedLines(
  group: RanAlike,
  hunks: readonly Hunk[] | undefined,
  firstSet: string,
  texts: KeptTexts,
  shown: Shown,
): Generator<string> {
  if (hunks === undefined) {
    yield `${headOf(group, shown)}, too different from ${firstSet} to compare:`;
    yield* bodyLines(group.ran, texts);
    return;
  }
  yield `${headOf(group, shown)}, compared with ${firstSet}:`;
  if (hunks.length === 0) yield "   the same lines";
  for (const { line, lines } of hunks) {
    yield `@@ line ${line} @@`;
    for (const { kind, text } of lines) yield `${diffSigns[kind]}${text}`;
  }
}

const diffSigns = { same: " ", gone: "-", new: "+" } as const;

const headOf = ({ hosts, ran }: RanAlike, { maxSetChars }: Shown): string => {
  const remarks = [...(hosts.length > 1 ? [hostsWords(hosts.length)] : []), ...endWords(ran)];
  return `${foldHosts(hosts, maxSetChars)}${remarks.length === 0 ? "" : ` (${remarks.join(", ")})`}`;
};

/** Nothing for a command that ended well. */
const endWords = ({ status, signal, partial }: Ran): readonly string[] => {
  if (partial === true) return ["partial: the line ended first"];
  if (status === undefined) return [`signal ${visibleSafe(signal ?? "unknown", 40)}`];
  return status === 0 ? [] : [`exit status ${status}`];
};

/** A line of a command that still runs: `cn01: text`, `cn01 2> text`. */
export const streamedLine = (host: HostName, stream: keyof typeof streamMarks, text: string): string =>
  `${host}${stream === "stdout" ? ":" : ` ${streamMarks.stderr.trim()}`} ${safeLine(text)}`;

/** What stands before a line of each stream, as a shell writes its redirection. */
const streamMarks = { stdout: "   ", stderr: "2> " } as const;

const bodyLines = ({ stdout, stderr }: Ran, texts: KeptTexts): readonly string[] => {
  const lines = [...streamLines("stdout", stdout, texts), ...streamLines("stderr", stderr, texts)];
  return lines.length === 0 ? [`${streamMarks.stdout}(no output)`] : lines;
};

const streamLines = (
  stream: keyof typeof streamMarks,
  { bytes, digest }: StreamSum,
  texts: KeptTexts,
): readonly string[] => {
  if (bytes === 0) return [];
  const kept = texts.get(digest) ?? { text: "", bytes: 0 };
  const lines = kept.text.split("\n");
  const last = lines.at(-1) === "" ? lines.pop() : undefined;
  return [...lines.map(safeLine), ...remark(kept.bytes, bytes, digest, last === undefined)].map(
    (line) => streamMarks[stream] + line,
  );
};

/** Tabs stay: they move nothing but what stands behind them. Nothing is cut: a result is whole. */
const safeLine = (line: string): string =>
  line
    .split("\t")
    .map((part) => visibleSafe(part, Number.POSITIVE_INFINITY))
    .join("\t");

const remark = (kept: number, bytes: number, digest: string, unended: boolean): readonly string[] => {
  if (kept < bytes)
    return [`(${size(bytes - kept)} ${kept === 0 ? "" : "more "}not kept, SHA-256 of all ${digest.slice(0, 12)})`];
  return unended ? ["(no newline at the end)"] : [];
};
