/** A host that went bad in a held wave and is tried again: what its script said to nobody comes first. */
import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { HostPlan } from "../../src/domain/plan.ts";
import type { Ending } from "../../src/engine/job.ts";
import { Ledger } from "../../src/engine/ledger.ts";
import { carryOut } from "../../src/engine/waves.ts";
import {
  basis,
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

interface Story {
  /** What the script says before its line breaks. */
  readonly heard: readonly string[];
  /** What the node has kept of its words when the host is tried again. */
  readonly kept: readonly string[];
  readonly verdict: HostPlan;
  readonly second?: readonly string[];
  /** What the person does when the host went bad; it is let go in the end. */
  readonly keys?: readonly ("retry" | "skip")[];
  /** The lock of this run, when the host is tried again. */
  readonly lock?: "alive" | "dead";
  /** What the job says of facts with nothing left to do. */
  readonly proved?: Ending;
  /** Why the run stops early. */
  readonly why?: string;
}

/** The events from the retry on, and what was asked of the node. */
const retried = async ({ heard, kept, verdict, second = [], keys = ["retry"], lock, proved, why }: Story) => {
  let isTriedAgain = false;
  const lookedAgain = lock === undefined ? withResult(...kept) : locked(withResult(...kept), lock === "alive");
  const { context, events, asked, scripts } = scriptedRun({
    answer: (kind, at) => {
      if (kind === "look") return { lines: isTriedAgain ? lookedAgain : locked(look, true) };
      return at === 0
        ? { lines: ["begin", ...heard], isLost: true }
        : { lines: ["begin", ...second, ...look.slice(1)] };
    },
    verdict,
    ...(proved === undefined ? {} : { proved }),
    onPause: (controls) => {
      if (!isTriedAgain) controls.take({ kind: "hold" }, "key");
    },
    onEvent: (event, controls) => {
      if (event.type !== "host.settled" || isTriedAgain) return;
      isTriedAgain = true;
      const press = async (): Promise<void> => {
        for (const kind of [...keys, "go"] as const) {
          controls.take({ kind }, "key");
          // Until what it began is over: nothing here waits for a clock.
          await setImmediate();
        }
      };
      void press();
    },
  });
  const ledger = new Ledger(context);
  ledger.basis.set(host.name, basis);
  expect(await carryOut(context, wholePlan(planned), ledger)).toBe(why);
  const from = events.findIndex(({ type }) => type === "host.retried");
  return { words: from < 0 ? [] : events.slice(from).flatMap(wordsOf), asked, scripts };
};

const kinds = planned.changes.map(({ kind }) => kind);
const [first, next] = kinds;
const of = kinds.length;
const conf = kinds.indexOf("conf.set") + 1;

describe("a host that is tried again", () => {
  it("is asked for its last script's words, and what is left has the numbers it had", async () => {
    const { words, asked, scripts } = await retried({
      heard: ["step 1 start"],
      kept: ["step 1 start", "step 1 ok", "step 2 start"],
      verdict: rest,
      second: ["step 2 start", "step 2 ok", "commit"],
    });
    expect(asked.at(-1)).toBe(scripts[0]?.script);
    expect(scripts[1]?.script).not.toBe(scripts[0]?.script);
    expect(scripts[1]?.numbers).toEqual(rest.changes.map((_, at) => at + 2));
    expect(words).toEqual([
      "retried",
      "facts",
      `1/${of} ${first} ok`,
      `2/${of} ${next} start`,
      `script ${scripts[1]?.script}`,
      `2/${of} ${next} start`,
      `2/${of} ${next} ok`,
      "facts",
      "changed",
    ]);
  });

  it("and on which its script did all there was to do is changed by this run", async () => {
    const { words } = await retried({ heard: [], kept: ["step 1 start", "step 1 ok"], verdict: inSync });
    expect(words).toEqual([
      "retried",
      "facts",
      `1/${of} ${first} start`,
      `1/${of} ${first} ok`,
      "changed: found done when it was tried again",
    ]);
  });

  it("and left out, and tried again, is asked for the same words", async () => {
    const { words, asked, scripts } = await retried({
      heard: ["step 1 start"],
      kept: ["step 1 start", "step 1 ok"],
      verdict: rest,
      second: ["step 2 start", "step 2 ok", "commit"],
      keys: ["retry", "skip", "retry"],
    });
    expect(asked.slice(-2)).toEqual([scripts[0]?.script, scripts[0]?.script]);
    expect(words.slice(0, 4)).toEqual(["retried", "facts", `1/${of} ${first} ok`, `script ${scripts[1]?.script}`]);
  });

  it.each([
    ["in sync by another hand, if that was all", [], "in-sync"],
    ["changed, if something else stands", ["step 1 start", "step 1 ok"], "changed: found done when it was tried again"],
  ])("and whose script took back its edit is %s", async (_, before, ending) => {
    const edit = [`step ${conf} start`, `step ${conf} ok`, `step ${of} start`, `step ${of} fail E_RESTART no`];
    const kept = [...before, ...edit, "restore start", "restore ok"];
    const { words } = await retried({ heard: [], kept, verdict: inSync });
    expect(words.slice(-2)).toEqual([`${conf}/${of} restore ok`, ending]);
  });

  it("stays what it was while its script is at work, however right it looks", async () => {
    const why = "a host of the canary wave went bad";
    const { words, scripts } = await retried({ heard: [], kept: [], verdict: inSync, lock: "alive", why });
    expect([words, scripts.length]).toEqual([[], 1]);
  });

  it("stays bad when nothing is left to do and nova-compute does not run", async () => {
    const why = "a host of the canary wave went bad";
    const proved = {
      outcome: "failed",
      failure: { code: "E_NOT_CONVERGED", message: "it is in maintenance" },
    } as const;
    const { words } = await retried({ heard: [], kept: ["step 1 start", "step 1 ok"], verdict: inSync, proved, why });
    expect(words).toEqual([]);
  });

  it("has its dead script's lock taken over by the next one, or said of", async () => {
    const kept = ["step 1 start", "step 1 ok"];
    const second = ["step 2 start", "step 2 ok", "commit"];
    const left = await retried({ heard: [], kept, verdict: rest, second, lock: "dead" });
    expect([left.scripts.length, left.words.at(-1)]).toEqual([2, "changed"]);
    const { words } = await retried({ heard: [], kept, verdict: inSync, lock: "dead" });
    expect(words.at(-1)).toMatch(
      /^changed: found done .*; its script was killed and left its lock, which --break-stale/,
    );
  });

  it("and on which no script of ours said a word is in sync, whoever did it", async () => {
    const { words } = await retried({ heard: [], kept: [], verdict: inSync });
    expect(words).toEqual(["retried", "facts", "in-sync"]);
  });
});
