import type { Facts } from "../domain/facts.ts";
import { type GateState, gate, mayRisk } from "../domain/gate.ts";
import type { Host } from "../domain/host.ts";
import type { HostName } from "../domain/ids.ts";
import type { Outcome } from "../domain/outcome.ts";
import type { Plan } from "../domain/plan.ts";
import { applyHost } from "./apply.ts";
import type { RunContext } from "./context.ts";
import type { Changing, Ending } from "./job.ts";

/** Whatever settles hosts. */
export interface Settler {
  settle(host: Host, ending: Ending, appliedMs: number): void;
  /** What each host's changes rest on. */
  readonly basis: ReadonlyMap<HostName, Facts>;
}

/** Outcomes that use up the budget. */
const badOutcomes: readonly Outcome[] = ["failed", "unknown", "unreachable"];

/** What of a plan's budget is gone before it begins. */
export interface Spent {
  readonly bad: number;
  readonly canaryBad: boolean;
}

/** Carries out an accepted plan wave by wave. Returns why it stopped early; undefined when every wave was done. */
export const carryOut = async (
  context: RunContext,
  plan: Plan,
  settler: Settler,
  spent: Spent = { bad: 0, canaryBad: false },
): Promise<string | undefined> => {
  const budget = new Budget(context, plan, spent);
  let left = 0;
  for (const [at, wave] of plan.waves.entries()) {
    // Of a run that was taken up again: this wave is done.
    if (wave.length === 0) continue;
    const why = budget.closed();
    if (why !== undefined) return why;
    context.emitter.emit({ type: "wave.opened", wave: at + 1, of: plan.waves.length, hosts: wave });
    left = await new Wave(context, plan, settler, budget, at === 0).run(wave);
  }
  // A stop that came when every host had started stopped nothing.
  return left > 0 ? budget.closed() : budget.gateClosed();
};

/** Counts what went bad and what is at risk, and answers whether another host may start. */
class Budget {
  readonly #context: RunContext;
  readonly #plan: Plan;
  #state: GateState;
  #told: string | undefined;

  constructor(context: RunContext, plan: Plan, spent: Spent) {
    this.#context = context;
    this.#plan = plan;
    this.#state = { ...spent, atRisk: 0 };
  }

  /** Why no further host starts; undefined while the gate is open. */
  closed(): string | undefined {
    return this.#context.stopping.aborted ? String(this.#context.stopping.reason) : this.gateClosed();
  }

  gateClosed(): string | undefined {
    const verdict = gate(this.#plan.gate, this.#state);
    return verdict.open ? undefined : verdict.reason;
  }

  /** A host that edits nova.conf or restarts nova-compute may break it until it is proved: it needs a token. */
  mayStart(risky: boolean): boolean {
    return this.closed() === undefined && (!risky || mayRisk(this.#plan.gate, this.#state));
  }

  started(risky: boolean): void {
    if (risky) this.#state = { ...this.#state, atRisk: this.#state.atRisk + 1 };
  }

  settled(risky: boolean, outcome: Outcome, canary: boolean): void {
    const bad = badOutcomes.includes(outcome);
    this.#state = {
      bad: this.#state.bad + (bad ? 1 : 0),
      canaryBad: this.#state.canaryBad || (bad && canary),
      atRisk: this.#state.atRisk - (risky ? 1 : 0),
    };
    if (bad) this.#tell();
  }

  #tell(): void {
    const reason = this.closed();
    if (reason !== undefined && this.#told === reason) return;
    this.#told = reason;
    const { maxBad } = this.#plan.gate;
    this.#context.emitter.emit({
      type: "gate.decided",
      open: reason === undefined,
      bad: this.#state.bad,
      maxBad,
      reason: reason ?? `${this.#state.bad} of ${maxBad} bad hosts allowed`,
    });
  }
}

/** One host about to be changed. */
interface Life {
  readonly host: Host;
  readonly plan: Changing;
  readonly facts: Facts;
  /** It edits nova.conf or restarts nova-compute: until it is proved it may be broken. */
  readonly risky: boolean;
}

/** One wave: starts hosts as parallelism and budget allow, until all have settled or the gate is closed. */
class Wave {
  readonly #running = new Set<Promise<void>>();
  readonly #context: RunContext;
  readonly #plans: ReadonlyMap<HostName, Changing>;
  readonly #hosts: ReadonlyMap<HostName, Host>;
  readonly #settler: Settler;
  readonly #budget: Budget;
  readonly #canary: boolean;
  #broken: unknown;

  constructor(context: RunContext, plan: Plan, settler: Settler, budget: Budget, canary: boolean) {
    this.#context = context;
    this.#plans = new Map(plan.hosts.flatMap((one) => (one.verdict === "change" ? [[one.host, one] as const] : [])));
    this.#hosts = new Map(context.hosts.map((host) => [host.name, host]));
    this.#settler = settler;
    this.#budget = budget;
    this.#canary = canary;
  }

  /** Resolves with how many hosts were not started. Rejects with a lost journal or a bug of ours. */
  async run(wave: readonly HostName[]): Promise<number> {
    const lives = wave.map((name) => this.#lookUp(name));
    // Those that risk nothing may pass those that wait for a token; next first, so that taking one is O(1).
    const queues = [lives.filter(({ risky }) => !risky).reverse(), lives.filter(({ risky }) => risky).reverse()];
    while (this.#running.size > 0 || queues.some((queue) => queue.length > 0)) {
      for (const queue of queues) this.#start(queue);
      if (this.#running.size === 0) break;
      await Promise.race(this.#running);
      if (this.#broken !== undefined) break;
    }
    await Promise.all(this.#running);
    if (this.#broken !== undefined) throw this.#broken;
    return queues.reduce((left, queue) => left + queue.length, 0);
  }

  #start(queue: Life[]): void {
    while (this.#running.size < this.#context.parallel) {
      const life = queue.at(-1);
      if (life === undefined || !this.#budget.mayStart(life.risky)) return;
      queue.pop();
      this.#budget.started(life.risky);
      this.#launch(life);
    }
  }

  #lookUp(name: HostName): Life {
    const host = this.#hosts.get(name);
    const plan = this.#plans.get(name);
    const facts = this.#settler.basis.get(name);
    if (host === undefined || plan === undefined || facts === undefined)
      throw new Error(`${name}: in a wave, not in the plan`);
    const risky = plan.changes.some(({ kind }) => kind === "conf.set" || kind === "compute.restart");
    return { host, plan, facts, risky };
  }

  #launch(life: Life): void {
    const lived = this.#live(life).catch((cause: unknown) => {
      this.#broken ??= cause;
    });
    this.#running.add(lived);
    void lived.finally(() => this.#running.delete(lived));
  }

  async #live({ host, plan, facts, risky }: Life): Promise<void> {
    this.#context.emitter.emit({ type: "host.phase", host: host.name, phase: "applying" });
    // Everything accepted so far is on disk before the host is touched; a lost journal stops the run here.
    await this.#context.emitter.durable();
    const began = this.#context.clock();
    const ending = await applyHost(this.#context, host, plan, facts);
    this.#budget.settled(risky, ending.outcome, this.#canary);
    this.#settler.settle(host, ending, this.#context.clock() - began);
  }
}
