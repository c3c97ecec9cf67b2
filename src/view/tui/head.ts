/** The rows that are always there: what runs, how far it is, how it goes, what the gate says, what the keys do. */
import type { Asked } from "../../domain/event.ts";
import type { Plan } from "../../domain/plan.ts";
import type { RunState } from "../../domain/run-state.ts";
import { visibleSafe } from "../../domain/safe-text.ts";
import type { WaveState } from "../../domain/wave-state.ts";
import { duration } from "../quantities.ts";
import { askedWords, ordinal, outcomeWord, worstFirst } from "../words.ts";
import type { Census } from "./census.ts";
import { gap, outcomeTones, piece, type Row, rowWidth, type Signs, spread, type Tone } from "./rows.ts";

/** Screens narrower than this say less on a row, rather than half of everything. */
const narrowColumns = 60;

/** `novasweep rollout  20260301-140312-a1b2c3  alice@ctl                2 m 05 s`. */
export const titleRow = (state: RunState, nowMs: number, width: number): Row => {
  const command = `${state.command ?? "…"}${state.check ? " --check" : ""}`;
  const by =
    state.by === undefined || width < narrowColumns
      ? ""
      : `  ${visibleSafe(`${state.by.user}@${state.by.controller}`, 40)}`;
  const started = Date.parse(state.startedAt ?? "");
  const until = state.ended === undefined ? nowMs : Date.parse(state.ended.at);
  const elapsed = Number.isFinite(started) ? duration(until - started) : "";
  const name = width >= narrowColumns ? `novasweep ${command}` : command;
  return spread([piece(name, "bold"), piece(`  ${state.run ?? ""}${by}`, "dim")], [piece(elapsed, "bold")], width);
};

/** Until there is a plan the bar counts hosts surveyed, then hosts settled. */
export const barRow = (state: RunState, seen: Census, signs: Signs, width: number): Row => {
  const total = state.hosts.size;
  const surveying = state.command === "status" || (state.plan === undefined && state.command !== "exec");
  const done = surveying ? seen.surveyed : state.settled;
  const percent = total === 0 ? 0 : Math.floor((100 * done) / total);
  const words = `  ${done} of ${total} ${surveying ? "surveyed" : "settled"}  ${String(percent).padStart(3)}%`;
  const columns = Math.max(0, width - words.length);
  const full = total === 0 ? 0 : Math.floor((columns * done) / total);
  return [
    piece(signs.full.repeat(full), "good"),
    piece(signs.empty.repeat(columns - full), "dim"),
    piece(words, done === total ? "bold" : "plain"),
  ];
};

/**
 * Every outcome that occurred, what needs a person first, then what is still to come. Where the words do not fit, first
 * what is to come loses them, then all: the signs stand in the sections below beside their words.
 */
export const tallyRow = (state: RunState, seen: Census, signs: Signs, width: number): Row => {
  const outcomes = worstFirst
    .filter((outcome) => state.tally[outcome] > 0)
    .map(
      (outcome): Count => ({
        sign: signs.outcome[outcome],
        word: outcomeWord(outcome, state.command),
        count: state.tally[outcome],
        tone: outcomeTones[outcome],
      }),
    );
  const toCome = [
    { sign: signs.running, word: "running", count: seen.running.length, tone: "accent" },
    { sign: signs.queued, word: "waiting", count: seen.waiting, tone: "dim" },
    { sign: signs.queued, word: "queued", count: seen.queued, tone: "dim" },
  ].filter(({ count }) => count > 0) as Count[];
  const candidates = [
    joined([...outcomes, ...toCome].map(inWords), 3),
    joined([...outcomes, ...toCome].map(inWords), 2),
    joined([...outcomes.map(inWords), ...toCome.map(inSigns)], 2),
  ];
  return candidates.find((row) => rowWidth(row) <= width) ?? joined([...outcomes, ...toCome].map(inSigns), 2);
};

interface Count {
  readonly sign: string;
  readonly word: string;
  readonly count: number;
  readonly tone: Tone;
}

