import { type GateState, gate, mayRisk } from "../domain/gate.ts";
import type { HostName } from "../domain/ids.ts";
import type { Outcome } from "../domain/outcome.ts";
import type { Plan } from "../domain/plan.ts";
import { isBad } from "../domain/tally.ts";
import type { RunContext } from "./context.ts";

/** What of a plan's budget is gone before it begins. */
export interface Spent {
  readonly bad: number;
  /** Those of them that are of the canary wave. */
  readonly badCanaries: number;
  /** The wave that was open when the run was cut short, and its hosts: nobody has judged it. */
  readonly opened?: { readonly wave: number; readonly hosts: readonly HostName[] };
}

/** Counts what went bad and what is at risk, and answers whether another host may start. */
export class Budget {
  readonly #context: RunContext;
  readonly #plan: Plan;
  #state: Omit<GateState, "canaryBad">;
  #badCanaries: number;
  #told: string | undefined;
  /** The operator's own health command said stop. */
  #probed: string | undefined;

  constructor(context: RunContext, plan: Plan, spent: Spent) {
    this.#context = context;
    this.#plan = plan;
    this.#state = { bad: spent.bad, atRisk: 0 };
    this.#badCanaries = spent.badCanaries;
  }

  /** Why no further host starts; undefined while the gate is open. */
  closed(): string | undefined {
    return this.#context.stopping.aborted ? String(this.#context.stopping.reason) : this.gateClosed();
  }

  gateClosed(): string | undefined {
    if (this.#probed !== undefined) return this.#probed;
    const verdict = gate(this.#plan.gate, this.#now());
    return verdict.open ? undefined : verdict.reason;
  }

  /** The operator's own health command wants the run to end here. */
  stop(reason: string): void {
    this.#probed = reason;
    this.tell();
  }

  /** A bad host may be broken already: to try it again risks no other. Only a stop keeps it from that. */
  mayRetry(): boolean {
    return !this.#context.stopping.aborted && this.#probed === undefined;
  }

  /** A bad host is tried again, or was found sound: it counts by how it ends now. */
  forgive(canary: boolean): void {
    this.#state = { ...this.#state, bad: this.#state.bad - 1 };
    if (canary) this.#badCanaries -= 1;
  }

  /** A host that edits nova.conf or restarts nova-compute may break it until it is proved: it needs a token. */
  mayStart(risky: boolean): boolean {
    return this.closed() === undefined && (!risky || mayRisk(this.#plan.gate, this.#now()));
  }

  started(risky: boolean): void {
    if (risky) this.#state = { ...this.#state, atRisk: this.#state.atRisk + 1 };
  }

  settled(risky: boolean, outcome: Outcome, canary: boolean): void {
    const bad = isBad(outcome);
    this.#state = {
      bad: this.#state.bad + (bad ? 1 : 0),
      atRisk: this.#state.atRisk - (risky ? 1 : 0),
    };
    if (bad && canary) this.#badCanaries += 1;
    if (bad) this.tell();
  }

  #now(): GateState {
    return { ...this.#state, canaryBad: this.#badCanaries > 0 };
  }

  /** Puts on record how the gate stands. */
  tell(): void {
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
