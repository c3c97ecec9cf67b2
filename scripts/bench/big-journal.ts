/** The journal of a made-up rollout that was cut short, of any size, as a run with 32 hosts at once writes it. Always the same. */
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import type { EventBody, Given } from "../../src/domain/event.ts";
import type { HostName } from "../../src/domain/ids.ts";
import { cutWaves } from "../../src/domain/waves.ts";
import { eventLine } from "../../src/journal/event-line.ts";
import { juno, junoDone } from "../../test/support/facts.ts";
import { changes, planOf, runId, runStarted, startMs } from "../../test/support/fleet-events.ts";

const AT_ONCE = 32;
const GAP_MS = 20;
/** Lines written in one go. */
const LINES = 2000;

/** So many hosts of a plan, and how many of them had settled when the run was cut short. */
export interface Cut {
  readonly hosts: readonly HostName[];
  readonly settled: number;
  readonly given: Given;
}

/** Those at once take their steps side by side. */
function* applied(batch: readonly HostName[], settles: boolean): Generator<EventBody> {
  const steps = changes();
  for (const phase of ["applying", "connecting", "applying"] as const)
    for (const host of batch) yield { type: "host.phase", host, phase };
  for (const [at, { kind: change }] of steps.entries())
    for (const state of ["start", "ok"] as const)
      for (const host of batch) yield { type: "host.step", host, step: at + 1, of: steps.length, change, state };
  if (!settles) return;
  for (const host of batch) yield { type: "host.phase", host, phase: "verifying" };
  for (const host of batch) {
    yield { type: "host.facts", host, facts: junoDone };
    yield { type: "host.settled", host, outcome: "changed", tookMs: 74_000 };
  }
}

function* cutRun({ hosts, settled, given }: Cut): Generator<EventBody> {
  yield runStarted(hosts, { given });
  for (const batch of cutWaves(hosts, [{ kind: "count", count: AT_ONCE }])) {
    for (const phase of ["connecting", "probing"] as const)
      for (const host of batch) yield { type: "host.phase", host, phase };
    for (const host of batch) {
      yield { type: "host.facts", host, facts: juno };
      yield { type: "host.phase", host, phase: "planned" };
    }
  }
  const plan = planOf(hosts, () => "changed");
  yield { type: "plan.made", plan };
  yield { type: "plan.accepted", by: "--yes", changing: hosts.length };
  let done = 0;
  for (const [at, wave] of plan.waves.entries()) {
    yield { type: "wave.opened", wave: at + 1, of: plan.waves.length, hosts: wave };
    for (const batch of cutWaves(wave, [{ kind: "count", count: AT_ONCE }])) {
      yield* applied(batch, done < settled);
      if (done >= settled) return;
      done += batch.length;
    }
  }
}

/** Writes the journal; resolves with how many events and bytes it has. */
export const writeBigJournal = (path: string, cut: Cut): { readonly events: number; readonly bytes: number } => {
  mkdirSync(dirname(path), { recursive: true });
  const file = openSync(path, "w", 0o600);
  let events = 0;
  let bytes = 0;
  let lines: string[] = [];
  const flush = (): void => {
    bytes += writeSync(file, lines.join(""));
    lines = [];
  };
  for (const body of cutRun(cut)) {
    const at = new Date(startMs + events * GAP_MS).toISOString();
    events += 1;
    lines.push(eventLine({ v: 1, run: runId, seq: events, at, ...body }));
    if (lines.length >= LINES) flush();
  }
  flush();
  closeSync(file);
  return { events, bytes };
};
