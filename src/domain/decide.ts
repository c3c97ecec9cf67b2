import type { Change, Patch } from "./change.ts";
import { cleanerFmri, type Desired, desire, inForceOf, type Payload } from "./desired.ts";
import { drift, isAbsent } from "./drift.ts";
import type { Facts, ServiceFacts } from "./facts.ts";
import type { HostName, Seconds } from "./ids.ts";
import { drainedNote, notes, snapshotsWords } from "./notes.ts";
import type { Outcome, Refusal } from "./outcome.ts";
import { type Aspect, type Drift, type HostPlan, leftToOperator } from "./plan.ts";
import { type Accepted, busyRefusal, refusals, unsupported } from "./refusals.ts";
import { isNonEmpty, type Result } from "./result.ts";
import type { Settings } from "./settings.ts";

/** What a decision rests on besides the facts. */
export interface Question {
  readonly host: HostName;
  readonly settings: Settings;
  readonly payload: Payload;
  readonly accepted: Accepted;
  /** How long copying the images of the old cache may take; 0: none is copied. */
  readonly migrateS: Seconds;
  readonly soakS: Seconds;
  /** The edit that puts `desired.cacheDir` in force; undefined: the node did not send its file. Pure over the bytes it holds. */
  readonly edit: (desired: Desired) => Result<Patch, Refusal> | undefined;
}

/** How a host stands, without a plan: what `status` prints. */
export interface Assessment {
  readonly outcome: Extract<Outcome, "in-sync" | "drifted" | "refused">;
  readonly drift: readonly Drift[];
  readonly refusals: readonly Refusal[];
  readonly desired?: Desired;
  /** Nothing is left that a rollout could mend; a person may still have something to do. */
  readonly mended: boolean;
}

/** Looks at one host and says how it drifts and what would keep a rollout from mending it. */
export const assess = (facts: Facts, settings: Settings, payload: Payload, accepted: Accepted): Assessment => {
  const no = unsupported(facts, settings);
  if (no !== undefined) return { outcome: "refused", drift: [], refusals: [no], mended: false };
  const desired = desire(facts, settings, payload);
  // What could not be worked out is not in sync: the refusal says why.
  if (!desired.ok) return { outcome: "drifted", drift: [], refusals: [desired.error], mended: false };
  const found = drift(facts, desired.value);
  const why = refusals(facts, desired.value, accepted);
  // What was not seen, or does not run, is not in sync, whatever the files say.
  const doubtful = why.some(
    ({ code }) => code === "E_BLIND" || code === "E_SERVICE_STATE" || code.startsWith("E_CONF_"),
  );
  return {
    outcome: found.length === 0 && !doubtful ? "in-sync" : "drifted",
    drift: found,
    refusals: why,
    desired: desired.value,
    mended: !doubtful && found.every(({ aspect }) => leftToOperator.has(aspect)),
  };
};

/** One host's verdict: in sync, these changes in this order, or refused for these reasons. */
export const decide = (facts: Facts, question: Question): HostPlan => {
  const { host } = question;
  const {
    outcome,
    drift: found,
    refusals: why,
    desired,
  } = assess(facts, question.settings, question.payload, question.accepted);
  if (outcome === "in-sync") return { verdict: "in-sync", host, notes: drainedNote(facts) };
  if (isNonEmpty(why)) return { verdict: "refuse", host, drift: found, refusals: why };
  if (desired === undefined) throw new Error(`${host}: drifted, not refused, and nothing desired`);
  const changes = changesFor(facts, desired, found, question);
  if (!changes.ok) return { verdict: "refuse", host, drift: found, refusals: [changes.error] };
  if (!isNonEmpty(changes.value))
    return { verdict: "refuse", host, drift: found, refusals: [toOperator(facts, desired, found)] };
  return {
    verdict: "change",
    host,
    basis: facts.at,
    drift: found,
    changes: changes.value,
    notes: [...busyNotes(facts, desired, question.accepted), ...notes(facts, desired, found)],
  };
};

