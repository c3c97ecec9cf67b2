import type { EventHead, EventType } from "./event.ts";
import type { HostName } from "./ids.ts";
import type { Phase } from "./outcome.ts";

/**
 * An event of which only the beginning was read. In a state it leaves that a host was begun, and how much its script has
 * said; not its facts, and not where it is: whoever takes the run up again looks for himself.
 */
export interface Skimmed extends Pick<EventHead, "seq" | "at"> {
  readonly type: SkimmedType;
  readonly host: HostName;
  /** Of a `host.phase`. */
  readonly phase?: Phase;
  readonly script?: string;
}

export type SkimmedType = Extract<EventType, "host.facts" | "host.phase" | "host.step">;

/** All that need no more than that for a run to be taken up again: nineteen of twenty lines of a journal. */
export const skimmable: ReadonlySet<SkimmedType> = new Set(["host.facts", "host.phase", "host.step"]);
