/** Cuts a stream of bytes into lines of bounded length. */

/** Longest line of a journal: the plan of 10,000 hosts, the most an inventory has, at 6 KiB each; more is not a journal. */
export const maxLineBytes = 64 * 1024 ** 2;

/** A whole line (`bytes` with its newline), the rest after the last newline, or a line beyond the bound; the last two end the stream. */
export type Line =
  | { readonly kind: "line"; readonly text: string; readonly bytes: number }
  | { readonly kind: "torn"; readonly bytes: number }
  | { readonly kind: "too-long"; readonly maxBytes: number };

/** Yields the lines of `chunks` without their newlines. Holds at most one line and one chunk. */
export const splitLines = async function* (
  chunks: AsyncIterable<Buffer>,
  maxBytes: number = maxLineBytes,
): AsyncGenerator<Line> {
  let parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, start)) {
      parts.push(chunk.subarray(start, end));
      length += end - start;
      if (length > maxBytes) break;
      // Nearly every line lies in one chunk: it is read where it lies.
      const [only, ...rest] = parts;
      const whole = only !== undefined && rest.length === 0 ? only : Buffer.concat(parts);
      yield { kind: "line", text: whole.toString("utf8"), bytes: length + 1 };
      parts = [];
      length = 0;
      start = end + 1;
    }
    parts.push(chunk.subarray(start));
    length += chunk.length - start;
    if (length > maxBytes) {
      yield { kind: "too-long", maxBytes };
      return;
    }
  }
  if (length > 0) yield { kind: "torn", bytes: length };
};
