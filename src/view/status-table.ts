/** `status` for a person: a row a host, drift folded below, totals last. */
import type { Facts, Observed } from "../domain/facts.ts";
import { foldHosts } from "../domain/host-set.ts";
import type { HostState } from "../domain/host-state.ts";
import { rowsOf } from "../domain/host-table.ts";
import type { HostName } from "../domain/ids.ts";
import type { RunState } from "../domain/run-state.ts";
import { visibleSafe } from "../domain/safe-text.ts";
import { size } from "../domain/size.ts";
import { foldCauses } from "./causes.ts";
import { cutTo, padTo, widest } from "./cells.ts";
import { cacheFacts, legacyCaches } from "./status-facts.ts";
import { causeLines, causesOf, totals } from "./summary.ts";
import { driftWords, hostsWords, outcomeWords } from "./words.ts";

type Column = "host" | "outcome" | "release" | "nova" | "cache dir" | "used/quota" | "images" | "cleaner" | "notes";
const columns: readonly Column[] = [
  "host",
  "outcome",
  "release",
  "nova",
  "cache dir",
  "used/quota",
  "images",
  "cleaner",
  "notes",
];
/** Given up in this order when the terminal is too narrow. */
const dropOrder: readonly Column[] = ["release", "images", "cleaner", "nova", "cache dir", "used/quota"];
/** A cell wider than this is cut, whatever the terminal. */
const maxCell = 48;
const minNotes = 24;

/** The table with what is folded below it; `width` in columns, undefined: as wide as it comes (a pipe, a file). */
export const renderStatusTable = (state: RunState, width?: number): readonly string[] => {
  const hosts = [...rowsOf(state.hosts)];
  const blocks = [rowLines(hosts, width), driftLines(hosts), refusalLines(hosts), causeLines(causesOf(state))];
  return [...blocks.filter((block) => block.length > 0).flatMap((block) => [...block, ""]), totals(state)];
};

const rowLines = (hosts: readonly HostState[], width = Number.POSITIVE_INFINITY): readonly string[] => {
  const rows = [Object.fromEntries(columns.map((column) => [column, column])) as Row, ...hosts.map(rowOfHost)];
  const widths = new Map(
    columns.map((column) => [
      column,
      widest(
        rows.map((row) => row[column]),
        maxCell,
      ),
    ]),
  );
  const kept = fitting(widths, width);
  return rows.map((row) => {
    const cells = kept.map((column) => (column === "notes" ? row.notes : padTo(row[column], widths.get(column) ?? 0)));
    const line = cells.join("  ").trimEnd();
    return Number.isFinite(width) ? cutTo(line, width) : line;
  });
};

const fitting = (widths: ReadonlyMap<Column, number>, width: number): readonly Column[] => {
  let kept = columns;
  const need = (): number =>
    kept.reduce(
      (sum, column) => sum + 2 + Math.min(widths.get(column) ?? 0, column === "notes" ? minNotes : maxCell),
      -2,
    );
  for (const column of dropOrder) {
    if (need() <= width) break;
    kept = kept.filter((each) => each !== column);
  }
  return kept;
};

type Row = Record<Column, string>;

const rowOfHost = (host: HostState): Row => ({
  host: host.host,
  outcome: host.outcome === undefined ? host.phase : outcomeWords[host.outcome],
  ...(host.facts === undefined ? unseenCells : factCells(host.facts)),
  notes: notesOf(host),
});

const unseenCells = {
  release: "?",
  nova: "?",
  "cache dir": "?",
  "used/quota": "?",
  images: "?",
  cleaner: "?",
};

/** `-` was looked at and is not there, `?` could not be looked at. */
const cell = <T>(observed: Observed<T>, show: (value: T) => string): string => {
  if (observed.seen) return visibleSafe(show(observed.value), maxCell);
  return observed.why === "absent" ? "-" : "?";
};

const factCells = (facts: Facts): typeof unseenCells => {
  const cache = cacheFacts(facts);
  const service = cell(facts.service, ({ state, nextState }) => (nextState === "none" ? state : `${state}*`));
  return {
    release: visibleSafe(facts.system.version, 16),
    nova: facts.nova.seen ? `${visibleSafe(facts.nova.value.version, 20)} ${service}` : cell(facts.nova, () => ""),
    "cache dir": cell(cache.dir, (dir) => dir),
    "used/quota": cell(
      cache.dataset,
      ({ usedBytes, quotaBytes }) => `${size(usedBytes)} / ${quotaBytes === 0 ? "none" : size(quotaBytes)}`,
    ),
    images: cell(cache.images, ({ count }) => `${count}`),
    cleaner: cell(facts.cleaner, ({ service: { state } }) => state),
  };
};

const notesOf = (host: HostState): string => {
  const caches = host.facts === undefined ? undefined : legacyCaches(host.facts);
  const legacy = caches?.seen ? caches.value.length : 0;
  const parts = [
    host.failure?.code,
    ...new Set(host.refusals.map(({ code }) => code)),
    host.drift.length > 0 ? [...new Set(host.drift.map(({ aspect }) => aspect))].join(" ") : undefined,
    host.note === undefined ? undefined : visibleSafe(host.note, 80),
    legacy > 0 ? `${legacy} legacy ${legacy === 1 ? "cache" : "caches"}` : undefined,
  ];
  return parts.filter((part) => part !== undefined).join(", ");
};

const driftLines = (hosts: readonly HostState[]): readonly string[] => {
  const byDrift = new Map<string, HostName[]>();
  for (const { host, drift } of hosts) {
    for (const each of drift) {
      const line = driftWords(each);
      const names = byDrift.get(line) ?? [];
      names.push(host);
      byDrift.set(line, names);
    }
  }
  return [...byDrift]
    .sort(([, a], [, b]) => b.length - a.length)
    .map(([line, names]) => `${line}, on ${hostsWords(names.length)}: ${foldHosts(names)}`);
};

/** Hosts that were compared and would not be acted on: a rollout would refuse them, for these reasons. */
const refusalLines = (hosts: readonly HostState[]): readonly string[] => {
  const compared = hosts.filter(({ outcome }) => outcome === "drifted" || outcome === "in-sync");
  const troubles = compared.flatMap(({ host, refusals }) =>
    refusals.map((what) => ({ host, outcome: "refused" as const, what, note: undefined })),
  );
  return troubles.length === 0
    ? []
    : ["a rollout would refuse", ...causeLines(foldCauses(troubles)).map((line) => `  ${line}`)];
};
