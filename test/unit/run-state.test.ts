import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RunEvent } from "../../src/domain/event.ts";
import { closed, opened, rowOf, rowsOf, withRow } from "../../src/domain/host-table.ts";
import { reduceAll } from "../../src/domain/reduce-all.ts";
import { initialState, type RunState, reduce } from "../../src/domain/run-state.ts";
import { skimmable } from "../../src/domain/skimmed.ts";
import { settledIn } from "../../src/domain/tally.ts";
import { eventLine } from "../../src/journal/event-line.ts";
import { skimmer } from "../../src/journal/skim.ts";
import { names, numbered, rollout, runStarted, statusRun } from "../support/fleet-events.ts";
import { folded, journal } from "../support/journals.ts";

const frozen = (value: unknown): void => {
  if (typeof value !== "object" || value === null || Object.isFrozen(value) || value instanceof Map) return;
  Object.freeze(value);
  for (const member of Object.values(value)) frozen(member);
};

/** The state without what whoever takes the run up looks for himself. */
const looked = (state: RunState): unknown => ({
  ...state,
  hosts: [...rowsOf(state.hosts)].map(({ facts: _, step: _step, layer: _layer, phase, since, ...row }) =>
    row.outcome === undefined ? row : { ...row, phase, since },
  ),
});

