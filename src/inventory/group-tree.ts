import type { Group, InventoryHost } from "./model.ts";

type Tree = ReadonlyMap<string, { readonly name: string; readonly children: ReadonlySet<string> }>;

/** A cycle of groups, its first member repeated at the end; empty when there is none. No recursion: a file decides the depth. */
export const findCycle = (groups: Tree): readonly string[] => {
  const left = new Set(groups.keys());
  const order = parentsFirst(groups);
  for (const name of order) left.delete(name);
  // Every group left has a parent that is left too: walking up must come round.
  const parents = parentsOf(groups);
  const path: string[] = [];
  let at = [...left][0];
  while (at !== undefined && !path.includes(at)) {
    path.push(at);
    at = [...(parents.get(at) ?? [])].find((parent) => left.has(parent));
  }
  return at === undefined ? [] : [...path.slice(path.indexOf(at)), at].reverse();
};

/** Groups so that every parent stands before its children; members of a cycle, and what hangs below one, are left out. */
const parentsFirst = (groups: Tree): readonly string[] => {
  const waiting = new Map([...parentsOf(groups)].map(([name, parents]) => [name, parents.size]));
  const order = [...groups.keys()].filter((name) => !waiting.get(name));
  for (const name of order)
    for (const child of groups.get(name)?.children ?? []) {
      const still = (waiting.get(child) ?? 0) - 1;
      waiting.set(child, still);
      if (still === 0) order.push(child);
    }
  return order;
};

const parentsOf = (groups: Tree): ReadonlyMap<string, ReadonlySet<string>> => {
  const parents = new Map<string, Set<string>>();
  for (const { name, children } of groups.values())
    for (const child of children) parents.set(child, (parents.get(child) ?? new Set()).add(name));
  return parents;
};

/**
 * A function from a host to the variables of the groups above it, weakest first: `all`, then parents before children;
 * at equal depth the name later in the alphabet wins, as in Ansible. Hosts of the same groups share one answer.
 */
export const groupLevels = (groups: ReadonlyMap<string, Group>): ((host: InventoryHost) => readonly Group[]) => {
  const parents = parentsOf(groups);
  const depth = depths(groups);
  const known = new Map<string, readonly Group[]>();
  return (host) => {
    const key = [...host.groups].sort().join("\n");
    const answer = known.get(key) ?? sortLevels(above(host.groups, parents), groups, depth);
    known.set(key, answer);
    return answer;
  };
};

const above = (direct: ReadonlySet<string>, parents: ReadonlyMap<string, ReadonlySet<string>>): ReadonlySet<string> => {
  const reached = new Set(["all", ...direct]);
  for (const name of reached) for (const parent of parents.get(name) ?? []) reached.add(parent);
  return reached;
};

/** `all` has depth 0, any other group one more than its deepest parent. */
const depths = (groups: Tree): ReadonlyMap<string, number> => {
  const depth = new Map<string, number>([["all", 0]]);
  for (const name of parentsFirst(groups)) {
    const own = depth.get(name) ?? 1;
    depth.set(name, own);
    for (const child of groups.get(name)?.children ?? []) depth.set(child, Math.max(depth.get(child) ?? 1, own + 1));
  }
  return depth;
};

const sortLevels = (
  names: ReadonlySet<string>,
  groups: ReadonlyMap<string, Group>,
  depth: ReadonlyMap<string, number>,
): readonly Group[] =>
  [...names]
    .sort((a, b) => (depth.get(a) ?? 1) - (depth.get(b) ?? 1) || (a < b ? -1 : 1))
    .flatMap((name) => groups.get(name) ?? []);

/** Every host of a group, its children's included. */
export const membersOf = (name: string, groups: ReadonlyMap<string, Group>): ReadonlySet<string> => {
  const reached = new Set([name]);
  const hosts = new Set<string>();
  for (const group of reached) {
    for (const child of groups.get(group)?.children ?? []) reached.add(child);
    for (const host of groups.get(group)?.hosts ?? []) hosts.add(host);
  }
  return hosts;
};
