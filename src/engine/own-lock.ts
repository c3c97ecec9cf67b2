/** The lock of this very run on a node: its script is at work, or was killed and left it. */
import type { RunContext } from "./context.ts";
import type { Survey } from "./survey.ts";

type Own = Pick<RunContext, "run">;

/** A script of this run holds the lock, or let go of it while the node was looked at. */
export const atWork = ({ run }: Own, survey: Survey): boolean => {
  if (survey.kind !== "facts") return false;
  const { lock } = survey.facts;
  return lock.seen ? lock.value.run === run && lock.value.alive : lock.why === "failed";
};

/** A lock of this run whose script is gone is this run's to take: the script takes it without being told to. */
export const freed = ({ run }: Own, survey: Survey): Survey => {
  if (survey.kind !== "facts") return survey;
  const { lock } = survey.facts;
  return lock.seen && lock.value.run === run && !lock.value.alive
    ? { ...survey, facts: { ...survey.facts, lock: { seen: false, why: "absent" } } }
    : survey;
};
