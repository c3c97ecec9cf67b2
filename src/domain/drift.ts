import { cleanerFmri, type Desired, inForceOf } from "./desired.ts";
import type { CleanerFacts, Facts, Observed } from "./facts.ts";
import type { AbsPath } from "./ids.ts";
import type { Drift } from "./plan.ts";
import { size } from "./size.ts";

/**
 * What differs between a host and what we want of it, most basic first. Empty means in sync.
 * Only what was seen can drift: what could not be looked at is a refusal (see `refusals`).
 */
export const drift = (facts: Facts, desired: Desired): readonly Drift[] =>
  [
    datasetDrift(facts, desired),
    quotaDrift(facts, desired),
    canmountDrift(facts, desired),
    autoSnapshotDrift(facts, desired),
    snapshotsDrift(facts, desired),
    ownerDrift(facts, desired, desired.mountpoint),
    desired.cacheDir === desired.mountpoint ? undefined : ownerDrift(facts, desired, desired.cacheDir),
    ...cleanerDrift(facts, desired),
    confDrift(facts, desired),
    restartDrift(facts),
  ].filter((found) => found !== undefined);

const datasetDrift = (facts: Facts, desired: Desired): Drift | undefined => {
  const dataset = facts.datasets[desired.dataset];
  return isAbsent(dataset)
    ? { aspect: "dataset", have: "none", want: `${desired.dataset} at ${desired.mountpoint}` }
    : undefined;
};

const quotaDrift = (facts: Facts, desired: Desired): Drift | undefined => {
  const dataset = facts.datasets[desired.dataset];
  if (!dataset?.seen || dataset.value.quotaBytes === desired.quotaBytes) return undefined;
  const have = dataset.value.quotaBytes;
  return { aspect: "quota", have: have === 0 ? "none" : size(have), want: size(desired.quotaBytes) };
};

/** Mounted now and not at the next boot: images would then fill the boot environment. */
const canmountDrift = (facts: Facts, desired: Desired): Drift | undefined => {
  const dataset = facts.datasets[desired.dataset];
  if (!dataset?.seen || !dataset.value.mounted || dataset.value.canmount === "on") return undefined;
  return { aspect: "canmount", have: dataset.value.canmount, want: "on" };
};

const autoSnapshotDrift = (facts: Facts, desired: Desired): Drift | undefined => {
  const dataset = facts.datasets[desired.dataset];
  if (!dataset?.seen || dataset.value.autoSnapshot === "false") return undefined;
  return {
    aspect: "auto-snapshot",
    have: dataset.value.autoSnapshot === "-" ? "unset" : dataset.value.autoSnapshot,
    want: "false",
  };
};

/** Snapshots hold what is evicted, and count against the quota. */
const snapshotsDrift = (facts: Facts, desired: Desired): Drift | undefined => {
  const dataset = facts.datasets[desired.dataset];
  const count = snapshotsOf(facts, desired.dataset);
  if (!dataset?.seen || count === 0) return undefined;
  return { aspect: "snapshots", have: `${count} that hold ${size(dataset.value.usedBySnapshotsBytes)}`, want: "none" };
};

/** How many snapshots were counted of a dataset. */
export const snapshotsOf = ({ snapshots }: Facts, dataset: string): number =>
  snapshots.seen ? (snapshots.value[dataset] ?? 0) : 0;

const ownerDrift = (facts: Facts, { settings }: Desired, path: AbsPath): Drift | undefined => {
  const want = `${settings.cacheOwner}:${settings.cacheGroup} ${settings.cacheMode}`;
  const directory = facts.directories[path];
  if (isAbsent(directory)) return { aspect: "owner", have: `${path} is not there`, want: `${path} ${want}` };
  if (!directory?.seen) return undefined;
  const { owner, group, mode } = directory.value;
  const have = `${owner}:${group} ${octalMode(mode)}`;
  return have === want ? undefined : { aspect: "owner", have: `${path} ${have}`, want: `${path} ${want}` };
};

/** `drwxr-xr-x` (with an ACL mark behind it or not) as `0755`; set-id and sticky letters are kept. */
export const octalMode = (letters: string): string => {
  const bits = [1, 4, 7].map((at) => {
    const [read, write, exec] = [letters[at], letters[at + 1], letters[at + 2] ?? "-"];
    return (read === "r" ? 4 : 0) + (write === "w" ? 2 : 0) + ("xst".includes(exec) ? 1 : 0);
  });
  const special = ["s", "s", "t"].reduce(
    (sum, letter, n) => sum + ((letters[3 * (n + 1)] ?? "-").toLowerCase() === letter ? 4 >> n : 0),
    0,
  );
  return [special, ...bits].join("");
};

const cleanerDrift = (facts: Facts, desired: Desired): readonly (Drift | undefined)[] => {
  const inPackage = packageDrift(facts, desired);
  if (desired.settings.cleaner === "absent") return [inPackage, cleanerRemains(facts)];
  return [
    inPackage,
    filesDrift(facts, desired, inPackage !== undefined),
    propertiesDrift(facts, desired),
    stateDrift(facts, desired),
  ];
};

