/** Private keys from files, each read and parsed once for the whole fleet. */
import { createPrivateKey, sign } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { ParsedKey } from "ssh2";
import { errorCode } from "./host-keys.ts";
import { utils } from "./ssh2.ts";

/** `locked`: encrypted; its public half (base64) may still pick the same key out of an agent. */
export type Identity =
  | { readonly kind: "key"; readonly path: string; readonly key: ParsedKey }
  | { readonly kind: "locked"; readonly path: string; readonly blob: string | undefined }
  | { readonly kind: "absent"; readonly path: string }
  | { readonly kind: "unusable"; readonly path: string; readonly why: string };

/** The largest RSA key file is below 16 KiB. */
const MAX_KEY_FILE_BYTES = 65_536;

export class Identities {
  /** Keys that a host has taken since this was made. */
  readonly accepted: Set<ParsedKey> = new Set();
  readonly #homeDir: string;
  readonly #read = new Map<string, Promise<Identity>>();

  /** `homeDir` stands for `~/` in file names. */
  constructor(homeDir: string) {
    this.#homeDir = homeDir;
  }

  /** The keys of these files, in order; never rejects. */
  load(paths: readonly string[]): Promise<readonly Identity[]> {
    return Promise.all(paths.map((path) => this.#loadOne(path)));
  }

  #loadOne(path: string): Promise<Identity> {
    const full = path.startsWith("~/") ? join(this.#homeDir, path.slice(2)) : path;
    const before = this.#read.get(full);
    if (before !== undefined) return before;
    const identity = readIdentity(full);
    this.#read.set(full, identity);
    return identity;
  }
}

const readIdentity = async (path: string): Promise<Identity> => {
  const unusable = (why: string): Identity => ({ kind: "unusable", path, why });
  try {
    const { size, mode } = await stat(path);
    if (size > MAX_KEY_FILE_BYTES) return unusable("is too large for a key");
    // ssh refuses such keys too; whoever can read it may have copied it.
    if ((mode & 0o077) !== 0) return unusable(`may be read by others (mode ${(mode & 0o777).toString(8)}; chmod 600)`);
    const text = await readFile(path, "utf8");
    if (isEncrypted(text)) return { kind: "locked", path, blob: await publicBlob(path, text) };
    const parsed = utils.parseKey(text);
    if (parsed instanceof Error) return unusable("is not a private key ssh2 can read");
    const key = Array.isArray(parsed) ? parsed[0] : parsed;
    return key?.isPrivateKey() ? { kind: "key", path, key: signingFast(key) } : unusable("is not a private key");
  } catch (error) {
    return errorCode(error) === "ENOENT" ? { kind: "absent", path } : unusable(`cannot be read (${errorCode(error)})`);
  }
};

/**
 * Makes a parsed key sign with a KeyObject: 45 us instead of 418, because ssh2 hands OpenSSL the PEM text each time.
 * Hashes as RFC 4253 and RFC 5656 name them; ssh2 passes one itself for RSA with SHA-2.
 */
const signingFast = (key: ParsedKey): ParsedKey => {
  const keyObject = createPrivateKey(key.getPrivatePEM());
  key.sign = (data, algorithm) => sign(algorithm ?? defaultHash(key.type), Buffer.from(data), keyObject);
  return key;
};

const defaultHash = (type: string): string | undefined => {
  switch (type) {
    case "ssh-ed25519":
      return undefined;
    case "ecdsa-sha2-nistp256":
      return "sha256";
    case "ecdsa-sha2-nistp384":
      return "sha384";
    case "ecdsa-sha2-nistp521":
      return "sha512";
    default:
      return "sha1"; // ssh-rsa and ssh-dss
  }
};

const OPENSSH_MAGIC = "openssh-key-v1\0";

const opensshBody = (text: string): Buffer | undefined => {
  const match = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]+)-----END/.exec(text);
  const body = match?.[1] === undefined ? undefined : Buffer.from(match[1], "base64");
  return body?.toString("latin1", 0, OPENSSH_MAGIC.length) === OPENSSH_MAGIC ? body : undefined;
};

const isEncrypted = (text: string): boolean => {
  const body = opensshBody(text);
  if (body !== undefined) return readString(body, OPENSSH_MAGIC.length)?.toString("latin1") !== "none";
  return text.includes("-----BEGIN ENCRYPTED PRIVATE KEY-----") || /^Proc-Type: 4,ENCRYPTED/m.test(text);
};

/** The public half of an encrypted key: OpenSSH's own format holds it in the clear, other formats have it in `.pub`. */
const publicBlob = async (path: string, text: string): Promise<string | undefined> => {
  const body = opensshBody(text);
  if (body !== undefined) {
    // magic, cipher, kdf, kdf options, number of keys, public key
    let at = OPENSSH_MAGIC.length;
    for (let field = 0; field < 3; field++) at += 4 + (readString(body, at)?.length ?? 0);
    return readString(body, at + 4)?.toString("base64");
  }
  return readFile(`${path}.pub`, "utf8").then(
    (line) => line.trim().split(/\s+/)[1],
    () => undefined,
  );
};

const readString = (bytes: Buffer, at: number): Buffer | undefined => {
  if (at + 4 > bytes.length) return undefined;
  const end = at + 4 + bytes.readUInt32BE(at);
  return end > bytes.length ? undefined : bytes.subarray(at + 4, end);
};
