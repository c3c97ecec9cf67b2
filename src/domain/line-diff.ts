/** A line diff of two outputs: the shortest way from one to the other, as long as that is short. */

export interface DiffLine {
  readonly kind: "same" | "gone" | "new";
  readonly text: string;
}

/** Lines that stand on both sides of a difference as a hunk shows it. */
const contextLines = 2;
/** Differing lines beyond which two outputs are just different: work and memory grow with the square of it. */
const maxDiffering = 400;

/** Where in the first text, 1-based, a stretch of the diff begins, and its lines. */
export interface Hunk {
  readonly line: number;
  readonly lines: readonly DiffLine[];
}

/** From `before` to `after` as hunks; undefined: they differ in more lines than anybody compares. */
export const diffLines = (before: readonly string[], after: readonly string[]): readonly Hunk[] | undefined => {
  const head = commonHead(before, after);
  const tail = commonTail(before.slice(head), after.slice(head));
  const script = shortest(before.slice(head, before.length - tail), after.slice(head, after.length - tail));
  if (script === undefined) return undefined;
  const same = (texts: readonly string[]): DiffLine[] => texts.map((text) => ({ kind: "same", text }));
  const from = Math.max(0, head - contextLines);
  const end = before.length - tail;
  return hunks(
    [...same(before.slice(from, head)), ...script, ...same(before.slice(end, end + contextLines))],
    from + 1,
  );
};

const commonHead = (a: readonly string[], b: readonly string[]): number => {
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at += 1;
  return at;
};

const commonTail = (a: readonly string[], b: readonly string[]): number => {
  let count = 0;
  while (count < a.length && count < b.length && a[a.length - 1 - count] === b[b.length - 1 - count]) count += 1;
  return count;
};

/** The farthest line of the first text on each diagonal, from `-maxDiffering - 1` on. */
type Reach = Int32Array;

const reached = (reach: Reach, diagonal: number): number => reach[diagonal + maxDiffering + 1] ?? 0;

/**
 * The greedy algorithm of E. W. Myers (1986): with each differing line more, how far along every diagonal (`x - y`) can
 * one get? `reach` before each round is kept, so that the way back is found.
 */
const shortest = (a: readonly string[], b: readonly string[]): readonly DiffLine[] | undefined => {
  const most = Math.min(maxDiffering, a.length + b.length);
  if (Math.abs(a.length - b.length) > most) return undefined;
  const reach: Reach = new Int32Array(2 * maxDiffering + 3);
  const rounds: Reach[] = [];
  for (let differing = 0; differing <= most; differing += 1) {
    rounds.push(reach.slice());
    for (let diagonal = -differing; diagonal <= differing; diagonal += 2) {
      let x = startOf(reach, diagonal, differing);
      while (x < a.length && x - diagonal < b.length && a[x] === b[x - diagonal]) x += 1;
      reach[diagonal + maxDiffering + 1] = x;
      if (x >= a.length && x - diagonal >= b.length) return wayBack(a, b, rounds);
    }
  }
  return undefined;
};

const downwards = (reach: Reach, diagonal: number, differing: number): boolean =>
  diagonal === -differing || (diagonal !== differing && reached(reach, diagonal - 1) < reached(reach, diagonal + 1));

const startOf = (reach: Reach, diagonal: number, differing: number): number =>
  downwards(reach, diagonal, differing) ? reached(reach, diagonal + 1) : reached(reach, diagonal - 1) + 1;

const wayBack = (a: readonly string[], b: readonly string[], rounds: readonly Reach[]): readonly DiffLine[] => {
  const lines: DiffLine[] = [];
  let [x, y] = [a.length, b.length];
  for (const [differing, reach] of [...rounds.entries()].reverse()) {
    const down = downwards(reach, x - y, differing);
    const before = down ? x - y + 1 : x - y - 1;
    const from = reached(reach, before);
    while (x > from + (down ? 0 : 1) && x > 0 && y > 0) {
      x -= 1;
      y -= 1;
      lines.push({ kind: "same", text: a[x] ?? "" });
    }
    if (differing === 0) break;
    lines.push(down ? { kind: "new", text: b[y - 1] ?? "" } : { kind: "gone", text: a[x - 1] ?? "" });
    x = from;
    y = from - before;
  }
  return lines.reverse();
};

/** Cuts out what is the same on both sides for longer than the context of two differences. */
const hunks = (lines: readonly DiffLine[], firstLine: number): readonly Hunk[] => {
  const near = new Set<number>();
  lines.forEach(({ kind }, at) => {
    if (kind === "same") return;
    for (let by = -contextLines; by <= contextLines; by += 1) near.add(at + by);
  });
  const found: { line: number; lines: DiffLine[] }[] = [];
  let line = firstLine;
  let open = false;
  lines.forEach((each, at) => {
    if (near.has(at)) {
      if (!open) found.push({ line, lines: [] });
      found.at(-1)?.lines.push(each);
    }
    open = near.has(at);
    if (each.kind !== "new") line += 1;
  });
  return found;
};
