/** What a script said, heard as it came or kept by its node: each line is on record once, and means what it meant. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Change } from "../../src/domain/change.ts";
import type { EventBody } from "../../src/domain/event.ts";
import type { Host } from "../../src/domain/host.ts";
import { rowOf } from "../../src/domain/host-table.ts";
import { countAll, countLeft, type Numbering } from "../../src/domain/numbering.ts";
import type { Changing } from "../../src/domain/plan.ts";
import { reduceAll } from "../../src/domain/reduce-all.ts";
import { initialState } from "../../src/domain/run-state.ts";
import type { RunContext } from "../../src/engine/context.ts";
import { StepWatch } from "../../src/engine/step-watch.ts";
import { parseLine } from "../../src/remote/reply.ts";
import { numbered, runStarted, trashAt } from "../support/fleet-events.ts";

const plan: Changing = {
  verdict: "change",
  host: "cn01",
  basis: 1,
  drift: [],
  changes: [trashAt("/var/lib/nova/images"), trashAt("/var/lib/nova/old")],
  notes: [],
};
/** As a purge script says them. */
const kept = [
  "step 1 start",
  "removed a 100 1",
  "removed b 100 1 c 100 1",
  "purged 1 3 300 250",
  "step 1 ok",
  "step 2 start",
  "removed d 100 1",
  // More than were planned: no event, and the lines after it are what they are.
  "removed e 100 1 f 100 1 g 100 1 h 100 1",
  "purged 2 5 500 -",
  "step 2 fail E_STEP no more",
];

/** One process: so many lines it hears, then so many of those that the node has kept, look by look; what it adds to the record. */
const watched = (record: readonly EventBody[], heard: number, looks: readonly number[]): readonly EventBody[] => {
  const row = rowOf(reduceAll(initialState, numbered(record)).hosts, "cn01");
  const more: EventBody[] = [];
  const context = { emitter: { emit: (event: EventBody) => more.push(event) } } as unknown as RunContext;
  const watch = new StepWatch(
    context,
    { name: "cn01" } as Host,
    plan,
    countAll(plan),
    row && { said: row.said, purged: row.purged },
  );
  for (const line of kept.slice(0, heard)) watch.accept(parseLine(`@n ${line}`, "@n "));
  for (const look of looks) watch.collect(kept.slice(0, look));
  if (looks.includes(kept.length)) {
    expect(watch.failed).toEqual({ code: "E_STEP", message: "no more" });
    expect(watch.purged.map(({ target, files }) => [target, files])).toEqual([
      ["/var/lib/nova/images", 3],
      ["/var/lib/nova/old", 5],
    ]);
  }
  return more;
};

it("a script that does what is left may name as many files as were accepted, whoever reads its words", () => {
  const [one, other] = plan.changes;
  if (one === undefined || other === undefined) throw new Error("two places");
  const less: Changing = { ...plan, changes: [{ ...other, files: 1 } as Change] };
  const words = ["step 2 start", "removed d 100 1 e 100 1", "purged 2 2 200 -", "step 2 ok"];
  const types = (watchedPlan: Changing, numbering: Numbering): readonly string[] => {
    const more: EventBody[] = [];
    const context = { emitter: { emit: (event: EventBody) => more.push(event) } } as unknown as RunContext;
    new StepWatch(context, { name: "cn01" } as Host, watchedPlan, numbering).collect(words);
    return more.map(({ type }) => type);
  };
  const live = types(less, countLeft(plan, countAll(plan), less));
  expect(live).toEqual(["host.step", "host.removed", "host.purged", "host.step"]);
  expect(types(plan, countAll(plan))).toEqual(live);
});

describe("what a script said", () => {
  const begun = [
    runStarted(["cn01"]),
    { type: "host.phase", host: "cn01", phase: "applying", script: "0a1b2c3d" },
  ] as const;
  const whole = watched(begun, kept.length, [kept.length]);

  it("has an event for each line that its node keeps, but for more files than were planned", () => {
    expect(whole.map(({ type }) => type)).toEqual([
      ...["host.step", "host.removed", "host.removed", "host.purged", "host.step"],
      ...["host.step", "host.removed", "host.purged", "host.step"],
    ]);
  });

  it("is on record once and whole, whenever those who listen die", () => {
    const upTo = fc.nat({ max: kept.length });
    const looks = fc.array(upTo, { maxLength: 3 });
    const inOrder = (lines: readonly number[]): readonly number[] => lines.toSorted((a, b) => a - b);
    fc.assert(
      fc.property(upTo, looks, fc.array(looks, { maxLength: 3 }), (heard, first, others) => {
        let record: readonly EventBody[] = begun;
        record = [...record, ...watched(record, heard, inOrder(first.filter((look) => look >= heard)))];
        for (const more of [...others, [kept.length]]) record = [...record, ...watched(record, 0, inOrder(more))];
        expect(record.slice(begun.length)).toEqual(whole);
      }),
    );
  });
});
