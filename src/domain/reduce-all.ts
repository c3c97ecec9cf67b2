import type { RunEvent } from "./event.ts";
import { closed, opened } from "./host-table.ts";
import { type RunState, reduce } from "./run-state.ts";

/** The state after many events: what `reduce` makes of them one by one, without a table of hosts for each. */
export const reduceAll = (state: RunState, events: Iterable<RunEvent>): RunState => {
  let next: RunState = { ...state, hosts: opened(state.hosts) };
  for (const event of events) next = reduce(next, event);
  return { ...next, hosts: closed(next.hosts) };
};
