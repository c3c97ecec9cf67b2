import type { ConfFacts, DirectoryFacts, ImagesFacts, Observed } from "../domain/facts.ts";
import type { NodeSeconds } from "../domain/ids.ts";
import { normalisePath } from "../domain/path.ts";
import { BadReply, columns, type Lookup, number } from "./reply-lookup.ts";
import { MANIFEST_PATH, METHOD_PATH } from "./script.ts";

export interface LsEntry {
  readonly mode: string;
  readonly owner: string;
  readonly group: string;
  readonly size: number;
  readonly mtime: NodeSeconds;
}

/** `ls -dE`: mode, links, owner, group, size, date, time, zone, name (a link's target behind ` -> `). */
const lsLine = /^(\S+)\s+\d+\s+(\S+)\s+(\S+)\s+(\d+)\s+(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d+)? [+-]\d{4} (\/.*)$/;

export const lsEntries = (read: Lookup): ReadonlyMap<string, LsEntry> =>
  new Map(
    read.rows("ls").map((row) => {
      const [, mode = "", owner = "", group = "", size = "", day, time, fraction = "", name = ""] =
        lsLine.exec(row) ?? [];
      if (name === "") throw new BadReply(`ls printed ${JSON.stringify(row.slice(0, 80))}`);
      const mtime = Date.parse(`${day}T${time}Z`) / 1000 + Number(`0${fraction || ".0"}`);
      const path = mode.startsWith("l") ? (name.split(" -> ")[0] ?? name) : name;
      return [path, { mode, owner, group, size: Number(size), mtime }];
    }),
  );

export const conf = (read: Lookup, entries: ReadonlyMap<string, LsEntry>, path: string): Observed<ConfFacts> => {
  const entry = entries.get(path);
  if (entry === undefined) return read.unseen(`path:${path}`);
  const directory = entries.get(path.slice(0, path.lastIndexOf("/")) || "/");
  const digest = read.fact("conf.digest", (text) => text);
  // What is no regular file was not read: its mode says why, and the digest of nothing is empty.
  if (entry.mode.startsWith("-") && !digest.seen) return digest;
  const error = read.fact("conf.error", (text) => text);
  return {
    seen: true,
    value: {
      path,
      digest: digest.seen ? digest.value : "",
      ...entry,
      directoryOwner: directory?.owner ?? "",
      directoryMode: directory?.mode ?? "",
      values: read.rows("conf.values").map((row) => {
        const [section = "", key = "", value = ""] = columns(row, 3);
        return { section, key, value };
      }),
      sections: read.rows("conf.sections"),
      ...(error.seen ? { parseError: parseError(error.value) } : {}),
      inForce: read.fact("conf.inforce", normalised),
    },
  };
};

/** Compared as paths; what is none is shown as it is. */
const normalised = (text: string): string => {
  const path = normalisePath(text);
  return path.ok ? path.value : text;
};

const parseError = (text: string): { line: number; reason: string } => {
  const [line = "", ...reason] = text.split(" ");
  return { line: number(line, "conf.error"), reason: reason.join(" ") };
};

export const directories = (
  read: Lookup,
  entries: ReadonlyMap<string, LsEntry>,
  confPath: string,
): Readonly<Record<string, Observed<DirectoryFacts>>> => {
  const others = [confPath, confPath.slice(0, confPath.lastIndexOf("/")), METHOD_PATH, MANIFEST_PATH];
  const on = new Map(read.rows("on").map((row) => [columns(row, 2)[0], columns(row, 2)[1] ?? ""]));
  const images = new Map(read.rows("images").map((row) => [columns(row, 9)[0] ?? "", row]));
  const busy = byDirectory(read.rows("busy"), 2, ([name = ""]) => name);
  const evictedFirst = byDirectory(read.rows("oldest"), 3, ([bytes = "", at = ""]) => ({
    bytes: number(bytes, "oldest"),
    at: timeOf(at) ?? 0,
  }));
  const seen = [...entries]
    .filter(([path]) => !others.includes(path))
    .map(([path, { owner, group, mode }]) => {
      const dataset: Observed<string> = on.has(path)
        ? { seen: true, value: on.get(path) ?? "" }
        : read.unseen(`on:${path}`);
      const row = images.get(path);
      const cache: Observed<ImagesFacts> =
        row === undefined
          ? read.unseen(`images:${path}`)
          : { seen: true, value: { ...imagesOf(row), busy: busy(path), evictedFirst: evictedFirst(path) } };
      return [path, { seen: true, value: { owner, group, mode, dataset, images: cache } }] as const;
    });
  const unseen = read
    .unseenBelow("path:")
    .filter((path) => !others.includes(path))
    .map((path) => [path, read.unseen(`path:${path}`)] as const);
  return Object.fromEntries([...unseen, ...seen]);
};

/** Rows of `least` columns, of which the first is a directory: what `make` reads of the others, by directory. */
const byDirectory = <T>(
  rows: readonly string[],
  least: number,
  make: (rest: readonly string[]) => T,
): ((directory: string) => readonly T[]) => {
  const found = new Map<string, T[]>();
  for (const row of rows) {
    const [directory = "", ...rest] = columns(row, least);
    const list = found.get(directory) ?? [];
    list.push(make(rest));
    found.set(directory, list);
  }
  return (directory) => found.get(directory) ?? [];
};

const imagesOf = (row: string): Omit<ImagesFacts, "busy" | "evictedFirst"> => {
  const [, count = "", bytes = "", largest = "", partial = "", oldest = "-", newest = "-", entries = "", first = ""] =
    columns(row, 9);
  return {
    count: number(count, "images"),
    bytes: number(bytes, "images"),
    oldest: timeOf(oldest),
    newest: timeOf(newest),
    largestBytes: number(largest, "images"),
    partial: number(partial, "images"),
    entries: number(entries, "images"),
    firstEntry: first,
  };
};

const timeOf = (text: string): NodeSeconds | null => {
  if (text === "-") return null;
  const at = Date.parse(`${text}Z`) / 1000;
  if (!Number.isFinite(at)) throw new BadReply(`a time that is none: ${JSON.stringify(text.slice(0, 40))}`);
  return at;
};
