/** One bastion: logged in to once, and every host behind it is a channel of that connection. */
import type { Duplex } from "node:stream";
import type { Client, ClientChannel } from "ssh2";
import type { Endpoint } from "../domain/host.ts";
import type { Failure } from "../domain/outcome.ts";
import { err, ok, type Result } from "../domain/result.ts";
import { Dial, type DialEvents } from "./dial.ts";
import * as failures from "./failures.ts";
import { LayerClock, layerMsFor } from "./layer-clock.ts";
import type { Trust } from "./login.ts";
import type { Clocks } from "./transport.ts";
import type { Way } from "./ways.ts";

/** Where a forwarded connection is said to come from; sshd only logs it. */
const FROM = "127.0.0.1";
/** Shorter than a host's own: a bastion that falls silent is to be named before the hosts behind it are blamed. */
const KEEPALIVE_MS = 5_000;

export class Bastion {
  /** Settles once: logged in, or why not. */
  readonly ready: Promise<Result<Bastion, Failure>>;
  readonly #endpoint: Endpoint;
  readonly #clock: LayerClock;
  #settle: (result: Result<Bastion, Failure>) => void = () => {};
  #dial: Dial | undefined;
  #client: Client | undefined;
  #lost: Failure | undefined;
  #lostIdle = false;
  /** Hosts that are connected through it now. */
  #carried = 0;

  /** `way`: to the bastion itself, through others where there are any. */
  constructor(endpoint: Endpoint, way: Promise<Result<Way, Failure>>, trust: Trust, clocks: Clocks) {
    this.#endpoint = endpoint;
    const layerMs = layerMsFor(clocks, endpoint);
    this.#clock = new LayerClock(layerMs, () =>
      this.#lose(failures.timeoutFailure(endpoint, this.#clock.layer, this.#clock.limitMs, this.#dial?.said ?? "")),
    );
    this.ready = new Promise((resolve) => {
      this.#settle = resolve;
    });
    void this.#start(way, trust, layerMs.banner);
  }

  /** Why nothing goes through it: it was never reached, or it is gone. It stays so. */
  get lost(): Failure | undefined {
    return this.#lost;
  }

  /** It was logged in to, and nobody used it when it went: sshd may close idle connections (UnusedConnectionTimeout). */
  get lostIdle(): boolean {
    return this.#lostIdle;
  }

  /** A connection from the bastion to a server. The caller's clock bounds the wait. */
  open({ address, port }: Endpoint): Promise<Result<Duplex, Failure>> {
    return new Promise((resolve) => {
      const client = this.#client;
      if (client === undefined || this.#lost !== undefined) {
        resolve(err(this.#lost ?? this.#named(failures.closedFailure)));
        return;
      }
      try {
        client.forwardOut(FROM, 0, address, port, (error, channel) => {
          if (error) resolve(err(this.#lost ?? failures.forwardFailure({ address, port }, this.#endpoint, error)));
          else resolve(ok(this.#carry(channel)));
        });
      } catch {
        // ssh2 throws when the socket died a moment ago.
        this.#lose(failures.closedFailure);
        resolve(err(this.#lost ?? this.#named(failures.closedFailure)));
      }
    });
  }

  close(): void {
    this.#lost ??= this.#named(failures.closedFailure);
    this.#clock.stop();
    // Where nobody is logged in yet there is nobody to say goodbye to, and a socket that is still connecting would wait.
    this.#dial?.close(this.#client === undefined ? "cut" : "goodbye");
    this.#settle(err(this.#lost));
  }

  #carry(channel: ClientChannel): Duplex {
    // sshd passes on that the far side closed, and closes the channel itself only when we do too.
    channel.allowHalfOpen = false;
    this.#carried += 1;
    // Later, so that what goes together with the connection still counts as carried.
    channel.once("close", () => setImmediate(() => (this.#carried -= 1)));
    return channel;
  }

  async #start(reaching: Promise<Result<Way, Failure>>, trust: Trust, patienceMs: number): Promise<void> {
    const way = await reaching;
    if (!way.ok) return this.#lose(way.error, "named");
    if (this.#lost !== undefined) return;
    const because = (failure: Failure) =>
      way.value.lost === undefined ? this.#lose(failure) : this.#lose(way.value.lost, "named");
    const events: DialEvents = {
      onLayer: (layer) => {
        if (this.#lost === undefined) this.#clock.enter(layer);
      },
      onReady: (client) => {
        this.#clock.stop();
        this.#client = client;
        this.#settle(ok(this));
      },
      onFailed: because,
      onBroken: (why) => because(failures.brokenFailure(why)),
      onClosed: () => because(failures.closedFailure),
    };
    this.#dial = new Dial(this.#endpoint, way.value, trust, events, { patienceMs, keepaliveMs: KEEPALIVE_MS });
    await this.#dial.start();
  }

  /** `named`: the failure names a bastion before this one already. Its channels are cut, so that their hosts are told at once. */
  #lose(failure: Failure, by: "named" | "unnamed" = "unnamed"): void {
    if (this.#lost !== undefined) return;
    this.#lost = by === "named" ? failure : this.#named(failure);
    this.#lostIdle = this.#client !== undefined && this.#carried === 0;
    this.#clock.stop();
    this.#dial?.close("cut");
    this.#settle(err(this.#lost));
  }

  #named(failure: Failure): Failure {
    return failures.bastionFailure(this.#endpoint, failure);
  }
}
