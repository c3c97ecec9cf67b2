import type { Host } from "../domain/host.ts";
import type { HostPlan } from "../domain/plan.ts";
import type { RunContext } from "./context.ts";
import type { Ending } from "./job.ts";
import type { Survey } from "./survey.ts";

/** One host's verdict from what was seen of it, or from why nothing was. */
export const decideFrom = ({ job }: RunContext, host: Host, survey: Survey): HostPlan => {
  if (survey.kind === "unreachable") return { verdict: "unreachable", host: host.name, failure: survey.failure };
  if (survey.kind === "refused") return { verdict: "refuse", host: host.name, drift: [], refusals: [survey.refusal] };
  return job.decide(host, survey);
};

/** What is settled without acting: in sync, refused, unreachable. */
export const settleUnchanged = (
  ledger: { settle(host: Host, ending: Ending, appliedMs: number): void },
  host: Host,
  plan: HostPlan,
): void => {
  if (plan.verdict === "in-sync") ledger.settle(host, { outcome: "in-sync", ...noteOf(plan.notes) }, 0);
  if (plan.verdict === "refuse")
    ledger.settle(host, { outcome: "refused", refusals: plan.refusals, drift: plan.drift }, 0);
  if (plan.verdict === "unreachable") ledger.settle(host, { outcome: "unreachable", failure: plan.failure }, 0);
};

const noteOf = (notes: readonly string[]): { readonly note?: string } =>
  notes.length === 0 ? {} : { note: notes.join("; ") };
