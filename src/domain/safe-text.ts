/** Remote text made fit for a terminal, a log and a report: nothing in it can move the cursor, hide or reorder what stands there. */

/** Characters of one text a view shows at most: two lines of a wide terminal. */
const defaultMaxChars = 400;

const named: Readonly<Record<number, string>> = { 9: " ", 127: "␡", 133: "<NEL>", 8232: "<LS>", 8233: "<PS>" };

/**
 * Controls (C0, C1, DEL, ESC), bidi and zero-width and other format characters, line and paragraph separators, private
 * use, unassigned, lone surrogates, everything Unicode says is drawn as nothing (DI), and the blank of Braille.
 */
const dangerous = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}\p{DI}\u2800]/u;

/** Combining marks on one character beyond which they only smear over the lines above. */
const maxMarks = 2;
const mark = /\p{M}/u;

const printableAscii = /^[\x20-\x7e]*$/;

/** `text` with every dangerous character made visible and at most `maxChars` characters long; a cut one ends in `…`. A tab is a blank. */
export const visibleSafe = (text: string, maxChars: number = defaultMaxChars): string => {
  // Nearly every text: nothing in it needs care, and a screen of many hosts asks thousands of times a second.
  if (text.length <= maxChars && printableAscii.test(text)) return text;
  let safe = "";
  let chars = 0;
  let marks = 0;
  for (const char of text) {
    marks = mark.test(char) ? marks + 1 : 0;
    if (marks > maxMarks) continue;
    const shown = dangerous.test(char) ? madeVisible(char) : char;
    const width = shown === char ? 1 : shown.length;
    if (chars + width > maxChars) return cut(safe, chars, maxChars);
    safe += shown;
    chars += width;
  }
  return safe;
};

const madeVisible = (char: string): string => {
  const code = char.codePointAt(0) ?? 0;
  const name = named[code];
  if (name !== undefined) return name;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code >= 0xd800 && code <= 0xdfff) return "\uFFFD";
  return `<U+${code.toString(16).toUpperCase().padStart(4, "0")}>`;
};

/** Room for the ellipsis is made by giving up the last character when there is none left. */
const cut = (safe: string, chars: number, maxChars: number): string => {
  if (maxChars <= 0) return "";
  return `${chars < maxChars ? safe : [...safe].slice(0, maxChars - 1).join("")}…`;
};

const dangerousInJson = new RegExp(dangerous.source.replace("\\p{Cc}", "\\u007F-\\u009F"), "gu");

/**
 * A value as JSON on one line (or indented by two), every dangerous character as `\\uXXXX`: safe on a terminal and
 * still the very same value for whoever parses it.
 */
export const safeJson = (value: unknown, indent?: 2): string => {
  const json = JSON.stringify(value, undefined, indent);
  // Nearly every event of a run; to ask Unicode about each of its characters costs ten times as much.
  return plainJson.test(json) ? json : json.replaceAll(dangerousInJson, escaped);
};

const plainJson = /^[\n\x20-\x7e]*$/;

const escaped = (char: string): string =>
  Array.from({ length: char.length }, (_, at) => `\\u${char.charCodeAt(at).toString(16).padStart(4, "0")}`).join("");
