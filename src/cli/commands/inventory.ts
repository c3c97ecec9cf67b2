/** `novasweep inventory`: the hosts a pattern selects, with their settings and where each comes from. Contacts nobody. */

import { visibleSafe } from "../../domain/safe-text.ts";
import { settingKeys, settingsTable, valueText } from "../../inventory/settings-table.ts";
import type { ResolvedHost } from "../../inventory/settle.ts";
import { padTo, widest } from "../../view/cells.ts";
import { complain, type Io } from "../io.ts";
import type { InventoryRequest } from "../request.ts";
import { selectFor } from "../select.ts";

/** Prints the selection; the exit status: 0, or 2 for bad input. Warnings go to stderr. */
export const inventoryCommand = async (request: InventoryRequest, io: Io): Promise<number> => {
  const selected = await selectFor(request, io);
  if (!selected.ok) return complain(io, selected.error);
  io.stdout.write(renderInventory(selected.value.hosts, request.format));
  return 0;
};

/** The hosts as text: JSON; or a table, for a single host one line a setting. */
export const renderInventory = (hosts: readonly ResolvedHost[], format: InventoryRequest["format"]): string => {
  if (format === "json") return `${JSON.stringify({ v: 1, hosts: hosts.map(toJson) }, null, 2)}\n`;
  const [first, ...rest] = hosts;
  const rows = first !== undefined && rest.length === 0 ? settingRows(first) : hostRows(hosts);
  return table(rows);
};

/** One thing that was settled about a host: its value as one would write it, null when nothing says. */
interface Entry {
  readonly name: string;
  readonly value: string | null;
  readonly source: string;
}

const entriesOf = ({ host, sources }: ResolvedHost): readonly Entry[] => {
  const values = { ...host.settings, ...host };
  const named = settingKeys.map((key) => ({ name: settingsTable[key].name, value: valueText(values, key) ?? null }));
  const address = { name: "address", value: host.address };
  const identity = { name: "identity", value: host.identityFiles.join(",") || null };
  return [address, ...named, identity].map((entry) => ({ ...entry, source: sources[entry.name] ?? "" }));
};

const toJson = (resolved: ResolvedHost) => ({
  name: resolved.host.name,
  address: resolved.host.address,
  groups: resolved.groups,
  settings: Object.fromEntries(
    entriesOf(resolved)
      .filter(({ name }) => name !== "address")
      .map(({ name, value, source }) => [name, { value, source }]),
  ),
});

/** Columns of their own; the last column names what else somebody set. */
const columns = ["address", "port", "user", "become"] as const;

const hostRows = (hosts: readonly ResolvedHost[]): readonly (readonly string[])[] => [
  ["HOST", ...columns.map((name) => name.toUpperCase()), "SET"],
  ...hosts.map((resolved) => {
    const entries = entriesOf(resolved);
    const cell = (wanted: string) => entries.find(({ name }) => name === wanted)?.value ?? "-";
    const set = entries.filter(
      ({ name, value, source }) => value !== null && isSet(source) && !columns.some((column) => column === name),
    );
    return [resolved.host.name, ...columns.map(cell), set.map(({ name, value }) => `${name}=${value}`).join(" ")];
  }),
];

const settingRows = (resolved: ResolvedHost): readonly (readonly string[])[] => [
  ["SETTING", "VALUE", "SOURCE"],
  ["host", resolved.host.name, `in ${resolved.groups.join(", ")}`],
  ...entriesOf(resolved).map(({ name, value, source }) => [name, value ?? "-", source]),
];

const isSet = (source: string): boolean => !source.startsWith("default");

const table = (rows: readonly (readonly string[])[]): string => {
  const safe = rows.map((row) => row.map((cell) => visibleSafe(cell)));
  const widths = (safe[0] ?? []).map((_, column) =>
    widest(
      safe.map((row) => row[column] ?? ""),
      MAX_COLUMN,
    ),
  );
  const lines = safe.map((row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : padTo(cell, widths[column] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
  return `${lines.join("\n")}\n`;
};

/** Columns of the terminal for one column of the table; DNS names end well before, paths may not. */
const MAX_COLUMN = 80;
