/** Short ways to say "run this script there and tell me what came back" for tests of the transport. */

import type { Host } from "../../src/domain/host.ts";
import { defaultSettings } from "../../src/domain/settings.ts";
import { createSshTransport, type SshOptions } from "../../src/transport/ssh.ts";
import type { Chunk, Layer, Transport } from "../../src/transport/transport.ts";

/** A host of the tests: root, no become, modern algorithms. */
export const sshHost = (address: string, port: number, more: Partial<Host> = {}): Host => ({
  name: address,
  address,
  port,
  user: "root",
  identityFiles: [],
  become: "none",
  sshLegacy: "none",
  settings: defaultSettings,
  ...more,
});

/** A transport with clocks long enough for a busy machine; no key, no agent and no known host but what is given. */
export const sshTransport = (more: Partial<SshOptions> = {}): Transport =>
  createSshTransport({
    clocks: { connectMs: 20_000, authMs: 20_000, silenceMs: 20_000, hostMs: 60_000 },
    knownHostsFiles: [],
    hostKeyPolicy: "strict",
    identityFiles: [],
    agentSocket: undefined,
    connectParallel: 16,
    homeDir: "/nonexistent",
    ...more,
  });

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
