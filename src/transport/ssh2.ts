/** The one place that loads ssh2, so that it always comes with the fast group exchange. */
import { createRequire } from "node:module";
import { fastGroupExchange } from "./fast-gex.ts";

const require = createRequire(import.meta.url);

/** ssh2 takes its functions out of `crypto` while it loads: only then is ours in place, and nobody else ever sees it. */
const load = (): typeof import("ssh2") => {
  const crypto = require("node:crypto") as { createDiffieHellman: (...args: unknown[]) => unknown };
  const original = crypto.createDiffieHellman;
  crypto.createDiffieHellman = (...args) => {
    const [prime, generator] = args;
    return Buffer.isBuffer(prime) && Buffer.isBuffer(generator)
      ? fastGroupExchange(prime, generator)
      : original(...args);
  };
  try {
    return require("ssh2") as typeof import("ssh2");
  } finally {
    crypto.createDiffieHellman = original;
  }
};

export const { Client, BaseAgent, OpenSSHAgent, utils } = load();
