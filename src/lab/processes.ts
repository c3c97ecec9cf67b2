/** Ends what scripts of the lab left running. */
import { readdirSync, readFileSync } from "node:fs";

/** Rounds of looking: a process may start another between the look and the kill. */
const ROUNDS_MAX = 20;

/** Pids whose environment names a node of the lab in `dir`. Only processes the lab started have it. */
export const labProcesses = (dir: string): readonly number[] => {
  const mark = `LAB_NODE=${dir}/`;
  const found: number[] = [];
  for (const entry of readdirSync("/proc")) {
    if (!/^[0-9]+$/.test(entry) || Number(entry) === process.pid) continue;
    try {
      const environment = readFileSync(`/proc/${entry}/environ`, "latin1");
      if (environment.startsWith(mark) || environment.includes(`\0${mark}`)) found.push(Number(entry));
    } catch {
      // Gone, or not ours to read: then it is not ours to end either.
    }
  }
  return found;
};

/** Kills every process of the lab in `dir`; scripts do not end by themselves when their connection does. */
export const endLabProcesses = (dir: string): void => {
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const pids = labProcesses(dir);
    if (pids.length === 0) return;
    for (const pid of pids) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // Gone in between.
      }
    }
  }
};
