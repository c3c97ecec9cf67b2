import { err, ok, type Result } from "../domain/result.ts";
import { show } from "./show.ts";
import { splitPattern } from "./split-pattern.ts";

/** One word of a pattern: added, kept (`&`) or taken away (`!`). */
export interface Term {
  readonly sign: "+" | "&" | "!";
  /** A name, a glob, a node set, `~regex` or `@FILE`. */
  readonly text: string;
}

/** Where a pattern was said, for complaints: an argument or `--limit`. */
export type Said = "PATTERN" | "--limit";

/** The words of a pattern with their signs. Errors: `E_PATTERN`. */
export const parsePattern = (pattern: string, said: Said): Result<readonly Term[]> => {
  const wrong = (what: string, advice: string) =>
    err({ code: "E_PATTERN", what, where: `${said} ${show(pattern)}`, try: advice });
  const terms = splitPattern(pattern).map(
    (word): Term =>
      word.startsWith("!") || word.startsWith("&")
        ? { sign: word.startsWith("!") ? "!" : "&", text: word.slice(1) }
        : { sign: "+", text: word },
  );
  if (terms.length === 0 || terms.some(({ text }) => text === ""))
    return wrong("the pattern, or a part of it, is empty", "name hosts, groups or globs; all means every host");
  const cut = terms.find(({ text }) => /\s\+[0-9]+ more$/.test(text));
  if (cut !== undefined)
    return wrong(
      `this list of hosts was cut: ${show(cut.text.slice(cut.text.lastIndexOf("+")))} says that some are missing`,
      "take the names from the run: novasweep runs show ID",
    );
  if (terms.some(({ sign }) => sign === "+")) return ok(terms);
  // A limit only narrows, so it may begin with what it leaves out; a pattern has to say what it wants.
  return said === "--limit"
    ? ok([{ sign: "+", text: "all" }, ...terms])
    : wrong("the pattern only leaves hosts out", `say of what: ${show(`all:${pattern}`)}`);
};
