/** Chunks between ssh2's events and the one reader of a run. Unbounded by itself: the connection stops at MAX_REPLY_BYTES. */
import type { Chunk } from "./transport.ts";

const done: IteratorResult<Chunk> = { done: true, value: undefined };

export class ChunkQueue implements AsyncIterableIterator<Chunk> {
  #chunks: Chunk[] = [];
  #at = 0;
  #waiting: ((result: IteratorResult<Chunk>) => void) | undefined;
  #ended = false;
  readonly #onReturn: () => void;

  /** `onReturn` is called once when the reader stops before the end. */
  constructor(onReturn: () => void) {
    this.#onReturn = onReturn;
  }

  push(chunk: Chunk): void {
    if (this.#ended) return;
    if (this.#waiting === undefined) {
      this.#chunks.push(chunk);
      return;
    }
    const resolve = this.#waiting;
    this.#waiting = undefined;
    resolve({ done: false, value: chunk });
  }

  /** No chunk comes after those already pushed. */
  end(): void {
    this.#ended = true;
    this.#waiting?.(done);
    this.#waiting = undefined;
  }

  next(): Promise<IteratorResult<Chunk>> {
    const value = this.#chunks[this.#at];
    if (value !== undefined) {
      this.#at += 1;
      if (this.#at === this.#chunks.length) {
        this.#chunks = [];
        this.#at = 0;
      }
      return Promise.resolve({ done: false, value });
    }
    if (this.#ended) return Promise.resolve(done);
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  return(): Promise<IteratorResult<Chunk>> {
    const stoppedEarly = !this.#ended;
    this.#chunks = [];
    this.#at = 0;
    this.end();
    if (stoppedEarly) this.#onReturn();
    return Promise.resolve(done);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
