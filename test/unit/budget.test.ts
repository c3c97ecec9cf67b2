/** The promise of the budget: never more than maxBad + 1 nova-computes broken, whatever the hosts do and in whatever order. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../src/domain/event.ts";
import type { Plan } from "../../src/domain/plan.ts";
import { Budget } from "../../src/engine/budget.ts";
import type { RunContext } from "../../src/engine/context.ts";

const budgetOf = (maxBad: number, spent = { bad: 0, badCanaries: 0 }) => {
  const decided: RunEvent[] = [];
  const stop = new AbortController();
  const context = { stopping: stop.signal, emitter: { emit: (event: RunEvent) => decided.push(event) } };
  const plan = { gate: { maxBad, maxMissing: 0, parallel: 1000, soakS: 0 } };
  return { budget: new Budget(context as unknown as RunContext, plan as unknown as Plan, spent), decided, stop };
};

/** What may happen next: a host starts, the oldest at work ends well or badly, a bad one is tried again. */
const steps = fc.array(fc.constantFrom("start", "start safe", "good", "bad", "unknown", "retry"), {
  maxLength: 200,
  size: "max",
});

describe("the budget of a plan", () => {
  it("never lets more than maxBad + 1 hosts be broken at once, under any interleaving", () => {
    let tried = 0;
    fc.assert(
      fc.property(fc.nat(8), fc.nat(8), steps, (maxBad, before, happening) => {
        const { budget } = budgetOf(maxBad, { bad: Math.min(before, maxBad + 1), badCanaries: 0 });
        // Whatever is between edit and proof counts as broken: it may be.
        const atWork: boolean[] = [];
        let broken = Math.min(before, maxBad + 1);
        for (const step of happening) {
          if (step === "start" && budget.mayStart(true)) {
            budget.started(true);
            atWork.push(true);
          } else if (step === "start safe" && budget.mayStart(false)) {
            budget.started(false);
            atWork.push(false);
          } else if (step === "retry" && broken > 0 && budget.mayRetry()) {
            budget.forgive(false);
            budget.started(true);
            broken -= 1;
            atWork.push(true);
          } else if (step === "good" || step === "bad" || step === "unknown") {
            const risky = atWork.shift();
            if (risky === undefined) continue;
            // One that edits nothing ends badly too, but breaks no nova-compute.
            budget.settled(risky, step === "good" ? "changed" : step === "bad" ? "failed" : "unknown", false);
            if (step !== "good" && risky) broken += 1;
          }
          tried += 1;
          expect(broken + atWork.filter(Boolean).length).toBeLessThanOrEqual(maxBad + 1);
        }
      }),
      { numRuns: 2_000 },
    );
    expect(tried).toBeGreaterThan(10_000);
  });

  it("closes at the bad host that exceeds the number, and says it once", () => {
    const { budget, decided } = budgetOf(1);
    for (const _ of [1, 2, 3]) budget.started(true);
    for (const _ of [1, 2, 3]) budget.settled(true, "failed", false);
    expect(decided).toMatchObject([
      { open: true, reason: "1 of 1 bad hosts allowed" },
      { open: false, reason: "2 hosts went bad, 1 are allowed" },
      { open: false, reason: "3 hosts went bad, 1 are allowed" },
    ]);
    expect([budget.mayStart(false), budget.mayStart(true)]).toEqual([false, false]);
  });

  it("a bad canary closes it, whatever the number; a retry of it opens it again", () => {
    const { budget } = budgetOf(50);
    budget.started(true);
    budget.settled(true, "failed", true);
    expect(budget.closed()).toBe("a host of the canary wave went bad");
    expect(budget.mayRetry()).toBe(true);
    budget.forgive(true);
    budget.started(true);
    budget.settled(true, "changed", true);
    expect(budget.closed()).toBeUndefined();
  });

  it("of two bad canaries both must be tried again", () => {
    const { budget } = budgetOf(50);
    for (const _ of [1, 2]) budget.started(true);
    for (const _ of [1, 2]) budget.settled(true, "failed", true);
    budget.forgive(true);
    expect(budget.closed()).toBe("a host of the canary wave went bad");
    budget.forgive(true);
    expect(budget.closed()).toBeUndefined();
  });

  it("the operator's own health command closes it for good: no retry either", () => {
    const { budget, decided } = budgetOf(5);
    budget.stop("the probe says stop after wave 1: load 40");
    expect(budget.closed()).toBe("the probe says stop after wave 1: load 40");
    expect(budget.mayRetry()).toBe(false);
    expect(decided).toMatchObject([{ open: false, reason: "the probe says stop after wave 1: load 40" }]);
  });

  it("a stop of the run keeps everything from starting", () => {
    const { budget, stop } = budgetOf(5);
    stop.abort("the operator aborted the run");
    expect([budget.closed(), budget.mayStart(false), budget.mayRetry()]).toEqual([
      "the operator aborted the run",
      false,
      false,
    ]);
  });

  it.each([
    [0, 0, 1],
    [0, 1, 0],
    [4, 0, 5],
    [4, 4, 1],
    [4, 5, 0],
  ])("of %i allowed with %i bad, %i may be at risk at once", (maxBad, bad, tokens) => {
    const { budget } = budgetOf(maxBad, { bad, badCanaries: 0 });
    let started = 0;
    while (budget.mayStart(true) && started < 100) {
      budget.started(true);
      started += 1;
    }
    expect(started).toBe(tokens);
  });
});
