/** Runs whose process is gone before they ended: told of at the next start, so that nobody forgets them. */
import { visibleSafe } from "../domain/safe-text.ts";
import { isAlive, readLock } from "../journal/lock.ts";
import { readEnds } from "../journal/read.ts";
import { journalPath, lockedRuns, lockPath } from "../journal/runs.ts";
import type { Io } from "./io.ts";

/** More than this many are a matter for `novasweep runs`. */
const MAX_TOLD = 3;

/** Says on stderr which runs were cut short, and how each is taken up again. */
export const tellOfDeadRuns = async (stateDir: string, io: Pick<Io, "stderr" | "controller">): Promise<void> => {
  const dead: string[] = [];
  for (const run of await lockedRuns(stateDir)) {
    const holder = await readLock(stateDir, run);
    const here = { hostname: io.controller, path: lockPath(stateDir, run) };
    if (holder === undefined || (await isAlive(holder, here))) continue;
    const ends = await readEnds(journalPath(stateDir, run));
    const { first, last } = ends.ok ? ends.value : {};
    if (last?.type === "run.settled") continue;
    if (first?.type !== "run.started" || first.check || first.given === undefined) continue;
    dead.push(
      `run ${run} (${first.command} by ${first.by.user}, ${first.at}) was cut short: novasweep runs resume ${run} goes on with it, runs abort ${run} leaves it`,
    );
  }
  for (const line of dead.slice(-MAX_TOLD)) io.stderr.write(`novasweep: ${visibleSafe(line)}\n`);
  if (dead.length > MAX_TOLD)
    io.stderr.write(`novasweep: ${dead.length - MAX_TOLD} more were cut short: novasweep runs\n`);
};
