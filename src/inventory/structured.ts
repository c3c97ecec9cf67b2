/** A YAML or JSON inventory as statements. */
import { type Data, kindWords, valueAt } from "./data.ts";
import { addHostVariables, META, readGroupLists } from "./group-lists.ts";
import { readGroupMaps } from "./group-maps.ts";
import { bad, type Reading } from "./statement.ts";

/** Parses a YAML text. The parser is loaded here and now: start-up waits for nothing it may not need. */
export const parseLazily = async (bytes: Uint8Array, file: string, reading: Reading): Promise<Data | undefined> => {
  const { parseYaml } = await import("./yaml-data.ts");
  return parseYaml(bytes, file, reading);
};

/** Reads an inventory in YAML or JSON; with `_meta` at its top it is what an executable would print for `--list`. */
export const readStructured = async (bytes: Uint8Array, file: string, reading: Reading): Promise<void> => {
  const root = await parseLazily(bytes, file, reading);
  if (root === undefined || root.kind === "nothing") return;
  if (root.kind !== "map") {
    reading.complaints.push(
      root.kind === "sealed"
        ? bad(file, "the file is encrypted with ansible-vault", "decrypt it: this version opens no vault")
        : bad(
            root.where,
            `the inventory is ${kindWords[root.kind]}, not a map of groups`,
            "begin with all: or a group",
          ),
    );
    return;
  }
  const plugin = valueAt(root, "plugin");
  if (plugin?.kind === "text") {
    reading.complaints.push(
      bad(
        plugin.where,
        "this configures an inventory plugin of Ansible, and is no inventory",
        `let Ansible ask it: ansible-inventory -i ${file} --list >hosts.json, then -i hosts.json`,
      ),
    );
    return;
  }
  if (valueAt(root, META) === undefined) {
    readGroupMaps(root.entries(), file, reading);
    return;
  }
  const { hosts, variables } = readGroupLists(root, file, reading);
  for (const host of hosts) {
    const data = variables?.get(host);
    if (data !== undefined) addHostVariables(host, data, file, reading);
  }
};
