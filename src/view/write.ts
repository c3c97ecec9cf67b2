/**
 * A `write` that never throws: after the first error (a reader that went away) nothing more is written. A stream that
 * reports its errors later needs a listener of its own, where the stream is made.
 */
export const guardedWrite = (write: (text: string) => unknown): ((text: string) => void) => {
  let broken = false;
  return (text) => {
    if (broken) return;
    try {
      write(text);
    } catch {
      broken = true;
    }
  };
};
