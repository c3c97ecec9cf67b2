import { type Change, isPurge, type PurgeChange, purgeTarget } from "./change.ts";
import { type Refusal, refusal } from "./outcome.ts";
import type { Changing, HostPlan } from "./plan.ts";

/**
 * A host's verdict of now, judged by the plan that was accepted for it some time ago, in a file or by a run that was cut
 * short: what is still to be done must be part of what was accepted. Anything else is a host that moved on, and is
 * refused, not guessed.
 */
export const follow = (planned: Changing, now: HostPlan): HostPlan => {
  if (now.verdict !== "change") return now;
  const strange = now.changes.filter((change) => !planned.changes.some((accepted) => covers(accepted, change)));
  const [first] = strange;
  if (first === undefined) return now;
  return { verdict: "refuse", host: now.host, drift: now.drift, refusals: [stale(planned, first)] };
};

const stale = (planned: Changing, change: Change): Refusal => {
  const other = planned.changes.some(({ kind }) => kind === change.kind);
  const what =
    change.kind === "conf.set"
      ? `${change.path} is not the file that was planned for (${change.patch.before.slice(0, 12)} now)`
      : `${change.kind} would be ${other ? "another than" : "beside what"} was planned`;
  return refusal(
    "E_STALE",
    `the host moved on since the plan was made: ${what}`,
    "run the command again: it plans anew",
  );
};

/** Whether an accepted change allows one that is to be made now: the same, or what is left of it. */
export const covers = (accepted: Change, change: Change): boolean => {
  // The edit was made and its restart is owed: that is the rest of what was accepted.
  if (accepted.kind === "compute.restart" && change.kind === "compute.restart")
    return accepted.service === change.service;
  if (isPurge(accepted) && isPurge(change)) return coversPurge(accepted, change);
  return canonical(accepted) === canonical(change);
};

/** Less trash than was accepted, of the same place, is what was left of it. */
const coversPurge = (accepted: PurgeChange, change: PurgeChange): boolean => {
  if (purgeTarget(accepted) !== purgeTarget(change)) return false;
  const less = "files" in accepted && "files" in change ? change.files <= accepted.files : true;
  return less && canonical(placeOf(accepted)) === canonical(placeOf(change));
};

/** A change without its figures, which shrink as trash goes. */
const placeOf = (change: PurgeChange): unknown => ({
  ...change,
  files: 0,
  bytes: 0,
  freed: 0,
  heldBytes: 0,
  heldBy: 0,
});

/** JSON with the members in the order of their names: two values that say the same are the same text. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, item: unknown) =>
    typeof item === "object" && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
