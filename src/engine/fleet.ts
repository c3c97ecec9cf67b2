import pLimit from "p-limit";
import { checkPlan } from "../domain/check-plan.ts";
import { exitStatus } from "../domain/exit-status.ts";
import type { Facts } from "../domain/facts.ts";
import { defaultMaxBad } from "../domain/gate.ts";
import type { Host } from "../domain/host.ts";
import type { HostName } from "../domain/ids.ts";
import { type Outcome, outcomes } from "../domain/outcome.ts";
import type { HostPlan, Plan } from "../domain/plan.ts";
import { cutWaves, shareDown } from "../domain/waves.ts";
import type { RunContext } from "./context.ts";
import type { Ending } from "./job.ts";
import { type Survey, surveyHost } from "./survey.ts";

/** How a run ended. */
export interface RunResult {
  readonly exit: number;
  readonly tally: Readonly<Record<Outcome, number>>;
  readonly reason?: string;
}

/** One run from the first connection to the tally. The one place that knows the order of things. */
export class Fleet {
  readonly #context: RunContext;
  readonly #tally: Record<Outcome, number>;
  /** What a host took so far: its survey; waiting for others, or for the person, is not its time. */
  readonly #tookMs = new Map<HostName, number>();
  readonly #settled = new Set<HostName>();
  /** Facts a change rests on; only those of hosts to change are kept. */
  readonly #basis = new Map<HostName, Facts>();
  #stopped: string | undefined;

  constructor(context: RunContext) {
    this.#context = context;
    this.#tally = Object.fromEntries(outcomes.map((outcome) => [outcome, 0])) as Record<Outcome, number>;
  }

  /** Survey, and to change hosts plan, accept and carry out. Rejects only for a lost journal or a bug of ours. */
  async run(): Promise<RunResult> {
    this.#begin();
    if (this.#context.command === "status") await this.#status();
    else await this.#change();
    return this.#end();
  }

  #begin(): void {
    const { emitter, command, check, patterns, hosts, by, version, deadlines, parallel, soakS, purge } = this.#context;
    emitter.emit({
      type: "run.started",
      command,
      check,
      patterns,
      hosts: hosts.map(({ name }) => name),
      by,
      version,
      ...(purge === undefined ? {} : { purge }),
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
    await this.#survey((host, survey) => {
      this.settle(host, this.#statusEnding(host, survey));
    });
  }

  #statusEnding(host: Host, survey: Survey): Ending {
    if (survey.kind === "unreachable") return { outcome: "unreachable", failure: survey.failure };
    if (survey.kind === "refused") return { outcome: "refused", refusals: [survey.refusal] };
    return this.#context.job.stands(host, survey.facts);
  }

  /** Looks at every host, `parallel` at a time; a host's trouble is its own. Hosts not begun when the operator stops are skipped. */
  async #survey(each: (host: Host, survey: Survey) => void): Promise<void> {
    const { hosts, parallel, stopping, cutting, emitter } = this.#context;
    const limit = pLimit(parallel);
    await limit.map(hosts, async (host) => {
      if (stopping.aborted) return;
      const began = this.#context.clock();
      const survey = await surveyHost(this.#context, host, cutting);
      this.#tookMs.set(host.name, this.#context.clock() - began);
      if (survey.kind === "facts") emitter.emit({ type: "host.facts", host: host.name, facts: survey.facts });
      each(host, survey);
    });
    if (stopping.aborted) this.#stopped ??= String(stopping.reason);
  }

