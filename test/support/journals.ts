import { readFileSync } from "node:fs";
import type { RunEvent } from "../../src/domain/event.ts";
import { initialState, type RunState, reduce } from "../../src/domain/run-state.ts";

/** The events of `test/cases/journals/NAME.ndjson`. */
export const journal = (name: string): readonly RunEvent[] =>
  readFileSync(new URL(`../cases/journals/${name}.ndjson`, import.meta.url), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as RunEvent);

export const folded = (events: Iterable<RunEvent>): RunState => {
  let state = initialState;
  for (const event of events) state = reduce(state, event);
  return state;
};
