/** One host, one connection, one exec, from the queue to the exit status. Every wait in it has a clock. */
import type { Socket } from "node:net";
import type { Client, ClientChannel } from "ssh2";
import type { Become, Host } from "../domain/host.ts";
import type { Layer } from "../domain/layer.ts";
import type { Failure } from "../domain/outcome.ts";
import { type Offer, offerFor } from "./algorithms.ts";
import { authHandler } from "./auth.ts";
import { ChunkQueue } from "./chunk-queue.ts";
import * as failures from "./failures.ts";
import type { HandshakeSlots } from "./handshake-slots.ts";
import { ignoreHostKeyAnnouncement } from "./host-key-announcement.ts";
import { errorCode, type HostKeys } from "./host-keys.ts";
import type { Identity } from "./identities.ts";
import type { KeyRing } from "./key-ring.ts";
import { LayerClock } from "./layer-clock.ts";
import { type Addresses, openSocket, type Resolver } from "./resolver.ts";
import { ScriptChannel } from "./script-channel.ts";
import { ServerHello } from "./server-hello.ts";
import { signAtOnce } from "./sign-at-once.ts";
import { Client as SshClient } from "./ssh2.ts";
import type { Chunk, Clocks } from "./transport.ts";

/** Most one script may send back, both streams together. A probe with a nova.conf of 1 MiB in it is below 3 MiB. */
export const MAX_REPLY_BYTES = 8 * 1024 ** 2;

/** A dead link shows within 60 s even when nothing else is due; three, because one lost packet is no dead link. */
const KEEPALIVE_MS = 15_000;
const KEEPALIVES_UNANSWERED = 3;

/** What the connections of one run share. */
export interface Shared {
  readonly clocks: Clocks;
  readonly slots: HandshakeSlots;
  readonly resolver: Resolver;
  readonly hostKeys: HostKeys;
  readonly keys: KeyRing;
}

const commands: Readonly<Record<Exclude<Become, "su">, string>> = {
  none: "/bin/sh -s",
  sudo: "sudo -n /bin/sh -s",
  pfexec: "pfexec /bin/sh -s",
};

