/** The one place that loads ssh2, so that it always comes with the fast group exchange and the pool of random bytes. */
import { createRequire } from "node:module";
import { fastGroupExchange } from "./fast-gex.ts";
import { createRandomPool } from "./random-pool.ts";

const require = createRequire(import.meta.url);

/** ssh2 takes its functions out of `crypto` while it loads: only then are ours in place, and nobody else ever sees them. */
const load = (): typeof import("ssh2") => {
  const crypto = require("node:crypto") as {
    createDiffieHellman: (...args: unknown[]) => unknown;
    randomFillSync: unknown;
  };
  const { createDiffieHellman, randomFillSync } = crypto;
  crypto.createDiffieHellman = (...args) => {
    const [prime, generator] = args;
    return Buffer.isBuffer(prime) && Buffer.isBuffer(generator)
      ? fastGroupExchange(prime, generator)
      : createDiffieHellman(...args);
  };
  crypto.randomFillSync = createRandomPool();
  try {
    return require("ssh2") as typeof import("ssh2");
  } finally {
    Object.assign(crypto, { createDiffieHellman, randomFillSync });
  }
};

export const { Client, BaseAgent, OpenSSHAgent, utils } = load();
