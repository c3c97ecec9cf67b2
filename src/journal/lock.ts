/** The lock of a run on the controller: who drives it, so that a run whose process died can be told from one that goes on. */
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { kill } from "node:process";
import type { RunId } from "../domain/ids.ts";
import { err, ok, type Result } from "../domain/result.ts";
import { lockPath } from "./runs.ts";

/** The process that drives a run. */
export interface Holder {
  readonly pid: number;
  /** The controller's host name: a state directory may be shared between machines. */
  readonly hostname: string;
  /** Linux's boot id, empty where there is none: a pid says nothing across a reboot. */
  readonly bootId: string;
  /** When the process started, in clock ticks since boot, empty where /proc does not say: pids are used again. */
  readonly startTicks: string;
  /** RFC 3339, for people. */
  readonly since: string;
}

/** Describes a process of this machine. */
export const describeHolder = async (pid: number, hostname: string, since: string): Promise<Holder> => ({
  pid,
  hostname,
  bootId: (await readProc("/proc/sys/kernel/random/boot_id")).trim(),
  startTicks: await readStartTicks(pid),
  since,
});

/** Writes `STATE_DIR/runs/RUN.lock` (0600), after the journal was created; `release` removes it. `E_JOURNAL` when it cannot be written. */
export const takeLock = async (
  stateDir: string,
  run: RunId,
  holder: Holder,
): Promise<Result<{ readonly release: () => Promise<void> }>> => {
  const path = lockPath(stateDir, run);
  const draft = `${path}.new`;
  try {
    // Renamed into place: nobody ever reads half a lock. The journal's O_EXCL already made the run ours.
    await writeFile(draft, `${JSON.stringify(holder)}\n`, { flag: "wx", mode: 0o600 });
    await rename(draft, path);
    return ok({ release: () => rm(path, { force: true }) });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    return err({ code: "E_JOURNAL", what: `cannot lock the run: ${why}`, where: path });
  }
};

/** Who holds a run's lock; undefined when there is none, or none that can be read. */
export const readLock = async (stateDir: string, run: RunId): Promise<Holder | undefined> => {
  try {
    const holder: unknown = JSON.parse(await readFile(lockPath(stateDir, run), "utf8"));
    return isHolder(holder) ? holder : undefined;
  } catch {
    return undefined;
  }
};

const isHolder = (value: unknown): value is Holder => {
  if (typeof value !== "object" || value === null) return false;
  const { pid, hostname, bootId, startTicks, since } = value as Partial<Record<keyof Holder, unknown>>;
  return (
    Number.isSafeInteger(pid) &&
    Number(pid) > 0 &&
    [hostname, bootId, startTicks, since].every((text) => typeof text === "string")
  );
};

/** Whether the process that holds a lock still runs. One on another machine cannot be looked at, so it counts as alive. */
export const isAlive = async (holder: Holder, here: { readonly hostname: string }): Promise<boolean> => {
  if (holder.hostname !== here.hostname) return true;
  const now = await describeHolder(holder.pid, here.hostname, holder.since);
  return holder.bootId === now.bootId && holder.startTicks === now.startTicks && processExists(holder.pid);
};

const processExists = (pid: number): boolean => {
  try {
    return kill(pid, 0);
  } catch (cause) {
    // EPERM: there is one, and it is another user's.
    return cause instanceof Error && "code" in cause && cause.code === "EPERM";
  }
};

const readProc = async (path: string): Promise<string> => {
  try {
    return await readFile(path, "utf8");
  } catch {
    return "";
  }
};

/** Field 22 of /proc/PID/stat; the second, the command, may hold blanks and parentheses, so counting starts after its end. */
const readStartTicks = async (pid: number): Promise<string> => {
  const stat = await readProc(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
};
