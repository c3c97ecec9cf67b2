import type { Change, PurgeChange } from "./change.ts";
import { isInside } from "./desired.ts";
import type { HostName, Seconds } from "./ids.ts";
import type { Changing, Plan } from "./plan.ts";

/** Why a plan must not be carried out although the planner made it. */
export interface Objection {
  readonly host?: HostName;
  readonly message: string;
}

/**
 * A second opinion on a plan, with rules of its own: a bug of the planner is caught before it acts. Looks at the plan
 * alone, never at facts, and shares no code with `decide`. `hostTimeoutS` bounds what a host may take; `undoes`: it is the
 * plan of a rollback.
 */
export const checkPlan = (plan: Plan, hostTimeoutS: Seconds, undoes = false): readonly Objection[] => [
  ...wavesCover(plan),
  ...plan.hosts.flatMap((host) => (host.verdict === "change" ? hostObjections(host, { hostTimeoutS, undoes }) : [])),
];

const wavesCover = ({ hosts, waves }: Plan): readonly Objection[] => {
  const changing = new Set(hosts.flatMap((plan) => (plan.verdict === "change" ? [plan.host] : [])));
  const listed = waves.flat();
  const seen = new Set(listed);
  return [
    ...(seen.size === listed.length ? [] : [{ message: "a host is in two waves" }]),
    ...listed.filter((host) => !changing.has(host)).map((host) => ({ host, message: "in a wave without a change" })),
    ...[...changing]
      .filter((host) => !seen.has(host))
      .map((host) => ({ host, message: "to be changed, and in no wave" })),
    ...(waves.some((wave) => wave.length === 0) ? [{ message: "a wave is empty" }] : []),
  ];
};

interface Limits {
  readonly hostTimeoutS: Seconds;
  readonly undoes: boolean;
}

const hostObjections = ({ host, changes }: Changing, limits: Limits): readonly Objection[] =>
  [
    ...outOfOrder(changes, limits.undoes ? undoing : order),
    ...unprovedEdit(changes),
    ...changes.flatMap((change) => changeObjections(change, changes, limits)),
  ].map((message) => ({ host, message }));

/** The order in which changes are safe: nothing points at a place before the place is right. */
const order: readonly Change["kind"][] = [
  "dataset.create",
  "dataset.quota",
  "dataset.set",
  "directory.own",
  "cleaner.uninstall",
  "cleaner.install",
  "cleaner.package",
  "cleaner.configure",
  "cleaner.enable",
  "cleaner.disable",
  "cleaner.remove",
  "cache.migrate",
  "conf.set",
  "compute.restart",
  "legacy.remove",
  "cache.evict",
  "boot-environment.destroy",
];

/** The order that is safe the other way: a place is given up when nova-compute has left it. What is not here undoes nothing. */
const undoing: readonly Change["kind"][] = [
  "cleaner.uninstall",
  "cleaner.install",
  "cleaner.configure",
  "cleaner.enable",
  "cleaner.disable",
  "cleaner.remove",
  "dataset.quota",
  "dataset.set",
  "conf.restore",
  "compute.restart",
  "directory.own",
];

const outOfOrder = (changes: readonly Change[], safe: readonly Change["kind"][]): readonly string[] =>
  changes.flatMap(({ kind }, at) => {
    const before = changes[at - 1];
    if (!safe.includes(kind)) return [`${kind} has no place in it`];
    return before !== undefined && safe.indexOf(kind) < safe.indexOf(before.kind)
      ? [`${kind} comes after ${before.kind}`]
      : [];
  });

const unprovedEdit = (changes: readonly Change[]): readonly string[] => {
  const edits = changes.filter(({ kind }) => kind === "conf.set" || kind === "conf.restore").length;
  const restarts = changes.filter(({ kind }) => kind === "compute.restart").length;
  return [
    ...(edits > 1 ? ["nova.conf would be edited twice"] : []),
    ...(restarts > 1 ? ["nova-compute would be restarted twice"] : []),
  ];
};

const changeObjections = (
  change: Change,
  all: readonly Change[],
  { hostTimeoutS, undoes }: Limits,
): readonly string[] => {
  switch (change.kind) {
    case "dataset.create":
      return [...datasetName(change.dataset), ...positive("quota", change.quotaBytes)];
    case "dataset.quota":
      return [...datasetName(change.dataset), ...(undoes && change.to === 0 ? [] : positive("quota", change.to))];
    case "dataset.set":
      return datasetName(change.dataset);
    case "directory.own":
      return isPlainPath(change.path) && change.path.split("/").length > 2
        ? []
        : [`${change.path} is not a directory of ours to own`];
    case "cache.migrate":
      return [
        ...(isPlainPath(change.from) && isPlainPath(change.to)
          ? []
          : [`images cannot be copied from ${change.from} to ${change.to}`]),
        ...(all.some(({ kind }) => kind === "conf.set") ? [] : ["images would be copied for nothing"]),
      ];
    case "cleaner.package":
      return /^pkg:\/\/[A-Za-z0-9.-]+\/nova-cache-cleanup@[0-9.]+$/.test(change.fmri)
        ? []
        : [`${change.fmri} is not the cleaner's package`];
    case "cleaner.uninstall":
      return /^([A-Za-z0-9._+-]+\/)*nova-cache-cleanup$/.test(change.package)
        ? []
        : [`${change.package} is not the cleaner's package`];
    case "conf.set":
      return patchObjections(change, all);
    case "conf.restore":
      return restoreObjections(change);
    case "compute.restart":
      return change.timeoutS <= hostTimeoutS
        ? []
        : [`the restart may take ${change.timeoutS} s, more than --host-timeout ${hostTimeoutS} s`];
    case "legacy.remove":
    case "cache.evict":
    case "boot-environment.destroy":
      return purgeObjections(change, all);
    default:
      return [];
  }
};

