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

/** `1 file`, `212 files`. */
export const filesWords = (count: number): string => `${count} ${count === 1 ? "file" : "files"}`;

/** `1.6 GiB`, or `0 B to 1.6 GiB` where the ends read differently. */
export const rangeWords = ({ leastBytes, mostBytes }: FreedRange): string => {
  const [least, most] = [leastBytes === 0 ? "nothing" : size(leastBytes), size(mostBytes)];
  return least === most ? least : `${least} to ${most}`;
};
