/** Between those that begin at once, at most: a line that begins together would go on in step. */
const SPREAD_MS = 10;

/** How many connections may be between TCP connect and authentication at once; the others wait in line, first come first served. */
export class HandshakeSlots {
  readonly #slots: number;
  #free: number;
  readonly #waiting = new Set<() => void>();
  #movedAtMs = performance.now();

  constructor(slots: number) {
    this.#slots = slots;
    this.#free = slots;
  }

  /** Milliseconds since a slot was last taken or given back. */
  get stillMs(): number {
    return performance.now() - this.#movedAtMs;
  }

  /**
   * Resolves with the function that gives the slot back (harmless when called again).
   * When the signal aborts first, resolves with undefined and holds nothing; or, within the jitter of its own turn, with a slot all the same.
   */
  take(signal: AbortSignal): Promise<(() => void) | undefined> {
    if (signal.aborted) return Promise.resolve(undefined);
    if (this.#free > 0) {
      const before = this.#slots - this.#free;
      this.#free -= 1;
      const giver = this.#giver();
      return before === 0 ? Promise.resolve(giver) : afterJitter(giver, before * SPREAD_MS, signal);
    }
    return new Promise((resolve) => {
      const onAbort = () => {
        this.#waiting.delete(turn);
        resolve(undefined);
      };
      const turn = () => {
        signal.removeEventListener("abort", onAbort);
        resolve(this.#giver());
      };
      this.#waiting.add(turn);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  #giver(): () => void {
    let given = false;
    this.#movedAtMs = performance.now();
    return () => {
      if (given) return;
      given = true;
      this.#movedAtMs = performance.now();
      const [next] = this.#waiting;
      if (next === undefined) {
        this.#free += 1;
        return;
      }
      this.#waiting.delete(next);
      next();
    };
  }
}

/** Resolves somewhere within `atMostMs`, at once when the signal aborts. */
const afterJitter = (giver: () => void, atMostMs: number, signal: AbortSignal): Promise<() => void> =>
  new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve(giver);
    };
    const timer = setTimeout(done, Math.random() * atMostMs);
    signal.addEventListener("abort", done, { once: true });
  });
