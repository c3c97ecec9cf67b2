import type { PurgeKind, StepKind } from "./change.ts";
import type { Facts } from "./facts.ts";
import type { AbsPath, Bytes, Digest, HostName, NodeSeconds, RunId } from "./ids.ts";
import type { Layer } from "./layer.ts";
import type { Failure, Outcome, Phase, Refusal } from "./outcome.ts";
import type { Drift, Plan } from "./plan.ts";
import type { PurgeAsked } from "./purge/asked.ts";
import type { FreedRange } from "./purge/space.ts";
import type { Ran, StreamSum } from "./ran.ts";

/** One thing that happened in a run. The journal, the screen, NDJSON, the summary and the exit status are folds of these. */
export type RunEvent = EventHead & EventBody;

export interface EventHead {
  readonly v: 1;
  readonly run: RunId;
  /** From 1, no gaps. */
  readonly seq: number;
  /** RFC 3339 with milliseconds, UTC. */
  readonly at: string;
}

export type CommandName = "rollout" | "rollback" | "purge" | "status" | "exec" | "package";

/** What `exec` was asked to run: words joined by blanks, or a file. */
export type Asked =
  | { readonly kind: "command"; readonly text: string }
  | { readonly kind: "script"; readonly file: string; readonly bytes: Bytes; readonly digest: Digest };

/** What `package publish` publishes where: its FMRI without a time, the repository as given, SHA-256 of the content. */
export interface Publication {
  readonly fmri: string;
  readonly repository: string;
  readonly digest: Digest;
}

/** One stream of a command; `text` only where the run records outputs, and then as much of it as was kept. */
export interface RecordedStream extends StreamSum {
  readonly text?: string;
}

/** How a run was asked for, so that it can be taken up again. Passwords are no words of a command line. */
export interface Given {
  readonly words: readonly string[];
  /** The inventories that were read, as absolute paths. */
  readonly inventories: readonly string[];
  /** Where it was started: settings files are looked for there. */
  readonly directory: string;
}

/** A file that was removed: `at`, when it was last used or written, on the node's clock. */
export interface RemovedFile {
  readonly name: string;
  readonly bytes: Bytes;
  readonly at: NodeSeconds;
}

/** What one step of a purge took out, and what became of the bytes. */
export interface Purged {
  readonly change: PurgeKind;
  /** A directory, or the name of a boot environment. */
  readonly target: string;
  readonly files: number;
  /** That their blocks took. */
  readonly bytes: Bytes;
  readonly announced: FreedRange;
  /** By how much the node says it uses less; absent: it could not say. */
  readonly freedBytes?: Bytes;
}

export type EventBody =
  | {
      readonly type: "run.started";
      readonly command: CommandName;
      readonly check: boolean;
      readonly patterns: readonly string[];
      readonly hosts: readonly HostName[];
      readonly by: { readonly user: string; readonly controller: string; readonly pid: number };
      readonly version: string;
      /** Deadlines and limits in force, in the units of their names. */
      readonly limits: Readonly<Record<string, number>>;
      /** Only of `exec`: what is run there. */
      readonly exec?: Asked;
      /** Only of `package`. */
      readonly publication?: Publication;
      /** Only of `purge`. */
      readonly purge?: PurgeAsked;
      /** Only of `rollback`: the run that it undoes. */
      readonly rollback?: { readonly run: RunId };
      /** Only of commands that change hosts by a plan. */
      readonly given?: Given;
    }
  | {
      /** Another process goes on with a run whose own is gone. */
      readonly type: "run.resumed";
      readonly by: { readonly user: string; readonly controller: string; readonly pid: number };
      readonly version: string;
    }
  | {
      readonly type: "host.phase";
      readonly host: HostName;
      readonly phase: Phase;
      /** Only of a connection that is slow: the layer it is in, and since when. */
      readonly layer?: Layer;
      readonly since?: string;
      /** Of a script that is about to change the host: what it is called there, 8 hex digits, another for each. */
      readonly script?: string;
    }
  | { readonly type: "host.facts"; readonly host: HostName; readonly facts: Facts }
  | { readonly type: "plan.made"; readonly plan: Plan }
  | { readonly type: "plan.accepted"; readonly by: "typed" | "--yes"; readonly changing: number }
  | { readonly type: "wave.opened"; readonly wave: number; readonly of: number; readonly hosts: readonly HostName[] }
  | {
      readonly type: "gate.decided";
      readonly open: boolean;
      /** Bad hosts so far, and how many are allowed. */
      readonly bad: number;
      readonly maxBad: number;
      readonly reason: string;
    }
  | {
      readonly type: "host.step";
      readonly host: HostName;
      /** 1-based, of the changes accepted for the host; for a step that is none of them, the last one its script did, 0 before the first. */
      readonly step: number;
      readonly of: number;
      readonly change: StepKind;
      readonly state: "start" | "ok" | "fail";
      readonly code?: string;
      readonly message?: string;
    }
  | { readonly type: "host.line"; readonly host: HostName; readonly stream: "stdout" | "stderr"; readonly text: string }
  | ({
      readonly type: "host.ran";
      readonly host: HostName;
      readonly stdout: RecordedStream;
      readonly stderr: RecordedStream;
    } & Omit<Ran, "stdout" | "stderr">)
  | {
      readonly type: "package.published";
      /** Through which it was looked at and published. */
      readonly host: HostName;
      /** With the time of publishing. */
      readonly fmri: string;
      /** Whether the repository had it before, with the same content. */
      readonly before: boolean;
    }
  | {
      /** Files that are gone from `directory`; as many events as it takes. */
      readonly type: "host.removed";
      readonly host: HostName;
      readonly directory: AbsPath;
      readonly files: readonly RemovedFile[];
    }
  | ({ readonly type: "host.purged"; readonly host: HostName } & Purged)
  | {
      readonly type: "host.settled";
      readonly host: HostName;
      readonly outcome: Outcome;
      readonly failure?: Failure;
      readonly refusals?: readonly Refusal[];
      readonly drift?: readonly Drift[];
      readonly note?: string;
      /** Milliseconds from the host's first connection to here. */
      readonly tookMs: number;
    }
  | {
      readonly type: "lock.taken";
      readonly host: HostName;
      /** The stale lock that was taken over, in words. */
      readonly from: string;
    }
  | {
      readonly type: "operator.acted";
      readonly action: "declined" | "stopped" | "cut" | "held" | "went-on" | "skipped" | "retried" | "parallel";
      /** Only while a run goes on: `key`, `runs`, or what the health check says. */
      readonly by?: string;
      /** Only of `parallel`: hosts at once from then on. */
      readonly parallel?: number;
    }
  | { readonly type: "host.retried"; readonly host: HostName }
  | {
      readonly type: "run.settled";
      readonly tally: Readonly<Record<Outcome, number>>;
      readonly exit: number;
      readonly reason?: string;
    };

export type EventType = EventBody["type"];
export type EventOf<T extends EventType> = Extract<RunEvent, { type: T }>;
