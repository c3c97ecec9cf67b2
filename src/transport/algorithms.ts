/** What we offer in the handshake. Explicit lists: ssh2's defaults put group exchange before group14 and accept SHA-1 host keys. */
import type { Algorithms, CipherAlgorithm, KexAlgorithm, MacAlgorithm, ServerHostKeyAlgorithm } from "ssh2";
import type { Host } from "../domain/host.ts";

export interface Offer extends Algorithms {
  readonly kex: KexAlgorithm[];
  readonly serverHostKey: ServerHostKeyAlgorithm[];
  readonly cipher: CipherAlgorithm[];
  readonly hmac: MacAlgorithm[];
}

/** Group exchange last: it costs one round trip more than any other, and a bigger group. */
const kex: readonly KexAlgorithm[] = [
  "curve25519-sha256",
  "curve25519-sha256@libssh.org",
  "ecdh-sha2-nistp256",
  "ecdh-sha2-nistp384",
  "ecdh-sha2-nistp521",
  "diffie-hellman-group14-sha256",
  "diffie-hellman-group16-sha512",
  "diffie-hellman-group18-sha512",
  "diffie-hellman-group-exchange-sha256",
];

/** group1 (1024 bits) is the weakest, so the last; SunSSH offers it beside group exchange. */
const legacyKex: readonly KexAlgorithm[] = [
  "diffie-hellman-group14-sha1",
  "diffie-hellman-group-exchange-sha1",
  "diffie-hellman-group1-sha1",
];

const hostKeys: readonly ServerHostKeyAlgorithm[] = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
  "rsa-sha2-256",
];
const legacyHostKeys: readonly ServerHostKeyAlgorithm[] = ["ssh-rsa", "ssh-dss"];

const ciphers: readonly CipherAlgorithm[] = [
  "aes128-gcm@openssh.com",
  "aes256-gcm@openssh.com",
  "aes128-ctr",
  "aes192-ctr",
  "aes256-ctr",
];

const macs: readonly MacAlgorithm[] = [
  "hmac-sha2-256-etm@openssh.com",
  "hmac-sha2-512-etm@openssh.com",
  "hmac-sha2-256",
  "hmac-sha2-512",
];
const legacyMacs: readonly MacAlgorithm[] = ["hmac-sha1"];

/** Type of key (as in known_hosts) that an algorithm's name stands for: both RSA-SHA2 ones are `ssh-rsa` keys. */
export const keyTypeOf = (algorithm: string): string => (algorithm.startsWith("rsa-sha2-") ? "ssh-rsa" : algorithm);

/**
 * Algorithms for one host. Host key types already known for it come first, so that the server shows a key we can compare
 * and not one of another type; the others stay offered, so that a replaced key is named as such.
 */
export const offerFor = (legacy: Host["sshLegacy"], knownTypes: ReadonlySet<string>): Offer => {
  const old = legacy === "sunssh";
  const all = old ? [...hostKeys, ...legacyHostKeys] : [...hostKeys];
  const isKnown = (algorithm: ServerHostKeyAlgorithm) => knownTypes.has(keyTypeOf(algorithm));
  return {
    kex: old ? [...kex, ...legacyKex] : [...kex],
    serverHostKey: [...all.filter(isKnown), ...all.filter((algorithm) => !isKnown(algorithm))],
    cipher: [...ciphers],
    hmac: old ? [...macs, ...legacyMacs] : [...macs],
    compress: ["none"],
  };
};
