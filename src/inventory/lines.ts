import { type Complaint, err, ok, type Result } from "../domain/result.ts";

export interface Line {
  readonly number: number;
  readonly text: string;
}

/**
 * The lines of a text file that say something: trimmed, without blank ones and comments (`#`, `;`).
 * A NUL byte makes a file binary; a comment may be in any encoding, everything else is UTF-8 without control characters.
 */
export const significantLines = (
  bytes: Uint8Array,
  file: string,
  code: string,
  wanted = "name a text file in Ansible's INI format",
): Result<readonly Line[]> => {
  const notText = (what: string, where: string): Complaint => ({ code, what: `the file ${what}`, where, try: wanted });
  if (bytes.includes(0)) return err(notText("is not a text file: it holds NUL bytes", file));
  const lines: Line[] = [];
  // The decoder drops a byte order mark and puts U+FFFD where bytes are not UTF-8.
  for (const [index, raw] of new TextDecoder()
    .decode(bytes)
    .split(/\r\n|\n|\r/)
    .entries()) {
    const text = raw.trim();
    if (text === "" || text.startsWith("#") || text.startsWith(";")) continue;
    if (text.includes("\u{fffd}")) return err(notText("is not UTF-8 text", `${file}:${index + 1}`));
    if (/[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]/.test(text))
      return err(notText("holds a control character", `${file}:${index + 1}`));
    lines.push({ number: index + 1, text });
  }
  return ok(lines);
};
