/** A host key as a server showed it, and what known_hosts says of it. */
export interface SeenKey {
  readonly verdict: KeyVerdict;
  /** What known_hosts has the server under: its alias, its address, or `[address]:port`. */
  readonly name: string;
  /** The public key, base64. */
  readonly blob: string;
  /** `ssh-ed25519`, `ssh-rsa`, ... */
  readonly type: string;
  /** `SHA256:...` */
  readonly fingerprint: string;
  /** As a known_hosts file would have it, its name in the clear, with its line end. */
  readonly line: string;
  /** The key that is known where that is another one, or is revoked, and where it stands. */
  readonly known?: { readonly type: string; readonly fingerprint: string; readonly place: string };
}

/** A key that nobody knows yet, and whose it is: the host's name in the inventory, or the address of a bastion. */
export interface NewKey {
  readonly host: string;
  readonly key: SeenKey;
}

/** Keys that were shown to the operator before anything was logged in to: base64, by the server's name in known_hosts. */
export type ShownKeys = ReadonlyMap<string, string>;

/** `match`: it is the known one; `unknown`: none is known; `changed`: another is; `revoked`: this one is, whatever else is known. */
export type KeyVerdict = "match" | "unknown" | "changed" | "revoked";
