/** One host, one connection, one exec, from the queue to the exit status. Every wait in it has a clock. */
import { randomBytes } from "node:crypto";
import type { Client, ClientChannel, PseudoTtyOptions } from "ssh2";
import type { Host } from "../domain/host.ts";
import type { Layer } from "../domain/layer.ts";
import type { Failure } from "../domain/outcome.ts";
import { heldFailure } from "./become-failures.ts";
import { type BecomeWay, becomeWay } from "./become-way.ts";
import { ChunkQueue } from "./chunk-queue.ts";
import { Dial, type DialEvents } from "./dial.ts";
import * as failures from "./failures.ts";
import type { HandshakeSlots } from "./handshake-slots.ts";
import { LayerClock, layerMsFor } from "./layer-clock.ts";
import { MAX_REPLY_BYTES } from "./limits.ts";
import type { Trust } from "./login.ts";
import type { PasswordGate, Turn } from "./password-gate.ts";
import { ScriptChannel } from "./script-channel.ts";
import type { Chunk, Clocks } from "./transport.ts";
import type { Way, Ways } from "./ways.ts";

/** What the connections of one run share. */
export interface Shared extends Trust {
  readonly clocks: Clocks;
  readonly slots: HandshakeSlots;
  readonly ways: Ways;
  /** Absent: no password was asked for. */
  readonly gate: PasswordGate | undefined;
}

/** A terminal that passes bytes on as they are and shows nobody what is written to it (RFC 4254, 8). */
const RAW_TERMINAL: PseudoTtyOptions = {
  term: "dumb",
  modes: {
    ...{ ECHO: 0, ECHOE: 0, ECHOK: 0, ECHONL: 0, ICANON: 0, ISIG: 0, IEXTEN: 0 },
    ...{ ICRNL: 0, INLCR: 0, IGNCR: 0, ISTRIP: 0, IXON: 0, IXOFF: 0, OPOST: 0 },
  },
};

export class Connection {
  readonly chunks: ChunkQueue = new ChunkQueue(() => this.#settle());
  readonly #host: Host;
  readonly #script: string;
  readonly #becoming: BecomeWay;
  readonly #signal: AbortSignal;
  readonly #shared: Shared;
  readonly #onSettled: () => void;
  readonly #stop = () => this.#lose(failures.stoppedFailure(this.#host));
  readonly #layerMs: Clocks["layerMs"];
  readonly #clock: LayerClock;
  #settled = false;
  #hostClock: NodeJS.Timeout | undefined;
  #way: Way | undefined;
  #dial: Dial | undefined;
  #turn: Turn | undefined;
  /** Another host tries the password first. */
  #held = false;
  #running: ScriptChannel | undefined;
  #replyBytes = 0;

  constructor(host: Host, script: string, signal: AbortSignal, shared: Shared, onSettled: () => void) {
    this.#host = host;
    this.#script = script;
    const nonce = randomBytes(16).toString("hex");
    this.#becoming = becomeWay(host, shared.gate !== undefined, nonce, Buffer.byteLength(script));
    this.#signal = signal;
    this.#shared = shared;
    this.#onSettled = onSettled;
    this.#layerMs = layerMsFor(shared.clocks, host);
    this.#clock = new LayerClock(this.#layerMs, () => this.#onTimeout());
  }

  /** Goes from the queue to the open socket; from there on ssh2's events carry it. Never rejects. */
  async start(): Promise<void> {
    const { jump } = this.#host;
    // Who waits for a bastion holds no place in the line.
    this.#enter(jump.length > 0 ? "bastion" : "queue");
    if (this.#signal.aborted) return this.#stop();
    const wrongOn = this.#shared.gate?.wrongOn(this.#host);
    if (wrongOn !== undefined) return this.#lose(heldFailure(this.#host, wrongOn));
    this.#signal.addEventListener("abort", this.#stop, { once: true });
    const way = await this.#shared.ways.to(this.#host, jump);
    if (this.#settled) return;
    if (!way.ok) return this.#lose(way.error);
    this.#way = way.value;
    if (jump.length > 0) this.#enter("queue");
    this.#dial = this.#dialFor(way.value);
    await this.#dial.start();
  }

  /** Cuts the connection if it is still there. */
  cut(): void {
    this.#stop();
  }

  #dialFor(way: Way): Dial {
    const { slots, gate } = this.#shared;
    const events: DialEvents = {
      onLayer: (layer) => this.#enter(layer),
      onReady: (client) => this.#onReady(client),
      onFailed: (failure) => this.#lose(way.lost ?? failure),
      onBroken: (why) => {
        if (this.#running?.exited !== true) this.#loseLine(why);
      },
      // An open channel is closed too, after its last bytes: the exit status may still be on its way.
      onClosed: () => {
        if (this.#running === undefined) this.#loseLine("the connection closed");
      },
    };
    const opensLater = gate !== undefined;
    return new Dial(this.#host, way, this.#shared, events, { slots, patienceMs: this.#layerMs.banner, opensLater });
  }

  #onReady(client: Client): void {
    this.#enter("channel");
    this.#turn = this.#shared.gate?.turn(this.#host);
    if (this.#turn === undefined) {
      this.#exec(client);
      return;
    }
    this.#held = true;
    this.#turn.ask((answer) => {
      if (this.#settled) return;
      this.#held = false;
      this.#clock.again(this.#clock.limitMs);
      if (answer.kind === "go") this.#exec(client);
      else this.#lose(heldFailure(this.#host, answer.wrongOn));
    }, true);
  }

  #exec(client: Client): void {
    const { command, pty } = this.#becoming;
    try {
      client.exec(command, pty ? { pty: RAW_TERMINAL } : {}, (error, channel) => {
        if (this.#settled) return;
        if (error) this.#lose(failures.shellFailure(this.#host, command, error.message));
        else this.#onChannel(channel);
      });
    } catch {
      // ssh2 throws when the socket died a moment ago.
      this.#loseLine("the connection closed");
    }
  }

  #onChannel(channel: ClientChannel): void {
    this.#enter("shell");
    const { gate } = this.#shared;
    const answer = gate && this.#turn && { password: gate.password, turn: this.#turn };
    const run = { host: this.#host, script: this.#script, way: this.#becoming, answer };
    this.#running = new ScriptChannel(channel, run, {
      onBytes: (stream, bytes) => this.#onBytes(stream, bytes),
      onExit: (status, signal) => this.#settle({ kind: "exit", status, ...(signal === undefined ? {} : { signal }) }),
      onBroken: () => this.#loseLine("the channel closed without an exit status"),
      onTold: () => this.#clock.again(this.#clock.limitMs),
      onReady: () => this.#enter("script"),
      onRefused: (failure) => this.#lose(failure),
    });
  }

  #onBytes(kind: "stdout" | "stderr", bytes: Buffer): void {
    if (this.#settled) return;
    this.#replyBytes += bytes.length;
    if (this.#replyBytes > MAX_REPLY_BYTES) {
      this.#lose(failures.floodFailure(this.#host, MAX_REPLY_BYTES));
      return;
    }
    if (this.#layer === "shell") this.#enter("script");
    else this.#clock.heard();
    this.chunks.push({ kind, bytes });
  }

  #loseLine(why: string): void {
    const cause = this.#way?.lost?.message ?? why;
    this.#lose(failures.lostFailure(this.#host, cause, this.#scriptSent()));
  }

  #scriptSent(): boolean {
    return this.#running?.sent === true;
  }

