/**
 * The byte-preserving editor of nova.conf. Siblings: nova-conf-read (oslo.config's reading), nova-conf-value (the value in
 * force), nova-conf-method (the start method's reading), nova-conf-patch (applies a patch), nova-conf-bytes (bytes as text).
 */
import type { Patch } from "./change.ts";
import type { AbsPath, Digest } from "./ids.ts";
import { bytesOfText, shown, textOfBytes, trim, trimEnd } from "./nova-conf-bytes.ts";
import { readAsStartMethod } from "./nova-conf-method.ts";
import { applyPatch, splice } from "./nova-conf-patch.ts";
import { type Conf, type ConfError, type ConfLine, type ConfOption, parseConf, valueStart } from "./nova-conf-read.ts";
import { cacheKey, lastActive, valueInForce } from "./nova-conf-value.ts";
import type { Refusal } from "./outcome.ts";
import { normalisePath } from "./path.ts";
import { err, ok, type Result } from "./result.ts";

export interface ConfEdit {
  readonly bytes: Uint8Array;
  /** `DEFAULT` or `solariszones`: the one the installed driver reads. */
  readonly section: string;
  readonly key: typeof cacheKey;
  readonly to: AbsPath;
  /** SHA-256 in lower-case hex, and RFC 4648 base64: the domain has neither. */
  readonly digest: (bytes: Uint8Array) => Digest;
  readonly encodeBase64: (bytes: Uint8Array) => string;
}

/** What is to be written where, in text of one character a byte. */
interface Replacement {
  readonly offset: number;
  readonly length: number;
  readonly text: string;
  /** For people, as in Patch. */
  readonly line: number;
  readonly oldLine?: string;
  readonly newLine: string;
}

/**
 * The patch after which both oslo.config and the start method read `to`, and every other byte is as it was. E_CONF_PARSE:
 * oslo.config refuses the file as it is; E_CONF_VALUE: `to` is no plain path, is there already, or would not be read alike.
 */
export const editConf = (edit: ConfEdit): Result<Patch, Refusal> => {
  const { bytes, section, to } = edit;
  // in this alphabet no reader sees a comment, a quote, a blank, a `$` or a `%`
  if (!/^[A-Za-z0-9._/-]+$/.test(to)) return refuse(`'${shown(to)}' holds other characters than A-Z a-z 0-9 . _ / -`);
  const path = normalisePath(to);
  if (!path.ok || path.value !== to) return refuse(`'${to}' is no normalised absolute path`);
  if (!/^[A-Za-z0-9._-]+$/.test(section)) return refuse(`'${shown(section)}' is no section name`);
  const conf = parseConf(bytes);
  if (!conf.ok) return err(refusalOf(conf.error));
  const { offset, length, text, ...forPeople } = replacementFor(conf.value, section, to);
  const edited = splice(bytes, offset, length, bytesOfText(text));
  const patch: Patch = {
    offset,
    length,
    rangeDigest: edit.digest(bytes.subarray(offset, offset + length)),
    replacement: edit.encodeBase64(bytesOfText(text)),
    before: edit.digest(bytes),
    after: edit.digest(edited),
    ...forPeople,
  };
  if (patch.after === patch.before) return refuse(`line ${patch.line} says so already`);
  const objection = objectionTo(conf.value, applyPatch(bytes, patch), section, to);
  if (objection !== undefined) return refuse(objection);
  if (edit.digest(applyPatch(bytes, patch)) !== patch.after) throw new Error("the patch does not make what was built");
  return ok(patch);
};

const refusalOf = ({ code, line, reason }: ConfError): Refusal => ({
  code,
  message: `oslo.config refuses nova.conf at line ${line}: ${reason}`,
  try: "mend that line: nova-compute does not start with this file",
});

const refuse = (reason: string) =>
  err<Refusal>({
    code: "E_CONF_VALUE",
    message: `${cacheKey} cannot be set safely: ${reason}`,
    try: "edit nova.conf by hand, then run again",
  });

const replacementFor = (conf: Conf, section: string, to: AbsPath): Replacement => {
  const active = lastActive(conf, section, cacheKey);
  if (active !== undefined) return overValue(conf, active, to);
  const commented = lastCommented(conf, section);
  if (commented !== undefined) return after(conf, commented, [assignment(styleOfComment(lineAt(conf, commented)), to)]);
  const header = conf.headers.findLast((one) => one.name === section);
  const end = header === undefined ? conf.lines.length : endOf(conf, header.line);
  const neighbour = conf.options.findLast((option) => option.line < end);
  const line = assignment(neighbour === undefined ? " = " : styleOf(lineAt(conf, neighbour.line), neighbour), to);
  if (header === undefined) return after(conf, conf.lines.length - 1, [`[${section}]`, line]);
  return after(conf, Math.max(header.line, neighbour?.lastLine ?? 0), [line]);
};

