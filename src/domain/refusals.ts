import { datasetRefusal, pathRefusal, underneath } from "./dataset-refusals.ts";
import { type Desired, inForceOf } from "./desired.ts";
import { isConfNewer, isRestartOwed } from "./drift.ts";
import type { Facts, Observed } from "./facts.ts";
import type { AbsPath, Seconds } from "./ids.ts";
import { type Refusal, refusal, some } from "./outcome.ts";
import type { Settings } from "./settings.ts";
import { isoTime } from "./time.ts";

/** What the operator accepted on the command line. */
export interface Accepted {
  readonly activatePending: boolean;
  readonly thisBootEnvironment: boolean;
  readonly breakStaleLock: boolean;
  /** How long a busy host is waited for; 0: it is refused. */
  readonly waitIdleS: Seconds;
}

/** Why this system can be no compute node of ours at all; undefined when it can. Sheet sections 0, 2.1, 10. */
export const unsupported = ({ system, nova }: Facts, settings: Settings): Refusal | undefined => {
  const not = (message: string, hint: string): Refusal => ({ code: "E_UNSUPPORTED", message, try: hint });
  if (system.kernel !== "SunOS")
    return not(`this is ${system.kernel}, not Solaris`, "take the host out of the inventory");
  if (!/^11\./.test(system.version))
    return not(
      `this is ${system.version}, not Oracle Solaris 11: illumos has neither periodic services nor solariszones`,
      "take the host out of the inventory",
    );
  if (/^11\.[01]\b/.test(system.version))
    return not(`Solaris ${system.version} has no OpenStack`, "update the node to 11.3");
  if (/^11\.([4-9]|[1-9][0-9])/.test(system.version))
    return not(
      `Solaris ${system.version} has no OpenStack: it was removed in 11.4`,
      "take the host out of the inventory",
    );
  if (system.version.startsWith("11.2") && settings.cleaner !== "absent")
    return not(
      "Solaris 11.2 has no periodic services, which the cleaner needs",
      "set novasweep_cleaner=absent for this host, or update it to 11.3",
    );
  if (system.zone !== "global")
    return {
      code: "E_NOT_GLOBAL",
      message: `this is zone ${system.zone}, not a global zone`,
      try: "name the global zone's host",
    };
  return !nova.seen && nova.why === "absent"
    ? { code: "E_NO_NOVA", message: "cloud/openstack/nova is not installed", try: "take the host out of the inventory" }
    : undefined;
};

/** Every reason not to act on a host that drifts, most basic first. */
export const refusals = (facts: Facts, desired: Desired, accepted: Accepted): readonly Refusal[] => [
  ...blindness(facts, desired),
  ...lockRefusal(facts, accepted),
  ...serviceRefusal(facts),
  ...bootRefusal(facts, accepted),
  ...confRefusal(facts),
  ...pendingRefusal(facts, accepted),
  ...datasetRefusal(facts, desired),
  ...pathRefusal(facts, desired),
  ...(accepted.waitIdleS > 0 ? [] : busyRefusal(facts, desired)),
];

/** "Could not look" never counts as "absent": whatever a decision rests on must have been seen. */
const blindness = (facts: Facts, desired: Desired): readonly Refusal[] =>
  unseenOf([
    ...nodeNeeds(facts),
    [desired.settings.novaConf, facts.conf, true],
    [`dataset ${desired.dataset}`, facts.datasets[desired.dataset], true],
    [`the snapshots of ${desired.dataset}`, facts.snapshots, false],
    [desired.mountpoint, facts.directories[desired.mountpoint], true],
    [`what lies in ${desired.mountpoint}`, underneath(facts, desired), true],
    [desired.cacheDir, facts.directories[desired.cacheDir], true],
    ["the images of the cache in force", imagesInForce(facts), true],
    ...cleanerNeeds(facts),
  ]);

/** What a decision rests on: its name to a person, the field, whether "absent" is an answer. */
export type Need = readonly [name: string, field: Observed<unknown> | undefined, mayBeAbsent: boolean];

export const nodeNeeds = (facts: Facts): readonly Need[] => [
  ["the installed packages", facts.nova, false],
  ["the cleaner's package", facts.nova.seen ? facts.nova.value.cleanerPackage : facts.nova, true],
  ["nova-compute's state", facts.service, false],
  ["the boot environments", facts.bootEnvironments, false],
  ["the zones being installed", facts.incompleteZones, false],
  ["our notes beside nova.conf", facts.notes, true],
  ["the host's lock", facts.lock, true],
];

export const cleanerNeeds = ({ cleaner, cleanerFiles }: Facts): readonly Need[] => [
  ["the cleaner's instance", cleaner, true],
  ["the cleaner's method file", cleanerFiles.method, true],
  ["the cleaner's manifest file", cleanerFiles.manifest, true],
];

/** E_BLIND for each that was not seen. */
export const unseenOf = (needs: readonly Need[]): readonly Refusal[] =>
  needs.flatMap(([name, field, mayBeAbsent]) => blind(name, field, mayBeAbsent));

/** E_BLIND for what was not seen, unless it is absent and that is an answer. */
export const blind = (name: string, field: Observed<unknown> | undefined, mayBeAbsent: boolean): readonly Refusal[] => {
  if (field?.seen || (field !== undefined && !field.seen && field.why === "absent" && mayBeAbsent)) return [];
  const why =
    field === undefined || field.seen ? "the probe did not say" : [field.why, field.detail].filter(Boolean).join(": ");
  return [refusal("E_BLIND", `could not look at ${name}: ${why}`, "see to it on the node, then run again")];
};

