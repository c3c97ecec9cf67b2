/** Ansible's YAML inventory: groups as maps of `hosts`, `children` and `vars`. */
import { type Data, type Entry, kindWords } from "./data.ts";
import { variablesOf } from "./data-variables.ts";
import { parseHostWord } from "./host-word.ts";
import { nearest } from "./nearest.ts";
import { oneOf, show } from "./show.ts";
import { addStatement, bad, type Place, type Reading } from "./statement.ts";

/** Groups within groups in one file. Deeper means a map that holds itself through an alias. */
const MAX_DEPTH = 100;
const sections = ["hosts", "children", "vars"] as const;

/**
 * Reads the groups at the top of a file. What Ansible skips with a warning (a key that is none of the three) is
 * complained of: hosts would be missing. @see ansible lib/ansible/plugins/inventory/yaml.py
 */
export const readGroupMaps = (groups: readonly Entry[], file: string, reading: Reading): void => {
  for (const group of groups) readGroup(group, file, reading, 0);
};

const readGroup = ({ key: group, where, value }: Entry, file: string, reading: Reading, depth: number): void => {
  const wrong = (at: string, what: string, advice: string) => reading.complaints.push(bad(at, what, advice));
  if (!isGroupName(group)) {
    wrong(where, `${show(group)} cannot be the name of a group`, acceptedGroup);
    return;
  }
  if (depth > MAX_DEPTH) {
    wrong(where, `groups are nested more than ${MAX_DEPTH} deep`, "look for a group that holds itself by an alias");
    return;
  }
  addStatement(reading, { kind: "group", group, of: "hosts", where });
  if (value.kind === "nothing") return;
  if (value.kind !== "map") {
    wrong(
      value.where,
      `the group ${show(group)} is ${kindWords[value.kind]} here, not a map`,
      "write hosts:, children: or vars: below it",
    );
    return;
  }
  for (const section of value.entries())
    switch (section.key) {
      case "hosts":
        readHosts(section.value, group, file, reading);
        break;
      case "children":
        for (const child of namesOf(section.value, section, reading)) {
          addStatement(reading, { kind: "child", group, child: child.key, where: child.where });
          readGroup(child, file, reading, depth + 1);
        }
        break;
      case "vars":
        for (const variable of variablesOf(section.value, file, reading))
          addStatement(reading, { kind: "variable", group, variable, where: variable.where });
        break;
      default:
        wrong(section.where, `${show(section.key)} is no part of a group`, adviceOnKey(section.key));
    }
};

const readHosts = (hosts: Data, group: string, file: string, reading: Reading): void => {
  for (const { key, where, value } of namesOf(hosts, { key: "hosts", where: hosts.where }, reading)) {
    const place: Place = { file, where };
    const word = parseHostWord(key, place);
    if (!word.ok) {
      reading.complaints.push(word.error);
      continue;
    }
    const variables = [...word.value.variables, ...variablesOf(value, file, reading)];
    if (!addStatement(reading, { kind: "hosts", group, names: word.value.names, variables, where })) return;
  }
};

/** The keys of `hosts` or `children`; a single name may stand there as text, as in Ansible. */
const namesOf = (data: Data, section: Pick<Entry, "key" | "where">, reading: Reading): readonly Entry[] => {
  if (data.kind === "map") return data.entries();
  if (data.kind === "nothing") return [];
  if (data.kind === "text" && !/\s/.test(data.text))
    return [{ key: data.text, where: data.where, value: { kind: "nothing", where: data.where } }];
  reading.complaints.push(
    bad(
      data.where,
      data.kind === "text" ? `${section.key} is one text here` : `${section.key} is ${kindWords[data.kind]} here`,
      "write one name a line with a colon behind it, without a dash",
    ),
  );
  return [];
};

const adviceOnKey = (key: string): string => {
  const close = nearest(key, sections);
  return close.length > 0 ? `did you mean ${oneOf(close)}?` : "variables stand below vars:, groups below children:";
};

const acceptedGroup = "accepted: a name without blanks, colons and brackets";

/** What INI can say between brackets too, and nothing that moves a cursor. */
export const isGroupName = (name: string): boolean => /^[^:\][\s\p{C}]{1,253}$/u.test(name);
