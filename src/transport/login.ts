/** The way into one SSH server, a node or a bastion: from a socket to a client that is logged in. The host key comes before any key of ours. */
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Client } from "ssh2";
import type { Endpoint } from "../domain/host.ts";
import type { Layer } from "../domain/layer.ts";
import type { Failure } from "../domain/outcome.ts";
import { err, ok, type Result } from "../domain/result.ts";
import { emptyList, type Offer, offerFor } from "./algorithms.ts";
import { authHandler } from "./auth.ts";
import * as failures from "./failures.ts";
import { ignoreHostKeyAnnouncement } from "./host-key-announcement.ts";
import type { HostKeyFiles, HostKeys } from "./host-keys.ts";
import type { Identity } from "./identities.ts";
import type { KeyRing } from "./key-ring.ts";
import { ServerHello } from "./server-hello.ts";
import { signAtOnce } from "./sign-at-once.ts";
import { Client as SshClient } from "./ssh2.ts";

/** A dead link shows within 60 s even when nothing else is due; three, because one lost packet is no dead link. */
const KEEPALIVE_MS = 15_000;
const KEEPALIVES_UNANSWERED = 3;

/** How the socket ends when a server drops it: closed (no code), or reset. */
const isDrop: ReadonlySet<string | undefined> = new Set([undefined, "ECONNRESET", "EPIPE"]);
/** What sshd says in place of a banner since OpenSSH 8.5 when MaxStartups are there already. */
const TOO_MANY_STARTUPS = "Exceeded MaxStartups";

/** Whom the connections of one run trust, and what they show in turn. */
export interface Trust {
  readonly hostKeys: HostKeyFiles;
  readonly keys: KeyRing;
}

/** What a login begins with. */
export interface Prepared {
  readonly identities: readonly Identity[];
  readonly offer: Offer;
}

/** Reads the known host keys and the keys for a server, and chooses the algorithms: nothing is connected to before. */
export const prepareLogin = async (
  endpoint: Endpoint,
  { hostKeys, keys }: Trust,
): Promise<Result<Prepared, Failure>> => {
  const known = hostKeys.of(endpoint);
  const unreadable = await known.load();
  const refused = unreadable ?? known.refusedBefore(endpoint);
  if (refused !== undefined) return err(refused);
  const offer = offerFor(endpoint, known.typesOf(endpoint));
  const empty = emptyList(offer);
  if (empty !== undefined) return err(failures.noAlgorithmFailure(endpoint, empty));
  return ok({ identities: await keys.of(endpoint), offer });
};

export interface LoginEvents {
  /** It goes on to `banner`, `kex`, `auth`. */
  readonly onLayer: (layer: Layer) => void;
  readonly onReady: (client: Client) => void;
  /** It will not get in. `dropped`: the server ended it before its first word, as a busy one does. */
  readonly onFailed: (failure: Failure, dropped: boolean) => void;
  /** It was in, and the connection broke; `why` is not to be shown raw. May be told more than once. */
  readonly onBroken: (why: string) => void;
  /** It was in, and the connection closed. */
  readonly onClosed: () => void;
}

export interface LoginOptions {
  readonly keepaliveMs?: number;
  /** The session is not opened as soon as we are in. */
  readonly opensLater?: boolean;
}

/** One login. Tells nothing more once `close` was called. */
export class Login {
  readonly #endpoint: Endpoint;
  readonly #socket: Duplex;
  readonly #trust: Trust;
  readonly #hostKeys: HostKeys;
  readonly #events: LoginEvents;
  readonly #offer: Offer;
  readonly #client = new SshClient();
  readonly #hello = new ServerHello();
  #layer: Layer = "tcp";
  #isIn = false;
  #over = false;
  #hostKeyFailure: Failure | undefined;
  #newKey: Buffer | undefined;

