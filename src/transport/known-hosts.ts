/**
 * OpenSSH's known_hosts format (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT), in memory: plain, hashed and wildcard names, `[host]:port`,
 * `@revoked`. `@cert-authority` lines give no trust, because ssh2 knows no certificates; that there is one sends a host to the system's ssh. Lines nobody can read are skipped, as OpenSSH does.
 */
import { createHash, hash } from "node:crypto";
import { SSH_PORT } from "../domain/host.ts";

export interface KnownKey {
  /** `ssh-ed25519`, `ssh-rsa`, ... */
  readonly type: string;
  /** The public key as known_hosts has it, base64. */
  readonly blob: string;
  readonly revoked: boolean;
  readonly file: string;
  /** 1-based; 0: added by this run. */
  readonly line: number;
}

export type Verdict =
  | { readonly kind: "match" }
  | { readonly kind: "unknown" }
  | { readonly kind: "revoked" | "changed"; readonly known: KnownKey };

interface Hashed {
  readonly salt: Buffer;
  /** base64. */
  readonly digest: string;
  readonly key: KnownKey;
}

interface Pattern {
  readonly names: readonly RegExp[];
  readonly except: readonly RegExp[];
  readonly key: KnownKey;
}

export class KnownHosts {
  readonly #plain = new Map<string, KnownKey[]>();
  readonly #patterns: Pattern[] = [];
  readonly #authorities: Omit<Pattern, "key">[] = [];
  /** Hashed lines nobody has asked for yet: a line names one host, so one that was found leaves the pool. */
  #hashed: Hashed[] = [];
  readonly #found = new Map<string, readonly KnownKey[]>();
  readonly #hashedFiles = new Set<string>();

  /** Adds the lines of one file; `file` is its name in messages. */
  read(text: string, file: string): void {
    text.split("\n").forEach((line, index) => {
      this.#readLine(line, file, index + 1);
    });
    this.#found.clear();
  }

  /** Adds one line that was appended to a file; where in it is not known, others may write to it too. */
  add(line: string, file: string): void {
    this.#readLine(line, file, 0);
    this.#found.clear();
  }

  /** Whether a file hides its names, so that a line we add should too. */
  isHashed(file: string): boolean {
    return this.#hashedFiles.has(file);
  }

  /** Whether a certificate authority speaks for a host. */
  hasAuthority(address: string, port: number): boolean {
    // As ssh: the plain name speaks for other ports too.
    const names = [hostPattern(address, port), address.toLowerCase()];
    return this.#authorities.some((authority) => names.some((name) => matches(authority, name)));
  }

  /** Whether any key may match that a host shows: its own, or on another port the one of its plain name. */
  knows(address: string, port: number): boolean {
    const keys = [...this.#keysOf(address, port), ...this.#lookup(address.toLowerCase())];
    return keys.some((key) => !key.revoked);
  }

  /** Types of key known for a host, for the order of what we ask the server for. */
  typesOf(address: string, port: number): ReadonlySet<string> {
    return new Set(this.#keysOf(address, port).flatMap((key) => (key.revoked ? [] : [key.type])));
  }

  /**
   * What is known about a key a server shows (`blob` in base64). A revoked one is `revoked`, whatever else is known of it.
   * A host that is known by another key, of whatever type, is `changed`: a stranger must not pass as new by showing a type
   * we have not seen.
   */
  judge(address: string, port: number, blob: string): Verdict {
    const keys = this.#keysOf(address, port);
    const fallback = port === SSH_PORT ? [] : this.#lookup(address.toLowerCase());
    const same = (key: KnownKey) => key.blob === blob;
    const revoked = [...keys, ...fallback].find((key) => key.revoked && same(key));
    if (revoked !== undefined) return { kind: "revoked", known: revoked };
    const trusted = keys.filter((key) => !key.revoked);
    if (trusted.some(same)) return { kind: "match" };
    // As in OpenSSH the key of the plain name is good on another port, unless that port is known by a key of its own;
    // and it is never a change there.
    if (trusted.length === 0 && fallback.some(same)) return { kind: "match" };
    const type = blobType(blob);
    const known = trusted.find((key) => key.type === type) ?? trusted[0];
    return known === undefined ? { kind: "unknown" } : { kind: "changed", known };
  }

  #keysOf(address: string, port: number): readonly KnownKey[] {
    return this.#lookup(hostPattern(address, port));
  }

  #lookup(name: string): readonly KnownKey[] {
    const before = this.#found.get(name);
    if (before !== undefined) return before;
    const keys = [
      ...(this.#plain.get(name) ?? []),
      ...this.#patterns.flatMap((pattern) => (matches(pattern, name) ? [pattern.key] : [])),
      ...this.#takeHashed(name),
    ];
    this.#found.set(name, keys);
    return keys;
  }

  #takeHashed(name: string): readonly KnownKey[] {
    const digestOf = nameDigester(name);
    const taken: KnownKey[] = [];
    this.#hashed = this.#hashed.filter((entry) => {
      if (digestOf(entry.salt) !== entry.digest) return true;
      taken.push(entry.key);
      return false;
    });
    for (const key of taken) this.#addPlain(name, key);
    return taken;
  }

  #addPlain(name: string, key: KnownKey): void {
    const keys = this.#plain.get(name);
    if (keys === undefined) this.#plain.set(name, [key]);
    else keys.push(key);
  }

  #readLine(line: string, file: string, number: number): void {
    const fields = line.trim().split(/[ \t]+/);
    if (fields[0] === undefined || fields[0].startsWith("#")) return;
    const marker = fields[0].startsWith("@") ? fields.shift() : undefined;
    const [names, type, blob] = fields;
    if (marker === "@cert-authority" && names !== undefined) this.#authorities.push(namesOf(names));
    if (marker !== undefined && marker !== "@revoked") return;
    if (names === undefined || type === undefined || blob === undefined || blobType(blob) !== type) return;
    const key: KnownKey = { type, blob, revoked: marker !== undefined, file, line: number };
    if (names.startsWith("|1|")) {
      const [, , salt, digest] = names.split("|");
      if (salt === undefined || digest === undefined) return;
      this.#hashedFiles.add(file);
      this.#hashed.push({ salt: Buffer.from(salt, "base64"), digest, key });
      return;
    }
    const list = names.toLowerCase().split(",");
    if (!/[*?!]/.test(names)) {
      for (const name of list) this.#addPlain(name, key);
      return;
    }
    this.#patterns.push({ ...namesOf(names), key });
  }
}

