/**
 * Diffie-Hellman group exchange without the price ssh2 pays for it.
 * ssh2 calls `crypto.createDiffieHellman(prime)`, which proves the server's prime again: 1.9 s of synchronous CPU for 3072 bits.
 * `generateKeyPairSync("dh")` with `diffieHellman()` do the same exchange in 17 ms. SunSSH knows no better key exchange.
 */
import { createPublicKey, diffieHellman, generateKeyPairSync, type KeyPairKeyObjectResult } from "node:crypto";

/** What ssh2 uses of a `crypto.DiffieHellman`. */
export interface GroupExchange {
  generateKeys(): Buffer;
  computeSecret(theirs: Buffer): Buffer;
  getPrime(): Buffer;
  getGenerator(): Buffer;
}

/** Size of the prime ssh2 asks for, in bits; RFC 4419 tells the client to refuse a group outside what it asked for. */
const MIN_PRIME_BITS = 2048;
const MAX_PRIME_BITS = 8192;

/** Node has this overload (crypto docs, generateKeyPairSync, `dh`); its types do not. */
const generateDhKeys = generateKeyPairSync as unknown as (
  type: "dh",
  options: { readonly prime: Buffer; readonly generator: number },
) => KeyPairKeyObjectResult;

const SEQUENCE = 0x30;
const INTEGER = 0x02;
const BIT_STRING = 0x03;

/**
 * One exchange over the group a server sent.
 * Throws when the prime is not of 2048 to 8192 bits, is even, or the server's public value is not acceptable to OpenSSL.
 */
export const fastGroupExchange = (prime: Buffer, generator: Buffer): GroupExchange => {
  const modulus = withoutLeadingZeros(prime);
  const bits = modulus.length === 0 ? 0 : modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24;
  if (bits < MIN_PRIME_BITS || bits > MAX_PRIME_BITS) throw new Error(`group exchange: a prime of ${bits} bits`);
  if (((modulus.at(-1) ?? 0) & 1) === 0) throw new Error("group exchange: an even modulus");
  const keys = generateDhKeys("dh", { prime: modulus, generator: smallGenerator(generator) });
  const [algorithm, value] = spkiParts(keys.publicKey.export({ format: "der", type: "spki" }));
  return {
    generateKeys: () => value,
    getPrime: () => prime,
    getGenerator: () => generator,
    computeSecret: (theirs) => {
      // The peer's key under our own algorithm identifier: the same group by construction.
      const bitString = Buffer.concat([Buffer.of(0), der(INTEGER, positive(theirs))]);
      const spki = der(SEQUENCE, Buffer.concat([algorithm, der(BIT_STRING, bitString)]));
      return diffieHellman({
        privateKey: keys.privateKey,
        publicKey: createPublicKey({ key: spki, format: "der", type: "spki" }),
      });
    },
  };
};

const smallGenerator = (generator: Buffer): number => {
  const bytes = withoutLeadingZeros(generator);
  const value = bytes.length === 0 || bytes.length > 3 ? 0 : bytes.readUIntBE(0, bytes.length);
  if (value < 2) throw new Error("group exchange: a generator nobody uses");
  return value;
};

const withoutLeadingZeros = (bytes: Buffer): Buffer => {
  let start = 0;
  while (start < bytes.length && bytes[start] === 0) start++;
  return bytes.subarray(start);
};

/** The content of a DER INTEGER that is not negative. */
const positive = (bytes: Buffer): Buffer => {
  const short = withoutLeadingZeros(bytes);
  return (short[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), short]) : short;
};

const der = (tag: number, content: Buffer): Buffer => {
  if (content.length < 0x80) return Buffer.concat([Buffer.of(tag, content.length), content]);
  const length = withoutLeadingZeros(Buffer.from(content.length.toString(16).padStart(8, "0"), "hex"));
  return Buffer.concat([Buffer.of(tag, 0x80 | length.length), length, content]);
};

/** The algorithm identifier (whole) and the public value (content only) of a subjectPublicKeyInfo OpenSSL wrote. */
const spkiParts = (spki: Buffer): readonly [algorithm: Buffer, value: Buffer] => {
  const body = content(spki);
  const algorithmLength = wholeLength(body);
  const bitString = content(body.subarray(algorithmLength));
  return [body.subarray(0, algorithmLength), content(bitString.subarray(1))];
};

const header = (bytes: Buffer): { readonly start: number; readonly length: number } => {
  const first = bytes.readUInt8(1);
  if (first < 0x80) return { start: 2, length: first };
  const width = first & 0x7f;
  return { start: 2 + width, length: bytes.readUIntBE(2, width) };
};

const content = (bytes: Buffer): Buffer => {
  const { start, length } = header(bytes);
  return bytes.subarray(start, start + length);
};

const wholeLength = (bytes: Buffer): number => {
  const { start, length } = header(bytes);
  return start + length;
};
