/**
 * Getting in to one server: a place in the line, a socket, a login; and once more, later each time, when the server drops the
 * connection before it says a word. sshd does so by chance to connections that come at once (sshd_config(5), MaxStartups).
 */
import type { Client } from "ssh2";
import type { Endpoint } from "../domain/host.ts";
import type { Failure } from "../domain/outcome.ts";
import { Backoff } from "./backoff.ts";
import type { HandshakeSlots } from "./handshake-slots.ts";
import { Login, type LoginEvents, type LoginOptions, type Prepared, prepareLogin, type Trust } from "./login.ts";
import type { Way } from "./ways.ts";

export interface DialEvents extends Omit<LoginEvents, "onFailed"> {
  /** It will not get in. */
  readonly onFailed: (failure: Failure) => void;
}

export interface DialOptions extends LoginOptions {
  /** The line to wait in, where the caller already is in layer `queue`; absent: nobody waits. */
  readonly slots?: HandshakeSlots;
  /** How long a server that drops connections is tried, from the first of them. */
  readonly patienceMs: number;
}

/** `onReady` and `onFailed` are told at most once, and not both. Nothing is told any more once `close` was called. */
export class Dial {
  readonly #endpoint: Endpoint;
  readonly #way: Way;
  readonly #trust: Trust;
  readonly #events: DialEvents;
  readonly #options: DialOptions;
  readonly #backoff: Backoff;
  readonly #closing = new AbortController();
  #giveSlotBack: () => void = () => {};
  #login: Login | undefined;
  #waiting: NodeJS.Timeout | undefined;

  constructor(endpoint: Endpoint, way: Way, trust: Trust, events: DialEvents, options: DialOptions) {
    this.#endpoint = endpoint;
    this.#way = way;
    this.#trust = trust;
    this.#events = events;
    this.#options = options;
    this.#backoff = new Backoff(options.patienceMs, () => performance.now(), Math.random);
  }

  /** What the server said so far, for a failure's sentence. */
  get said(): string {
    return this.#login?.said ?? "";
  }

  /** Never rejects. */
  async start(): Promise<void> {
    const prepared = await prepareLogin(this.#endpoint, this.#trust);
    if (this.#isOver) return;
    if (prepared.ok) await this.#attempt(prepared.value);
    else this.#events.onFailed(prepared.error);
  }

  /** Ends the connection: with a goodbye that is not waited for, or cut. */
  close(how: "goodbye" | "cut"): void {
    this.#closing.abort();
    clearTimeout(this.#waiting);
    this.#giveSlotBack();
    this.#login?.close(how);
  }

  get #isOver(): boolean {
    return this.#closing.signal.aborted;
  }

  async #attempt(prepared: Prepared): Promise<void> {
    if (!(await this.#takeSlot())) return;
    const socket = await this.#way.open(this.#events.onLayer);
    if (this.#isOver) {
      if (socket.ok) socket.value.destroy();
      return;
    }
    if (!socket.ok) {
      this.#giveSlotBack();
      this.#events.onFailed(socket.error);
      return;
    }
    const events: LoginEvents = {
      ...this.#events,
      onReady: (client: Client) => {
        this.#giveSlotBack();
        this.#events.onReady(client);
      },
      onFailed: (failure, dropped) => {
        this.#giveSlotBack();
        if (dropped && this.#way.lost === undefined) this.#later(prepared, failure);
        else this.#events.onFailed(failure);
      },
    };
    this.#login = new Login(this.#endpoint, socket.value, prepared, this.#trust, events, this.#options);
  }

  /** Whether there is anybody left to go on for. */
  async #takeSlot(): Promise<boolean> {
    const { slots } = this.#options;
    if (slots === undefined) return true;
    if (this.#login !== undefined) this.#events.onLayer("queue");
    const giveBack = await slots.take(this.#closing.signal);
    if (giveBack === undefined) return false;
    if (this.#isOver) giveBack();
    else this.#giveSlotBack = giveBack;
    return !this.#isOver;
  }

  #later(prepared: Prepared, failure: Failure): void {
    this.#login?.close("cut");
    const waitMs = this.#backoff.next();
    if (waitMs === undefined) this.#events.onFailed(this.#backoff.counted(failure));
    else this.#waiting = setTimeout(() => void this.#attempt(prepared), waitMs);
  }
}
