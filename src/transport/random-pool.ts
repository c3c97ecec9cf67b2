/**
 * Random bytes in small portions. ssh2 asks for the padding of each packet, some ten bytes, by itself; a call into OpenSSL for each is
 * a twentieth of what a connection costs here. Every byte comes from the same generator as before and is handed out once.
 */
import { randomFillSync } from "node:crypto";

const POOL_BYTES = 4096;
/** More than this is asked of the generator itself: nobody asks so often. */
const MAX_PORTION_BYTES = 64;

/** What ssh2 uses of `crypto.randomFillSync`: fills `size` bytes from `offset` on. */
export type FillRandom = (target: Buffer, offset?: number, size?: number) => Buffer;

/** A pool of its own. */
export const createRandomPool = (): FillRandom => {
  const pool = Buffer.alloc(POOL_BYTES);
  let used = POOL_BYTES;
  return (target, offset = 0, size = target.length - offset) => {
    if (size > MAX_PORTION_BYTES) return randomFillSync(target, offset, size);
    if (offset < 0 || size < 0 || offset + size > target.length) throw new RangeError("random bytes beyond the buffer");
    if (used + size > POOL_BYTES) {
      randomFillSync(pool);
      used = 0;
    }
    pool.copy(target, offset, used, used + size);
    // What was handed out is not kept.
    pool.fill(0, used, used + size);
    used += size;
    return target;
  };
};