  #lose(failure: Failure): void {
    const scriptSent = this.#scriptSent();
    this.#settle({ kind: "lost", failure, layer: this.#layer, ...(scriptSent ? { scriptSent } : {}) });
  }

  get #layer(): Layer {
    return this.#clock.layer;
  }

  #enter(layer: Layer): void {
    if (this.#settled) return;
    if (layer !== "bastion" && layer !== "queue") this.#hostClock ??= this.#startHostClock();
    this.#clock.enter(layer);
    this.chunks.push({ kind: "layer", layer });
  }

  #startHostClock(): NodeJS.Timeout {
    const { hostMs } = this.#shared.clocks;
    return setTimeout(() => this.#lose(failures.hostTimeoutFailure(this.#host, this.#layer, hostMs)), hostMs);
  }

  #onTimeout(): void {
    if (this.#running?.exited === true) return; // the streams have a clock of their own by now
    const { limitMs } = this.#clock;
    // The host that is waited for has clocks of its own, and this one its `hostMs`.
    if (this.#held) {
      this.#clock.again(limitMs);
      return;
    }
    // In the queue nothing is wrong while others get on: only a line that stands still is given up.
    const movedMs = this.#layer === "queue" ? limitMs - this.#shared.slots.stillMs : 0;
    if (movedMs > 0) this.#clock.again(movedMs);
    else this.#lose(failures.timeoutFailure(this.#host, this.#layer, limitMs, this.#said));
  }

  get #said(): string {
    return (this.#layer === "shell" ? this.#running?.said : this.#dial?.said) ?? "";
  }

  /** Ends the run with a last chunk, or without one when nobody reads any more. Only the first call counts. */
  #settle(last?: Chunk): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#clock.stop();
    clearTimeout(this.#hostClock);
    this.#running?.stop();
    this.#turn?.leave();
    this.#signal.removeEventListener("abort", this.#stop);
    if (last !== undefined) this.chunks.push(last);
    this.chunks.end();
    this.#dial?.close(last?.kind === "exit" ? "goodbye" : "cut");
    this.#onSettled();
  }
}