describe("the fold of a run", () => {
  test("agrees with what the run itself says of its end", () => {
    for (const events of [numbered(rollout(200)), numbered(statusRun(60)), journal("gate-closes"), journal("cut")]) {
      const state = folded(events);
      const last = events.at(-1);
      expect(last?.type).toBe("run.settled");
      expect(state.tally).toEqual(last?.type === "run.settled" && last.tally);
      expect(state.settled).toBe(state.hosts.size);
      expect(state.ended?.exit).toBe(last?.type === "run.settled" && last.exit);
    }
  });

  test("never throws, whatever the order, and counts every host at most once", () => {
    const events = [...numbered(rollout(30)), ...journal("gate-closes"), ...journal("cut")];
    fc.assert(
      fc.property(fc.shuffledSubarray(events), (shuffled) => {
        const state = folded(shuffled);
        expect(state.settled).toBe(settledIn(state.tally));
        expect(state.settled).toBeLessThanOrEqual(state.hosts.size);
        const outcomes = [...rowsOf(state.hosts)].filter(({ outcome }) => outcome !== undefined);
        expect(outcomes).toHaveLength(state.settled);
      }),
      { numRuns: 60 },
    );
  });

  test("changes no state it has returned before", () => {
    let state = initialState;
    for (const event of numbered(rollout(150))) {
      frozen(state);
      state = reduce(state, event);
    }
    expect(state.settled).toBe(150);
  });

  test("is the same for many events at once, whatever the order, and leaves the state before as it was", () => {
    const events = [...numbered(rollout(150)), ...journal("gate-closes"), ...journal("cut")];
    fc.assert(
      fc.property(fc.shuffledSubarray(events), fc.nat(), (shuffled, cut) => {
        const first = shuffled.slice(0, cut % (shuffled.length + 1));
        const before = folded(first);
        frozen(before);
        expect(reduceAll(before, shuffled.slice(first.length))).toEqual(folded(shuffled));
      }),
      { numRuns: 60 },
    );
    expect(reduceAll(initialState, events)).toEqual(folded(events));
  });

  test("of a skimmed journal it has all but where its open hosts are, and facts", () => {
    const run = numbered(rollout(60));
    const again = names(60).flatMap((host) => [
      { type: "host.retried", host } as const,
      { type: "host.phase", host, phase: "applying", script: "0a1b2c3d" } as const,
      { type: "host.phase", host, phase: "applying" } as const,
    ]);
    const events = [...run, ...numbered(again), ...journal("gate-closes"), ...journal("cut")];
    const skim = skimmer(skimmable);
    const isSkimmed = (event: RunEvent): boolean => skim(Buffer.from(eventLine(event)).subarray(0, -1)) !== undefined;
    expect(events.filter(isSkimmed)).toEqual(events.filter(({ type }) => (skimmable as Set<string>).has(type)));
    fc.assert(
      fc.property(fc.shuffledSubarray(events), (shuffled) => {
        const skimmed = shuffled.map((event) => skim(Buffer.from(eventLine(event)).subarray(0, -1))?.event ?? event);
        expect(looked(reduceAll(initialState, skimmed))).toEqual(looked(folded(shuffled)));
      }),
      { numRuns: 60 },
    );
  });

  test("copies a list of rows once for many events at once", () => {
    const [start] = numbered([runStarted(names(10_000))]);
    const before = folded([start as RunEvent]).hosts;
    const write = (table: typeof before): typeof before => {
      const row = rowOf(table, "cn5000");
      return row === undefined ? table : withRow(table, "cn5000", { ...row, said: row.said + 1 });
    };
    const open = write(opened(before));
    const chunks = [...open.chunks];
    const after = closed(write(open));
    expect(after.chunks).toEqual(chunks);
    expect(after.chunks.every((chunk, at) => chunk === chunks[at])).toBe(true);
    expect([rowOf(before, "cn5000")?.said, rowOf(after, "cn5000")?.said]).toEqual([0, 2]);
    expect(write(after)).not.toBe(after);
  });

  test("copies two short lists for an event, not ten thousand hosts", () => {
    const hosts = names(10_000);
    const [start, phase] = numbered([runStarted(hosts), { type: "host.phase", host: "cn5000", phase: "connecting" }]);
    const before = folded([start as RunEvent]);
    const after = reduce(before, phase as RunEvent);
    const copied = after.hosts.chunks.filter((chunk, at) => chunk !== before.hosts.chunks[at]);
    expect(copied).toHaveLength(1);
    expect(copied[0]?.length).toBeLessThanOrEqual(64);
    expect(after.hosts.index).toBe(before.hosts.index);
    expect(rowOf(after.hosts, "cn5000")?.phase).toBe("connecting");
    expect(rowOf(before.hosts, "cn5000")?.phase).toBe("queued");
  });

  test("keeps the first outcome and ignores hosts nobody selected", () => {
    const state = folded(
      numbered([
        runStarted(["a"]),
        { type: "host.settled", host: "a", outcome: "changed", tookMs: 1 },
        { type: "host.settled", host: "a", outcome: "failed", tookMs: 2 },
        { type: "host.settled", host: "stranger", outcome: "failed", tookMs: 2 },
        { type: "host.phase", host: "a", phase: "applying" },
      ]),
    );
    expect(state.tally).toMatchObject({ changed: 1, failed: 0 });
    expect(rowOf(state.hosts, "a")).toMatchObject({ phase: "settled", outcome: "changed" });
  });

  test("a slow connection's layer is there until the next phase, its time from the layer's beginning", () => {
    const since = "2026-03-01T14:00:00.000Z";
    const bodies = [
      runStarted(["a"]),
      { type: "host.phase", host: "a", phase: "connecting" },
      { type: "host.phase", host: "a", phase: "connecting", layer: "auth", since },
      { type: "host.phase", host: "a", phase: "probing" },
    ] as const;
    const slow = folded(numbered(bodies.slice(0, 3)));
    expect(rowOf(slow.hosts, "a")).toMatchObject({ phase: "connecting", layer: "auth", since });
    expect(rowOf(folded(numbered(bodies)).hosts, "a")).not.toHaveProperty("layer");
  });

  test("an event type of a newer version changes nothing", () => {
    const state = folded(numbered([runStarted(["a"])]));
    const strange = { v: 1, run: "r", seq: 9, at: "2026-03-01T14:03:12.000Z", type: "host.sang" };
    expect(reduce(state, strange as unknown as RunEvent)).toMatchObject({ settled: 0, lastSeq: 9 });
  });

  test("counts as bad what went wrong after the plan was accepted, not before", () => {
    expect(folded(journal("gate-closes"))).toMatchObject({ bad: 3, gate: { open: false, maxBad: 1 } });
    const beforeOnly = numbered([
      runStarted(["a"]),
      { type: "host.settled", host: "a", outcome: "unreachable", tookMs: 1 },
      { type: "plan.accepted", by: "--yes", changing: 0 },
    ]);
    expect(folded(beforeOnly).bad).toBe(0);
  });

  test("follows a host through wave, step and time", () => {
    const events = journal("gate-closes");
    const upTo = events.findIndex((event) => event.type === "host.step" && event.host === "cn4");
    const state = folded(events.slice(0, upTo + 1));
    expect(rowOf(state.hosts, "cn4")).toMatchObject({
      phase: "applying",
      wave: 2,
      since: events[upTo]?.at,
      step: { step: 6, of: 7, change: "conf.set", state: "start" },
    });
    expect(rowOf(state.hosts, "cn3")?.lockFrom).toContain("bob@ctl2");
    expect(state.waves.map(({ size, settled }) => [size, settled])).toEqual([
      [1, 1],
      [4, 0],
    ]);
  });
});
