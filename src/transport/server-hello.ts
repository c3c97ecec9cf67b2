/** What a server says before encryption: its banner and its list of algorithms. Read only to word failures and to see the layer. */

/** Bytes kept of the plain beginning of a connection; a banner and a KEXINIT are about 1.2 KiB. */
const MAX_HELLO_BYTES = 16_384;

/** What a server offers, by the names of RFC 4253 (7.1). */
export interface ServerOffer {
  readonly kex: readonly string[];
  readonly serverHostKey: readonly string[];
  readonly cipher: readonly string[];
  readonly hmac: readonly string[];
}

export class ServerHello {
  #bytes: Buffer = Buffer.alloc(0);

  /** Takes a piece of what came; ignores what is beyond the bound. */
  feed(piece: Buffer): void {
    if (this.#bytes.length >= MAX_HELLO_BYTES) return;
    this.#bytes = this.#bytes.length === 0 ? piece : Buffer.concat([this.#bytes, piece]);
  }

  /** The identification line (`SSH-2.0-OpenSSH_9.2p1`), once it is complete. */
  get banner(): string | undefined {
    const start = this.#bannerStart();
    const end = start < 0 ? -1 : this.#bytes.indexOf("\n", start);
    return end < 0 ? undefined : printable(this.#bytes.toString("latin1", start, end).trimEnd());
  }

  /** What was said so far, for a person: one line, printable ASCII, at most 80 characters; empty when nothing came. */
  get said(): string {
    return printable(this.#bytes.toString("latin1", 0, 400).trim().replaceAll(/\s+/g, " "), 80);
  }

  /** The algorithms the server offers; undefined until its KEXINIT is here whole. */
  get offer(): ServerOffer | undefined {
    const start = this.#bannerStart();
    const end = start < 0 ? -1 : this.#bytes.indexOf("\n", start);
    return end < 0 ? undefined : readKexInit(this.#bytes.subarray(end + 1));
  }

  #bannerStart(): number {
    if (this.#bytes.indexOf("SSH-") === 0) return 0;
    const later = this.#bytes.indexOf("\nSSH-");
    return later < 0 ? -1 : later + 1;
  }
}

const KEXINIT = 20;
/** Packet length (4), padding length (1), message number (1), cookie (16). */
const LISTS_AT = 22;

const readKexInit = (packet: Buffer): ServerOffer | undefined => {
  if (packet.length < LISTS_AT || packet[5] !== KEXINIT || packet.length < 4 + packet.readUInt32BE(0)) return undefined;
  let at = LISTS_AT;
  const list = (): readonly string[] => {
    if (at + 4 > packet.length) return [];
    const length = packet.readUInt32BE(at);
    const text = packet.toString("latin1", at + 4, at + 4 + length);
    at += 4 + length;
    return text === "" ? [] : text.split(",").map((name) => printable(name));
  };
  const kex = list();
  const serverHostKey = list();
  const cipher = list();
  list(); // server to client: the same on every server we know
  return { kex, serverHostKey, cipher, hmac: list() };
};

/** Remote text for a sentence: printable ASCII, the rest as `?`, cut to a bounded length. */
export const printable = (text: string, maxLength = 200): string => {
  const safe = text.replaceAll(/[^\x20-\x7e]/g, "?");
  return safe.length > maxLength ? `${safe.slice(0, maxLength)}...` : safe;
};