/** A directory that is not there holds no images; one that could not be listed may hold a download. */
const imagesInForce = (facts: Facts): Observed<unknown> | undefined => {
  const inForce = inForceOf(facts);
  const directory = inForce === undefined ? undefined : facts.directories[inForce];
  if (inForce === undefined) return { seen: false, why: "absent" };
  return directory?.seen ? directory.value.images : directory;
};

export const lockRefusal = ({ lock }: Facts, accepted: Pick<Accepted, "breakStaleLock">): readonly Refusal[] => {
  if (!lock.seen || (!lock.value.alive && accepted.breakStaleLock)) return [];
  const { run, user, controller, pid, since, alive } = lock.value;
  const who = `run ${run} by ${user} on ${controller} (pid ${pid}) since ${since}`;
  return alive
    ? [{ code: "E_LOCKED", message: `locked by ${who}`, try: "wait for that run to end" }]
    : [{ code: "E_LOCKED", message: `stale lock of ${who}`, try: "--break-stale-lock takes it over" }];
};

export const serviceRefusal = ({ service }: Facts): readonly Refusal[] => {
  if (!service.seen) return [];
  const { state, nextState } = service.value;
  if (nextState !== "none")
    return [
      {
        code: "E_SERVICE_STATE",
        message: `nova-compute is in transition (${state} to ${nextState})`,
        try: "run again when it has settled",
      },
    ];
  return state === "online" || state === "disabled"
    ? []
    : [
        {
          code: "E_SERVICE_STATE",
          message: `nova-compute is ${state}`,
          try: "svcs -x on the node tells why; mend that first",
        },
      ];
};

export const bootRefusal = (
  { bootEnvironments }: Facts,
  accepted: Pick<Accepted, "thisBootEnvironment">,
): readonly Refusal[] => {
  if (!bootEnvironments.seen || accepted.thisBootEnvironment) return [];
  const next = bootEnvironments.value.find((be) => be.onReboot);
  return next === undefined || next.active
    ? []
    : [
        {
          code: "E_PENDING_BOOT",
          message: `boot environment ${next.name} is active on reboot: what is changed now would vanish then`,
          try: "reboot the node first, or accept it with --this-boot-environment",
        },
      ];
};

export const confRefusal = ({ conf }: Facts): readonly Refusal[] => {
  if (!conf.seen)
    return conf.why === "absent" ? [refusal("E_CONF_ABSENT", "nova.conf is not there", "install or restore it")] : [];
  const { path, mode, owner, directoryOwner, parseError, inForce } = conf.value;
  if (!mode.startsWith("-"))
    return [refusal("E_CONF_LINK", `${path} is no regular file (${mode})`, "put a regular file there")];
  if (owner !== directoryOwner && directoryOwner !== "root")
    return [
      refusal("E_CONF_OWNER", `${path} belongs to ${owner}, its directory to ${directoryOwner}`, "give both one owner"),
    ];
  if (parseError !== undefined)
    return [
      refusal(
        "E_CONF_PARSE",
        `${path}:${parseError.line}: ${parseError.reason}`,
        "nova-compute would not start with it either: mend that line",
      ),
    ];
  return inForce.seen
    ? []
    : [
        refusal(
          "E_CONF_VALUE",
          `the value in force cannot be worked out: ${inForce.detail ?? inForce.why}`,
          "set glancecache_dirname to a plain path",
        ),
      ];
};

/**
 * A file changed by somebody else since nova-compute started: what runs is not what the file says, so nothing can be
 * said of it, and the next restart puts that change in force, whoever asks for it.
 */
const pendingRefusal = (facts: Facts, accepted: Accepted): readonly Refusal[] => {
  if (!isConfNewer(facts) || isRestartOwed(facts) || accepted.activatePending) return [];
  const changed = facts.conf.seen ? isoTime(facts.conf.value.mtime) : "?";
  const started = facts.service.seen ? isoTime(Number(facts.service.value.since)) : "?";
  return [
    refusal(
      "E_PENDING_FOREIGN_CHANGE",
      `nova.conf was changed at ${changed}, not by novasweep, and nova-compute runs since ${started}: it runs with another file than that`,
      "look what was changed and restart nova-compute yourself, or let novasweep do it with --activate-pending",
    ),
  ];
};

/** Deployments in flight: a restart of nova-compute now would end them. */
export const busyRefusal = (facts: Facts, desired: Pick<Desired, "cacheDir">): readonly Refusal[] => {
  const zones = facts.incompleteZones.seen ? facts.incompleteZones.value : [];
  const files = cachesToWatch(facts, desired).flatMap((dir) => {
    const directory = facts.directories[dir];
    const images = directory?.seen ? directory.value.images : undefined;
    return images?.seen ? images.value.busy.map((name) => `${dir}/${name}`) : [];
  });
  const hint = "run again when it is idle";
  return [
    ...(zones.length > 0 ? [refusal("E_BUSY", `a zone is being installed: ${some(zones)}`, hint)] : []),
    ...(files.length > 0 ? [refusal("E_BUSY", `an image is being downloaded: ${some(files)}`, hint)] : []),
  ];
};

/** The directory in force and the one that will be. */
const cachesToWatch = (facts: Facts, desired: Pick<Desired, "cacheDir">): readonly AbsPath[] => [
  ...new Set([inForceOf(facts), desired.cacheDir].filter((dir) => dir !== undefined)),
];
