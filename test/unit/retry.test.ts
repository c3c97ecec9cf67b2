/** A host that went bad in a held wave and is tried again: what its script said to nobody comes first. One answer a connection. */
import { readFileSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { EventBody, RunEvent } from "../../src/domain/event.ts";
import type { Host } from "../../src/domain/host.ts";
import type { Changing, HostPlan, Plan } from "../../src/domain/plan.ts";
import { isNonEmpty } from "../../src/domain/result.ts";
import { defaultSettings } from "../../src/domain/settings.ts";
import type { RunContext } from "../../src/engine/context.ts";
import { Controls } from "../../src/engine/controls.ts";
import { Emitter } from "../../src/engine/emitter.ts";
import type { Ending, Job } from "../../src/engine/job.ts";
import { Ledger } from "../../src/engine/ledger.ts";
import { carryOut } from "../../src/engine/waves.ts";
import type { ChangeIds, ScriptIds } from "../../src/remote/script.ts";
import type { Chunk, Transport } from "../../src/transport/transport.ts";
import { junoDone, seen } from "../support/facts.ts";
import { changes } from "../support/fleet-events.ts";

const RUN = "20260101-000000-aaaaaa";
const host: Host = {
  name: "cn01",
  address: "cn01",
  port: 22,
  user: "root",
  identityFiles: [],
  jump: [],
  become: "none",
  sshLegacy: "none",
  settings: defaultSettings,
};
const planOf = (list: readonly Changing["changes"][number][]): Changing => {
  if (!isNonEmpty(list)) throw new Error("a plan of nothing");
  return { verdict: "change", host: host.name, basis: 1, drift: [], changes: list, notes: [] };
};
const planned = planOf([...changes()]);
const rest = planOf(planned.changes.slice(1));
const inSync: HostPlan = { verdict: "in-sync", host: host.name, notes: [] };

const look = readFileSync(new URL("../cases/replies/juno-done.txt", import.meta.url), "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => line.replace(/^@n1 /, ""));
const booted = Number(
  look
    .find((line) => line.startsWith("fact booted"))
    ?.split(" ")
    .at(-1),
);
const withResult = (...words: readonly string[]): readonly string[] => [
  "begin",
  "list result",
  ...words.map((word) => `row result ${word}`),
  ...look.slice(1),
];
const atWork = look.flatMap((line) =>
  line.startsWith("unseen lock")
    ? [`fact lock {"run":"${RUN}","controller":"c","user":"u","pid":7,"bootedAt":"1","since":"s"}`, "fact lock.alive 1"]
    : [line],
);

interface Story {
  /** What the script says before its line breaks. */
  readonly heard: readonly string[];
  /** What a look says when the host is tried again. */
  readonly kept: readonly string[];
  readonly verdict: HostPlan;
  readonly second?: readonly string[];
  /** What the person does when the host went bad; it is let go in the end. */
  readonly keys?: readonly ("retry" | "skip")[];
  /** The first script is at work all the time. */
  readonly isAtWork?: boolean;
}

/** The events from the retry on, and what was asked of the node. */
const retried = async ({ heard, kept, verdict, second = [], keys = ["retry"], isAtWork = false }: Story) => {
  const [events, asked, scripts]: [RunEvent[], string[], ChangeIds[]] = [[], [], []];
  let [now, nonces, isTriedAgain] = [1_000_000, 0, false];
  const answer = (nonce: string, lines: readonly string[]): Buffer =>
    Buffer.from(lines.map((line) => `@${nonce} ${line}\n`).join(""));
  const transport: Transport = {
    async *run(_host, script): AsyncIterable<Chunk> {
      const [kind, nonce = ""] = script.split(" ");
      now += 31_000;
      yield { kind: "layer", layer: "script" };
      if (kind === "apply" && scripts.length === 1) {
        yield { kind: "stdout", bytes: answer(nonce, ["begin", ...heard]) };
        yield { kind: "lost", failure: { code: "E_LOST", message: "reset" }, layer: "script", scriptSent: true };
        return;
      }
      const looked = isTriedAgain && !isAtWork ? withResult(...kept) : atWork;
      const lines = kind === "apply" ? ["begin", ...second, ...look.slice(1)] : looked;
      yield { kind: "stdout", bytes: answer(nonce, lines) };
      yield { kind: "exit", status: 0 };
    },
    close: async () => {},
  };
  const job: Job = {
    look: (_host, { nonce, resultOf }: ScriptIds) => {
      asked.push(resultOf ?? "-");
      return `look ${nonce}`;
    },
    stands: () => ({ outcome: "in-sync" }),
    decide: () => verdict,
    carryOut: (_host, _plan, _basis, ids) => {
      scripts.push(ids);
      return `apply ${ids.nonce}`;
    },
    proved: (): Ending => ({ outcome: "changed" }),
  };
  const deadlines = { stepS: 120, hostS: 100, changeS: 100, runS: 3600 };
  const controls = new Controls(
    1,
    () => {},
    () => {},
  );
  const press = async (): Promise<void> => {
    for (const kind of [...keys, "go"] as const) {
      controls.take({ kind }, "key");
      // Until what it began is over: nothing here waits for a clock.
      await setImmediate();
    }
  };
  const accept = (event: RunEvent): void => {
    events.push(event);
    if (event.type !== "host.settled" || isTriedAgain) return;
    isTriedAgain = true;
    void press();
  };
  const context = {
    run: RUN,
    command: "rollout",
    hosts: [host],
    transport,
    job,
    controls,
    deadlines,
    parallel: 1,
    clock: () => now,
    elapsed: () => now,
    pause: async () => {
      if (!isTriedAgain) controls.take({ kind: "hold" }, "key");
    },
    nonce: () => {
      nonces += 1;
      return String(10_000_000 + nonces);
    },
    by: { user: "u", controller: "c", pid: 1 },
    emitter: new Emitter(RUN, () => now, { accept, barrier: async () => {} }, []),
    stopping: new AbortController().signal,
    cutting: new AbortController().signal,
  } as unknown as RunContext;
  const plan: Plan = {
    run: RUN,
    hosts: [planned],
    waves: [[host.name]],
    gate: { maxBad: 5, maxMissing: 0, parallel: 1, soakS: 1 },
  };
  const ledger = new Ledger(context);
  ledger.basis.set(host.name, { ...junoDone, system: { ...junoDone.system, bootedAt: seen(booted) } });
  expect(await carryOut(context, plan, ledger)).toBe(isAtWork ? "a host of the canary wave went bad" : undefined);
  const from = events.findIndex(({ type }) => type === "host.retried");
  return { words: from < 0 ? [] : events.slice(from).flatMap(wordsOf), asked, scripts };
};

const wordsOf = (event: EventBody): readonly string[] => {
  switch (event.type) {
    case "host.retried":
      return ["retried"];
    case "host.step":
      return [`${event.step}/${event.of} ${event.change} ${event.state}`];
    case "host.phase":
      return event.script === undefined ? [] : [`script ${event.script}`];
    case "host.settled":
      return [`${event.outcome}${event.note === undefined ? "" : `: ${event.note}`}`];
    default:
      return [];
  }
};

const [first, next] = planned.changes.map(({ kind }) => kind);
const of = planned.changes.length;

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
      `1/${of} ${first} ok`,
      `2/${of} ${next} start`,
      `script ${scripts[1]?.script}`,
      `2/${of} ${next} start`,
      `2/${of} ${next} ok`,
      "changed",
    ]);
  });

  it("and on which its script did all there was to do is changed by this run", async () => {
    const { words } = await retried({ heard: [], kept: ["step 1 start", "step 1 ok"], verdict: inSync });
    expect(words).toEqual([
      "retried",
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
    expect(words.slice(0, 3)).toEqual(["retried", `1/${of} ${first} ok`, `script ${scripts[1]?.script}`]);
  });

  it("and whose script took back what it did is in sync by another hand", async () => {
    const kept = ["step 1 start", "step 1 ok", "step 2 start", "step 2 fail E_STEP no", "restore start", "restore ok"];
    const { words } = await retried({ heard: ["step 1 start"], kept, verdict: inSync });
    expect(words.slice(-2)).toEqual([`1/${of} restore ok`, "in-sync"]);
  });

  it("stays what it was while its script is at work, however right it looks", async () => {
    const { words, scripts } = await retried({ heard: [], kept: [], verdict: inSync, isAtWork: true });
    expect([words, scripts.length]).toEqual([[], 1]);
  });

  it("and on which no script of ours said a word is in sync, whoever did it", async () => {
    const { words } = await retried({ heard: [], kept: [], verdict: inSync });
    expect(words).toEqual(["retried", "in-sync"]);
  });
});
