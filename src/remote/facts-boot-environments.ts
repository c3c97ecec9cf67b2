import type { BootEnvironmentSpace } from "../domain/boot-environments.ts";
import type { Observed } from "../domain/facts.ts";
import type { Bytes } from "../domain/ids.ts";
import { columns, type Lookup, number } from "./reply-lookup.ts";

/**
 * What `be_look` says, by boot environment: rows BE UNIQUE SNAPSHOTS and BE FILESYSTEM BYTES. One that has no row could
 * not be worked out. Throws BadReply on an answer that cannot be understood.
 */
export const bootEnvironmentSpaces = (read: Lookup): Observed<Readonly<Record<string, BootEnvironmentSpace>>> => {
  const origins = read.list("be.origins", originsOf);
  // Without them a destroy would seem to free less than it may.
  if (!origins.seen) return read.list("be.space", () => undefined).seen ? origins : read.unseen("be.space");
  return read.list("be.space", (rows) =>
    Object.fromEntries(
      rows.map((row) => {
        const [name = "", unique = "", snapshots = ""] = columns(row, 3);
        const own = origins.value.get(name) ?? new Map<string, Bytes>();
        const space: BootEnvironmentSpace = {
          uniqueBytes: number(unique, `what ${name} alone holds`),
          snapshotBytes: number(snapshots, `what the snapshots of ${name} hold`),
          origins: Object.fromEntries(own),
          originBytes: [...own.values()].reduce((sum, bytes) => sum + bytes, 0),
        };
        return [name, space];
      }),
    ),
  );
};

const originsOf = (rows: readonly string[]): ReadonlyMap<string, ReadonlyMap<string, Bytes>> => {
  const byName = new Map<string, Map<string, Bytes>>();
  for (const row of rows) {
    const [name = "", filesystem = "", bytes = ""] = columns(row, 3);
    const own = byName.get(name) ?? new Map<string, Bytes>();
    byName.set(name, own.set(filesystem, number(bytes, `what the snapshots of ${filesystem} hold`)));
  }
  return byName;
};
