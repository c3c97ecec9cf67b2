import type { Asked, CommandName, EventOf, Given, Publication, RunEvent } from "./event.ts";
import { entered, type HostState, purgedOf, queued, ranOf, spoken, stepped } from "./host-state.ts";
import { type HostTable, hostTable, rowOf, withRow } from "./host-table.ts";
import type { HostName, RunId } from "./ids.ts";
import type { Outcome } from "./outcome.ts";
import type { Plan } from "./plan.ts";
import type { PurgeAsked } from "./purge/asked.ts";
import { emptyTally, isBad, type Tally, tallied } from "./tally.ts";
import { countedIn, type WaveState } from "./wave-state.ts";

/** What the events of a run have said so far. Immutable: `reduce` makes the next one. Times are as the events have them. */
export interface RunState {
  readonly run?: RunId;
  readonly command?: CommandName;
  readonly check: boolean;
  readonly patterns: readonly string[];
  readonly by?: EventOf<"run.started">["by"];
  readonly version?: string;
  /** What `exec` runs. */
  readonly exec?: Asked;
  /** What `package` publishes. */
  readonly publication?: Publication;
  /** What `purge` takes out. */
  readonly purge?: PurgeAsked;
  /** What `rollback` undoes. */
  readonly rollback?: { readonly run: RunId };
  /** What the repository has of it. */
  readonly published?: { readonly fmri: string; readonly before: boolean };
  readonly given?: Given;
  readonly startedAt?: string;
  /** Whenever another process took the run up again. */
  readonly resumed: readonly { readonly by: EventOf<"run.started">["by"]; readonly at: string }[];
  /** Of the last event: the run's own clock. */
  readonly lastAt?: string;
  readonly lastSeq: number;
  readonly hosts: HostTable<HostState>;
  readonly tally: Tally;
  readonly settled: number;
  readonly plan?: Plan;
  readonly accepted?: { readonly by: "typed" | "--yes"; readonly changing: number; readonly at: string };
  readonly waves: readonly WaveState[];
  /** As last decided; `bad` is counted here from the outcomes after acceptance. */
  readonly gate?: { readonly open: boolean; readonly maxBad: number; readonly reason: string; readonly at: string };
  /** Hosts that became failed, unknown or unreachable after acceptance. */
  readonly bad: number;
  /** How the operator ended the run. */
  readonly operator?: "declined" | "stopped" | "cut";
  /** No further host starts until somebody says so: who asked for it, or why. */
  readonly held?: string;
  readonly ended?: { readonly at: string; readonly exit: number; readonly reason?: string };
}

/** Before the first event. */
export const initialState: RunState = {
  check: false,
  patterns: [],
  lastSeq: 0,
  hosts: hostTable<HostState>([], (host) => queued(host)),
  tally: emptyTally,
  settled: 0,
  waves: [],
  bad: 0,
  resumed: [],
};

/**
 * The state after one more event. Total: any event in any order gives a state. A host that was not selected leaves it
 * unchanged, and so does whatever comes after a host has settled: the first outcome counts.
 */
export const reduce = (state: RunState, event: RunEvent): RunState =>
  apply({ ...state, lastAt: event.at, lastSeq: Math.max(state.lastSeq, event.seq) }, event);

const apply = (state: RunState, event: RunEvent): RunState => {
  switch (event.type) {
    case "run.started":
      return started(event);
    case "run.resumed":
      return resumed(state, event);
    case "plan.made":
      return { ...state, plan: event.plan };
    case "plan.accepted":
      return { ...state, accepted: { by: event.by, changing: event.changing, at: event.at } };
    case "wave.opened":
      return waveOpened(state, event);
    case "gate.decided":
      return { ...state, gate: { open: event.open, maxBad: event.maxBad, reason: event.reason, at: event.at } };
    case "host.phase":
      return onHost(state, event.host, (host) => entered(host, event));
    case "host.facts":
      return onHost(state, event.host, (host) => ({ ...host, facts: event.facts }));
    case "host.step":
      return onHost(state, event.host, (host) => stepped(host, event));
    case "host.line":
      return state;
    case "host.ran":
      return onHost(state, event.host, (host) => ({ ...host, ran: ranOf(event) }));
    case "package.published":
      return { ...state, published: { fmri: event.fmri, before: event.before } };
    // Names are the journal's: a screen that held those of a fleet would grow with its trash.
    case "host.removed":
      return onHost(state, event.host, spoken);
    case "host.purged":
      return onHost(state, event.host, (host) => ({
        ...spoken(host),
        purged: [...host.purged, purgedOf(event)],
      }));
    case "host.settled":
      return settled(state, event);
    case "host.retried":
      return retried(state, event.host);
    case "lock.taken":
      return onHost(state, event.host, (host) => ({ ...host, lockFrom: event.from }));
    case "operator.acted":
      return acted(state, event);
    case "run.settled":
      return { ...state, ended: ending(event) };
    default:
      return newer(state, event);
  }
};

