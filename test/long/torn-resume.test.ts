/**
 * A run whose journal ends in a torn line is taken up again: the line may have been of a step, of a host's end, or of the
 * run's own, and may lack nearly everything, half of it, or its newline. Every byte of the file alone:
 * test/integration/journal-torn.test.ts.
 */
import { readFileSync, rmSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Lab, startLab } from "../../src/lab/start.ts";
import {
  expectAsRecorded,
  expectRightAfter,
  journalIn,
  leftBeside,
  onlyRun,
  openTry,
  rolloutOf,
  scenesNodes,
} from "../support/faults/controller.ts";
import { novasweep, outcomesOf, scratch } from "../support/novasweep.ts";

vi.setConfig({ maxConcurrency: 4 });

/** The last line that is kept in part, by the words it has, and what is said when it has been on disk for long: the controller dies then. */
const lines: readonly (readonly [name: string, words: (scene: string) => string, dies: (scene: string) => string])[] = [
  [
    "a step",
    (scene) => `"host":"${scene}1","step":7,"of":8,"change":"conf.set","state":"ok"`,
    () => '"phase":"verifying"',
  ],
  // Of the last host: what comes after another's rests on its being on disk.
  ["a host's end", (scene) => `"type":"host.settled","host":"${scene}2"`, () => "never"],
  ["the run's end", () => '"type":"run.settled"', () => "never"],
];
/** How much of it, bytes, of so many without the newline. */
const places: readonly (readonly [name: string, kept: (bytes: number) => number])[] = [
  ["its first byte", () => 1],
  ["half of it", (bytes) => Math.floor(bytes / 2)],
  ["all but its newline", (bytes) => bytes],
];
const tries = lines.flatMap(([line, words, dies], l) =>
  places.map(([place, kept], p) => ({ line, words, dies, place, kept, scene: `torn${l}${p}-` })),
);

const dir = scratch("torn");
let lab: Lab;
beforeAll(async () => {
  const specs = scenesNodes(tries.map(({ scene }) => scene));
  lab = await startLab({ nodes: specs.length, specs, parentDir: dir });
});
afterAll(async () => {
  await lab?.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** Cuts the journal within the first line that has these words. */
const tear = (path: string, words: string, kept: (bytes: number) => number): void => {
  const text = readFileSync(path, "latin1");
  const start = text.lastIndexOf("\n", text.indexOf(words)) + 1;
  expect(start, words).toBeGreaterThan(0);
  truncateSync(path, start + kept(text.indexOf("\n", start) - start));
};

describe.concurrent("a journal that ends in a part of the line of", () => {
  it.each(tries)("$line, $place: the run is taken up again", async ({ scene, words, dies, kept }) => {
    const one = openTry(lab, scene);
    await novasweep(rolloutOf(one), {
      onStdout: (text, kill) => {
        if (text.includes(dies(scene))) kill("SIGKILL");
      },
    });
    const run = onlyRun(one.stateDir);
    tear(join(one.stateDir, "runs", `${run}.ndjson`), words(scene), kept);
    const shown = await novasweep(["runs", "show", run, "--state-dir", one.stateDir]);
    expect([shown.status, shown.stderr]).toEqual([0, ""]);
    expect(shown.stdout).toContain("the journal's last line was cut off: what it said was never acted on");
    const resumed = await novasweep(["runs", "resume", run, "--state-dir", one.stateDir]);
    expect(resumed.status, resumed.stderr).toBe(0);
    const events = journalIn(one.stateDir);
    expect(events.at(-1)).toMatchObject({ type: "run.settled", exit: 0, tally: { changed: 2 } });
    const outcomes = outcomesOf(events);
    expect(outcomes).toEqual(Object.fromEntries(one.nodes.map(({ name }) => [name, "changed"])));
    expect(leftBeside(one.stateDir)).toEqual([]);
    await expectAsRecorded(one, outcomes);
    await expectRightAfter(one, outcomes);
  });
});