  async #change(): Promise<void> {
    const plans = new Map<HostName, HostPlan>();
    await this.#survey((host, survey) => {
      const plan = this.#decide(host, survey);
      if (plan.verdict === "change" && survey.kind === "facts") this.#basis.set(host.name, survey.facts);
      plans.set(host.name, plan);
      if (plan.verdict === "change")
        this.#context.emitter.emit({ type: "host.phase", host: host.name, phase: "planned" });
      else this.#settleUnchanged(host, plan);
    });
    const plan = this.#plan(this.#context.hosts.flatMap(({ name }) => plans.get(name) ?? []));
    this.#context.emitter.emit({ type: "plan.made", plan });
    if (this.#stopped !== undefined || !this.#mayOffer(plan) || plan.waves.length === 0) return;
    if (this.#context.check) {
      this.#settleAsDrifted(plans);
      return;
    }
    const by = await this.#context.accept(plan);
    if (by === undefined) {
      this.#context.emitter.emit({ type: "operator.acted", action: "declined" });
      this.#stopped = "the plan was declined";
      return;
    }
    this.#context.emitter.emit({ type: "plan.accepted", by, changing: plan.waves.flat().length });
    // Loaded only to change hosts: a survey has no use for a fourth of the program.
    const { carryOut } = await import("./waves.ts");
    this.#stopped = await carryOut(this.#context, plan, this.#basis, this);
    // What was done to hosts is on record before the run says that it went well.
    await this.#context.emitter.durable();
  }

  #decide(host: Host, survey: Survey): HostPlan {
    if (survey.kind === "unreachable") return { verdict: "unreachable", host: host.name, failure: survey.failure };
    if (survey.kind === "refused") return { verdict: "refuse", host: host.name, drift: [], refusals: [survey.refusal] };
    return this.#context.job.decide(host, survey);
  }

  #plan(hosts: readonly HostPlan[]): Plan {
    const changing = hosts.flatMap((plan) => (plan.verdict === "change" ? [plan.host] : []));
    const { maxBad, maxMissing, parallel, soakS, waves, run } = this.#context;
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

  /** What is settled without acting: in sync, refused, unreachable. */
  #settleUnchanged(host: Host, plan: HostPlan): void {
    if (plan.verdict === "in-sync") this.settle(host, { outcome: "in-sync", ...noteOf(plan.notes) });
    if (plan.verdict === "refuse")
      this.settle(host, { outcome: "refused", refusals: plan.refusals, drift: plan.drift });
    if (plan.verdict === "unreachable") this.settle(host, { outcome: "unreachable", failure: plan.failure });
  }

  #mayOffer(plan: Plan): boolean {
    const missing = plan.hosts.filter(({ verdict }) => verdict === "refuse" || verdict === "unreachable").length;
    if (missing > plan.gate.maxMissing) {
      this.#stopped = `${missing} of ${plan.hosts.length} hosts missing (unreachable or refused), ${plan.gate.maxMissing} allowed: mend them, exclude them with all:!NAME, or raise --max-missing`;
      return false;
    }
    const objections = checkPlan(plan, this.#context.deadlines.changeS);
    const [first] = objections;
    if (first === undefined) return true;
    this.#stopped = `the plan is not safe: ${first.host === undefined ? "" : `${first.host}: `}${first.message}${objections.length > 1 ? ` (and ${objections.length - 1} more)` : ""}`;
    return false;
  }

  #settleAsDrifted(plans: ReadonlyMap<HostName, HostPlan>): void {
    for (const host of this.#context.hosts) {
      const plan = plans.get(host.name);
      if (plan?.verdict === "change") this.settle(host, { outcome: "drifted", drift: plan.drift });
    }
  }

  /** Settles one host, once. `appliedMs` is what carrying out its changes took. */
  settle(host: Host, ending: Ending, appliedMs = 0): void {
    if (this.#settled.has(host.name)) throw new Error(`${host.name} settled twice`);
    this.#settled.add(host.name);
    this.#basis.delete(host.name);
    this.#tally[ending.outcome] += 1;
    this.#context.emitter.emit({
      type: "host.settled",
      host: host.name,
      tookMs: (this.#tookMs.get(host.name) ?? 0) + appliedMs,
      ...ending,
    });
  }

  async #end(): Promise<RunResult> {
    const { hosts, emitter, cutting, check, driftCounts } = this.#context;
    const why = this.#stopped ?? "not reached";
    for (const host of hosts) if (!this.#settled.has(host.name)) this.settle(host, { outcome: "skipped", note: why });
    const exit = exitStatus({
      tally: this.#tally,
      interrupted: cutting.aborted,
      stopped: this.#stopped !== undefined,
      driftCounts: check || driftCounts,
    });
    const reason = this.#stopped === undefined ? {} : { reason: this.#stopped };
    emitter.emit({ type: "run.settled", tally: { ...this.#tally }, exit, ...reason });
    return { exit, tally: this.#tally, ...reason };
  }
}

/** A canary that risks nothing proves nothing: the first host that restarts nova-compute goes before all others. */
const canaryFirst = (changing: readonly HostName[], hosts: readonly HostPlan[]): readonly HostName[] => {
  const canary = hosts.find(
    (plan) => plan.verdict === "change" && plan.changes.some(({ kind }) => kind === "compute.restart"),
  )?.host;
  return canary === undefined ? changing : [canary, ...changing.filter((name) => name !== canary)];
};

const noteOf = (notes: readonly string[]): { readonly note?: string } =>
  notes.length === 0 ? {} : { note: notes.join("; ") };
