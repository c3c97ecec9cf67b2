/** The transport over the system's ssh, for what ssh2 cannot do: certificates, FIDO keys, ProxyCommand. One process a host. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Failure } from "../../domain/outcome.ts";
import { ChunkQueue } from "../chunk-queue.ts";
import { errorCode } from "../error-code.ts";
import { HandshakeSlots } from "../handshake-slots.ts";
import type { PasswordGate } from "../password-gate.ts";
import type { Chunk, Clocks, Transport } from "../transport.ts";
import { OpensshSession, type OpensshShared } from "./session.ts";
import { type OpensshSettings, opensshConfig } from "./words.ts";

export interface OpensshOptions extends OpensshSettings {
  /** The program, an absolute path. */
  readonly ssh: string;
  readonly env: OpensshShared["env"];
  readonly clocks: Clocks;
  readonly connectParallel: number;
  /** As for the transport over ssh2, and the same one where there are both. */
  readonly gate?: PasswordGate | undefined;
}

/** For hosts that have `openssh`. Its logs lie in a private folder until each session ends. */
export const createOpensshTransport = ({
  ssh,
  env,
  clocks,
  connectParallel,
  gate,
  ...settings
}: OpensshOptions): Transport => {
  const shared: OpensshShared = { ssh, env, clocks, slots: new HandshakeSlots(connectParallel), gate };
  const open = new Set<OpensshSession>();
  let folder: string | undefined;
  let count = 0;
  return {
    run: (host, script, signal) => ({
      [Symbol.asyncIterator](): AsyncIterator<Chunk> {
        const dial = host.openssh ?? {
          destination: host.address,
          user: host.user,
          port: host.port,
          identityFiles: host.identityFiles,
          why: "asked for",
        };
        try {
          folder ??= makeFolder(settings);
        } catch (error) {
          return nowhere(error);
        }
        count += 1;
        const session = new OpensshSession(
          host,
          dial,
          script,
          { config: join(folder, CONFIG), log: join(folder, String(count)) },
          signal,
          shared,
          () => open.delete(session),
        );
        open.add(session);
        void session.start();
        return session.chunks;
      },
    }),
    close: () => {
      for (const session of [...open]) session.cut();
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
      return Promise.resolve();
    },
  };
};

const CONFIG = "config";

/** A run that ends at once: there is no place for ssh's configuration and its logs. */
const nowhere = (error: unknown): ChunkQueue => {
  const chunks = new ChunkQueue(() => {});
  const failure: Failure = {
    code: "E_CONNECT",
    message: `ssh was not started: no folder of its own in ${tmpdir()} (${errorCode(error)})`,
    try: "make room there, or name another folder with TMPDIR",
  };
  chunks.push({ kind: "lost", failure, layer: "queue" });
  chunks.end();
  return chunks;
};

/** A private folder with the configuration of the run in it. */
const makeFolder = (settings: OpensshSettings): string => {
  const folder = mkdtempSync(join(tmpdir(), "novasweep-ssh-"));
  writeFileSync(join(folder, CONFIG), opensshConfig(settings), { mode: 0o600 });
  return folder;
};
