import type { DatasetFacts, Facts } from "./facts.ts";
import type { AbsPath, Bytes, Digest, Seconds } from "./ids.ts";
import type { Refusal } from "./outcome.ts";
import { err, ok, type Result } from "./result.ts";
import type { Settings } from "./settings.ts";

/** The cleaner as this version of novasweep ships it, made for one host's settings. */
export interface Payload {
  readonly method: Digest;
  readonly manifest: Digest;
  /** The cleaner's own, which its package has too: `1.0`. */
  readonly version: string;
}

/** What should be true of one host, with every name worked out from its settings and its facts. */
export interface Desired {
  readonly layout: "kept" | "export" | "varshare";
  readonly dataset: string;
  readonly mountpoint: AbsPath;
  readonly cacheDir: AbsPath;
  /** The section of nova.conf the installed driver reads. */
  readonly section: string;
  readonly quotaBytes: Bytes;
  readonly cleanerProperties: Readonly<Record<string, string>>;
  readonly payload: Payload;
  readonly settings: Settings;
}

/** The package's name, without its publisher. */
export const CLEANER_PACKAGE = "nova-cache-cleanup";

/** The package under `ips` delivery: `pkg://site/nova-cache-cleanup@1.0`. */
export const cleanerFmri = ({ settings, payload }: Pick<Desired, "settings" | "payload">): string =>
  `pkg://${settings.cleanerPublisher}/${CLEANER_PACKAGE}@${payload.version}`;

/** Nova's own default since Kilo. @see Solaris userland commit 3d50a3744 (PSARC/2016/172) */
export const VARSHARE_DIR: AbsPath = "/var/share/nova/images";
export const EXPORT_MOUNTPOINT: AbsPath = "/export/nova";

/** Whether `path` is `parent` or lies below it; both normalised. */
export const isInside = (path: AbsPath, parent: AbsPath): boolean =>
  path === parent || path.startsWith(parent === "/" ? "/" : `${parent}/`);

/**
 * Works out what should be true of a host. A refusal says what could not be looked at: the layout `auto` and the
 * names of datasets rest on facts, and a guess here would put the quota on the wrong directory.
 */
export const desire = (facts: Facts, settings: Settings, payload: Payload): Result<Desired, Refusal> => {
  if (!facts.rootPool.seen) return blind("the root pool", facts.rootPool.why);
  const section = sectionRead(facts, settings);
  if (section === undefined)
    return blind("which section of nova.conf the installed driver reads", "driver.py was not understood");
  const layout = chooseLayout(facts, settings);
  const place = placeOf(layout, facts, facts.rootPool.value);
  const dataset = settings.cacheDataset ?? place.dataset;
  const mountpoint = settings.cacheMountpoint ?? mountpointOf(facts, settings, place.mountpoint);
  const cacheDir = settings.cacheDir ?? `${mountpoint}${place.below}`;
  if (!isInside(cacheDir, mountpoint))
    return err({
      code: "E_DATASET",
      message: `cache_dir ${cacheDir} does not lie on ${dataset} (mounted at ${mountpoint}): the quota would guard nothing`,
      try: `set cache_dir below ${mountpoint}, or leave it to be derived`,
    });
  if (cacheDir.slice(mountpoint.length + 1).includes("/"))
    return err({
      code: "E_DATASET",
      message: `cache_dir ${cacheDir} lies more than one level below ${mountpoint}, where ${dataset} is mounted`,
      try: `set cache_dir to ${mountpoint} or a directory in it`,
    });
  return ok({
    layout,
    dataset,
    mountpoint,
    cacheDir,
    section,
    quotaBytes: settings.cacheQuotaBytes,
    cleanerProperties: cleanerProperties(settings, dataset, cacheDir),
    payload,
    settings,
  });
};

const blind = (what: string, why: string): Result<never, Refusal> =>
  err({
    code: "E_BLIND",
    message: `could not look at ${what}: ${why}`,
    try: "run as a user that may look, or see status",
  });

/** `novasweep_nova_section`, else what the installed driver reads. */
export const sectionRead = (facts: Facts, settings: Settings): string | undefined => {
  if (settings.novaSection !== "auto") return settings.novaSection;
  return facts.nova.seen && facts.nova.value.section.seen ? facts.nova.value.section.value : undefined;
};

