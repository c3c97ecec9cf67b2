/** Code points that must reach no terminal raw: written apart from the implementation. */

/** Controls but tab and newline are up to the caller: both are among them here. */
export const isDangerous = (code: number): boolean =>
  code < 0x20 ||
  (code >= 0x7f && code <= 0x9f) ||
  code === 0x061c ||
  (code >= 0x200b && code <= 0x200f) ||
  (code >= 0x2028 && code <= 0x202e) ||
  (code >= 0x2060 && code <= 0x206f) ||
  code === 0xad ||
  code === 0xfeff ||
  (code >= 0xfff0 && code <= 0xfffb) ||
  (code >= 0xd800 && code <= 0xdfff) ||
  (code >= 0xe000 && code <= 0xf8ff) ||
  (code >= 0xe0000 && code <= 0x10ffff);

/** Those in a text, newlines apart, as `U+001B`; at most ten. */
export const dangersIn = (text: string): readonly string[] =>
  [...new Set([...text].map((char) => char.codePointAt(0) ?? 0))]
    .filter((code) => code !== 0x0a && isDangerous(code))
    .slice(0, 10)
    .map((code) => `U+${code.toString(16).toUpperCase().padStart(4, "0")}`);
