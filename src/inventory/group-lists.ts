/** What an executable inventory prints for `--list`: groups with lists of names, and `_meta.hostvars`. */

import { acceptedName, isHostName } from "./address.ts";
import { type Data, kindWords, valueAt } from "./data.ts";
import { variablesOf } from "./data-variables.ts";
import { isGroupName } from "./group-maps.ts";
import { show } from "./show.ts";
import { addStatement, bad, type Reading } from "./statement.ts";

/** The key that is no group. */
export const META = "_meta";

export interface Listing {
  /** Every host that some group lists. */
  readonly hosts: ReadonlySet<string>;
  /** By host; undefined: the output has none, and the program wants to be asked for each host. */
  readonly variables: ReadonlyMap<string, Data> | undefined;
}

/**
 * Reads the groups of a `--list`. A group may be a list of hosts; a map with none of `hosts`, `vars` and `children` is a
 * host of that name with variables, as in Ansible. An empty map is an empty group here: Ansible would make up a host.
 * @see ansible lib/ansible/plugins/inventory/script.py
 */
export const readGroupLists = (root: Data, file: string, reading: Reading): Listing => {
  const hosts = new Set<string>();
  for (const { key: group, where, value } of root.kind === "map" ? root.entries() : []) {
    if (group === META) continue;
    if (!isGroupName(group)) {
      reading.complaints.push(
        bad(
          where,
          `${show(group)} cannot be the name of a group`,
          "accepted: a name without blanks, colons and brackets",
        ),
      );
      continue;
    }
    addStatement(reading, { kind: "group", group, of: "hosts", where });
    for (const name of readGroup(group, value, file, reading)) hosts.add(name);
  }
  return { hosts, variables: hostVariables(root, reading) };
};

/** Adds what a listing says of its hosts. */
export const addHostVariables = (host: string, data: Data, file: string, reading: Reading): void => {
  addStatement(reading, {
    kind: "host-variables",
    host,
    variables: variablesOf(data, file, reading),
    where: data.where,
  });
};

const hostVariables = (root: Data, reading: Reading): ReadonlyMap<string, Data> | undefined => {
  const meta = valueAt(root, META);
  const hostvars = meta && valueAt(meta, "hostvars");
  if (hostvars === undefined) return undefined;
  if (hostvars.kind !== "map") {
    if (hostvars.kind !== "nothing")
      reading.complaints.push(
        bad(
          hostvars.where,
          `hostvars is ${kindWords[hostvars.kind]} here, not a map`,
          "give each host a map of variables",
        ),
      );
    return new Map();
  }
  return new Map(hostvars.entries().map(({ key, value }) => [key, value]));
};

/** The hosts a group lists itself. */
const readGroup = (group: string, data: Data, file: string, reading: Reading): readonly string[] => {
  if (data.kind === "list") return readHosts(group, data, reading);
  if (data.kind !== "map") {
    reading.complaints.push(
      bad(data.where, `the group ${show(group)} is ${kindWords[data.kind]}`, "a group is a list of hosts or a map"),
    );
    return [];
  }
  const parts = new Map(data.entries().map(({ key, value }) => [key, value]));
  if (parts.size > 0 && !["hosts", "vars", "children"].some((part) => parts.has(part))) {
    addVariables(group, data, file, reading);
    return addHosts(group, [{ name: group, where: data.where }], reading);
  }
  const variables = parts.get("vars");
  if (variables) addVariables(group, variables, file, reading);
  for (const child of namesOf(parts.get("children"), `children of ${group}`, reading))
    addStatement(reading, { kind: "child", group, child: child.name, where: child.where });
  return readHosts(group, parts.get("hosts"), reading);
};

const addVariables = (group: string, data: Data, file: string, reading: Reading): void => {
  for (const variable of variablesOf(data, file, reading))
    addStatement(reading, { kind: "variable", group, variable, where: variable.where });
};

interface Named {
  readonly name: string;
  readonly where: string;
}

const readHosts = (group: string, data: Data | undefined, reading: Reading): readonly string[] =>
  addHosts(group, namesOf(data, `hosts of ${group}`, reading), reading);

const addHosts = (group: string, hosts: readonly Named[], reading: Reading): readonly string[] => {
  const names: string[] = [];
  for (const { name, where } of hosts)
    if (!isHostName(name))
      reading.complaints.push(bad(where, `${show(name)} cannot be the name of a host`, `accepted: ${acceptedName}`));
    else if (addStatement(reading, { kind: "hosts", group, names: [name], variables: [], where })) names.push(name);
  return names;
};

/** A list of texts. */
const namesOf = (data: Data | undefined, what: string, reading: Reading): readonly Named[] => {
  if (data === undefined || data.kind === "nothing") return [];
  const wrong = (where: string, kind: Data["kind"], one: string) => {
    reading.complaints.push(bad(where, `${what}: ${one} is ${kindWords[kind]}`, "write a list of names"));
    return [];
  };
  if (data.kind !== "list") return wrong(data.where, data.kind, "this");
  return data
    .items()
    .flatMap((item) =>
      item.kind === "text" ? [{ name: item.text, where: item.where }] : wrong(item.where, item.kind, "an entry"),
    );
};
