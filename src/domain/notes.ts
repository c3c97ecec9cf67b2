import { type Desired, inForceOf } from "./desired.ts";
import type { Facts, ImagesFacts } from "./facts.ts";
import { size } from "./size.ts";
import { isoDay } from "./time.ts";

/** Warnings and remarks for the person who accepts a host's plan; none of them keeps it from being done. */
export const notes = (facts: Facts, desired: Desired): readonly string[] => {
  const images = imagesIn(facts, desired.cacheDir);
  return [
    ...drainedNote(facts),
    ...headroomNote(images, desired),
    ...poolNote(facts, desired),
    ...evictionNote(facts, images, desired),
    ...legacyNote(facts, desired),
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

/** What the first run of the cleaner will evict: the plan says it, the rollout itself removes no image. */
const evictionNote = (facts: Facts, images: ImagesFacts | undefined, desired: Desired): readonly string[] => {
  const dataset = facts.datasets[desired.dataset];
  if (images === undefined || !dataset?.seen || desired.settings.cleaner !== "present") return [];
  const free = desired.quotaBytes - dataset.value.usedBytes;
  if (free >= desired.settings.cacheHeadroomBytes) return [];
  const bytes = Math.min(images.bytes, desired.settings.cacheTargetFreeBytes - free);
  const oldest = images.oldest === null ? "" : `, oldest ${isoDay(images.oldest)}`;
  return [`the cleaner's first run will evict about ${size(bytes)} of ${images.count} images${oldest}`];
};

const legacyNote = (facts: Facts, { cacheDir }: Desired): readonly string[] => {
  const inForce = inForceOf(facts);
  const images = inForce === undefined || inForce === cacheDir ? undefined : imagesIn(facts, inForce);
  return images !== undefined && images.count > 0
    ? [`${inForce} keeps ${images.count} images, ${size(images.bytes)}, until they are purged`]
    : [];
};
