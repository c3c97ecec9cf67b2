/** How a view reaches a stream without ever being able to stop the run. */

/** A stream as far as a view uses it. */
export interface ViewStream {
  write(text: string): boolean;
  on(event: "error", listener: (error: Error) => void): unknown;
}

/**
 * A `write` that never throws: the first error (a reader that went away, EPIPE) drops everything that follows and calls
 * `onBroken` once.
 */
export const guardedWrite = (write: (text: string) => unknown, onBroken: () => void = () => {}): GuardedWrite => {
  let broken = false;
  const drop = (): void => {
    if (broken) return;
    broken = true;
    onBroken();
  };
  return {
    write: (text) => {
      if (broken) return;
      try {
        write(text);
      } catch {
        drop();
      }
    },
    drop,
  };
};

export interface GuardedWrite {
  readonly write: (text: string) => void;
  /** Nothing is written any more. */
  readonly drop: () => void;
}

/** The guarded `write` of a stream, errors that arrive later included. */
export const streamWrite = (stream: ViewStream, onBroken?: () => void): ((text: string) => void) => {
  const guarded = guardedWrite((text) => stream.write(text), onBroken);
  stream.on("error", guarded.drop);
  return guarded.write;
};
