import { type Desired, isInside } from "./desired.ts";
import type { Facts, ImagesFacts, Observed } from "./facts.ts";
import { type Refusal, refusal, some } from "./outcome.ts";
import { size } from "./size.ts";

/** Why the dataset that is there, or what lies where it shall be, keeps a rollout from acting. */
export const datasetRefusal = (facts: Facts, desired: Desired): readonly Refusal[] => {
  const dataset = facts.datasets[desired.dataset];
  if (!dataset?.seen) return overlap(facts, desired);
  const { mountpoint, mounted, canmount, readonly: isReadonly, quotaBytes, usedBytes } = dataset.value;
  if (mountpoint !== desired.mountpoint)
    return [
      refusal(
        "E_DATASET",
        `${desired.dataset} is mounted at ${mountpoint}, not at ${desired.mountpoint}`,
        "set cache_mountpoint, or zfs set mountpoint on the node",
      ),
    ];
  if (!mounted)
    return [
      refusal(
        "E_DATASET",
        `${desired.dataset} is not mounted${canmount === "on" ? "" : ` (canmount is ${canmount})`}`,
        "zfs mount it, and look what lies underneath",
      ),
    ];
  if (isReadonly) return [refusal("E_DATASET", `${desired.dataset} is read-only`, "zfs set readonly=off")];
  const on = facts.directories[desired.mountpoint];
  if (on?.seen && on.value.dataset.seen && on.value.dataset.value !== desired.dataset)
    return [
      refusal(
        "E_OVERLAP",
        `${on.value.dataset.value} is mounted at ${desired.mountpoint}, over ${desired.dataset}`,
        "look whose it is and unmount it",
      ),
    ];
  // A full dataset uses a few blocks more than its quota: the right quota is no reason to leave the node alone.
  return quotaBytes !== desired.quotaBytes && usedBytes > desired.quotaBytes
    ? [
        refusal(
          "E_QUOTA_BELOW_USE",
          `${desired.dataset} uses ${size(usedBytes)} (${usedBytes} bytes), more than the quota of ${size(desired.quotaBytes)}`,
          "set a larger cache_quota, or remove images from it first",
        ),
      ]
    : [];
};

/** Another dataset mounted where ours shall be, or files that it would hide. */
const overlap = (facts: Facts, desired: Desired): readonly Refusal[] => {
  const other = Object.values(facts.datasets).find(
    (field) => field.seen && field.value.mounted && field.value.mountpoint === desired.mountpoint,
  );
  if (other?.seen)
    return [
      refusal(
        "E_OVERLAP",
        `${other.value.name} is mounted at ${desired.mountpoint}`,
        "set cache_dataset to it, or another cache_mountpoint",
      ),
    ];
  const hidden = underneath(facts, desired);
  return hidden.seen && hidden.value.entries > 0 ? [hides(facts, desired, hidden.value)] : [];
};

/** A cache that lies there is named: whoever moves it away keeps its images. */
const hides = (facts: Facts, { dataset, mountpoint }: Desired, { entries, firstEntry }: ImagesFacts): Refusal => {
  const cache = Object.entries(facts.directories).find(
    ([path, field]) =>
      isInside(path, mountpoint) && field.seen && field.value.images?.seen && field.value.images.value.count > 0,
  );
  const [path, field] = cache ?? [];
  const images = field?.seen && field.value.images?.seen ? field.value.images.value : undefined;
  return images === undefined
    ? refusal(
        "E_OVERLAP",
        `${mountpoint} is not empty (${entries === 1 ? some([firstEntry]) : `${entries} names, one is ${some([firstEntry])}`}): ${dataset} would hide that`,
        "look what it is, and move it away",
      )
    : refusal(
        "E_OVERLAP",
        `the image cache ${path} (${images.count} images, ${size(images.bytes)}) lies where ${dataset} is to be mounted, which would hide it`,
        "move it away, or set another cache_mountpoint",
      );
};

/** A link or a file where a directory of ours shall be. */
export const pathRefusal = (facts: Facts, desired: Desired): readonly Refusal[] =>
  [...new Set([desired.mountpoint, desired.cacheDir])].flatMap((path) => {
    const directory = facts.directories[path];
    return directory?.seen && !directory.value.mode.startsWith("d")
      ? [
          refusal(
            "E_PATH_LINK",
            `${path} is no directory (${directory.value.mode})`,
            "look what put it there, and move it away",
          ),
        ]
      : [];
  });

/** What a dataset that is to be made would hide; of one that is there, nothing. */
export const underneath = (facts: Facts, desired: Desired): Observed<ImagesFacts> => {
  const dataset = facts.datasets[desired.dataset];
  const directory = facts.directories[desired.mountpoint];
  if (dataset?.seen || !directory?.seen || !directory.value.mode.startsWith("d")) return { seen: false, why: "absent" };
  return directory.value.images ?? { seen: false, why: "failed", detail: "the probe did not say" };
};