const busyNotes = (facts: Facts, desired: Desired, { waitIdleS }: Accepted): readonly string[] =>
  waitIdleS === 0
    ? []
    : busyRefusal(facts, desired).map(({ message }) => `${message}: waited for, ${waitIdleS} s at most`);

/** What nobody but a person may mend; any other drift without a change is a bug of ours. */
const toOperator = (facts: Facts, { dataset }: Desired, found: readonly Drift[]): Refusal => {
  const ours = found.filter(({ aspect }) => !leftToOperator.has(aspect));
  if (ours.length > 0) throw new Error(`no change mends ${ours.map(({ aspect }) => aspect).join(", ")}`);
  return {
    code: "E_SNAPSHOTS",
    message: snapshotsWords(facts, dataset),
    try: `zfs list -r -t snapshot ${dataset} names them: destroy those nobody needs`,
  };
};

const changesFor = (
  facts: Facts,
  desired: Desired,
  found: readonly Drift[],
  question: Question,
): Result<readonly Change[], Refusal> => {
  const drifts = (aspect: Aspect): boolean => found.some((one) => one.aspect === aspect);
  const conf = drifts("conf") ? confChange(facts, desired, question) : undefined;
  if (conf !== undefined && !conf.ok) return conf;
  return {
    ok: true,
    value: [
      ...datasetChanges(facts, desired, drifts),
      ...cleanerChanges(facts, desired, drifts),
      ...(conf === undefined ? [] : migrateChange(facts, desired, question.migrateS)),
      ...(conf === undefined ? [] : [conf.value]),
      ...restartChange(facts, conf !== undefined, drifts, question.soakS, desired),
    ],
  };
};

const datasetChanges = (facts: Facts, desired: Desired, drifts: (aspect: Aspect) => boolean): readonly Change[] => {
  const { dataset, mountpoint, quotaBytes, cacheDir, settings } = desired;
  const present = facts.datasets[dataset];
  const own = (path: string): Change => ({
    kind: "directory.own",
    path,
    dataset,
    owner: settings.cacheOwner,
    group: settings.cacheGroup,
    mode: settings.cacheMode,
  });
  // A dataset that is made now hides whatever directories were seen at its mountpoint: both are put right after it.
  const made = drifts("dataset");
  return [
    ...(made ? [{ kind: "dataset.create", dataset, mountpoint, quotaBytes } as const] : []),
    ...(drifts("quota") && present?.seen
      ? [{ kind: "dataset.quota", dataset, from: present.value.quotaBytes, to: quotaBytes } as const]
      : []),
    ...(drifts("canmount") && present?.seen
      ? [{ kind: "dataset.set", dataset, property: "canmount", from: present.value.canmount, to: "on" } as const]
      : []),
    ...(drifts("auto-snapshot") && present?.seen ? [autoSnapshotChange(dataset, present.value.autoSnapshot)] : []),
    ...(made || drifts("owner") ? [...new Set([mountpoint, cacheDir])].map(own) : []),
  ];
};

const autoSnapshotChange = (dataset: string, from: string): Change => ({
  kind: "dataset.set",
  dataset,
  property: "com.sun:auto-snapshot",
  from,
  to: "false",
});

const cleanerChanges = (facts: Facts, desired: Desired, drifts: (aspect: Aspect) => boolean): readonly Change[] => {
  const { settings, cleanerProperties: properties } = desired;
  const uninstalls = drifts("cleaner-package") ? uninstallChange(facts, desired) : [];
  if (settings.cleaner === "absent")
    return drifts("cleaner") || uninstalls.length > 0 ? [...uninstalls, { kind: "cleaner.remove" }] : [];
  const installs = drifts("cleaner") || drifts("cleaner-package") || drifts("cleaner-files");
  const configures = installs || drifts("cleaner-properties");
  // Who takes a package away stops what it runs.
  const mends = settings.cleanerDelivery === "ips" && drifts("cleaner-files");
  // Of an install that was cut short the files may be there and the service not: it comes to be disabled.
  const comes = installs && isAbsent(facts.cleaner);
  const settles = comes || drifts("cleaner-state") || uninstalls.length > 0 || mends;
  return [
    ...uninstalls,
    ...(installs ? [installChange(desired)] : []),
    ...(configures ? [{ kind: "cleaner.configure", properties } as const] : []),
    ...(settles && settings.cleaner === "present" ? [{ kind: "cleaner.enable" } as const] : []),
    ...(settles && settings.cleaner === "disabled" && facts.cleaner.seen ? [{ kind: "cleaner.disable" } as const] : []),
  ];
};

