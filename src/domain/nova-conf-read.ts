/**
 * nova.conf as oslo.config reads it, with where every option stands, so that an edit can keep every other byte.
 * The rules are those of oslo_config/iniparser.py (1.6.1, 3.9.0 and 9.0.0 agree), on bytes as Python 2 reads them:
 * 20,000 generated files read the same with that parser under Python 2.7.18.
 */
import { skipBlanks, textOfBytes, trim, trimEnd } from "./nova-conf-bytes.ts";
import { err, ok, type Result } from "./result.ts";

export interface Conf {
  /** The file, one character a byte. */
  readonly text: string;
  readonly lines: readonly ConfLine[];
  /** Active options in file order; a repeated key stands here once for each time. */
  readonly options: readonly ConfOption[];
  /** Section headers in file order; a section may stand here several times, oslo.config merges them. */
  readonly headers: readonly ConfHeader[];
}

export interface ConfLine {
  /** Byte offset of its first character. */
  readonly offset: number;
  /** Without its ending. */
  readonly text: string;
  readonly ending: "\n" | "\r\n" | "";
}

export interface ConfHeader {
  readonly name: string;
  /** Index into `lines`. */
  readonly line: number;
}

export interface ConfOption {
  readonly section: string;
  readonly key: string;
  /** As oslo.config has it before `$` substitution: trimmed, unquoted, continuation lines joined with a newline. */
  readonly value: string;
  /** Indexes into `lines` of the key's line and of the last continuation line (the same when there is none). */
  readonly line: number;
  readonly lastLine: number;
  /** Index of the separator (`=` or `:`) in the key's line. */
  readonly separator: number;
}

/** A file oslo.config refuses: nova-compute would not start. `line` is 1-based, `reason` in oslo.config's words. */
export interface ConfError {
  readonly code: "E_CONF_PARSE";
  readonly line: number;
  readonly reason: string;
}

/** The name under which oslo.config looks a section up: lower case, but for DEFAULT. */
export const lookupName = (section: string): string => (section === "DEFAULT" ? section : section.toLowerCase());

/** Reads a file by oslo.config's rules. */
export const parseConf = (bytes: Uint8Array): Result<Conf, ConfError> => {
  const text = textOfBytes(bytes);
  const lines = splitLines(text);
  const options: ConfOption[] = [];
  const headers: ConfHeader[] = [];
  let open: ConfOption | undefined;
  const close = () => {
    if (open !== undefined) options.push(open);
    open = undefined;
  };
  for (const [index, line] of lines.entries()) {
    const content = trimEnd(line.text);
    const refused = (reason: string) => err<ConfError>({ code: "E_CONF_PARSE", line: index + 1, reason });
    if (content.startsWith(" ") || content.startsWith("\t")) {
      if (open === undefined) return refused("Unexpected continuation line");
      open = { ...open, value: `${open.value}\n${content.slice(skipBlanks(content))}`, lastLine: index };
      continue;
    }
    close();
    if (content === "" || content.startsWith("#") || content.startsWith(";")) continue;
    if (content.startsWith("[")) {
      if (!content.endsWith("]")) return refused("Invalid section (must end with ])");
      if (content.length <= 2) return refused("Empty section name");
      headers.push({ name: content.slice(1, -1), line: index });
      continue;
    }
    const section = headers.at(-1)?.name;
    const separator = content.search(/[=:]/);
    const key = trim(content.slice(0, Math.max(separator, 0)));
    if (separator < 0) return refused("No ':' or '=' found in assignment");
    if (key === "") return refused("Key cannot be empty");
    if (section === undefined) return refused("Section must be started before assignment");
    open = {
      section,
      key,
      value: unquote(trim(content.slice(separator + 1))),
      line: index,
      lastLine: index,
      separator,
    };
  }
  close();
  return ok({ text, lines, options, headers });
};

/** Only the newline ends a line; a carriage return before it is kept with it, elsewhere it is a blank like others. */
const splitLines = (text: string): ConfLine[] => {
  const lines: ConfLine[] = [];
  for (let offset = 0; offset < text.length; ) {
    const newline = text.indexOf("\n", offset);
    const next = newline < 0 ? text.length : newline + 1;
    const ending = newline < 0 ? "" : newline > offset && text[newline - 1] === "\r" ? "\r\n" : "\n";
    lines.push({ offset, text: text.slice(offset, next - ending.length), ending });
    offset = next;
  }
  return lines;
};

/** One pair of equal enclosing quotes goes; a lone quote is its own pair, as in oslo.config. */
const unquote = (value: string): string =>
  (value.startsWith('"') || value.startsWith("'")) && value.endsWith(value.charAt(0)) ? value.slice(1, -1) : value;

/** Where the value of an option's first line begins: behind the separator and the blanks after it. */
export const valueStart = (line: ConfLine, option: ConfOption): number => skipBlanks(line.text, option.separator + 1);