const inWords = ({ sign, word, count, tone }: Count): Row => [
  piece(`${sign} ${word} `, tone),
  piece(`${count}`, tone === "dim" ? "dim" : "bold"),
];

const inSigns = ({ sign, count, tone }: Count): Row => [
  piece(sign, tone),
  piece(`${count}`, tone === "dim" ? "dim" : "bold"),
];

const joined = (cells: readonly Row[], columns: number): Row =>
  cells.flatMap((cell, at) => (at === 0 ? cell : [gap(columns), ...cell]));

/** Where the run is and what the gate says. */
export const stageRow = (state: RunState, width: number): Row => {
  if (state.ended !== undefined)
    return [piece(`ended, exit ${state.ended.exit}`, state.ended.exit === 0 ? "good" : "warn")];
  if (state.gate?.open === false)
    return [piece(`gate closed: ${visibleSafe(state.gate.reason)}; no further host starts`, "bad")];
  if (state.exec !== undefined) return [piece(execWords(state.exec), "dim")];
  if (state.plan === undefined) return [piece("surveying: nothing is changed", "dim")];
  if (state.accepted === undefined)
    return [piece(state.check ? "plan made: nothing is changed" : "plan made, not accepted yet", "dim")];
  const wave = state.waves.at(-1);
  const where = wave === undefined ? "" : waveWords(wave, width);
  return [
    piece(where),
    piece("gate open", "good"),
    piece(`, bad ${state.bad}${closesAt(state.plan, width)}`, state.bad > 0 ? "warn" : "dim"),
  ];
};

/** Cut to the row by whoever draws it. */
const execWords = (asked: Asked): string => `running: ${askedWords(asked)}`;

/** At which bad host the gate will close; nothing when there are not that many. */
const closesAt = ({ gate, waves }: Plan, width: number): string => {
  const at = gate.maxBad + 1;
  if (at > waves.flat().length) return "";
  return `, closes at ${width < narrowColumns ? at : `the ${ordinal(at)}`}`;
};

const waveWords = ({ wave, of, settled, size }: WaveState, width: number): string =>
  width < narrowColumns ? `wave ${wave}/${of}  ` : `wave ${wave} of ${of}, ${settled} of ${size} settled   `;

/** What the keys do now. */
export const footerRow = (state: RunState, width: number): Row => {
  if (state.ended !== undefined) return [];
  if (state.operator === "cut")
    return [
      piece(`connections are cut${state.command === "exec" ? "" : ", looking once more at what they left"}`, "warn"),
    ];
  if (state.operator === "stopped")
    return [
      piece("stopping: no host starts, running ones finish   ", "warn"),
      piece("^C", "bold"),
      piece(" cuts", "dim"),
    ];
  if (state.held !== undefined)
    return [
      piece(`${heldWords(state.held)}   `, "warn"),
      ...keys([
        ["g", "goes on"],
        ["a", "ends the run"],
      ]),
    ];
  const end = [
    piece("^C", "bold"),
    piece(" stop starting hosts   ", "dim"),
    piece("^C", "bold"),
    piece(" again cuts", "dim"),
  ];
  const steered = [...end, gap(3), ...keys(steering)];
  return isSteered(state) && rowWidth(steered) <= width ? steered : end;
};

/** Whether a host may still start, so that its start can be held. */
const isSteered = ({ accepted, command, gate }: RunState): boolean =>
  accepted !== undefined && ["rollout", "rollback", "purge"].includes(command ?? "") && gate?.open !== false;

const heldWords = (by: string): string =>
  by === "key" || by === "runs" ? "held: no host starts" : `held: ${visibleSafe(by, 100)}`;

const steering = [
  ["h", "hold"],
  ["s", "skip"],
  ["r", "retry"],
  ["+ -", "at once"],
] as const;

const keys = (all: readonly (readonly [string, string])[]): Row =>
  all.flatMap(([key, does]) => [piece(key, "bold"), piece(` ${does}  `, "dim")]);
