/** How many connections may be between TCP connect and authentication at once; the others wait in line, first come first served. */
export class HandshakeSlots {
  #free: number;
  readonly #waiting = new Set<() => void>();
  #movedAtMs = performance.now();

  constructor(slots: number) {
    this.#free = slots;
  }

  /** Milliseconds since a slot was last taken or given back. */
  get stillMs(): number {
    return performance.now() - this.#movedAtMs;
  }

  /**
   * Resolves with the function that gives the slot back (harmless when called again).
   * When the signal aborts first, resolves with undefined and holds nothing.
   */
  take(signal: AbortSignal): Promise<(() => void) | undefined> {
    if (signal.aborted) return Promise.resolve(undefined);
    if (this.#free > 0) {
      this.#free -= 1;
      return Promise.resolve(this.#giver());
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
