/** `novasweep runs resume ID`: goes on with a run whose process died. */
import type { RunId } from "../../domain/ids.ts";
import { reduceAll } from "../../domain/reduce-all.ts";
import { type Complaint, err, ok, type Result } from "../../domain/result.ts";
import { initialState, type RunState } from "../../domain/run-state.ts";
import { skimmable } from "../../domain/skimmed.ts";
import { openHosts, type Past, resume } from "../../engine/resume.ts";
import { clearLock, giveUp, isAlive, readLock, takenUp } from "../../journal/lock.ts";
import { type Folded, skimJournal } from "../../journal/read.ts";
import { findRun, journalPath, listRuns, lockPath } from "../../journal/runs.ts";
import { KnownFiles } from "../../transport/known-files.ts";
import { withAccess } from "../access.ts";
import { parseArgs } from "../args.ts";
import { type FleetRequest, reopenRecord } from "../compose.ts";
import { complain, type Io } from "../io.ts";
import type { RunsResumeRequest } from "../request.ts";
import { selectFor } from "../select.ts";
import { asThen, readUndone } from "../undone.ts";
import { version } from "../version.ts";
import { chooseWays } from "../ways.ts";
import { runOver } from "./run-over.ts";

/** Takes the run up again where its journal ends; resolves with its exit status, as if it had never been cut short. */
export const resumeCommand = async (request: RunsResumeRequest, io: Io): Promise<number> => {
  const runs = await listRuns(request.stateDir);
  if (!runs.ok) return complain(io, [runs.error]);
  const run = findRun(runs.value, request.id);
  if (!run.ok) return complain(io, [run.error]);
  const found = await pastOf(request.stateDir, run.value);
  if (!found.ok) {
    // There is nothing to take up: nobody need be told of it again.
    if (found.error.code === "E_USAGE")
      await giveUp(request.stateDir, run.value, { hostname: io.controller, pid: io.pid });
    return complain(io, [found.error]);
  }
  const { past, ...read } = found.value;
  const asked = await requestOf(past.state, request, io);
  if (!asked.ok) return complain(io, [asked.error]);
  const undone = asked.value.command === "rollback" ? await readUndone(asked.value, io) : ok(undefined);
  if (!undone.ok) return complain(io, [undone.error]);
  const selected = await selectFor(asked.value, io, new Set(openHosts(past)));
  if (!selected.ok) return complain(io, selected.error);
  const knownFiles = new KnownFiles();
  const left = asThen(selected.value.hosts, undone.value);
  const ways = await chooseWays(left, asked.value, io, knownFiles);
  if (!ways.ok) return complain(io, ways.error);
  return withAccess(asked.value, io, ways.value, knownFiles, async (access) => {
    const free = await takeOver(request.stateDir, run.value, io);
    if (!free.ok) return complain(io, [free.error]);
    const record = await reopenRecord(request.stateDir, run.value, read, io);
    if (!record.ok) return complain(io, [record.error]);
    return runOver(asked.value, io, ways.value, access, {
      record: record.value,
      past: past.state,
      ...(undone.value === undefined ? {} : { undone: undone.value }),
      after: read.events,
      go: (context) => resume(context, past),
    });
  });
};

/** What the journal says of a run that can be taken up again; why not, of any other. */
const pastOf = async (
  stateDir: string,
  run: RunId,
): Promise<Result<Omit<Folded<RunState>, "state"> & { readonly past: Past }>> => {
  const path = journalPath(stateDir, run);
  const folded = await skimJournal<RunState>(path, reduceAll, { ...initialState, run }, skimmable);
  if (!folded.ok) return folded;
  const { state, ...read } = folded.value;
  const no = (what: string, hint: string): Result<never> => err({ code: "E_USAGE", what, where: path, try: hint });
  if (state.ended !== undefined)
    return no(`run ${run} has ended: exit ${state.ended.exit}`, "run the same command again: it looks first");
  if (read.events === 0)
    return no(`the journal of run ${run} has no whole event: it changed nothing`, "run the same command again");
  if (state.given === undefined || state.check)
    return no(`run ${run} changes nothing that could be gone on with`, "run the same command again");
  if (state.accepted === undefined || state.plan === undefined)
    return no(
      `run ${run} was cut short before its plan was accepted: it changed nothing`,
      "run the same command again",
    );
  return ok({ past: { state, plan: state.plan }, ...read });
};

/** The request of the run's own words, with what is of now. */
const requestOf = async (
  { given }: RunState,
  { output, stateDir, askBecomePass }: RunsResumeRequest,
  io: Io,
): Promise<Result<FleetRequest>> => {
  if (given === undefined) throw new Error("a run to resume without its words");
  if (given.directory !== io.workingDirectory)
    return err({
      code: "E_USAGE",
      what: `the run was started in ${given.directory}, where its settings files lie`,
      try: `cd ${given.directory}`,
    });
  const terminal = io.stderr.isTTY === true && io.env["TERM"] !== "dumb" && io.env["CI"] === undefined;
  const around = { version: version(), env: io.env, home: io.home, terminal, columns: io.stdout.columns ?? 100 };
  const parsed = await parseArgs(given.words, around);
  if (!parsed.ok) return err(foreign(parsed.error));
  const request = parsed.value;
  if (request.command !== "rollout" && request.command !== "rollback" && request.command !== "purge")
    return err({ code: "E_USAGE", what: `${request.command} is nothing to go on with`, try: "novasweep runs" });
  const now = { output, stateDir, inventories: given.inventories };
  return ok({ ...request, ...now, askBecomePass: request.askBecomePass || askBecomePass });
};

const foreign = (complaint: Complaint): Complaint => ({
  ...complaint,
  what: `the run was begun by another version of novasweep: ${complaint.what}`,
});

/** Nobody drives the run any more, and of two who take it up one gets it. */
const takeOver = async (stateDir: string, run: RunId, io: Io): Promise<Result<undefined>> => {
  const holder = await readLock(stateDir, run);
  if (holder === undefined) return ok(undefined);
  const driven = `run ${run} is driven by pid ${holder.pid} on ${holder.hostname}, since ${holder.since}`;
  const hint = "wait for it; novasweep runs says when it has ended";
  if (await isAlive(holder, { hostname: io.controller, path: lockPath(stateDir, run) }))
    return err({ code: "E_JOURNAL", what: driven, try: hint });
  return (await clearLock(stateDir, run, holder, io.pid))
    ? ok(undefined)
    : err({ code: "E_JOURNAL", what: takenUp(run), try: hint });
};
