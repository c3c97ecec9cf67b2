import { foldHosts } from "../domain/host-set.ts";
import type { HostName } from "../domain/ids.ts";
import { type Complaint, err, ok, type Result } from "../domain/result.ts";
import type { ReadFile } from "./files.ts";
import { globFits, isGlob } from "./glob.ts";
import { membersOf } from "./group-tree.ts";
import { readHostList } from "./host-list.ts";
import { type Inventory, MAX_HOSTS } from "./model.ts";
import { nearest } from "./nearest.ts";
import { expandNodeSet, isNodeSet } from "./node-set.ts";
import { namesFitting } from "./regex.ts";
import { oneOf, show } from "./show.ts";
import type { Said, Term } from "./terms.ts";

/** Globs one node set may stand for: each is held against every name. */
const MAX_GLOBS = 100;
/** Characters of names a complaint lists. */
const MAX_LISTED = 200;

type Found = Result<ReadonlySet<HostName>, readonly Complaint[]>;

/** The hosts a word stands for, whatever its sign. A word that matches nothing is an error: `E_PATTERN`. */
export const hostsOfTerm = (inventory: Inventory, { sign, text }: Term, said: Said, read: ReadFile): Found => {
  // To take away what happens to be empty is no mistake; to take away a name that does not exist is.
  const mayBeEmpty = sign === "!";
  if (text.startsWith("@")) return readHostList(text.slice(1), said, inventory, read, mayBeEmpty);
  const where = `${said} ${show(text)}`;
  if (text.startsWith("~")) return ofRegex(inventory, text.slice(1), where, mayBeEmpty);
  if (isNodeSet(text)) return ofNodeSet(inventory, text, where);
  const hosts = ofName(inventory, text);
  const isGroup = inventory.groups.has(text);
  return hosts.size > 0 || (mayBeEmpty && isGroup) ? ok(hosts) : err([nothingMatches(inventory, text, where)]);
};

/** Hosts a name stands for: a host, else a group; a glob means every group and every host it fits. */
const ofName = (inventory: Inventory, name: string): ReadonlySet<HostName> => {
  if (inventory.hosts.has(name)) return new Set([name]);
  if (name === "all" || name === "*") return new Set(inventory.hosts.keys());
  if (!isGlob(name)) return membersOf(name, inventory.groups);
  return withMembers(
    inventory,
    [...inventory.hosts.keys()].filter((host) => globFits(name, host)),
    groupNames(inventory).filter((group) => globFits(name, group)),
  );
};

/** The built-in groups are not matched by globs and expressions: `a*` must not mean all. */
const groupNames = (inventory: Inventory): readonly string[] =>
  [...inventory.groups.keys()].filter((name) => name !== "all" && name !== "ungrouped");

const withMembers = (
  inventory: Inventory,
  hosts: readonly HostName[],
  groups: readonly string[],
): ReadonlySet<HostName> => {
  const all = new Set(hosts);
  for (const group of groups) for (const host of membersOf(group, inventory.groups)) all.add(host);
  return all;
};

const ofRegex = (inventory: Inventory, source: string, where: string, mayBeEmpty: boolean): Found => {
  const groups = groupNames(inventory);
  const fits = namesFitting(source, [...groups, ...inventory.hosts.keys()]);
  if (!fits.ok) return err([complaint(fits.error, where, "test it with: novasweep inventory '~EXPRESSION'")]);
  const found = withMembers(
    inventory,
    fits.value.filter((name) => inventory.hosts.has(name)),
    fits.value.filter((name) => inventory.groups.has(name)),
  );
  if (found.size > 0 || (mayBeEmpty && fits.value.length > 0)) return ok(found);
  const advice = "it has to fit from the beginning of a name, as in Ansible; begin it with .* where that is not meant";
  return err([complaint(`no host and no group fits the regular expression ${show(source)}`, where, advice)]);
};

/** Every name of a node set has to be there: a host that was meant and is missing would else be missed by nobody. */
const ofNodeSet = (inventory: Inventory, text: string, where: string): Found => {
  const names = expandNodeSet(text, isGlob(text) ? MAX_GLOBS : MAX_HOSTS);
  if (!names.ok)
    return err([
      complaint(`the node set ${show(text)}: ${names.error}`, where, adviceOnBrackets(inventory, text, names.error)),
    ]);
  const found = new Set<HostName>();
  const missing: string[] = [];
  for (const name of names.value) {
    const hosts = ofName(inventory, name);
    if (hosts.size === 0) missing.push(name);
    for (const host of hosts) found.add(host);
  }
  const [first] = missing;
  if (first === undefined) return ok(found);
  const close = nearest(first, [...inventory.groups.keys(), ...inventory.hosts.keys()]);
  const all = missing.length === names.value.length;
  return err([
    complaint(
      `no host and no group matches ${foldHosts(missing, MAX_LISTED)}${all ? "" : `, a part of ${show(text)}`}`,
      where,
      all && isPositional(inventory, text)
        ? "brackets are node sets here; Ansible's positions within a group are not supported"
        : close.length > 0
          ? `did you mean ${oneOf(close)}?`
          : "novasweep inventory lists every host",
    ),
  ]);
};

/** `web[0]`, `web[0:2]` are positions in the group to Ansible. */
const isPositional = (inventory: Inventory, text: string): boolean =>
  inventory.groups.has(text.slice(0, text.indexOf("[")));

const adviceOnBrackets = (inventory: Inventory, text: string, error: string): string => {
  if (isPositional(inventory, text))
    return "brackets are node sets here; Ansible's positions within a group are not supported";
  const dashed = text.replaceAll(/\[([0-9]+):([0-9]+)\]/g, "[$1-$2]");
  if (dashed !== text) return `in a pattern it is written ${show(dashed)}`;
  return error.startsWith("it stands for")
    ? "look for a mistyped number, or use a glob"
    : "a node set is cn[01-20], cn[01-05,09] or cn[0-10/2]; letters need a glob or ~regex";
};

const nothingMatches = (inventory: Inventory, name: string, where: string): Complaint => {
  if (inventory.groups.has(name))
    return complaint(`the group ${show(name)} has no hosts`, where, "add hosts to it, or name another group");
  const close = nearest(name, [...inventory.groups.keys(), ...inventory.hosts.keys()]);
  const advice = close.length > 0 ? `did you mean ${oneOf(close)}?` : "novasweep inventory lists every host";
  return complaint(`no host and no group matches ${show(name)}`, where, advice);
};

const complaint = (what: string, where: string, advice: string): Complaint => ({
  code: "E_PATTERN",
  what,
  where,
  try: advice,
});