/** What is taken out cannot be put back: nothing else goes on beside it, and every word of it is plain. */
const purgeObjections = (change: PurgeChange, all: readonly Change[]): readonly string[] => [
  ...(all.every(({ kind }) => kind === change.kind) ? [] : ["a purge does one thing at a time"]),
  ...(change.freed.leastBytes <= change.freed.mostBytes ? [] : ["what it frees is no range"]),
  ...(change.kind === "boot-environment.destroy" ? environmentObjections(change, all) : placeObjections(change)),
];

const placeObjections = (change: Exclude<PurgeChange, { kind: "boot-environment.destroy" }>): readonly string[] => {
  const places = change.kind === "legacy.remove" ? [change.path, change.real] : [change.directory];
  return [
    ...places
      .filter((path) => !isPlainPath(path) || path.split("/").length < 3)
      .map((path) => `${path} is not a directory files are taken from`),
    ...(/^[a-z_][a-z0-9._-]*$/.test(change.owner) ? [] : [`nobody of the name ${change.owner} can own a cache`]),
    ...(change.kind === "cache.evict" || /^[0-9]+$/.test(change.inode) ? [] : ["the directory's inode is not known"]),
    ...(change.files > 0 ? [] : ["it would take out nothing"]),
    ...(change.kind === "legacy.remove" && change.include.some((name) => !/^[A-Za-z0-9_.][A-Za-z0-9_.-]*$/.test(name))
      ? ["a name that goes into no command"]
      : []),
  ];
};

const environmentObjections = (
  change: Extract<PurgeChange, { kind: "boot-environment.destroy" }>,
  all: readonly Change[],
): readonly string[] => [
  ...(/^[A-Za-z0-9][A-Za-z0-9._:-]*$/.test(change.name) ? [] : [`${change.name} goes into no command`]),
  ...(change.keep >= 2 ? [] : [`${change.keep} boot environments would remain`]),
  ...(all.filter((other) => other.kind === change.kind && other.name === change.name).length === 1
    ? []
    : [`${change.name} would be destroyed twice`]),
];

const datasetName = (name: string): readonly string[] =>
  /^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9._-]+)+$/.test(name) && !/^[^/]+\/ROOT(\/|$)/.test(name)
    ? []
    : [`${name} is no dataset a quota belongs on`];

const positive = (what: string, value: number): readonly string[] =>
  Number.isSafeInteger(value) && value > 0 ? [] : [`${what} ${value} is not a positive number of bytes`];

const isPlainPath = (path: string): boolean => /^(\/[A-Za-z0-9._-]+)+$/.test(path) && !/\/\.\.?(\/|$)/.test(path);

const patchObjections = (change: Extract<Change, { kind: "conf.set" }>, all: readonly Change[]): readonly string[] => {
  const { to, patch, key } = change;
  const made = all.find((other) => other.kind === "dataset.create");
  return [
    ...(isPlainPath(to) ? [] : [`${to} is not a plain absolute path`]),
    ...(made?.kind === "dataset.create" && !isInside(to, made.mountpoint)
      ? [`${to} does not lie on ${made.dataset}`]
      : []),
    ...(patch.before === patch.after ? ["the edit of nova.conf changes nothing"] : []),
    ...(patch.offset >= 0 && patch.length >= 0 ? [] : ["the edit of nova.conf has no place"]),
    ...(setsKey(patch.newLine, key, to) ? [] : [`the new line does not set ${key} to ${to}`]),
  ];
};

/** Its words go into a command. */
const restoreObjections = (change: Extract<Change, { kind: "conf.restore" }>): readonly string[] => [
  ...(isPlainPath(change.path) ? [] : [`${change.path} is not a plain absolute path`]),
  ...(change.from === change.to ? ["putting nova.conf back changes nothing"] : []),
  ...([change.from, change.to].every((digest) => /^[0-9a-f]{64}$/.test(digest)) ? [] : ["nova.conf has no digest"]),
  ...(/^[0-9]{8}-[0-9]{6}-[0-9a-f]{6}$/.test(change.run) ? [] : [`${change.run} is no run`]),
];

/** A new section brings its header along; the line that counts is the last. */
const setsKey = (text: string, key: string, to: string): boolean => {
  const line = text.trimEnd().split("\n").at(-1) ?? "";
  return line.startsWith(key) && line.endsWith(to);
};
