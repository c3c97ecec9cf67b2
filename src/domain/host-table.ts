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
  /** Only while `opened`: the chunks that were copied for whoever writes. */
  readonly own?: Set<number>;
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
  if (table.own !== undefined) return written(table, table.own, at, row);
  return {
    ...table,
    chunks: table.chunks.with(Math.floor(at / chunkRows), chunk.with(at % chunkRows, row)),
  };
};

/**
 * A copy that `withRow` writes into, for a series of rows of which only the last state is wanted: each chunk is copied
 * once, not with every row. Nobody but the writer may see it before it is `closed`.
 */
export const opened = <T>(table: HostTable<T>): HostTable<T> => ({
  ...table,
  chunks: [...table.chunks],
  own: new Set(),
});

/** The table that was written, from here on as immutable as any. */
export const closed = <T>({ own: _, ...table }: HostTable<T>): HostTable<T> => table;

const written = <T>(table: HostTable<T>, own: Set<number>, at: number, row: T): HostTable<T> => {
  const number = Math.floor(at / chunkRows);
  const chunks = table.chunks as T[][];
  const chunk = own.has(number) ? (chunks[number] ?? []) : [...(chunks[number] ?? [])];
  chunk[at % chunkRows] = row;
  chunks[number] = chunk;
  own.add(number);
  return table;
};

/** Every row, in the order of the selection. */
export function* rowsOf<T>({ chunks }: HostTable<T>): Generator<T> {
  for (const chunk of chunks) yield* chunk;
}
