/** What a purge takes out, in words. */
import { type PurgeChange, purgeTarget } from "../domain/change.ts";
import { type FreedRange, freedTogether, sumOfRanges } from "../domain/purge/space.ts";
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

/** What is taken from many hosts, a list a host, summed by the place it is taken from; from one host, as it is. */
export const purgesWords = (hosts: readonly (readonly PurgeChange[])[]): readonly string[] => {
  const [only, other] = hosts;
  if (only !== undefined && other === undefined)
    return [
      ...only.flatMap(purgeWords),
      ...(only.length > 1 ? [`frees ${rangeWords(freedTogether(only))} in all`] : []),
    ];
  const places = new Map<string, (readonly PurgeChange[])[]>();
  for (const changes of hosts)
    for (const [place, there] of Map.groupBy(changes, placeOf))
      places.set(place, [...(places.get(place) ?? []), there]);
  return [...places.values()].flatMap(summedWords);
};

/** Names of boot environments differ from host to host. */
export const placeOf = (change: PurgeChange): string =>
  change.kind === "boot-environment.destroy" ? change.kind : `${change.kind} ${purgeTarget(change)}`;

const summedWords = (hosts: readonly (readonly PurgeChange[])[]): readonly string[] => {
  const changes = hosts.flat();
  const [first] = changes;
  if (first === undefined) return [];
  const sum = (of: (change: PurgeChange) => number): number => changes.reduce((total, change) => total + of(change), 0);
  const freed = sumOfRanges(hosts.map(freedTogether));
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
