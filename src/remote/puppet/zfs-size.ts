/** How zfs prints a size, which is what Puppet's zfs type compares with, as text. */
import type { Bytes } from "../../domain/ids.ts";

const UNITS = ["", "K", "M", "G", "T", "P"];
/** Widest size zfs prints with decimals, columns. */
const MAX_COLUMNS = 5;

/**
 * A size as `zfs get` prints it without -p: whole in the largest unit that is not above it (`15G`), else with as many
 * decimals, two at most, as fit (`1.50G`, `15.5G`).
 * @see zfs_nicenum of ON's libzfs_util.c, which OpenZFS kept
 */
export const zfsPrints = (bytes: Bytes): string => {
  const index = UNITS.findLastIndex((_, power) => bytes >= 1024 ** power);
  const unit = 1024 ** Math.max(index, 0);
  const letter = UNITS[Math.max(index, 0)] ?? "";
  if (bytes % unit === 0) return `${bytes / unit}${letter}`;
  const tries = [2, 1, 0].map((decimals) => `${rounded(bytes / unit, decimals)}${letter}`);
  return tries.find((text) => text.length <= MAX_COLUMNS) ?? tries.at(-1) ?? "";
};

/** As printf of C rounds: what lies in the middle goes to the even neighbour. */
const rounded = (value: number, decimals: number): string => {
  const scaled = value * 10 ** decimals;
  const below = Math.floor(scaled);
  const whole = scaled - below === 0.5 ? below + (below % 2) : Math.round(scaled);
  return (whole / 10 ** decimals).toFixed(decimals);
};

/** What zfs takes a printed size for, bytes. */
const zfsReads = (printed: string): Bytes => {
  const [, number = "", letter = ""] = /^([0-9.]+)([KMGTP]?)$/.exec(printed) ?? [];
  return Math.trunc(Number(number) * 1024 ** UNITS.indexOf(letter));
};

/**
 * The one way to write a size in Puppet: what zfs prints of it, where that says it exactly. undefined where it does not:
 * whatever one wrote then, Puppet would find it different and set it again at every run.
 */
export const zfsSize = (bytes: Bytes): string | undefined => {
  const printed = zfsPrints(bytes);
  return zfsReads(printed) === bytes ? printed : undefined;
};
