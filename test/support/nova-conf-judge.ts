/** Whether the editor and the real readers agree about one file: before the edit, and after it. */
import { readAsStartMethod } from "../../src/domain/nova-conf-method.ts";
import { applyPatch } from "../../src/domain/nova-conf-patch.ts";
import { parseConf } from "../../src/domain/nova-conf-read.ts";
import { valueInForce } from "../../src/domain/nova-conf-value.ts";
import { bytesOf, edit, textOf } from "./nova-conf-cases.ts";
import type { Oslo, OsloAnswer } from "./oslo.ts";

const key = "glancecache_dirname";
export const to = "/export/nova/images";
const builtInDefault = "$state_path/images";

/** A file as text of one character a byte, and the section the driver reads. */
export type ConfFile = readonly [text: string, section: string];

export interface Verdict {
  readonly file: ConfFile;
  /** What the readers disagree about; undefined: nothing. */
  readonly wrong: string | undefined;
  readonly ended: "edited" | "E_CONF_PARSE" | "E_CONF_VALUE";
  readonly before: OsloAnswer;
  readonly after: OsloAnswer | undefined;
}

/** Judges many files with two questions to the readers. */
export const judge = async (oslo: Oslo, files: readonly ConfFile[]): Promise<readonly Verdict[]> => {
  const asked = (texts: readonly ConfFile[]) =>
    oslo.readAll(texts.map(([text, section]) => ({ bytes: bytesOf([text]), section, builtInDefault })));
  const before = await asked(files);
  const edits = files.map(([text, section]) => edit(bytesOf([text]), section, to));
  const edited = files.map(([text], at) => {
    const made = edits[at];
    return made?.ok ? textOf(applyPatch(bytesOf([text]), made.value)) : undefined;
  });
  const after = await asked(
    files.flatMap(([, section], at) => (edited[at] === undefined ? [] : [[edited[at], section]])),
  );
  let next = 0;
  return files.map((file, at) => {
    const made = edits[at];
    const was = before[at] ?? {};
    const is = made?.ok ? after[next++] : undefined;
    const text = edited[at];
    const wrong =
      readingObjection(file, was) ??
      (made?.ok && is !== undefined && text !== undefined
        ? editObjection(file, text, made.value, was, is)
        : refusalObjection(file, was, made?.ok === false ? made.error.code : ""));
    const ended = made?.ok ? "edited" : was.error === undefined ? "E_CONF_VALUE" : "E_CONF_PARSE";
    return { file, wrong, ended, before: was, after: is };
  });
};

const same = (ours: unknown, theirs: unknown): boolean => JSON.stringify(ours) === JSON.stringify(theirs);

/** oslo.config notices the missing header only where the value ends; we name the assignment's own line. */
const lineOfItsOwn = "Section must be started before assignment";

/** What our three readings of a file say otherwise than the real ones. */
export const readingObjection = ([text, section]: ConfFile, theirs: OsloAnswer): string | undefined => {
  const conf = parseConf(bytesOf([text]));
  if (!conf.ok) {
    const { line, reason } = conf.error;
    if (theirs.error === undefined) return `we refuse line ${line}, oslo.config does not: ${reason}`;
    const agreed = theirs.error.reason === reason && (theirs.error.line === line || reason === lineOfItsOwn);
    return agreed
      ? methodObjection([text, section], theirs)
      : `we say ${reason}, it says ${JSON.stringify(theirs.error)}`;
  }
  if (theirs.error !== undefined) return `oslo.config refuses it: ${JSON.stringify(theirs.error)}`;
  const options = conf.value.options.map((option) => [option.section, option.key, option.value]);
  if (!same(options, theirs.options))
    return `we read ${JSON.stringify(options)}, it reads ${JSON.stringify(theirs.options)}`;
  const ours = theirs.inForce === undefined ? undefined : valueInForce(conf.value, section, builtInDefault);
  if (ours?.ok && ours.value.value !== theirs.inForce?.value)
    return `in force for us: ${ours.value.value}, for oslo.config: ${JSON.stringify(theirs.inForce)}`;
  return methodObjection([text, section], theirs);
};

