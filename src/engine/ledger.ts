import { exitStatus } from "../domain/exit-status.ts";
import type { Facts } from "../domain/facts.ts";
import type { Host } from "../domain/host.ts";
import { rowsOf } from "../domain/host-table.ts";
import type { HostName } from "../domain/ids.ts";
import type { Numbering } from "../domain/numbering.ts";
import { type Outcome, outcomes } from "../domain/outcome.ts";
import type { RunState } from "../domain/run-state.ts";
import { isBad } from "../domain/tally.ts";
import type { RunContext } from "./context.ts";
import type { Ending } from "./job.ts";

/** How a run ended. */
export interface RunResult {
  readonly exit: number;
  readonly tally: Readonly<Record<Outcome, number>>;
  readonly reason?: string;
}

/** Who has settled and how, each host once, and what the run knows of those that have not. */
export class Ledger {
  readonly #context: RunContext;
  readonly #tally: Record<Outcome, number>;
  readonly #settled: Set<HostName>;
  /** What a host took so far: its survey; waiting for others, or for the person, is not its time. */
  readonly tookMs = new Map<HostName, number>();
  /** Facts a change rests on; only those of hosts to change are kept. */
  readonly basis = new Map<HostName, Facts>();
  /** Of hosts whose changes are what is left of the accepted ones. */
  readonly numbering = new Map<HostName, Numbering>();
  readonly #bad = new Set<HostName>();
  readonly #outcomes = new Map<HostName, Outcome>();
  /** Why the run ends before its end. */
  stopped: string | undefined;

  /** `past` is what a run that was cut short had come to. */
  constructor(context: RunContext, past?: RunState) {
    this.#context = context;
    this.#tally = {
      ...(Object.fromEntries(outcomes.map((outcome) => [outcome, 0])) as Record<Outcome, number>),
      ...past?.tally,
    };
    const before = past === undefined ? [] : [...rowsOf(past.hosts)].filter(({ outcome }) => outcome !== undefined);
    this.#settled = new Set(before.map(({ host }) => host));
  }

  /** Settles one host, once. `appliedMs` is what carrying out its changes took. */
  settle(host: Pick<Host, "name">, ending: Ending, appliedMs = 0): void {
    if (this.#settled.has(host.name)) throw new Error(`${host.name} settled twice`);
    this.#settled.add(host.name);
    this.basis.delete(host.name);
    this.numbering.delete(host.name);
    this.#tally[ending.outcome] += 1;
    this.#outcomes.set(host.name, ending.outcome);
    if (isBad(ending.outcome)) this.#bad.add(host.name);
    this.#context.emitter.emit({
      type: "host.settled",
      host: host.name,
      tookMs: (this.tookMs.get(host.name) ?? 0) + appliedMs,
      ...ending,
    });
  }

  /** A host that went bad is tried again: it has not settled any more. */
  reopen(host: Pick<Host, "name">): void {
    const outcome = this.#outcomes.get(host.name);
    if (outcome === undefined) throw new Error(`${host.name} was not settled`);
    this.#settled.delete(host.name);
    this.#outcomes.delete(host.name);
    this.#bad.delete(host.name);
    this.#tally[outcome] -= 1;
    this.#context.emitter.emit({ type: "host.retried", host: host.name });
  }

  /** Hosts that this process saw go bad. */
  get bad(): number {
    return this.#bad.size;
  }

  isBad(host: HostName): boolean {
    return this.#bad.has(host);
  }

  /** Whoever was not reached is skipped; then the last event. */
  end(): RunResult {
    const { hosts, emitter, cutting, check, driftCounts } = this.#context;
    const why = this.stopped ?? "not reached";
    for (const host of hosts) if (!this.#settled.has(host.name)) this.settle(host, { outcome: "skipped", note: why });
    const exit = exitStatus({
      tally: this.#tally,
      interrupted: cutting.aborted,
      stopped: this.stopped !== undefined,
      driftCounts: check || driftCounts,
    });
    const reason = this.stopped === undefined ? {} : { reason: this.stopped };
    emitter.emit({ type: "run.settled", tally: { ...this.#tally }, exit, ...reason });
    return { exit, tally: this.#tally, ...reason };
  }
}
