/** What becomes of a host whose line broke while its script ran: the transport is a list of answers, one a connection. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Facts } from "../../src/domain/facts.ts";
import { countAll } from "../../src/domain/numbering.ts";
import type { Changing } from "../../src/domain/plan.ts";
import type { RunContext } from "../../src/engine/context.ts";
import { Emitter } from "../../src/engine/emitter.ts";
import { type Lost, recover } from "../../src/engine/recover.ts";
import { rolloutJob } from "../../src/engine/rollout-job.ts";
import { StepWatch } from "../../src/engine/step-watch.ts";
import { parseLine } from "../../src/remote/reply.ts";
import type { Chunk, Transport } from "../../src/transport/transport.ts";
import { junoDone, seen } from "../support/facts.ts";
import { sshHost } from "../support/ssh-host.ts";

const RUN = "20260101-000000-aaaaaa";
const captured = (name: string): string[] =>
  readFileSync(new URL(`../cases/replies/${name}.txt`, import.meta.url), "utf8")
    .trimEnd()
    .split("\n");
const done = captured("juno-done").filter((line) => !line.startsWith("@n1 row notes"));
const before = captured("juno");
/** When the node of the done answers booted, and one that booted an hour earlier. */
const BOOTED = Number(
  done
    .find((line) => line.startsWith("@n1 fact booted"))
    ?.split(" ")
    .at(-1),
);
const bootedAt = (value: number): Facts => ({ ...junoDone, system: { ...junoDone.system, bootedAt: seen(value) } });
const digest = (path: string): string =>
  done
    .find((line) => line.startsWith(`@n1 fact digest:${path}`))
    ?.split(" ")
    .at(-1) ?? "";

const withLock = (lines: readonly string[], alive: boolean, run = RUN): string[] =>
  lines.flatMap((line) =>
    line.startsWith("@n1 unseen lock")
      ? [
          `@n1 fact lock {"run":"${run}","controller":"c","user":"u","pid":7,"bootedAt":"1","since":"s"}`,
          ...(alive ? ["@n1 fact lock.alive 1"] : []),
        ]
      : [line],
  );
const withNote = (lines: readonly string[], restart: string): string[] => {
  const conf = done
    .find((line) => line.startsWith("@n1 fact conf.digest"))
    ?.split(" ")
    .at(-1);
  return lines.flatMap((line) =>
    line === "@n1 list notes"
      ? [line, `@n1 row notes /n\t{"run":"${RUN}","before":"0","after":"${conf}","restart":"${restart}"}`]
      : [line],
  );
};

const host = sshHost("cn01", 22);

/** Answers one connection after the other; the last answer is given for ever. The clock moves a second a look. */
const lookAt = async (
  answers: readonly (readonly string[])[],
  lost: Partial<Lost> = {},
  hostS = 300,
  changes: Changing["changes"] = [{ kind: "cleaner.enable" }],
  heard?: string,
) => {
  let [now, asked] = [1_000_000, 0];
  const transport: Transport = {
    async *run(): AsyncIterable<Chunk> {
      const lines = answers[Math.min(asked, answers.length - 1)] ?? [];
      asked += 1;
      now += 31_000;
      yield { kind: "stdout", bytes: Buffer.from(`${lines.join("\n")}\n`) };
      yield { kind: "exit", status: 0 };
    },
    close: async () => {},
  };
  const deadlines = { stepS: 120, hostS, changeS: hostS, runS: 3600 };
  const payload = {
    method: digest("/lib/svc/method/nova-cache-cleanup"),
    manifest: digest("/lib/svc/manifest/site/nova-cache-cleanup.xml"),
    version: "1.0",
  };
  const context = {
    run: RUN,
    command: "rollout",
    transport,
    clock: () => now,
    elapsed: () => now,
    pause: async () => {},
    nonce: () => "n1",
    by: { user: "u", controller: "c", pid: 1 },
    emitter: new Emitter(RUN, () => now, { accept: () => {}, barrier: async () => {} }, []),
    job: rolloutJob({
      command: "rollout",
      accepted: { activatePending: false, thisBootEnvironment: false, breakStaleLock: false, waitIdleS: 0 },
      migrateS: 0,
      soakS: 1,
      deadlines,
      cleanerFiles: () => ({ payload, method: "", manifest: "" }),
    }),
    deadlines,
    stopping: new AbortController().signal,
    cutting: new AbortController().signal,
  } as unknown as RunContext;
  const plan: Changing = {
    verdict: "change",
    host: host.name,
    basis: 1,
    drift: [],
    changes,
    notes: [],
  };
  const watch = new StepWatch(context, host, plan, countAll(plan));
  if (heard !== undefined) watch.accept(parseLine(`@n ${heard}`, "@n "));
  const ending = await recover(context, host, {
    watch,
    script: "0a1b2c3d",
    failure: { code: "E_LOST", message: "reset" },
    begun: true,
    restarts: true,
    since: now,
    basis: bootedAt(
      Number(
        answers[0]
          ?.find((line) => line.startsWith("@n1 fact booted"))
          ?.split(" ")
          .at(-1),
      ),
    ),
    ...lost,
  });
  return { ...ending, asked };
};

