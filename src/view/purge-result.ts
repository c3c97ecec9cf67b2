/** What a purge took out, host by host and in total: a table and JSON. */
import { isPurge, type PurgeChange, purgeTarget } from "../domain/change.ts";
import type { Purged } from "../domain/event.ts";
import type { HostState } from "../domain/host-state.ts";
import { rowsOf } from "../domain/host-table.ts";
import type { HostName } from "../domain/ids.ts";
import type { HostPlan } from "../domain/plan.ts";
import { freedTogether, sumOfRanges } from "../domain/purge/space.ts";
import type { RunState } from "../domain/run-state.ts";
import { safeJson, visibleSafe } from "../domain/safe-text.ts";
import { size } from "../domain/size.ts";
import { padTo, widest } from "./cells.ts";
import { rangeWords } from "./purge-words.ts";
import { hostsWords, outcomeWord } from "./words.ts";

/** One thing that was to go, with what became of it; `done` is absent where nothing was done. */
interface Piece {
  readonly host: HostState;
  readonly change: PurgeChange;
  readonly done: Purged | undefined;
}

const piecesOf = (state: RunState): readonly Piece[] => {
  const plans = new Map<HostName, HostPlan>(state.plan?.hosts.map((plan) => [plan.host, plan] as const));
  return [...rowsOf(state.hosts)].flatMap((host) => {
    const plan = plans.get(host.host);
    if (plan?.verdict !== "change") return [];
    return plan.changes.filter(isPurge).map((change) => ({
      host,
      change,
      done: doneOf(host.purged.filter((one) => one.change === change.kind && one.target === purgeTarget(change))),
    }));
  });
};

/** More than one where the run was taken up again: what was left went then. */
const doneOf = (parts: readonly Purged[]): Purged | undefined => {
  const [first, ...more] = parts;
  return first === undefined ? undefined : more.reduce(added, first);
};

const added = (one: Purged, other: Purged): Purged => {
  const { freedBytes: freed, ...rest } = one;
  const known = freed !== undefined && other.freedBytes !== undefined;
  return {
    ...rest,
    files: one.files + other.files,
    bytes: one.bytes + other.bytes,
    ...(known ? { freedBytes: freed + other.freedBytes } : {}),
  };
};

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

interface Totals {
  readonly hosts: number;
  readonly plannedFiles: number;
  readonly files: number;
  readonly leastBytes: number;
  readonly mostBytes: number;
  /** As far as the nodes could say. */
  readonly freedBytes: number;
  /** Whether all of them could. */
  readonly freedKnown: boolean;
  readonly heldBytes: number;
}

const heldOf = (change: PurgeChange): number => (change.kind === "boot-environment.destroy" ? 0 : change.heldBytes);

/** A boot environment counts as one. */
const filesOf = (change: PurgeChange): number => (change.kind === "boot-environment.destroy" ? 1 : change.files);

const totalsOf = (pieces: readonly Piece[]): Totals => {
  const hosts = [...Map.groupBy(pieces, ({ host }) => host.host).values()];
  return {
    hosts: hosts.length,
    plannedFiles: sum(pieces.map(({ change }) => filesOf(change))),
    files: sum(pieces.map(({ done }) => done?.files ?? 0)),
    ...sumOfRanges(hosts.map((own) => freedTogether(own.map(({ change }) => change)))),
    freedBytes: sum(pieces.map(({ done }) => done?.freedBytes ?? 0)),
    freedKnown: pieces.every((piece) => wasDone(piece) === "no" || piece.done?.freedBytes !== undefined),
    heldBytes: sum(pieces.map(({ change }) => heldOf(change))),
  };
};

/** Whether its step was carried out: a host that was begun and says nothing of it leaves it open. */
const wasDone = ({ host, done }: Piece): "yes" | "no" | "unknown" => {
  if (done !== undefined) return "yes";
  return host.begun === true && host.outcome !== "refused" ? "unknown" : "no";
};

