/** One host through the system's ssh: one process, the script on its standard input, its own log for the layers. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { closeSync, openSync, readSync, rmSync } from "node:fs";
import { kill } from "node:process";
import type { Host, OpensshDial } from "../../domain/host.ts";
import type { Layer } from "../../domain/layer.ts";
import type { Failure } from "../../domain/outcome.ts";
import { ChunkQueue } from "../chunk-queue.ts";
import * as failures from "../failures.ts";
import type { HandshakeSlots } from "../handshake-slots.ts";
import { LayerClock, layerMsFor } from "../layer-clock.ts";
import { MAX_REPLY_BYTES } from "../limits.ts";
import type { Chunk, Clocks } from "../transport.ts";
import { logFailure, type OpensshLog, readLog } from "./log.ts";
import { opensshWords } from "./words.ts";

/** What the sessions of one run share. */
export interface OpensshShared {
  /** The program, an absolute path. */
  readonly ssh: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clocks: Clocks;
  readonly slots: HandshakeSlots;
}

/** ssh says `Authenticated` only in its log: how often that is looked at until the script runs, milliseconds. */
const LOOK_MS = 100;
/** A log of one connection is 8 KiB; more than this is not read. */
const MAX_LOG_BYTES = 256 * 1024;
/** After ssh has ended: how long what it started may hold the streams open. */
const DRAIN_MS = 5_000;

