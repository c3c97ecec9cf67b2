/** A host of a run that is taken up again, by what its last script said and whether that is over. */
import { describe, expect, it } from "vitest";
import type { EventBody } from "../../src/domain/event.ts";
import type { HostPlan } from "../../src/domain/plan.ts";
import { reduceAll } from "../../src/domain/reduce-all.ts";
import { initialState } from "../../src/domain/run-state.ts";
import { resume } from "../../src/engine/resume.ts";
import { numbered, runStarted } from "../support/fleet-events.ts";
import {
  host,
  inSync,
  locked,
  look,
  planned,
  rest,
  scriptedRun,
  wholePlan,
  withResult,
  wordsOf,
} from "../support/scripted-host.ts";

const NAME = "0a1b2c3d";

interface Story {
  /** What the node has kept of its last script's words. */
  readonly kept: readonly string[];
  readonly verdict: HostPlan;
  readonly lock?: "alive" | "dead";
  readonly second?: readonly string[];
}

/** What the run says of the host when it is taken up: of its first step alone it had heard. */
const takenUp = async ({ kept, verdict, lock, second = [] }: Story) => {
  const plan = wholePlan(planned);
  const step = {
    type: "host.step",
    host: host.name,
    step: 1,
    of: planned.changes.length,
    change: "dataset.create",
  } as const;
  const before: readonly EventBody[] = [
    runStarted([host.name]),
    { type: "plan.made", plan },
    { type: "plan.accepted", by: "--yes", changing: 1 },
    { type: "wave.opened", wave: 1, of: 1, hosts: [host.name] },
    { type: "host.phase", host: host.name, phase: "applying", script: NAME },
    { ...step, state: "start" },
  ];
  const seen = lock === undefined ? withResult(...kept) : locked(withResult(...kept), lock === "alive");
  const { context, events, asked, scripts } = scriptedRun({
    answer: (kind) => ({ lines: kind === "look" ? seen : ["begin", ...second, ...look.slice(1)] }),
    verdict,
  });
  const result = await resume(context, { state: reduceAll(initialState, numbered(before)), plan });
  expect(new Set(asked)).toEqual(new Set([NAME]));
  return { exit: result.exit, words: events.flatMap(wordsOf).filter((word) => word !== "facts"), scripts };
};

const of = planned.changes.length;
const [first, next] = planned.changes.map(({ kind }) => kind);
const begun = ["step 1 start", "step 1 ok"];
const failed = [...begun, "step 2 start", "step 2 fail E_STEP no"];

describe("a host of a run that is taken up again", () => {
  it("is changed when its script did all there was to do", async () => {
    const { words, scripts } = await takenUp({ kept: begun, verdict: inSync });
    expect(words).toEqual([`1/${of} ${first} ok`, "changed: found done when the run was taken up again"]);
    expect(scripts).toEqual([]);
  });

  it("gets what is left, under the numbers it had", async () => {
    const { words, scripts } = await takenUp({
      kept: begun,
      verdict: rest,
      second: ["step 2 start", "step 2 ok", "commit"],
    });
    expect(words).toEqual([
      `1/${of} ${first} ok`,
      `script ${scripts[0]?.script}`,
      `2/${of} ${next} start`,
      `2/${of} ${next} ok`,
      "changed",
    ]);
  });

  it.each([
    ["failed", failed, "failed: E_STEP"],
    ["failed and restored", [...failed, "restore start", "restore ok"], "failed: E_STEP: restored"],
    [
      "found another hand",
      [...begun, "step 2 start", "step 2 fail E_STALE no"],
      "refused: what comes before nova.conf is done, the configuration waits",
    ],
  ])("ends as its script did that %s: nothing is carried out again", async (_, kept, ending) => {
    const { words, scripts } = await takenUp({ kept, verdict: rest });
    expect(words.find((word) => !word.includes("/"))).toBe(ending);
    expect(scripts).toEqual([]);
  });

  it("that went bad closes the gate, and that is told", async () => {
    const { exit, words } = await takenUp({ kept: failed, verdict: rest });
    expect([exit, words.at(-1)]).toEqual([5, "a host of the canary wave went bad"]);
  });

  it.each([
    ["is left to do", rest],
    ["seems right", inSync],
  ])(
    "on which a script with a failed step was killed is failed, whatever %s: nothing of its end is known",
    async (_, verdict) => {
      const { words, scripts } = await takenUp({ kept: failed, verdict, lock: "dead" });
      expect(words.find((word) => !word.includes("/"))).toMatch(
        /^failed: E_STEP: its script was killed and left its lock/,
      );
      expect(scripts).toEqual([]);
    },
  );

  it("goes on where a script was killed without one", async () => {
    const { words, scripts } = await takenUp({ kept: begun, verdict: rest, lock: "dead", second: ["commit"] });
    expect([words.at(-1), scripts.length]).toEqual(["changed", 1]);
  });

  it("is failed when a step behind its edit found another hand, and nobody knows whether the edit was taken back", async () => {
    const conf = planned.changes.findIndex(({ kind }) => kind === "conf.set") + 1;
    const kept = [
      ...begun,
      `step ${conf} start`,
      `step ${conf} ok`,
      `step ${of} start`,
      `step ${of} fail E_PATH_LINK no`,
    ];
    const { words } = await takenUp({ kept, verdict: rest });
    expect(words.find((word) => !word.includes("/"))).toBe("failed: E_PATH_LINK");
  });

  it("is unknown while its script is at work, however right it looks", async () => {
    const { words, scripts } = await takenUp({ kept: begun, verdict: inSync, lock: "alive" });
    expect(words.find((word) => !word.includes("/"))).toBe("unknown: E_HOST_TIMEOUT");
    expect(scripts).toEqual([]);
  });

  it("is said of when a dead script left its lock there", async () => {
    const { words } = await takenUp({ kept: begun, verdict: inSync, lock: "dead" });
    expect(words.at(-1)).toMatch(
      /^changed: .*; its script was killed and left its lock, which --break-stale-lock takes/,
    );
  });
});
