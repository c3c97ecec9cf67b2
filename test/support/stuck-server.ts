/** SSH servers that go as far as they are told and then say nothing: one for each layer a client can be stuck in. */
import { type ChildProcess, spawn } from "node:child_process";
import { connect, createServer, type Socket } from "node:net";
import ssh2 from "ssh2";
import { makeKey } from "../../src/lab/keys.ts";

/** Where it stops; `exec` and `channel` are both of the layer `channel`. */
export type StopsAt = "banner" | "kex" | "auth" | "channel" | "exec" | "shell" | "script";

export interface StuckServer {
  readonly port: number;
  /** `ssh-ed25519 AAAA...` of its host key. */
  readonly hostKey: string;
  stop(): void;
}

/** Listens on `address`; stopped by `stop`. */
export const startStuckServer = async (address: string, stopsAt: StopsAt): Promise<StuckServer> => {
  const key = makeKey("stuck");
  const ssh = new ssh2.Server({ hostKeys: [key.privatePem] }, (client) => {
    client.on("error", () => {});
    client.on("authentication", (context) => {
      if (stopsAt !== "auth") context.accept();
    });
    client.on("session", (accept) => {
      if (stopsAt === "channel") return;
      accept().on("exec", (acceptExec) => {
        if (stopsAt === "exec") return;
        const channel = acceptExec();
        if (stopsAt === "script") channel.write("one word\n");
      });
    });
  });
  const sockets = new Set<Socket>();
  const kept = (socket: Socket): Socket => {
    sockets.add(socket.on("error", () => {}));
    return socket;
  };
  const inner = createServer((socket) => ssh.injectSocket(kept(socket)));
  const outer = createServer((socket) => {
    kept(socket);
    if (stopsAt === "banner") return;
    if (stopsAt === "kex") onlyTheBanner(socket, kept(connect(portOf(inner), address)));
    else ssh.injectSocket(socket);
  });
  for (const server of [inner, outer])
    await new Promise<void>((resolve) => server.listen({ host: address, port: 0 }, resolve));
  return {
    port: portOf(outer),
    hostKey: key.publicLine,
    stop: () => {
      for (const server of [inner, outer]) server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
};

/** Passes on all the server says, and of the client its first line alone: the server waits for its part of the key exchange. */
const onlyTheBanner = (client: Socket, server: Socket): void => {
  server.pipe(client);
  client.once("data", (bytes) => server.write(bytes.subarray(0, bytes.indexOf("\n") + 1)));
};

const portOf = (server: ReturnType<typeof createServer>): number => {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not listening");
  return address.port;
};

/** Longest a full backlog may take to come about. */
const FILL_MAX = 64;
const ANSWER_MS = 400;

const listener = `
const server = require("node:net").createServer();
server.listen({ host: process.argv[1], port: 0, backlog: 1 }, () => {
  require("node:fs").writeSync(1, String(server.address().port));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 120_000);
});`;

/** A port whose backlog is full: whoever connects to it gets no answer at all, as behind a firewall that drops packets. */
export const startBlackHole = async (address: string): Promise<{ readonly port: number; stop(): void }> => {
  const child: ChildProcess = spawn(process.execPath, ["-e", listener, address], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const port = await new Promise<number>((resolve) => child.stdout?.once("data", (text) => resolve(Number(text))));
  const sockets: Socket[] = [];
  for (let n = 0; n < FILL_MAX; n++) {
    const socket = connect(port, address).on("error", () => {});
    sockets.push(socket);
    const answered = await new Promise<boolean>((resolve) => {
      setTimeout(resolve, ANSWER_MS, false);
      socket.once("connect", () => resolve(true));
    });
    if (!answered) break;
  }
  return {
    port,
    stop: () => {
      for (const socket of sockets) socket.destroy();
      child.kill("SIGKILL");
    },
  };
};
