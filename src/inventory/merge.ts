import { type Complaint, err, isNonEmpty, ok, type Result } from "../domain/result.ts";
import { findCycle } from "./group-tree.ts";
import { type Inventory, MAX_GROUPS, MAX_HOSTS, type Variable } from "./model.ts";
import { nearest } from "./nearest.ts";
import { oneOf, show } from "./show.ts";
import type { HostsStatement, Statement } from "./statement.ts";

interface Growing {
  readonly hosts: Map<
    string,
    { readonly name: string; readonly groups: Set<string>; readonly variables: Map<string, Variable> }
  >;
  readonly groups: Map<string, GrowingGroup>;
  readonly complaints: Complaint[];
}

interface GrowingGroup {
  readonly name: string;
  readonly children: Set<string>;
  readonly hosts: Set<string>;
  readonly variables: Map<string, Variable>;
  readonly folderVariables: Map<string, Variable>;
  /** Where the group is declared: by a section of hosts or children. */
  declaredAt?: string;
  /** Where it is used without being declared: named as a child, or given variables. */
  usedAt?: string;
}

const builtIn: readonly string[] = ["all", "ungrouped"];

/**
 * Merges the statements of all files into one inventory. Within one file a variable of a host or group has one value;
 * a later file may override an earlier one, as in Ansible. Errors: `E_INVENTORY`.
 */
export const mergeStatements = (statements: Iterable<Statement>): Result<Inventory, readonly Complaint[]> => {
  const growing: Growing = { hosts: new Map(), groups: new Map(), complaints: [] };
  for (const name of builtIn) groupOf(growing, name).declaredAt = "built in";
  for (const statement of statements) {
    apply(growing, statement);
    if (growing.hosts.size > MAX_HOSTS) return err([tooMany("hosts", MAX_HOSTS, statement.where)]);
    if (growing.groups.size > MAX_GROUPS) return err([tooMany("groups", MAX_GROUPS, statement.where)]);
  }
  settleUngrouped(growing);
  complainOfUndeclared(growing);
  const cycle = findCycle(growing.groups);
  if (isNonEmpty(cycle))
    growing.complaints.push({
      code: "E_INVENTORY",
      what: `the groups contain each other: ${cycle.join(" > ")}`,
      where: growing.groups.get(cycle[0])?.declaredAt ?? "",
      try: "take one of them out of the children of another",
    });
  return growing.complaints.length > 0 ? err(growing.complaints) : ok({ ...growing, warnings: ambiguous(growing) });
};

const apply = (growing: Growing, statement: Statement): void => {
  switch (statement.kind) {
    case "group": {
      const group = groupOf(growing, statement.group);
      if (statement.of === "vars") group.usedAt ??= statement.where;
      else group.declaredAt ??= statement.where;
      return;
    }
    case "child":
      addChild(growing, statement);
      return;
    case "variable": {
      const group = groupOf(growing, statement.group);
      assign(growing, group.variables, statement.variable, `group ${statement.group}`);
      return;
    }
    case "hosts":
      addHosts(growing, groupOf(growing, statement.group), statement);
      return;
    case "host-variables": {
      const host = growing.hosts.get(statement.host);
      if (host === undefined) return;
      for (const variable of statement.variables) assign(growing, host.variables, variable, `host ${host.name}`);
    }
  }
};

const addChild = (growing: Growing, statement: Extract<Statement, { kind: "child" }>): void => {
  const { group, child, where } = statement;
  if (builtIn.includes(child)) {
    // `all` holds `ungrouped` anyway; files that a program wrote say so.
    if (group !== "all" || child === "all") growing.complaints.push(notAChild(statement));
    return;
  }
  groupOf(growing, group).children.add(child);
  groupOf(growing, child).usedAt ??= where;
};

const addHosts = (growing: Growing, group: GrowingGroup, { names, variables }: HostsStatement): void => {
  for (const name of names) {
    const host = growing.hosts.get(name) ?? { name, groups: new Set(), variables: new Map() };
    growing.hosts.set(name, host);
    host.groups.add(group.name);
    group.hosts.add(name);
    for (const variable of variables) assign(growing, host.variables, variable, `host ${name}`);
  }
};

const groupOf = ({ groups }: Growing, name: string): GrowingGroup => {
  const known = groups.get(name);
  if (known) return known;
  const group: GrowingGroup = {
    name,
    children: new Set(),
    hosts: new Set(),
    variables: new Map(),
    folderVariables: new Map(),
  };
  groups.set(name, group);
  return group;
};

const assign = ({ complaints }: Growing, variables: Map<string, Variable>, variable: Variable, owner: string): void => {
  const before = variables.get(variable.name);
  if (before === undefined || before.file !== variable.file) {
    variables.set(variable.name, variable);
    return;
  }
  // The values are not repeated: a variable that is not ours may be a password.
  if (before.value !== variable.value)
    complaints.push({
      code: "E_INVENTORY",
      what: `${owner} has two values for ${show(variable.name)}: one at ${before.where}, another at ${variable.where}`,
      where: variable.where,
      try: `keep one of the two lines, or make them agree`,
    });
};

/** A host is in `ungrouped` exactly when it is in no other group but `all`. */
const settleUngrouped = ({ hosts, groups }: Growing): void => {
  const ungrouped = groups.get("ungrouped")?.hosts;
  for (const host of hosts.values()) {
    host.groups.delete("all");
    if (host.groups.size > 1) host.groups.delete("ungrouped");
    if (host.groups.size === 0) host.groups.add("ungrouped");
    if (host.groups.has("ungrouped")) ungrouped?.add(host.name);
    else ungrouped?.delete(host.name);
  }
};

const notAChild = ({ child, where }: Extract<Statement, { kind: "child" }>): Complaint => ({
  code: "E_INVENTORY",
  what: `the built-in group ${show(child)} cannot be a child of a group`,
  where,
  try: "name the groups it should hold",
});

const complainOfUndeclared = ({ groups, complaints }: Growing): void => {
  const declared = [...groups.values()].filter((group) => group.declaredAt !== undefined).map(({ name }) => name);
  for (const { name, declaredAt, usedAt } of groups.values()) {
    if (declaredAt !== undefined || usedAt === undefined) continue;
    const close = nearest(name, declared);
    complaints.push({
      code: "E_INVENTORY",
      what: `the group ${show(name)} is used here but declared nowhere`,
      where: usedAt,
      try: close.length > 0 ? `did you mean ${oneOf(close)}?` : `declare it, as in [${name}]`,
    });
  }
};

/** A name that is both: a pattern means the host then, as in Ansible. */
const ambiguous = ({ hosts, groups }: Growing): readonly string[] =>
  [...groups.keys()]
    .filter((name) => hosts.has(name))
    .map((name) => `${show(name)} names both a host and a group; a pattern of that name means the host alone`);

const tooMany = (what: string, limit: number, where: string): Complaint => ({
  code: "E_INVENTORY",
  what: `with this line the inventory holds more than ${limit.toLocaleString("en")} ${what}`,
  where,
  try: "look for a mistyped range, or split the inventory",
});
