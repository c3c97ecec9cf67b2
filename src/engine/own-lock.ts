/** The lock of this very run on a node: its script is at work, or was killed and left it. */
import type { RunContext } from "./context.ts";
import type { Survey } from "./survey.ts";

type Own = Pick<RunContext, "run">;

/** Whose script was killed: what it left is still there for whoever comes next. */
export const LEFT_LOCK = "its script was killed and left its lock, which --break-stale-lock takes over";

/**
 * `alive`: a script of this run holds the lock; `dead`: that script is gone; `unclear`: the lock could not be looked at, or
 * went away meanwhile; `none`: there is none, or somebody else's, or nobody looked.
 */
export const ownLock = ({ run }: Own, survey: Survey): "alive" | "dead" | "unclear" | "none" => {
  if (survey.kind !== "facts") return "none";
  const { lock } = survey.facts;
  if (!lock.seen) return lock.why === "failed" ? "unclear" : "none";
  if (lock.value.run !== run) return "none";
  return lock.value.alive ? "alive" : "dead";
};

/** A dead lock of this run is this run's to take: the script takes it without being told to. */
export const freed = (own: Own, survey: Survey): Survey =>
  survey.kind === "facts" && ownLock(own, survey) === "dead"
    ? { ...survey, facts: { ...survey.facts, lock: { seen: false, why: "absent" } } }
    : survey;
