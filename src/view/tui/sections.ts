/** Failures (which never fold away), running hosts (longest first, windowed), settled hosts (one row an outcome). */
import { foldHosts } from "../../domain/host-set.ts";
import type { HostState } from "../../domain/host-state.ts";
import { layerWords } from "../../domain/layer.ts";
import type { Outcome } from "../../domain/outcome.ts";
import type { RunState } from "../../domain/run-state.ts";
import type { Cause } from "../causes.ts";
import { padLeft, padTo, widest } from "../cells.ts";
import { duration } from "../quantities.ts";
import { calmOutcomes, hostsWith } from "../summary.ts";
import { hostsWords, outcomeWord, phaseWords, stepWords } from "../words.ts";
import type { Census } from "./census.ts";
import type { View } from "./frame.ts";
import { outcomeTones, piece, type Row } from "./rows.ts";

/** What a section may take; `titled`: its first row is its title. */
export interface Room {
  readonly rows: number;
  readonly titled: boolean;
}

/** Columns a host set takes beside its message. */
const maxSetColumns = 28;
const narrowSetColumns = 12;
/** Screens narrower than this give a host set less, or no message would be left. */
const narrowColumns = 60;
const maxHostColumns = 32;

const title = (name: string, what: string): Row => [piece(name, "bold"), piece(`  ${what}`, "dim")];

const more = (count: number, one: string, many: string): Row => [
  piece(`  +${count} more ${count === 1 ? one : many}`, "bold"),
];

/** How many of `count` members are shown in `rows` rows, the last of which says how many are not. */
const windowOf = (count: number, rows: number): number => (count <= rows ? count : Math.max(1, rows - 1));

/** The causes, title included: with advice when all of it fits, else one row a cause. */
export const failureRows = (causes: readonly Cause[], { rows, titled }: Room, view: View): readonly Row[] => {
  if (rows <= 0) return [];
  const hosts = new Set(causes.flatMap((cause) => cause.hosts)).size;
  const top = title(
    titleOf(causes),
    `${hostsWords(hosts)}, ${causes.length} ${causes.length === 1 ? "cause" : "causes"}`,
  );
  const room = titled ? rows - 1 : rows;
  const advised = causes.length * 2 <= room;
  const shown = causes.slice(0, windowOf(causes.length, room));
  const setColumns = view.columns < narrowColumns ? narrowSetColumns : maxSetColumns;
  const sets = shown.map((cause) => foldHosts(cause.hosts, setColumns));
  const widths = {
    code: widest(
      shown.map(({ code }) => code ?? "-"),
      26,
    ),
    set: widest(sets, setColumns + 12),
  };
  const body = shown.flatMap((cause, at) => {
    const line = causeRow(cause, sets[at] ?? "", widths, view);
    return advised ? [line, adviceRow(cause)] : [line];
  });
  const left = causes.length - shown.length;
  const all = [...(titled ? [top] : []), ...body, ...(left > 0 ? [more(left, "cause", "causes")] : [])];
  return all.slice(0, rows);
};

const titleOf = (causes: readonly Cause[]): string => {
  const refusals = causes.filter(({ outcome }) => outcome === "refused").length;
  if (refusals === 0) return "Failures";
  return refusals === causes.length ? "Refusals" : "Failures and refusals";
};

const causeRow = (cause: Cause, set: string, widths: { code: number; set: number }, view: View): Row => {
  const tone = outcomeTones[cause.outcome];
  return [
    piece(`  ${view.signs.outcome[cause.outcome]} `, tone),
    piece(`${padTo(cause.code ?? "-", widths.code)}  `, tone),
    piece(`${padTo(set, widths.set)}  `, "bold"),
    piece(cause.message),
  ];
};

const adviceRow = (cause: Cause): Row => (cause.try === undefined ? [] : [piece(`    try: ${cause.try}`, "dim")]);

/** Running hosts: those at their step for the longest time are the ones to look at. */
export const runningRows = ({ running }: Census, { rows, titled }: Room, view: View): readonly Row[] => {
  if (rows <= 0) return [];
  const room = titled ? rows - 1 : rows;
  const shown = running.slice(0, windowOf(running.length, room));
  const hostWidth = widest(
    shown.map(({ host }) => host),
    maxHostColumns,
  );
  const wordWidth = widest(shown.map(workWords), 30);
  const counted = view.columns >= narrowColumns && shown.some((host) => countOf(host) !== "");
  const left = running.length - shown.length;
  const body = shown.map(
    (host): Row => [
      piece(`  ${view.signs.running} `, "accent"),
      piece(`${padTo(host.host, hostWidth)}  `),
      piece(padTo(workWords(host), wordWidth)),
      piece(counted ? `  ${padLeft(countOf(host), 5)}` : "", "dim"),
      piece(`  ${padLeft(duration(view.nowMs - Date.parse(host.since ?? "")), 9)}`),
      ...heardPieces(view.heard.get(host.host)),
    ],
  );
  const top = title("Running", `${hostsWords(running.length)}, longest first`);
  const all = [...(titled ? [top] : []), ...body, ...(left > 0 ? [more(left, "host", "hosts")] : [])];
  return all.slice(0, rows);
};

const heardPieces = (line: string | undefined): Row => (line === undefined ? [] : [piece(`  ${line}`, "dim")]);

/** `6/7`; the write proof is no change of the plan and has no number. */
const countOf = ({ step }: HostState): string =>
  step === undefined || step.step === 0 ? "" : `${step.step}/${step.of}`;

const workWords = ({ step, phase, layer }: HostState): string => {
  if (step?.state === "start") return stepWords[step.change];
  return layer === undefined ? phaseWords[phase] : `${phaseWords[phase]}: ${layerWords[layer]}`;
};

/** Outcomes that are not failures and occurred. */
export const settledOutcomes = (state: RunState): readonly Outcome[] =>
  calmOutcomes.filter((outcome) => state.tally[outcome] > 0);

/** Settled hosts, one row an outcome, host sets cut to what fits. */
export const settledRows = (
  state: RunState,
  outcomes: readonly Outcome[],
  { rows, titled }: Room,
  view: View,
): readonly Row[] => {
  if (rows <= 0) return [];
  const shown = outcomes.slice(0, titled ? rows - 1 : rows);
  const words = shown.map((outcome) => `${outcomeWord(outcome, state.command)} ${state.tally[outcome]}`);
  const width = widest(words, 30);
  const sum = outcomes.reduce((total, outcome) => total + state.tally[outcome], 0);
  return [
    ...(titled ? [title("Settled", hostsWords(sum))] : []),
    ...shown.map(
      (outcome, at): Row => [
        piece(`  ${view.signs.outcome[outcome]} `, outcomeTones[outcome]),
        piece(`${padTo(words[at] ?? "", width)}  `),
        piece(foldHosts(hostsWith(state, outcome), Math.max(8, view.columns - width - 6)), "dim"),
      ],
    ),
  ];
};
