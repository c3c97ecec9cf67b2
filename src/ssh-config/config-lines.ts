/** ssh's configuration files as lines of words, with what they include in its place (ssh_config(5)); for machines without an ssh. */
import { globSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { err, ok, type Result } from "../domain/result.ts";
import { includedPath, MAX_DEPTH } from "./content.ts";

export interface ConfigLine {
  /** In lower case. */
  readonly keyword: string;
  /** Without their quotes. */
  readonly words: readonly string[];
  /** Of an Include: the files, in their order. */
  readonly included: readonly (readonly ConfigLine[])[];
}

export interface ReadOptions {
  readonly home: string;
  readonly uid: number;
  /** What a relative Include is relative to; absent: the file's folder. */
  readonly folder?: string;
  /** It is the file of a user, or included: nobody else may be able to write to it. */
  readonly guarded: boolean;
}

/** The lines of a file; one that is not there has none. The error is a phrase: what ssh would not take, or what only ssh can do. */
export const readConfig = (file: string, options: ReadOptions, depth = 0): Result<readonly ConfigLine[], string> => {
  if (depth > MAX_DEPTH) return err(`${file}: files include each other, more than ${MAX_DEPTH} deep`);
  const text = readText(file, options);
  if (!text.ok) return text;
  const lines: ConfigLine[] = [];
  for (const [at, line] of text.value.split("\n").entries()) {
    const split = splitLine(line);
    if (split === undefined) continue;
    const place = `${file}:${at + 1}`;
    if (!split.ok) return err(`${place}: ${split.error}`);
    const { keyword, words } = split.value;
    const included = keyword === "include" ? readIncluded(file, place, words, options, depth) : ok([]);
    if (!included.ok) return included;
    lines.push({ keyword, words, included: included.value });
  }
  return ok(lines);
};

/** Group and others may write. */
const OTHERS_WRITE = 0o022;

const readText = (file: string, { uid, guarded }: ReadOptions): Result<string, string> => {
  try {
    const { mode, uid: owner } = statSync(file);
    if (guarded && ((owner !== 0 && owner !== uid) || (mode & OTHERS_WRITE) !== 0))
      return err(`bad owner or permissions on ${file}`);
    return ok(readFileSync(file, "utf8"));
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "not readable";
    return code === "ENOENT" ? ok("") : err(`${file}: ${code}`);
  }
};

const readIncluded = (
  file: string,
  place: string,
  patterns: readonly string[],
  options: ReadOptions,
  depth: number,
): Result<ConfigLine["included"], string> => {
  const { home, folder = dirname(file) } = options;
  const files: (readonly ConfigLine[])[] = [];
  for (const pattern of patterns) {
    if (/[%$]|^~[^/]/.test(pattern)) return err(`${place}: only ssh itself can expand Include ${pattern}`);
    for (const included of globSync(includedPath(pattern, home, folder)).sort()) {
      const lines = readConfig(included, { ...options, folder, guarded: true }, depth + 1);
      if (!lines.ok) return lines;
      files.push(lines.value);
    }
  }
  return ok(files);
};

/** `Keyword words`, `Keyword=words`, `Keyword = words`; undefined: a comment, or nothing. */
const splitLine = (line: string): Result<Pick<ConfigLine, "keyword" | "words">, string> | undefined => {
  const [, keyword, rest = ""] = /^\s*"?([^\s="#]+)"?(?:\s*=\s*|\s+|$)(.*?)\s*$/.exec(line) ?? [];
  if (keyword === undefined) return /^\s*(#|$)/.test(line) ? undefined : err("no keyword");
  // ssh takes this one as it stands, quotes and all.
  const words = keyword.toLowerCase() === "proxyjump" ? (/^[^\s#]+/.exec(rest) ?? []) : splitWords(rest);
  if (words === undefined) return err(`an open quote behind ${keyword}`);
  if (words.length === 0) return err(`nothing behind ${keyword}`);
  return ok({ keyword: keyword.toLowerCase(), words });
};

/** Words as ssh splits them: blanks, both kinds of quotes, a backslash before a quote, a backslash or a blank; `#` where a word would begin ends them. Undefined: a quote stays open. */
export const splitWords = (text: string): readonly string[] | undefined => {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let at = 0; at < text.length; at++) {
    const [char = "", next = ""] = [text[at], text[at + 1]];
    const blank = char === " " || char === "\t";
    if (word === undefined && blank) continue;
    if (word === undefined && char === "#") break;
    word ??= "";
    if (char === "\\" && (/['"\\]/.test(next) || (next === " " && quote === ""))) {
      word += next;
      at++;
    } else if (quote === "" && blank) {
      words.push(word);
      word = undefined;
    } else if (quote === "" && (char === '"' || char === "'")) quote = char;
    else if (char === quote && quote !== "") quote = "";
    else word += char;
  }
  if (quote !== "") return undefined;
  return word === undefined ? words : [...words, word];
};
