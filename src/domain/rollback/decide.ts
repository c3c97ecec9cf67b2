import { type Change, mayBreakCompute } from "../change.ts";
import { restartOf } from "../decide.ts";
import { inForceOf, type Payload } from "../desired.ts";
import { isConfNewer, isRestartOwed } from "../drift.ts";
import type { Facts } from "../facts.ts";
import type { HostName, Seconds } from "../ids.ts";
import { drainedNote } from "../notes.ts";
import type { Refusal } from "../outcome.ts";
import type { HostPlan } from "../plan.ts";
import {
  type Accepted,
  bootRefusal,
  busyRefusal,
  cleanerNeeds,
  lockRefusal,
  nodeNeeds,
  serviceRefusal,
  unseenOf,
  unsupported,
} from "../refusals.ts";
import { isNonEmpty } from "../result.ts";
import type { Settings } from "../settings.ts";
import { cleanerPart } from "./cleaner.ts";
import { confPart } from "./conf.ts";
import { datasetPart, directoryPart } from "./dataset.ts";
import { joined, type Part, type Touched } from "./touched.ts";

/** What a decision rests on besides the facts. */
export interface RollbackQuestion {
  readonly host: HostName;
  readonly settings: Settings;
  readonly touched: Touched;
  /** Files of the cleaner that we have. */
  readonly payload: Payload;
  readonly accepted: Pick<Accepted, "thisBootEnvironment" | "breakStaleLock">;
  readonly soakS: Seconds;
}

/**
 * One host's verdict: as it was before the run, these changes in this order, or refused. Only what is still as the run
 * left it goes back; a host with anything that is neither so nor as it was is left alone as a whole.
 */
export const decideRollback = (facts: Facts, question: RollbackQuestion): HostPlan => {
  const { host, settings, touched, payload } = question;
  const refuse = (refusals: readonly Refusal[], drift: Part["drift"] = []): HostPlan | undefined =>
    isNonEmpty(refusals) ? { verdict: "refuse", host, drift, refusals } : undefined;
  const no = unsupported(facts, { ...settings, cleaner: "absent" });
  const unable = refuse(no === undefined ? blindness(facts, touched) : [no]);
  if (unable !== undefined) return unable;
  // As in a rollout nova.conf comes behind what cannot break nova-compute. Owner and mode of directories come last: with
  // those of before nova may be unable to write to the cache that it is about to leave.
  const parts = joined([
    cleanerPart(touched, facts, payload),
    datasetPart(touched, facts),
    confPart(touched, facts),
    directoryPart(touched, facts),
  ]);
  const stale = refuse(parts.refusals, parts.drift);
  if (stale !== undefined) return stale;
  const changes = withRestart(parts.changes, facts, question);
  if (!isNonEmpty(changes)) return { verdict: "in-sync", host, notes: [...drainedNote(facts), ...parts.left] };
  const drift = parts.drift.length > 0 ? parts.drift : [owedDrift];
  return (
    refuse(standInTheWay(facts, question, changes), drift) ?? {
      verdict: "change",
      host,
      basis: facts.at,
      drift,
      changes,
      notes: [...drainedNote(facts), ...parts.left],
    }
  );
};

const owedDrift = {
  aspect: "restart",
  have: "nova-compute started before nova.conf was put back",
  want: "nova-compute started after nova.conf was put back",
} as const;

/** Behind the file that was put back, and where one of ours is owed. Disabled on purpose: whoever enables it starts it with that file. */
const withRestart = (
  changes: readonly Change[],
  facts: Facts,
  { settings, soakS }: RollbackQuestion,
): readonly Change[] => {
  const { service } = facts;
  const restores = changes.findIndex(({ kind }) => kind === "conf.restore");
  const owed = isRestartOwed(facts) && isConfNewer(facts);
  if (!service.seen || service.value.state === "disabled" || !(restores >= 0 || owed)) return changes;
  const restart = restartOf(service.value, settings.novaService, restores >= 0 ? "edit" : "owed", soakS);
  const owning = changes.findIndex(({ kind }) => kind === "directory.own");
  const at = owning < 0 ? changes.length : owning;
  return changes.toSpliced(at, 0, restart);
};

/** Reasons that are no fault of what the run did there. */
const standInTheWay = (
  facts: Facts,
  { accepted, touched }: RollbackQuestion,
  changes: readonly Change[],
): readonly Refusal[] => [
  ...lockRefusal(facts, accepted),
  ...serviceRefusal(facts),
  ...bootRefusal(facts, accepted),
  ...(changes.some(mayBreakCompute) ? busyRefusal(facts, { cacheDir: cacheThen(facts, touched) }) : []),
];

/** Where images will go again. */
export const cacheThen = (facts: Facts, { before }: Touched): string =>
  inForceOf(before) ?? inForceOf(facts) ?? "/nonexistent";

/** Whatever the parts look at must have been seen. */
const blindness = (facts: Facts, { changes }: Touched): readonly Refusal[] => {
  const datasets = new Set(changes.flatMap((change) => ("dataset" in change ? [change.dataset] : [])));
  const owned = changes.flatMap((change) => (change.kind === "directory.own" ? [change.path] : []));
  return unseenOf([
    ...nodeNeeds(facts),
    ["nova.conf", facts.conf, true],
    ...[...datasets].map((name) => [`dataset ${name}`, facts.datasets[name], true] as const),
    ...owned.map((path) => [path, facts.directories[path], true] as const),
    ...cleanerNeeds(facts),
  ]);
};
