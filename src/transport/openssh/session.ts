/** One host through the system's ssh: one process, the script on its standard input, its own log for the layers. */

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, openSync, readSync, rmSync } from "node:fs";
import { kill } from "node:process";
import type { Host, OpensshDial } from "../../domain/host.ts";
import type { Layer } from "../../domain/layer.ts";
import type { Failure } from "../../domain/outcome.ts";
import { heldFailure } from "../become-failures.ts";
import { BecomeSession } from "../become-session.ts";
import { type BecomeWay, becomeWay } from "../become-way.ts";
import { ChunkQueue } from "../chunk-queue.ts";
import * as failures from "../failures.ts";
import type { HandshakeSlots } from "../handshake-slots.ts";
import { LayerClock, layerMsFor } from "../layer-clock.ts";
import { MAX_REPLY_BYTES } from "../limits.ts";
import type { Answer, PasswordGate, Turn } from "../password-gate.ts";
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
  /** Absent: no password was asked for. */
  readonly gate: PasswordGate | undefined;
}

/** `log`: a name nobody else uses; `config`: what opensshConfig says. */
export interface SessionFiles {
  readonly config: string;
  readonly log: string;
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
  readonly #script: string;
  readonly #becoming: BecomeWay;
  readonly #files: SessionFiles;
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
  #turn: Turn | undefined;
  /** Another host tries the password first. */
  #held = false;
  /** The talk with sudo or su; absent: nothing is asked. */
  #talk: BecomeSession | undefined;
  /** ssh has taken all of the script. */
  #sent = false;
  #replyBytes = 0;

  constructor(
    host: Host,
    dial: OpensshDial,
    script: string,
    files: SessionFiles,
    signal: AbortSignal,
    shared: OpensshShared,
    onSettled: () => void,
  ) {
    this.#host = host;
    this.#dial = dial;
    this.#script = script;
    const nonce = randomBytes(16).toString("hex");
    this.#becoming = becomeWay(host, shared.gate !== undefined, nonce, Buffer.byteLength(script));
    this.#files = files;
    this.#signal = signal;
    this.#shared = shared;
    this.#onSettled = onSettled;
    this.#clock = new LayerClock(layerMsFor(shared.clocks, host), () => this.#onTimeout());
  }

  /** Waits for its turn with the password and for a place, and starts ssh. Never rejects. */
  async start(): Promise<void> {
    this.#enter("queue");
    if (this.#signal.aborted) return this.#stop();
    this.#signal.addEventListener("abort", this.#stop, { once: true });
    if (!(await this.#takeTurn())) return;
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
    this.#spawn();
  }

  /** ssh logs in and starts sudo or su in one go: who may not ask does not log in either. Whether there is anybody left to go on for. */
  async #takeTurn(): Promise<boolean> {
    this.#turn = this.#shared.gate?.turn(this.#host);
    if (this.#turn === undefined) return true;
    this.#held = true;
    const answer = await new Promise<Answer>((resolve) => this.#turn?.ask(resolve));
    this.#held = false;
    if (this.#settled) return false;
    this.#clock.again(this.#clock.limitMs);
    if (answer.kind === "hold") this.#lose(heldFailure(this.#host, answer.wrongOn));
    return answer.kind === "go";
  }

  /** Ends it if it is still there. */
  cut(): void {
    this.#stop();
  }

  /** In a session of its own: no Ctrl-C of the terminal reaches it, and it finds no terminal to ask on. */
  #spawn(): void {
    const { ssh } = this.#shared;
    const child = spawn(ssh, opensshWords(this.#host, this.#dial, this.#becoming, this.#files), {
      detached: true,
      env: { ...this.#shared.env, LC_ALL: "C", SSH_ASKPASS_REQUIRE: "never" },
    });
    this.#child = child;
    child.on("error", (error) => this.#lose(failures.noProgramFailure(this.#host, ssh, error)));
    child.stdout.on("data", (bytes: Buffer) => this.#onBytes("stdout", bytes));
    child.stderr.on("data", (bytes: Buffer) => this.#onBytes("stderr", bytes));
    child.stdin.on("error", () => {}); // ssh ended before it had read the whole script
    this.#talk = this.#talkOver(child);
    if (this.#talk === undefined) this.#send(child);
    child.once("exit", () => {
      this.#drain = setTimeout(() => this.#onEnd(), DRAIN_MS);
    });
    child.once("close", () => this.#onEnd());
    this.#looking = setInterval(() => this.#look(), LOOK_MS);
  }

  #talkOver(child: ChildProcessWithoutNullStreams): BecomeSession | undefined {
    const { markers } = this.#becoming;
    if (markers === undefined) return undefined;
    const { gate } = this.#shared;
    const answer = gate && this.#turn && { password: gate.password, turn: this.#turn };
    return new BecomeSession(this.#host, markers, answer, {
      write: (line) => child.stdin.write(line, () => line.fill(0)),
      onTold: () => this.#clock.again(this.#clock.limitMs),
      onReady: () => {
        this.#enter("script");
        this.#send(child);
      },
      onFailed: (failure) => this.#lose(failure),
    });
  }

  #send({ stdin }: ChildProcessWithoutNullStreams): void {
    const sent = (error?: Error | null): void => {
      this.#sent = error === undefined || error === null;
    };
    // A terminal has no end of file: there the command itself knows how long the script is.
    if (this.#becoming.pty) stdin.write(this.#script, sent);
    else stdin.end(this.#script, sent);
  }

  /** Goes on to the layer that ssh is in, and gives the place back once it is logged in. */
  #look(): OpensshLog {
    const log = readLog(readBounded(this.#files.log));
    if (this.#settled || this.#clock.layer === "script") return log;
    if (log.layer !== this.#clock.layer) this.#enter(log.layer);
    if (log.layer === "channel" || log.layer === "shell") this.#giveSlotBack();
    return log;
  }

  #onBytes(kind: "stdout" | "stderr", heard: Buffer): void {
    const bytes = this.#settled || this.#talk === undefined ? heard : this.#talk.feed(kind, heard);
    if (this.#settled || bytes === undefined) return;
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
    const refused = log.exit && this.#talk?.ended(log.exit.status);
    if (refused !== undefined) this.#lose(refused);
    else if (log.exit === undefined) this.#lose(logFailure(this.#host, { ...log, layer }, this.#scriptSent(log)));
    else this.#settle({ kind: "exit", ...log.exit });
  }

  /** ssh had taken all of it, and the node had agreed to run a shell. */
  #scriptSent({ layer }: OpensshLog): boolean {
    return this.#sent && layer === "shell";
  }

  #lose(failure: Failure): void {
    const scriptSent = this.#scriptSent(readLog(readBounded(this.#files.log)));
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
    // The host that is waited for has clocks of its own.
    if (this.#held) {
      this.#clock.again(limitMs);
      return;
    }
    const movedMs = layer === "queue" ? limitMs - this.#shared.slots.stillMs : 0;
    if (movedMs > 0) this.#clock.again(movedMs);
    else
      this.#lose(
        failures.timeoutFailure(this.#host, layer, limitMs, layer === "shell" ? (this.#talk?.said ?? "") : ""),
      );
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
    this.#talk?.stop();
    this.#turn?.leave();
    if (last !== undefined) this.chunks.push(last);
    this.chunks.end();
    endGroup(this.#child);
    rmSync(this.#files.log, { force: true });
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
