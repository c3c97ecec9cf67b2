/** Private keys from files, each read, opened and parsed once for the whole fleet. */
import { createPrivateKey, sign } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { ParsedKey } from "ssh2";
import { errorCode } from "./error-code.ts";
import { encryptionOf } from "./key-format.ts";
import { blobType } from "./known-hosts.ts";
import { utils } from "./ssh2.ts";

/** `locked`: encrypted, or only a public key; its public half (base64) may still pick the same key out of an agent. `why` follows the path in a sentence. */
export type Identity =
  | { readonly kind: "key"; readonly path: string; readonly key: ParsedKey }
  | LockedIdentity
  | { readonly kind: "absent"; readonly path: string }
  | { readonly kind: "unusable"; readonly path: string; readonly why: string };

export interface LockedIdentity {
  readonly kind: "locked";
  readonly path: string;
  readonly blob: string | undefined;
  /** Its passphrase would open it here. */
  readonly opens: boolean;
  readonly why: string;
}

/** The largest RSA key file is below 16 KiB. */
const MAX_KEY_FILE_BYTES = 65_536;

export class Identities {
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

  /** Opens an encrypted file; false when the passphrase is not its own. Slow on purpose of whoever made the key: 0.2 s and more. */
  async unlock({ path }: LockedIdentity, passphrase: Buffer): Promise<boolean> {
    const identity = await readIdentity(path, passphrase);
    if (identity.kind === "locked") return false;
    this.#read.set(path, Promise.resolve(identity));
    return true;
  }

  /** Says why an encrypted file stays closed, in the words that a failure will use. */
  leave(identity: LockedIdentity, why: string): void {
    this.#read.set(identity.path, Promise.resolve({ ...identity, why }));
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

const readIdentity = async (path: string, passphrase?: Buffer): Promise<Identity> => {
  const unusable = (why: string): Identity => ({ kind: "unusable", path, why });
  try {
    const { size, mode } = await stat(path);
    if (size > MAX_KEY_FILE_BYTES) return unusable("is too large for a key");
    const text = await readFile(path, "utf8");
    const blob = publicBlob(text);
    if (blob !== undefined) return { kind: "locked", path, blob, opens: false, why: publicOnly };
    // ssh refuses such keys too; whoever can read it may have copied it.
    if ((mode & 0o077) !== 0) return unusable(`may be read by others (mode ${(mode & 0o777).toString(8)}; chmod 600)`);
    const encryption = await encryptionOf(path, text);
    const key = encryption === undefined || passphrase !== undefined ? opened(text, passphrase) : undefined;
    if (key !== undefined) return { kind: "key", path, key };
    if (encryption === undefined) return unusable("is not a private key ssh2 can read");
    const why = encryption.opens
      ? "is encrypted, and its passphrase was not asked for"
      : "is encrypted in a form that cannot be opened here";
    return { kind: "locked", path, ...encryption, why };
  } catch (error) {
    if (errorCode(error) !== "ENOENT") return unusable(`cannot be read (${errorCode(error)})`);
    // As with ssh, the public half alone picks the key out of an agent.
    const beside = path.endsWith(".pub") ? undefined : await readIdentity(`${path}.pub`);
    return beside?.kind === "locked" ? { ...beside, path } : { kind: "absent", path };
  }
};

const publicOnly = "is a public key, and ssh-agent does not hold its private half";

/** The key (base64) of a file with one public key in it (sshd(8), AUTHORIZED_KEYS FILE FORMAT, without options). */
const publicBlob = (text: string): string | undefined => {
  const [, type, blob] = /^([a-z0-9@.-]+) ([A-Za-z0-9+/]+=*)(?: .*)?\s*$/.exec(text) ?? [];
  return blob !== undefined && blobType(blob) === type ? blob : undefined;
};

/** The key in a file's text, fit to sign with; undefined when there is none, or the passphrase is not its own. */
const opened = (text: string, passphrase: Buffer | undefined): ParsedKey | undefined => {
  const parsed = utils.parseKey(text, passphrase);
  if (parsed instanceof Error) return undefined;
  const key = Array.isArray(parsed) ? parsed[0] : parsed;
  if (key?.isPrivateKey() !== true) return undefined;
  try {
    return signingFast(key);
  } catch {
    // A wrong passphrase of the older formats may give bytes that only look like a key.
    return undefined;
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
