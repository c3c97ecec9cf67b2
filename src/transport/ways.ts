/** How to get a socket to a server: straight over the network, or through bastions that all hosts behind them share. */
import type { Duplex } from "node:stream";
import type { Endpoint } from "../domain/host.ts";
import type { Layer } from "../domain/layer.ts";
import type { Failure } from "../domain/outcome.ts";
import { err, ok, type Result } from "../domain/result.ts";
import { Bastion } from "./bastion.ts";
import { errorCode } from "./error-code.ts";
import * as failures from "./failures.ts";
import type { Trust } from "./login.ts";
import { openSocket, type Resolver } from "./resolver.ts";
import type { Clocks } from "./transport.ts";

export interface Way {
  /** A socket, which may still be connecting. `onLayer` is told `resolve` and `tcp` before each begins. */
  readonly open: (onLayer: (layer: Layer) => void) => Promise<Result<Duplex, Failure>>;
  /** Why a bastion on the way is gone: whatever is then heard from the socket is only its echo. */
  readonly lost: Failure | undefined;
}

/** A bastion that breaks under its hosts is logged in to this often in one run, and no more: then they fail at once. */
const MADE_AT_MOST = 2;
/** What trying again does not mend, and may lock an account. */
const final: ReadonlySet<string> = new Set(["E_AUTH", "E_HOSTKEY"]);

interface Made {
  readonly bastion: Bastion;
  readonly times: number;
}

export class Ways {
  readonly #resolver: Resolver;
  readonly #trust: Trust;
  readonly #clocks: Clocks;
  /** By the whole chain to it. */
  readonly #bastions = new Map<string, Made>();

  constructor(resolver: Resolver, trust: Trust, clocks: Clocks) {
    this.#resolver = resolver;
    this.#trust = trust;
    this.#clocks = clocks;
  }

  /** The way to a server, once its bastions are logged in to; their clocks bound the wait. */
  async to(endpoint: Endpoint, jump: readonly Endpoint[]): Promise<Result<Way, Failure>> {
    const last = jump.at(-1);
    if (last === undefined) return ok(this.#straight(endpoint));
    const bastion = await this.#bastion(last, jump).ready;
    return bastion.ok ? ok(through(bastion.value, endpoint)) : bastion;
  }

  close(): void {
    // The outer one of a chain was made first; the inner one says goodbye through it.
    for (const { bastion } of [...this.#bastions.values()].reverse()) bastion.close();
  }

  #bastion(last: Endpoint, chain: readonly Endpoint[]): Bastion {
    const key = JSON.stringify(chain.map((one) => ({ ...one, address: one.address.toLowerCase() })));
    const known = this.#bastions.get(key);
    if (known !== undefined && !isWorthAnother(known)) return known.bastion;
    // Its way is asked for only now: what goes through a bastion that is gone is gone with it.
    const bastion = new Bastion(last, this.to(last, chain.slice(0, -1)), this.#trust, this.#clocks);
    const before = known === undefined || known.bastion.lostIdle ? 0 : known.times;
    this.#bastions.set(key, { bastion, times: before + 1 });
    return bastion;
  }

  #straight({ address, port, ...endpoint }: Endpoint): Way {
    return {
      lost: undefined,
      open: async (onLayer) => {
        onLayer("resolve");
        try {
          const addresses = await this.#resolver.resolve(address);
          onLayer("tcp");
          return ok(openSocket(addresses, address, port));
        } catch (error) {
          return err(failures.resolveFailure({ ...endpoint, address, port }, errorCode(error)));
        }
      },
    };
  }
}

const isWorthAnother = ({ bastion: { lost, lostIdle }, times }: Made): boolean =>
  lost !== undefined && (lostIdle || times < MADE_AT_MOST) && !final.has(lost.code);

const through = (bastion: Bastion, endpoint: Endpoint): Way => ({
  get lost() {
    return bastion.lost;
  },
  open: (onLayer) => {
    onLayer("tcp");
    return bastion.open(endpoint);
  },
});
