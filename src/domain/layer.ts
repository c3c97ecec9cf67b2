/**
 * Where a connection is, in the order it goes through: the bastion where there is one, a free place, the address (a bastion's
 * business where there is one), the connection, the server's first line, ...
 */
export type Layer =
  | "bastion"
  | "queue"
  | "resolve"
  | "tcp"
  | "banner"
  | "kex"
  | "auth"
  | "channel"
  | "shell"
  | "script";

/** A layer as it is said of a connection that waits in it; each begins with the layer's name. */
export const layerWords: Readonly<Record<Layer, string>> = {
  bastion: "bastion",
  queue: "queue",
  resolve: "resolve",
  tcp: "tcp connect",
  banner: "banner",
  kex: "kex reply",
  auth: "auth reply",
  channel: "channel open",
  shell: "shell start",
  script: "script",
};
