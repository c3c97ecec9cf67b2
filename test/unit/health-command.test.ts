/** The operator's own commands on the controller: what a health check's end means, and a listener that cannot hold up a run. */
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { noticeSink, probeCommand } from "../../src/cli/health-command.ts";
import type { RunEvent } from "../../src/domain/event.ts";
import { emptyTally } from "../../src/domain/tally.ts";
import { scratch } from "../support/novasweep.ts";

const dir = scratch("health");
afterAll(() => rmSync(dir, { recursive: true }));
const env = { PATH: process.env["PATH"] };
const never = new AbortController().signal;
const run = "20260102-030405-0a0b0c";

describe("a health check", () => {
  it.each([
    ["exit 0", "go", ""],
    ["echo fine; echo more", "go", "fine"],
    ["exit 1", "stop", "exit status 1"],
    ["echo load is 40; exit 1", "stop", "load is 40"],
    ["echo look at it; exit 2", "ask", "look at it"],
    ["exit 3", "stop", "exit status 3"],
    ["kill -9 $$", "stop", "exit status none"],
    ["no-such-command", "stop", "exit status 127"],
    ['echo "$NOVASWEEP_RUN|$NOVASWEEP_WAVE|$NOVASWEEP_HOSTS"', "go", `${run}|3|cn01 cn02`],
    ["yes | head -c 1000000", "go", "y"],
    ["cat", "go", "cn01"],
    // Somebody keeps its output: it has ended all the same.
    ["setsid sleep 20 & echo fine", "go", "fine"],
  ])("%s", async (text, verdict, words) => {
    expect(await probeCommand(text, run, 20, env)(3, ["cn01", "cn02"], never)).toEqual({ verdict, words });
  });

  it("that does not end is a stop, and nothing it started is left", async () => {
    const pid = join(dir, "pid");
    const text = `sleep 1000 & echo $! >'${pid}'; wait`;
    expect(await probeCommand(text, run, 1, env)(1, [], never)).toEqual({
      verdict: "stop",
      words: "it did not end within 1 s",
    });
    const child = readFileSync(pid, "utf8").trim();
    // Killed, and not yet collected by whoever inherits it, is as good as gone.
    const state = () => {
      try {
        return execFileSync("ps", ["-o", "stat=", "-p", child], { encoding: "utf8" }).trim();
      } catch {
        return "";
      }
    };
    await expect.poll(state, { timeout: 5_000 }).toMatch(/^(Z.*)?$/);
  });
});

it("a health check of ten thousand hosts gets them on its standard input", async () => {
  const hosts = Array.from({ length: 10_000 }, (_, at) => `compute-node-number-${String(at).padStart(5, "0")}`);
  const check = probeCommand('echo "$(wc -l) $NOVASWEEP_HOSTS."', run, 20, env);
  expect(await check(1, hosts, never)).toEqual({ verdict: "go", words: "10000 ." });
});

it("a health check that is no good to start is a stop", async () => {
  const check = probeCommand("true", run, 20, { ...env, LONG: "x".repeat(200_000) });
  expect(await check(1, [], never)).toMatchObject({
    verdict: "stop",
    words: expect.stringMatching(/^it cannot be started: /),
  });
});

it("a health check ends with its run", async () => {
  const stop = new AbortController();
  const checked = probeCommand("sleep 1000", run, 20, env)(1, [], stop.signal);
  stop.abort();
  expect(await checked).toEqual({ verdict: "stop", words: "it was ended with the run" });
});

describe("a listener", () => {
  const gate: RunEvent = {
    v: 1,
    run,
    seq: 2,
    at: "2026-01-02T03:04:05.000Z",
    type: "gate.decided",
    open: true,
    bad: 1,
    maxBad: 2,
    reason: "1 of 2 bad hosts allowed",
  };
  const phase: RunEvent = { ...gate, seq: 3, type: "host.phase", host: "cn01", phase: "applying" };
  const settled: RunEvent = { ...gate, seq: 4, type: "run.settled", tally: emptyTally, exit: 0 };

  it("gets what the gate decides and the end, a line each, and nothing else", async () => {
    const file = join(dir, "told");
    const sink = noticeSink(`cat >'${file}'`, env);
    for (const event of [gate, phase, settled]) sink.accept(event);
    await sink.close();
    const lines = readFileSync(file, "utf8").trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line).seq)).toEqual([2, 4]);
  });

  it.each(["exit 3", "exec <&-; sleep 30", "no-such-command", "sleep 30"])(
    "%s: whatever it is told, it fails nothing and is waited for no longer than two seconds",
    async (text) => {
      const sink = noticeSink(text, env);
      const began = performance.now();
      for (let count = 0; count < 20_000; count += 1) sink.accept(gate);
      await sink.close();
      expect(performance.now() - began).toBeLessThan(10_000);
    },
  );
});
