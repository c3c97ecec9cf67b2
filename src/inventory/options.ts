import { type Complaint, err, isNonEmpty, ok, type Result } from "../domain/result.ts";
import { type Claims, claim, noClaims } from "./claims.ts";
import { show } from "./show.ts";

/** Options of the command line that are settings too. */
export interface ConnectionOptions {
  readonly user?: string;
  readonly port?: string;
  readonly become?: string;
  readonly jump?: string;
  readonly transport?: string;
}

/**
 * What the command line asks for; of several `--set` of one name the last counts. `--user x` and `--set user=x` are of
 * equal weight, so they may not disagree. Errors: `E_SETTING`.
 */
export const claimsOfOptions = (
  set: readonly string[],
  options: ConnectionOptions,
): Result<Claims, readonly Complaint[]> => {
  const claims = noClaims();
  const complaints = set.flatMap((text) => {
    const at = text.indexOf("=");
    const source = `--set ${show(text).slice(1, -1)}`;
    if (at < 1)
      return [{ code: "E_SETTING", what: "--set needs KEY=VALUE", where: source, try: "--set cache_quota=20G" }];
    const done = claim(claims, text.slice(0, at).trim(), text.slice(at + 1).trim(), source);
    return done.ok ? [] : [done.error];
  });
  for (const name of ["user", "port", "become", "jump", "transport"] as const) {
    const value = options[name];
    if (value === undefined) continue;
    const before = claims.values[name];
    const source = claims.sources[name];
    const done = claim(claims, name, value, `--${name}`, `--${name}`);
    if (!done.ok) complaints.push(done.error);
    else if (before !== undefined && before !== claims.values[name])
      complaints.push({
        code: "E_SETTING",
        what: `${name} is given two values`,
        where: `--${name}, ${source}`,
        try: "keep one of the two",
      });
  }
  return isNonEmpty(complaints) ? err(complaints) : ok(claims);
};
