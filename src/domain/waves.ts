import { err, ok, type Result } from "./result.ts";

/** A count of hosts, or a share of them. */
export type Share =
  | { readonly kind: "count"; readonly count: number }
  | { readonly kind: "percent"; readonly percent: number };

/** Reads `5` or `20%`; a percentage may be fractional, a count may not. */
export const parseShare = (text: string): Result<Share, string> => {
  const match = /^(\d{1,6}|\d{1,3}(?:\.\d{1,3})?(?=%))(%?)$/.exec(text.trim());
  if (match?.[1] === undefined) return err(`${JSON.stringify(text)} is neither a number nor a percentage`);
  const value = Number(match[1]);
  if (match[2] !== "%") return ok({ kind: "count", count: value });
  return value <= 100 ? ok({ kind: "percent", percent: value }) : err(`${text} is more than all`);
};

/** The hosts a share allows, of `total`, rounded down: what a limit means. */
export const shareDown = (share: Share, total: number): number =>
  share.kind === "count" ? share.count : Math.floor((share.percent * total) / 100);

/** The hosts a share takes, of `total`, rounded up and at least 1: what a wave means. */
export const shareUp = (share: Share, total: number): number =>
  Math.max(1, share.kind === "count" ? share.count : Math.ceil((share.percent * total) / 100));

/** Cuts a list into successive waves; the last size repeats. No wave is empty, every member is in exactly one. */
export const cutWaves = <T>(members: readonly T[], sizes: readonly Share[]): readonly (readonly T[])[] => {
  const waves: T[][] = [];
  for (let at = 0; at < members.length; ) {
    const share = sizes[Math.min(waves.length, sizes.length - 1)];
    const size = share === undefined ? members.length : shareUp(share, members.length);
    waves.push(members.slice(at, at + size));
    at += size;
  }
  return waves;
};