/** One owner of each path: our package under `ips` delivery, no package otherwise. */
const packageDrift = (facts: Facts, desired: Desired): Drift | undefined => {
  const { settings, payload } = desired;
  const found = facts.nova.seen ? facts.nova.value.cleanerPackage : undefined;
  const wanted = settings.cleanerDelivery === "ips" && settings.cleaner !== "absent";
  if (found?.seen) {
    const { name, version } = found.value;
    if (wanted && version === payload.version) return undefined;
    const want = wanted ? cleanerFmri(desired) : "no package";
    return { aspect: "cleaner-package", have: `${name} ${version}`, want };
  }
  return wanted && isAbsent(found)
    ? { aspect: "cleaner-package", have: "none", want: cleanerFmri(desired) }
    : undefined;
};

const cleanerRemains = ({ cleaner, cleanerFiles }: Facts): Drift | undefined =>
  cleaner.seen || cleanerFiles.method.seen || cleanerFiles.manifest.seen
    ? { aspect: "cleaner", have: "installed", want: "absent" }
    : undefined;

/** Files of the wrong owner say nothing: they go, or are replaced, with the package. */
const filesDrift = (
  { cleaner, cleanerFiles }: Facts,
  { payload }: Desired,
  packageDrifts: boolean,
): Drift | undefined => {
  if (isAbsent(cleaner) && isAbsent(cleanerFiles.method)) return { aspect: "cleaner", have: "none", want: "installed" };
  if (packageDrifts) return undefined;
  const differs = (file: Observed<string>, want: string): boolean =>
    isAbsent(file) || (file.seen && file.value !== want);
  return differs(cleanerFiles.method, payload.method) ||
    differs(cleanerFiles.manifest, payload.manifest) ||
    isAbsent(cleaner)
    ? {
        aspect: "cleaner-files",
        have: isAbsent(cleaner)
          ? "files without the service: an install was cut short"
          : "method or manifest made by another version, or for other settings",
        want: "those of this version and these settings",
      }
    : undefined;
};

const propertiesDrift = ({ cleaner }: Facts, { cleanerProperties }: Desired): Drift | undefined => {
  const have = cleaner.seen ? cleaner.value.properties : {};
  const wrong = Object.entries(cleanerProperties).filter(([name, value]) => have[name] !== value);
  if (wrong.length === 0 || isAbsent(cleaner) || !cleaner.seen) return undefined;
  return {
    aspect: "cleaner-properties",
    have: wrong.map(([name]) => `${name}=${have[name] ?? "unset"}`).join(" "),
    want: wrong.map(([name, value]) => `${name}=${value}`).join(" "),
  };
};

const stateDrift = (facts: Facts, { settings }: Desired): Drift | undefined => {
  if (!facts.cleaner.seen) return undefined;
  const want = settings.cleaner === "present" ? "online" : "disabled";
  const have = cleanerState(facts.cleaner.value);
  // The cleaner depends on nova-compute: it waits, offline, while nova-compute is not online, and that is right.
  const waits = want === "online" && have === "offline" && facts.service.seen && facts.service.value.state !== "online";
  return have === want || waits ? undefined : { aspect: "cleaner-state", have, want };
};

const cleanerState = ({ service }: CleanerFacts): string => service.state;

const confDrift = (facts: Facts, { cacheDir }: Desired): Drift | undefined => {
  const inForce = inForceOf(facts);
  // The value in force: last repeat, substituted, else the driver's default.
  return inForce === undefined || inForce === cacheDir ? undefined : { aspect: "conf", have: inForce, want: cacheDir };
};

/**
 * nova-compute reads nova.conf when it starts: a file newer than the process is not in force yet. A restart of ours that
 * was never paid is owed in every state but disabled: whoever enables it again starts it with the new file.
 */
const restartDrift = (facts: Facts): Drift | undefined =>
  isConfNewer(facts) ||
  (isRestartOwed(facts) &&
    facts.service.seen &&
    facts.service.value.state !== "disabled" &&
    facts.service.value.state !== "online")
    ? {
        aspect: "restart",
        have: "nova-compute started before nova.conf was changed",
        want: "nova-compute started after nova.conf was changed",
      }
    : undefined;

/** Whether the file in place is one of ours whose restart was never paid. */
export const isRestartOwed = ({ conf, notes }: Facts): boolean =>
  conf.seen && notes.seen && notes.value.some((note) => note.restart === "owed" && note.after === conf.value.digest);

/**
 * Whether nova-compute runs and started before nova.conf was last changed (`state_timestamp`, never STIME). The times say
 * nothing where the node's clock was put back in between: the start that our own note says has read this very file counts.
 */
export const isConfNewer = (facts: Facts): boolean => {
  const { conf, service } = facts;
  if (!conf.seen || !service.seen || service.value.state !== "online") return false;
  return conf.value.mtime > Number(service.value.since) && !isReadByNote(facts);
};

const isReadByNote = ({ conf, service, notes }: Facts): boolean =>
  conf.seen &&
  service.seen &&
  notes.seen &&
  notes.value.some(({ after, since }) => after === conf.value.digest && since === service.value.since);

export const isAbsent = (field: Observed<unknown> | undefined): boolean =>
  field !== undefined && !field.seen && field.why === "absent";
