import { createHash } from "node:crypto";
import type { KeptTexts } from "../domain/kept-texts.ts";
import type { StreamSum } from "../domain/ran.ts";

/** Bytes of one stream of one host that are kept; what comes after them is counted and digested. More is no reading matter. */
export const MAX_KEPT_BYTES = 1024 ** 2;
/** Of what others say before the command begins, this much is kept: enough for the sentence of an error. */
const MAX_NOISE_BYTES = 4096;

const nothing = Buffer.alloc(0);

/** One stream of a command: what others say before it begins, then its own bytes, counted, digested, and kept as far as there is room. */
export class Capture {
  readonly #marker: Buffer;
  readonly #texts: KeptTexts;
  readonly #hash = createHash("sha256");
  #noise: Buffer = Buffer.alloc(0);
  /** The last bytes before the beginning: the line may come in pieces. */
  #tail: Buffer = Buffer.alloc(0);
  #begun = false;
  #bytes = 0;
  /** Grows as needed: a buffer for every packet would let single bytes cost a hundred each. */
  #kept: Buffer = Buffer.alloc(0);
  #keptBytes = 0;
  #full = false;

  constructor(marker: string, texts: KeptTexts) {
    this.#marker = Buffer.from(marker);
    this.#texts = texts;
  }

  /** Whether the command has begun. */
  get begun(): boolean {
    return this.#begun;
  }

  /** What was said before it began, its beginning. */
  get noise(): string {
    return Buffer.concat([this.#noise, this.#tail]).toString("utf8").trim();
  }

  /** Takes what came; gives what of it is the command's own. */
  push(bytes: Buffer): Buffer {
    if (this.#begun) {
      this.#take(bytes);
      return bytes;
    }
    const said = Buffer.concat([this.#tail, bytes]);
    const at = said.indexOf(this.#marker);
    this.#begun = at >= 0;
    const heard = this.#begun ? at : Math.max(0, said.length - this.#marker.length + 1);
    this.#hear(said.subarray(0, heard));
    this.#tail = this.#begun ? Buffer.alloc(0) : Buffer.from(said.subarray(heard));
    const own = this.#begun ? said.subarray(at + this.#marker.length) : nothing;
    if (this.#begun) this.#take(own);
    return own;
  }

  /** Nothing more comes: files what was kept, and gives the whole stream's sum. `text`: as much of it as was kept, here or from another host. */
  finish(): StreamSum & { readonly text: string } {
    const digest = this.#hash.digest("hex");
    this.#texts.keep(digest, { text: this.#kept.toString("utf8", 0, this.#keptBytes), bytes: this.#keptBytes });
    this.#kept = Buffer.alloc(0);
    return { bytes: this.#bytes, digest, text: this.#texts.get(digest)?.text ?? "" };
  }

  #hear(bytes: Buffer): void {
    const room = MAX_NOISE_BYTES - this.#noise.length;
    if (room > 0) this.#noise = Buffer.concat([this.#noise, bytes.subarray(0, room)]);
  }

  #take(bytes: Buffer): void {
    this.#bytes += bytes.length;
    this.#hash.update(bytes);
    if (this.#full) return;
    const part = bytes.subarray(0, MAX_KEPT_BYTES - this.#keptBytes);
    const room = this.#texts.take(part.length);
    // What is kept is the stream's beginning: nothing is kept behind a gap.
    this.#full = !room || part.length < bytes.length;
    if (!room) return;
    const length = this.#keptBytes + part.length;
    if (length > this.#kept.length) {
      const larger = Buffer.alloc(Math.max(length, Math.min(MAX_KEPT_BYTES, 2 * this.#kept.length)));
      this.#kept.copy(larger);
      this.#kept = larger;
    }
    part.copy(this.#kept, this.#keptBytes);
    this.#keptBytes = length;
  }
}