describe("after a lost line", () => {
  it("a script that still runs is waited for, and what it left is believed", async () => {
    const ending = await lookAt([withLock(done, true), withNote(done, "paid")]);
    expect(ending).toMatchObject({ outcome: "changed", asked: 2 });
    expect(ending.note).toContain("proved by a new look");
  });
  it("a script that restored is a failure that says what still drifts", async () => {
    expect(await lookAt([before])).toMatchObject({ outcome: "failed", failure: { code: "E_NOT_CONVERGED" } });
  });
  it("a script that was killed and left its lock proved nothing, however right the node looks", async () => {
    expect(await lookAt([withLock(done, false)])).toMatchObject({ outcome: "unknown" });
  });
  it("a restart that is still owed was not proved, however right the node looks", async () => {
    expect(await lookAt([withNote(done, "owed")])).toMatchObject({ outcome: "unknown" });
  });
  it("a lock that went away while it was looked at is no answer yet", async () => {
    const between = done.flatMap((line) =>
      line.startsWith("@n1 fact uid") ? [line, "@n1 fact lock.before 1"] : [line],
    );
    expect(await lookAt([between, withNote(done, "paid")])).toMatchObject({ outcome: "changed", asked: 2 });
  });
  it("a script that was sent and never seen to begin may begin yet: nothing is said of it but that", async () => {
    const ending = await lookAt([before], { begun: false });
    expect(ending).toMatchObject({ outcome: "unknown" });
    expect(ending.asked).toBeGreaterThan(1);
  });
  it("a script of which the node has kept a word has begun, and what was seen beside its first word is no answer", async () => {
    const kept = (lines: readonly string[]): string[] => [
      ...lines.slice(0, 1),
      ...["@n1 list result", "@n1 row result step 1 start"],
      ...lines.slice(1),
    ];
    const ending = await lookAt([kept(done)], { begun: false });
    expect(ending).toMatchObject({ outcome: "changed", asked: 2 });
    expect(await lookAt([kept(before)], { begun: false })).toMatchObject({
      outcome: "failed",
      failure: { code: "E_NOT_CONVERGED" },
      asked: 2,
    });
  });
  it("a step that failed in words that the node has kept ends the host as if it had been heard", async () => {
    const kept = (...words: readonly string[]): string[] => [
      ...before.slice(0, 1),
      "@n1 list result",
      ...words.map((word) => `@n1 row result ${word}`),
      ...before.slice(1),
    ];
    const failed = ["step 1 start", "step 1 fail E_STEP no"];
    const restored = ["restore start", "restore ok"];
    expect(await lookAt([kept(...failed, ...restored)])).toMatchObject({
      outcome: "failed",
      failure: { code: "E_STEP", message: "the line broke (reset); no" },
      note: "restored",
    });
    expect(await lookAt([kept("step 1 start", "step 1 fail E_STALE another hand")])).toMatchObject({
      outcome: "refused",
      refusals: [{ code: "E_STALE", message: "the line broke (reset); another hand" }],
    });
  });
  it("nova-compute in transition is not proved", async () => {
    const moving = done.map((line) =>
      line.replace("restarter/next_state astring none", "restarter/next_state astring offline"),
    );
    expect(await lookAt([moving])).toMatchObject({ outcome: "failed" });
  });
  it("a node that rebooted has ended its script: what nova-compute's own start paid is owed no more", async () => {
    const ending = await lookAt([withNote(done, "owed")], { basis: bootedAt(BOOTED - 3600) });
    expect(ending).toMatchObject({ outcome: "changed", asked: 2 });
    expect(ending.note).toBe("the line broke (E_LOST); the node rebooted; proved by a new look");
  });
  it("a node that rebooted before its script was seen to begin is what it is: nothing begins there any more", async () => {
    const ending = await lookAt([before], { begun: false, basis: bootedAt(1) });
    expect(ending).toMatchObject({ outcome: "failed", failure: { code: "E_NOT_CONVERGED" }, asked: 2 });
    expect(ending.failure?.message).toContain("; the node rebooted; still drifts: ");
  });
  it.each([
    ["is starting", "restarter/next_state astring none", "restarter/next_state astring online"],
    ["waits for what it depends on", "restarter/state astring online", "restarter/state astring offline"],
  ])("a node that rebooted is looked at again while nova-compute %s", async (_, now, then) => {
    const booting = done.map((line) => (line.includes("row svc.nova") ? line.replace(now, then) : line));
    expect(await lookAt([booting, booting, done], { basis: bootedAt(BOOTED - 3600) })).toMatchObject({
      outcome: "changed",
      asked: 4,
    });
  });
  it("after a reboot nova-compute must stand as long as after a restart: one that flaps is not proved", async () => {
    const restart = {
      kind: "compute.restart",
      service: "nova-compute",
      because: "edit",
      timeoutS: 240,
      soakS: 60,
    } as const;
    // A look takes 31 s, and each finds another start.
    const other = (at: number) =>
      done.map((line) => line.replace(/(svc.nova restarter.state_timestamp time \d+)\.\d/, `$1.${at}`));
    const flapping = Array.from({ length: 10 }, (_, at) => other(at));
    const basis = bootedAt(BOOTED - 3600);
    expect(await lookAt(flapping, { basis }, 300, [restart])).toMatchObject({ outcome: "unknown" });
    expect(await lookAt([other(1), other(2)], { basis }, 300, [restart])).toMatchObject({
      outcome: "changed",
      asked: 4,
    });
  });
  it("a step that failed stays failed, however right the node looks after a reboot", async () => {
    const ending = await lookAt(
      [done],
      { basis: bootedAt(BOOTED - 3600) },
      300,
      undefined,
      "step 1 fail E_FLAPPING died",
    );
    expect(ending).toMatchObject({ outcome: "failed", failure: { code: "E_FLAPPING" } });
    expect(ending.failure?.message).toContain("the node rebooted; died");
  });
  it("a host that cannot be looked at again in its time is unknown", async () => {
    expect(await lookAt([["garbage"]], { since: 0 }, 1)).toMatchObject({ outcome: "unknown" });
  });
});
