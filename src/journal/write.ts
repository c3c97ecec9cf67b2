/**
 * journal remembers a run: one append-only file of events, one JSON object a line, durable before an effect.
 * May import domain and node only.
 */
import { constants } from "node:fs";
import { type FileHandle, mkdir, open, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { RunEvent } from "../domain/event.ts";
import type { RunId } from "../domain/ids.ts";
import { type Complaint, err, ok, type Result } from "../domain/result.ts";
import { eventLine } from "./event-line.ts";
import { journalPath, runsDirectory } from "./runs.ts";

/** Bytes accepted but not yet written; a disk that falls this far behind counts as broken. */
const maxBufferedBytes = 64 * 1024 ** 2;

/** Without a barrier an event waits at most this long for its write, so that the file can be followed. */
const writeDelayMs = 100;

/** Whatever happens in a run goes in, in order. */
export interface Journal {
  /** Takes an event; it is durable once a later `barrier` resolves. */
  accept(event: RunEvent): void;
  /** Resolves when everything accepted so far is on disk. Rejects, now and for ever, once a write has failed. */
  barrier(): Promise<void>;
  /** A last barrier, then closes the file; a journal that failed before closes in silence. */
  close(): Promise<void>;
  readonly path: string;
}

/**
 * Creates the journal of a new run, `STATE_DIR/runs/RUN.ndjson` (0600, in a directory of 0700).
 * A run that exists, or a directory that cannot be written, is `E_JOURNAL`.
 */
export const openJournal = async (stateDir: string, run: RunId): Promise<Result<Journal>> => {
  const path = journalPath(stateDir, run);
  try {
    const directories = await makeRunsDirectory(stateDir);
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_APPEND;
    return ok(new JournalFile(path, await open(path, flags, 0o600), directories));
  } catch (cause) {
    return err(cannotCreate(path, cause));
  }
};

/**
 * Opens the journal of a run that was cut short, to go on behind its `wholeBytes`: what comes after them is the torn line
 * of an event that was never durable, and goes. Its lock must be held; of another length than what was read, `bytes`, it
 * is another process's by now: `E_JOURNAL`.
 */
export const reopenJournal = async (
  stateDir: string,
  run: RunId,
  { wholeBytes, bytes }: { readonly wholeBytes: number; readonly bytes: number },
): Promise<Result<Journal>> => {
  const path = journalPath(stateDir, run);
  try {
    const file = await open(path, constants.O_WRONLY | constants.O_APPEND);
    if ((await file.stat()).size !== bytes) {
      await file.close();
      const what = `somebody else has gone on with run ${run} meanwhile`;
      return err({ code: "E_JOURNAL", what, where: path, try: "novasweep runs show says how far it is" });
    }
    await file.truncate(wholeBytes);
    return ok(new JournalFile(path, file, []));
  } catch (cause) {
    const what = `cannot go on with the journal: ${cause instanceof Error ? cause.message : String(cause)}`;
    return err({ code: "E_JOURNAL", what, where: path, try: "see to the file and its directory" });
  }
};

const cannotCreate = (path: string, cause: unknown): Complaint => ({
  code: "E_JOURNAL",
  what: `cannot create the journal: ${cause instanceof Error ? cause.message : String(cause)}`,
  where: path,
  try: "--state-dir DIR with a directory you may write",
});

/**
 * Makes the directory of the journals and returns every directory whose entries are new, deepest first. Level by level:
 * node's recursive mkdir never returns where a file system refuses with ENOENT what it lists (/proc).
 */
const makeRunsDirectory = async (stateDir: string): Promise<readonly string[]> => {
  const runs = resolve(runsDirectory(stateDir));
  const levels: string[] = [];
  for (let at = runs; at !== dirname(at); at = dirname(at)) levels.unshift(at);
  const changed = [runs];
  for (const level of levels) if (await makeDirectory(level)) changed.push(dirname(level));
  return [...new Set(changed)].reverse();
};

/** Whether it had to be made. */
const makeDirectory = async (path: string): Promise<boolean> => {
  try {
    await mkdir(path, { mode: 0o700 });
    return true;
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : "";
    // Read-only roots refuse before they look: what is there already is all that counts.
    if (code !== "EEXIST" && !(await isDirectory(path))) throw cause;
    return false;
  }
};

const isDirectory = async (path: string): Promise<boolean> => {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
};

/**
 * Lines wait in memory and go to the file in one write at a time. A barrier adds an fdatasync to the next write;
 * barriers that arrive while one is under way share the one after it (group commit).
 */
class JournalFile implements Journal {
  readonly path: string;
  readonly #file: FileHandle;
  /** Directories to fsync once, so that the file's name outlives a power cut too. */
  #directories: readonly string[];
  #lines: string[] = [];
  #bufferedBytes = 0;
  #accepted = 0;
  #wanted = 0;
  #durable = 0;
  #writing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failure: Error | undefined;

  constructor(path: string, file: FileHandle, directories: readonly string[]) {
    this.path = path;
    this.#file = file;
    this.#directories = directories;
  }

  accept(event: RunEvent): void {
    if (this.#failure !== undefined) return;
    const line = eventLine(event);
    this.#lines.push(line);
    this.#accepted += 1;
    // UTF-16 units, at most a third of the bytes: close enough for a bound.
    this.#bufferedBytes += line.length;
    if (this.#bufferedBytes > maxBufferedBytes) {
      this.#fail(new Error(`${maxBufferedBytes} bytes wait to be written: the disk does not keep up`));
      return;
    }
    this.#timer ??= setTimeout(() => void this.#write(), writeDelayMs).unref();
  }

  async barrier(): Promise<void> {
    const target = this.#accepted;
    this.#wanted = target;
    // Each turn writes at least what was accepted before it, so this ends after two.
    while (this.#failure === undefined && this.#durable < target) await this.#write();
    if (this.#failure !== undefined) throw this.#failure;
  }

  async close(): Promise<void> {
    const brokenBefore = this.#failure !== undefined;
    try {
      if (!brokenBefore) await this.barrier();
    } finally {
      await this.#writing;
      clearTimeout(this.#timer);
      await this.#file.close();
    }
  }

  /** One write at a time; whoever comes while one is under way waits for it and looks again. Never rejects. */
  #write(): Promise<void> {
    this.#writing ??= this.#writeOnce()
      .catch((cause: unknown) => this.#fail(cause))
      .finally(() => {
        this.#writing = undefined;
      });
    return this.#writing;
  }

  async #writeOnce(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#failure !== undefined) return;
    const text = this.#lines.join("");
    const upTo = this.#accepted;
    this.#lines = [];
    this.#bufferedBytes = 0;
    if (text !== "") await this.#file.writeFile(text);
    if (this.#wanted <= this.#durable) return;
    await this.#file.datasync();
    for (const directory of this.#directories) await syncDirectory(directory);
    this.#directories = [];
    this.#durable = upTo;
  }

  #fail(cause: unknown): void {
    const why = cause instanceof Error ? cause.message : String(cause);
    this.#failure ??= new Error(`the journal ${this.path} is lost: ${why}`, { cause });
    this.#lines = [];
    clearTimeout(this.#timer);
  }
}

const syncDirectory = async (path: string): Promise<void> => {
  const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
};
