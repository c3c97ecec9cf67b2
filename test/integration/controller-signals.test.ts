/**
 * A signal reaches the controller at one moment of a rollout of two hosts, one a wave: the exit status is that of the
 * reference, every host's outcome is told and true, and nothing is left on either side. `npm run test:long` has every
 * signal at every moment.
 */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { RunEvent } from "../../src/domain/event.ts";
import { type Lab, startLab } from "../../src/lab/start.ts";
import {
  expectAsRecorded,
  expectRightAfter,
  journalIn,
  leftBeside,
  openTry,
  rolloutOf,
  scenesNodes,
  type Try,
} from "../support/faults/controller.ts";
import { isLong } from "../support/long.ts";
import { eventsOf, novasweep, outcomesOf, type Ran, scratch } from "../support/novasweep.ts";

vi.setConfig({ maxConcurrency: 4 });

/** A host that runs finishes, and a cut one has a last look of 20 s: the process ends within so much, busy machine included, ms. */
const ENDS_MS = 120_000;

type Moment = readonly [name: string, said: (scene: string) => string];

/** What the run says then, in the order of a run. */
const moments: readonly Moment[] = [
  ["a host is connected to", () => '"phase":"connecting"'],
  ["a host was looked at", () => '"type":"host.facts"'],
  ["the plan is made", () => '"type":"plan.made"'],
  ["the plan is accepted", () => '"type":"plan.accepted"'],
  ["the first host begins", (scene) => `"host":"${scene}1","step":1,`],
  [
    "the first host's nova.conf is edited",
    (scene) => `"host":"${scene}1","step":7,"of":8,"change":"conf.set","state":"ok"`,
  ],
  ["the first host restarts", (scene) => `"host":"${scene}1","step":8,`],
  ["the first host has settled", (scene) => `"type":"host.settled","host":"${scene}1"`],
  [
    "the second host's nova.conf is edited",
    (scene) => `"host":"${scene}2","step":7,"of":8,"change":"conf.set","state":"ok"`,
  ],
  ["the run has settled", () => '"type":"run.settled"'],
];

type Sent = readonly [name: string, signal: NodeJS.Signals, times: 1 | 2];
const signals: readonly Sent[] = [
  ["SIGINT", "SIGINT", 1],
  ["SIGINT twice", "SIGINT", 2],
  ["SIGTERM", "SIGTERM", 1],
  ["SIGHUP", "SIGHUP", 1],
];

/** Seeded: each signal once, at moments that differ most. */
const sampled: Readonly<Record<string, string>> = {
  SIGINT: "the first host's nova.conf is edited",
  "SIGINT twice": "the first host restarts",
  SIGTERM: "the plan is accepted",
  SIGHUP: "the run has settled",
};

const tries = signals
  .flatMap((sent) => moments.map((moment) => ({ sent, moment })))
  .map(({ sent, moment }, at) => ({ name: sent[0], when: moment[0], sent, moment, scene: `try${at}-` }))
  .filter(({ name, when }) => isLong || sampled[name] === when);

const dir = scratch("signals");
let lab: Lab;
beforeAll(async () => {
  const specs = scenesNodes(tries.map(({ scene }) => scene));
  lab = await startLab({ nodes: specs.length, specs, parentDir: dir });
});
afterAll(async () => {
  await lab?.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** Processes that were started by the try's controller, or by one of its children: they have its word in their environment. */
const processesOf = ({ stateDir }: Try): readonly string[] =>
  readdirSync("/proc").filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, "latin1").includes(`NOVASWEEP_TRY=${stateDir}\0`);
    } catch {
      // It has ended, or is no process.
      return false;
    }
  });

/** Runs the rollout and sends the signal as soon as it says the moment's words; again when the first was heard. */
const interrupted = async (one: Try, [, signal, times]: Sent, [, said]: Moment) => {
  let sent = 0;
  let sentAt = 0;
  const ran = await novasweep([...rolloutOf(one), "--on-event", "cat >/dev/null"], {
    env: { NOVASWEEP_TRY: one.stateDir },
    onStdout: (text, kill) => {
      const due = sent === 0 ? text.includes(said(one.scene)) : sent < times && text.includes('"action":"stopped"');
      if (!due) return;
      sentAt = performance.now();
      sent += 1;
      kill(signal);
    },
  });
  return { ran, tookMs: performance.now() - sentAt };
};

/** 130 when connections were cut, 5 when hosts were left out, 0 when the signal came too late for that. */
const exitOf = (events: readonly RunEvent[]): number => {
  if (events.some((event) => event.type === "operator.acted" && event.action === "cut")) return 130;
  return Object.values(outcomesOf(events)).includes("skipped") ? 5 : 0;
};

const expectTold = (one: Try, ran: Ran): readonly RunEvent[] => {
  const said = eventsOf(ran);
  const events = journalIn(one.stateDir);
  expect(said, "what was printed is what was recorded").toEqual(events);
  expect(events.filter(({ type }) => type === "run.settled")).toHaveLength(1);
  expect(events.at(-1), ran.stderr).toMatchObject({ type: "run.settled", exit: ran.status });
  expect([ran.status, ran.stderr.includes("bug")], ran.stderr).toEqual([exitOf(events), false]);
  expect(Object.keys(outcomesOf(events)).sort()).toEqual(one.nodes.map(({ name }) => name));
  if (ran.status !== 130)
    for (const outcome of Object.values(outcomesOf(events))) expect(["changed", "skipped"]).toContain(outcome);
  return events;
};

describe.concurrent("a signal to the controller", () => {
  it.each(tries)("$name when $when: told, true, nothing left", async ({ sent, moment, scene }) => {
    const one = openTry(lab, scene);
    const { ran, tookMs } = await interrupted(one, sent, moment);
    expect(tookMs).toBeLessThan(ENDS_MS);
    const outcomes = outcomesOf(expectTold(one, ran));
    expect(processesOf(one), "children").toEqual([]);
    expect(leftBeside(one.stateDir)).toEqual([]);
    await expectAsRecorded(one, outcomes);
    await expectRightAfter(one, outcomes);
  });
});