/** Whether Python 3's ConfigParser may read a file otherwise than 2.7's: the differences are listed in other_readers.py. */
const readsOtherwiseIn3 = (text: string): boolean => {
  let open = false;
  for (const line of text.split("\n")) {
    if (/^(?:[ \t\f\v\r]*$|[#;]|rem(?:[ \t\f\v\r]|$))/i.test(line)) continue;
    const indented = /^[ \t\f\v\r]/.test(line);
    if (indented ? !open || line.includes(";") : /;.*;|[=:][ \t]*;|[=:][ \t]*""[ \t\r]*$/.test(line)) return true;
    if (!indented) open = !/^\[[^\]]+\]/.test(line);
  }
  return false;
};

const methodObjection = ([text, section]: ConfFile, { method }: OsloAnswer): string | undefined => {
  if (readsOtherwiseIn3(text)) return undefined;
  const ours = readAsStartMethod(text, section, key);
  // A value with % may be interpolated, or be an error then; we never follow it.
  if (ours.ok && ours.value?.includes("%")) return undefined;
  const theirs = method?.error === undefined ? { value: method?.value ?? undefined } : "an error";
  return same(ours.ok ? { value: ours.value } : "an error", theirs)
    ? undefined
    : `the start method reads ${JSON.stringify(method)} with ConfigParser, ${JSON.stringify(ours)} says our reading of it`;
};

const others = ({ options = [] }: OsloAnswer, section: string) => {
  const last = options.findLastIndex((option) => option[0] === section && option[1] === key);
  return options.filter((_, index) => index !== last);
};

const editObjection = (
  [text, section]: ConfFile,
  edited: string,
  { offset, length, replacement }: { readonly offset: number; readonly length: number; readonly replacement: string },
  was: OsloAnswer,
  is: OsloAnswer,
): string | undefined => {
  const inserted = Buffer.from(replacement, "base64").toString("latin1");
  if (edited !== text.slice(0, offset) + inserted + text.slice(offset + length)) return "other bytes changed";
  if (is.error !== undefined) return `oslo.config refuses the edited file: ${JSON.stringify(is.error)}`;
  if (is.inForce?.value !== to) return `oslo.config gives Nova ${JSON.stringify(is.inForce)}`;
  if (!same(others(is, section), others(was, section))) return "oslo.config reads other options otherwise";
  if (!same(new Set([...(was.sections ?? []), section]), new Set(is.sections))) return "the sections are others";
  if (is.method?.value !== to && !readsOtherwiseIn3(edited)) return `ConfigParser reads ${JSON.stringify(is.method)}`;
  if (!iniparseAgrees(edited, is)) return `iniparse reads ${JSON.stringify(is.iniparse)}`;
  const again = edit(bytesOf([edited]), section, to);
  return again.ok || again.error.code !== "E_CONF_VALUE" ? "a second edit finds something to do" : undefined;
};

/** iniparse may refuse what oslo.config takes, and takes every line that begins with rem for a comment, `remote = x` too. */
const iniparseAgrees = (edited: string, { iniparse }: OsloAnswer): boolean =>
  iniparse?.value === to || iniparse?.error !== undefined || /^rem\S/im.test(edited);

/**
 * Where the published recipe got it right in the eyes of every reader, we may refuse only what we refuse on principle: a
 * section spelt in another case, which some releases of oslo.config merge; lines that iniparse takes for comments; lines
 * led by other white space than blanks, which continue a value for ConfigParser and are keys of their own for oslo.config.
 */
const refusalObjection = ([text]: ConfFile, was: OsloAnswer, code: string): string | undefined => {
  if ((was.error === undefined) !== (code === "E_CONF_VALUE")) return `refused as ${code}`;
  const onPrinciple = /(?<![^\n])(?:[Rr][Ee][Mm]|[\v\f\r]+[^ \t\n\v\f\r]|\[(?:Default|default|SolarisZones)\])/.test(
    text,
  );
  const needless =
    was.recipe === "sets" && was.inForce?.value !== to && was.method?.error === undefined && !onPrinciple;
  return needless ? "refused without need: the published recipe edits it" : undefined;
};

/** The smallest file that is still wrong: lines are left out as long as it stays so. For the message of a failure. */
export const smallest = async (oslo: Oslo, found: Verdict): Promise<Verdict> => {
  let best = found;
  for (let at = 0; ; ) {
    const lines = best.file[0].split(/(?<=\n)/).filter((line) => line !== "");
    if (at >= lines.length) return best;
    const [less] = await judge(oslo, [[lines.toSpliced(at, 1).join(""), best.file[1]]]);
    if (less?.wrong === undefined) at += 1;
    else best = less;
  }
};
