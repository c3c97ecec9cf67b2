import { isPurge, mayBreakCompute } from "../domain/change.ts";
import type { Facts } from "../domain/facts.ts";
import { follow } from "../domain/follow.ts";
import type { Host } from "../domain/host.ts";
import type { HostName } from "../domain/ids.ts";
import { countAll, countLeft, type Numbering } from "../domain/numbering.ts";
import { type Changing, changingOf, type HostPlan, type Plan } from "../domain/plan.ts";
import { isBad } from "../domain/tally.ts";
import { applyHost, type Errand, type Script } from "./apply.ts";
import { Budget, type Spent } from "./budget.ts";
import type { RunContext } from "./context.ts";
import type { Ending } from "./job.ts";
import { freed, LEFT_LOCK, ownLock } from "./own-lock.ts";
import { decideFrom, settleUnchanged } from "./settle.ts";
import { StepWatch } from "./step-watch.ts";
import { surveyHost } from "./survey.ts";

/** Of a script's name, which tells it from the one before it at the same host. */
const SCRIPT_NAME_CHARS = 8;

/** Whatever settles hosts. */
export interface Settler {
  settle(host: Host, ending: Ending, appliedMs: number): void;
  /** A host that went bad is to be tried again: it has not settled any more. */
  reopen(host: Host): void;
  /** What each host's changes rest on. */
  readonly basis: ReadonlyMap<HostName, Facts>;
  /** Of hosts whose changes are what is left of the accepted ones. */
  readonly numbering: ReadonlyMap<HostName, Numbering>;
}

/** Carries out an accepted plan wave by wave. Returns why it stopped early; undefined when every wave was done. */
export const carryOut = async (
  context: RunContext,
  plan: Plan,
  settler: Settler,
  spent: Spent = { bad: 0, badCanaries: 0 },
): Promise<string | undefined> => {
  const budget = new Budget(context, plan, spent);
  // A new look may have found what closes it, and nobody was told.
  if (spent.bad > 0 && budget.gateClosed() !== undefined) budget.tell();
  // Once for all waves: of ten thousand hosts there may be as many.
  const plans = changingOf(plan);
  const hosts = new Map(context.hosts.map((host) => [host.name, host]));
  const lookUp = (name: HostName): Life =>
    lifeOf(name, hosts.get(name), plans.get(name), settler.basis.get(name), settler.numbering.get(name));
  let left = 0;
  for (const [at, wave] of plan.waves.entries()) {
    const cut = spent.opened?.wave === at + 1 ? spent.opened : undefined;
    // Of a run that was taken up again: this wave is done, and judged unless the run was cut short before.
    if (wave.length === 0 && cut === undefined) continue;
    const why = budget.closed();
    if (why !== undefined) return why;
    if (wave.length === 0) {
      await probed(context, budget, at + 1, cut?.hosts ?? []);
      continue;
    }
    context.emitter.emit({ type: "wave.opened", wave: at + 1, of: plan.waves.length, hosts: wave });
    left = await new Wave(context, settler, budget, at === 0).run(wave.map(lookUp));
    if (left === 0) await probed(context, budget, at + 1, cut?.hosts ?? wave);
  }
  // A stop that came when every host had started stopped nothing.
  return left > 0 ? budget.closed() : budget.gateClosed();
};

/** The operator's own health command has a word after each wave: go on, stop, or ask. */
const probed = async (context: RunContext, budget: Budget, wave: number, hosts: readonly HostName[]): Promise<void> => {
  if (context.probe === undefined || budget.closed() !== undefined) return;
  const { verdict, words } = await context.probe(wave, hosts, context.stopping);
  const said = `the probe says ${verdict} after wave ${wave}${words === "" ? "" : `: ${words}`}`;
  if (verdict === "stop" || (verdict === "ask" && !context.interactive)) budget.stop(said);
  if (verdict === "ask" && context.interactive) {
    context.controls.hold(said);
    await untilGo(context);
  }
};

/** Until nobody holds the run any more, or it is stopped. */
const untilGo = async ({ controls, stopping }: RunContext): Promise<void> => {
  while (controls.held !== undefined && !stopping.aborted) await Promise.race([controls.changed(), aborted(stopping)]);
};

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });

/** One host about to be changed. */
interface Life extends Errand {
  /** It edits nova.conf or restarts nova-compute: until it is proved it may be broken. */
  readonly risky: boolean;
  /** It went bad and is tried again: it stays what it was until it starts. */
  readonly again: boolean;
  /** The last script that was to change it. */
  readonly script?: Script;
  /** What its node kept of that script's words, when it was looked at again. */
  readonly kept: readonly string[];
}

const lifeOf = (
  name: HostName,
  host: Host | undefined,
  plan: Changing | undefined,
  facts: Facts | undefined,
  numbering: Numbering | undefined,
): Life => {
  if (host === undefined || plan === undefined || facts === undefined)
    throw new Error(`${name}: in a wave, not in the plan`);
  return { host, plan, numbering: numbering ?? countAll(plan), facts, risky: isRisky(plan), again: false, kept: [] };
};

/** One wave: starts hosts as parallelism and budget allow, until all have settled or the gate is closed. */
class Wave {
  readonly #running = new Set<Promise<void>>();
  readonly #context: RunContext;
  readonly #settler: Settler;
  readonly #budget: Budget;
  readonly #canary: boolean;
  /** Those of this wave that went bad. */
  readonly #bad = new Map<HostName, Life>();
  #broken: unknown;

  constructor(context: RunContext, settler: Settler, budget: Budget, canary: boolean) {
    this.#context = context;
    this.#settler = settler;
    this.#budget = budget;
    this.#canary = canary;
  }

