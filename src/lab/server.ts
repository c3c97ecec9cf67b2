/**
 * One SSH server for one simulated node: publickey authentication, and `exec` of a script's shell and nothing else.
 */
import { createServer, type Server as NetServer, type Socket } from "node:net";
import { join } from "node:path";
import ssh2, { type AuthContext, type Connection, type Session } from "ssh2";
import type { SshKey } from "./keys.ts";
import { LOGIN } from "./node.ts";
import type { NodeSpec } from "./node-spec.ts";
import type { PreludeTable } from "./prelude.ts";
import { runScript, type ScriptRun } from "./run-script.ts";

/** Connections a node holds at once: enough for any controller, few enough that a loop is noticed. */
const CONNECTIONS_MAX = 64;

export interface NodeServerOptions {
  readonly spec: NodeSpec;
  readonly nodeDir: string;
  readonly simDir: string;
  readonly simulators: ReadonlySet<string>;
  readonly shell: string;
  readonly hostKey: SshKey;
  readonly clientKey: SshKey;
}

export interface NodeServer {
  readonly port: number;
  close(): void;
}

/** The three ways a script's shell is asked for; anything else a shell would not find. */
const becomeOf = (command: string): ScriptRun["become"] | undefined => {
  switch (command) {
    case "/bin/sh -s":
      return "";
    case "sudo -n /bin/sh -s":
      return "sudo -n";
    case "pfexec /bin/sh -s":
      return "pfexec";
    default:
      return undefined;
  }
};

const NOT_FOUND = 127;

const serveSession = (session: Session, options: NodeServerOptions, cut: () => void, mayDrop: () => boolean): void => {
  const table: PreludeTable = {
    root: join(options.nodeDir, "root"),
    simDir: options.simDir,
    simulators: options.simulators,
    shell: options.shell,
  };
  session.on("exec", (accept, _reject, info) => {
    const channel = accept();
    const become = becomeOf(info.command);
    if (become === undefined) {
      const word = info.command.split(" ", 1)[0] ?? "";
      channel.stderr.write(`/bin/sh: ${word}: command not found\n`);
      channel.exit(NOT_FOUND);
      channel.end();
      return;
    }
    const { nodeDir, spec } = options;
    runScript({ channel, become, login: LOGIN, nodeDir, table, fault: spec.fault, cut, mayDrop });
  });
};

/** Whether the client may go on: as the known user, with the known key, and a good signature when it already signs. */
const accepts = (context: AuthContext, options: NodeServerOptions, publicKey: ssh2.ParsedKey): boolean => {
  if (context.method !== "publickey" || context.username !== LOGIN || options.spec.fault === "auth") return false;
  if (!context.key.data.equals(options.clientKey.publicBlob)) return false;
  if (context.signature === undefined) return true;
  return publicKey.verify(context.blob ?? Buffer.alloc(0), context.signature, context.hashAlgo) === true;
};

const makeSshServer = (options: NodeServerOptions, sockets: ReadonlySet<Socket>): ssh2.Server => {
  const publicKey = ssh2.utils.parseKey(options.clientKey.publicLine);
  if (publicKey instanceof Error) throw publicKey;
  let dropped = false;
  const mayDrop = (): boolean => {
    const first = !dropped;
    dropped = true;
    return first;
  };
  const onConnection = (client: Connection, info: ssh2.ClientInfo): void => {
    const cut = (): void => {
      for (const socket of sockets) if (socket.remotePort === info.port) socket.destroy();
    };
    // Every trouble of a client ends its connection; there is nobody to tell.
    client.on("error", () => {});
    client.on("authentication", (context) => {
      if (accepts(context, options, publicKey)) context.accept();
      else context.reject(["publickey"]);
    });
    client.on("session", (accept) => serveSession(accept(), options, cut, mayDrop));
  };
  return new ssh2.Server({ hostKeys: [options.hostKey.privatePem], ident: "OpenSSH_7.1" }, onConnection);
};

const listen = (server: NetServer): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: "127.0.0.1", port: 0 }, () => {
      const address = server.address();
      if (address === null || typeof address === "string") reject(new Error("the node's server has no port"));
      else resolve(address.port);
    });
  });

/** Starts the server on a port of 127.0.0.1 that the system chooses. */
export const serveNode = async (options: NodeServerOptions): Promise<NodeServer> => {
  const sockets = new Set<Socket>();
  const ssh = makeSshServer(options, sockets);
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
    // Says nothing and reads nothing; the client has the clock.
    if (options.spec.fault === "silent-banner") return;
    ssh.injectSocket(socket);
  });
  server.maxConnections = CONNECTIONS_MAX;
  const port = await listen(server);
  return {
    port,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
};
