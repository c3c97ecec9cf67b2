/** The composition root: makes every part of one run and joins them. */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Asked, Given } from "../domain/event.ts";
import type { Host } from "../domain/host.ts";
import type { Seconds } from "../domain/ids.ts";
import type { KeptTexts } from "../domain/kept-texts.ts";
import type { Plan } from "../domain/plan.ts";
import { err, ok, type Result } from "../domain/result.ts";
import type { Sink } from "../domain/sink.ts";
import type { Deadlines, RunContext } from "../engine/context.ts";
import type { Controls } from "../engine/controls.ts";
import { Emitter } from "../engine/emitter.ts";
import type { ExecContext } from "../engine/exec.ts";
import type { Job } from "../engine/job.ts";
import { createCleanerFiles } from "../engine/payload.ts";
import type { PublishContext } from "../engine/publish.ts";
import { purgeJob } from "../engine/purge-job.ts";
import { rollbackJob } from "../engine/rollback-job.ts";
import { rolloutJob } from "../engine/rollout-job.ts";
import { describeHolder, takeLock } from "../journal/lock.ts";
import { newRunId, runIdRandomBytes } from "../journal/runs.ts";
import { type Journal, openJournal, reopenJournal } from "../journal/write.ts";
import type { CleanerPackage } from "../remote/payload/package.ts";
import type { Access } from "./access.ts";
import { clocksFor, patientClocksFor, silentClocksFor } from "./clocks.ts";
import { probeCommand } from "./health-command.ts";
import { type Io, isInteractive } from "./io.ts";
import type {
  ExecRequest,
  PackagePublishRequest,
  PurgeRequest,
  RollbackRequest,
  RolloutRequest,
  StatusRequest,
} from "./request.ts";
import type { LiveView } from "./screen.ts";
import type { Undone } from "./undone.ts";
import { transportFor } from "./ways.ts";

export type FleetRequest = RolloutRequest | RollbackRequest | PurgeRequest | StatusRequest;

/** Signals of the person at the terminal. */
export interface Hands {
  readonly stopping: AbortSignal;
  readonly cutting: AbortSignal;
  readonly controls: Controls;
  readonly accept: (plan: Plan) => Promise<"typed" | "--yes" | undefined>;
  readonly planMade: (plan: Plan) => Promise<string | undefined>;
}

/** The journal of a run and how to let go of it. */
export interface Record {
  readonly journal: Journal;
  release(): Promise<void>;
}

/** Opens the journal of a new run and marks it as ours while this process lives. */
export const openRecord = async (stateDir: string, io: Io): Promise<Result<Record & { readonly run: string }>> => {
  const now = new Date();
  const run = newRunId(now, randomBytes(runIdRandomBytes));
  const journal = await openJournal(stateDir, run);
  if (!journal.ok) return journal;
  const lock = await takeLock(stateDir, run, await describeHolder(io.pid, io.controller, now.toISOString()));
  if (!lock.ok) {
    await journal.value.close().catch(() => undefined);
    return err({ ...lock.error, try: "--state-dir DIR with a directory you may write, and room in it" });
  }
  return ok({
    run,
    journal: journal.value,
    release: releaser(journal.value, lock.value.release),
  });
};

/** Opens the journal of a run that was cut short, to go on behind what of it is whole, and marks it as ours. */
export const reopenRecord = async (
  stateDir: string,
  run: string,
  read: { readonly wholeBytes: number; readonly bytes: number },
  io: Io,
): Promise<Result<Record & { readonly run: string }>> => {
  const lock = await takeLock(stateDir, run, await describeHolder(io.pid, io.controller, new Date().toISOString()));
  if (!lock.ok) return err({ ...lock.error, try: "novasweep runs says who drives it" });
  const journal = await reopenJournal(stateDir, run, read);
  if (!journal.ok) {
    await lock.value.release();
    return journal;
  }
  return ok({ run, journal: journal.value, release: releaser(journal.value, lock.value.release) });
};

const releaser = (journal: Journal, release: () => Promise<void>) => async (): Promise<void> => {
  try {
    // A journal that broke on the way closes in silence: this says so.
    await journal.barrier();
  } finally {
    await journal.close();
    await release();
  }
};

/** Without a record a command that only reads goes on; one that changes hosts never gets here. */
export const noRecord = (): Record & { readonly run: string } => ({
  run: newRunId(new Date(), randomBytes(runIdRandomBytes)),
  journal: { accept: () => undefined, barrier: async () => undefined, close: async () => undefined, path: "" },
  release: async () => undefined,
});

/** Where a run comes from: its command line, a plan in a file, a run that it undoes, the last event of the run it goes on with. */
export interface Origin {
  readonly given?: Given;
  readonly saved?: Plan;
  readonly undone?: Undone;
  readonly after?: number;
  /** Whoever else is told of its events. */
  readonly notices?: readonly Sink[];
}

