import type { PurgeChange } from "../change.ts";
import type { Bytes } from "../ids.ts";
import { size } from "../size.ts";
import type { PurgeFacts, SpaceFacts } from "./facts.ts";

/** Bytes that will be free when something has gone, as the node itself will count them. */
export interface FreedRange {
  readonly leastBytes: Bytes;
  readonly mostBytes: Bytes;
}

/** A snapshot that holds what goes, and the boot environments that need it. */
export interface Holder {
  readonly snapshot: string;
  readonly bytes: Bytes;
  readonly bootEnvironments: readonly string[];
}

/** What else is written to the dataset meanwhile, and its own records: not counted by `ls -s`. */
const SLACK_BYTES: Bytes = 1024 ** 2;

/** What removing files frees: for certain what no snapshot holds, at most what none is known to hold. */
export const freedRange = ({ freeBytes, maybeBytes }: SpaceFacts): FreedRange =>
  withSlack({ least: freeBytes, most: freeBytes + maybeBytes });

/** A range as the node's own figure will lie in it. */
export const withSlack = ({ least, most }: { readonly least: Bytes; readonly most: Bytes }): FreedRange => ({
  leastBytes: Math.max(0, least - SLACK_BYTES),
  mostBytes: most + SLACK_BYTES,
});

/** Ranges of hosts, which share nothing. */
export const sumOfRanges = (ranges: readonly FreedRange[]): FreedRange => ({
  leastBytes: ranges.reduce((sum, { leastBytes }) => sum + leastBytes, 0),
  mostBytes: ranges.reduce((sum, { mostBytes }) => sum + mostBytes, 0),
});

/** What several changes of one host free together: what they share is freed once. */
export const freedTogether = (changes: readonly PurgeChange[]): FreedRange => {
  const shared = changes.flatMap((change) => ("origins" in change ? Object.entries(change.origins) : []));
  const once = [...new Map(shared).values()].reduce((sum, bytes) => sum + bytes, 0);
  const each = shared.reduce((sum, [, bytes]) => sum + bytes, 0);
  const { leastBytes, mostBytes } = sumOfRanges(changes.map(({ freed }) => freed));
  return { leastBytes, mostBytes: mostBytes - each + once };
};

/** The holders with the boot environments that were cloned from them, the one that holds most first. */
export const holdersOf = ({ holders }: SpaceFacts, clones: PurgeFacts["clones"]): readonly Holder[] =>
  [...holders]
    .sort((a, b) => b.bytes - a.bytes || a.snapshot.localeCompare(b.snapshot))
    .map(({ snapshot, bytes }) => ({
      snapshot,
      bytes,
      bootEnvironments: [...new Set((clones.seen ? (clones.value[snapshot] ?? []) : []).flatMap(bootEnvironmentOf))],
    }));

/** `rpool/ROOT/solaris-1/var` -> `solaris-1` (sheet 4). */
const bootEnvironmentOf = (dataset: string): readonly string[] => {
  const [, name] = /^[^/]+\/ROOT\/([^/]+)/.exec(dataset) ?? [];
  return name === undefined ? [] : [name];
};

/** What holds the rest and what would free it, as sentences; none when nothing does. */
export const heldWords = (heldBytes: Bytes, heldBy: readonly Holder[]): readonly string[] => {
  const [first] = heldBy;
  if (heldBytes === 0 || first === undefined) return [];
  const named = heldBy.slice(0, 3).map(({ snapshot, bytes, bootEnvironments }) => {
    const of = bootEnvironments.length === 0 ? "" : ` of boot environment ${bootEnvironments.join(", ")}`;
    return `${snapshot}${of} (${size(bytes)})`;
  });
  const more = heldBy.length > 3 ? ` and ${heldBy.length - 3} more` : "";
  const cloned = heldBy.some(({ bootEnvironments }) => bootEnvironments.length > 0);
  const frees = cloned
    ? "destroying those boot environments (purge --boot-environments) and the other snapshots frees them"
    : "destroying those snapshots (zfs destroy) frees them";
  return [`${size(heldBytes)} stay held by ${named.join(", ")}${more}: ${frees}`];
};
