import { expect, test } from "vitest";
import type { RunEvent } from "../../src/domain/event.ts";
import { emptyTally } from "../../src/domain/tally.ts";
import { Emitter } from "../../src/engine/emitter.ts";

test("whoever acts on a run that has settled acts on none: its end is the last of its events", () => {
  const kept: RunEvent[] = [];
  const shown: RunEvent[] = [];
  const journal = { accept: (event: RunEvent) => void kept.push(event), barrier: async () => undefined };
  const view = { accept: (event: RunEvent) => void shown.push(event), close: async () => undefined };
  const emitter = new Emitter("20260301-140312-a1b2c3", () => 0, journal, [view]);
  emitter.emit({ type: "operator.acted", action: "stopped" });
  emitter.emit({ type: "run.settled", tally: emptyTally, exit: 5 });
  emitter.emit({ type: "operator.acted", action: "cut" });
  expect(kept.map(({ type }) => type)).toEqual(["operator.acted", "run.settled"]);
  expect(shown).toEqual(kept);
});
