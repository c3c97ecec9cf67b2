/** What a purge takes out, in words. */
import { type PurgeChange, purgeTarget } from "../domain/change.ts";
import type { FreedRange } from "../domain/purge/space.ts";
import { visibleSafe } from "../domain/safe-text.ts";
import { size } from "../domain/size.ts";

/** `remove 3 files, 1.6 GiB, from /var/lib/nova/images: frees 1.6 to 1.7 GiB`. */
export const purgeWords = (change: PurgeChange): readonly string[] => {
  const target = visibleSafe(purgeTarget(change), 200);
  const frees = `frees ${rangeWords(change.freed)}`;
  switch (change.kind) {
    case "legacy.remove":
      return [`remove ${filesWords(change.files)}, ${size(change.bytes)}, from ${target}: ${frees}`];
    case "cache.evict":
      return [`evict ${filesWords(change.files)}, ${size(change.bytes)}, from ${target}: ${frees}`];
    case "boot-environment.destroy":
      return [`destroy boot environment ${target}, ${size(change.bytes)}: ${frees}`];
  }
};

/** What is taken from many nodes, summed by the place it is taken from; from one, as it is. */
export const purgesWords = (changes: readonly PurgeChange[], hosts: number): readonly string[] => {
  if (hosts === 1) return changes.flatMap(purgeWords);
  const places = new Map<string, PurgeChange[]>();
  for (const change of changes) {
    const place = change.kind === "boot-environment.destroy" ? change.kind : `${change.kind} ${purgeTarget(change)}`;
    places.set(place, [...(places.get(place) ?? []), change]);
  }
  return [...places.values()].flatMap(summedWords);
};

const summedWords = (changes: readonly PurgeChange[]): readonly string[] => {
  const [first] = changes;
  if (first === undefined) return [];
  const sum = (of: (change: PurgeChange) => number): number => changes.reduce((total, change) => total + of(change), 0);
  const freed = { leastBytes: sum((one) => one.freed.leastBytes), mostBytes: sum((one) => one.freed.mostBytes) };
  const bytes = size(sum((one) => one.bytes));
  const frees = `frees ${rangeWords(freed)} in all`;
  if (first.kind === "boot-environment.destroy")
    return [`destroy ${changes.length} boot environments, ${bytes}: ${frees}`];
  const files = filesWords(sum((one) => (one.kind === "boot-environment.destroy" ? 0 : one.files)));
  const verb = first.kind === "legacy.remove" ? "remove" : "evict";
  return [`${verb} ${files}, ${bytes} in all, from ${visibleSafe(purgeTarget(first), 200)}: ${frees}`];
};

/** `1 file`, `212 files`. */
export const filesWords = (count: number): string => `${count} ${count === 1 ? "file" : "files"}`;

/** `1.6 GiB`, or `0 B to 1.6 GiB` where the ends read differently. */
export const rangeWords = ({ leastBytes, mostBytes }: FreedRange): string => {
  const [least, most] = [leastBytes === 0 ? "nothing" : size(leastBytes), size(mostBytes)];
  return least === most ? least : `${least} to ${most}`;
};
