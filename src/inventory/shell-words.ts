import { err, ok, type Result } from "../domain/result.ts";

const quotes = `"'`;
const blanks = " \t\r\n";

/**
 * Splits a host line into words as Ansible does: Python's `shlex.split(line, comments=True)`. Quotes may stand inside
 * a word, a backslash takes the next character literally, and `#` outside quotes starts a comment even inside a word.
 * The error is a phrase such as "a quote is not closed".
 */
export const shellWords = (line: string): Result<readonly string[], string> => {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let at = 0; at < line.length; at++) {
    const c = line.charAt(at);
    if (quote !== "") {
      if (c === quote) quote = "";
      else if (c === "\\" && quote === '"' && `"\\`.includes(line[at + 1] ?? "-"))
        word = (word ?? "") + line.charAt(++at);
      else word = (word ?? "") + c;
    } else if (quotes.includes(c)) {
      quote = c;
      word ??= "";
    } else if (c === "\\") {
      if (at + 1 === line.length) return err("a backslash ends the line");
      word = (word ?? "") + line.charAt(++at);
    } else if (c === "#") {
      break;
    } else if (blanks.includes(c)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? "") + c;
    }
  }
  if (quote !== "") return err(`a quote (${quote}) is not closed`);
  if (word !== undefined) words.push(word);
  return ok(words);
};
