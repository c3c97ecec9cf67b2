import type { HostName } from "../domain/ids.ts";
import { type Complaint, err, isNonEmpty, ok, type Result } from "../domain/result.ts";
import type { ReadFile } from "./files.ts";
import { hostsOfTerm } from "./matching.ts";
import type { Inventory } from "./model.ts";
import { show } from "./show.ts";
import { parsePattern, type Said } from "./terms.ts";

/** Complaints about one pattern: looking for the nearest names costs, and more are not read. */
const MAX_COMPLAINTS = 20;

/**
 * The hosts that patterns select, in the order of the inventory. Several patterns are a union, each limit intersects.
 * Within one pattern the order of words does not count: first what is added, then `&`, then `!`, as in Ansible.
 * A word that matches nothing is an error, an empty selection is too: `E_PATTERN`. `read` opens the files of `@FILE`.
 */
export const selectHosts = (
  inventory: Inventory,
  patterns: readonly string[],
  limits: readonly string[],
  read: ReadFile,
): Result<readonly HostName[], readonly Complaint[]> => {
  const wanted = patterns.map((pattern) => hostsOf(inventory, pattern, "PATTERN", read));
  const within = limits.map((limit) => hostsOf(inventory, limit, "--limit", read));
  const complaints = [...wanted, ...within].flatMap((found) => (found.ok ? [] : found.error));
  if (isNonEmpty(complaints)) return err(complaints);

  const union = new Set(wanted.flatMap((found) => (found.ok ? [...found.value] : [])));
  const selected = [...inventory.hosts.keys()].filter(
    (name) => union.has(name) && within.every((found) => found.ok && found.value.has(name)),
  );
  return selected.length > 0 ? ok(selected) : err([emptySelection(patterns, limits, union.size)]);
};

const hostsOf = (
  inventory: Inventory,
  pattern: string,
  said: Said,
  read: ReadFile,
): Result<ReadonlySet<HostName>, readonly Complaint[]> => {
  const terms = parsePattern(pattern, said);
  if (!terms.ok) return err([terms.error]);
  const selected = new Set<HostName>();
  const excluded = new Set<HostName>();
  const within: ReadonlySet<HostName>[] = [];
  const complaints: Complaint[] = [];
  for (const term of terms.value) {
    if (complaints.length >= MAX_COMPLAINTS) break;
    const found = hostsOfTerm(inventory, term, said, read);
    if (!found.ok) complaints.push(...found.error);
    else if (term.sign === "&") within.push(found.value);
    else for (const name of found.value) (term.sign === "+" ? selected : excluded).add(name);
  }
  if (isNonEmpty(complaints)) return err(complaints);
  return ok(new Set([...selected].filter((name) => !excluded.has(name) && within.every((hosts) => hosts.has(name)))));
};

const emptySelection = (patterns: readonly string[], limits: readonly string[], before: number): Complaint => ({
  code: "E_PATTERN",
  what:
    before === 0
      ? `the selection is empty: ${patterns.map(show).join(" ")} leaves out every host it names`
      : `the selection is empty: none of its ${before} hosts is within --limit ${limits.map(show).join(" ")}`,
  where: `PATTERN ${patterns.map(show).join(" ")}`,
  try: "novasweep inventory lists every host",
});