  /** `socket` may still be connecting. */
  constructor(
    endpoint: Endpoint,
    socket: Duplex,
    { identities, offer }: Prepared,
    trust: Trust,
    events: LoginEvents,
    { keepaliveMs = KEEPALIVE_MS, opensLater = false }: LoginOptions = {},
  ) {
    this.#endpoint = endpoint;
    this.#socket = socket;
    this.#trust = trust;
    this.#hostKeys = trust.hostKeys.of(endpoint);
    this.#events = events;
    this.#offer = offer;
    this.#listen();
    if (socket instanceof Socket && socket.connecting) socket.once("connect", () => this.#enter("banner"));
    else this.#enter("banner");
    this.#connect(identities, keepaliveMs);
    ignoreHostKeyAnnouncement(this.#client, opensLater);
    // After ssh2's own, which is the first.
    socket.on("data", this.#onHello);
  }

  /** What the server said so far, for a failure's sentence. */
  get said(): string {
    return this.#hello.said;
  }

  /** Ends the connection: with a goodbye that is not waited for, or cut. */
  close(how: "goodbye" | "cut"): void {
    this.#over = true;
    if (how === "cut") {
      this.#socket.destroy();
      return;
    }
    this.#client.end();
    if (this.#socket instanceof Socket) this.#socket.destroySoon();
  }

  #listen(): void {
    // ssh2 may report more than one error, and errors after success: this listener stays for ever.
    this.#client.on("error", (error) => this.#onError(error));
    this.#client.on("close", () => this.#onClose());
    this.#client.once("handshake", () => this.#onHandshake());
    this.#client.once("ready", () => {
      this.#isIn = true;
      if (!this.#over) this.#events.onReady(this.#client);
    });
  }

  #connect(identities: readonly Identity[], keepaliveInterval: number): void {
    const { user, identityFiles, identitiesOnly = identityFiles.length > 0 } = this.#endpoint;
    this.#client.connect({
      sock: this.#socket,
      username: user,
      ident: "novasweep",
      readyTimeout: 0, // the layers have clocks of their own
      keepaliveInterval,
      keepaliveCountMax: KEEPALIVES_UNANSWERED,
      algorithms: this.#offer,
      hostVerifier: (key: Buffer): boolean => {
        const verdict = this.#hostKeys.judge(this.#endpoint, key);
        this.#hostKeyFailure = verdict.refused;
        if (verdict.record) this.#newKey = Buffer.from(key);
        return verdict.refused === undefined;
      },
      authHandler: authHandler({
        user,
        identities,
        onlyThese: identitiesOnly,
        agent: this.#trust.keys.agentOf(this.#endpoint),
        onExhausted: (failure) => this.#fail(failure),
      }),
    });
    signAtOnce(this.#client, this.#trust.keys.taken);
  }

  /** Sees the plain beginning of the connection beside ssh2, for the layer and for the words of a failure. */
  readonly #onHello = (piece: Buffer) => {
    this.#hello.feed(piece);
    if (this.#layer === "banner" && this.#hello.banner !== undefined) this.#enter("kex");
  };

  #onHandshake(): void {
    this.#socket.removeListener("data", this.#onHello);
    const unrecorded = this.#newKey && this.#hostKeys.record(this.#endpoint, this.#newKey);
    if (unrecorded === undefined) this.#enter("auth");
    else this.#fail(unrecorded);
  }

  /** ssh2 may call this more than once for one trouble: the first that is not about a single key counts. */
  #onError(error: Error & { readonly level?: string; readonly code?: unknown }): void {
    if (this.#hostKeyFailure !== undefined) {
      this.#fail(this.#hostKeyFailure);
      return;
    }
    // One key that could not sign; the next is tried.
    if (error.level === "agent" || error.level === "client-authentication") return;
    const ofSocket = error.level === "client-socket" || (error.level === "protocol" && this.#layer === "banner");
    if (this.#isIn) {
      if (!this.#over)
        this.#events.onBroken(error.level === "client-timeout" ? "no answer to keepalives" : error.message);
    } else if (ofSocket) {
      const systemCode = typeof error.code === "string" ? error.code : undefined;
      this.#failSocket(systemCode);
    } else if (this.#layer === "auth") {
      this.#fail(failures.cutInAuthFailure(this.#endpoint, error.message));
    } else {
      this.#fail(failures.handshakeFailure(this.#endpoint, this.#offer, this.#hello, error.message));
    }
  }

  #onClose(): void {
    if (!this.#isIn) this.#failSocket(undefined);
    else if (!this.#over) this.#events.onClosed();
  }

  #enter(layer: Layer): void {
    this.#layer = layer;
    if (!this.#over) this.#events.onLayer(layer);
  }

  #failSocket(systemCode: string | undefined): void {
    const dropped =
      this.#layer === "banner" && isDrop.has(systemCode) && (this.said === "" || this.said === TOO_MANY_STARTUPS);
    this.#fail(failures.socketFailure(this.#endpoint, this.#layer, systemCode, this.#hello), dropped);
  }

  #fail(failure: Failure, dropped = false): void {
    if (!this.#over) this.#events.onFailed(failure, dropped);
  }
}
