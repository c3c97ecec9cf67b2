import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RunState } from "../../src/domain/run-state.ts";
import { widthOf } from "../../src/view/cells.ts";
import { frame } from "../../src/view/tui/frame.ts";
import { painted, plainSigns, type Row, rowWidth, unicodeSigns } from "../../src/view/tui/rows.ts";
import { names, numbered, rollout, runStarted } from "../support/fleet-events.ts";
import { folded, journal } from "../support/journals.ts";

const plain = (rows: readonly Row[]): string =>
  rows
    .map((row) =>
      row
        .map(({ text }) => text)
        .join("")
        .trimEnd(),
    )
    .join("\n");

const at = (state: RunState, columns: number, rows: number, signs = unicodeSigns): readonly Row[] =>
  frame(state, { columns, rows, nowMs: Date.parse(state.lastAt ?? "") + 400, signs, heard: heardNothing });

const heardNothing: ReadonlyMap<string, string> = new Map();

const events = numbered(rollout(200));
const midway = folded(events.slice(0, Math.floor(events.length * 0.75)));
const surveying = folded(events.slice(0, 150));
const gateClosed = folded(journal("gate-closes").filter(({ type }) => type !== "run.settled"));
const stopped = folded(journal("cut").slice(0, -4));

describe("the screen", () => {
  test.each([
    ["survey-100x30", surveying, 100, 30],
    ["rollout-100x30", midway, 100, 30],
    ["rollout-80x24", midway, 80, 24],
    ["rollout-40x10", midway, 40, 10],
    ["gate-closed-80x24", gateClosed, 80, 24],
    ["stopped-80x24", stopped, 80, 24],
    ["ended-80x24", folded(events), 80, 24],
    ["hostile-80x24", folded(journal("hostile-text").slice(0, -1)), 80, 24],
  ] as const)("%s", async (name, state, columns, rows) => {
    await expect(`${plain(at(state, columns, rows))}\n`).toMatchFileSnapshot(`../golden/screen-${name}.txt`);
  });

  test("is never taller than the terminal less one row, nor wider, at any size and any moment", () => {
    const streams = [events, journal("gate-closes"), journal("cut"), journal("hostile-text")];
    const moment = fc.tuple(fc.constantFrom(...streams), fc.double({ min: 0, max: 1, noNaN: true }));
    fc.assert(
      fc.property(
        moment,
        fc.integer({ min: 1, max: 130 }),
        fc.integer({ min: 1, max: 60 }),
        ([stream, share], columns, rows) => {
          const drawn = at(folded(stream.slice(0, Math.floor(stream.length * share))), columns, rows);
          expect(drawn.length).toBeLessThanOrEqual(rows - 1);
          for (const row of drawn) {
            expect(rowWidth(row)).toBeLessThanOrEqual(columns);
            expect(row.map(({ text }) => text).join("")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test("names every cause of trouble or says how many more there are, however many hosts run", () => {
    for (const rows of [10, 16, 24, 30, 60]) {
      const text = plain(at(midway, 100, rows));
      const shown = ["E_RESTART", "E_AUTH", "E_BUSY"].filter((code) => text.includes(code)).length;
      expect(shown === 3 || text.includes(`+${3 - shown} more cause`)).toBe(true);
      expect(shown).toBeGreaterThan(0);
    }
  });

  test("says in words and signs what it says in colour", () => {
    for (const row of at(midway, 100, 30)) {
      const text = row.map((piece) => piece.text).join("");
      const bare = (sgr: string): string => sgr.replaceAll(/\u001b\[[0-9;]*m/g, "");
      expect(bare(painted(row, true))).toBe(text);
      expect(painted(row, false)).not.toMatch(/\u001b\[[0-9;]*3[0-7]/);
    }
  });

  test("needs nothing beyond ASCII where the terminal is not UTF-8, but for host names and ellipses", () => {
    const text = plain(at(midway, 100, 30, plainSigns)).replaceAll("…", "");
    expect(text).toMatch(/^[\x00-\x7f]*$/);
  });

  test("shows the host that has been at its step for the longest first", () => {
    const hosts = names(40);
    const bodies = [...hosts].reverse().map((host) => ({ type: "host.phase", host, phase: "probing" }) as const);
    const text = plain(at(folded(numbered([runStarted(hosts), ...bodies], 1000)), 80, 16));
    expect(text).toMatch(/▸ cn040 +probing +39 s\n/);
    expect(text).toMatch(/\+\d+ more hosts/);
  });

  test("says in which layer a slow host is stuck, and for how long in that layer", () => {
    const since = "2026-03-01T14:02:31.000Z"; // the run starts 41 s later
    const slow = { type: "host.phase", host: "cn07", phase: "connecting", layer: "auth", since } as const;
    const text = plain(at(folded(numbered([runStarted(["cn07", "cn08"]), slow], 0)), 80, 16));
    expect(text).toMatch(/▸ cn07 {2}connecting: auth reply +41 s$/m);
  });

  test("a row with wide characters is cut by columns, not by characters", () => {
    const wide = folded(
      numbered([
        runStarted(["a"]),
        {
          type: "host.settled",
          host: "a",
          outcome: "failed",
          failure: { code: "E_STEP", message: "漢".repeat(99) },
          tookMs: 1,
        },
      ]),
    );
    for (const row of at(wide, 60, 20)) expect(widthOf(row.map(({ text }) => text).join(""))).toBeLessThanOrEqual(60);
  });
});
