/** How a host ended, from what its script said of its end. */
import type { Failure, FailureCode, Refusal } from "../domain/outcome.ts";
import type { Ending } from "./job.ts";
import type { StepWatch } from "./step-watch.ts";

/** What a step finds when another hand was there since the plan was made: nothing of it was done. */
const preconditions: readonly FailureCode[] = [
  "E_STALE",
  "E_BUSY",
  "E_LOCKED",
  "E_CONF_LINK",
  "E_CONF_OWNER",
  "E_PATH_LINK",
  "E_OVERLAP",
  "E_QUOTA_BELOW_USE",
  "E_PACKAGED",
];

/** How a host ended whose script ended with this. */
export const endingOf = (wrong: Failure, watch: StepWatch): Ending =>
  preconditions.includes(wrong.code) && watch.restored === undefined && !watch.leftEdit
    ? refused(wrong, watch)
    : failed(wrong, watch);

export const refused = (refusal: Refusal, watch: StepWatch): Ending => ({
  outcome: "refused",
  refusals: [refusal],
  ...(watch.done > 0 ? { note: doneWords(watch) } : {}),
});

const doneWords = ({ done, of, plan }: StepWatch): string =>
  plan.changes.some(({ kind }) => kind === "conf.set" || kind === "conf.restore")
    ? "what comes before nova.conf is done, the configuration waits"
    : `${done} of ${of} steps are done`;

export const failed = (failure: Failure, watch: StepWatch): Ending => ({
  outcome: "failed",
  failure,
  ...(watch.restored === undefined
    ? {}
    : { note: watch.restored === "ok" ? "restored" : `not restored: ${watch.restoreWords}` }),
});
