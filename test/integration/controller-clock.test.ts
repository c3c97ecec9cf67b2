/**
 * The controller's clock is put ahead or back while it works, or before it takes up a run that was cut short: no deadline
 * comes early or never, who lives is not taken for dead nor the other way round, and the record can be read. `npm run
 * test:long` has every jump at every moment.
 */
import { readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { RunEvent } from "../../src/domain/event.ts";
import { type Lab, startLab } from "../../src/lab/start.ts";
import {
  expectAsRecorded,
  expectRightAfter,
  journalIn,
  leftBeside,
  onlyRun,
  openTry,
  rolloutOf,
  type Try,
} from "../support/faults/controller.ts";
import { type Jump, jumpBy, jumps } from "../support/faults/jump.ts";
import { isLong } from "../support/long.ts";
import { novasweep, outcomesOf, type Ran, scratch } from "../support/novasweep.ts";
import { sceneNode } from "../support/operator.ts";

vi.setConfig({ maxConcurrency: 4 });

/** When the clock jumps, by what the run has said; the line of the first host breaks in the last one. */
const moments: readonly (readonly [name: string, said: (scene: string) => RegExp])[] = [
  ["a host was looked at", () => /"type":"host\.facts"/],
  ["the first host restarts", (scene) => new RegExp(`"host":"${scene}1","step":8,`)],
  ["the first host has settled", (scene) => new RegExp(`"type":"host.settled","host":"${scene}1"`)],
  [
    "a host whose line broke is looked at",
    (scene) => new RegExp(`"type":"wave.opened"[\\s\\S]*"host":"${scene}1","phase":"probing"`),
  ],
];

const named = (scene: string) => jumps.map(([by, ms], at) => ({ by, ms, scene: `${scene}${at}-` }));
const only =
  (...wanted: readonly string[]) =>
  ({ by }: { readonly by: string }): boolean =>
    isLong || wanted.includes(by);

const jumping = moments
  .flatMap(([when, said], at) => named(`jump${at}`).map((jump) => ({ ...jump, when, said, breaks: at === 3 })))
  .filter(({ by, breaks }) => isLong || (breaks && by === "a day ahead"));
const resuming = named("resume").filter(only());
const waiting = named("wait").filter(only("a day ahead"));
const living = named("live").filter(only("a day ahead"));
const elsewhere = named("else").filter(only("a day ahead"));

const dir = scratch("clock");
let lab: Lab;
beforeAll(async () => {
  const breaks = new Set(jumping.flatMap((one) => (one.breaks ? [one.scene] : [])));
  const specs = [jumping, resuming, waiting, living, elsewhere]
    .flat()
    .flatMap(({ scene }) => [sceneNode(scene, 1, breaks.has(scene) ? "drop" : undefined), sceneNode(scene, 2)]);
  lab = await startLab({ nodes: specs.length, specs, parentDir: dir });
});
afterAll(async () => {
  await lab?.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** Both hosts were changed, once, and everything is as after any rollout. */
const expectAllDone = async (one: Try, ran: Ran): Promise<readonly RunEvent[]> => {
  expect(ran.status, ran.stderr).toBe(0);
  const events = journalIn(one.stateDir);
  const outcomes = outcomesOf(events);
  expect(outcomes).toEqual(Object.fromEntries(one.nodes.map(({ name }) => [name, "changed"])));
  expect(events.at(-1)).toMatchObject({ type: "run.settled", exit: 0 });
  expect(leftBeside(one.stateDir)).toEqual([]);
  await expectAsRecorded(one, outcomes);
  await expectReadable(one);
  await expectRightAfter(one, outcomes);
  return events;
};

const expectReadable = async ({ stateDir }: Try): Promise<void> => {
  const listed = await novasweep(["runs", "--state-dir", stateDir]);
  expect([listed.status, listed.stderr]).toEqual([0, ""]);
  expect(listed.stdout).not.toMatch(/not ended|interrupted|running/);
  const shown = await novasweep(["runs", "show", onlyRun(stateDir), "--state-dir", stateDir]);
  expect([shown.status, shown.stderr]).toEqual([0, ""]);
  expect(shown.stdout).toMatch(/changed/);
};

/** How far the events' times go from one to the next, ms: the longest step of the clock either way. */
const farthest = (events: readonly RunEvent[]): number =>
  events
    .map(({ at }, index) => Date.parse(at) - Date.parse(events[index - 1]?.at ?? at))
    .reduce((most, step) => (Math.abs(step) > Math.abs(most) ? step : most), 0);

/** The rollout, killed as soon as it says this. */
const killedAt = async (one: Try, said: string): Promise<void> => {
  const ran = await novasweep(rolloutOf(one), {
    onStdout: (text, kill) => {
      if (text.includes(said)) kill("SIGKILL");
    },
  });
  expect(ran.status).toBe(null);
};

const resume = (one: Try, { env }: Pick<Jump, "env">, onStdout: (text: string) => void = () => undefined) =>
  novasweep(["runs", "resume", onlyRun(one.stateDir), "--state-dir", one.stateDir, "--output", "ndjson"], {
    env: { ...env },
    onStdout,
  });

/** A process that starts on another day. */
const startingMoved = (scene: string, ms: number): Jump => {
  const jump = jumpBy(dir, scene, ms);
  jump.jump();
  return jump;
};

describe.concurrent("a controller whose clock is put", () => {
  it.each(jumping)("$by when $when: the rollout ends as without", async ({ scene, ms, said }) => {
    const one = openTry(lab, scene);
    const { env, jump } = jumpBy(dir, scene, ms);
    const began = performance.now();
    const ran = await novasweep(rolloutOf(one), {
      env: { ...env },
      onStdout: (text) => {
        if (said(scene).test(text)) jump();
      },
    });
    const tookMs = performance.now() - began;
    const events = await expectAllDone(one, ran);
    // It did jump, which is seen nowhere but in the times of the events.
    expect(Math.abs(farthest(events) - ms)).toBeLessThan(120_000);
    for (const event of events)
      if (event.type === "host.settled") {
        expect(event.tookMs).toBeGreaterThan(0);
        expect(event.tookMs).toBeLessThan(tookMs);
      }
  });
});

describe.concurrent("a run whose controller was killed", () => {
  it.each(resuming)("is taken up again where the clock is $by", async ({ scene, ms }) => {
    const one = openTry(lab, scene);
    await killedAt(one, `"host":"${scene}1","step":8,`);
    const moved = startingMoved(scene, ms);
    const told = await novasweep(["runs", "--state-dir", one.stateDir], { env: { ...moved.env } });
    expect(told.stdout).toContain("interrupted: its process is gone");
    await expectAllDone(one, await resume(one, moved));
  });

  it.each(waiting)("is waited for on the host, though the clock is put $by meanwhile", async ({ scene, ms }) => {
    const one = openTry(lab, scene);
    await killedAt(one, `"host":"${scene}1","step":1,`);
    const { env, jump } = jumpBy(dir, scene, ms);
    const resumed = await resume(one, { env }, (text) => {
      if (text.includes('"phase":"probing"')) jump();
    });
    await expectAllDone(one, resumed);
  });

  it.each(elsewhere)("on another machine is judged by the lock, whatever our clock: $by", async ({ scene, ms }) => {
    const one = openTry(lab, scene);
    await killedAt(one, `"host":"${scene}1","step":1,`);
    const lock = join(one.stateDir, "runs", `${onlyRun(one.stateDir)}.lock`);
    writeFileSync(lock, JSON.stringify({ ...JSON.parse(readFileSync(lock, "utf8")), hostname: "elsewhere" }));
    const moved = startingMoved(scene, ms);
    const refused = await resume(one, moved);
    expect([refused.status, refused.stderr]).toEqual([2, expect.stringMatching(/is driven by pid \d+ on elsewhere/)]);
    const silentSinceS = Date.now() / 1000 - 360;
    utimesSync(lock, silentSinceS, silentSinceS);
    await expectAllDone(one, await resume(one, moved));
  });
});

/** What `runs resume` and `runs` say of a run that is held meanwhile, so that it cannot end before they look. */
const whileHeld = async (one: Try, moved: Jump): Promise<readonly Ran[]> => {
  const steer = (word: string) => novasweep(["runs", word, onlyRun(one.stateDir), "--state-dir", one.stateDir]);
  const held = await steer("hold");
  const looks = await Promise.all([
    resume(one, moved),
    novasweep(["runs", "--state-dir", one.stateDir], { env: { ...moved.env } }),
  ]);
  const went = await steer("go");
  expect([held.status, went.status], `${held.stderr}${went.stderr}`).toEqual([0, 0]);
  return looks;
};

describe.concurrent("a run that goes on", () => {
  it.each(living)("is nobody else's to take up, where the clock is $by", async ({ scene, ms }) => {
    const one = openTry(lab, scene);
    const moved = startingMoved(scene, ms);
    let others: Promise<readonly Ran[]> | undefined;
    const ran = await novasweep(rolloutOf(one), {
      onStdout: (text) => {
        if (text.includes(`"host":"${scene}1","step":1,`)) others ??= whileHeld(one, moved);
      },
    });
    const [taken, listed] = (await others) ?? [];
    expect([taken?.status, taken?.stderr]).toEqual([2, expect.stringMatching(/is driven by pid \d+ on /)]);
    expect(listed?.stdout).toMatch(/^\S+ running: pid \d+ on /m);
    const events = await expectAllDone(one, ran);
    expect(events.filter(({ type }) => type === "run.resumed")).toEqual([]);
  });
});
