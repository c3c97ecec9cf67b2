import type { RunEvent } from "./event.ts";

/** Whatever takes in the events of a run. A view is one: it never throws, and what breaks it is its own affair. */
export interface Sink {
  accept(event: RunEvent): void;
  /** Says what is left to say (the totals) and lets go of the terminal. May be called once. */
  close(): Promise<void>;
}
