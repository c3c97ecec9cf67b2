import { isPurge, type PurgeChange, purgeTarget } from "../domain/change.ts";
import { inForceOf } from "../domain/desired.ts";
import type { Purged } from "../domain/event.ts";
import type { Facts } from "../domain/facts.ts";
import type { Host } from "../domain/host.ts";
import type { HostPlan } from "../domain/plan.ts";
import type { PurgeAsked } from "../domain/purge/asked.ts";
import { decidePurge } from "../domain/purge/decide.ts";
import type { Accepted } from "../domain/refusals.ts";
import { purgeLookScript, purgeScript } from "../remote/purge-script.ts";
import type { Deadlines } from "./context.ts";
import type { Done, Ending, Job } from "./job.ts";
import { expectations } from "./rollout-job.ts";

/** What a purge was told on the command line. */
export interface PurgeOptions {
  readonly asked: PurgeAsked;
  readonly accepted: Pick<Accepted, "thisBootEnvironment" | "breakStaleLock">;
  readonly deadlines: Deadlines;
}

/** The job of `purge`. */
export const purgeJob = ({ asked, accepted, deadlines }: PurgeOptions): Job => {
  const decided = ({ name: host, settings }: Host, facts: Facts): HostPlan =>
    decidePurge(facts, { host, settings, asked, accepted });
  return {
    look: ({ settings }, ids) => purgeLookScript(ids, settings, asked),
    stands: (host, facts) => standing(decided(host, facts)),
    decide: (host, { facts }) => decided(host, facts),
    carryOut: ({ settings }, plan, basis, ids) =>
      purgeScript(
        {
          ...ids,
          settings,
          cacheDir: inForceOf(basis) ?? "/nonexistent",
          // A boot environment goes whatever nova-compute is at, and a full disk may have brought it down.
          expect: { ...expectations(basis), ...(asked.subject === "legacy" ? {} : { serviceState: "-" }) },
          hostTimeoutS: deadlines.hostS,
          stepTimeoutS: deadlines.stepS,
          breakLock: accepted.breakStaleLock,
        },
        asked,
        plan.changes,
      ),
    proved: (_host, facts, done) => proved(facts, done),
  };
};

/** How a host stands by its verdict. */
export const standing = (plan: HostPlan): Ending => {
  switch (plan.verdict) {
    case "in-sync":
      return { outcome: "in-sync" };
    case "change":
      return { outcome: "drifted", drift: plan.drift };
    case "refuse":
      return { outcome: "refused", refusals: plan.refusals, drift: plan.drift };
    case "unreachable":
      return { outcome: "unreachable", failure: plan.failure };
  }
};

/**
 * Gone is what the script says it took out and a new look does not find. What came to be, or to be free, meanwhile is the
 * next purge's.
 */
const proved = (facts: Facts, { plan, purged }: Done): Ending => {
  const doubts = plan.changes.filter(isPurge).flatMap((change) => doubtOf(facts, change, purged));
  if (doubts.length > 0)
    return {
      outcome: "failed",
      failure: { code: "E_NOT_CONVERGED", message: doubts.join("; "), try: "look at the node, then run again" },
    };
  const notes = plan.changes.filter(isPurge).flatMap((change) => leftOf(change, purged));
  return { outcome: "changed", ...(notes.length === 0 ? {} : { note: notes.join("; ") }) };
};

/** How many files went, as all scripts of the run say together; undefined: none said it. */
const saidOf = (change: PurgeChange, purged: readonly Purged[]): Pick<Purged, "files"> | undefined => {
  const parts = purged.filter((one) => one.change === change.kind && one.target === purgeTarget(change));
  return parts.length === 0 ? undefined : { files: parts.reduce((sum, { files }) => sum + files, 0) };
};

/** Why a step of a purge did not do its part, as far as can be seen. */
const doubtOf = (facts: Facts, change: PurgeChange, purged: readonly Purged[]): readonly string[] => {
  const target = purgeTarget(change);
  if (change.kind === "boot-environment.destroy") {
    const all = facts.bootEnvironments;
    if (!all.seen) return [`whether ${target} is gone cannot be seen`];
    return all.value.some(({ name, uuid }) => name === change.name && uuid === change.uuid)
      ? [`${target} is still there`]
      : [];
  }
  const said = saidOf(change, purged);
  if (said !== undefined) return said.files > 0 ? [] : [`nothing went from ${target}`];
  const place = facts.purge?.places[target];
  if (!place?.seen || change.kind === "cache.evict") return [`what went from ${target} is not known`];
  const { images, markers, included } = place.value;
  const left = images.count + markers.count + included.count;
  return left < change.files ? [] : [`${left} files are still in ${target}`];
};

const leftOf = (change: PurgeChange, purged: readonly Purged[]): readonly string[] => {
  const said = saidOf(change, purged);
  if (change.kind === "boot-environment.destroy" || said === undefined || said.files >= change.files) return [];
  return [`${said.files} of ${change.files} files went from ${purgeTarget(change)}`];
};
