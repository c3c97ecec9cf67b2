import type { Host } from "../domain/host.ts";
import type { EpochMs, RunId, Seconds } from "../domain/ids.ts";
import type { Plan } from "../domain/plan.ts";
import type { PurgeAsked } from "../domain/purge/asked.ts";
import type { Share } from "../domain/waves.ts";
import type { ScriptIds } from "../remote/script.ts";
import type { Transport } from "../transport/transport.ts";
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

/** Everything one run needs, made once by the composition root. */
export interface RunContext {
  readonly run: RunId;
  readonly command: "rollout" | "status" | "purge";
  readonly job: Job;
  /** What a purge takes out. */
  readonly purge?: PurgeAsked;
  readonly patterns: readonly string[];
  readonly hosts: readonly Host[];
  readonly by: { readonly user: string; readonly controller: string; readonly pid: number };
  readonly version: string;
  readonly clock: () => EpochMs;
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
