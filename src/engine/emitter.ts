/**
 * engine orders: survey, plan, waves, gate, one host's life. The only loops over hosts are here.
 * May import domain, remote, transport, journal and p-limit.
 */
import type { EventBody, RunEvent } from "../domain/event.ts";
import type { EpochMs, RunId } from "../domain/ids.ts";
import type { Sink } from "../domain/sink.ts";

/** The part of a journal the engine needs: order, and durability before an effect. */
export interface Recorder {
  accept(event: RunEvent): void;
  /** Resolves when everything accepted is on disk; rejects when it never will be. */
  barrier(): Promise<void>;
}

/** The record can no longer be kept: a run that changes hosts must not go on. */
export class JournalLost extends Error {}

/** Numbers events and hands them on: journal first, then the views. A view that throws is dropped, never the run. */
export class Emitter {
  readonly #run: RunId;
  readonly #clock: () => EpochMs;
  readonly #journal: Recorder;
  #views: readonly Sink[];
  #seq: number;
  #over = false;

  /** `after` is the number of the journal's last event. */
  constructor(run: RunId, clock: () => EpochMs, journal: Recorder, views: readonly Sink[], after = 0) {
    this.#run = run;
    this.#clock = clock;
    this.#journal = journal;
    this.#views = views;
    this.#seq = after;
  }

  /** Nothing comes after `run.settled`: whoever acts on a run that has ended acts on none. */
  emit(body: EventBody): void {
    if (this.#over) return;
    this.#over = body.type === "run.settled";
    this.#seq += 1;
    const at = new Date(this.#clock()).toISOString();
    const event: RunEvent = { v: 1, run: this.#run, seq: this.#seq, at, ...body };
    this.#journal.accept(event);
    for (const view of this.#views) this.#show(view, event);
  }

  /** Everything emitted so far is on disk; rejects with `JournalLost`. */
  async durable(): Promise<void> {
    try {
      await this.#journal.barrier();
    } catch (cause) {
      throw new JournalLost("the journal cannot be written", { cause });
    }
  }

  #show(view: Sink, event: RunEvent): void {
    try {
      view.accept(event);
    } catch {
      // A broken view is dropped: what it would have shown stands in the journal.
      this.#views = this.#views.filter((other) => other !== view);
    }
  }
}
