import { type Desired, inForceOf, isInside } from "./desired.ts";
import { snapshotsOf } from "./drift.ts";
import { firstEviction } from "./eviction.ts";
import type { Facts, ImagesFacts } from "./facts.ts";
import type { Drift } from "./plan.ts";
import { size } from "./size.ts";
import { isoDay } from "./time.ts";

/** Warnings and remarks for the person who accepts a host's plan; none of them keeps it from being done. */
export const notes = (facts: Facts, desired: Desired, drift: readonly Drift[]): readonly string[] => {
  const images = imagesIn(facts, desired.cacheDir);
  return [
    ...drainedNote(facts),
    ...headroomNote(images, desired),
    ...poolNote(facts, desired),
    ...evictionNote(facts, images, desired),
    ...snapshotsNote(facts, desired),
    ...childrenNote(facts, desired),
    ...insideNote(facts, desired),
    ...orderNote(facts, desired),
    ...legacyNote(facts, desired),
    ...archiveNote(desired, drift),
  ];
};

const imagesIn = (facts: Facts, dir: string): ImagesFacts | undefined => {
  const directory = facts.directories[dir];
  const images = directory?.seen ? directory.value.images : undefined;
  return images?.seen ? images.value : undefined;
};

/** nova-compute was drained on purpose: what is put right waits for whoever enables it. */
export const drainedNote = ({ service }: Facts): readonly string[] =>
  service.seen && service.value.state === "disabled" ? ["nova-compute is disabled: takes effect when enabled"] : [];

const headroomNote = (images: ImagesFacts | undefined, { settings }: Desired): readonly string[] =>
  images !== undefined && images.largestBytes > settings.cacheHeadroomBytes
    ? [
        `headroom ${size(settings.cacheHeadroomBytes)} is smaller than the largest image, ${size(images.largestBytes)}: a download may hit the quota`,
      ]
    : [];

const poolNote = ({ poolAvailableBytes, datasets }: Facts, { quotaBytes, dataset }: Desired): readonly string[] => {
  const present = datasets[dataset];
  const used = present?.seen ? present.value.usedBytes : 0;
  return poolAvailableBytes.seen && poolAvailableBytes.value + used < quotaBytes
    ? [`quota ${size(quotaBytes)} is larger than what the pool has free, ${size(poolAvailableBytes.value + used)}`]
    : [];
};

/** The plan says what the cleaner will do; the rollout itself removes no image. */
const evictionNote = (facts: Facts, images: ImagesFacts | undefined, desired: Desired): readonly string[] => {
  const dataset = facts.datasets[desired.dataset];
  if (images === undefined || !dataset?.seen || desired.settings.cleaner !== "present") return [];
  const eviction = firstEviction(images, dataset.value, desired);
  if (eviction === undefined) return [];
  const { images: count, bytes, oldest, more, shortBytes } = eviction;
  if (count === 0)
    return [`the cleaner will be ${size(shortBytes)} short of what it shall keep free: no image may go yet`];
  const what = `${more ? "at least " : ""}${count} ${count === 1 ? "image" : "images"}, ${size(bytes)}`;
  const since = oldest === null ? "" : `, oldest ${isoDay(oldest)}`;
  const short =
    shortBytes > 0 && !more ? `, and stays ${size(shortBytes)} short of its target: nothing else may go` : "";
  return [`the cleaner's first run will evict ${what}${since}${short}`];
};

const snapshotsNote = (facts: Facts, { dataset }: Desired): readonly string[] =>
  snapshotsOf(facts, dataset) > 0 ? [snapshotsWords(facts, dataset)] : [];

/** Says what snapshots of the cache's dataset do, with the bytes they hold. */
export const snapshotsWords = (facts: Facts, dataset: string): string => {
  const count = snapshotsOf(facts, dataset);
  const present = facts.datasets[dataset];
  const held = present?.seen ? present.value.usedBySnapshotsBytes : 0;
  return `${count === 1 ? "a snapshot" : `${count} snapshots`} of ${dataset} ${count === 1 ? "holds" : "hold"} ${size(held)}: while ${count === 1 ? "it is" : "they are"} there, evicting images gives nothing back`;
};

/** Not to be evicted, and counted against the quota all the same. */
const childrenNote = (facts: Facts, { dataset }: Desired): readonly string[] => {
  const present = facts.datasets[dataset];
  if (!present?.seen) return [];
  const { usedBytes, usedByDatasetBytes, usedBySnapshotsBytes } = present.value;
  const children = usedBytes - usedByDatasetBytes - usedBySnapshotsBytes;
  return children > 0 ? [`datasets below ${dataset} hold ${size(children)}, which count against its quota`] : [];
};

/** Other caches on the same dataset: no eviction reaches them. */
const insideNote = (facts: Facts, { mountpoint, cacheDir, dataset }: Desired): readonly string[] =>
  facts.datasets[dataset]?.seen
    ? Object.keys(facts.directories).flatMap((path) => {
        const images = path === cacheDir || !isInside(path, mountpoint) ? undefined : imagesIn(facts, path);
        return images === undefined || images.count === 0
          ? []
          : [
              `${path} lies on ${dataset} too: its ${images.count} images, ${size(images.bytes)}, count against the quota until they are purged`,
            ];
      })
    : [];

const orderNote = (facts: Facts, { dataset, settings }: Desired): readonly string[] => {
  const present = facts.datasets[dataset];
  return settings.cleaner === "present" && settings.cacheOrder === "lru" && present?.seen && !present.value.atime
    ? [`${dataset} keeps no access times: the oldest images go first, whatever was used`]
    : [];
};

/** Outside the boot environment is not outside an archive (archiveadm(1M): all datasets but swap and dump). */
const archiveNote = ({ dataset }: Desired, drift: readonly Drift[]): readonly string[] =>
  drift.some(({ aspect }) => aspect === "dataset" || aspect === "quota")
    ? [`archiveadm create takes ${dataset} along unless it is told -D ${dataset}`]
    : [];

const legacyNote = (facts: Facts, { cacheDir, mountpoint }: Desired): readonly string[] => {
  const inForce = inForceOf(facts);
  const elsewhere = inForce !== undefined && inForce !== cacheDir && !isInside(inForce, mountpoint);
  const images = elsewhere ? imagesIn(facts, inForce) : undefined;
  return images !== undefined && images.count > 0
    ? [`${inForce} keeps ${images.count} images, ${size(images.bytes)}, until they are purged`]
    : [];
};
