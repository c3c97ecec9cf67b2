import type { Observed } from "../domain/facts.ts";
import type { AbsPath, NodeSeconds } from "../domain/ids.ts";
import type { EvictionFacts, ForeignFile, PlaceFacts, PurgeFacts } from "../domain/purge/facts.ts";
import { bootEnvironmentSpaces } from "./facts-boot-environments.ts";
import { BadReply, columns, type Lookup, number } from "./reply-lookup.ts";

/** What the look of a purge said; undefined when there was none. docs/remote-protocol.md, "The purge scripts". */
export const purgeFacts = (read: Lookup): PurgeFacts | undefined => {
  if (read.text("purge.now") === "") return undefined;
  const places = placesOf(read);
  const eviction = evictionOf(read, places);
  return {
    inForce: read.fact("purge.inforce", (text) => text),
    kept: keptOf(read),
    mounts: read.list("purge.mounts", (rows) => rows),
    places,
    odd: read.rows("purge.odd"),
    clones: read.list("purge.clones", clonesOf),
    ...(eviction === undefined ? {} : { eviction }),
    now: read.fact("purge.now", timeOf),
    spaces: bootEnvironmentSpaces(read),
  };
};

const timeOf = (text: string): NodeSeconds => {
  const at = Date.parse(`${text}Z`) / 1000;
  if (!Number.isFinite(at)) throw new BadReply(`a time that is none: ${JSON.stringify(text.slice(0, 40))}`);
  return at;
};

/** Nova's own names; one nobody said is unseen, never absent. */
const keptOf = (read: Lookup): PurgeFacts["kept"] => {
  const seen = read.rows("purge.kept").map((row) => {
    const [name = "", real = ""] = columns(row, 2);
    return [name, { seen: true, value: real }] as const;
  });
  const unseen = read.unseenBelow("purge.kept:").map((name) => [name, read.unseen(`purge.kept:${name}`)] as const);
  return Object.fromEntries([...unseen, ...seen]);
};

const clonesOf = (rows: readonly string[]): Readonly<Record<string, readonly string[]>> => {
  const clones = new Map<string, string[]>();
  for (const row of rows) {
    const [snapshot = "", dataset = ""] = columns(row, 2);
    clones.set(snapshot, [...(clones.get(snapshot) ?? []), dataset]);
  }
  return Object.fromEntries(clones);
};

const placesOf = (read: Lookup): PurgeFacts["places"] => {
  const seen = read.rows("purge.places").map((row) => {
    const fields = columns(row, 17);
    const path = fields[0] ?? "";
    return [path, { seen: true, value: placeOf(read, path, fields.slice(1)) }] as const;
  });
  const unseen = read.unseenBelow("purge.place:").map((path) => [path, read.unseen(`purge.place:${path}`)] as const);
  return Object.fromEntries([...seen, ...unseen]);
};

const placeOf = (read: Lookup, path: AbsPath, fields: readonly string[]): PlaceFacts => {
  const [real = "", inode = "", owner = "", dataset = ""] = fields;
  const value = (at: number): number => number(fields[at] ?? "", `what lies in ${path}`);
  const time = (at: number): NodeSeconds | null => (fields[at] === "-" ? null : timeOf(fields[at] ?? ""));
  return {
    real,
    inode,
    owner,
    dataset,
    links: rowsOf(read, "links", path).map(([link = "", by = ""]) => ({ path: link, owner: by })),
    images: { count: value(4), bytes: value(5) },
    markers: { count: value(6), bytes: value(7) },
    included: { count: value(8), bytes: value(9) },
    foreign: { count: value(10), first: rowsOf(read, "foreign", path).map(foreign) },
    oldest: time(11),
    newest: time(12),
    open: openIn(read, path),
    busy: rowsOf(read, "busy", path).map(([name = ""]) => name),
    space: {
      freeBytes: value(13),
      maybeBytes: value(14),
      heldBytes: value(15),
      holders: rowsOf(read, "holders", path).map(([snapshot = "", bytes = ""]) => ({
        snapshot,
        bytes: number(bytes, snapshot),
      })),
    },
  };
};

const openIn = (read: Lookup, path: AbsPath): Observed<readonly string[]> =>
  read.unseenBelow("purge.open:").includes(path)
    ? read.unseen(`purge.open:${path}`)
    : { seen: true, value: rowsOf(read, "open", path).map(([name = ""]) => name) };

const kinds: readonly ForeignFile["kind"][] = ["file", "directory", "link", "other"];

const foreign = ([kind = "", bytes = "", ...name]: readonly string[]): ForeignFile => ({
  kind: kinds.find((one) => one === kind) ?? "other",
  bytes: number(bytes, "a foreign file"),
  name: name.join("\t"),
});

/** The rows of one list that are of one directory, without it. */
const rowsOf = (read: Lookup, list: string, path: AbsPath): readonly (readonly string[])[] =>
  read
    .rows(`purge.${list}`)
    .map((row) => columns(row, 2))
    .flatMap(([of, ...rest]) => (of === path ? [rest] : []));

const SUMMARY =
  /^nova-cache-cleanup \S+: would evict (\d+) images, (\d+) bytes, .*leftovers (\d+) of (\d+) bytes, kept \d+, young (\d+), open (\d+), downloading (\d+), failed \d+: (.*)$/;
/** With these words it took all it was asked for: what else it had to keep does not matter. */
const ENOUGH = /^(target reached|within the limit|enough is free)$/;

/** The cleaner's answer to what it would do: its last line says it, the ones before are notes. */
const evictionOf = (read: Lookup, places: PurgeFacts["places"]): Observed<EvictionFacts> | undefined => {
  if (read.unseenBelow("purge.eviction").length > 0) return read.unseen("purge.eviction");
  const rows = read.rows("purge.eviction");
  if (rows.length === 0) return undefined;
  const [, images = "", bytes = "", leftovers = "", leftoverBytes = "", young, open, downloading, words = ""] =
    SUMMARY.exec(rows.at(-1) ?? "") ?? [];
  const kept = [`${young} younger than cache_min_age`, `${open} open`, `${downloading} being downloaded`];
  const stays = ENOUGH.test(words) ? [] : kept.filter((text) => !text.startsWith("0 "));
  if (images === "") throw new BadReply(`the cleaner ended with ${JSON.stringify((rows.at(-1) ?? "").slice(0, 80))}`);
  const [place] = Object.values(places);
  if (!place?.seen) return { seen: false, why: "failed", detail: "its directory was not looked at" };
  return {
    seen: true,
    value: {
      images: Number(images),
      bytes: Number(bytes),
      leftovers: Number(leftovers),
      leftoverBytes: Number(leftoverBytes),
      words,
      notes: [
        ...rows.slice(0, -1).map((row) => row.replace(/^nova-cache-cleanup: note: /, "")),
        ...(stays.length === 0 ? [] : [`images that stay: ${stays.join(", ")}`]),
      ],
      space: place.value.space,
    },
  };
};
