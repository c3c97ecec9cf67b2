/** What a private key file says of itself before it is opened: whether it is encrypted, how, and its public half. */
import { readFile } from "node:fs/promises";
import { blobType } from "./known-hosts.ts";

export interface Encryption {
  /** ssh2 can open it, given the passphrase. */
  readonly opens: boolean;
  /** The public half, base64, where it is to be had. */
  readonly blob: string | undefined;
}

/** Ciphers of OpenSSH's own format that ssh2 opens; ssh-keygen -Z knows more. */
const opensshCiphers = /^aes(?:128|192|256)-(?:ctr|cbc|gcm@openssh\.com)$/;
const keyTypes = /^(?:ssh-ed25519|ssh-rsa|ssh-dss|ecdsa-sha2-nistp(?:256|384|521))$/;

/** How a key file is encrypted; undefined when it is not. Its text is enough but for the public half of the older formats. */
export const encryptionOf = async (path: string, text: string): Promise<Encryption | undefined> => {
  const body = opensshBody(text);
  if (body !== undefined) return encryptionOfOpenssh(body);
  const pkcs8 = text.includes("-----BEGIN ENCRYPTED PRIVATE KEY-----");
  if (!pkcs8 && !/^Proc-Type: 4,ENCRYPTED/m.test(text)) return undefined;
  const blob = await readFile(`${path}.pub`, "utf8").then(
    (line) => line.trim().split(/\s+/)[1],
    () => undefined,
  );
  return { opens: !pkcs8, blob };
};

const OPENSSH_MAGIC = "openssh-key-v1\0";

const opensshBody = (text: string): Buffer | undefined => {
  const match = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]+)-----END/.exec(text);
  const body = match?.[1] === undefined ? undefined : Buffer.from(match[1], "base64");
  return body?.toString("latin1", 0, OPENSSH_MAGIC.length) === OPENSSH_MAGIC ? body : undefined;
};

/** The magic, then as strings: cipher, kdf, kdf options; the number of keys; the public key. (OpenSSH's PROTOCOL.key) */
const encryptionOfOpenssh = (body: Buffer): Encryption | undefined => {
  let at = OPENSSH_MAGIC.length;
  const [cipher = "", kdf = ""] = [1, 2, 3].map(() => {
    const field = readString(body, at);
    at += 4 + (field?.length ?? 0);
    return field?.toString("latin1");
  });
  if (cipher === "none") return undefined;
  const blob = readString(body, at + 4)?.toString("base64");
  return { opens: opensshCiphers.test(cipher) && kdf === "bcrypt" && keyTypes.test(blobType(blob ?? "")), blob };
};

const readString = (bytes: Buffer, at: number): Buffer | undefined => {
  if (at + 4 > bytes.length) return undefined;
  const end = at + 4 + bytes.readUInt32BE(at);
  return end > bytes.length ? undefined : bytes.subarray(at + 4, end);
};