/** A host's name as known_hosts writes it: `node`, or `[node]:2222` for a port other than 22; lower case. */
export const hostPattern = (address: string, port: number): string =>
  (port === SSH_PORT ? address : `[${address}]:${port}`).toLowerCase();

/** A known_hosts line for a key; the name hashed with a fresh salt when `salt` is given (20 bytes). */
export const knownHostsLine = (address: string, port: number, blob: string, salt?: Buffer): string => {
  const name = hostPattern(address, port);
  const shown = salt === undefined ? name : `|1|${salt.toString("base64")}|${nameDigester(name)(salt)}`;
  return `${shown} ${blobType(blob)} ${blob}\n`;
};

/** A key's fingerprint as ssh-keygen -l prints it: `SHA256:` and unpadded base64. */
export const fingerprint = (blob: string): string =>
  `SHA256:${createHash("sha256").update(Buffer.from(blob, "base64")).digest("base64").replace(/=+$/, "")}`;

/** The type a public key blob (base64) says it is; empty when it says nothing. */
export const blobType = (blob: string): string => {
  // The first 48 characters hold the length and every type's name we know.
  const start = Buffer.from(blob.slice(0, 48), "base64");
  return start.length < 4 ? "" : start.toString("latin1", 4, 4 + start.readUInt32BE(0));
};

const namesOf = (text: string): Omit<Pattern, "key"> => {
  const list = text.toLowerCase().split(",");
  return {
    names: list.filter((name) => !name.startsWith("!")).map(glob),
    except: list.filter((name) => name.startsWith("!")).map((name) => glob(name.slice(1))),
  };
};

const matches = ({ names, except }: Omit<Pattern, "key">, name: string): boolean =>
  names.some((pattern) => pattern.test(name)) && !except.some((pattern) => pattern.test(name));

const glob = (pattern: string): RegExp => {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll(/\*+/g, ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`);
};

const SHA1_BLOCK_BYTES = 64;
const SHA1_BYTES = 20;

/**
 * HMAC-SHA1 of one name under many salts (20 bytes each), base64. By hand over `crypto.hash`, because a file of 10,000
 * hashed lines asks for it 10,000 times a host and `createHmac` costs five times as much.
 */
const nameDigester = (name: string): ((salt: Buffer) => string) => {
  const text = Buffer.from(name);
  const inner = Buffer.concat([Buffer.alloc(SHA1_BLOCK_BYTES, 0x36), text]);
  const outer = Buffer.alloc(SHA1_BLOCK_BYTES + SHA1_BYTES, 0x5c);
  return (salt) => {
    if (salt.length !== SHA1_BYTES) return "";
    for (let i = 0; i < SHA1_BYTES; i++) {
      const byte = salt[i] ?? 0;
      inner[i] = byte ^ 0x36;
      outer[i] = byte ^ 0x5c;
    }
    hash("sha1", inner, "buffer").copy(outer, SHA1_BLOCK_BYTES);
    return hash("sha1", outer, "base64");
  };
};