/** Key, separator and the blanks around it stay, and so does what follows the value's last character. */
const overValue = (conf: Conf, option: ConfOption, to: AbsPath): Replacement => {
  const first = lineAt(conf, option.line);
  const last = lineAt(conf, option.lastLine);
  const offset = first.offset + valueStart(first, option);
  const end = Math.max(offset, last.offset + trimEnd(last.text).length);
  return {
    offset,
    length: end - offset,
    text: to,
    line: option.line + 1,
    oldLine: conf.lines
      .slice(option.line, option.lastLine + 1)
      .map((line) => shown(trimEnd(line.text)))
      .join("\n"),
    newLine: shown(conf.text.slice(first.offset, offset) + to),
  };
};

/**
 * New lines behind a line, which is a comment, a header, or the last one of an option. In a file that oslo.config accepts
 * none of these is followed by a continuation line that a new key could capture. The last line keeps having no newline.
 */
const after = (conf: Conf, index: number, texts: readonly string[]): Replacement => {
  const line = conf.lines[index];
  const newline = line?.ending || conf.lines[0]?.ending || "\n";
  const body = texts.join(newline);
  const unterminated = line !== undefined && line.ending === "";
  return {
    offset: line === undefined ? 0 : line.offset + line.text.length + line.ending.length,
    length: 0,
    text: unterminated ? newline + body : body + newline,
    line: index + 2,
    newLine: texts.join("\n"),
  };
};

const lineAt = (conf: Conf, index: number): ConfLine => {
  const line = conf.lines[index];
  if (line === undefined) throw new Error(`no line ${index + 1}`);
  return line;
};

/** Index of the first line behind the part of the file that this header opens. */
const endOf = (conf: Conf, headerLine: number): number =>
  conf.headers.find((header) => header.line > headerLine)?.line ?? conf.lines.length;

/** The last commented-out assignment of the key in any part of the section: where the shipped file documents it. */
const lastCommented = (conf: Conf, section: string): number | undefined => {
  // From the end backwards, so that where a part ends is known: a file may have as many headers as lines.
  let end = conf.lines.length;
  for (const { name, line } of [...conf.headers].reverse()) {
    const at = name === section ? conf.lines.slice(line, end).findLastIndex((one) => commentedKey.test(one.text)) : -1;
    if (at >= 0) return line + at;
    end = line;
  }
  return undefined;
};

const commentedKey = new RegExp(`^[#;]+[ \\t]*${cacheKey}[ \\t]*=`);

/** `key=value` or `key = value`, as the neighbour has it. */
const styleOf = (line: ConfLine, option: ConfOption): string =>
  /[ \t]/.test(line.text.charAt(option.separator - 1)) ? " = " : "=";

const styleOfComment = (line: ConfLine): string =>
  /[ \t]=/.test(line.text.slice(0, line.text.indexOf("=") + 1)) ? " = " : "=";

const assignment = (separator: string, to: AbsPath): string => `${cacheKey}${separator}${to}`;

/** A second opinion on the edited file, by reading it again; undefined: it is what it should be. */
const objectionTo = (before: Conf, edited: Uint8Array, section: string, to: AbsPath): string | undefined => {
  const conf = parseConf(edited);
  if (!conf.ok) return `oslo.config would refuse the edited file at line ${conf.error.line}: ${conf.error.reason}`;
  const inForce = valueInForce(conf.value, section, "");
  if (!inForce.ok) return inForce.error.message;
  if (inForce.value.value !== to) return `oslo.config would read '${shown(inForce.value.value)}'`;
  if (everythingElse(conf.value, section) !== everythingElse(before, section)) return "other values would change";
  const method = readAsStartMethod(textOfBytes(edited), section, cacheKey);
  if (!method.ok) return `nova-compute's start method would fail on the file: ${method.error}`;
  if (trim(method.value ?? "") !== to) return `nova-compute's start method would read '${shown(method.value ?? "")}'`;
  return undefined;
};

/** Sections, and options in order with their values, but for the one that counts. */
const everythingElse = (conf: Conf, section: string): string => {
  const counts = lastActive(conf, section, cacheKey);
  const options = conf.options.filter((option) => option !== counts);
  const sections = new Set(conf.headers.map((header) => header.name)).add(section);
  return JSON.stringify([[...sections], options.map((option) => [option.section, option.key, option.value])]);
};
