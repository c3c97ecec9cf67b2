import type { Outcome } from "./outcome.ts";

/** Hosts by outcome; the sum of a settled run is the number of selected hosts. */
export type Tally = Readonly<Record<Outcome, number>>;

export const emptyTally: Tally = {
  "in-sync": 0,
  changed: 0,
  drifted: 0,
  refused: 0,
  failed: 0,
  unreachable: 0,
  unknown: 0,
  skipped: 0,
};

/** The tally with one host more. */
export const tallied = (tally: Tally, outcome: Outcome): Tally => ({ ...tally, [outcome]: tally[outcome] + 1 });

/** Hosts that have settled. */
export const settledIn = (tally: Tally): number => Object.values(tally).reduce((sum, count) => sum + count, 0);

/** Outcomes the gate counts once the plan is accepted. */
export const isBad = (outcome: Outcome): boolean =>
  outcome === "failed" || outcome === "unknown" || outcome === "unreachable";
