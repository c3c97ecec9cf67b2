/** One bastion: logged in to once, and every host behind it is a channel of that connection. */
import type { Duplex } from "node:stream";
import type { Client } from "ssh2";
import type { Endpoint } from "../domain/host.ts";
import type { Failure } from "../domain/outcome.ts";
import { err, ok, type Result } from "../domain/result.ts";
import * as failures from "./failures.ts";
import { LayerClock } from "./layer-clock.ts";
import { Login, prepareLogin, type Trust } from "./login.ts";
import type { Clocks } from "./transport.ts";
import type { Way } from "./ways.ts";

/** Where a forwarded connection is said to come from; sshd only logs it. */
const FROM = "127.0.0.1";

export class Bastion {
  /** Settles once: logged in, or why not. */
  readonly ready: Promise<Result<Bastion, Failure>>;
  readonly #endpoint: Endpoint;
  readonly #clock: LayerClock;
  #settle: (result: Result<Bastion, Failure>) => void = () => {};
  #login: Login | undefined;
  #client: Client | undefined;
  #lost: Failure | undefined;

  /** `way`: to the bastion itself, through others where there are any. */
  constructor(endpoint: Endpoint, way: Promise<Result<Way, Failure>>, trust: Trust, clocks: Clocks) {
    this.#endpoint = endpoint;
    this.#clock = new LayerClock(clocks.layerMs, () =>
      this.#lose(failures.timeoutFailure(endpoint, this.#clock.layer, this.#clock.limitMs, this.#login?.said ?? "")),
    );
    this.ready = new Promise((resolve) => {
      this.#settle = resolve;
    });
    void this.#start(way, trust);
  }

  /** Why nothing goes through it: it was never reached, or it is gone. It stays so. */
  get lost(): Failure | undefined {
    return this.#lost;
  }

  /** A connection from the bastion to a server. The caller's clock bounds the wait. */
  open({ address, port }: Endpoint): Promise<Result<Duplex, Failure>> {
    const client = this.#client;
    if (client === undefined || this.#lost !== undefined)
      return Promise.resolve(err(this.#lost ?? failures.bastionFailure(this.#endpoint, failures.closedFailure)));
    return new Promise((resolve) => {
      try {
        client.forwardOut(FROM, 0, address, port, (error, channel) => {
          if (error) resolve(err(this.#lost ?? failures.forwardFailure({ address, port }, this.#endpoint, error)));
          else resolve(ok(channel));
        });
      } catch {
        // ssh2 throws when the socket died a moment ago.
        resolve(err(this.#lost ?? failures.bastionFailure(this.#endpoint, failures.closedFailure)));
      }
    });
  }

  close(): void {
    this.#clock.stop();
    this.#login?.close("goodbye");
    this.#settle(err(failures.bastionFailure(this.#endpoint, failures.closedFailure)));
  }

  async #start(reaching: Promise<Result<Way, Failure>>, trust: Trust): Promise<void> {
    const way = await reaching;
    if (!way.ok) return this.#lose(way.error, "said");
    const prepared = await prepareLogin(this.#endpoint, trust);
    if (!prepared.ok) return this.#lose(prepared.error);
    const socket = await way.value.open((layer) => this.#clock.enter(layer));
    if (!socket.ok) return this.#lose(socket.error);
    if (this.#lost !== undefined) {
      socket.value.destroy();
      return;
    }
    const because = (failure: Failure) =>
      way.value.lost === undefined ? this.#lose(failure) : this.#lose(way.value.lost, "said");
    this.#login = new Login(this.#endpoint, socket.value, prepared.value, trust, {
      onLayer: (layer) => this.#clock.enter(layer),
      onReady: (client) => {
        this.#clock.stop();
        this.#client = client;
        this.#settle(ok(this));
      },
      onFailed: because,
      onBroken: (why) => because(failures.brokenFailure(why)),
      onClosed: () => because(failures.closedFailure),
    });
  }

  /** `said`: the failure names a bastion before this one. Its channels are cut first, so that their hosts are told at once. */
  #lose(failure: Failure, named: "said" | "unsaid" = "unsaid"): void {
    if (this.#lost !== undefined) return;
    this.#lost = named === "said" ? failure : failures.bastionFailure(this.#endpoint, failure);
    this.#clock.stop();
    this.#login?.close("cut");
    this.#settle(err(this.#lost));
  }
}
