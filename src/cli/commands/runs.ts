/** `novasweep runs` and `novasweep runs show ID`: what the journals say. */
import type { EventOf, RunEvent } from "../../domain/event.ts";
import type { RunId } from "../../domain/ids.ts";
import { KeptTexts } from "../../domain/kept-texts.ts";
import { reduceAll } from "../../domain/reduce-all.ts";
import { ok, type Result } from "../../domain/result.ts";
import { initialState, type RunState, reduce } from "../../domain/run-state.ts";
import { visibleSafe } from "../../domain/safe-text.ts";
import { skimmable } from "../../domain/skimmed.ts";
import { isAlive, readLock } from "../../journal/lock.ts";
import { foldJournal, readEnds, skimJournal } from "../../journal/read.ts";
import { findRun, journalPath, listRuns, lockPath } from "../../journal/runs.ts";
import { execLines } from "../../view/exec-text.ts";
import { renderPlan } from "../../view/plan-view.ts";
import { renderPurgeTable } from "../../view/purge-result.ts";
import { renderRun, renderRuns } from "../../view/run-report.ts";
import { complain, type Io } from "../io.ts";
import type { RunsRequest } from "../request.ts";

/** Recorded outputs together, bytes, and their host sets, characters: as `exec` itself shows them. */
const MAX_TEXTS_BYTES = 256 * 1024 ** 2;
const MAX_SET_CHARS = 800;

type RunsIo = Pick<Io, "stdout" | "stderr" | "controller">;

/** Lists the runs, or shows one. Returns the exit status: 0, or 2 when a run or its journal could not be read. */
export const runsCommand = async ({ show, stateDir }: RunsRequest, io: RunsIo): Promise<number> => {
  const runs = await listRuns(stateDir);
  if (!runs.ok) return complain(io, [runs.error]);
  if (show === undefined) return listAll(stateDir, runs.value, io);
  const run = findRun(runs.value, show);
  return run.ok ? showOne(stateDir, run.value, io) : complain(io, [run.error]);
};

const listAll = async (stateDir: string, runs: readonly RunId[], io: RunsIo): Promise<number> => {
  const states: RunState[] = [];
  const open: string[] = [];
  let exit = 0;
  for (const run of runs) {
    const state = await summarise(stateDir, run);
    if (!state.ok) {
      exit = complain(io, [state.error]);
      continue;
    }
    states.push(state.value);
    if (state.value.ended === undefined) open.push(await openLine(stateDir, run, io));
  }
  // "no runs" only when there are none: the damaged ones were complained of.
  print(io, [...(states.length > 0 || exit === 0 ? renderRuns(states) : []), ...open]);
  return exit;
};

const showOne = async (stateDir: string, run: RunId, io: RunsIo): Promise<number> => {
  const texts = new KeptTexts(MAX_TEXTS_BYTES);
  const reduceWithTexts = (state: RunState, events: readonly RunEvent[]): RunState => {
    for (const event of events) if (event.type === "host.ran") recall(texts, event);
    return reduceAll(state, events);
  };
  const folded = await foldJournal(journalPath(stateDir, run), reduceWithTexts, { ...initialState, run });
  if (!folded.ok) return complain(io, [folded.error]);
  const { state, torn } = folded.value;
  print(io, [
    ...renderRun(state),
    ...(state.exec === undefined ? [] : ["", ...execLines(state, texts, { diff: false, maxSetChars: MAX_SET_CHARS })]),
    ...(state.plan === undefined ? [] : ["", ...renderPlan(state.plan, { diff: true })]),
    ...(state.purge === undefined ? [] : ["", ...renderPurgeTable(state)]),
    ...(state.ended === undefined ? [await openLine(stateDir, run, io)] : []),
    ...(torn ? ["the journal's last line was cut off: what it said was never acted on"] : []),
  ]);
  return 0;
};

/** What a run with `--record` has of a host's output. */
const recall = (texts: KeptTexts, { stdout, stderr }: EventOf<"host.ran">): void => {
  for (const { text, digest } of [stdout, stderr]) {
    if (text === undefined) continue;
    const bytes = Buffer.byteLength(text);
    if (texts.take(bytes)) texts.keep(digest, { text, bytes });
  }
};

/** A run that settled is told by its first and last event; only one that did not is read whole. */
const summarise = async (stateDir: string, run: RunId): Promise<Result<RunState>> => {
  const path = journalPath(stateDir, run);
  const ends = await readEnds(path);
  if (!ends.ok) return ends;
  const { first, last } = ends.value;
  if (first !== undefined && last?.type === "run.settled") {
    return ok({ ...reduce(reduce(initialState, first), last), tally: last.tally });
  }
  const folded = await skimJournal(path, reduceAll, { ...initialState, run }, skimmable);
  return folded.ok ? ok(folded.value.state) : folded;
};

/** Why a run has not ended: its process still works on it, or is gone. */
const openLine = async (stateDir: string, run: RunId, io: RunsIo): Promise<string> => {
  const holder = await readLock(stateDir, run);
  if (holder === undefined || !(await isAlive(holder, { hostname: io.controller, path: lockPath(stateDir, run) })))
    return `${run} interrupted: its process is gone`;
  return visibleSafe(`${run} running: pid ${holder.pid} on ${holder.hostname}, since ${holder.since}`);
};

const print = (io: RunsIo, lines: readonly string[]): void => {
  io.stdout.write(lines.map((line) => `${line}\n`).join(""));
};
