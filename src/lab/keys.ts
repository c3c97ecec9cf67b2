/** Ed25519 keys in OpenSSH's formats: a lab makes one a node, so they must be cheap (about 0.1 ms each). */
import { generateKeyPairSync, randomBytes } from "node:crypto";

export interface SshKey {
  /** OpenSSH private key file. */
  readonly privatePem: string;
  /** `ssh-ed25519 BASE64`, as in known_hosts and authorized_keys. */
  readonly publicLine: string;
  /** The key's wire form. */
  readonly publicBlob: Buffer;
}

const field = (value: string | Buffer): Buffer => {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

/** A new ed25519 key pair. Format: OpenSSH's PROTOCOL.key (openssh-key-v1, no passphrase). */
export const makeKey = (comment: string): SshKey => {
  const { privateKey } = generateKeyPairSync("ed25519");
  const jwk = privateKey.export({ format: "jwk" });
  const seed = Buffer.from(jwk.d ?? "", "base64url");
  const point = Buffer.from(jwk.x ?? "", "base64url");
  const publicBlob = Buffer.concat([field("ssh-ed25519"), field(point)]);
  const check = randomBytes(4);
  const secret = Buffer.concat([check, check, publicBlob, field(Buffer.concat([seed, point])), field(comment)]);
  const BLOCK_BYTES = 8;
  const padding = Buffer.from(
    Array.from({ length: (BLOCK_BYTES - (secret.length % BLOCK_BYTES)) % BLOCK_BYTES }, (_, i) => i + 1),
  );
  const one = Buffer.from([0, 0, 0, 1]);
  const file = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    field("none"),
    field("none"),
    field(""),
    one,
    field(publicBlob),
    field(Buffer.concat([secret, padding])),
  ]);
  const lines = file.toString("base64").match(/.{1,70}/g) ?? [];
  return {
    privatePem: `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines.join("\n")}\n-----END OPENSSH PRIVATE KEY-----\n`,
    publicLine: `ssh-ed25519 ${publicBlob.toString("base64")}`,
    publicBlob,
  };
};
