import { covers } from "./follow.ts";
import type { Changing } from "./plan.ts";

/**
 * How the record counts the changes of one script: as the plan does that was accepted, of which they may be what is left.
 * Whoever comes back to a script knows that plan, and no other.
 */
export interface Numbering {
  /** Changes of the accepted plan. */
  readonly of: number;
  /** Files that these may take out: a script that names more is not believed. */
  readonly files: number;
  /** Of each change its number there, from 1. */
  readonly numbers: readonly number[];
}

/** All that was accepted: 1, 2, 3. */
export const countAll = ({ changes }: Changing): Numbering => ({
  of: changes.length,
  files: changes.reduce((sum, change) => sum + ("files" in change ? change.files : 0), 0),
  numbers: changes.map((_, at) => at + 1),
});

/** What is left of a plan that is counted so; `left` has nothing that it does not cover. */
export const countLeft = (planned: Changing, { of, files, numbers }: Numbering, left: Changing): Numbering => ({
  of,
  files,
  numbers: left.changes.map((change) => {
    const number = numbers[planned.changes.findIndex((accepted) => covers(accepted, change))];
    if (number === undefined) throw new Error(`${left.host}: ${change.kind} is beside what was planned`);
    return number;
  }),
});
