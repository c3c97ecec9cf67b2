/**
 * The hosts of a run as a persistent table: an update copies one chunk and the spine, never all hosts, and every older
 * table stays as it was. With 10,000 hosts an update copies 64 + 157 references.
 */
import type { HostName } from "./ids.ts";

/** Rows a chunk holds: near the square root of the largest fleet we plan for, where chunk and spine cost the same. */
const chunkRows = 64;

export interface HostTable<T> {
  readonly size: number;
  readonly index: ReadonlyMap<HostName, number>;
  readonly chunks: readonly (readonly T[])[];
}

/** A table with one row a name, in the order given; a name given twice has one row. */
export const hostTable = <T>(names: Iterable<HostName>, make: (name: HostName) => T): HostTable<T> => {
  const index = new Map<HostName, number>();
  const rows: T[] = [];
  for (const name of names) {
    if (index.has(name)) continue;
    index.set(name, rows.length);
    rows.push(make(name));
  }
  const chunks: T[][] = [];
  for (let at = 0; at < rows.length; at += chunkRows) chunks.push(rows.slice(at, at + chunkRows));
  return { size: rows.length, index, chunks };
};

/** The row of a host; undefined: not in the table. */
export const rowOf = <T>({ index, chunks }: HostTable<T>, name: HostName): T | undefined => {
  const at = index.get(name);
  return at === undefined ? undefined : chunks[Math.floor(at / chunkRows)]?.[at % chunkRows];
};

/** The table with one host's row put in place of the old one; a host that is not in it leaves it as it is. */
export const withRow = <T>(table: HostTable<T>, name: HostName, row: T): HostTable<T> => {
  const at = table.index.get(name);
  const chunk = at === undefined ? undefined : table.chunks[Math.floor(at / chunkRows)];
  if (at === undefined || chunk === undefined) return table;
  return {
    ...table,
    chunks: table.chunks.with(Math.floor(at / chunkRows), chunk.with(at % chunkRows, row)),
  };
};

/** Every row, in the order of the selection. */
export function* rowsOf<T>({ chunks }: HostTable<T>): Generator<T> {
  for (const chunk of chunks) yield* chunk;
}
