/** One host, one connection, one exec, from the queue to the exit status. Every wait in it has a clock. */
import type { Client, ClientChannel } from "ssh2";
import type { Host } from "../domain/host.ts";
import type { Layer } from "../domain/layer.ts";
import type { Failure } from "../domain/outcome.ts";
import { ChunkQueue } from "./chunk-queue.ts";
import { Dial, type DialEvents } from "./dial.ts";
import * as failures from "./failures.ts";
import type { HandshakeSlots } from "./handshake-slots.ts";
import { LayerClock } from "./layer-clock.ts";
import { MAX_REPLY_BYTES } from "./limits.ts";
import type { Trust } from "./login.ts";
import { ScriptChannel } from "./script-channel.ts";
import { shellCommand } from "./shell-command.ts";
import type { Chunk, Clocks } from "./transport.ts";
import type { Way, Ways } from "./ways.ts";

/** What the connections of one run share. */
export interface Shared extends Trust {
  readonly clocks: Clocks;
  readonly slots: HandshakeSlots;
  readonly ways: Ways;
}

export class Connection {
  readonly chunks: ChunkQueue = new ChunkQueue(() => this.#settle());
  readonly #host: Host;
  readonly #script: string;
  readonly #signal: AbortSignal;
  readonly #shared: Shared;
  readonly #onSettled: () => void;
  readonly #stop = () => this.#lose(failures.stoppedFailure(this.#host));
  readonly #clock: LayerClock;
  #settled = false;
  #hostClock: NodeJS.Timeout | undefined;
  #way: Way | undefined;
  #dial: Dial | undefined;
  #running: ScriptChannel | undefined;
  #replyBytes = 0;

  constructor(host: Host, script: string, signal: AbortSignal, shared: Shared, onSettled: () => void) {
    this.#host = host;
    this.#script = script;
    this.#signal = signal;
    this.#shared = shared;
    this.#onSettled = onSettled;
    this.#clock = new LayerClock(shared.clocks.layerMs, () => this.#onTimeout());
  }

  /** Goes from the queue to the open socket; from there on ssh2's events carry it. Never rejects. */
  async start(): Promise<void> {
    const { become, jump } = this.#host;
    // Who waits for a bastion holds no place in the line.
    this.#enter(jump.length > 0 ? "bastion" : "queue");
    if (this.#signal.aborted) return this.#stop();
    if (become === "su") return this.#lose(failures.noSuFailure());
    this.#signal.addEventListener("abort", this.#stop, { once: true });
    const way = await this.#shared.ways.to(this.#host, jump);
    if (this.#settled) return;
    if (!way.ok) return this.#lose(way.error);
    this.#way = way.value;
    if (jump.length > 0) this.#enter("queue");
    this.#dial = this.#dialFor(way.value, shellCommand(become));
    await this.#dial.start();
  }

  /** Cuts the connection if it is still there. */
  cut(): void {
    this.#stop();
  }

  #dialFor(way: Way, command: string): Dial {
    const { clocks, slots } = this.#shared;
    const events: DialEvents = {
      onLayer: (layer) => this.#enter(layer),
      onReady: (client) => this.#onReady(client, command),
      onFailed: (failure) => this.#lose(way.lost ?? failure),
      onBroken: (why) => {
        if (this.#running?.exited !== true) this.#loseLine(why);
      },
      // An open channel is closed too, after its last bytes: the exit status may still be on its way.
      onClosed: () => {
        if (this.#running === undefined) this.#loseLine("the connection closed");
      },
    };
    return new Dial(this.#host, way, this.#shared, events, { slots, patienceMs: clocks.layerMs.banner });
  }

  #onReady(client: Client, command: string): void {
    this.#enter("channel");
    try {
      client.exec(command, (error, channel) => {
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
    this.#running = new ScriptChannel(channel, this.#script, {
      onBytes: (stream, bytes) => this.#onBytes(stream, bytes),
      onExit: (status, signal) => this.#settle({ kind: "exit", status, ...(signal === undefined ? {} : { signal }) }),
      onBroken: () => this.#loseLine("the channel closed without an exit status"),
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
    // In the queue nothing is wrong while others get on: only a line that stands still is given up.
    const movedMs = this.#layer === "queue" ? limitMs - this.#shared.slots.stillMs : 0;
    if (movedMs > 0) this.#clock.again(movedMs);
    else this.#lose(failures.timeoutFailure(this.#host, this.#layer, limitMs, this.#dial?.said ?? ""));
  }

  /** Ends the run with a last chunk, or without one when nobody reads any more. Only the first call counts. */
  #settle(last?: Chunk): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#clock.stop();
    clearTimeout(this.#hostClock);
    this.#running?.stop();
    this.#signal.removeEventListener("abort", this.#stop);
    if (last !== undefined) this.chunks.push(last);
    this.chunks.end();
    this.#dial?.close(last?.kind === "exit" ? "goodbye" : "cut");
    this.#onSettled();
  }
}
