/** `novasweep runs hold|go|abort ID`: one command to a run that goes on in another terminal. */
import { giveUp } from "../../journal/lock.ts";
import { findRun, listRuns } from "../../journal/runs.ts";
import { sendCommand } from "../control-socket.ts";
import { complain, type Io } from "../io.ts";
import type { RunsTellRequest } from "../request.ts";

/** Tells the run; 0 when it took the command. A run whose process is gone is given up by `abort`: nobody is told of it again. */
export const tellCommand = async (
  { id, what, stateDir }: RunsTellRequest,
  io: Pick<Io, "stderr" | "controller" | "pid">,
): Promise<number> => {
  const runs = await listRuns(stateDir);
  if (!runs.ok) return complain(io, [runs.error]);
  const run = findRun(runs.value, id);
  if (!run.ok) return complain(io, [run.error]);
  const sent = await sendCommand(stateDir, run.value, what);
  if (sent === true) return 0;
  if (what === "abort" && (await giveUp(stateDir, run.value, { hostname: io.controller, pid: io.pid }))) {
    io.stderr.write(
      `novasweep: run ${run.value} was cut short and is given up; novasweep runs show says how far it came\n`,
    );
    return 0;
  }
  return complain(io, [
    {
      code: "E_JOURNAL",
      what: `run ${run.value} cannot be told: ${sent}`,
      try: "novasweep runs says whether it still goes on, and where",
    },
  ]);
};
