import { shown } from "./nova-conf-bytes.ts";
import { type Conf, type ConfOption, lookupName } from "./nova-conf-read.ts";
import type { Refusal } from "./outcome.ts";
import { err, ok, type Result } from "./result.ts";

/** The option this tool reads and writes. */
export const cacheKey = "glancecache_dirname";

/** The value in force, `$` references substituted, and where it was written; `line` is 1-based, undefined for the default. */
export interface InForce {
  readonly value: string;
  readonly line?: number;
}

/** References followed for one value: real files need one or two; it ends cycles and doubling chains. */
const maxReferences = 32;
/** PATH_MAX of Solaris; nothing longer can name a directory. */
const maxValueChars = 1024;

/**
 * The value of glancecache_dirname the driver works with: the last active one in its section, else the driver's built-in
 * default, either substituted as oslo.config does. E_CONF_VALUE when that cannot be told from the file alone.
 */
export const valueInForce = (conf: Conf, section: string, builtInDefault: string): Result<InForce, Refusal> => {
  const misspelt = conf.options.find((option) => option.key === cacheKey && isOtherSpelling(option.section, section));
  if (misspelt !== undefined) {
    return refuse(
      `line ${misspelt.line + 1} sets ${cacheKey} in [${misspelt.section}], which is not spelt [${section}]`,
    );
  }
  const option = lastActive(conf, section, cacheKey);
  const value = substitute(option?.value ?? builtInDefault, section, {
    conf,
    read: section,
    left: maxReferences,
  });
  if (!value.ok) return refuse(value.error);
  return ok(option === undefined ? { value: value.value } : { value: value.value, line: option.line + 1 });
};

/** The last active option of that exact key in that exact section: the one a single-value option has. */
export const lastActive = (conf: Conf, section: string, key: string): ConfOption | undefined =>
  conf.options.findLast((option) => option.section === section && option.key === key);

/** oslo.config would merge the two sections in some releases; Python 2's ConfigParser never does. */
const isOtherSpelling = (name: string, section: string): boolean =>
  name !== section && lookupName(name) === lookupName(section);

interface Lookup {
  readonly conf: Conf;
  /** The section the driver reads. */
  readonly read: string;
  /** References that may still be followed, of `maxReferences`. */
  left: number;
}

/**
 * Python's string.Template with oslo.config's names: `$name`, `${name}`, `${group.name}`; `$$` and `\$` are a dollar sign;
 * any other `$` stands for itself. `section` is where the value is written. The error is a sentence.
 */
const substitute = (value: string, section: string, lookup: Lookup): Result<string, string> => {
  if (value.length > maxValueChars) return err(`a value of ${value.length} characters is no path`);
  const text = value.replaceAll("\\$", () => "$$");
  let out = "";
  let from = 0;
  for (const match of text.matchAll(/\$(?:\$|([_a-z][._a-z0-9]*)|\{([_a-z][._a-z0-9]*)\})/gi)) {
    const name = match[1] ?? match[2];
    const replaced = name === undefined ? ok("$") : resolve(name, section, lookup);
    if (!replaced.ok) return replaced;
    out += text.slice(from, match.index) + replaced.value;
    from = match.index + match[0].length;
  }
  return ok(out + text.slice(from));
};

/** What a reference written in `section` stands for. */
const resolve = (name: string, section: string, lookup: Lookup): Result<string, string> => {
  lookup.left -= 1;
  if (lookup.left < 0) return err(`$${name} refers to itself, or through more than ${maxReferences} references`);
  const dot = name.indexOf(".");
  const group = dot < 0 ? "DEFAULT" : name.slice(0, dot);
  const key = name.slice(dot + 1);
  // oslo.config has no group of that name: its options have no group at all
  if (dot >= 0 && group === "DEFAULT") return err(`$${name} names no group that oslo.config knows`);
  if (dot < 0 && section !== "DEFAULT" && find(lookup.conf, section, key) !== undefined) {
    // which of the two oslo.config takes depends on the options Nova registers, and the file does not tell these
    return err(`$${name} may mean the one of [${section}] or the one of [DEFAULT]`);
  }
  if (key === cacheKey && lookupName(group) !== lookupName(lookup.read)) {
    // a driver registers its option in the one section it reads; Nova fails at a reference to another
    return err(`$${name} is not the one of [${lookup.read}], and Nova knows no other`);
  }
  const option = find(lookup.conf, group, key);
  if (option === undefined) return err(`$${name} is not set in [${group}]`);
  return substitute(option.value, group, lookup);
};

const find = (conf: Conf, section: string, key: string): ConfOption | undefined =>
  conf.options.findLast((option) => lookupName(option.section) === lookupName(section) && option.key === key);

const refuse = (reason: string) =>
  err<Refusal>({
    code: "E_CONF_VALUE",
    message: `the ${cacheKey} in force cannot be told: ${shown(reason)}`,
    try: `write ${cacheKey} as a plain absolute path`,
  });
