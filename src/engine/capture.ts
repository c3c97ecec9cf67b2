import { createHash } from "node:crypto";
import type { KeptTexts } from "../domain/kept-texts.ts";
import type { StreamSum } from "../domain/ran.ts";
import { MAX_STDERR_CHARS } from "./converse.ts";

/** Bytes of one stream of one host that are kept; what comes after them is counted and digested. More is no reading matter. */
export const MAX_KEPT_BYTES = 1024 ** 2;
/** Bytes in which the line that begins a command's output is looked for: a login shell that says more is one that says anything. */
const MAX_NOISE_BYTES = 64 * 1024;

/** One stream of a command: what others say before it begins, then its own bytes, counted, digested, and kept as far as there is room. */
export class Capture {
  readonly #marker: Buffer;
  readonly #texts: KeptTexts;
  readonly #hash = createHash("sha256");
  #noise: Buffer = Buffer.alloc(0);
  #begun = false;
  #bytes = 0;
  #kept: Buffer[] = [];
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
    return this.#noise.toString("utf8", 0, MAX_STDERR_CHARS).trim();
  }

  push(bytes: Buffer): void {
    if (this.#begun) {
      this.#take(bytes);
      return;
    }
    const said = Buffer.concat([this.#noise, bytes]);
    const at = said.indexOf(this.#marker);
    this.#noise = Buffer.from(said.subarray(0, at < 0 ? MAX_NOISE_BYTES : at));
    if (at < 0) return;
    this.#begun = true;
    this.#take(said.subarray(at + this.#marker.length));
  }

  /** Nothing more comes: files what was kept, and gives the whole stream's sum. `text`: as much of it as was kept, here or from another host. */
  finish(): StreamSum & { readonly text: string } {
    const digest = this.#hash.digest("hex");
    this.#texts.keep(digest, { text: Buffer.concat(this.#kept).toString("utf8"), bytes: this.#keptBytes });
    this.#kept = [];
    return { bytes: this.#bytes, digest, text: this.#texts.get(digest)?.text ?? "" };
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
    // A copy: the network's buffer is larger, and not ours to hold.
    this.#kept.push(Buffer.from(part));
    this.#keptBytes += part.length;
  }
}
