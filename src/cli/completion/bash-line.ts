/** A bash command line as its user typed it: cut into words for us, and the words we offer back in its own quoting. */

export interface BashLine {
  /** Whole words, the program's name first, quotes taken off. Nothing is expanded, nothing is run. */
  readonly before: readonly string[];
  /** What stands of the word at the cursor, quotes taken off. */
  readonly current: string;
  /** The quote the cursor stands in, if any. */
  readonly quote: Quote;
}

type Quote = "" | "'" | '"';

/** Cuts a line, which ends at the cursor. */
export const readBashLine = (line: string): BashLine => {
  const words: string[] = [];
  let word: string | undefined;
  let quote: Quote = "";
  for (let at = 0; at < line.length; at += 1) {
    const char = line.charAt(at);
    if (char === "\\" && escapes(quote, line.charAt(at + 1))) {
      at += 1;
      word = (word ?? "") + line.charAt(at);
    } else if (quote === "" ? char === "'" || char === '"' : char === quote) {
      word ??= "";
      quote = quote === "" ? (char as Quote) : "";
    } else if (quote === "" && /\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + char;
  }
  return { before: words, current: word ?? "", quote };
};

/** In double quotes a backslash is one, but before these. */
const escapes = (quote: Quote, next: string): boolean => quote === "" || (quote === '"' && /^["\\$`]$/.test(next));

/** A word as it can be put in at the cursor; undefined where the quote that is open cannot hold it. */
export const quotedForBash = (text: string, quote: Quote): string | undefined => {
  if (quote === "'") return text.includes("'") ? undefined : text;
  // History expansion reaches into double quotes too, but a `!` the user has typed is the user's.
  if (quote === '"') return /["\\$`]/.test(text) ? undefined : text;
  return text.replaceAll(/[^\p{L}\p{N}._/@%+,:=^-]/gu, (char) => `\\${char}`);
};
