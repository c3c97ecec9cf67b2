/** Cuts a stream of bytes into lines of bounded length. */

/** Longest line of a journal: the plan of 10,000 hosts, the most an inventory has, at 6 KiB each; more is not a journal. */
export const maxLineBytes = 64 * 1024 ** 2;

/** A whole line without its newline, the rest after the last newline, or a line beyond the bound; the last two end the stream. */
export type Line =
  | { readonly kind: "line"; readonly bytes: Buffer }
  | { readonly kind: "torn"; readonly length: number }
  | { readonly kind: "too-long"; readonly maxBytes: number };

/**
 * Yields the lines of `chunks`, those that end in a chunk together: a step of an async generator costs as much as a short
 * line. They are not decoded: not every line is worth it. Holds at most one line and one chunk.
 */
export const splitLines = async function* (
  chunks: AsyncIterable<Buffer>,
  maxBytes: number = maxLineBytes,
): AsyncGenerator<readonly Line[]> {
  let parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    const lines: Line[] = [];
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, start)) {
      length += end - start;
      if (length > maxBytes) break;
      // Nearly every line lies in one chunk: it is read where it lies.
      const rest = chunk.subarray(start, end);
      lines.push({ kind: "line", bytes: parts.length === 0 ? rest : Buffer.concat([...parts, rest]) });
      parts = [];
      length = 0;
      start = end + 1;
    }
    if (length <= maxBytes && start < chunk.length) {
      parts.push(Buffer.from(chunk.subarray(start)));
      length += chunk.length - start;
    }
    if (length > maxBytes) lines.push({ kind: "too-long", maxBytes });
    yield lines;
    if (length > maxBytes) return;
  }
  if (length > 0) yield [{ kind: "torn", length }];
};