/** A hold ends with the process that was held. */
const resumed = ({ held: _, ...state }: RunState, { by, at }: EventOf<"run.resumed">): RunState => ({
  ...state,
  resumed: [...state.resumed, { by, at }],
});

const acted = (state: RunState, { action, by = "" }: EventOf<"operator.acted">): RunState => {
  const { held: _, ...free } = state;
  switch (action) {
    case "held":
      return { ...free, held: by };
    case "went-on":
      return free;
    case "declined":
    case "stopped":
    case "cut":
      return { ...free, operator: action };
    default:
      return state;
  }
};

/** A journal of a newer version may hold types this one does not know: they change nothing. */
const newer = (state: RunState, _event: never): RunState => state;

const started = (event: EventOf<"run.started">): RunState => ({
  ...initialState,
  run: event.run,
  command: event.command,
  check: event.check,
  patterns: event.patterns,
  by: event.by,
  version: event.version,
  ...(event.exec === undefined ? {} : { exec: event.exec }),
  ...(event.publication === undefined ? {} : { publication: event.publication }),
  ...(event.purge === undefined ? {} : { purge: event.purge }),
  ...(event.rollback === undefined ? {} : { rollback: event.rollback }),
  ...(event.given === undefined ? {} : { given: event.given }),
  startedAt: event.at,
  lastAt: event.at,
  lastSeq: event.seq,
  hosts: hostTable(event.hosts, queued),
});

/** One host's row, unless it is unknown or already settled. */
export const onHost = (state: RunState, name: HostName, change: (host: HostState) => HostState): RunState => {
  const host = rowOf(state.hosts, name);
  if (host === undefined || host.outcome !== undefined) return state;
  const hosts = withRow(state.hosts, name, change(host));
  return hosts === state.hosts ? state : { ...state, hosts };
};

const waveOpened = (state: RunState, event: EventOf<"wave.opened">): RunState => {
  const wave: WaveState = { wave: event.wave, of: event.of, size: event.hosts.length, settled: 0, openedAt: event.at };
  let next: RunState = { ...state, waves: [...state.waves, wave] };
  for (const name of event.hosts) next = onHost(next, name, (host) => ({ ...host, wave: event.wave }));
  return next;
};

const settled = (state: RunState, event: EventOf<"host.settled">): RunState => {
  const before = rowOf(state.hosts, event.host);
  if (before === undefined || before.outcome !== undefined) return state;
  const next = onHost(state, event.host, ({ step: _, layer: _left, ...host }) => ({
    ...host,
    phase: "settled",
    since: event.at,
    outcome: event.outcome,
    tookMs: event.tookMs,
    refusals: event.refusals ?? [],
    drift: event.drift ?? [],
    ...(event.failure === undefined ? {} : { failure: event.failure }),
    ...(event.note === undefined ? {} : { note: event.note }),
  }));
  return {
    ...next,
    tally: tallied(state.tally, event.outcome),
    settled: state.settled + 1,
    bad: state.bad + (state.accepted !== undefined && isBad(event.outcome) ? 1 : 0),
    waves: countedIn(state.waves, before.wave, 1),
  };
};

/** A host that went bad is tried again: as if it had not settled. */
const retried = (state: RunState, name: HostName): RunState => {
  const host = rowOf(state.hosts, name);
  if (host?.outcome === undefined) return state;
  const { outcome, failure: _, note: _note, tookMs: _took, script: _script, ...open } = host;
  // How its last script went is told: nobody need ask the node for that again.
  const reopened: HostState = {
    ...open,
    phase: "waiting",
    refusals: [],
    drift: [],
    said: 0,
    ...mayHaveSpoken(outcome),
  };
  return {
    ...state,
    hosts: withRow(state.hosts, name, reopened),
    tally: { ...state.tally, [outcome]: state.tally[outcome] - 1 },
    settled: state.settled - 1,
    bad: state.bad - (state.accepted !== undefined && isBad(outcome) ? 1 : 0),
    waves: countedIn(state.waves, host.wave, -1),
  };
};

/** What went wrong may have begun, though nobody heard it. */
const mayHaveSpoken = (outcome: Outcome): Pick<HostState, "spoke"> =>
  outcome === "failed" || outcome === "unknown" ? { spoke: true } : {};

const ending = (event: EventOf<"run.settled">): NonNullable<RunState["ended"]> => ({
  at: event.at,
  exit: event.exit,
  ...(event.reason === undefined ? {} : { reason: event.reason }),
});
