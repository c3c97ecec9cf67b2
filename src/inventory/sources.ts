import { dirname } from "node:path";
import { type Complaint, err, isNonEmpty, ok, type Result } from "../domain/result.ts";
import { type Claims, layer, noClaims } from "./claims.ts";
import { readExecutable } from "./executable.ts";
import type { ReadFile } from "./files.ts";
import { inventoriesIn, varsFolders } from "./folder.ts";
import { formatOf } from "./format.ts";
import { parseIni } from "./ini-grammar.ts";
import { mergeStatements } from "./merge.ts";
import type { Inventory } from "./model.ts";
import { parseSettingsFile } from "./settings-file.ts";
import { bad, emptyReading, type Reading } from "./statement.ts";
import { readStructured } from "./structured.ts";
import { unreadable } from "./unreadable.ts";
import { withVarsFolders } from "./vars-folders.ts";

/** Inventories in one directory, its subdirectories included. */
const MAX_SOURCES = 1_000;
/** Directories within a directory: more is a link that leads round. */
const MAX_DEPTH = 8;

interface Context {
  readonly read: ReadFile;
  readonly interrupt: AbortSignal;
  /** What all sources said so far. */
  readonly all: Reading;
  /** Where folders of variables may lie: beside each inventory that was named. */
  readonly places: Set<string>;
  sources: number;
}

/**
 * Reads and merges inventories: INI, YAML, JSON, executables, and directories of them, with the `group_vars` and
 * `host_vars` beside each. Aborting `interrupt` kills what is being executed. Errors: `E_INVENTORY`; no hosts is one.
 */
export const readInventories = async (
  paths: readonly string[],
  read: ReadFile,
  interrupt: AbortSignal = new AbortController().signal,
): Promise<Result<Inventory, readonly Complaint[]>> => {
  const all = emptyReading();
  const context: Context = { read, interrupt, all, places: new Set(), sources: 0 };
  for (const path of paths) await readSource(path, 0, context);
  if (isNonEmpty(all.complaints)) return err(all.complaints);
  const merged = mergeStatements(all.statements);
  if (!merged.ok) return merged;
  if (merged.value.hosts.size === 0) return err([noHosts(paths, all.warnings)]);
  const inventory = await withVarsFolders(merged.value, [...context.places], read, all);
  if (isNonEmpty(all.complaints)) return err(all.complaints);
  return ok({ ...inventory, warnings: [...all.warnings, ...inventory.warnings] });
};

const readSource = async (path: string, depth: number, context: Context): Promise<void> => {
  const { read, all } = context;
  const found = read(path);
  if (++context.sources === MAX_SOURCES)
    all.complaints.push(bad(path, `with this file there are ${MAX_SOURCES} inventories`, "name a smaller directory"));
  if (context.sources >= MAX_SOURCES) return;
  if (depth === 0) context.places.add(found.kind === "directory" ? path : dirname(path));
  switch (found.kind) {
    case "bytes":
      return readText(path, found.bytes, all);
    case "program":
      return readOn(all, (reading) => readExecutable(path, reading, context.interrupt));
    case "directory":
      return readFolder(path, found.names, depth, context);
    case "missing":
      all.complaints.push(
        bad(path, "there is no such inventory", "name one with -i, or write the hosts there, one a line"),
      );
      return;
    default:
      all.complaints.push(unreadable("E_INVENTORY", path, found));
  }
};

/** Each file may list its own MAX_MEMBERSHIPS. */
const readOn = async (all: Reading, read: (reading: Reading) => Promise<void>): Promise<void> => {
  const reading = emptyReading();
  await read(reading);
  for (const statement of reading.statements) all.statements.push(statement);
  all.complaints.push(...reading.complaints);
  all.warnings.push(...reading.warnings);
};

const readText = async (path: string, bytes: Uint8Array, all: Reading): Promise<void> => {
  if (formatOf(path, bytes) === "yaml") return readOn(all, (reading) => readStructured(bytes, path, reading));
  const statements = parseIni(bytes, path);
  if (statements.ok) for (const statement of statements.value) all.statements.push(statement);
  else if (bytes[0] === 0x23 && bytes[1] === 0x21)
    all.complaints.push(
      bad(`${path}:1`, "the file begins as a script does (#!), but may not be executed", `chmod +x ${path}`),
    );
  else all.complaints.push(...statements.error);
};

const readFolder = async (path: string, names: readonly string[], depth: number, context: Context): Promise<void> => {
  const { complaints, warnings } = context.all;
  if (depth > MAX_DEPTH) {
    complaints.push(
      bad(path, `directories are nested more than ${MAX_DEPTH} deep`, "look for a link that leads round"),
    );
    return;
  }
  const base = path.replace(/(?<=.)\/+$/, "");
  const { read, skippedIni } = inventoriesIn(names);
  for (const name of skippedIni)
    warnings.push(`${base}/${name} is not read: of a directory, files that end in .ini are left out, as in Ansible`);
  for (const name of depth > 0 ? varsFolders.filter((folder) => names.includes(folder)) : [])
    warnings.push(`${base}/${name} is not read: only the one in the directory that -i names is, as in Ansible`);
  for (const name of read) await readSource(`${base}/${name}`, depth + 1, context);
};

const noHosts = (paths: readonly string[], warnings: readonly string[]): Complaint =>
  bad(
    paths.join(", "),
    "the inventory holds no hosts",
    isNonEmpty(warnings)
      ? `look at this: ${warnings[0]}`
      : "write one host a line; docs/how-to/describe-your-nodes.md shows how",
  );

/** Reads settings files, strongest first, merged by key. Errors: `E_SETTING`. */
export const readSettingsFiles = (paths: readonly string[], read: ReadFile): Result<Claims, readonly Complaint[]> => {
  const files = paths.map((path): Result<Claims, readonly Complaint[]> => {
    const found = read(path);
    if (found.kind === "missing") return ok(noClaims());
    return found.kind === "bytes" ? parseSettingsFile(found.bytes, path) : err([unreadable("E_SETTING", path, found)]);
  });
  const complaints = files.flatMap((file) => (file.ok ? [] : file.error));
  if (isNonEmpty(complaints)) return err(complaints);
  return ok(layer(...files.flatMap((file) => (file.ok ? file.value : [])).reverse()));
};