/** A package that shall not be there; one of another version is updated in place. */
const uninstallChange = ({ nova }: Facts, { settings }: Desired): readonly Change[] => {
  const found = nova.seen ? nova.value.cleanerPackage : undefined;
  if (!found?.seen || (settings.cleanerDelivery === "ips" && settings.cleaner !== "absent")) return [];
  return [{ kind: "cleaner.uninstall", package: found.value.name, version: found.value.version }];
};

const installChange = (desired: Desired): Change => {
  const { method, manifest } = desired.payload;
  const { cleanerDelivery, cleanerOrigin: origin } = desired.settings;
  if (cleanerDelivery === "files") return { kind: "cleaner.install", method, manifest };
  return {
    kind: "cleaner.package",
    fmri: cleanerFmri(desired),
    ...(origin === undefined ? {} : { origin }),
    method,
    manifest,
  };
};

/** Only a cache that is given up now: one that was given up before is not warm any more. */
const migrateChange = (facts: Facts, desired: Desired, timeoutS: Seconds): readonly Change[] => {
  const from = inForceOf(facts);
  const directory = from === undefined ? undefined : facts.directories[from];
  const images = directory?.seen ? directory.value.images : undefined;
  if (timeoutS === 0 || from === undefined || !images?.seen || images.value.count === 0) return [];
  const { cacheDir: to, dataset, quotaBytes, settings } = desired;
  return [
    {
      kind: "cache.migrate",
      from,
      to,
      owner: settings.cacheOwner,
      dataset,
      quotaBytes,
      headroomBytes: settings.cacheHeadroomBytes,
      timeoutS,
    },
  ];
};

const confChange = (facts: Facts, desired: Desired, { edit }: Question): Result<Change, Refusal> => {
  const patch = edit(desired);
  if (patch === undefined)
    return {
      ok: false,
      error: {
        code: "E_CONF_VALUE",
        message: `${inForceOf(facts) ?? "nothing"} is in force, and the node did not send its nova.conf`,
        try: "run again; if it stays, report it with the journal",
      },
    };
  if (!patch.ok) return patch;
  const { novaConf: path } = desired.settings;
  return {
    ok: true,
    value: {
      kind: "conf.set",
      path,
      section: desired.section,
      key: "glancecache_dirname",
      to: desired.cacheDir,
      patch: patch.value,
    },
  };
};

/** Slack on top of the methods' own timeouts, and the least a restart is given: SMF may retry a start. */
export const RESTART_SLACK_S: Seconds = 60;
export const RESTART_LEAST_S: Seconds = 240;

const restartChange = (
  facts: Facts,
  edits: boolean,
  drifts: (aspect: Aspect) => boolean,
  soakS: Seconds,
  { settings }: Desired,
): readonly Change[] => {
  if (!facts.service.seen) return [];
  // Disabled on purpose: nobody but the operator starts it; it reads the file when it is enabled.
  if (facts.service.value.state === "disabled" || !(edits || drifts("restart"))) return [];
  return [restartOf(facts.service.value, settings.novaService, edits ? "edit" : "owed", soakS)];
};

/** A restart of nova-compute, with the time that its methods may take. */
export const restartOf = (
  { startTimeoutS, stopTimeoutS }: ServiceFacts,
  service: string,
  because: "edit" | "owed",
  soakS: Seconds,
): Change => {
  const timeoutS = Math.max(RESTART_LEAST_S, startTimeoutS + stopTimeoutS + soakS + RESTART_SLACK_S);
  return { kind: "compute.restart", service, because, timeoutS, soakS };
};
