/** One host through the system's ssh: one process, the script on its standard input, its own log for the layers. */

import { randomBytes } from "node:crypto";
import type { Host, OpensshDial } from "../../domain/host.ts";
import type { Layer } from "../../domain/layer.ts";
import type { Failure } from "../../domain/outcome.ts";
import { Backoff } from "../backoff.ts";
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
import { isDropped, logFailure, type OpensshLog } from "./log.ts";
import { MAX_LOG_BYTES, OpensshProcess } from "./process.ts";
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

/** Of what a ProxyCommand or a bastion's ssh says, the end is kept for the sentence of a failure, bytes. */
const MAX_NOISE_BYTES = 4096;

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
  readonly #backoff: Backoff;
  #waiting: NodeJS.Timeout | undefined;
  #child: OpensshProcess | undefined;
  #tries = 0;
  #turn: Turn | undefined;
  /** Another host tries the password first. */
  #held = false;
  /** The talk with sudo or su; absent: nothing is asked. */
  #talk: BecomeSession | undefined;
  /** What came on stderr before there was a node. */
  #noise: Buffer = Buffer.alloc(0);
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
    const layerMs = layerMsFor(shared.clocks, host);
    this.#clock = new LayerClock(layerMs, () => this.#onTimeout());
    this.#backoff = new Backoff(layerMs.banner, () => performance.now(), Math.random);
  }

  /** Waits for its turn with the password and for a place, and starts ssh. Never rejects. */
  async start(): Promise<void> {
    this.#enter("queue");
    if (this.#signal.aborted) return this.#stop();
    this.#signal.addEventListener("abort", this.#stop, { once: true });
    if (await this.#takeTurn()) await this.#attempt();
  }

  async #attempt(): Promise<void> {
    const giveBack = await this.#shared.slots.take(this.#signal);
    if (giveBack === undefined) return;
    if (this.#settled) return giveBack();
    this.#giveSlotBack = giveBack;
    const { hostMs } = this.#shared.clocks;
    this.#hostClock ??= setTimeout(
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
    const answer = await new Promise<Answer>((resolve) => this.#turn?.ask(resolve, false));
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

  #spawn(): void {
    const { ssh, env } = this.#shared;
    const { config, log } = this.#files;
    // What was killed may still write to its log.
    this.#tries += 1;
    const file = `${log}-${this.#tries}`;
    const words = opensshWords(this.#host, this.#dial, this.#becoming, { config, log: file });
    this.#noise = Buffer.alloc(0);
    const child = new OpensshProcess(
      { ssh, words, env, log: file },
      {
        onBytes: (stream, bytes) => this.#onBytes(stream, bytes),
        onEnd: () => this.#onEnd(),
        onError: (error) => this.#lose(failures.noProgramFailure(this.#host, ssh, error)),
        onLook: () => this.#look(),
      },
    );
    this.#child = child;
    child.start();
    if (this.#settled) return;
    this.#talk = this.#talkOver(child);
    if (this.#talk === undefined) child.send(this.#script, !this.#becoming.pty);
  }

  #talkOver(child: OpensshProcess): BecomeSession | undefined {
    const { markers } = this.#becoming;
    if (markers === undefined) return undefined;
    const { gate } = this.#shared;
    const answer = gate && this.#turn && { password: gate.password, turn: this.#turn };
    return new BecomeSession(this.#host, markers, answer, {
      write: (line) => child.write(line),
      onTold: () => this.#clock.again(this.#clock.limitMs),
      onReady: () => {
        this.#enter("script");
        child.send(this.#script, !this.#becoming.pty);
      },
      onFailed: (failure) => this.#lose(failure),
    });
  }

  /** Goes on to the layer that ssh is in, and gives the place back once it is logged in. */
  #look(): OpensshLog {
    const log = this.#child?.look() ?? noLog;
    if (this.#settled) return log;
    if (log.bytes > MAX_LOG_BYTES) this.#lose(failures.floodFailure(this.#host, MAX_LOG_BYTES));
    else if (this.#clock.layer !== "script" && log.layer !== this.#clock.layer) this.#enter(log.layer);
    return log;
  }

  #onBytes(kind: "stdout" | "stderr", heard: Buffer): void {
    if (this.#settled) return;
    // A ProxyCommand, or the ssh of a bastion, may say something before there is a node.
    if (this.#clock.layer !== "script" && isBefore(this.#look().layer)) {
      this.#noise = Buffer.concat([this.#noise, heard.subarray(-MAX_NOISE_BYTES)]).subarray(-MAX_NOISE_BYTES);
      return;
    }
    const bytes = this.#talk === undefined ? heard : this.#talk.feed(kind, heard);
    if (this.#settled || bytes === undefined) return;
    this.#replyBytes += bytes.length;
    if (this.#replyBytes > MAX_REPLY_BYTES) {
      this.#lose(failures.floodFailure(this.#host, MAX_REPLY_BYTES));
      return;
    }
    if (this.#clock.layer === "shell") this.#enter("script");
    else this.#clock.heard();
    this.chunks.push({ kind, bytes });
  }

  #onEnd(): void {
    if (this.#settled) return;
    const log = this.#look();
    if (this.#settled) return;
    const refused = log.exit && this.#talk?.ended(log.exit.status);
    if (refused !== undefined) this.#lose(refused);
    else if (log.exit !== undefined) this.#settle({ kind: "exit", ...log.exit });
    else {
      const noise = this.#noise.toString("latin1");
      const failure = logFailure(this.#host, { ...log, layer: this.#clock.layer }, noise, this.#scriptSent(log));
      if (isDropped(log, noise)) this.#later(failure);
      else this.#lose(failure);
    }
  }

  /** sshd drops connections that come at once before its first word: nothing was sent, so nothing is done twice. */
  #later(failure: Failure): void {
    this.#child?.end();
    this.#giveSlotBack();
    const waitMs = this.#backoff.next();
    if (waitMs === undefined) {
      this.#lose(this.#backoff.counted(failure));
      return;
    }
    this.#enter("queue");
    this.#waiting = setTimeout(() => void this.#attempt(), waitMs);
  }

  /** ssh had taken all of it, and the node had agreed to run a shell. */
  #scriptSent({ layer }: OpensshLog): boolean {
    return this.#child?.sent === true && layer === "shell";
  }

  #lose(failure: Failure): void {
    const scriptSent = this.#child !== undefined && this.#scriptSent(this.#child.look());
    this.#settle({ kind: "lost", failure, layer: this.#clock.layer, ...(scriptSent ? { scriptSent } : {}) });
  }

  #enter(layer: Layer): void {
    if (this.#settled) return;
    if (layer === "channel" || layer === "shell" || layer === "script") this.#giveSlotBack();
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
    clearTimeout(this.#waiting);
    this.#signal.removeEventListener("abort", this.#stop);
    this.#giveSlotBack();
    this.#talk?.stop();
    this.#turn?.leave();
    if (last !== undefined) this.chunks.push(last);
    this.chunks.end();
    this.#child?.end();
    this.#onSettled();
  }
}

const noLog: OpensshLog = { layer: "resolve", exit: undefined, said: [], bytes: 0 };

/** No node has shown its key yet. */
const isBefore = (layer: Layer): boolean => ["resolve", "tcp", "banner", "kex"].includes(layer);
