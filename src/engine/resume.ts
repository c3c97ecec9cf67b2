import type { Facts } from "../domain/facts.ts";
import { follow } from "../domain/follow.ts";
import type { Host } from "../domain/host.ts";
import { rowOf } from "../domain/host-table.ts";
import type { HostName } from "../domain/ids.ts";
import { countAll, countLeft } from "../domain/numbering.ts";
import type { Failure } from "../domain/outcome.ts";
import { type Changing, changingOf, type HostPlan, type Plan } from "../domain/plan.ts";
import type { RunState } from "../domain/run-state.ts";
import { isBad } from "../domain/tally.ts";
import type { Spent } from "./budget.ts";
import type { RunContext } from "./context.ts";
import { endingOf, failed } from "./ending.ts";
import { surveyAll, unsafe } from "./fleet.ts";
import type { Ending } from "./job.ts";
import { Ledger, type RunResult } from "./ledger.ts";
import { freed, LEFT_LOCK, ownLock } from "./own-lock.ts";
import { decideFrom, settleUnchanged } from "./settle.ts";
import { StepWatch } from "./step-watch.ts";
import { type Survey, surveyHost } from "./survey.ts";
import { carryOut } from "./waves.ts";

/** Between two looks at a host whose script of ours still runs. */
const LOOK_AGAIN_MS = 2_000;

/** A run that was cut short, as its journal tells it: its plan was accepted and not all of its hosts have settled. */
export interface Past {
  readonly state: RunState;
  readonly plan: Plan;
}

/**
 * Goes on with a run that was cut short: looks again at every host of its plan that has not settled, and carries out
 * what is left of what was accepted for it, in the same waves, with what is left of the same budget. Nothing of the
 * journal is believed but that: facts decide.
 */
export const resume = async (context: RunContext, past: Past): Promise<RunResult> => {
  const { emitter, by, version } = context;
  const ledger = new Ledger(context, past.state);
  emitter.emit({ type: "run.resumed", by, version });
  const promised = changingOf(past.plan);
  const left = new Map<HostName, HostPlan>();
  const known = new Map(context.hosts.map((host) => [host.name, host]));
  settleForgotten(ledger, past, known);
  const open = openHosts(past).flatMap((name) => known.get(name) ?? []);
  await surveyAll(
    context,
    open,
    ledger,
    (host, survey) => takeUp(context, { promised, state: past.state }, ledger, left, host, survey),
    (looking, host, signal) => lookWhenIdle(looking, host, signal, rowOf(past.state.hosts, host.name)?.script),
  );
  const plan = remaining(past.plan, left);
  ledger.stopped ??= unsafe({ ...plan, waves: plan.waves.filter((wave) => wave.length > 0) }, context);
  if (ledger.stopped === undefined) {
    ledger.stopped = await carryOut(context, plan, ledger, spentBy(past, ledger));
    await emitter.durable();
  }
  return ledger.end();
};

/** Hosts of the plan that were to be changed and have not settled, in its order. */
export const openHosts = ({ plan, state }: Past): readonly HostName[] =>
  plan.hosts.flatMap(({ verdict, host }) =>
    verdict === "change" && rowOf(state.hosts, host)?.outcome === undefined ? [host] : [],
  );

/** A host that the inventory does not have any more cannot be reached, and must not be forgotten. */
const settleForgotten = (ledger: Ledger, past: Past, known: ReadonlyMap<HostName, Host>): void => {
  for (const name of openHosts(past))
    if (!known.has(name))
      ledger.settle(
        { name },
        {
          outcome: "unreachable",
          failure: {
            code: "E_RESOLVE",
            message: "the inventory does not have it any more",
            try: "name it in the inventory",
          },
        },
      );
};

/** A script of this run may still be at work there: it is waited for, as after a broken line. */
const lookWhenIdle: typeof surveyHost = async (context, host, signal, script) => {
  const until = context.elapsed() + context.deadlines.hostS * 1000;
  for (;;) {
    const survey = await surveyHost(context, host, signal, script);
    const lock = ownLock(context, survey);
    const isOver = lock === "none" || lock === "dead";
    if (isOver || context.elapsed() > until || signal.aborted) return survey;
    await context.pause(LOOK_AGAIN_MS, signal);
  }
};

