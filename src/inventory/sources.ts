import { type Complaint, err, isNonEmpty, ok, type Result, unreachable } from "../domain/result.ts";
import { type Claims, layer, noClaims } from "./claims.ts";
import type { FileRead, ReadFile } from "./files.ts";
import { parseIni } from "./ini-grammar.ts";
import { mergeStatements } from "./merge.ts";
import { type Inventory, MAX_FILE_BYTES } from "./model.ts";
import { parseSettingsFile } from "./settings-file.ts";

/** Reads and merges inventories. Errors: `E_INVENTORY`; no hosts at all is one. */
export const readInventories = (paths: readonly string[], read: ReadFile): Result<Inventory, readonly Complaint[]> => {
  const files = paths.map((path) => {
    const bytes = inventoryBytes(path, read(path));
    return bytes.ok ? parseIni(bytes.value, path) : err([bytes.error]);
  });
  const complaints = files.flatMap((file) => (file.ok ? [] : file.error));
  if (isNonEmpty(complaints)) return err(complaints);
  const merged = mergeStatements(files.flatMap((file) => (file.ok ? file.value : [])));
  if (!merged.ok || merged.value.hosts.size > 0) return merged;
  return err([
    bad(
      "the inventory holds no hosts",
      paths.join(", "),
      "write one host a line; docs/how-to/describe-your-nodes.md shows how",
    ),
  ]);
};

const inventoryBytes = (path: string, read: FileRead): Result<Uint8Array> => {
  if (read.kind === "missing")
    return err(bad("there is no such inventory", path, "name one with -i, or write the hosts there, one a line"));
  if (read.kind === "directory")
    return err(bad("directories as inventories are not supported by this version", path, "name each file with -i"));
  if (read.kind !== "bytes") return err(unreadable("E_INVENTORY", path, read));
  if (/\.(ya?ml|json)$/i.test(path))
    return err(bad("YAML and JSON inventories are not supported by this version", path, "write it in INI"));
  // "#!" and the first bytes of an ELF file; an INI file may well carry the bit by accident.
  const [first, second] = read.bytes;
  if (read.executable && ((first === 0x23 && second === 0x21) || first === 0x7f))
    return err(
      bad("executable inventories are not supported by this version", path, "write its hosts to a file in INI"),
    );
  return ok(read.bytes);
};

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

const unreadable = (code: string, where: string, read: Exclude<FileRead, { kind: "bytes" | "missing" }>): Complaint => {
  switch (read.kind) {
    case "directory":
      return { code, what: "this is a directory, not a file", where, try: "name a file" };
    case "oversized":
      return {
        code,
        what: `the file is larger than ${MAX_FILE_BYTES / 1024 ** 2} MiB`,
        where,
        try: "split it, or look whether it is the right file",
      };
    case "unreadable":
      return { code, what: `the file cannot be read: ${read.why}`, where, try: "look at its owner and mode" };
    default:
      return unreachable(read);
  }
};

const bad = (what: string, where: string, advice: string): Complaint => ({
  code: "E_INVENTORY",
  what,
  where,
  try: advice,
});
