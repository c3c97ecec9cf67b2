import { assess } from "../domain/decide.ts";
import type { Facts } from "../domain/facts.ts";
import type { Host } from "../domain/host.ts";
import { snapshotsWords } from "../domain/notes.ts";
import type { Failure, Outcome, Refusal } from "../domain/outcome.ts";
import type { Drift } from "../domain/plan.ts";
import type { RunContext } from "./context.ts";

/** How one host ended, with the reasons. */
export interface Ending {
  readonly outcome: Outcome;
  readonly failure?: Failure;
  readonly refusals?: readonly Refusal[];
  readonly drift?: readonly Drift[];
  readonly note?: string;
}

/** From facts alone: changed when nothing drifts and nova-compute is as it should be. */
export const proved = (context: RunContext, host: Host, facts: Facts): Ending => {
  const { payload } = context.cleanerFiles(host.settings);
  const { drift, mended, desired } = assess(facts, host.settings, payload, context.accepted);
  const state = facts.service.seen ? facts.service.value.state : "not to be seen";
  const moving = facts.service.seen && facts.service.value.nextState !== "none";
  if (!mended || moving || (state !== "online" && state !== "disabled"))
    return {
      outcome: "failed",
      drift,
      failure: {
        code: "E_NOT_CONVERGED",
        message:
          drift.length > 0
            ? `still drifts: ${drift.map(({ aspect }) => aspect).join(", ")}`
            : `nova-compute is ${state}${moving ? " and in transition" : ""}`,
        try: "look at the node, then run again",
      },
    };
  const left = drift.length > 0 && desired !== undefined ? [snapshotsWords(facts, desired.dataset)] : [];
  const note = [...(state === "disabled" ? ["takes effect when enabled"] : []), ...left].join("; ");
  return { outcome: "changed", ...(note === "" ? {} : { note }) };
};
