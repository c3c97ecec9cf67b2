import type { RunEvent } from "./event.ts";
import { spoken, withScript } from "./host-state.ts";
import { closed, opened } from "./host-table.ts";
import { onHost, type RunState, reduce } from "./run-state.ts";
import type { Skimmed } from "./skimmed.ts";

/**
 * The state after many events: what `reduce` makes of them one by one, without a table of hosts for each. Of those that
 * were only skimmed the state has what `Skimmed` says.
 */
export const reduceAll = (state: RunState, events: Iterable<RunEvent | Skimmed>): RunState => {
  let next: RunState = { ...state, hosts: opened(state.hosts) };
  for (const event of events) next = "v" in event ? reduce(next, event) : glanced(next, event);
  return { ...next, hosts: closed(next.hosts) };
};

const glanced = (state: RunState, { type, host, seq, at, phase, script }: Skimmed): RunState => {
  const next = { ...state, lastAt: at, lastSeq: Math.max(state.lastSeq, seq) };
  if (type === "host.step") return onHost(next, host, spoken);
  return phase === "applying" ? onHost(next, host, (row) => withScript(row, script)) : next;
};
