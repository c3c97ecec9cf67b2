import type { Digest } from "./ids.ts";

/** A stream as far as it was kept. */
export interface KeptText {
  readonly text: string;
  /** Bytes of the stream that `text` stands for, from its beginning. */
  readonly bytes: number;
}

/**
 * What commands wrote, each text once however many hosts wrote it, all of them within one bound. The bound counts what is
 * being received too: whoever receives takes room first and gives back what was not needed.
 */
export class KeptTexts {
  readonly #kept = new Map<Digest, KeptText>();
  #room: number;

  /** `maxBytes` for all texts together. */
  constructor(maxBytes: number) {
    this.#room = maxBytes;
  }

  /** Room for so many bytes more; false: there is none. */
  take(bytes: number): boolean {
    if (bytes > this.#room) return false;
    this.#room -= bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#room += bytes;
  }

  /** Files the beginning of a stream, for which room was taken. Of equal streams the longest beginning stays, the other's room is free again. */
  keep(digest: Digest, one: KeptText): void {
    const other = this.#kept.get(digest);
    if (other !== undefined && other.bytes >= one.bytes) {
      this.giveBack(one.bytes);
      return;
    }
    if (other !== undefined) this.giveBack(other.bytes);
    this.#kept.set(digest, one);
  }

  /** Undefined: nothing of it was kept. */
  get(digest: Digest): KeptText | undefined {
    return this.#kept.get(digest);
  }
}
