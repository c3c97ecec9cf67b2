/**
 * The inventory: which hosts there are, in which groups, with which variables.
 * This folder imports the domain and the npm packages `ini` and `yaml`; only files.ts touches the file system, only
 * run-program.ts runs anything.
 */
import type { HostName } from "../domain/ids.ts";

/** Hosts of all inventories together. A fleet ten times the largest one known fits; a mistyped range does not. */
export const MAX_HOSTS = 10_000;
/** Group memberships of all hosts together: bounds what many lines with large ranges may add up to. */
export const MAX_MEMBERSHIPS = 200_000;
/** Groups of all inventories together: each host looks through the variables of all groups above it. */
export const MAX_GROUPS = 2_000;
/** Bytes of one inventory or settings file: 10,000 hosts with 800 bytes each. */
export const MAX_FILE_BYTES = 8 * 1024 * 1024;

/** A variable as written: text, with quotes taken off, and where it stands (`file:line`, or a file and a JSON path). */
export interface Variable {
  readonly name: string;
  readonly value: string;
  readonly file: string;
  readonly where: string;
}

export type Variables = ReadonlyMap<string, Variable>;

export interface InventoryHost {
  readonly name: HostName;
  /** Groups that list the host themselves; the groups above them follow from the tree. */
  readonly groups: ReadonlySet<string>;
  /** Those of `host_vars/` override those of inventories. */
  readonly variables: Variables;
}

export interface Group {
  readonly name: string;
  readonly children: ReadonlySet<string>;
  /** Hosts listed in the group itself, in the order of the file. */
  readonly hosts: ReadonlySet<HostName>;
  readonly variables: Variables;
  /** From `group_vars/`: stronger than the variables that inventories give any group. */
  readonly folderVariables: Variables;
}

/** Every file merged. Hosts and groups keep the order in which the files first name them. */
export interface Inventory {
  readonly hosts: ReadonlyMap<HostName, InventoryHost>;
  /** Always holds `all` and `ungrouped`. */
  readonly groups: ReadonlyMap<string, Group>;
  readonly warnings: readonly string[];
}
