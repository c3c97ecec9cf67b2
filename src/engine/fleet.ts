import pLimit from "p-limit";
import { checkPlan } from "../domain/check-plan.ts";
import { follow } from "../domain/follow.ts";
import { defaultMaxBad } from "../domain/gate.ts";
import type { Host } from "../domain/host.ts";
import type { HostName } from "../domain/ids.ts";
import { type Changing, changingOf, type HostPlan, type Plan } from "../domain/plan.ts";
import { cutWaves, shareDown } from "../domain/waves.ts";
import type { RunContext } from "./context.ts";
import type { Ending } from "./job.ts";
import { Ledger, type RunResult } from "./ledger.ts";
import { decideFrom, settleUnchanged } from "./settle.ts";
import { type Survey, surveyHost } from "./survey.ts";

/** One run from the first connection to the tally. The one place that knows the order of things. */
export class Fleet {
  readonly #context: RunContext;
  readonly #ledger: Ledger;
  readonly #saved: ReadonlyMap<HostName, Changing> | undefined;

  constructor(context: RunContext) {
    this.#context = context;
    this.#saved = context.saved && changingOf(context.saved);
    this.#ledger = new Ledger(context);
  }

  /** Survey, and to change hosts plan, accept and carry out. Rejects only for a lost journal or a bug of ours. */
  async run(): Promise<RunResult> {
    this.#begin();
    if (this.#context.command === "status") await this.#status();
    else await this.#change();
    return this.#ledger.end();
  }

  #begin(): void {
    const {
      emitter,
      command,
      check,
      patterns,
      hosts,
      by,
      version,
      deadlines,
      parallel,
      soakS,
      purge,
      rollback,
      given,
    } = this.#context;
    emitter.emit({
      type: "run.started",
      command,
      check,
      patterns,
      hosts: hosts.map(({ name }) => name),
      by,
      version,
      ...(purge === undefined ? {} : { purge }),
      ...(rollback === undefined ? {} : { rollback }),
      ...(given === undefined ? {} : { given }),
      limits: {
        parallel,
        soakS,
        stepTimeoutS: deadlines.stepS,
        hostTimeoutS: deadlines.hostS,
        runTimeoutS: deadlines.runS,
      },
    });
  }