export class OpensshSession {
  readonly chunks: ChunkQueue = new ChunkQueue(() => this.#settle());
  readonly #host: Host;
  readonly #dial: OpensshDial;
  readonly #config: string;
  readonly #log: string;
  readonly #signal: AbortSignal;
  readonly #shared: OpensshShared;
  readonly #onSettled: () => void;
  readonly #stop = () => this.#lose(failures.stoppedFailure(this.#host));
  readonly #clock: LayerClock;
  #settled = false;
  #giveSlotBack: () => void = () => {};
  #hostClock: NodeJS.Timeout | undefined;
  #looking: NodeJS.Timeout | undefined;
  #drain: NodeJS.Timeout | undefined;
  #child: ChildProcessWithoutNullStreams | undefined;
  #replyBytes = 0;

  /** `log`: a file's name nobody else uses; `config`: what opensshConfig says. */
  constructor(
    host: Host,
    dial: OpensshDial,
    files: { readonly config: string; readonly log: string },
    signal: AbortSignal,
    shared: OpensshShared,
    onSettled: () => void,
  ) {
    this.#host = host;
    this.#dial = dial;
    this.#config = files.config;
    this.#log = files.log;
    this.#signal = signal;
    this.#shared = shared;
    this.#onSettled = onSettled;
    this.#clock = new LayerClock(layerMsFor(shared.clocks, host), () => this.#onTimeout());
  }

  /** Waits for a place and starts ssh. Never rejects. */
  async start(script: string): Promise<void> {
    this.#enter("queue");
    if (this.#signal.aborted) return this.#stop();
    this.#signal.addEventListener("abort", this.#stop, { once: true });
    const giveBack = await this.#shared.slots.take(this.#signal);
    if (giveBack === undefined) return;
    if (this.#settled) return giveBack();
    this.#giveSlotBack = giveBack;
    const { hostMs } = this.#shared.clocks;
    this.#hostClock = setTimeout(
      () => this.#lose(failures.hostTimeoutFailure(this.#host, this.#clock.layer, hostMs)),
      hostMs,
    );
    this.#enter("resolve");
    this.#spawn(script);
  }

  /** Ends it if it is still there. */
  cut(): void {
    this.#stop();
  }

  /** In a session of its own: no Ctrl-C of the terminal reaches it, and it finds no terminal to ask on. */
  #spawn(script: string): void {
    const { ssh } = this.#shared;
    const child = spawn(ssh, opensshWords(this.#host, this.#dial, this.#config, this.#log), {
      detached: true,
      env: { ...this.#shared.env, LC_ALL: "C", SSH_ASKPASS_REQUIRE: "never" },
    });
    this.#child = child;
    child.on("error", (error) => this.#lose(failures.noProgramFailure(this.#host, ssh, error)));
    child.stdout.on("data", (bytes: Buffer) => this.#onBytes("stdout", bytes));
    child.stderr.on("data", (bytes: Buffer) => this.#onBytes("stderr", bytes));
    child.stdin.on("error", () => {}); // ssh ended before it had read the whole script
    child.stdin.end(script);
    child.once("exit", () => {
      this.#drain = setTimeout(() => this.#onEnd(), DRAIN_MS);
    });
    child.once("close", () => this.#onEnd());
    this.#looking = setInterval(() => this.#look(), LOOK_MS);
  }

  /** Goes on to the layer that ssh is in, and gives the place back once it is logged in. */
  #look(): OpensshLog {
    const log = readLog(readBounded(this.#log));
    if (this.#settled || this.#clock.layer === "script") return log;
    if (log.layer !== this.#clock.layer) this.#enter(log.layer);
    if (log.layer === "channel" || log.layer === "shell") this.#giveSlotBack();
    return log;
  }

  #onBytes(kind: "stdout" | "stderr", bytes: Buffer): void {
    if (this.#settled) return;
    this.#replyBytes += bytes.length;
    if (this.#replyBytes > MAX_REPLY_BYTES) {
      this.#lose(failures.floodFailure(this.#host, MAX_REPLY_BYTES));
      return;
    }
    // A ProxyCommand may say something before there is a node.
    if (this.#clock.layer !== "script" && this.#look().layer === "shell") this.#enter("script");
    else this.#clock.heard();
    this.chunks.push({ kind, bytes });
  }

  #onEnd(): void {
    if (this.#settled) return;
    const log = this.#look();
    const { layer } = this.#clock;
    if (log.exit === undefined) this.#lose(logFailure(this.#host, { ...log, layer }, this.#scriptSent(log)));
    else this.#settle({ kind: "exit", ...log.exit });
  }

  /** ssh had taken all of it, and the node had agreed to run a shell. */
  #scriptSent({ layer }: OpensshLog): boolean {
    return this.#child?.stdin.writableFinished === true && layer === "shell";
  }

  #lose(failure: Failure): void {
    const scriptSent = this.#scriptSent(readLog(readBounded(this.#log)));
    this.#settle({ kind: "lost", failure, layer: this.#clock.layer, ...(scriptSent ? { scriptSent } : {}) });
  }

  #enter(layer: Layer): void {
    if (this.#settled) return;
    if (layer === "script") clearInterval(this.#looking);
    if (layer === "script" || layer === "shell") this.#giveSlotBack();
    this.#clock.enter(layer);
    this.chunks.push({ kind: "layer", layer });
  }

  #onTimeout(): void {
    const { limitMs, layer } = this.#clock;
    const movedMs = layer === "queue" ? limitMs - this.#shared.slots.stillMs : 0;
    if (movedMs > 0) this.#clock.again(movedMs);
    else this.#lose(failures.timeoutFailure(this.#host, layer, limitMs, ""));
  }

  /** Ends the run with a last chunk, or without one when nobody reads any more. Only the first call counts. */
  #settle(last?: Chunk): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#clock.stop();
    clearTimeout(this.#hostClock);
    clearTimeout(this.#drain);
    clearInterval(this.#looking);
    this.#signal.removeEventListener("abort", this.#stop);
    this.#giveSlotBack();
    if (last !== undefined) this.chunks.push(last);
    this.chunks.end();
    endGroup(this.#child);
    rmSync(this.#log, { force: true });
    this.#onSettled();
  }
}

/** ssh, and a ProxyCommand it started. */
const endGroup = (child: ChildProcessWithoutNullStreams | undefined): void => {
  if (child?.pid === undefined) return;
  child.stdout.destroy();
  child.stderr.destroy();
  child.stdin.destroy();
  try {
    kill(-child.pid, "SIGKILL");
  } catch {
    // all of it has ended
  }
};

const readBounded = (file: string): string => {
  try {
    const fd = openSync(file, "r");
    try {
      const bytes = Buffer.alloc(MAX_LOG_BYTES);
      return bytes.toString("latin1", 0, readSync(fd, bytes, 0, MAX_LOG_BYTES, 0));
    } finally {
      closeSync(fd);
    }
  } catch {
    return ""; // ssh has not written it yet
  }
};
