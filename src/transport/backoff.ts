/** When to try a server again that drops connections: soon, then later and later, never at the same time as the others, and not for ever. */
import type { Failure } from "../domain/outcome.ts";

const FIRST_MS = 500;
const LONGEST_MS = 8_000;

export class Backoff {
  readonly #patienceMs: number;
  readonly #now: () => number;
  readonly #random: () => number;
  #firstAtMs: number | undefined;
  #tries = 0;

  /** `patienceMs` counts from the first drop; `now` in milliseconds; `random` from 0 to 1. */
  constructor(patienceMs: number, now: () => number, random: () => number) {
    this.#patienceMs = patienceMs;
    this.#now = now;
    this.#random = random;
  }

  /** A connection was dropped: milliseconds until the next, from half to one and a half of what doubles each time; undefined: no more. */
  next(): number | undefined {
    const now = this.#now();
    this.#firstAtMs ??= now;
    const waitMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.#tries) * (0.5 + this.#random());
    this.#tries += 1;
    return now + waitMs - this.#firstAtMs < this.#patienceMs ? waitMs : undefined;
  }

  /** The last failure, with what was done before it was believed. */
  counted(failure: Failure): Failure {
    if (this.#tries < 2) return failure;
    const seconds = Math.round((this.#now() - (this.#firstAtMs ?? this.#now())) / 1000);
    return { ...failure, message: `${failure.message}, ${this.#tries} times in ${seconds} s` };
  }
}
