/** `exec` against a transport that says what the test wants: how each host ends, what is recorded, what stops. */
import { describe, expect, test } from "vitest";
import type { EventBody, RunEvent } from "../../src/domain/event.ts";
import type { Become } from "../../src/domain/host.ts";
import { KeptTexts } from "../../src/domain/kept-texts.ts";
import { Emitter, JournalLost } from "../../src/engine/emitter.ts";
import { Exec, type ExecContext } from "../../src/engine/exec.ts";
import type { Chunk } from "../../src/transport/transport.ts";
import { sshHost } from "../support/ssh-host.ts";
import { validated } from "../support/valid-events.ts";

const begin = "@00aa begin\n";
const out = (text: string): Chunk => ({ kind: "stdout", bytes: Buffer.from(text) });
const err = (text: string): Chunk => ({ kind: "stderr", bytes: Buffer.from(text) });
const exit = (status: number | null, signal?: string): Chunk => ({
  kind: "exit",
  status,
  ...(signal === undefined ? {} : { signal }),
});
const lost = (code: "E_LOST" | "E_FLOOD" | "E_AUTH" | "E_BECOME" | "E_STOPPED", scriptSent?: true): Chunk => ({
  kind: "lost",
  failure: { code, message: "gone" },
  layer: "script",
  ...(scriptSent === undefined ? {} : { scriptSent }),
});
const begun = [out(begin), err(begin)];

/** Runs it over hosts, each of which answers with these chunks; gives the exit status and the events. */
const ranOver = async (
  answers: Readonly<Record<string, readonly Chunk[]>>,
  changed: Partial<ExecContext> & { readonly become?: Become; readonly brokenAfter?: number } = {},
) => {
  const { become = "none", brokenAfter = Number.POSITIVE_INFINITY, ...more } = changed;
  const events: RunEvent[] = [];
  const scripts: string[] = [];
  const journal = {
    accept: (event: RunEvent) => void events.push(event),
    barrier: () => (events.length > brokenAfter ? Promise.reject(new Error("full")) : Promise.resolve()),
  };
  const exec = new Exec({
    run: "20260301-140312-a1b2c3",
    patterns: ["all"],
    hosts: Object.keys(answers).map((name) => sshHost(name, 22, { name, become })),
    by: { user: "op", controller: "ctl", pid: 1 },
    version: "1",
    clock: () => 0,
    elapsed: () => 0,
    nonce: () => "00aa",
    transport: {
      run: async function* (host, script) {
        scripts.push(script);
        yield* answers[host.name] ?? [];
      },
      close: () => Promise.resolve(),
    },
    emitter: new Emitter("20260301-140312-a1b2c3", () => 0, journal, []),
    parallel: 1,
    stopping: new AbortController().signal,
    cutting: new AbortController().signal,
    asked: { kind: "command", text: "true" },
    text: "true",
    shellOptions: "",
    record: false,
    texts: new KeptTexts(1e6),
    limits: { hostTimeoutS: 1, runTimeoutS: 1 },
    accept: () => Promise.resolve("--yes"),
    ...more,
  });
  const status = await exec.run().catch((error: unknown) => error);
  const of = <T extends EventBody["type"]>(type: T) =>
    validated(events).filter((event): event is Extract<RunEvent, { type: T }> => event.type === type);
  return { status, events, scripts, of };
};

