import { inForceOf } from "../domain/desired.ts";
import type { Facts } from "../domain/facts.ts";
import type { Host } from "../domain/host.ts";
import type { HostPlan } from "../domain/plan.ts";
import type { PurgeAsked } from "../domain/purge/asked.ts";
import { decidePurge } from "../domain/purge/decide.ts";
import type { Accepted } from "../domain/refusals.ts";
import { purgeLookScript, purgeScript } from "../remote/purge-script.ts";
import type { Deadlines } from "./context.ts";
import type { Ending, Job } from "./job.ts";
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
    proved: (host, facts) => proved(decided(host, facts)),
  };
};

const standing = (plan: HostPlan): Ending => {
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

/** Gone is what a new look does not find. What came to be, or to be free, meanwhile is the next purge's. */
const proved = (plan: HostPlan): Ending => {
  switch (plan.verdict) {
    case "in-sync":
      return { outcome: "changed", ...(plan.notes.length === 0 ? {} : { note: plan.notes.join("; ") }) };
    case "change":
    case "refuse":
      return {
        outcome: "failed",
        drift: plan.drift,
        failure: {
          code: "E_NOT_CONVERGED",
          message:
            plan.verdict === "refuse"
              ? plan.refusals.map(({ message }) => message).join("; ")
              : `still there: ${plan.drift.map(({ have }) => have).join(", ")}`,
          try: "look at the node, then run again",
        },
      };
    case "unreachable":
      return { outcome: "unreachable", failure: plan.failure };
  }
};
