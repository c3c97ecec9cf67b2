/** What is said when a run has ended; the last line is the totals. */
import { foldHosts } from "../domain/host-set.ts";
import type { HostState } from "../domain/host-state.ts";
import { rowsOf } from "../domain/host-table.ts";
import type { HostName } from "../domain/ids.ts";
import type { Outcome } from "../domain/outcome.ts";
import type { RunState } from "../domain/run-state.ts";
import { visibleSafe } from "../domain/safe-text.ts";
import { type Cause, foldCauses, troublesOf } from "./causes.ts";
import { padTo, widest } from "./cells.ts";
import { between, duration } from "./quantities.ts";
import { hostsWords, outcomeWord, outcomeWords, tallyWords, worstFirst } from "./words.ts";

/** Host sets up to this wide are aligned; a wider one pushes its message to the right. */
const alignedSetColumns = 32;

/** Failures and refusals folded by cause, notes of hosts that went well, skipped hosts, then the totals. */
export const summary = (state: RunState): readonly string[] => [
  ...causeLines(causesOf(state)),
  ...quietLines(state, ["skipped"]),
  ...noteLines(state),
  ...(state.operator === undefined ? [] : [operatorWords(state)]),
  ...(state.gate?.open === false ? [`the gate closed: ${visibleSafe(state.gate.reason)}`] : []),
  totals(state),
];

/** Every trouble of the run so far, folded by cause. */
export const causesOf = (state: RunState): readonly Cause[] => foldCauses(troublesIn(rowsOf(state.hosts)));

function* troublesIn(hosts: Iterable<HostState>): Generator<ReturnType<typeof troublesOf>[number]> {
  for (const host of hosts) yield* troublesOf(host);
}

/** One line a cause and one for what to try; columns are aligned. */
export const causeLines = (causes: readonly Cause[]): readonly string[] => {
  const sets = causes.map((cause) => foldHosts(cause.hosts));
  const setWidth = widest(
    sets.filter((set) => set.length <= alignedSetColumns),
    alignedSetColumns,
  );
  const outcomeWidth = widest(
    causes.map((cause) => outcomeWords[cause.outcome]),
    12,
  );
  const codeWidth = widest(
    causes.map((cause) => cause.code ?? "-"),
    26,
  );
  return causes.flatMap((cause, at) => {
    const head = `${padTo(outcomeWords[cause.outcome], outcomeWidth)}  ${padTo(cause.code ?? "-", codeWidth)}`;
    const set = sets[at] ?? "";
    const line = `${head}  ${set.padEnd(setWidth)}  ${cause.message}`;
    return cause.try === undefined ? [line] : [line, `${" ".repeat(head.length)}  try: ${cause.try}`];
  });
};

/** One line an outcome: `skipped 12 hosts: cn[101-112]`. */
export const quietLines = (state: RunState, outcomes: readonly Outcome[]): readonly string[] =>
  outcomes
    .filter((outcome) => state.tally[outcome] > 0)
    .map((outcome) => {
      const hosts = hostsWith(state, outcome);
      return `${outcomeWord(outcome, state.command)} ${hostsWords(hosts.length)}: ${foldHosts(hosts)}`;
    });

/** The hosts that ended so, in the order of the selection. */
export const hostsWith = (state: RunState, outcome: Outcome): readonly HostName[] =>
  [...rowsOf(state.hosts)].filter((host) => host.outcome === outcome).map(({ host }) => host);

/** Notes of hosts that did well ("takes effect when enabled"), folded; a trouble's note stands with its cause. */
const noteLines = (state: RunState): readonly string[] => {
  const byNote = new Map<string, HostName[]>();
  for (const { host, outcome, note } of rowsOf(state.hosts)) {
    if (note === undefined || (outcome !== "changed" && outcome !== "in-sync" && outcome !== "drifted")) continue;
    const line = `${outcomeWord(outcome, state.command)}, ${visibleSafe(note)}`;
    const hosts = byNote.get(line) ?? [];
    hosts.push(host);
    byNote.set(line, hosts);
  }
  return [...byNote].map(([line, hosts]) => `${line}: ${foldHosts(hosts)}`);
};

const operatorWords = ({ operator, command }: RunState): string => {
  switch (operator) {
    case "stopped":
      return "the operator stopped the run: no further host was started";
    case "cut":
      return "the operator cut the run: connections were closed";
    default:
      if (command === "exec") return "the command was declined: it ran nowhere";
      return command === "package"
        ? "publishing was declined: nothing was sent"
        : "the plan was declined: nothing was changed";
  }
};

/** `rollout 20260301-140312-a1b2c3: failed 2, changed 98 of 100 hosts in 2 m 05 s, exit 1`. */
export const totals = (state: RunState): string => {
  const open = state.hosts.size - state.settled;
  const still = open === 0 ? "" : `, not settled ${open}`;
  const took = duration(between(state.startedAt, state.ended?.at ?? state.lastAt));
  const command = `${state.command ?? "run"}${state.check ? " --check" : ""}`;
  const end = state.ended === undefined ? "not ended" : `exit ${state.ended.exit}${reasonOf(state.ended.reason)}`;
  return `${command} ${state.run ?? "?"}: ${tallyWords(state.tally, state.command)}${still} of ${hostsWords(state.hosts.size)} in ${took}, ${end}`;
};

const reasonOf = (reason: string | undefined): string => (reason === undefined ? "" : ` (${visibleSafe(reason)})`);

/** Outcomes that ended well, worst first, for reports. */
export const calmOutcomes: readonly Outcome[] = worstFirst.slice(worstFirst.indexOf("skipped"));
