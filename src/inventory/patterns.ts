import { isIPv6 } from "node:net";
import type { HostName } from "../domain/ids.ts";
import { type Complaint, err, isNonEmpty, ok, type Result } from "../domain/result.ts";
import { globFits, isGlob } from "./glob.ts";
import { membersOf } from "./group-tree.ts";
import type { Inventory } from "./model.ts";
import { nearest } from "./nearest.ts";
import { oneOf, show } from "./show.ts";

/** One word of a pattern: added, kept (`&`) or taken away (`!`). Kinds yet to come: node sets, `@FILE`, `~regex`. */
interface Term {
  readonly sign: "+" | "&" | "!";
  readonly name: string;
}

/** Where a pattern was said, for complaints: an argument or `--limit`. */
type Said = "PATTERN" | "--limit";

/**
 * The hosts that patterns select, in the order of the inventory. Several patterns are a union, each limit intersects.
 * Within one pattern the order of words does not count: first what is added, then `&`, then `!`, as in Ansible.
 * A word that matches nothing is an error, an empty selection is too: `E_PATTERN`.
 */
export const selectHosts = (
  inventory: Inventory,
  patterns: readonly string[],
  limits: readonly string[],
): Result<readonly HostName[], readonly Complaint[]> => {
  const wanted = patterns.map((pattern) => hostsOf(inventory, pattern, "PATTERN"));
  const within = limits.map((limit) => hostsOf(inventory, limit, "--limit"));
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
): Result<ReadonlySet<HostName>, readonly Complaint[]> => {
  const terms = parsePattern(pattern, said);
  if (!terms.ok) return err([terms.error]);
  const found = terms.value.map((term) => ({ ...term, hosts: matching(inventory, term.name) }));
  const complaints = found
    // To take away a group that happens to be empty is no mistake; to take away a name that does not exist is.
    .filter(({ sign, name, hosts }) => hosts.size === 0 && !(sign === "!" && inventory.groups.has(name)))
    .map(({ name }) => nothingMatches(inventory, name, said));
  if (isNonEmpty(complaints)) return err(complaints);

  const selected = new Set(found.filter(({ sign }) => sign === "+").flatMap(({ hosts }) => [...hosts]));
  for (const { sign, hosts } of found)
    for (const name of selected)
      if ((sign === "&" && !hosts.has(name)) || (sign === "!" && hosts.has(name))) selected.delete(name);
  return ok(selected);
};

const parsePattern = (pattern: string, said: Said): Result<readonly Term[]> => {
  const later = notYet(pattern);
  if (later !== undefined)
    return err({
      code: "E_PATTERN",
      what: later,
      where: `${said} ${show(pattern)}`,
      try: "use names, groups, and globs with * and ?",
    });
  const words = splitPattern(pattern)
    .map((word) => word.trim())
    .filter((word) => word !== "");
  const terms = words.map(
    (word): Term =>
      word.startsWith("!") || word.startsWith("&")
        ? { sign: word.startsWith("!") ? "!" : "&", name: word.slice(1) }
        : { sign: "+", name: word },
  );
  if (terms.length === 0 || terms.some(({ name }) => name === ""))
    return err({
      code: "E_PATTERN",
      what: "the pattern, or a part of it, is empty",
      where: `${said} ${show(pattern)}`,
      try: "name hosts, groups or globs; all means every host",
    });
  if (terms.some(({ sign }) => sign === "+")) return ok(terms);
  // A limit only narrows, so it may begin with what it leaves out; a pattern has to say what it wants.
  return said === "--limit"
    ? ok([{ sign: "+", name: "all" }, ...terms])
    : err({
        code: "E_PATTERN",
        what: "the pattern only leaves hosts out",
        where: `${said} ${show(pattern)}`,
        try: `say of what: ${show(`all:${pattern}`)}`,
      });
};

const notYet = (pattern: string): string | undefined => {
  if (/(^|[,:&!])@/.test(pattern)) return "patterns of the form @FILE are not supported by this version";
  if (/(^|[,:&!])~/.test(pattern)) return "patterns of the form ~regex are not supported by this version";
  if (/[[\]]/.test(pattern)) return "node sets and other brackets in patterns are not supported by this version";
  return undefined;
};

/** Commas and colons part words, but not the colons of an IPv6 address. */
const splitPattern = (pattern: string): readonly string[] =>
  pattern.split(",").flatMap((piece) => (isAddress(piece.trim().replace(/^[&!]/, "")) ? [piece] : piece.split(":")));

/** An IPv6 address has two colons at least: a pattern without does not make Node compile its expression for one (3 ms). */
const isAddress = (text: string): boolean => text.indexOf(":") !== text.lastIndexOf(":") && isIPv6(text);

/** Hosts a name stands for: a host, else a group; a glob means every group and every host it fits. */
const matching = (inventory: Inventory, name: string): ReadonlySet<HostName> => {
  if (inventory.hosts.has(name)) return new Set([name]);
  if (name === "all" || name === "*") return new Set(inventory.hosts.keys());
  if (!isGlob(name)) return membersOf(name, inventory.groups);
  const hosts = new Set([...inventory.hosts.keys()].filter((host) => globFits(name, host)));
  // The built-in groups are not matched by globs: `a*` must not mean all.
  for (const group of inventory.groups.keys())
    if (group !== "all" && group !== "ungrouped" && globFits(name, group))
      for (const host of membersOf(group, inventory.groups)) hosts.add(host);
  return hosts;
};

const nothingMatches = (inventory: Inventory, name: string, said: Said): Complaint => {
  if (inventory.groups.has(name))
    return {
      code: "E_PATTERN",
      what: `the group ${show(name)} has no hosts`,
      where: `${said} ${show(name)}`,
      try: "add hosts to it, or name another group",
    };
  const close = nearest(name, [...inventory.groups.keys(), ...inventory.hosts.keys()]);
  return {
    code: "E_PATTERN",
    what: `no host and no group matches ${show(name)}`,
    where: `${said} ${show(name)}`,
    try: close.length > 0 ? `did you mean ${oneOf(close)}?` : "novasweep inventory lists every host",
  };
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
