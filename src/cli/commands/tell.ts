/** `novasweep runs hold|go|abort ID`: one command to a run that goes on in another terminal. */
import { findRun, listRuns } from "../../journal/runs.ts";
import { sendCommand } from "../control-socket.ts";
import { complain, type Io } from "../io.ts";
import type { RunsTellRequest } from "../request.ts";

/** Tells the run; 0 when it took the command. */
export const tellCommand = async ({ id, what, stateDir }: RunsTellRequest, io: Pick<Io, "stderr">): Promise<number> => {
  const runs = await listRuns(stateDir);
  if (!runs.ok) return complain(io, [runs.error]);
  const run = findRun(runs.value, id);
  if (!run.ok) return complain(io, [run.error]);
  const sent = await sendCommand(stateDir, run.value, what);
  if (sent === true) return 0;
  return complain(io, [
    {
      code: "E_JOURNAL",
      what: `run ${run.value} cannot be told: ${sent}`,
      try: "novasweep runs says whether it still goes on, and where",
    },
  ]);
};
