/** The whole screen as rows: a pure function of the run's state, the clock and the terminal's size. */
import type { HostName } from "../../domain/ids.ts";
import type { RunState } from "../../domain/run-state.ts";
import { type Census, census } from "./census.ts";
import { barRow, footerRow, stageRow, tallyRow, titleRow } from "./head.ts";
import { share } from "./layout.ts";
import { cutRow, type Row, type Signs } from "./rows.ts";
import { failureRows, runningRows, settledOutcomes, settledRows } from "./sections.ts";

export interface View {
  /** Of the terminal. */
  readonly columns: number;
  readonly rows: number;
  /** Controller's clock, epoch milliseconds. */
  readonly nowMs: number;
  readonly signs: Signs;
  /** What running hosts wrote last, safe to show. */
  readonly heard: ReadonlyMap<HostName, string>;
}

/** Terminals lower than this have no title rows: each row is a host or a cause. */
const titledRows = 16;
/** Terminals from this height on have a blank row before each section. */
const airyRows = 20;

/** At most `rows - 1` rows, none wider than `columns`, whatever the size. */
export const frame = (state: RunState, view: View): readonly Row[] => {
  const height = Math.max(0, view.rows - 1);
  const width = Math.max(1, view.columns);
  const seen = census(state);
  const head = [
    titleRow(state, view.nowMs, width),
    barRow(state, seen, view.signs, width),
    tallyRow(state, seen, view.signs, width),
    stageRow(state, width),
  ];
  const body = bodyRows(state, seen, { ...view, columns: width }, height - head.length - 1);
  const rows = height > head.length ? [...head, ...body, footerRow(state, width)] : head;
  return rows.slice(0, height).map((row) => cutRow(row, width));
};

const bodyRows = (state: RunState, seen: Census, view: View, rows: number): readonly Row[] => {
  if (rows <= 0) return [];
  const titles = view.rows >= titledRows ? 1 : 0;
  const outcomes = settledOutcomes(state);
  const want = (members: number): number => (members === 0 ? 0 : titles + members);
  const wanted = {
    failures: want(seen.causes.length),
    advice: seen.causes.length,
    running: want(seen.running.length),
    settled: want(outcomes.length),
  };
  const sections = [wanted.failures, wanted.running, wanted.settled].filter((rowsWanted) => rowsWanted > 0).length;
  const air = view.rows >= airyRows ? sections + 1 : 0;
  const given = share(rows - air, titles + 1, wanted);
  const titled = titles === 1;
  const blocks = [
    failureRows(seen.causes, { rows: given.failures, titled }, view),
    runningRows(seen, { rows: given.running, titled }, view),
    settledRows(state, outcomes, { rows: given.settled, titled }, view),
  ].filter((block) => block.length > 0);
  const body = blocks.flatMap((block) => (air > 0 ? [[], ...block] : block));
  const fill = Array.from({ length: Math.max(0, rows - body.length) }, (): Row => []);
  return [...body, ...fill];
};