  /** Resolves with how many hosts were not started. Rejects with a lost journal or a bug of ours. */
  async run(lives: readonly Life[]): Promise<number> {
    const { controls, stopping } = this.#context;
    // Those that risk nothing may pass those that wait for a token; next first, so that taking one is O(1).
    const queues = [lives.filter(({ risky }) => !risky).reverse(), lives.filter(({ risky }) => risky).reverse()];
    const waiting = (): number => queues.reduce((left, queue) => left + queue.length, 0);
    // What was asked for while no wave was open meant none.
    controls.takeSkip();
    controls.takeRetry();
    const isHeld = (): boolean => controls.held !== undefined && !stopping.aborted;
    while (this.#running.size > 0 || waiting() > 0 || (isHeld() && this.#bad.size > 0)) {
      if (controls.takeRetry()) await this.#retry(queues);
      if (controls.takeSkip()) this.#skip(queues);
      for (const queue of queues) this.#start(queue);
      // A held wave with a bad host is not over: it may be tried again.
      const held = isHeld() && waiting() + this.#bad.size > 0;
      if (this.#running.size === 0 && !held) break;
      await Promise.race([...this.#running, controls.changed(), ...(held ? [aborted(stopping)] : [])]);
      if (this.#broken !== undefined) break;
    }
    await Promise.all(this.#running);
    if (this.#broken !== undefined) throw this.#broken;
    return waiting();
  }

  /** Those that have not started are left out: the operator's wish, said so. One that went bad stays bad. */
  #skip(queues: Life[][]): void {
    for (const life of queues.flatMap((queue) => queue.splice(0)))
      if (life.again) this.#bad.set(life.host.name, life);
      else this.#settler.settle(life.host, { outcome: "skipped", note: "the operator left it out" }, 0);
  }

  /** Those that went bad are looked at again, and get what is left of what was planned for them, before all others. */
  async #retry(queues: Life[][]): Promise<void> {
    await Promise.all(
      [...this.#bad.values()].map(async (bad) => {
        const { host, plan, numbering, script } = bad;
        const seen = await surveyHost(this.#context, host, this.#context.cutting, script?.name);
        const lock = ownLock(this.#context, seen);
        const survey = freed(this.#context, seen);
        // While its own script is at work it is what it was.
        if (survey.kind !== "facts" || lock === "alive" || lock === "unclear") return;
        const { facts, result: kept } = survey;
        const now = follow(plan, decideFrom(this.#context, host, survey));
        if (now.verdict === "change") {
          const risky = isRisky(now);
          const left = { plan: now, numbering: countLeft(plan, numbering, now), facts, kept };
          queues[risky ? 1 : 0]?.push({ ...bad, ...left, risky, again: true });
        } else if (now.verdict === "in-sync" && this.#isSound(bad, facts)) {
          this.#reopen({ ...bad, facts, kept });
          this.#settleDone({ ...bad, facts }, now, lock === "dead" ? LEFT_LOCK : undefined);
        } else return;
        this.#bad.delete(host.name);
      }),
    );
  }

  /** What was seen there, and what its last script said to nobody, is on record before anything else is done. */
  #reopen({ host, facts, script, kept }: Life): void {
    this.#budget.forgive(this.#canary);
    this.#settler.reopen(host);
    this.#context.emitter.emit({ type: "host.facts", host: host.name, facts });
    script?.watch.collect(kept);
  }

  /** Nothing left to do is not all: nova-compute may not run. What a purge took out its words alone can tell. */
  #isSound({ host, plan, script }: Life, facts: Facts): boolean {
    if (script === undefined || plan.changes.some(isPurge)) return true;
    return this.#context.job.proved(host, facts, script.watch).outcome === "changed";
  }

  /** Nothing is left to do there. Its script did it, or some of it, or somebody else did. */
  #settleDone({ host, facts, script }: Life, now: HostPlan, left: string | undefined): void {
    if (script?.watch.didSomething !== true) settleUnchanged(this.#settler, host, now);
    else {
      const { note, failure } = this.#context.job.proved(host, facts, script.watch);
      const words = ["found done when it was tried again", note ?? failure?.message, left];
      this.#settler.settle(host, { outcome: "changed", note: words.filter(Boolean).join("; ") }, 0);
    }
  }

  #start(queue: Life[]): void {
    while (this.#running.size < this.#context.controls.parallel && this.#context.controls.held === undefined) {
      const life = queue.at(-1);
      if (life === undefined || !(life.again ? this.#budget.mayRetry() : this.#budget.mayStart(life.risky))) return;
      queue.pop();
      if (life.again) this.#reopen(life);
      this.#budget.started(life.risky);
      this.#launch(life);
    }
  }

  #launch(life: Life): void {
    const lived = this.#live(life).catch((cause: unknown) => {
      this.#broken ??= cause;
    });
    this.#running.add(lived);
    void lived.finally(() => this.#running.delete(lived));
  }

  async #live(life: Life): Promise<void> {
    const { host, plan, numbering, risky } = life;
    const name = this.#context.nonce().slice(0, SCRIPT_NAME_CHARS);
    const script = { name, watch: new StepWatch(this.#context, host, plan, numbering) };
    this.#context.emitter.emit({ type: "host.phase", host: host.name, phase: "applying", script: name });
    // Everything accepted so far is on disk before the host is touched; a lost journal stops the run here.
    await this.#context.emitter.durable();
    const began = this.#context.elapsed();
    const ending = await applyHost(this.#context, life, script);
    this.#budget.settled(risky, ending.outcome, this.#canary);
    this.#settler.settle(host, ending, this.#context.elapsed() - began);
    if (isBad(ending.outcome)) this.#bad.set(host.name, { ...life, script, kept: [] });
  }
}

const isRisky = ({ changes }: Changing): boolean => changes.some(mayBreakCompute);
