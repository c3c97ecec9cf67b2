/** The parts of a host's facts that `status` shows, whatever the format: those of the cache directory in force. */
import { inForceOf } from "../domain/desired.ts";
import type { DatasetFacts, DirectoryFacts, Facts, ImagesFacts, Observed } from "../domain/facts.ts";
import type { AbsPath, Bytes } from "../domain/ids.ts";

export interface CacheFacts {
  readonly dir: Observed<AbsPath>;
  readonly directory: Observed<DirectoryFacts>;
  /** The dataset the directory lies on, whether or not it is one of its own. */
  readonly dataset: Observed<DatasetFacts>;
  readonly images: Observed<ImagesFacts>;
}

/** An image cache that holds something and is not in force; null: it could not be looked at. */
export interface LegacyCache {
  readonly path: AbsPath;
  readonly images: Observed<{ readonly count: number; readonly bytes: Bytes }>;
}

const notAsked: Observed<never> = { seen: false, why: "failed", detail: "the probe did not look there" };

/** What is known of the directory nova-compute uses. Each part is unseen for the first reason on the way to it. */
export const cacheFacts = (facts: Facts): CacheFacts => {
  const dir = dirInForce(facts);
  const directory = dir.seen ? (facts.directories[dir.value] ?? notAsked) : dir;
  const on = directory.seen ? directory.value.dataset : directory;
  return {
    dir,
    directory,
    dataset: on.seen ? (facts.datasets[on.value] ?? notAsked) : on,
    images: directory.seen ? (directory.value.images ?? notAsked) : directory,
  };
};

const dirInForce = (facts: Facts): Observed<AbsPath> => {
  if (!facts.conf.seen) return facts.conf;
  const value = inForceOf(facts);
  return value === undefined ? facts.conf.value.inForce : { seen: true, value };
};

/**
 * Directories that were image caches and still hold images, by path. Unseen while the directory in force is: any of
 * them may be the one that is used.
 */
export const legacyCaches = (facts: Facts): Observed<readonly LegacyCache[]> => {
  const inForce = dirInForce(facts);
  if (!inForce.seen) return inForce;
  const value = Object.entries(facts.directories)
    .filter(([path]) => path !== inForce.value)
    .flatMap(([path, directory]) => legacyAt(path, directory));
  return { seen: true, value };
};

const legacyAt = (path: AbsPath, directory: Observed<DirectoryFacts>): readonly LegacyCache[] => {
  if (!directory.seen) return directory.why === "absent" ? [] : [{ path, images: directory }];
  const images = directory.value.images;
  if (images === undefined) return [];
  return images.seen && images.value.count + images.value.partial + images.value.bytes === 0 ? [] : [{ path, images }];
};

/** Why a field is not known: `denied: zfs: permission denied`. */
export const whyUnseen = (observed: Extract<Observed<unknown>, { seen: false }>): string =>
  observed.detail === undefined || observed.detail === "" ? observed.why : `${observed.why}: ${observed.detail}`;