/** The first that fits: a dataset of its own is kept, Nova's own VARSHARE default is kept, else `export`. */
const chooseLayout = (facts: Facts, settings: Settings): Desired["layout"] => {
  if (settings.cacheLayout !== "auto") return settings.cacheLayout;
  if (settings.cacheDataset !== undefined || settings.cacheMountpoint !== undefined || settings.cacheDir !== undefined)
    return "export";
  if (keptDataset(facts) !== undefined) return "kept";
  const inForce = inForceOf(facts);
  const builtIn = facts.nova.seen && facts.nova.value.builtInDefault.seen && facts.nova.value.builtInDefault.value;
  return builtIn === VARSHARE_DIR && inForce === VARSHARE_DIR ? "varshare" : "export";
};

/** The directory nova-compute would use after its next start, when the probe could work it out. */
export const inForceOf = (facts: Facts): AbsPath | undefined =>
  facts.conf.seen && facts.conf.value.inForce.seen ? facts.conf.value.inForce.value : undefined;

/** The dataset the directory in force has to itself, outside every boot environment; undefined when it has none. */
export const keptDataset = (facts: Facts): DatasetFacts | undefined => {
  const inForce = inForceOf(facts);
  const directory = inForce === undefined ? undefined : facts.directories[inForce];
  if (inForce === undefined || !directory?.seen || !directory.value.dataset.seen) return undefined;
  const dataset = facts.datasets[directory.value.dataset.value];
  return dataset?.seen && isOwnDataset(dataset.value, inForce) ? dataset.value : undefined;
};

/** Mountpoints every Solaris system shares between many uses: a quota there would hit more than the cache. */
const sharedMountpoints: readonly AbsPath[] = ["/", "/export", "/export/home", "/var", "/var/share", "/opt", "/usr"];

const isOwnDataset = ({ name, mountpoint }: DatasetFacts, dir: AbsPath): boolean =>
  name.includes("/") &&
  !/^[^/]+\/ROOT(\/|$)/.test(name) &&
  !sharedMountpoints.includes(mountpoint) &&
  (dir === mountpoint || dir.slice(0, dir.lastIndexOf("/")) === mountpoint);

interface Place {
  readonly dataset: string;
  readonly mountpoint: AbsPath;
  /** The cache directory, relative to the mountpoint: empty or `/images`. */
  readonly below: string;
}

const placeOf = (layout: Desired["layout"], facts: Facts, rootPool: string): Place => {
  const kept = layout === "kept" ? keptDataset(facts) : undefined;
  if (kept !== undefined) {
    const below = (inForceOf(facts) ?? kept.mountpoint).slice(kept.mountpoint.length);
    return { dataset: kept.name, mountpoint: kept.mountpoint, below };
  }
  return layout === "varshare"
    ? { dataset: `${rootPool}/VARSHARE/nova/images`, mountpoint: VARSHARE_DIR, below: "" }
    : { dataset: `${rootPool}/export/nova`, mountpoint: EXPORT_MOUNTPOINT, below: "/images" };
};

/** A dataset that the settings name and that exists is used where it is mounted. */
const mountpointOf = (facts: Facts, settings: Settings, fallback: AbsPath): AbsPath => {
  const named = settings.cacheDataset === undefined ? undefined : facts.datasets[settings.cacheDataset];
  return named?.seen && named.value.mountpoint.startsWith("/") ? named.value.mountpoint : fallback;
};

/** Most seconds a run may start late, so that a fleet enabled at once does not sweep at once; a tenth of a shorter period. */
const JITTER_MAX_S: Seconds = 300;

/** How late a run may start with a period of `periodS`. */
export const jitterOf = (periodS: Seconds): Seconds => Math.min(JITTER_MAX_S, Math.floor(periodS / 10));

/**
 * The policy the cleaner reads from SMF: `config/…` as text, units as its reference states (bytes, seconds). The schedule
 * too (sheet 2.1: property group `periodic`): a package has one manifest for all nodes, and what was set on a node once
 * outlives the import of a manifest that says otherwise.
 */
export const cleanerProperties = (
  settings: Settings,
  dataset: string,
  directory: AbsPath,
): Readonly<Record<string, string>> => ({
  "periodic/period": String(settings.cleanerPeriodS),
  "periodic/jitter": String(jitterOf(settings.cleanerPeriodS)),
  "config/dataset": dataset,
  "config/directory": directory,
  "config/headroom": String(settings.cacheHeadroomBytes),
  "config/target_free": String(settings.cacheTargetFreeBytes),
  "config/min_age": String(settings.cacheMinAgeS),
  "config/order": settings.cacheOrder,
});
