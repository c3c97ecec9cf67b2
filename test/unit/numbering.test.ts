/** Steps of a later script are counted as the accepted plan counts them. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { countAll, countLeft } from "../../src/domain/numbering.ts";
import type { Changing } from "../../src/domain/plan.ts";
import { isNonEmpty } from "../../src/domain/result.ts";
import { changes } from "../support/fleet-events.ts";

const planOf = (list: Changing["changes"][number][]): Changing => {
  if (!isNonEmpty(list)) throw new Error("a plan of nothing");
  return { verdict: "change", host: "cn01", basis: 1, drift: [], changes: list, notes: [] };
};
const whole = planOf([...changes()]);

it("what is left, and what is left of that, keeps its numbers", () => {
  const parts = fc.subarray([...whole.changes], { minLength: 1 });
  const twice = parts.chain((left) => fc.tuple(fc.constant(left), fc.subarray(left, { minLength: 1 })));
  fc.assert(
    fc.property(twice, ([left, rest]) => {
      const [first, second] = [planOf(left), planOf(rest)];
      const { of, numbers } = countLeft(first, countLeft(whole, countAll(whole), first), second);
      expect(of).toBe(whole.changes.length);
      expect(numbers.map((number) => whole.changes[number - 1])).toEqual(rest);
    }),
  );
});

it("what was not planned has no number", () => {
  const [first, ...others] = whole.changes;
  if (first === undefined) throw new Error("no changes");
  const part = planOf(others);
  expect(() => countLeft(part, countAll(part), planOf([first]))).toThrow(
    `cn01: ${first.kind} is beside what was planned`,
  );
});
