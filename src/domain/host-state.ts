/** One host's row in the fold of a run. */
import type { EventOf, Purged, RecordedStream } from "./event.ts";
import type { Facts } from "./facts.ts";
import type { HostName } from "./ids.ts";
import type { Layer } from "./layer.ts";
import type { Failure, Outcome, Phase, Refusal } from "./outcome.ts";
import type { Drift } from "./plan.ts";
import type { Ran, StreamSum } from "./ran.ts";

export interface HostState {
  readonly host: HostName;
  readonly phase: Phase;
  /** Where a slow connection is. */
  readonly layer?: Layer;
  /** When the phase, or the step or layer within it, began. */
  readonly since?: string;
  /** The change being carried out. */
  readonly step?: Pick<EventOf<"host.step">, "step" | "of" | "change" | "state">;
  readonly wave?: number;
  /** Its changes were begun: something may have been done there. */
  readonly begun?: true;
  /** The last script that was to change it. */
  readonly script?: string;
  /** Events of what that script said: a node that kept its words need not say these again. */
  readonly said: number;
  /** Some script of the run said something: it may have done something, too. */
  readonly spoke?: true;
  readonly facts?: Facts;
  readonly outcome?: Outcome;
  readonly failure?: Failure;
  readonly refusals: readonly Refusal[];
  readonly drift: readonly Drift[];
  /** What was taken out here so far. */
  readonly purged: readonly Purged[];
  readonly note?: string;
  readonly tookMs?: number;
  /** How the operator's command went here. */
  readonly ran?: Ran;
  /** The stale lock that was taken over here, in words. */
  readonly lockFrom?: string;
}

/** Before anything happened there. */
export const queued = (host: HostName): HostState => ({
  host,
  phase: "queued",
  refusals: [],
  drift: [],
  purged: [],
  said: 0,
});

/** One more event of what its script said. */
export const spoken = (host: HostState): HostState => ({ ...host, said: host.said + 1, spoke: true });

/** Another script is about to change the host, unless it has no name: then the one before has begun. */
export const withScript = (host: HostState, script: string | undefined): HostState =>
  script === undefined ? { ...host, begun: true } : { ...host, begun: true, script, said: 0 };

export const entered = ({ step: _, layer: _left, ...host }: HostState, event: EventOf<"host.phase">): HostState => ({
  ...(event.phase === "applying" ? withScript(host, event.script) : host),
  phase: event.phase,
  since: event.since ?? event.at,
  ...(event.layer === undefined ? {} : { layer: event.layer }),
});

export const stepped = (host: HostState, event: EventOf<"host.step">): HostState => ({
  ...spoken(host),
  step: { step: event.step, of: event.of, change: event.change, state: event.state },
  ...(event.state === "start" ? { since: event.at } : {}),
});

export const purgedOf = ({ change, target, files, bytes, announced, freedBytes }: EventOf<"host.purged">): Purged => ({
  change,
  target,
  files,
  bytes,
  announced,
  ...(freedBytes === undefined ? {} : { freedBytes }),
});

/** Texts are not the state's: they are kept once for all hosts that wrote them. */
export const ranOf = ({ status, signal, partial, stdout, stderr }: EventOf<"host.ran">): Ran => ({
  ...(status === undefined ? {} : { status }),
  ...(signal === undefined ? {} : { signal }),
  ...(partial === undefined ? {} : { partial }),
  stdout: sumOf(stdout),
  stderr: sumOf(stderr),
});

const sumOf = ({ bytes, digest }: RecordedStream): StreamSum => ({ bytes, digest });
