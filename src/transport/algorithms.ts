/** What we offer in the handshake. Explicit lists: ssh2's defaults put group exchange before group14 and accept SHA-1 host keys. */
import type { Algorithms, CipherAlgorithm, KexAlgorithm, MacAlgorithm, ServerHostKeyAlgorithm } from "ssh2";
import type { AlgorithmLists, Endpoint } from "../domain/host.ts";

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

/** Used only where ssh's configuration names them. */
const namedCiphers: readonly CipherAlgorithm[] = ["aes128-cbc", "aes192-cbc", "aes256-cbc", "3des-cbc"];
const namedMacs: readonly MacAlgorithm[] = ["hmac-sha1-etm@openssh.com"];

/** Type of key (as in known_hosts) that an algorithm's name stands for: both RSA-SHA2 ones are `ssh-rsa` keys. */
export const keyTypeOf = (algorithm: string): string => (algorithm.startsWith("rsa-sha2-") ? "ssh-rsa" : algorithm);

/** Those of a list that we can do, in its order; ours where there is no list. */
const among = <T extends string>(wanted: readonly string[] | undefined, able: readonly T[], ours: readonly T[]): T[] =>
  wanted === undefined ? [...ours] : wanted.flatMap((name) => able.filter((known) => known === name));

/** The first list of ssh's configuration that leaves nothing we can do, by its keyword. */
export const emptyList = ({ kex: exchange, serverHostKey, cipher, hmac }: Offer): string | undefined => {
  const lists = { KexAlgorithms: exchange, HostKeyAlgorithms: serverHostKey, Ciphers: cipher, MACs: hmac };
  return Object.entries(lists).find(([, list]) => list.length === 0)?.[0];
};

/**
 * Algorithms for one host. Host key types already known for it come first, so that the server shows a key we can compare
 * and not one of another type; the others stay offered, so that a replaced key is named as such. Lists of ssh's configuration
 * stand for themselves, host key types in their order, as with ssh.
 */
export const offerFor = (
  {
    sshLegacy,
    algorithms: lists = {},
  }: { readonly sshLegacy: Endpoint["sshLegacy"]; readonly algorithms?: AlgorithmLists },
  knownTypes: ReadonlySet<string>,
): Offer => {
  const old = sshLegacy === "sunssh";
  const all = old ? [...hostKeys, ...legacyHostKeys] : [...hostKeys];
  const isKnown = (algorithm: ServerHostKeyAlgorithm) => knownTypes.has(keyTypeOf(algorithm));
  return {
    kex: among(lists.kex, [...kex, ...legacyKex], old ? [...kex, ...legacyKex] : kex),
    serverHostKey: among(
      lists.hostKey,
      [...hostKeys, ...legacyHostKeys],
      [...all.filter(isKnown), ...all.filter((algorithm) => !isKnown(algorithm))],
    ),
    cipher: among(lists.cipher, [...ciphers, ...namedCiphers], ciphers),
    hmac: among(lists.mac, [...macs, ...legacyMacs, ...namedMacs], old ? [...macs, ...legacyMacs] : macs),
    compress: ["none"],
  };
};
