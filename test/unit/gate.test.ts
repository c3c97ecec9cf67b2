import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { exitStatus } from "../../src/domain/exit-status.ts";
import { defaultMaxBad, gate, mayRisk } from "../../src/domain/gate.ts";
import { type Outcome, outcomes } from "../../src/domain/outcome.ts";
import { cutWaves, parseShare, type Share, shareDown, shareUp } from "../../src/domain/waves.ts";

const rule = (maxBad: number) => ({ maxBad, maxMissing: 0, parallel: 32, soakS: 60 });
const share = (text: string): Share => {
  const parsed = parseShare(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};

describe("shares", () => {
  it.each([
    ["5", { kind: "count", count: 5 }],
    ["0", { kind: "count", count: 0 }],
    ["20%", { kind: "percent", percent: 20 }],
    ["0.5%", { kind: "percent", percent: 0.5 }],
    ["100%", { kind: "percent", percent: 100 }],
  ])("reads %s", (text, value) => expect(parseShare(text)).toEqual({ ok: true, value }));
  it.each(["", "x", "-1", "1.5", "101%", "5 %", "%", "1e3", "9999999"])("refuses %j", (text) =>
    expect(parseShare(text).ok).toBe(false),
  );
  it("rounds a limit down and a wave up, to at least one host", () => {
    expect(shareDown(share("5%"), 80)).toBe(4);
    expect(shareDown(share("5%"), 19)).toBe(0);
    expect(shareUp(share("25%"), 10)).toBe(3);
    expect(shareUp(share("1%"), 3)).toBe(1);
    expect(shareUp(share("0"), 3)).toBe(1);
  });
});

describe("waves", () => {
  const sizes = (count: number, list: string): number[] =>
    cutWaves(
      Array.from({ length: count }, (_, n) => n),
      list.split(",").map(share),
    ).map((wave) => wave.length);
  it.each([
    [0, "1,5,25%", []],
    [1, "1,5,25%", [1]],
    [4, "1,5,25%", [1, 3]],
    [80, "1,5,25%", [1, 5, 20, 20, 20, 14]],
    [7, "100%", [7]],
    [3, "1", [1, 1, 1]],
  ])("cuts %i hosts by %s into %j", (count, list, want) => expect(sizes(count, list)).toEqual(want));
  it("puts every host in exactly one wave, and leaves none empty", () => {
    const shares = fc.array(
      fc.oneof(
        fc.nat(50).map(String),
        fc.integer({ min: 0, max: 100 }).map((n) => `${n}%`),
      ),
      { minLength: 1, maxLength: 4 },
    );
    fc.assert(
      fc.property(fc.nat(300), shares, (count, list) => {
        const members = Array.from({ length: count }, (_, n) => n);
        const waves = cutWaves(members, list.map(share));
        expect(waves.flat()).toEqual(members);
        expect(waves.every((wave) => wave.length > 0)).toBe(true);
      }),
    );
  });
});

describe("the gate", () => {
  it("closes at the host that exceeds the number, not at the one that reaches it", () => {
    expect(gate(rule(4), { bad: 4, canaryBad: false, atRisk: 0 }).open).toBe(true);
    expect(gate(rule(4), { bad: 5, canaryBad: false, atRisk: 0 }).open).toBe(false);
  });
  it("closes at any bad host of the canary wave", () => {
    expect(gate(rule(100), { bad: 1, canaryBad: true, atRisk: 0 }).open).toBe(false);
  });
  it.each([
    [0, 1],
    [1, 1],
    [19, 1],
    [20, 1],
    [39, 1],
    [40, 2],
    [80, 4],
    [1000, 50],
  ])("of %i hosts lets %i go bad by default", (changing, want) => expect(defaultMaxBad(changing)).toBe(want));

  it("never lets more than N + 1 nova-computes be broken, whatever order hosts start and end in", () => {
    const moves = fc.array(fc.record({ end: fc.boolean(), bad: fc.boolean() }), { maxLength: 200 });
    fc.assert(
      fc.property(fc.nat(10), moves, (maxBad, list) => {
        let [bad, atRisk] = [0, 0];
        for (const move of list) {
          if (move.end && atRisk > 0) {
            atRisk -= 1;
            if (move.bad) bad += 1;
          } else if (mayRisk(rule(maxBad), { bad, canaryBad: false, atRisk })) atRisk += 1;
          // The worst case: everything at risk turns out broken.
          expect(bad + atRisk).toBeLessThanOrEqual(maxBad + 1);
        }
      }),
    );
  });
});

describe("the exit status", () => {
  const tally = (patch: Partial<Record<Outcome, number>>) => ({
    ...(Object.fromEntries(outcomes.map((o) => [o, 0])) as Record<Outcome, number>),
    ...patch,
  });
  const end = (patch: Partial<Record<Outcome, number>>, more = {}) =>
    exitStatus({ tally: tally(patch), interrupted: false, stopped: false, driftCounts: false, ...more });
  it.each([
    [{ "in-sync": 3, changed: 2 }, {}, 0],
    [{ drifted: 1 }, {}, 0],
    [{ drifted: 1 }, { driftCounts: true }, 3],
    [{ refused: 1, drifted: 1 }, { driftCounts: true }, 6],
    [{ refused: 1, unreachable: 1 }, {}, 4],
    [{ failed: 1, unreachable: 1 }, {}, 1],
    [{ unknown: 1, refused: 1 }, {}, 1],
    [{ failed: 1, skipped: 3 }, { stopped: true }, 5],
    [{ failed: 1 }, { stopped: true, interrupted: true }, 130],
  ])("of %j %j is %i", (patch, more, want) => expect(end(patch, more)).toBe(want));
});