describe("a host", () => {
  test.each<readonly [string, readonly Chunk[], object, object | undefined, number]>([
    ["that runs it", [...begun, out("x\n"), exit(0)], { outcome: "changed" }, { status: 0, stdout: { bytes: 2 } }, 0],
    [
      "whose command fails",
      [...begun, err("no\n"), exit(3)],
      { outcome: "failed", failure: { code: "E_EXIT", message: "exit status 3" } },
      { status: 3, stderr: { bytes: 3 } },
      1,
    ],
    [
      "whose command is killed",
      [...begun, exit(null, "SIGKILL")],
      { outcome: "failed", failure: { code: "E_EXIT", message: "ended by signal SIGKILL" } },
      { signal: "SIGKILL" },
      1,
    ],
    ["nobody can log in to", [lost("E_AUTH")], { outcome: "unreachable", failure: { code: "E_AUTH" } }, undefined, 4],
    ["lost when it may have begun", [lost("E_LOST", true)], { outcome: "unknown" }, undefined, 1],
    [
      "lost in the middle",
      [...begun, out("half"), lost("E_LOST", true)],
      { outcome: "unknown", failure: { try: expect.stringContaining("still runs") } },
      { partial: true, stdout: { bytes: 4 } },
      1,
    ],
    [
      "that writes too much",
      [...begun, out("much"), lost("E_FLOOD", true)],
      { outcome: "unknown", failure: { code: "E_FLOOD", try: expect.stringContaining("head") } },
      { partial: true },
      1,
    ],
    [
      "whose login runs something else",
      [out("This account is closed.\n"), exit(1)],
      {
        outcome: "unreachable",
        failure: { code: "E_SHELL", message: expect.stringContaining("This account is closed.") },
      },
      undefined,
      4,
    ],
  ])("%s", async (_, chunks, settled, ran, exitStatus) => {
    const { status, of } = await ranOver({ cn1: chunks });
    expect(of("host.settled")).toMatchObject([settled]);
    expect(of("host.ran")).toMatchObject(ran === undefined ? [] : [ran]);
    expect(status).toBe(exitStatus);
  });

  test.each<readonly [string, readonly Chunk[], string]>([
    ["whose sudo asks", [err("sudo: a password is required\n"), exit(1)], "a password is required"],
    ["whose pfexec grants nothing", [out("@00aa refuse E_BECOME uid 100\n"), exit(3)], "uid 100"],
    ["that cannot be asked", [lost("E_BECOME")], "gone"],
  ])("%s with --become is refused", async (_, chunks, message) => {
    const { status, of, scripts } = await ranOver({ cn1: chunks }, { become: "sudo" });
    const refusals = [{ code: "E_BECOME", message: expect.stringContaining(message) }];
    expect(of("host.settled")).toMatchObject([{ outcome: "refused", refusals }]);
    expect(status).toBe(6);
    expect(scripts[0]).toContain("/usr/xpg4/bin/id");
  });
});

describe("the record", () => {
  const answers = { cn1: [...begun, out("secret\n"), exit(0)] };

  test("has the command, the count and the digest, not the output", async () => {
    const { events, of } = await ranOver(answers);
    expect(of("run.started")).toMatchObject([{ command: "exec", exec: { kind: "command", text: "true" } }]);
    expect(of("host.ran")[0]?.stdout).toEqual({ bytes: 7, digest: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(JSON.stringify(events)).not.toContain("secret");
  });

  test("has the output with --record", async () => {
    const { of } = await ranOver(answers, { record: true });
    expect(of("host.ran")).toMatchObject([{ stdout: { text: "secret\n" }, stderr: { text: "" } }]);
  });

  test("that breaks starts no further host", async () => {
    const { status, scripts } = await ranOver({ ...answers, cn2: answers.cn1, cn3: answers.cn1 }, { brokenAfter: 5 });
    expect(status).toBeInstanceOf(JournalLost);
    expect(scripts).toHaveLength(1);
  });
});

describe("whoever is asked", () => {
  const answers = { cn1: [...begun, exit(0)], cn2: [...begun, exit(0)] };

  test("and says no: nothing runs, exit 5", async () => {
    const { status, scripts, of } = await ranOver(answers, { accept: () => Promise.resolve(undefined) });
    expect([status, scripts]).toEqual([5, []]);
    expect(of("host.settled").map(({ outcome }) => outcome)).toEqual(["skipped", "skipped"]);
    expect(of("operator.acted")).toMatchObject([{ action: "declined" }]);
  });

  test("and stops it later: no new host starts, exit 5", async () => {
    const stop = new AbortController();
    const { status, of } = await ranOver(answers, {
      stopping: stop.signal,
      elapsed: () => {
        stop.abort("the operator stopped the run");
        return 0;
      },
    });
    expect(status).toBe(5);
    expect(of("host.settled").map(({ outcome }) => outcome)).toEqual(["changed", "skipped"]);
  });

  test("and stops it when all have started: nothing was stopped", async () => {
    const stop = new AbortController();
    const elapsed = () => {
      stop.abort("the operator stopped the run");
      return 0;
    };
    expect((await ranOver({ cn1: answers.cn1 }, { stopping: stop.signal, elapsed })).status).toBe(0);
  });
});
