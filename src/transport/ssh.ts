/** The transport over ssh2: no ssh binary, one process, one thread for the whole fleet. */

import type { ShownKeys } from "../domain/host-key.ts";
import { Connection, type Shared } from "./connection.ts";
import { HandshakeSlots } from "./handshake-slots.ts";
import { HostKeyFiles, type HostKeyPolicy, type KeyWatch } from "./host-keys.ts";
import type { KeyRing } from "./key-ring.ts";
import type { KnownFiles } from "./known-files.ts";
import type { Trust } from "./login.ts";
import type { PasswordGate } from "./password-gate.ts";
import { Resolver } from "./resolver.ts";
import type { Chunk, Clocks, Transport } from "./transport.ts";
import { Ways } from "./ways.ts";

export interface SshOptions {
  readonly clocks: Clocks;
  /** In the order of trust; keys accepted as new are written to the first. Missing files count as empty. */
  readonly knownHostsFiles: readonly string[];
  /** They hold for servers that name files of their own, too. */
  readonly knownHostsForAll: boolean;
  readonly hostKeyPolicy: HostKeyPolicy;
  /** Servers of which only the host key is wanted. */
  readonly watch?: KeyWatch;
  /** With `accept-new` these new keys are accepted, and no others; absent: any. */
  readonly shownKeys?: ShownKeys;
  /** The ways to servers, with the bastions on them, that others in this run use too; whoever made them closes them. Absent: its own. */
  readonly ways?: Ways;
  /** Files that were read already, for whoever else reads them in this run. */
  readonly knownFiles?: KnownFiles;
  /** Opened before: a connection waits for no person. */
  readonly keys: KeyRing;
  /** Connections between TCP connect and authentication at once, at least 1. sshd's MaxStartups begins to drop at 10 a node or bastion. */
  readonly connectParallel: number;
  /** The password for sudo and su, where they ask; the caller wipes it after `close`. Absent: there is none, and sudo may not ask. */
  readonly gate?: PasswordGate | undefined;
}

const trustOf = (options: Omit<SshOptions, "ways">): Trust => ({
  hostKeys: new HostKeyFiles(options.knownHostsFiles, options.hostKeyPolicy, options.knownHostsForAll, {
    watch: options.watch,
    shown: options.shownKeys,
    read: options.knownFiles,
  }),
  keys: options.keys,
});

/** Ways that several transports of one run share: a bastion is logged in to once for all of them, and refuses once. */
export const openWays = (options: Omit<SshOptions, "ways">, resolver: Resolver = new Resolver()): Ways =>
  new Ways(resolver, trustOf(options), options.clocks);

/** A transport for one run: known_hosts, key files, agent and name lookups are asked once and kept until it is closed. */
export const createSshTransport = (options: SshOptions, resolver = new Resolver()): Transport => {
  const open = new Set<Connection>();
  const shared: Shared = {
    ...trustOf(options),
    clocks: options.clocks,
    slots: new HandshakeSlots(options.connectParallel),
    ways: options.ways ?? openWays(options, resolver),
    gate: options.gate,
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
      if (options.ways === undefined) shared.ways.close();
      return Promise.resolve();
    },
  };
};
