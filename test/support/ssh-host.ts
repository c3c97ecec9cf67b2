/** Short ways to say "run this script there and tell me what came back" for tests of the transport. */

import type { Host } from "../../src/domain/host.ts";
import type { Layer } from "../../src/domain/layer.ts";
import { defaultSettings } from "../../src/domain/settings.ts";
import { KeyRing, type KeyRingOptions } from "../../src/transport/key-ring.ts";
import type { Resolver } from "../../src/transport/resolver.ts";
import { createSshTransport, type SshOptions } from "../../src/transport/ssh.ts";
import type { Chunk, Clocks, Transport } from "../../src/transport/transport.ts";

/** A host of the tests: root, no become, modern algorithms. */
export const sshHost = (address: string, port: number, more: Partial<Host> = {}): Host => ({
  name: address,
  address,
  port,
  user: "root",
  identityFiles: [],
  jump: [],
  become: "none",
  sshLegacy: "none",
  settings: defaultSettings,
  ...more,
});

/** Clocks of `ms` for each layer but those named. */
export const clocksOf = (ms: number, layers: Partial<Record<Layer, number>> = {}, hostMs = 60_000): Clocks => ({
  layerMs: {
    bastion: ms,
    queue: ms,
    resolve: ms,
    tcp: ms,
    banner: ms,
    kex: ms,
    auth: ms,
    channel: ms,
    shell: ms,
    script: ms,
    ...layers,
  },
  serversOwn: true,
  hostMs,
});

export type TransportOptions = SshOptions & KeyRingOptions;

/** A transport with clocks long enough for a busy machine; no key, no agent and no known host but what is given. */
export const sshTransport = (more: Partial<TransportOptions> = {}, resolver?: Resolver): Transport =>
  createSshTransport(
    {
      clocks: clocksOf(20_000),
      knownHostsFiles: [],
      knownHostsForAll: false,
      hostKeyPolicy: "strict",
      keys: new KeyRing({ identityFiles: [], agentSocket: undefined, homeDir: "/nonexistent", ...more }),
      connectParallel: 16,
      ...more,
    },
    resolver,
  );

export interface Reply {
  readonly layers: readonly Layer[];
  readonly stdout: Buffer;
  readonly stderr: string;
  readonly last: Extract<Chunk, { kind: "exit" | "lost" }>;
  /** The failure's code, or undefined when an exit status came. */
  readonly code: string | undefined;
  readonly message: string;
  readonly try: string;
}

/** Reads a run to its end and checks the promise of the seam: exactly one `exit` or `lost`, and it is the last. */
export const collect = async (chunks: AsyncIterable<Chunk>): Promise<Reply> => {
  const all: Chunk[] = [];
  for await (const chunk of chunks) all.push(chunk);
  const ends = all.filter((chunk) => chunk.kind === "exit" || chunk.kind === "lost");
  const last = all.at(-1);
  if (ends.length !== 1 || last === undefined || (last.kind !== "exit" && last.kind !== "lost")) {
    throw new Error(`not one end, at the end: ${JSON.stringify(all)}`);
  }
  const bytes = (kind: "stdout" | "stderr") =>
    Buffer.concat(all.flatMap((chunk) => (chunk.kind === kind && "bytes" in chunk ? [chunk.bytes] : [])));
  const failure = last.kind === "lost" ? last.failure : undefined;
  return {
    layers: all.flatMap((chunk) => (chunk.kind === "layer" ? [chunk.layer] : [])),
    stdout: bytes("stdout"),
    stderr: bytes("stderr").toString(),
    last,
    code: failure?.code,
    message: failure?.message ?? "",
    try: failure?.try ?? "",
  };
};

export const never = new AbortController().signal;