/** Joins the parts for one run. */
export const composeRun = (
  request: FleetRequest,
  io: Io,
  hosts: readonly Host[],
  access: Access,
  record: Record & { readonly run: string },
  view: LiveView,
  hands: Hands,
  version: string,
  { given, saved, undone, after, notices = [] }: Origin = {},
): RunContext => {
  const rollout = request.command === "rollout" ? request : undefined;
  const planned = request.command === "status" ? undefined : request;
  const deadlines: Deadlines = {
    stepS: request.stepTimeoutS,
    hostS: hostSecondsOf(request),
    changeS: request.hostTimeoutS,
    runS: request.runTimeoutS,
  };
  return {
    run: record.run,
    command: request.command,
    job: jobFor(request, deadlines, undone),
    ...(request.command === "purge" ? { purge: request.asked } : {}),
    ...(undone === undefined ? {} : { rollback: { run: undone.run } }),
    patterns: request.patterns,
    hosts,
    by: { user: io.user, controller: io.controller, pid: io.pid },
    version,
    clock: Date.now,
    elapsed,
    pause: async (ms, signal) => sleep(ms, undefined, { signal }).catch(() => undefined),
    nonce: newNonce,
    transport: transportFor(request, io, access, clocksFor({ ...request, hostTimeoutS: hostSecondsOf(request) })),
    emitter: new Emitter(record.run, Date.now, record.journal, [view, ...notices], after),
    // A question is for somebody whose keys are read.
    interactive: isInteractive(io) && request.output === "tui",
    ...(rollout?.probe === undefined
      ? {}
      : { probe: probeCommand(rollout.probe, record.run, request.stepTimeoutS, io.env) }),
    ...(given === undefined ? {} : { given }),
    ...(saved === undefined ? {} : { saved }),
    deadlines,
    parallel: request.parallel,
    soakS: "soakS" in request ? request.soakS : 0,
    check: planned?.check ?? false,
    driftCounts: request.command === "status" && request.exitCode,
    waves: planned?.waves ?? [],
    maxBad: planned?.maxBad,
    maxMissing: planned?.maxMissing ?? { kind: "percent", percent: 100 },
    ...hands,
  };
};

const jobFor = (request: FleetRequest, deadlines: Deadlines, undone: Undone | undefined): Job => {
  if (request.command === "rollback") {
    if (undone === undefined) throw new Error("a rollback without the run that it undoes");
    const { soakS } = request;
    return rollbackJob({
      undone: undone.hosts,
      accepted: request,
      soakS,
      deadlines,
      cleanerFiles: createCleanerFiles(),
    });
  }
  if (request.command === "purge") return purgeJob({ asked: request.asked, accepted: request, deadlines });
  const rollout = request.command === "rollout" ? request : undefined;
  return rolloutJob({
    command: request.command,
    accepted: {
      activatePending: rollout?.activatePending ?? false,
      thisBootEnvironment: rollout?.thisBootEnvironment ?? false,
      breakStaleLock: rollout?.breakStaleLock ?? false,
      waitIdleS: rollout?.waitIdleS ?? 0,
    },
    migrateS: rollout === undefined ? 0 : migrateSecondsOf(rollout),
    soakS: rollout?.soakS ?? 0,
    deadlines,
    cleanerFiles: createCleanerFiles(),
  });
};

/** Images are gigabytes: a host that copies some gets half of its time besides, and what is not copied then is fetched when it is needed. */
const migrateSecondsOf = ({ migrateCache, hostTimeoutS }: RolloutRequest): Seconds =>
  migrateCache ? Math.ceil(hostTimeoutS / 2) : 0;

/** Waiting for deployments and copying images are the operator's wish: they come on top of a host's own time. */
const hostSecondsOf = (request: FleetRequest): Seconds =>
  request.hostTimeoutS + (request.command === "rollout" ? request.waitIdleS + migrateSecondsOf(request) : 0);

/** What is run on the hosts, and what the journal says of it. */
export interface ExecWork {
  readonly asked: Asked;
  readonly text: string;
  readonly shellOptions: string;
}

/** What one `exec` is made of besides its hosts. */
export interface ExecParts {
  readonly access: Access;
  readonly record: Record & { readonly run: string };
  readonly work: ExecWork;
  readonly view: LiveView;
  readonly texts: KeptTexts;
  readonly onLine: ExecContext["onLine"];
  readonly hands: Pick<ExecContext, "stopping" | "cutting" | "accept">;
  readonly version: string;
}

/** Joins the parts for one `exec`. */
export const composeExec = (
  request: ExecRequest,
  io: Io,
  hosts: readonly Host[],
  { access, record, work, view, texts, onLine, hands, version }: ExecParts,
): ExecContext => ({
  run: record.run,
  patterns: request.patterns,
  hosts,
  by: { user: io.user, controller: io.controller, pid: io.pid },
  version,
  clock: Date.now,
  elapsed,
  nonce: newNonce,
  transport: transportFor(request, io, access, silentClocksFor(request)),
  emitter: new Emitter(record.run, Date.now, record.journal, [view]),
  parallel: request.parallel,
  limits: { hostTimeoutS: request.hostTimeoutS, runTimeoutS: request.runTimeoutS },
  ...work,
  record: request.record,
  texts,
  onLine,
  ...hands,
});

/** What one `package publish` is made of besides its host. */
export interface PublishParts extends Pick<ExecParts, "access" | "record" | "view" | "version"> {
  readonly packaged: CleanerPackage;
  readonly hands: Pick<PublishContext, "cutting" | "accept">;
}

/** Joins the parts for one `package publish`. */
export const composePublish = (
  request: PackagePublishRequest,
  io: Io,
  host: Host,
  { access, record, packaged, view, hands, version }: PublishParts,
): PublishContext => ({
  run: record.run,
  patterns: request.patterns,
  host,
  by: { user: io.user, controller: io.controller, pid: io.pid },
  version,
  clock: Date.now,
  elapsed,
  nonce: newNonce,
  transport: transportFor(request, io, access, patientClocksFor(request)),
  emitter: new Emitter(record.run, Date.now, record.journal, [view]),
  check: request.check,
  packaged,
  repository: request.repository,
  hostTimeoutS: request.hostTimeoutS,
  ...hands,
});

/** Since the process began: no hand at the clock moves it. */
const elapsed = (): number => Math.round(performance.now());

const newNonce = (): string => randomBytes(8).toString("hex");
