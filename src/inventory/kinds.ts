import type { AbsPath, Bytes, Seconds } from "../domain/ids.ts";
import { parsePort } from "./address.ts";
import { oneOf } from "./show.ts";

/** How a setting's text is read and written. `parse` gives undefined for what is not accepted. */
export interface Kind<T> {
  /** What is accepted, for complaints and the reference. */
  readonly accepted: string;
  readonly parse: (text: string) => T | undefined;
  readonly text: (value: T) => string;
}

const sizeUnits: Readonly<Record<string, number>> = { "": 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };
const durationUnits: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
/** Longest duration: a cleaner that runs less than once a year does not guard a quota. */
const MAX_DURATION_S = 365 * 86_400;

/** A whole number with its unit, as a count of the smallest; undefined when zero or beyond `max`. */
const quantity = (units: Readonly<Record<string, number>>, max: number, text: string): number | undefined => {
  const [, digits = "", letter = ""] = /^([0-9]{1,16})([A-Za-z]?)$/.exec(text) ?? [];
  const value = Number(digits) * (units[letter] ?? units[letter.toUpperCase()] ?? 0);
  return value > 0 && value <= max ? value : undefined;
};

/** The number in the largest unit that divides it. */
const inUnits = (units: Readonly<Record<string, number>>, value: number): string => {
  const [letter, unit] = Object.entries(units).findLast(([, size]) => value % size === 0) ?? ["", 1];
  return `${value / unit}${letter}`;
};

export const size: Kind<Bytes> = {
  accepted: "a size above 0: a whole number of bytes, or with K, M, G or T (1024), such as `15G`",
  parse: (text) => quantity(sizeUnits, Number.MAX_SAFE_INTEGER, text),
  text: (bytes) => inUnits(sizeUnits, bytes),
};

export const duration: Kind<Seconds> = {
  accepted: "a duration above 0 and up to a year: a whole number with s, m, h or d, such as `24h`",
  parse: (text) => quantity(durationUnits, MAX_DURATION_S, text),
  // One day is written as the reference has it, 24h.
  text: (seconds) => inUnits(seconds > 86_400 ? durationUnits : { s: 1, m: 60, h: 3600 }, seconds),
};

export const choice = <const T extends string>(...values: readonly T[]): Kind<T> => ({
  accepted: oneOf(values.map((value) => `\`${value}\``)),
  parse: (text) => values.find((value) => value === text),
  text: (value) => value,
});

/** Text that fits an expression as a whole. */
const word = (pattern: RegExp, accepted: string): Kind<string> => ({
  accepted,
  parse: (text) => (pattern.test(text) ? text : undefined),
  text: (value) => value,
});

/** Without trailing and doubled slashes; undefined for what is no path of ours. */
const parsePath = (text: string): AbsPath | undefined => {
  const path = text.replace(/\/{2,}/g, "/").replace(/(?<=.)\/$/, "");
  const fits = /^\/[A-Za-z0-9._/-]+$/.test(path) && path.length <= 1_023 && !/\/\.{1,2}(\/|$)/.test(path);
  return fits ? path : undefined;
};

const pathCharacters = "of letters, digits, `.`, `_`, `-` and `/`, without `.` and `..` as components";

export const path: Kind<AbsPath> = {
  accepted: `an absolute path ${pathCharacters}`,
  parse: parsePath,
  text: (value) => value,
};

/** Caches of the past: nobody has used more directories than this on one node. */
const MAX_PATHS = 16;

export const pathsOrAuto: Kind<"auto" | readonly AbsPath[]> = {
  accepted: `\`auto\`, or up to ${MAX_PATHS} absolute paths with commas between them, each ${pathCharacters}`,
  parse: (text) => {
    if (text === "auto") return "auto";
    const paths = text.split(",").map((part) => parsePath(part.trim()));
    const fit = paths.filter((part) => part !== undefined);
    return fit.length === paths.length && fit.length <= MAX_PATHS ? fit : undefined;
  },
  text: (value) => (value === "auto" ? value : value.join(",")),
};

/** @see zfs(1M): a component holds letters, digits, `-`, `_`, `:` and `.`; a pool's name begins with a letter. */
export const dataset = word(
  /^(?=.{1,255}$)[A-Za-z][A-Za-z0-9._:-]*(\/(?!\.{1,2}(\/|$))[A-Za-z0-9._:-]+)+$/,
  "the full name of a dataset below a pool, such as `rpool/export/nova`",
);

export const mode: Kind<string> = {
  accepted: "an octal mode of three digits, or four with a leading 0, such as `0755`",
  parse: (text) => (/^0?[0-7]{3}$/.test(text) ? text.padStart(4, "0") : undefined),
  text: (value) => value,
};

export const account = word(
  /^[A-Za-z_][A-Za-z0-9._-]{0,31}$/,
  "a name of up to 32 letters, digits, `.`, `_` and `-` that begins with a letter or `_`",
);

export const fmri = word(
  /^svc:\/[A-Za-z0-9][A-Za-z0-9._/-]{0,127}:[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
  "the full name of a service instance, such as `svc:/application/openstack/nova/nova-compute:default`",
);

export const section = word(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/, "`auto` or the name of a section, such as `DEFAULT`");

export const port: Kind<number> = { accepted: "a port, 1 to 65535", parse: parsePort, text: String };

/** @see pkg(5): a publisher's prefix. */
export const publisher = word(
  /^[A-Za-z0-9][A-Za-z0-9.-]{0,63}$/,
  "the name of a publisher: letters, digits, `.` and `-`, such as `site`",
);

/** What `pkg install -g` takes, without a character that means anything to a shell. */
export const origin = word(
  /^(?=.{1,255}$)(https?:\/\/[A-Za-z0-9.-]+(:[0-9]{1,5})?(\/[A-Za-z0-9._~%+-]+)*\/?|(file:\/\/)?(\/(?!\.{1,2}(\/|$))[A-Za-z0-9._+-]+)+)$/,
  "the address of a package repository, such as `http://pkg.example.com/site`, or an absolute path on the node",
);
