/** `runs show` and `runs`: what was done, when, by whom, with which result; a fold of the journal. */

import { foldHosts } from "../domain/host-set.ts";
import { rowsOf } from "../domain/host-table.ts";
import type { RunState } from "../domain/run-state.ts";
import { visibleSafe } from "../domain/safe-text.ts";
import { padTo, widest } from "./cells.ts";
import { between, dateTime, duration } from "./quantities.ts";
import { calmOutcomes, quietLines, summary } from "./summary.ts";
import { askedWords, hostsWords, publicationWords, purgeAskedWords, purposeWords, tallyWords } from "./words.ts";

/** One run as lines; the last line is the totals. A run without an end says so. */
export const renderRun = (state: RunState): readonly string[] => [
  `run      ${state.run ?? "?"}`,
  `command  ${commandWords(state)}`,
  ...(state.exec === undefined ? [] : [`runs     ${askedWords(state.exec)}`]),
  ...(state.purge === undefined ? [] : [`takes    ${purgeAskedWords(state.purge)}`]),
  ...(state.rollback === undefined ? [] : [`undoes   ${state.rollback.run}`]),
  ...(state.publication === undefined ? [] : [`package  ${publicationWords(state.publication)}`]),
  ...(state.published === undefined ? [] : [`there    ${visibleSafe(state.published.fmri)}`]),
  `by       ${byWords(state)}`,
  `started  ${state.startedAt === undefined ? "?" : dateTime(state.startedAt)}`,
  `ended    ${endedWords(state)}`,
  ...acceptedLines(state),
  ...state.waves.map(
    ({ wave, of, size, settled, openedAt }) =>
      `wave     ${wave} of ${of}: ${settled} of ${hostsWords(size)} settled, opened ${dateTime(openedAt)}`,
  ),
  "",
  ...quietLines(
    state,
    calmOutcomes.filter((outcome) => outcome !== "skipped"),
  ),
  ...openLines(state),
  ...summary(state),
];

const commandWords = (state: RunState): string =>
  visibleSafe(
    `${state.command ?? "?"}${state.check ? " --check" : ""} ${state.patterns.join(" ")}`.trim() +
      ` (${hostsWords(state.hosts.size)})`,
  );

const byWords = ({ by, version }: RunState): string =>
  by === undefined ? "?" : visibleSafe(`${by.user}@${by.controller}, pid ${by.pid}, novasweep ${version ?? "?"}`);

const endedWords = ({ ended, startedAt, lastAt }: RunState): string => {
  if (ended === undefined) return `not ended; its last event is of ${lastAt === undefined ? "?" : dateTime(lastAt)}`;
  return `${dateTime(ended.at)}, after ${duration(between(startedAt, ended.at))}`;
};

const acceptedLines = ({ accepted, command }: RunState): readonly string[] =>
  accepted === undefined
    ? []
    : [
        `accepted ${dateTime(accepted.at)}, ${accepted.by}, ${hostsWords(accepted.changing)} ${purposeWords[command ?? "rollout"]}`,
      ];

/** Hosts a run left where they were: what a resume would look at again. */
const openLines = (state: RunState): readonly string[] => {
  const open = [...rowsOf(state.hosts)].filter(({ outcome }) => outcome === undefined).map(({ host }) => host);
  return open.length === 0 ? [] : [`not settled ${hostsWords(open.length)}: ${foldHosts(open)}`];
};

/** Runs, one a line, in the order given. */
export const renderRuns = (runs: readonly RunState[]): readonly string[] => {
  if (runs.length === 0) return ["no runs"];
  const rows = runs.map((state) => [
    state.run ?? "?",
    `${state.command ?? "?"}${state.check ? " --check" : ""}`,
    visibleSafe(state.by === undefined ? "?" : `${state.by.user}@${state.by.controller}`, 40),
    hostsWords(state.hosts.size),
    state.ended === undefined ? "not ended" : `exit ${state.ended.exit}`,
    tallyWords(state.tally, state.command),
  ]);
  const widths = [0, 1, 2, 3, 4].map((column) =>
    widest(
      rows.map((row) => row[column] ?? ""),
      40,
    ),
  );
  return rows.map((row) =>
    row.map((cell, at) => (at < widths.length ? padTo(cell, widths[at] ?? 0) : cell)).join("  "),
  );
};
