import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runsCommand } from "../../src/cli/commands/runs.ts";
import type { Io } from "../../src/cli/io.ts";
import type { EventBody } from "../../src/domain/event.ts";
import { emptyTally } from "../../src/domain/tally.ts";
import { describeHolder, takeLock } from "../../src/journal/lock.ts";
import { journalPath } from "../../src/journal/runs.ts";
import { openJournal } from "../../src/journal/write.ts";

let stateDir: string;
beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "novasweep-runs-"));
});
afterEach(async () => {
  await rm(stateDir, { recursive: true });
});

const started: EventBody = {
  type: "run.started",
  command: "rollout",
  check: false,
  patterns: ["web"],
  hosts: ["cn01", "cn02"],
  by: { user: "op", controller: "ctl", pid: 7 },
  version: "1.2.3",
  limits: {},
};
const hostSettled: EventBody = { type: "host.settled", host: "cn01", outcome: "changed", tookMs: 10 };
const runSettled: EventBody = { type: "run.settled", tally: { ...emptyTally, changed: 1, failed: 1 }, exit: 1 };

const journal = async (run: string, ...bodies: readonly EventBody[]): Promise<void> => {
  const opened = await openJournal(stateDir, run);
  if (!opened.ok) throw new Error(opened.error.what);
  bodies.forEach((body, index) => {
    opened.value.accept({ v: 1, run, seq: index + 1, at: "2026-01-02T03:04:05.000Z", ...body });
  });
  await opened.value.close();
};

const ran = async (show?: string) => {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const io = { stdout, stderr, controller: "ctl" } as unknown as Io;
  const exit = await runsCommand({ command: "runs", show, stateDir }, io);
  return { exit, text: String(stdout.read() ?? ""), complaints: String(stderr.read() ?? "") };
};

const ended = "20260102-030405-aaaaaa";
const open = "20260102-030406-bbbbbb";

test("no runs is not an error", async () => {
  expect(await ran()).toMatchObject({ exit: 0, complaints: "" });
});

test("a run that ended is told with who, how many and its result", async () => {
  await journal(ended, started, hostSettled, runSettled);
  const { exit, text } = await ran();
  expect(exit).toBe(0);
  for (const words of [ended, "rollout", "op@ctl", "2 hosts", "exit 1", "changed 1", "failed 1"])
    expect(text).toContain(words);
  expect(text).not.toContain("interrupted");
});

test("a run without an end is interrupted when its process is gone, running while it lives", async () => {
  await journal(open, started, hostSettled);
  expect((await ran()).text).toContain(`${open} interrupted`);
  const lock = await takeLock(stateDir, open, await describeHolder(process.pid, "ctl", "2026-01-02T03:04:06Z"));
  expect(lock.ok).toBe(true);
  expect((await ran()).text).toContain(`${open} running: pid ${process.pid} on ctl`);
  expect((await ran(open)).text).toContain(`${open} running`);
});

test("a run is shown by the beginning of its id, its open hosts named", async () => {
  await journal(ended, started, hostSettled, runSettled);
  await journal(open, started, hostSettled);
  const { exit, text } = await ran("20260102-030406");
  expect(exit).toBe(0);
  expect(text).toContain("cn02");
  expect(text).toContain("interrupted");
});

test.each([
  ["several runs", "20260102", "2 runs"],
  ["no run", "1999", "no run's id"],
])("an id that fits %s is a complaint", async (_name, id, what) => {
  await journal(ended, started);
  await journal(open, started);
  expect(await ran(id)).toMatchObject({ exit: 2, text: "", complaints: expect.stringContaining(what) });
});

test("a journal cut off by a crash is shown, and said", async () => {
  await journal(open, started, hostSettled);
  await appendFile(journalPath(stateDir, open), "{");
  const { exit, text } = await ran(open);
  expect(exit).toBe(0);
  expect(text).toContain("cut off");
});

test("a journal that never got its first event is interrupted", async () => {
  await journal(open);
  expect(await ran()).toMatchObject({ exit: 0, text: expect.stringContaining(`${open} interrupted`) });
});

test("a damaged journal is a complaint and does not hide the others", async () => {
  await journal(ended, started, hostSettled, runSettled);
  await journal(open, started);
  await writeFile(journalPath(stateDir, open), "garbage\n");
  const { exit, text, complaints } = await ran();
  expect(exit).toBe(2);
  expect(text).toContain(ended);
  expect(complaints).toContain(`${journalPath(stateDir, open)}:1`);
});
