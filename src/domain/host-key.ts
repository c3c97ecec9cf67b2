/** A host key as a server showed it, and what known_hosts says of it. */
export interface SeenKey {
  readonly verdict: KeyVerdict;
  /** `ssh-ed25519`, `ssh-rsa`, ... */
  readonly type: string;
  /** `SHA256:...` */
  readonly fingerprint: string;
  /** As a known_hosts file would have it, its name in the clear, with its line end. */
  readonly line: string;
  /** The key that is known where that is another one, or is revoked, and where it stands. */
  readonly known?: { readonly type: string; readonly fingerprint: string; readonly place: string };
}

/** `match`: it is the known one; `unknown`: none is known; `changed`: another is; `revoked`: this one is, whatever else is known. */
export type KeyVerdict = "match" | "unknown" | "changed" | "revoked";
