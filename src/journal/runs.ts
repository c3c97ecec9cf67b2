/** Where runs live and what they are called. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { RunId } from "../domain/ids.ts";
import { type Complaint, err, ok, type Result } from "../domain/result.ts";

/** Bytes of randomness in a run's id: two runs started in the same second stay apart. */
export const runIdRandomBytes = 3;

const runIdPattern = /^\d{8}-\d{6}-[0-9a-f]{6}$/;

/** The id of a run that starts at `date` (UTC), `YYYYMMDD-HHMMSS-xxxxxx`; `random` supplies the last six hex digits. */
export const newRunId = (date: Date, random: Uint8Array): RunId => {
  if (random.length < runIdRandomBytes) throw new Error(`a run id needs ${runIdRandomBytes} random bytes`);
  const digits = date
    .toISOString()
    .replace(/\.\d+Z$/, "")
    .replace(/[-:]/g, "")
    .replace("T", "-");
  return `${digits}-${Buffer.from(random.subarray(0, runIdRandomBytes)).toString("hex")}`;
};

/** Whether a text has the form of a run's id. */
export const isRunId = (text: string): text is RunId => runIdPattern.test(text);

/** The directory of the journals and locks. */
export const runsDirectory = (stateDir: string): string => join(stateDir, "runs");

/** The journal of a run. */
export const journalPath = (stateDir: string, run: RunId): string => join(runsDirectory(stateDir), `${run}.ndjson`);

/** The lock of a run, there while its process lives. */
export const lockPath = (stateDir: string, run: RunId): string => join(runsDirectory(stateDir), `${run}.lock`);

/** The control socket of a run, there while its process lives. */
export const socketPath = (stateDir: string, run: RunId): string => join(runsDirectory(stateDir), `${run}.sock`);

/** Every run that has a journal, oldest first; files with other names are not ours. `E_JOURNAL` when the directory cannot be read. */
export const listRuns = async (stateDir: string): Promise<Result<readonly RunId[]>> => {
  try {
    const names = await readdir(runsDirectory(stateDir));
    const runs = names.filter((name) => name.endsWith(".ndjson")).map((name) => name.slice(0, -".ndjson".length));
    return ok(runs.filter(isRunId).sort());
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return ok([]);
    return err({
      code: "E_JOURNAL",
      what: `cannot list the runs: ${cause instanceof Error ? cause.message : String(cause)}`,
      where: runsDirectory(stateDir),
      try: "--state-dir DIR, the one the runs were made with",
    });
  }
};

/** Runs that have a lock, oldest first: whoever ended let go of his. None when the directory cannot be read. */
export const lockedRuns = async (stateDir: string): Promise<readonly RunId[]> => {
  const names = await readdir(runsDirectory(stateDir)).catch(() => []);
  return names
    .flatMap((name) => (name.endsWith(".lock") ? [name.slice(0, -".lock".length)] : []))
    .filter(isRunId)
    .sort();
};

/** The one run whose id starts with `prefix`; none or several is a complaint that names what there is. */
export const findRun = (runs: readonly RunId[], prefix: string): Result<RunId> => {
  const found = runs.filter((run) => run.startsWith(prefix));
  const [only] = found;
  if (only !== undefined && found.length === 1) return ok(only);
  return err(only === undefined ? noSuchRun(prefix) : ambiguousRun(prefix, found));
};

/** Candidates named in a complaint: enough to choose from, few enough to read. */
const candidatesNamed = 5;

const noSuchRun = (prefix: string): Complaint => ({
  code: "E_USAGE",
  what: `no run's id starts with ${JSON.stringify(prefix)}`,
  where: "runs show ID",
  try: "novasweep runs, which lists them",
});

const ambiguousRun = (prefix: string, found: readonly RunId[]): Complaint => ({
  code: "E_USAGE",
  what: `${found.length} runs have an id that starts with ${JSON.stringify(prefix)}`,
  where: "runs show ID",
  try: `one of ${found.slice(-candidatesNamed).join(", ")}`,
});
