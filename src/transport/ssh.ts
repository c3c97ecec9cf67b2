/** The transport over ssh2: no ssh binary, one process, one thread for the whole fleet. */
import { Agent } from "./agent.ts";
import { Connection, type Shared } from "./connection.ts";
import { HandshakeSlots } from "./handshake-slots.ts";
import { type HostKeyPolicy, HostKeys } from "./host-keys.ts";
import { Identities } from "./identities.ts";
import { Resolver } from "./resolver.ts";
import type { Chunk, Clocks, Transport } from "./transport.ts";

export interface SshOptions {
  readonly clocks: Clocks;
  /** In the order of trust; keys accepted as new are written to the first. Missing files count as empty. */
  readonly knownHostsFiles: readonly string[];
  readonly hostKeyPolicy: HostKeyPolicy;
  /** Offered for hosts that name none of their own. */
  readonly identityFiles: readonly string[];
  /** The agent's socket (`SSH_AUTH_SOCK`), if there is one. */
  readonly agentSocket: string | undefined;
  /** Connections between TCP connect and authentication at once, at least 1. sshd's MaxStartups begins to drop at 10 a node or bastion. */
  readonly connectParallel: number;
  /** What `~/` in the name of an identity file stands for. */
  readonly homeDir: string;
}

/** A transport for one run: key files, known_hosts, agent and name lookups are asked once and kept until it is closed. */
export const createSshTransport = (options: SshOptions, resolver = new Resolver()): Transport => {
  const open = new Set<Connection>();
  const shared: Shared = {
    clocks: options.clocks,
    slots: new HandshakeSlots(options.connectParallel),
    resolver,
    hostKeys: new HostKeys(options.knownHostsFiles, options.hostKeyPolicy),
    identities: new Identities(options.homeDir),
    defaultIdentityFiles: options.identityFiles,
    agent: options.agentSocket === undefined ? undefined : new Agent(options.agentSocket),
  };
  return {
    run: (host, script, signal) => ({
      [Symbol.asyncIterator](): AsyncIterator<Chunk> {
        const connection = new Connection(host, script, signal, shared, () => open.delete(connection));
        open.add(connection);
        void connection.start();
        return connection.chunks;
      },
    }),
    close: () => {
      for (const connection of [...open]) connection.cut();
      return Promise.resolve();
    },
  };
};
