import type { Patch } from "./change.ts";

/** The file a patch makes of `bytes`. Digests are the caller's to compare; a range outside the file is a bug of ours. */
export const applyPatch = (bytes: Uint8Array, patch: Patch): Uint8Array => {
  const { offset, length } = patch;
  if (!Number.isSafeInteger(offset) || offset < 0 || length < 0 || offset + length > bytes.length) {
    throw new Error(`patch of ${offset}+${length} in a file of ${bytes.length} bytes`);
  }
  return splice(bytes, offset, length, decodeBase64(patch.replacement));
};

/** `bytes` with `length` of them at `offset` replaced. */
export const splice = (bytes: Uint8Array, offset: number, length: number, replacement: Uint8Array): Uint8Array => {
  const edited = new Uint8Array(bytes.length - length + replacement.length);
  edited.set(bytes.subarray(0, offset));
  edited.set(replacement, offset);
  edited.set(bytes.subarray(offset + length), offset + replacement.length);
  return edited;
};

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** The domain has no Buffer, and this way the encoder that was passed in is checked by a decoder that is not its twin. */
const decodeBase64 = (encoded: string): Uint8Array => {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(encoded)) throw new Error("not base64");
  const digits = encoded.replace(/=+$/, "");
  const decoded = new Uint8Array(Math.floor((digits.length * 6) / 8));
  for (let at = 0; at < decoded.length; at += 1) {
    const bit = at * 8;
    const first = Math.floor(bit / 6);
    const pair = alphabet.indexOf(digits.charAt(first)) * 64 + alphabet.indexOf(digits.charAt(first + 1));
    // of the pair's 12 bits, the 8 that begin at this byte's first
    decoded[at] = (pair >> (4 - (bit % 6))) & 255;
  }
  return decoded;
};
