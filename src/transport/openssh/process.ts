/** One ssh process: its streams, and its log on disk. Both are bounded, whoever is at the other end. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { closeSync, fstatSync, openSync, readSync, rmSync } from "node:fs";
import { kill } from "node:process";
import type { Readable, Writable } from "node:stream";
import { type OpensshLog, readLog } from "./log.ts";

export interface ProcessEvents {
  readonly onBytes: (stream: "stdout" | "stderr", bytes: Buffer) => void;
  /** It has ended, and its streams are read to their end, or a while has passed. */
  readonly onEnd: () => void;
  /** It could not be started. */
  readonly onError: (error: Error) => void;
  /** ssh's log may have grown. */
  readonly onLook: () => void;
}

export interface ProcessOptions {
  /** The program, an absolute path. */
  readonly ssh: string;
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A file's name nobody else uses. */
  readonly log: string;
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** ssh says `Authenticated` only in its log: how often that is looked at, milliseconds. */
const LOOK_MS = 100;
/** A log of one connection is 8 KiB. */
export const MAX_LOG_BYTES: number = 256 * 1024;
/** After ssh has ended: how long what it started may hold the streams open. */
const DRAIN_MS = 5_000;

export class OpensshProcess {
  readonly #options: ProcessOptions;
  readonly #events: ProcessEvents;
  #child: Child | undefined;
  #looking: NodeJS.Timeout | undefined;
  #drain: NodeJS.Timeout | undefined;
  #sent = false;

  constructor(options: ProcessOptions, events: ProcessEvents) {
    this.#options = options;
    this.#events = events;
  }

  /** Starts ssh in a session of its own: no Ctrl-C of the terminal reaches it, and it finds no terminal to ask on. */
  start(): void {
    const { ssh, words, env } = this.#options;
    try {
      const child: Child = spawn(ssh, words, {
        detached: true,
        stdio: ["pipe", "pipe", "pipe"],
        env: { ...env, LC_ALL: "C", SSH_ASKPASS_REQUIRE: "never" },
      });
      child.on("error", this.#events.onError);
      this.#child = child;
      this.#listen(child);
    } catch (error) {
      // Without file descriptors left, Node gives a child that has no streams.
      this.#events.onError(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** All of the script has gone to ssh. */
  get sent(): boolean {
    return this.#sent;
  }

  /** What the log says so far. */
  look(): OpensshLog {
    const { text, bytes } = readBounded(this.#options.log);
    return { ...readLog(text), bytes };
  }

  write(line: Buffer): void {
    this.#child?.stdin.write(line, () => line.fill(0));
  }

  /** `ends`: nothing comes behind it. A terminal has no end. */
  send(script: string, ends: boolean): void {
    const sent = (error?: Error | null): void => {
      this.#sent = error === undefined || error === null;
    };
    if (ends) this.#child?.stdin.end(script, sent);
    else this.#child?.stdin.write(script, sent);
  }

  /** Ends ssh and a ProxyCommand it started, and removes the log. Nothing is told any more. */
  end(): void {
    clearInterval(this.#looking);
    clearTimeout(this.#drain);
    const child = this.#child;
    this.#child = undefined;
    if (child?.pid !== undefined) endGroup(child, child.pid);
    rmSync(this.#options.log, { force: true });
  }

  #listen(child: Child): void {
    const ours = (tell: () => void) => () => {
      if (this.#child === child) tell();
    };
    child.stdout.on("data", (bytes: Buffer) => ours(() => this.#events.onBytes("stdout", bytes))());
    child.stderr.on("data", (bytes: Buffer) => ours(() => this.#events.onBytes("stderr", bytes))());
    child.stdin.on("error", () => {}); // ssh ended before it had read the whole script
    child.once("exit", () => {
      this.#drain = setTimeout(ours(this.#events.onEnd), DRAIN_MS);
    });
    child.once("close", ours(this.#events.onEnd));
    this.#looking = setInterval(this.#events.onLook, LOOK_MS);
  }
}

const endGroup = (child: Child, pid: number): void => {
  child.stdout.destroy();
  child.stderr.destroy();
  child.stdin.destroy();
  try {
    kill(-pid, "SIGKILL");
  } catch {
    // all of it has ended
  }
};

const readBounded = (file: string): { readonly text: string; readonly bytes: number } => {
  try {
    const fd = openSync(file, "r");
    try {
      const { size } = fstatSync(fd);
      const bytes = Buffer.alloc(Math.min(size, MAX_LOG_BYTES));
      return { text: bytes.toString("latin1", 0, readSync(fd, bytes, 0, bytes.length, 0)), bytes: size };
    } finally {
      closeSync(fd);
    }
  } catch {
    return { text: "", bytes: 0 }; // ssh has not written it yet
  }
};
