import type { Outcome } from "./outcome.ts";

/** What besides the outcomes decides a run's exit status. */
export interface Ending {
  readonly tally: Readonly<Record<Outcome, number>>;
  readonly interrupted: boolean;
  /** The gate closed, too many were missing, the plan was declined, the journal was lost, or the operator stopped. */
  readonly stopped: boolean;
  /** Whether drift is worth a status: `--check`, `status --exit-code`. */
  readonly driftCounts: boolean;
}

/** The first that applies of 130, 5, 1, 4, 6, 3 (70 is a bug and never comes from here), else 0. */
export const exitStatus = ({ tally, interrupted, stopped, driftCounts }: Ending): number => {
  if (interrupted) return 130;
  if (stopped) return 5;
  if (tally.failed + tally.unknown > 0) return 1;
  if (tally.unreachable > 0) return 4;
  if (tally.refused > 0) return 6;
  return driftCounts && tally.drifted > 0 ? 3 : 0;
};
