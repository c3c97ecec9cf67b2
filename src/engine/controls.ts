/** What a person may ask of a run while it goes on, by a key or from another terminal. */
export type Command =
  | { readonly kind: "hold" }
  | { readonly kind: "go" }
  /** No further host starts; those at work finish. */
  | { readonly kind: "abort" }
  /** The hosts of this wave that have not started are left out. */
  | { readonly kind: "skip" }
  /** The hosts of this wave that went bad are tried again. */
  | { readonly kind: "retry" }
  | { readonly kind: "parallel"; readonly parallel: number };

export const commandKinds: readonly Command["kind"][] = ["hold", "go", "abort", "skip", "retry", "parallel"];

/** The most hosts at once that anybody may ask for. */
export const PARALLEL_MAX = 1000;

/** Takes commands from wherever they come and keeps what the waves need to know of them. */
export class Controls {
  #held: string | undefined;
  #parallel: number;
  #skip = false;
  #retry = false;
  #wake: () => void = () => undefined;
  #next: Promise<void>;
  readonly #acted: (command: Command, by: string) => void;
  readonly #abort: () => void;

  /** `acted` puts it on record; `abort` stops the run as a first Ctrl-C does. */
  constructor(parallel: number, acted: (command: Command, by: string) => void, abort: () => void) {
    this.#parallel = parallel;
    this.#acted = acted;
    this.#abort = abort;
    this.#next = this.#coming();
  }

  /** Why no host starts for the moment; undefined: hosts start. */
  get held(): string | undefined {
    return this.#held;
  }

  get parallel(): number {
    return this.#parallel;
  }

  /** Resolves at the next command. */
  changed(): Promise<void> {
    return this.#next;
  }

  /** Holds for a reason of the run's own: until somebody says go or abort. */
  hold(reason: string): void {
    this.take({ kind: "hold" }, reason);
  }

  /** Carries a command out; `by` is whoever gave it, for the record. */
  take(command: Command, by: string): void {
    this.#acted(command, by);
    switch (command.kind) {
      case "hold":
        this.#held ??= by;
        break;
      case "go":
        this.#held = undefined;
        break;
      case "abort":
        this.#held = undefined;
        this.#abort();
        break;
      case "skip":
        this.#skip = true;
        break;
      case "retry":
        this.#retry = true;
        break;
      case "parallel":
        this.#parallel = Math.min(PARALLEL_MAX, Math.max(1, command.parallel));
        break;
    }
    this.#tell();
  }

  /** Whether the rest of the wave is to be left out; asked once. */
  takeSkip(): boolean {
    const skip = this.#skip;
    this.#skip = false;
    return skip;
  }

  /** Whether what went bad is to be tried again; asked once. */
  takeRetry(): boolean {
    const retry = this.#retry;
    this.#retry = false;
    return retry;
  }

  #tell(): void {
    const wake = this.#wake;
    this.#next = this.#coming();
    wake();
  }

  #coming(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
