import type { Given } from "../domain/event.ts";
import type { Host } from "../domain/host.ts";
import type { EpochMs, HostName, RunId, Seconds } from "../domain/ids.ts";
import type { Plan } from "../domain/plan.ts";
import type { PurgeAsked } from "../domain/purge/asked.ts";
import type { Share } from "../domain/waves.ts";
import type { ScriptIds } from "../remote/script.ts";
import type { Transport } from "../transport/transport.ts";
import type { Controls } from "./controls.ts";
import type { Emitter } from "./emitter.ts";
import type { Job } from "./job.ts";

/** Deadlines of a run; every one is finite. */
export interface Deadlines {
  readonly stepS: Seconds;
  /** A host, with all that the operator added to its own time. */
  readonly hostS: Seconds;
  /** What a host has for its changes: waiting and copying not counted. */
  readonly changeS: Seconds;
  readonly runS: Seconds;
}

/** What the operator's own health command says: 0 go on, 1 stop, 2 ask; and its first line. */
export interface ProbeVerdict {
  readonly verdict: "go" | "stop" | "ask";
  readonly words: string;
}

/** Everything one run needs, made once by the composition root. */
export interface RunContext {
  readonly run: RunId;
  readonly command: "rollout" | "status" | "purge" | "rollback";
  readonly job: Job;
  /** The command line, for whoever takes the run up again. */
  readonly given?: Given;
  /** A plan that was made before: what it has of a host is all that may be done there. */
  readonly saved?: Plan;
  /** Told of the plan before it is offered; why it cannot be offered then, if so. */
  readonly planMade: (plan: Plan) => Promise<string | undefined>;
  /** What a purge takes out. */
  readonly purge?: PurgeAsked;
  /** The run that a rollback undoes. */
  readonly rollback?: { readonly run: RunId };
  readonly patterns: readonly string[];
  readonly hosts: readonly Host[];
  readonly by: { readonly user: string; readonly controller: string; readonly pid: number };
  readonly version: string;
  /** The time of day, which somebody may put at any moment: for events, never for how long something takes. */
  readonly clock: () => EpochMs;
  /** Whole milliseconds on a clock that nobody puts: durations and deadlines. */
  readonly elapsed: () => number;
  /** Waits, or returns early when the signal is aborted. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  /** A fresh hex nonce for one script. */
  readonly nonce: () => string;
  readonly transport: Transport;
  readonly emitter: Emitter;
  readonly deadlines: Deadlines;
  readonly parallel: number;
  readonly soakS: Seconds;
  readonly check: boolean;
  readonly driftCounts: boolean;
  readonly waves: readonly Share[];
  /** Undefined: the larger of 1 and 5 % of the hosts to change. */
  readonly maxBad: Share | undefined;
  readonly maxMissing: Share;
  /** Asks the person, or answers for `--yes`: how the plan was accepted, or undefined when it was not. */
  readonly accept: (plan: Plan) => Promise<"typed" | "--yes" | undefined>;
  /** What a person asks of the run while it goes on. */
  readonly controls: Controls;
  /** Whether somebody is there to be asked. */
  readonly interactive: boolean;
  /** The operator's own health command, after each wave. */
  readonly probe?: (wave: number, hosts: readonly HostName[], stopping: AbortSignal) => Promise<ProbeVerdict>;
  /** First Ctrl-C or the run's deadline: no new host starts. Its reason is a sentence. */
  readonly stopping: AbortSignal;
  /** Second Ctrl-C: connections are cut. */
  readonly cutting: AbortSignal;
}

/** What the next script is told of this run; its nonce is new. */
export const idsFor = ({ nonce, run, by }: Pick<RunContext, "nonce" | "run" | "by">): ScriptIds => ({
  nonce: nonce(),
  run,
  controller: by.controller,
  operator: by.user,
});
