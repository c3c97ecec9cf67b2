/** `group_vars/` and `host_vars/` beside an inventory. @see ansible lib/ansible/plugins/vars/host_group_vars.py */
import { extname, join } from "node:path";
import { variablesOf } from "./data-variables.ts";
import type { ReadFile } from "./files.ts";
import { isYamlName } from "./format.ts";
import type { Inventory, Variable, Variables } from "./model.ts";
import { bad, type Reading } from "./statement.ts";
import { parseLazily } from "./structured.ts";
import { unreadable } from "./unreadable.ts";

/** In this order the first that is there counts, alone. The bare name may be a folder of files. */
const endings = ["", ".yml", ".yaml", ".json"] as const;
/** Folders within a folder of one group: more is a link that leads round. */
const MAX_DEPTH = 8;

interface Folder {
  readonly path: string;
  readonly names: ReadonlySet<string>;
}

interface Context {
  readonly read: ReadFile;
  readonly reading: Reading;
}

/**
 * The inventory with the variables of the folders in each of `places`; a later place overrides an earlier one.
 * What names no group and no host is not read.
 */
export const withVarsFolders = async (
  inventory: Inventory,
  places: readonly string[],
  read: ReadFile,
  reading: Reading,
): Promise<Inventory> => {
  const context: Context = { read, reading };
  const groupFolders = places.flatMap((place) => folderAt(join(place, "group_vars"), context));
  const hostFolders = places.flatMap((place) => folderAt(join(place, "host_vars"), context));
  if (groupFolders.length === 0 && hostFolders.length === 0) return inventory;

  const groups = new Map(inventory.groups);
  for (const group of groups.values()) {
    const folderVariables = await variablesFor(group.name, groupFolders, context);
    if (folderVariables.size > 0) groups.set(group.name, { ...group, folderVariables });
  }
  const hosts = new Map(inventory.hosts);
  for (const host of hosts.values()) {
    const stronger = await variablesFor(host.name, hostFolders, context);
    if (stronger.size > 0) hosts.set(host.name, { ...host, variables: new Map([...host.variables, ...stronger]) });
  }
  return { ...inventory, groups, hosts };
};

const folderAt = (path: string, { read, reading }: Context): readonly Folder[] => {
  const found = read(path);
  if (found.kind === "directory") return [{ path, names: new Set(found.names) }];
  if (found.kind === "unreadable") reading.complaints.push(unreadable("E_INVENTORY", path, found));
  else if (found.kind !== "missing") reading.warnings.push(`${path} is not read: it is no directory`);
  return [];
};

const variablesFor = async (name: string, folders: readonly Folder[], context: Context): Promise<Variables> => {
  const variables = new Map<string, Variable>();
  for (const { path, names } of folders) {
    const [first, ...others] = endings.map((ending) => name + ending).filter((file) => names.has(file));
    if (first === undefined) continue;
    for (const other of others)
      context.reading.warnings.push(
        `${path}/${other} is not read: ${path}/${first} is there, and Ansible reads only that`,
      );
    for (const variable of await readBelow(`${path}/${first}`, 0, context)) variables.set(variable.name, variable);
  }
  return variables;
};

/** A file's variables; of a folder those of all files below it in the order of their names. */
const readBelow = async (path: string, depth: number, context: Context): Promise<readonly Variable[]> => {
  const { read, reading } = context;
  const found = read(path);
  if (found.kind === "bytes") return readVariables(path, found.bytes, reading);
  if (found.kind !== "directory") {
    reading.complaints.push(unreadable("E_INVENTORY", path, found));
    return [];
  }
  if (depth > MAX_DEPTH) {
    reading.complaints.push(
      bad(path, `folders are nested more than ${MAX_DEPTH} deep`, "look for a link that leads round"),
    );
    return [];
  }
  const variables: Variable[] = [];
  for (const name of [...found.names].sort())
    if (!name.startsWith(".") && !name.endsWith("~") && (extname(name) === "" || isYamlName(name)))
      variables.push(...(await readBelow(`${path}/${name}`, depth + 1, context)));
  return variables;
};

const readVariables = async (path: string, bytes: Uint8Array, reading: Reading): Promise<readonly Variable[]> => {
  const data = await parseLazily(bytes, path, reading);
  if (data?.kind === "sealed") {
    reading.warnings.push(`${path} is not read: it is encrypted with ansible-vault`);
    return [];
  }
  return data === undefined ? [] : variablesOf(data, path, reading);
};
