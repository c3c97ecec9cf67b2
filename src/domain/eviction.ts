import type { Desired } from "./desired.ts";
import { CANDIDATES_MAX, type DatasetFacts, type ImagesFacts } from "./facts.ts";
import type { Bytes } from "./ids.ts";
import type { Eviction } from "./plan.ts";

/**
 * What the cleaner's first run will evict from a directory, by its own rule: nothing while the headroom is free below
 * the quota, else images in its order until the target is. Undefined: nothing. Sizes are those of the names, so that
 * compressed images go in larger numbers than said.
 */
export const firstEviction = (
  images: ImagesFacts,
  dataset: DatasetFacts,
  { quotaBytes, settings }: Desired,
): Eviction | undefined => {
  const below = Math.max(0, quotaBytes - dataset.usedByDatasetBytes);
  // What is evicted goes back to the pool, unless a snapshot holds it.
  const poolIsShort = dataset.quotaBytes === 0 || dataset.quotaBytes === quotaBytes;
  const free = poolIsShort && dataset.usedBySnapshotsBytes === 0 ? Math.min(below, dataset.availableBytes) : below;
  if (free >= settings.cacheHeadroomBytes) return undefined;
  const need = settings.cacheTargetFreeBytes - free;
  let bytes: Bytes = 0;
  let count = 0;
  for (const candidate of images.evictedFirst) {
    if (bytes >= need) break;
    bytes += candidate.bytes;
    count++;
  }
  const more = bytes < need && images.evictedFirst.length === CANDIDATES_MAX;
  return {
    images: count,
    bytes,
    oldest: images.evictedFirst[0]?.at ?? null,
    more,
    shortBytes: Math.max(0, need - bytes),
  };
};
