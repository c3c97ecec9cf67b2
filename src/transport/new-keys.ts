/** The host keys nobody knows yet, of all the servers of a run, looked at before it logs in anywhere. */
import type { Endpoint, Host } from "../domain/host.ts";
import type { NewKey } from "../domain/host-key.ts";
import { HostKeyFiles } from "./host-keys.ts";
import { scanKeys } from "./key-scan.ts";
import type { SshOptions } from "./ssh.ts";
import type { Clocks } from "./transport.ts";

/** The whole fleet waits for the slowest: a server that is well shows its key within this, milliseconds in each layer. */
const LOOK_MS = 10_000;

export type LookOptions = Omit<SshOptions, "watch" | "gate">;

export interface LookEvents {
  /** So many servers are asked now. */
  readonly onLook: (servers: number) => void;
  /** What they showed, before one of them is logged in to. Each server once. */
  readonly onKeys: (keys: readonly NewKey[]) => void;
}

/**
 * Looks at the key of each server of which known_hosts has none, bastions first: what is behind a new bastion is seen only where
 * `accept-new` lets us in there. What was shown is added to `shown`. Hosts that go through the system's ssh are left to it; of one that
 * gave no answer in time nothing is shown. Aborting ends it early.
 */
export const lookAtNewKeys = async (
  hosts: readonly Host[],
  options: LookOptions,
  shown: Map<string, string>,
  { onLook, onKeys }: LookEvents,
  signal: AbortSignal,
): Promise<void> => {
  const { knownHostsFiles, knownHostsForAll, hostKeyPolicy } = options;
  const search = new Search(
    new HostKeyFiles(knownHostsFiles, hostKeyPolicy, knownHostsForAll, { read: options.knownFiles }),
    hostKeyPolicy === "accept-new",
  );
  const own = hosts.filter(({ openssh }) => openssh === undefined);
  const lookOptions = { ...options, clocks: shortened(options.clocks) };
  for (let servers = await search.next(own); servers.length > 0; servers = await search.next(own)) {
    onLook(servers.length);
    const found = await scanKeys(servers, lookOptions, signal);
    if (signal.aborted) return;
    const keys: NewKey[] = [];
    for (const [at, { name: host }] of servers.entries()) {
      const one = found[at];
      if (one?.ok !== true) continue;
      const { value: key } = one;
      if (key.verdict === "unknown") {
        shown.set(key.name, key.blob);
        keys.push({ host, key });
      }
      if (key.verdict === "unknown" || key.verdict === "match") search.passable.add(key.name);
    }
    if (keys.length > 0) onKeys(keys);
  }
};

const shortened = ({ layerMs, ...clocks }: Clocks): Clocks => {
  const short = (ms: number): number => Math.min(ms, LOOK_MS);
  const { resolve, tcp, banner, kex } = layerMs;
  return {
    ...clocks,
    layerMs: { ...layerMs, resolve: short(resolve), tcp: short(tcp), banner: short(banner), kex: short(kex) },
  };
};

/** Which servers are to be looked at next: on the way to each host the first that is not known, each once. */
class Search {
  /** By their names in known_hosts: they may be logged in to on the way to others. */
  readonly passable = new Set<string>();
  readonly #known: HostKeyFiles;
  readonly #throughNew: boolean;
  readonly #asked = new Set<string>();

  constructor(known: HostKeyFiles, throughNew: boolean) {
    this.#known = known;
    this.#throughNew = throughNew;
  }

  async next(hosts: readonly Host[]): Promise<readonly Host[]> {
    const servers: Host[] = [];
    for (const host of hosts) {
      const server = await this.#firstNew(host);
      if (server !== undefined) servers.push(server);
    }
    return servers;
  }

  async #firstNew(host: Host): Promise<Host | undefined> {
    for (const [at, server] of [...host.jump, host].entries()) {
      const name = await this.#nameOfNew(server);
      if (name === undefined) continue;
      if (!this.#asked.has(name)) {
        this.#asked.add(name);
        return server === host ? host : bastionAsHost(server, host, at);
      }
      if (!this.#throughNew || !this.passable.has(name)) return undefined;
    }
    return undefined;
  }

  /** Undefined: a key of it is known, or the run itself will say that its known_hosts cannot be read. */
  async #nameOfNew(server: Endpoint): Promise<string | undefined> {
    const files = this.#known.of(server);
    return (await files.load()) === undefined ? files.nameOfNew(server) : undefined;
  }
}

/** Behind the bastions before it. */
const bastionAsHost = (bastion: Endpoint, { jump, settings }: Host, at: number): Host => ({
  ...bastion,
  name: bastion.address,
  jump: jump.slice(0, at),
  become: "none",
  settings,
});
