/**
 * Plays events on the screen, to look at it: `node scripts/replay-screen.ts [JOURNAL] [--hosts N] [--ms MS]` after
 * `npm run build`. Without a journal a made-up rollout of N hosts, an event every MS milliseconds.
 */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { RunEvent } from "../src/domain/event.ts";
import { numbered, rollout, startMs } from "../test/support/fleet-events.ts";

process.env["NODE_ENV"] = "production";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    hosts: { type: "string", default: "60" },
    ms: { type: "string", default: "20" },
    dist: { type: "string", default: "../dist" },
  },
});

const load = async <T>(file: string): Promise<T> => (await import(`${values.dist}/${file}`)) as T;
const { createTuiSink } = await load<typeof import("../src/view/tui/tui-sink.tsx")>("view/tui/tui-sink.js");
const { initialState, reduce } = await load<typeof import("../src/domain/run-state.ts")>("domain/run-state.js");
const { summary } = await load<typeof import("../src/view/summary.ts")>("view/summary.js");

const [journal] = positionals;
const events: readonly RunEvent[] =
  journal === undefined
    ? numbered(rollout(Number(values.hosts)))
    : readFileSync(journal, "utf8")
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as RunEvent);

let nowMs = startMs;
let stop = false;
let state = initialState;
const screen = createTuiSink({
  stream: process.stderr,
  nowMs: () => nowMs,
  colour: process.env["NO_COLOR"] === undefined,
  unicode: true,
  onBroken: (_state, error) => console.error("the screen broke", error),
});
/** The first shows what a first Ctrl-C looks like, the second ends the replay. */
process.on("SIGINT", () => {
  stop = state.operator !== undefined;
  const { run = "", lastAt = "", lastSeq } = state;
  const event: RunEvent = { v: 1, run, at: lastAt, seq: lastSeq, type: "operator.acted", action: "stopped" };
  state = reduce(state, event);
  screen.accept(event);
});
for (const event of events) {
  if (stop) break;
  nowMs = Date.parse(event.at);
  state = reduce(state, event);
  screen.accept(event);
  await sleep(Number(values.ms));
}
await screen.close();
for (const line of summary(state)) console.error(line);
