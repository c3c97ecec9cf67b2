/** Shell text without what is quoted in it. */

/**
 * The text with every quoted part as the word STRING: '…', and "…" with the expansions in it, which quote anew. Throws where a
 * quote has no end, for then everything behind it would be taken for the other.
 */
export const withoutQuoted = (text: string): string => {
  let at = 0;
  const ended = (what: string): void => {
    if (at >= text.length) throw new Error(`${what} without an end`);
  };
  const single = (): void => {
    const end = text.indexOf("'", at + 1);
    at = end < 0 ? text.length : end;
    ended("a single quote");
    at += 1;
  };
  /** Up to its end and past it: `"`, `}` or `)`. Only between double quotes are single ones plain characters. */
  const nested = (opening: string, closing: string): void => {
    at += opening.length;
    while (text[at] !== closing) {
      ended(opening);
      if (text[at] === "\\") at += 2;
      else if (text.startsWith("${", at)) nested("${", "}");
      else if (text.startsWith("$(", at)) nested("$(", ")");
      else if (closing === ")" && text[at] === "(") nested("(", ")");
      else if (closing !== '"' && text[at] === '"') nested('"', '"');
      else if (closing !== '"' && text[at] === "'") single();
      else at += 1;
    }
    at += 1;
  };
  let out = "";
  while (at < text.length) {
    const from = at;
    if (text[at] === "'") single();
    else if (text[at] === '"') nested('"', '"');
    else at += text[at] === "\\" ? 2 : 1;
    out += /["']/.test(text[from] ?? "") ? "STRING" : text.slice(from, at);
  }
  return out;
};
