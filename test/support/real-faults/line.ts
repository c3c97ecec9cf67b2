/** A line to a node that breaks in the ways that lines do: a TCP proxy between it and the controller. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, connect as dial, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RealNode } from "../fleet/node.ts";

export interface Line {
  /** The node by way of this line. */
  readonly inventoryPath: string;
  readonly knownHostsPath: string;
  /** From now on nothing passes on the connections there are, and nobody hears of their end; new ones pass. */
  freeze(): void;
  /** Resets what the connections there are have on these sides; another side hears nothing, now and later. New ones pass. */
  reset(sides: readonly Side[]): void;
  /** Nobody listens from now on, where there is no connection. */
  refuse(): Promise<void>;
  /** Whoever comes from now on is accepted, and hears nothing. */
  deafen(): void;
  close(): void;
}

export type Side = "controller" | "node";

/** Opens it on a port of 127.0.0.1. */
export const openLine = async (node: RealNode): Promise<Line> => {
  const pairs: (readonly [near: Socket, far: Socket])[] = [];
  let deaf = false;
  const server = createServer({ allowHalfOpen: true }, (near) => {
    if (deaf) return;
    const far = dial(node.port, node.address);
    pairs.push([near, far]);
    for (const socket of [near, far]) socket.setNoDelay(true).on("error", () => {});
    near.pipe(far);
    far.pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the line has no port");
  const dir = mkdtempSync(join(tmpdir(), "novasweep-line-"));
  const files = { inventoryPath: join(dir, "hosts.ini"), knownHostsPath: join(dir, "known_hosts") };
  writeFileSync(
    files.inventoryPath,
    `${node.name} ansible_host=127.0.0.1 ansible_port=${address.port} ansible_user=ops\n`,
  );
  const key = node.sh("ssh-keygen -y -f /etc/ssh/node_key");
  writeFileSync(files.knownHostsPath, `[127.0.0.1]:${address.port} ${key}`);
  const freeze = (): void => {
    for (const [near, far] of pairs) {
      near.unpipe(far);
      far.unpipe(near);
      near.pause();
      far.pause();
    }
  };
  return {
    ...files,
    freeze,
    reset: (sides) => {
      freeze();
      for (const [near, far] of pairs) for (const side of sides) (side === "controller" ? near : far).resetAndDestroy();
    },
    deafen: () => {
      deaf = true;
    },
    refuse: () => new Promise((resolve) => server.close(() => resolve())),
    close: () => {
      for (const socket of pairs.flat()) socket.destroy();
      server.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
};