const takeUp = (
  context: RunContext,
  { promised, state }: { readonly promised: ReadonlyMap<HostName, Changing>; readonly state: RunState },
  ledger: Ledger,
  left: Map<HostName, HostPlan>,
  host: Host,
  survey: Survey,
): void => {
  const planned = promised.get(host.name);
  if (planned === undefined) throw new Error(`${host.name}: not settled, and not planned`);
  const lock = ownLock(context, survey);
  const now = follow(planned, decideFrom(context, host, freed(context, survey)));
  const row = rowOf(state.hosts, host.name);
  const watch = new StepWatch(context, host, planned, countAll(planned), row && { said: row.said, purged: row.purged });
  // What its script said to nobody is on record before anything rests on it.
  if (survey.kind === "facts" && row?.begun === true) watch.collect(survey.result);
  const ended = endOf(lock, row?.begun === true, watch);
  if (ended !== undefined) {
    ledger.settle(host, ended);
  } else if (now.verdict === "change" && survey.kind === "facts") {
    ledger.basis.set(host.name, survey.facts);
    ledger.numbering.set(host.name, countLeft(planned, countAll(planned), now));
    left.set(host.name, now);
    context.emitter.emit({ type: "host.phase", host: host.name, phase: "planned" });
  } else if (now.verdict === "in-sync" && row?.begun === true && survey.kind === "facts") {
    ledger.settle(host, found(context, host, survey.facts, watch, lock === "dead" ? LEFT_LOCK : undefined));
  } else if (now.verdict === "refuse" && row?.begun === true && isDown(now)) {
    ledger.settle(host, { outcome: "failed", failure: failureOf(now), drift: now.drift });
  } else settleUnchanged(ledger, host, now);
};

/** How its last script ended, by its words and its lock; undefined: what is seen there decides. */
const endOf = (lock: ReturnType<typeof ownLock>, begun: boolean, watch: StepWatch): Ending | undefined => {
  if (lock === "alive" && begun) return { outcome: "unknown", failure: stillAtWork };
  if (watch.failed === undefined || lock === "unclear") return undefined;
  if (lock === "none") return endingOf(watch.failed, watch);
  // Killed: nothing of what it does after a failed step is known.
  const ending = failed(watch.failed, watch);
  return { ...ending, note: [ending.note, LEFT_LOCK].filter(Boolean).join("; ") };
};

type Refused = Extract<HostPlan, { verdict: "refuse" }>;

/** This run began there, and nova-compute does not run: that is a bad host, not one that was never touched. */
const isDown = ({ refusals }: Refused): boolean => refusals.some(({ code }) => code === "E_SERVICE_STATE");

const failureOf = ({ refusals: [first] }: Refused): Failure => ({
  code: "E_RESTART",
  message: `it was begun, and when the run was taken up again: ${first?.message ?? "nova-compute does not run"}`,
});

/** Its script came to its end without us. */
const found = ({ job }: RunContext, host: Host, facts: Facts, watch: StepWatch, left: string | undefined) => {
  const ending = job.proved(host, facts, watch);
  const words = ["found done when the run was taken up again", ending.note, left];
  return ending.outcome === "changed" ? { ...ending, note: words.filter(Boolean).join("; ") } : ending;
};

const stillAtWork: Failure = {
  code: "E_HOST_TIMEOUT",
  message: "a script of this run may still be at work there",
  try: "run status on the host, then the command again: it looks first and goes on from what it finds",
};

/** The accepted plan with what is left to do; waves keep their numbers, so the canary stays the canary. */
const remaining = (plan: Plan, left: ReadonlyMap<HostName, HostPlan>): Plan => ({
  ...plan,
  hosts: plan.hosts.flatMap(({ host }) => left.get(host) ?? []),
  waves: plan.waves.map((wave) => wave.filter((host) => left.has(host))),
});

/** What of the budget is gone: bad hosts before, and those that the new look found; and which wave is not judged yet. */
const spentBy = ({ plan, state }: Past, ledger: Ledger): Spent => {
  const badBefore = (host: HostName): boolean => {
    const outcome = rowOf(state.hosts, host)?.outcome;
    return outcome !== undefined && isBad(outcome);
  };
  const canaries = plan.waves[0] ?? [];
  const wave = state.waves.at(-1)?.wave;
  return {
    bad: state.bad + ledger.bad,
    badCanaries: canaries.filter((host) => badBefore(host) || ledger.isBad(host)).length,
    ...(wave === undefined ? {} : { opened: { wave, hosts: plan.waves[wave - 1] ?? [] } }),
  };
};
