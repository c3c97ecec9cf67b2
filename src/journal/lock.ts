/** The lock of a run on the controller: who drives it, so that a run whose process died can be told from one that goes on. */
import { randomBytes } from "node:crypto";
import { type FileHandle, link, mkdtemp, open, readFile, rename, rm, rmdir, stat } from "node:fs/promises";
import { kill } from "node:process";
import type { RunId } from "../domain/ids.ts";
import { err, ok, type Result } from "../domain/result.ts";
import { lockPath } from "./runs.ts";

/** How often a process writes its lock again, and how long it may be silent. */
const BEAT_MS = 30_000;
const SILENT_MS = 5 * 60_000;

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
  // Two machines that share the directory may have a pid in common.
  const draft = `${path}.${holder.pid}.${randomBytes(4).toString("hex")}`;
  const text = `${JSON.stringify(holder)}\n`;
  let file: FileHandle | undefined;
  try {
    file = await open(draft, "wx", 0o600);
    // Linked into place: nobody ever reads half a lock, and of two who take it one fails.
    await file.writeFile(text);
    await link(draft, path).finally(() => rm(draft, { force: true }));
    const stop = beatOn(file, text);
    return ok({
      release: async () => {
        await stop();
        // Somebody who took this process for dead has one of his own there.
        const now = await readLock(stateDir, run);
        if (now === undefined || JSON.stringify(now) === JSON.stringify(holder)) await rm(path, { force: true });
      },
    });
  } catch (cause) {
    await file?.close().catch(() => undefined);
    return err({
      code: "E_JOURNAL",
      what: isThere(cause) ? takenUp(run) : `cannot lock the run: ${wordsOf(cause)}`,
      where: path,
    });
  }
};

const wordsOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

const isThere = (cause: unknown): boolean => cause instanceof Error && "code" in cause && cause.code === "EEXIST";

/** Of two who take up a run at once, the sentence for the other. */
export const takenUp = (run: RunId): string => `somebody else has just taken up run ${run}`;

/**
 * Writes the same text again and again: the file system says when, by its own clock. It is the file that is held, whatever
 * has its name by now. Returns what ends it.
 */
const beatOn = (file: FileHandle, text: string): (() => Promise<void>) => {
  const bytes = Buffer.from(text);
  let last: Promise<unknown> = Promise.resolve();
  const beat = setInterval(() => {
    last = file.write(bytes, 0, bytes.length, 0).catch(() => undefined);
  }, BEAT_MS).unref();
  return async () => {
    clearInterval(beat);
    await last;
    // What it says is of no more use to anybody: the lock is given up whether or not this goes well.
    await file.close().catch(() => undefined);
  };
};

/**
 * Takes the lock of a dead process out of the way. Of two who try the rename lets one through; false for the other, and
 * when somebody else had taken it already. `pid` is our own.
 */
export const clearLock = async (stateDir: string, run: RunId, dead: Holder, pid: number): Promise<boolean> => {
  const path = lockPath(stateDir, run);
  const aside = `${path}.dead-${dead.pid}-${pid}`;
  try {
    await rename(path, aside);
  } catch {
    return false;
  }
  const taken = parseHolder(await readFile(aside, "utf8").catch(() => ""));
  const same = taken !== undefined && JSON.stringify(taken) === JSON.stringify(dead);
  // Not the one that was judged: back with it, unless there is a new one by now.
  if (!same) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
  return same;
};

/** Removes the lock of a run whose process is gone; false when nobody's is gone. */
export const giveUp = async (
  stateDir: string,
  run: RunId,
  here: { readonly hostname: string; readonly pid: number },
): Promise<boolean> => {
  const holder = await readLock(stateDir, run);
  if (holder === undefined) return false;
  const alive = await isAlive(holder, { hostname: here.hostname, path: lockPath(stateDir, run) });
  return !alive && (await clearLock(stateDir, run, holder, here.pid));
};

/** Who holds a run's lock; undefined when there is none, or none that can be read. */
export const readLock = async (stateDir: string, run: RunId): Promise<Holder | undefined> => {
  try {
    return parseHolder(await readFile(lockPath(stateDir, run), "utf8"));
  } catch {
    return undefined;
  }
};

const parseHolder = (text: string): Holder | undefined => {
  try {
    const holder: unknown = JSON.parse(text);
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

/**
 * Whether the process that holds a lock still runs. One on another machine cannot be looked at: it counts as alive as long
 * as its lock was written a moment ago, by the clock of the file system, which is one for both: ours may be put at any moment.
 */
export const isAlive = async (
  holder: Holder,
  here: { readonly hostname: string; readonly path?: string },
): Promise<boolean> => {
  if (holder.hostname !== here.hostname) return here.path === undefined || (await beatsStill(here.path));
  const now = await describeHolder(holder.pid, here.hostname, holder.since);
  return holder.bootId === now.bootId && holder.startTicks === now.startTicks && processExists(holder.pid);
};

const beatsStill = async (path: string): Promise<boolean> => {
  try {
    const { mtimeMs } = await stat(path);
    return (await nowBeside(path)) - mtimeMs < SILENT_MS;
  } catch {
    return true;
  }
};

/** What time it is where this file is; our own where nothing may be written. */
const nowBeside = async (path: string): Promise<number> => {
  try {
    const look = await mkdtemp(`${path}.look-`);
    const { mtimeMs } = await stat(look).finally(() => rmdir(look).catch(() => undefined));
    return mtimeMs;
  } catch {
    return Date.now();
  }
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
