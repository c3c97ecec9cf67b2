/** Text in columns: padded and cut by the width a terminal gives it. The one user of string-width. */
import stringWidth from "string-width";

/** Columns a text takes. It must be safe already. */
export const widthOf = (text: string): number => stringWidth(text);

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/** The text, cut to `width` columns; a cut one ends in `…`. */
export const cutTo = (text: string, width: number): string => {
  if (widthOf(text) <= width) return text;
  if (width <= 0) return "";
  let cut = "";
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
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
