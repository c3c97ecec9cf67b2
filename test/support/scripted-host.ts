/** One host whose scripts are answers of a test: for what the engine decides, without a node. */
import { readFileSync } from "node:fs";
import type { EventBody, RunEvent } from "../../src/domain/event.ts";
import type { Facts } from "../../src/domain/facts.ts";
import type { Host } from "../../src/domain/host.ts";
import type { Changing, HostPlan, Plan } from "../../src/domain/plan.ts";
import { isNonEmpty } from "../../src/domain/result.ts";
import type { RunContext } from "../../src/engine/context.ts";
import { Controls } from "../../src/engine/controls.ts";
import { Emitter } from "../../src/engine/emitter.ts";
import type { Ending } from "../../src/engine/job.ts";
import type { ChangeIds, ScriptIds } from "../../src/remote/script.ts";
import type { Chunk, Transport } from "../../src/transport/transport.ts";
import { junoDone, seen } from "./facts.ts";
import { changes, runId } from "./fleet-events.ts";
import { sshHost } from "./ssh-host.ts";

export const host: Host = sshHost("cn01", 22);

export const planFor = (list: readonly Changing["changes"][number][]): Changing => {
  if (!isNonEmpty(list)) throw new Error("a plan of nothing");
  return { verdict: "change", host: host.name, basis: 1, drift: [], changes: list, notes: [] };
};
export const planned = planFor([...changes()]);
export const rest = planFor(planned.changes.slice(1));
export const inSync: HostPlan = { verdict: "in-sync", host: host.name, notes: [] };

/** The plan of a run with this host alone. */
export const wholePlan = (one: Changing): Plan => ({
  run: runId,
  hosts: [one],
  waves: [[host.name]],
  gate: { maxBad: 5, maxMissing: 0, parallel: 1, soakS: 1 },
});

/** What a look says, without its nonce. */
export const look: readonly string[] = readFileSync(new URL("../cases/replies/juno-done.txt", import.meta.url), "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => line.replace(/^@n1 /, ""));
const booted = Number(
  look
    .find((line) => line.startsWith("fact booted"))
    ?.split(" ")
    .at(-1),
);
/** Facts of the boot in which it looks. */
export const basis: Facts = { ...junoDone, system: { ...junoDone.system, bootedAt: seen(booted) } };

export const withResult = (...words: readonly string[]): readonly string[] => [
  "begin",
  "list result",
  ...words.map((word) => `row result ${word}`),
  ...look.slice(1),
];
/** The lock of this run is there. */
export const locked = (lines: readonly string[], isAlive: boolean): readonly string[] =>
  lines.flatMap((line) =>
    line.startsWith("unseen lock")
      ? [
          `fact lock {"run":"${runId}","controller":"c","user":"u","pid":7,"bootedAt":"1","since":"s"}`,
          ...(isAlive ? ["fact lock.alive 1"] : []),
        ]
      : [line],
  );

/** What is said to one connection; a line may break behind it. */
export interface Answer {
  readonly lines: readonly string[];
  readonly isLost?: boolean;
}

interface Scripted {
  /** `at` counts connections of that kind from 0. */
  readonly answer: (kind: "look" | "apply", at: number) => Answer;
  readonly verdict: HostPlan;
  readonly proved?: Ending;
  readonly onEvent?: (event: RunEvent, controls: Controls) => void;
  readonly onPause?: (controls: Controls) => void;
}

/** A run over that host: a look takes 31 s, a host may take 100 s, nothing waits for a clock. */
export const scriptedRun = ({ answer, verdict, proved = { outcome: "changed" }, onEvent, onPause }: Scripted) => {
  const [events, asked, scripts]: [RunEvent[], string[], ChangeIds[]] = [[], [], []];
  const count = { look: 0, apply: 0 };
  let [now, nonces] = [1_000_000, 0];
  const transport: Transport = {
    async *run(_host, script): AsyncIterable<Chunk> {
      const [kind, nonce] = script.split(" ") as ["look" | "apply", string];
      const { lines, isLost = false } = answer(kind, count[kind]);
      count[kind] += 1;
      now += 31_000;
      yield { kind: "layer", layer: "script" };
      yield { kind: "stdout", bytes: Buffer.from(lines.map((line) => `@${nonce} ${line}\n`).join("")) };
      yield isLost
        ? { kind: "lost", failure: { code: "E_LOST", message: "reset" }, layer: "script", scriptSent: true }
        : { kind: "exit", status: 0 };
    },
    close: async () => {},
  };
  const controls = new Controls(
    1,
    () => {},
    () => {},
  );
  const accept = (event: RunEvent): void => {
    events.push(event);
    onEvent?.(event, controls);
  };
  const context = {
    run: runId,
    command: "rollout",
    hosts: [host],
    transport,
    job: {
      look: (_host: Host, { nonce, resultOf }: ScriptIds) => {
        asked.push(resultOf ?? "-");
        return `look ${nonce}`;
      },
      stands: () => ({ outcome: "in-sync" }),
      decide: () => verdict,
      carryOut: (_host: Host, _plan: Changing, _basis: Facts, ids: ChangeIds) => {
        scripts.push(ids);
        return `apply ${ids.nonce}`;
      },
      proved: () => proved,
    },
    controls,
    deadlines: { stepS: 120, hostS: 100, changeS: 1000, runS: 3600 },
    parallel: 1,
    clock: () => now,
    elapsed: () => now,
    pause: async () => onPause?.(controls),
    nonce: () => {
      nonces += 1;
      return String(10_000_000 + nonces);
    },
    by: { user: "u", controller: "c", pid: 1 },
    emitter: new Emitter(runId, () => now, { accept, barrier: async () => {} }, []),
    stopping: new AbortController().signal,
    cutting: new AbortController().signal,
  } as unknown as RunContext;
  return { context, events, asked, scripts };
};

/** What matters of an event. */
export const wordsOf = (event: EventBody): readonly string[] => {
  switch (event.type) {
    case "host.retried":
      return ["retried"];
    case "host.facts":
      return ["facts"];
    case "host.step":
      return [`${event.step}/${event.of} ${event.change} ${event.state}`];
    case "host.phase":
      return event.script === undefined ? [] : [`script ${event.script}`];
    case "host.settled":
      return [[event.outcome, event.failure?.code, event.note].filter(Boolean).join(": ")];
    case "gate.decided":
      return [event.reason];
    default:
      return [];
  }
};
