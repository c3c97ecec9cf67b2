/** Which names in a folder are inventories. @see ansible lib/ansible/inventory/manager.py, INVENTORY_IGNORE_EXTS */

/** Folders of variables, which vars-folders.ts reads, and one that Ansible keeps for itself. */
export const varsFolders = ["group_vars", "host_vars"] as const;

const skippedNames: readonly string[] = [...varsFolders, "vars_plugins"];
const skippedEndings = [
  ...[".pyc", ".pyo", ".swp", ".bak", "~", ".rpm", ".md", ".txt", ".rst"],
  ...[".orig", ".ini", ".cfg", ".retry"],
] as const;

export interface FolderNames {
  /** To read, in the order of Python's `sorted`. */
  readonly read: readonly string[];
  /** INI files: Ansible takes them for the settings of an executable that lies beside them. */
  readonly skippedIni: readonly string[];
}

export const inventoriesIn = (names: readonly string[]): FolderNames => {
  const sorted = names.filter((name) => !name.startsWith(".")).sort();
  return {
    read: sorted.filter((name) => !skippedNames.includes(name) && !skippedEndings.some((end) => name.endsWith(end))),
    skippedIni: sorted.filter((name) => name.endsWith(".ini")),
  };
};
