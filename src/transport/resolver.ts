/** Names to addresses, asked once a run, and addresses to a socket. */
import { promises as dns, type LookupAddress } from "node:dns";
import { connect, isIP, type Socket } from "node:net";

export type Addresses = readonly LookupAddress[];

/** Asks the system for the addresses of a name. */
export type Lookup = (name: string) => Promise<Addresses>;

export class Resolver {
  readonly #lookup: Lookup;
  readonly #answers = new Map<string, Promise<Addresses>>();

  constructor(lookup: Lookup = (name) => dns.lookup(name, { all: true })) {
    this.#lookup = lookup;
  }

  /**
   * Addresses of a name as the system gives them (hosts file, DNS, order of preference). Rejects with the system's error.
   * The wait is bounded by the caller's clock; a failure is not remembered, because it may be of the moment.
   */
  resolve(name: string): Promise<Addresses> {
    const family = isIP(name);
    if (family !== 0) return Promise.resolve([{ address: name, family }]);
    const known = this.#answers.get(name);
    if (known !== undefined) return known;
    const asked = this.#lookup(name);
    this.#answers.set(name, asked);
    asked.catch(() => this.#answers.delete(name));
    return asked;
  }
}

/** How long one of several addresses is tried before the next is too; Node's own 250 ms is too short for a far site. */
const NEXT_ADDRESS_MS = 2_000;

/** Starts to connect to the first address that answers. Without Nagle's delay, which costs 40 ms a request here. */
export const openSocket = (addresses: Addresses, host: string, port: number): Socket => {
  const socket = connect({
    host,
    port,
    noDelay: true,
    autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_MS,
    lookup: (_name, options, callback) => {
      const [first] = addresses;
      if (options.all === true) callback(null, [...addresses]);
      else if (first !== undefined) callback(null, first.address, first.family);
    },
  });
  // Must be its first listener: what the others write in answer is gathered.
  socket.on("data", () => gatherWrites(socket));
  return socket;
};

/**
 * Holds back what is written until this turn of the event loop is over, then sends it in one system call: ssh2 makes three of every
 * packet, and often has several packets to say at once.
 */
const gatherWrites = (socket: Socket): void => {
  if (socket.writableCorked > 0) return;
  socket.cork();
  setImmediate(() => socket.uncork());
};