/** One row for each thing and one for all of them; cut at `columns` where that is a terminal's. */
export const renderPurgeTable = (state: RunState, columns?: number): readonly string[] => {
  const pieces = piecesOf(state);
  if (pieces.length === 0) return ["nothing to take out"];
  const totals = totalsOf(pieces);
  const rows = [
    ["host", "outcome", "from", "files", "announced", "freed", "held"],
    ...pieces.map((piece) => rowOf(piece, state)),
    [
      "total",
      hostsWords(totals.hosts),
      "",
      String(state.check ? totals.plannedFiles : totals.files),
      rangeWords(totals),
      freedTotal(totals, state.check),
      bytesWords(totals.heldBytes),
    ],
  ];
  const widths =
    rows[0]?.map((_, at) =>
      widest(
        rows.map((row) => row[at] ?? ""),
        60,
      ),
    ) ?? [];
  return rows.map((row) => {
    const line = row
      .map((cell, at) => padTo(cell, widths[at] ?? 0))
      .join("  ")
      .trimEnd();
    return columns === undefined ? line : line.slice(0, columns);
  });
};

const rowOf = ({ host, change, done }: Piece, state: RunState): readonly string[] => [
  host.host,
  host.outcome === undefined ? "-" : outcomeWord(host.outcome, state.command),
  visibleSafe(purgeTarget(change), 60),
  String(state.check ? filesOf(change) : (done?.files ?? 0)),
  rangeWords(change.freed),
  freedWords({ host, change, done }, state.check),
  bytesWords(heldOf(change)),
];

const freedWords = (piece: Piece, check: boolean): string => {
  if (check) return "-";
  if (wasDone(piece) === "no") return "nothing";
  return piece.done?.freedBytes === undefined ? "not known" : bytesWords(piece.done.freedBytes);
};

const freedTotal = ({ freedBytes, freedKnown }: Totals, check: boolean): string => {
  if (check) return "-";
  return freedKnown ? bytesWords(freedBytes) : `${bytesWords(freedBytes)} and more`;
};

const bytesWords = (bytes: number): string => (bytes === 0 ? "nothing" : size(bytes));

/** `purge --format json`: docs/reference/purge.md. */
export const renderPurgeJson = (state: RunState): string => {
  const pieces = piecesOf(state);
  const byHost = new Map<HostName, Piece[]>();
  for (const piece of pieces) byHost.set(piece.host.host, [...(byHost.get(piece.host.host) ?? []), piece]);
  return `${safeJson(
    {
      v: 1,
      run: state.run,
      at: state.lastAt,
      check: state.check,
      hosts: [...rowsOf(state.hosts)].map((host) => ({
        name: host.host,
        outcome: host.outcome,
        purged: (byHost.get(host.host) ?? []).map(pieceJson),
        ...(host.note === undefined ? {} : { note: host.note }),
        ...(host.refusals.length === 0 ? {} : { refusals: host.refusals }),
        ...(host.failure === undefined ? {} : { failure: host.failure }),
      })),
      total: totalJson(totalsOf(pieces)),
      tally: state.tally,
    },
    2,
  )}\n`;
};

/** What could not be looked at is null, never a sum without it. */
const totalJson = ({ freedKnown, freedBytes, ...totals }: Totals): unknown => ({
  ...totals,
  freedBytes: freedKnown ? freedBytes : null,
});

const pieceJson = (piece: Piece): unknown => {
  const { change } = piece;
  return {
    kind: change.kind,
    target: purgeTarget(change),
    planned:
      change.kind === "boot-environment.destroy"
        ? { bytes: change.bytes }
        : { files: change.files, bytes: change.bytes },
    announced: change.freed,
    done: doneJson(piece),
    heldBytes: heldOf(change),
    heldBy: change.kind === "boot-environment.destroy" ? [] : change.heldBy,
  };
};

const doneJson = (piece: Piece): unknown => {
  const { done } = piece;
  if (done !== undefined) return { files: done.files, bytes: done.bytes, freedBytes: done.freedBytes ?? null };
  return wasDone(piece) === "unknown" ? { files: null, bytes: null, freedBytes: null } : null;
};
