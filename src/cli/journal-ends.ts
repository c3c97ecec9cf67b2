/** What is said when a run's record ends before the run does. */
import { visibleSafe } from "../domain/safe-text.ts";
import type { JournalLost } from "../engine/emitter.ts";
import type { Record } from "./compose.ts";
import { complain, type Io } from "./io.ts";

/** Exit status when the journal is lost: see the reference. */
const STOPPED = 5;

/** Says that no further host is touched; the exit status that goes with it. */
export const journalLost = (io: Io, error: JournalLost): number => {
  const cause = error.cause instanceof Error ? error.cause.message : String(error.cause);
  complain(io, [
    {
      code: "E_JOURNAL",
      what: `${error.message}: ${cause}; the run stopped, no further host was touched`,
      try: "make room for --state-dir, then run again: hosts are looked at first",
    },
  ]);
  return STOPPED;
};

/** Lets go of a run's record; one that broke on the way says so. */
export const releaseRecord = (record: Record, io: Io): Promise<unknown> =>
  record
    .release()
    .catch((cause: unknown) =>
      io.stderr.write(
        `novasweep: warning: ${visibleSafe(cause instanceof Error ? cause.message : String(cause))}; what is not in it is not known later\n`,
      ),
    );