  async #status(): Promise<void> {
    await surveyAll(this.#context, this.#context.hosts, this.#ledger, (host, survey) => {
      this.#ledger.settle(host, this.#statusEnding(host, survey));
    });
  }

  #statusEnding(host: Host, survey: Survey): Ending {
    if (survey.kind === "unreachable") return { outcome: "unreachable", failure: survey.failure };
    if (survey.kind === "refused") return { outcome: "refused", refusals: [survey.refusal] };
    return this.#context.job.stands(host, survey.facts);
  }

  async #change(): Promise<void> {
    const plans = new Map<HostName, HostPlan>();
    await surveyAll(this.#context, this.#context.hosts, this.#ledger, (host, survey) => {
      const plan = this.#decide(host, survey);
      plans.set(host.name, plan);
      if (plan.verdict === "change" && survey.kind === "facts") this.#ledger.basis.set(host.name, survey.facts);
      if (plan.verdict === "change")
        this.#context.emitter.emit({ type: "host.phase", host: host.name, phase: "planned" });
      else settleUnchanged(this.#ledger, host, plan);
    });
    const plan = this.#plan(this.#context.hosts.flatMap(({ name }) => plans.get(name) ?? []));
    this.#context.emitter.emit({ type: "plan.made", plan });
    if (this.#ledger.stopped !== undefined || !this.#mayOffer(plan)) return;
    this.#ledger.stopped = await this.#context.planMade(plan);
    if (this.#ledger.stopped !== undefined || plan.waves.length === 0) return;
    if (this.#context.check) {
      this.#settleAsDrifted(plans);
      return;
    }
    await this.#accepted(plan);
  }

  async #accepted(plan: Plan): Promise<void> {
    const by = await this.#context.accept(plan);
    if (by === undefined) {
      this.#context.emitter.emit({ type: "operator.acted", action: "declined" });
      this.#ledger.stopped = "the plan was declined";
      return;
    }
    this.#context.emitter.emit({ type: "plan.accepted", by, changing: plan.waves.flat().length });
    // Loaded only to change hosts: a survey has no use for a fourth of the program.
    const { carryOut } = await import("./waves.ts");
    this.#ledger.stopped = await carryOut(this.#context, plan, this.#ledger);
    // What was done to hosts is on record before the run says that it went well.
    await this.#context.emitter.durable();
  }

  #decide(host: Host, survey: Survey): HostPlan {
    const now = decideFrom(this.#context, host, survey);
    if (this.#saved === undefined) return now;
    const saved = this.#saved.get(host.name);
    if (saved === undefined) throw new Error(`${host.name}: selected, and not in the saved plan`);
    return follow(saved, now);
  }

  #plan(hosts: readonly HostPlan[]): Plan {
    const changing = hosts.flatMap((plan) => (plan.verdict === "change" ? [plan.host] : []));
    const { maxBad, maxMissing, parallel, soakS, waves, run, saved } = this.#context;
    // A saved plan was made with its waves and its gate; whoever needs no change any more is left out.
    if (saved !== undefined) {
      const left = new Set(changing);
      const sizes = saved.waves.map((wave) => wave.filter((host) => left.has(host)));
      return { run, hosts, waves: sizes.filter((wave) => wave.length > 0), gate: saved.gate };
    }
    return {
      run,
      hosts,
      waves: cutWaves(canaryFirst(changing, hosts), waves),
      gate: {
        maxBad: maxBad === undefined ? defaultMaxBad(changing.length) : shareDown(maxBad, changing.length),
        maxMissing: shareDown(maxMissing, this.#context.hosts.length),
        parallel,
        soakS,
      },
    };
  }

  #mayOffer(plan: Plan): boolean {
    const missing = plan.hosts.filter(({ verdict }) => verdict === "refuse" || verdict === "unreachable").length;
    if (missing > plan.gate.maxMissing) {
      this.#ledger.stopped = `${missing} of ${plan.hosts.length} hosts missing (unreachable or refused), ${plan.gate.maxMissing} allowed: mend them, exclude them with all:!NAME, or raise --max-missing`;
      return false;
    }
    this.#ledger.stopped = unsafe(plan, this.#context);
    return this.#ledger.stopped === undefined;
  }

  #settleAsDrifted(plans: ReadonlyMap<HostName, HostPlan>): void {
    for (const host of this.#context.hosts) {
      const plan = plans.get(host.name);
      if (plan?.verdict === "change") this.#ledger.settle(host, { outcome: "drifted", drift: plan.drift });
    }
  }
}

/** Looks at every host, `parallel` at a time; a host's trouble is its own. Hosts not begun when the operator stops are not looked at. */
export const surveyAll = async (
  context: RunContext,
  hosts: readonly Host[],
  ledger: Ledger,
  each: (host: Host, survey: Survey) => void,
  look: typeof surveyHost = surveyHost,
): Promise<void> => {
  const { parallel, stopping, cutting, emitter } = context;
  await pLimit(parallel).map(hosts, async (host) => {
    if (stopping.aborted) return;
    const began = context.elapsed();
    const survey = await look(context, host, cutting);
    ledger.tookMs.set(host.name, context.elapsed() - began);
    if (survey.kind === "facts") emitter.emit({ type: "host.facts", host: host.name, facts: survey.facts });
    each(host, survey);
  });
  if (stopping.aborted) ledger.stopped ??= String(stopping.reason);
};

/** Why a plan must not be carried out; undefined when it may. */
export const unsafe = (
  plan: Plan,
  { deadlines, command }: Pick<RunContext, "deadlines" | "command">,
): string | undefined => {
  const objections = checkPlan(plan, deadlines.changeS, command === "rollback");
  const [first] = objections;
  if (first === undefined) return undefined;
  const more = objections.length > 1 ? ` (and ${objections.length - 1} more)` : "";
  return `the plan is not safe: ${first.host === undefined ? "" : `${first.host}: `}${first.message}${more}`;
};

/** A canary that risks nothing proves nothing: the first host that restarts nova-compute goes before all others. */
const canaryFirst = (changing: readonly HostName[], hosts: readonly HostPlan[]): readonly HostName[] => {
  const canary = hosts.find(
    (plan) => plan.verdict === "change" && plan.changes.some(({ kind }) => kind === "compute.restart"),
  )?.host;
  return canary === undefined ? changing : [canary, ...changing.filter((name) => name !== canary)];
};
