/** How often, and when, a server that drops connections is tried again. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Backoff } from "../../src/transport/backoff.ts";

const dropped = { code: "E_CONNECT", message: "dropped" } as const;

/** The waits of a server that drops every connection at once. */
const waits = (
  patienceMs: number,
  random: () => number,
): { readonly all: readonly number[]; readonly said: string } => {
  let now = 1000;
  const backoff = new Backoff(patienceMs, () => now, random);
  const all: number[] = [];
  for (let wait = backoff.next(); wait !== undefined; wait = backoff.next()) {
    all.push(wait);
    now += wait;
  }
  return { all, said: backoff.counted(dropped).message };
};

test("each wait is twice the one before, up to 8 s, and all of them together are within the patience", () => {
  expect(waits(30_000, () => 0.5)).toEqual({
    all: [500, 1000, 2000, 4000, 8000, 8000],
    said: "dropped, 7 times in 24 s",
  });
});

test("with no patience nothing is tried again and nothing said of it", () => {
  expect(waits(0, () => 0.5)).toEqual({ all: [], said: "dropped" });
});

test("whatever the dice say, the patience holds and no wait is below a quarter of a second", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 120_000 }),
      fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
      (patienceMs, dice) => {
        const { all } = waits(patienceMs, () => dice.next().value);
        expect(all.reduce((sum, wait) => sum + wait, 0)).toBeLessThanOrEqual(patienceMs);
        for (const wait of all) expect(wait).toBeGreaterThanOrEqual(250);
      },
    ),
  );
});
