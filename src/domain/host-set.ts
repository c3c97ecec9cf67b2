/** Folds many host names into few words: `cn[001-112]`. What comes out is a pattern that selects the same hosts. */
import type { HostName } from "./ids.ts";

/** Names that differ in one number alone; `ranges` is empty for a name that folds with no other. */
interface Fold {
  readonly prefix: string;
  readonly suffix: string;
  readonly ranges: readonly { readonly text: string; readonly hosts: number }[];
}

interface Numbered {
  readonly digits: string;
  readonly value: number;
}

interface Group {
  readonly prefix: string;
  readonly suffix: string;
  readonly members: Numbered[];
}

/** Digits a number may have and still be exact (2^53 has 16). */
const maxDigits = 15;

/** Characters a host set takes at most where nobody asked for less: ten lines of a terminal. */
const defaultMaxChars = 800;

/**
 * Host names as one text, at most `maxChars` wide (at least one name is shown): a cut one ends in `+37 more` hosts.
 * Duplicates count once. Sorts once, otherwise linear, also for names that do not fold.
 */
export const foldHosts = (names: Iterable<HostName>, maxChars: number = defaultMaxChars): string => {
  const unique = new Set(names);
  const pieces = foldAll(unique).flatMap(piecesOf);
  // Without the end of the fold that is open: to take it off again would copy the text for every piece.
  let text = "";
  let shown = 0;
  let open: Piece | undefined;
  for (const piece of pieces) {
    const longer =
      open?.group === piece.group
        ? `${text},${piece.range}`
        : `${text}${open === undefined ? "" : `${open.close},`}${piece.open}${piece.range}`;
    const left = unique.size - shown - piece.hosts;
    const room = left === 0 ? maxChars : maxChars - moreHosts(left).length;
    if (open !== undefined && longer.length + piece.close.length > room)
      return text + open.close + moreHosts(unique.size - shown);
    text = longer;
    shown += piece.hosts;
    open = piece;
  }
  return text + (open?.close ?? "");
};

const moreHosts = (count: number): string => ` +${count} more`;

interface Piece {
  readonly group: string;
  readonly open: string;
  readonly range: string;
  readonly close: string;
  readonly hosts: number;
}

const piecesOf = (fold: Fold, group: number): Piece[] => {
  const [first, ...rest] = fold.ranges;
  if (first === undefined) return [{ group: `${group}`, open: fold.prefix, range: "", close: fold.suffix, hosts: 1 }];
  const alone = rest.length === 0 && first.hosts === 1;
  const [open, close] = alone ? [fold.prefix, fold.suffix] : [`${fold.prefix}[`, `]${fold.suffix}`];
  return fold.ranges.map(({ text, hosts }) => ({ group: `${group}`, open, range: text, close, hosts }));
};

const foldAll = (names: ReadonlySet<HostName>): readonly Fold[] => {
  const groups = new Map<string, Group>();
  const folds: Fold[] = [];
  for (const name of names) {
    const split = splitName(name);
    if (split === undefined) {
      folds.push({ prefix: name, suffix: "", ranges: [] });
      continue;
    }
    const key = `${split.prefix} ${split.suffix}`;
    const group = groups.get(key) ?? { prefix: split.prefix, suffix: split.suffix, members: [] };
    group.members.push({ digits: split.digits, value: Number(split.digits) });
    groups.set(key, group);
  }
  for (const { prefix, suffix, members } of groups.values()) {
    for (const same of byWidth(members)) folds.push({ prefix, suffix, ranges: rangesOf(same) });
  }
  return folds.sort((a, b) => compare(a.prefix, b.prefix) || compare(a.suffix, b.suffix));
};

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The number that tells siblings apart: the last one of the first label; of an address, its last part. */
const splitName = (name: HostName): { prefix: string; digits: string; suffix: string } | undefined => {
  const dot = /^[0-9.]+$/.test(name) ? name.length : name.indexOf(".");
  const label = dot < 0 ? name : name.slice(0, dot);
  const match = /^(.*?)([0-9]+)([^0-9]*)$/.exec(label);
  const [, prefix, digits, tail] = match ?? [];
  if (prefix === undefined || digits === undefined || tail === undefined || digits.length > maxDigits) return undefined;
  return { prefix, digits, suffix: tail + name.slice(label.length) };
};

/** `cn009` and `cn010` are of one width; `cn9` and `cn10` of none: a padded width claims every number it fits. */
const byWidth = (members: readonly Numbered[]): readonly Numbered[][] => {
  const padded = new Map<number, Numbered[]>();
  for (const { digits } of members) {
    if (digits.startsWith("0") && digits.length > 1) padded.set(digits.length, []);
  }
  const plain: Numbered[] = [];
  for (const member of members) (padded.get(member.digits.length) ?? plain).push(member);
  return [...padded.values(), plain].filter((list) => list.length > 0);
};

const rangesOf = (members: Numbered[]): { text: string; hosts: number }[] => {
  const sorted = members.sort((a, b) => a.value - b.value);
  const ranges: { text: string; hosts: number }[] = [];
  let from: Numbered | undefined;
  let to: Numbered | undefined;
  const flush = (): void => {
    if (from === undefined || to === undefined) return;
    const text = from === to ? from.digits : `${from.digits}-${to.digits}`;
    ranges.push({ text, hosts: to.value - from.value + 1 });
  };
  for (const member of sorted) {
    if (to !== undefined && member.value === to.value + 1) {
      to = member;
      continue;
    }
    flush();
    from = member;
    to = member;
  }
  flush();
  return ranges;
};
