/** An SSH server that lets everybody in and answers each command as a test says: a node as hostile as it likes. */
import { createServer, type Socket } from "node:net";
import ssh2, { type ServerChannel } from "ssh2";
import { makeKey } from "../../src/lab/keys.ts";

/** One command it was asked to run. */
export interface Asked {
  readonly command: string;
  /** The hex in the command that its markers have. */
  readonly nonce: string;
  readonly pty: boolean;
  readonly channel: ServerChannel;
}

export interface ScriptedServer {
  readonly port: number;
  /** `ssh-ed25519 AAAA...` of its host key. */
  readonly hostKey: string;
  stop(): void;
}

/** Listens on `address`; stopped by `stop`. */
export const startScriptedServer = async (address: string, answer: (asked: Asked) => void): Promise<ScriptedServer> => {
  const key = makeKey("scripted");
  const sockets = new Set<Socket>();
  const ssh = new ssh2.Server({ hostKeys: [key.privatePem] }, (client) => {
    client.on("error", () => {});
    client.on("authentication", (context) => context.accept());
    client.on("session", (accept) => {
      const session = accept();
      let pty = false;
      session.on("pty", (acceptPty) => {
        pty = true;
        acceptPty();
      });
      session.on("exec", (acceptExec, _reject, { command }) => {
        const nonce = /(?:novasweep%%|start-)([0-9a-f]+)/.exec(command)?.[1] ?? "";
        const channel: ServerChannel = acceptExec();
        channel.on("error", () => {});
        answer({ command, nonce, pty, channel });
      });
    });
  });
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    ssh.injectSocket(socket);
  });
  const port = await new Promise<number>((resolve) => {
    server.listen({ host: address, port: 0 }, () => resolve((server.address() as { port: number }).port));
  });
  return {
    port,
    hostKey: key.publicLine,
    stop: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
};
