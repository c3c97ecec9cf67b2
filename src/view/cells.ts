/** Text in columns: padded and cut by the width a terminal gives it. The one user of string-width. */
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const printableAscii = /^[\x20-\x7e]*$/;
let measure: ((text: string) => number) | undefined;
let segmenter: Intl.Segmenter | undefined;

/** Loads string-width for the first text that needs it: its tables and its segmenter take as long as Node's own start. */
const measured = (text: string): number => {
  measure ??= (require("string-width") as typeof import("string-width")).default;
  return measure(text);
};

/** What a reader sees as single characters. Plain text has one a code unit, and needs no segmenter. */
const graphemesOf = (text: string): readonly string[] => {
  if (printableAscii.test(text)) return text.split("");
  segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  return [...segmenter.segment(text)].map(({ segment }) => segment);
};

/** Columns a text takes. It must be safe already. */
export const widthOf = (text: string): number => (printableAscii.test(text) ? text.length : measured(text));

/** The text, cut to `width` columns; a cut one ends in `…`. */
export const cutTo = (text: string, width: number): string => {
  if (widthOf(text) <= width) return text;
  if (width <= 0) return "";
  let cut = "";
  let used = 0;
  for (const segment of graphemesOf(text)) {
    const next = used + widthOf(segment);
    if (next > width - 1) break;
    cut += segment;
    used = next;
  }
  return `${cut}…`;
};

/** The text in exactly `width` columns: cut, or filled with blanks on the right. */
export const padTo = (text: string, width: number): string => {
  const cut = cutTo(text, width);
  return cut + " ".repeat(Math.max(0, width - widthOf(cut)));
};

/** The text in at least `width` columns, blanks on the left. */
export const padLeft = (text: string, width: number): string => " ".repeat(Math.max(0, width - widthOf(text))) + text;

/** The widest of some texts, in columns, at most `most`. */
export const widest = (texts: readonly string[], most: number): number =>
  Math.min(most, Math.max(0, ...texts.map(widthOf)));