export class Connection {
  readonly chunks: ChunkQueue = new ChunkQueue(() => this.#settle());
  readonly #host: Host;
  readonly #script: string;
  readonly #signal: AbortSignal;
  readonly #shared: Shared;
  readonly #onSettled: () => void;
  readonly #hello = new ServerHello();
  readonly #stop = () => this.#lose(failures.stoppedFailure(this.#host));
  readonly #clock: LayerClock;
  #settled = false;
  #giveSlotBack: () => void = () => {};
  #hostClock: NodeJS.Timeout | undefined;
  #socket: Socket | undefined;
  #client: Client | undefined;
  #running: ScriptChannel | undefined;
  #offer: Offer | undefined;
  #hostKeyFailure: Failure | undefined;
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
    const { become } = this.#host;
    this.#enter("queue");
    if (this.#signal.aborted) return this.#stop();
    if (become === "su") return this.#lose(failures.noSuFailure());
    this.#signal.addEventListener("abort", this.#stop, { once: true });
    const giveBack = await this.#shared.slots.take(this.#signal);
    if (giveBack === undefined) return;
    if (this.#settled) return giveBack();
    this.#giveSlotBack = giveBack;
    const { hostMs } = this.#shared.clocks;
    const onHostTimeout = () => this.#lose(failures.hostTimeoutFailure(this.#host, this.#layer, hostMs));
    this.#hostClock = setTimeout(onHostTimeout, hostMs);
    this.#enter("resolve");
    const prepared = await this.#prepare();
    if (prepared === undefined || this.#settled) return;
    this.#connect(prepared.addresses, prepared.identities, commands[become]);
  }

  /** Cuts the connection if it is still there. */
  cut(): void {
    this.#stop();
  }

  async #prepare(): Promise<{ readonly addresses: Addresses; readonly identities: readonly Identity[] } | undefined> {
    const { hostKeys, keys, resolver } = this.#shared;
    const resolving = resolver.resolve(this.#host.address);
    resolving.catch(() => undefined); // awaited last
    const unreadable = await hostKeys.load();
    if (unreadable !== undefined) {
      this.#lose(unreadable);
      return undefined;
    }
    const identities = await keys.of(this.#host);
    try {
      return { addresses: await resolving, identities };
    } catch (error) {
      this.#lose(failures.resolveFailure(this.#host, errorCode(error)));
      return undefined;
    }
  }

  #connect(addresses: Addresses, identities: readonly Identity[], command: string): void {
    const { address, port, user, sshLegacy, identityFiles } = this.#host;
    this.#enter("tcp");
    const socket = openSocket(addresses, address, port);
    this.#socket = socket;
    socket.once("connect", () => this.#enter("banner"));
    const offer = offerFor(sshLegacy, this.#shared.hostKeys.typesOf(address, port));
    this.#offer = offer;
    const client = new SshClient();
    this.#client = client;
    let newKey: Buffer | undefined;
    // ssh2 may report more than one error, and errors after success: this listener stays for ever.
    client.on("error", (error) => this.#onError(error));
    client.on("close", () => this.#onClose());
    client.once("handshake", () => this.#onHandshake(newKey));
    client.once("ready", () => this.#onReady(command));
    client.connect({
      sock: socket,
      username: user,
      ident: "novasweep",
      readyTimeout: 0, // the clocks here tell the layers apart
      keepaliveInterval: KEEPALIVE_MS,
      keepaliveCountMax: KEEPALIVES_UNANSWERED,
      algorithms: offer,
      hostVerifier: (key: Buffer): boolean => {
        const verdict = this.#shared.hostKeys.judge(address, port, key);
        this.#hostKeyFailure = verdict.refused;
        if (verdict.record) newKey = Buffer.from(key);
        return verdict.refused === undefined;
      },
      authHandler: authHandler({
        user,
        identities,
        onlyThese: identityFiles.length > 0,
        agent: this.#shared.keys.agent,
        onExhausted: (failure) => this.#lose(failure),
      }),
    });
    ignoreHostKeyAnnouncement(client);
    signAtOnce(client, this.#shared.keys.taken);
    socket.on("data", this.#onHello);
  }

  /** Sees the plain beginning of the connection beside ssh2, for the layer and for the words of a failure. */
  readonly #onHello = (piece: Buffer) => {
    this.#hello.feed(piece);
    if (this.#layer === "banner" && this.#hello.banner !== undefined) this.#enter("kex");
  };

  #onHandshake(newKey: Buffer | undefined): void {
    this.#socket?.removeListener("data", this.#onHello);
    const unrecorded = newKey && this.#shared.hostKeys.record(this.#host.address, this.#host.port, newKey);
    if (unrecorded !== undefined) {
      this.#lose(unrecorded);
      return;
    }
    this.#enter("auth");
  }

  #onReady(command: string): void {
    if (this.#settled) return;
    this.#giveSlotBack();
    this.#enter("channel");
    try {
      this.#client?.exec(command, (error, channel) => {
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

  /** ssh2 may call this more than once for one trouble: the first that is not about a single key counts. */
  #onError(error: Error & { readonly level?: string; readonly code?: unknown }): void {
    if (this.#settled || this.#running?.exited === true) return;
    if (this.#hostKeyFailure !== undefined) {
      this.#lose(this.#hostKeyFailure);
      return;
    }
    // One key that could not sign; the next is tried.
    if (error.level === "agent" || error.level === "client-authentication") return;
    const ofSocket = error.level === "client-socket" || (error.level === "protocol" && this.#layer === "banner");
    if (this.#inSession()) {
      this.#loseLine(error.level === "client-timeout" ? "no answer to keepalives" : error.message);
    } else if (ofSocket) {
      const systemCode = typeof error.code === "string" ? error.code : undefined;
      this.#lose(failures.socketFailure(this.#host, this.#layer, systemCode, this.#hello));
    } else if (this.#layer === "auth") {
      this.#lose(failures.cutInAuthFailure(this.#host, error.message));
    } else if (this.#offer !== undefined) {
      this.#lose(failures.handshakeFailure(this.#host, this.#offer, this.#hello, error.message));
    }
  }

  /** With an open channel ssh2 closes that too, after its last bytes: the exit status may still be on its way. */
  #onClose(): void {
    if (this.#settled || this.#running !== undefined) return;
    if (this.#inSession()) this.#loseLine("the connection closed");
    else this.#lose(failures.socketFailure(this.#host, this.#layer, undefined, this.#hello));
  }

  #inSession(): boolean {
    return this.#layer === "channel" || this.#layer === "shell" || this.#layer === "script";
  }

  #loseLine(why: string): void {
    this.#lose(failures.lostFailure(this.#host, why, this.#scriptSent()));
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
    this.#clock.enter(layer);
    this.chunks.push({ kind: "layer", layer });
  }

  #onTimeout(): void {
    if (this.#running?.exited === true) return; // the streams have a clock of their own by now
    const { limitMs } = this.#clock;
    // In the queue nothing is wrong while others get on: only a line that stands still is given up.
    const movedMs = this.#layer === "queue" ? limitMs - this.#shared.slots.stillMs : 0;
    if (movedMs > 0) this.#clock.again(movedMs);
    else this.#lose(failures.timeoutFailure(this.#host, this.#layer, limitMs, this.#hello.said));
  }

  /** Ends the run with a last chunk, or without one when nobody reads any more. Only the first call counts. */
  #settle(last?: Chunk): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#clock.stop();
    clearTimeout(this.#hostClock);
    this.#running?.stop();
    this.#signal.removeEventListener("abort", this.#stop);
    this.#giveSlotBack();
    if (last !== undefined) this.chunks.push(last);
    this.chunks.end();
    if (last?.kind === "exit") {
      // Says goodbye and does not wait for the server's.
      this.#client?.end();
      this.#socket?.destroySoon();
    } else {
      this.#socket?.destroy();
    }
    this.#onSettled();
  }
}
