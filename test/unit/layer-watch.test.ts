/** What is recorded of a connection's layers: nothing of a healthy one, a few events of a slow one. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { RunEvent } from "../../src/domain/event.ts";
import type { Layer } from "../../src/domain/layer.ts";
import type { RunContext } from "../../src/engine/context.ts";
import { Emitter } from "../../src/engine/emitter.ts";
import { SLOW_MS } from "../../src/engine/layer-watch.ts";
import { listenFor } from "../../src/engine/listen.ts";
import { sshHost } from "../support/ssh-host.ts";

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse("2026-03-01T14:00:00Z") });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Goes through layers, staying in each for so many seconds; what was emitted, without head and host. */
const through = (stays: readonly (readonly [Layer, number])[]) => {
  const events: RunEvent[] = [];
  const journal = { accept: (event: RunEvent) => events.push(event), barrier: async () => {} };
  const context = { clock: Date.now, emitter: new Emitter("r", Date.now, journal, []) } as unknown as RunContext;
  const listener = listenFor(context, sshHost("cn07", 22), "probing");
  for (const [layer, seconds] of stays) {
    listener.layer(layer);
    vi.advanceTimersByTime(seconds * 1000);
  }
  listener.ended();
  vi.advanceTimersByTime(10 * SLOW_MS);
  return events.map(({ v: _v, run: _run, seq: _seq, ...rest }) => rest);
};
const at = (seconds: number) => new Date(Date.parse("2026-03-01T14:00:00Z") + seconds * 1000).toISOString();
const phase = (seconds: number, name: string) => ({ at: at(seconds), type: "host.phase", host: "cn07", phase: name });

test("nothing of the layers of a healthy host, however long it waited in the queue or its script runs", () => {
  const all: readonly (readonly [Layer, number])[] = [
    ["queue", 300],
    ["resolve", 9],
    ["tcp", 9],
    ["banner", 9],
    ["kex", 9],
    ["auth", 9],
    ["channel", 9],
    ["shell", 9],
    ["script", 300],
  ];
  expect(through(all)).toEqual([phase(300, "connecting"), phase(363, "probing")]);
});

test("one event for a layer that takes long, with its beginning, however long it then takes", () => {
  expect(
    through([
      ["resolve", 1],
      ["tcp", 1],
      ["auth", 500],
    ]),
  ).toEqual([phase(0, "connecting"), { ...phase(2 + SLOW_MS / 1000, "connecting"), layer: "auth", since: at(2) }]);
});

test("from then on where it has got to, so that nobody is shown a layer that is over", () => {
  expect(
    through([
      ["resolve", 0],
      ["banner", 12],
      ["kex", 1],
      ["auth", 1],
      ["script", 60],
    ]),
  ).toEqual([
    phase(0, "connecting"),
    { ...phase(10, "connecting"), layer: "banner", since: at(0) },
    { ...phase(12, "connecting"), layer: "kex", since: at(12) },
    { ...phase(13, "connecting"), layer: "auth", since: at(13) },
    phase(14, "probing"),
  ]);
});

test("nothing after the end of the connection", () => {
  expect(
    through([
      ["resolve", 1],
      ["tcp", 9],
    ]),
  ).toEqual([phase(0, "connecting")]);
});
