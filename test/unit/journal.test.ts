import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFile,
  chmod,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { RunEvent } from "../../src/domain/event.ts";
import type { Complaint, Result } from "../../src/domain/result.ts";
import { type Skimmed, type SkimmedType, skimmable } from "../../src/domain/skimmed.ts";
import { eventLine } from "../../src/journal/event-line.ts";
import { describeHolder, isAlive, readLock, takeLock } from "../../src/journal/lock.ts";
import { foldJournal, readEnds, readJournal, skimJournal } from "../../src/journal/read.ts";
import { findRun, isRunId, journalPath, listRuns, lockPath, newRunId } from "../../src/journal/runs.ts";
import { skimmer } from "../../src/journal/skim.ts";
import { maxLineBytes, splitLines } from "../../src/journal/split-lines.ts";
import { type Journal, openJournal, reopenJournal } from "../../src/journal/write.ts";
import { juno } from "../support/facts.ts";

const run = "20260102-030405-0a0b0c";
let stateDir: string;

beforeEach(async () => {
  stateDir = join(await mkdtemp(join(tmpdir(), "novasweep-journal-")), "state");
});
afterEach(async () => {
  await rm(join(stateDir, ".."), { recursive: true, force: true });
});

const line = (seq: number, text = "hello"): RunEvent => ({
  v: 1,
  run,
  seq,
  at: "2026-01-02T03:04:05.000Z",
  type: "host.line",
  host: "cn01",
  stream: "stdout",
  text,
});

const value = <T>(result: Result<T>): T => {
  if (!result.ok) throw new Error(`${result.error.where}: ${result.error.what}`);
  return result.value;
};
const complaint = <T>(result: Result<T>): Complaint => {
  if (result.ok) throw new Error("no complaint");
  return result.error;
};

const addSeqs = (sum: number, events: readonly RunEvent[]): number => events.reduce((all, { seq }) => all + seq, sum);

type Read = readonly (RunEvent | Skimmed)[];
const appended = (all: Read, more: Read): Read => [...all, ...more];

const written = async (...events: readonly RunEvent[]): Promise<string> => {
  const journal = value(await openJournal(stateDir, run));
  for (const event of events) journal.accept(event);
  await journal.close();
  return journal.path;
};

describe("writing", () => {
  test("what a barrier acknowledged is in the file, in order", async () => {
    const journal = value(await openJournal(stateDir, run));
    journal.accept(line(1));
    journal.accept(line(2));
    await journal.barrier();
    expect(await readFile(journal.path, "utf8")).toBe(`${JSON.stringify(line(1))}\n${JSON.stringify(line(2))}\n`);
    await journal.close();
  });

  test("barriers that overlap all resolve, and keep the order of acceptance", async () => {
    const journal = value(await openJournal(stateDir, run));
    await Promise.all(
      Array.from({ length: 200 }, (_, index) => {
        journal.accept(line(index + 1));
        return journal.barrier();
      }),
    );
    const { events } = value(await readJournal(journal.path));
    expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
    await journal.close();
  });

  test("close makes durable what no barrier asked for", async () => {
    expect(value(await readJournal(await written(line(1), line(2)))).events).toHaveLength(2);
  });

  test("remote text is kept as it came, and cannot act on a terminal that prints the file", async () => {
    const event = line(1, "a\u001b]0;x\u0007b\u202ec\u009bd\u200be\u2028f\ud83d\ude00é");
    const path = await written(event);
    expect(await readFile(path, "utf8")).toMatch(/^[\x20-\x7eé\ud83d\ude00]+\n$/u);
    expect(value(await readJournal(path)).events).toEqual([event]);
  });

  test("directories are 0700 and the file 0600", async () => {
    const path = await written(line(1));
    const modes = await Promise.all(
      [stateDir, join(stateDir, "runs"), path].map(async (name) => (await stat(name)).mode),
    );
    expect(modes.map((mode) => (mode & 0o777).toString(8))).toEqual(["700", "700", "600"]);
  });

  test("a run that has a journal is never written again", async () => {
    await written(line(1));
    expect(complaint(await openJournal(stateDir, run))).toMatchObject({
      code: "E_JOURNAL",
      where: journalPath(stateDir, run),
    });
  });

  test("a state directory that cannot be made is a complaint", async () => {
    await writeFile(join(stateDir, "..", "file"), "");
    const found = complaint(await openJournal(join(stateDir, "..", "file", "state"), run));
    expect(found).toMatchObject({ code: "E_JOURNAL", try: expect.stringContaining("--state-dir") });
  });

  test("a full disk rejects the barrier and every later one, and what was there stays readable", async () => {
    // A real file with a real limit: bash's ulimit -f makes write(2) fail with EFBIG once SIGXFSZ is ignored.
    const child = spawn(
      "bash",
      ["-c", `trap '' XFSZ; ulimit -f 1; exec "$0" --input-type=module -e "$1"`, process.execPath, childScript],
      { env: { ...process.env, STATE_DIR: stateDir, RUN: run }, stdio: ["ignore", "pipe", "inherit"] },
    );
    let out = "";
    child.stdout.on("data", (chunk: Buffer) => {
      out += chunk.toString();
    });
    await once(child, "close");
    expect(out.trim().split("\n")).toEqual(["first kept", "second rejected", "third rejected", "closed"]);
    expect(value(await readJournal(journalPath(stateDir, run)))).toMatchObject({ events: [{ seq: 1 }], torn: true });
  });
});

const childScript = `
  import { openJournal } from ${JSON.stringify(new URL("../../src/journal/write.ts", import.meta.url).href)};
  const { STATE_DIR, RUN } = process.env;
  const event = (seq, text) => ({ v: 1, run: RUN, seq, at: "", type: "host.line", host: "cn01", stream: "stdout", text });
  const { value: journal } = await openJournal(STATE_DIR, RUN);
  const say = (name) => [() => console.log(name, "kept"), () => console.log(name, "rejected")];
  journal.accept(event(1, "small"));
  await journal.barrier().then(...say("first"));
  journal.accept(event(2, "x".repeat(4096)));
  await journal.barrier().then(...say("second"));
  await journal.barrier().then(...say("third"));
  await journal.close();
  console.log("closed");
`;

describe("reading", () => {
  test("a last line without its newline is forgiven and said", async () => {
    const path = await written(line(1), line(2));
    await truncate(path, (await stat(path)).size - 1);
    expect(value(await readJournal(path))).toEqual({ events: [line(1)], torn: true });
  });

  test("an empty journal has no events", async () => {
    expect(value(await readJournal(await written()))).toEqual({ events: [], torn: false });
  });

  test.each([
    ["garbage in the middle", "{oops\n", 2, "not JSON"],
    ["a repeated number", `${JSON.stringify(line(1))}\n`, 2, "event 1 follows event 1"],
    ["a gap", `${JSON.stringify(line(3))}\n`, 2, "event 3 follows event 1"],
    ["an unknown version", `${JSON.stringify({ ...line(2), v: 2 })}\n`, 2, "version 2"],
    ["an unknown type", `${JSON.stringify({ ...line(2), type: "host.exploded" })}\n`, 2, "host.exploded"],
    ["a name every object has", `${JSON.stringify({ ...line(2), type: "toString" })}\n`, 2, "toString"],
    ["a number for an event", "7\n", 2, "not an event"],
    ["an event of another run", `${JSON.stringify({ ...line(2), run: "20260102-030405-ffffff" })}\n`, 2, "another run"],
  ])("%s is a complaint with file and line", async (_name, text, at, words) => {
    const path = await written(line(1));
    await appendFile(path, text);
    const found = complaint(await readJournal(path));
    expect(found).toMatchObject({ code: "E_JOURNAL", where: `${path}:${at}`, what: expect.stringContaining(words) });
  });

  test("a line beyond the bound is a complaint, not memory", async () => {
    const path = await written(line(1));
    const file = await open(path, "a");
    await file.truncate((await file.stat()).size + maxLineBytes + 1);
    await file.close();
    expect(complaint(await readJournal(path))).toMatchObject({
      where: `${path}:2`,
      what: expect.stringContaining("longer"),
    });
  });

  test("a missing journal is a complaint", async () => {
    expect(complaint(await readJournal(join(stateDir, "none")))).toMatchObject({ code: "E_JOURNAL" });
  });

  test("a fold sees every event once", async () => {
    const path = await written(line(1), line(2), line(3));
    const wholeBytes = (await stat(path)).size;
    const folded = value(await foldJournal(path, addSeqs, 0));
    expect(folded).toEqual({ state: 6, torn: false, events: 3, wholeBytes, bytes: wholeBytes });
  });

  test("one that grew since it was read is somebody else's: it is not cut", async () => {
    const path = await written(line(1));
    const read = value(await foldJournal(path, (sum) => sum, 0));
    await appendFile(path, `${JSON.stringify(line(2))}\n`);
    expect(await reopenJournal(stateDir, run, read)).toMatchObject({
      ok: false,
      error: { code: "E_JOURNAL", what: expect.stringContaining("somebody else has gone on with run") },
    });
    expect(value(await readJournal(path)).events).toHaveLength(2);
  });

  test("a skim reads no more of a line than its beginning, and counts it all the same", async () => {
    const { v, seq, at } = line(2);
    const facts: RunEvent = { v, run, seq, at, type: "host.facts", host: "cn01", facts: juno };
    const path = await written(line(1));
    // Damaged further on, which nobody sees who does not take it apart.
    await appendFile(path, `${JSON.stringify(facts).slice(0, -1)}\n${JSON.stringify(line(3))}\n`);
    const skimmed = value(await skimJournal(path, appended, [], new Set(["host.facts"] as const)));
    expect(skimmed.state).toEqual([line(1), { seq, at, type: "host.facts", host: "cn01" }, line(3)]);
    expect(skimmed).toMatchObject({ events: 3, wholeBytes: (await stat(path)).size });
    for (const others of [new Set<SkimmedType>(), new Set(["host.step"] as const)])
      expect(complaint(await skimJournal(path, appended, [], others))).toMatchObject({ where: `${path}:2` });
  });

  test.each([
    ["of another run", { run: "20260102-030405-ffffff" }, "an event of another run, 20260102-030405-ffffff"],
    ["out of turn", { seq: 3 }, "event 3 follows event 1"],
    ["of a later version", { v: 2 }, "version 2 of the events is not known"],
  ])("a skim refuses a line %s", async (_name, wrong, what) => {
    const { v, seq, at } = line(2);
    const phase = { v, run, seq, at, type: "host.phase", host: "cn01", phase: "probing", ...wrong };
    const path = await written(line(1));
    await appendFile(path, `${JSON.stringify(phase)}\n`);
    expect(complaint(await skimJournal(path, appended, [], skimmable))).toMatchObject({
      where: `${path}:2`,
      what: `cannot read the journal: ${what}`,
    });
  });

  test("a host whose name needs escapes, or is not ASCII, or is very long, is read whole", () => {
    const skim = skimmer(skimmable);
    const { v, seq, at } = line(7);
    const of = (host: string) =>
      skim(Buffer.from(eventLine({ v, run, seq, at, type: "host.phase", host, phase: "probing" })).subarray(0, -1));
    expect(of("cn[0-9] x")).toEqual({
      run,
      event: { seq, at, type: "host.phase", host: "cn[0-9] x", phase: "probing" },
    });
    for (const host of ['cn"01', "cn\\01", "cn\u001b01", "cn\u20281", "één", "c".repeat(400)])
      expect(of(host)).toBeUndefined();
  });

  test("what the end of the beginning cuts off is not taken for absent: a name may be as long as it likes", () => {
    const skim = skimmer(skimmable);
    const { v, at } = line(7);
    for (let length = 1; length <= 450; length += 1) {
      const event = {
        v,
        run,
        seq: 123_456,
        at,
        type: "host.phase",
        host: "c".repeat(length),
        phase: "applying",
      } as const;
      for (const whole of [event, { ...event, script: "0a1b2c3d" }, { ...event, layer: "tcp", since: at }] as const) {
        const { v: _, run: _run, ...rest } = whole;
        const { layer: _layer, since: _since, ...skimmed } = { layer: 0, since: 0, ...rest };
        const read = skim(Buffer.from(eventLine(whole as RunEvent)).subarray(0, -1));
        if (length <= 253) expect(read?.event).toEqual(skimmed);
        else if (read !== undefined) expect(read.event).toEqual(skimmed);
      }
    }
  });

  test("a journal of many chunks is read as one", async () => {
    const events = Array.from({ length: 9_000 }, (_, at) => line(at + 1, "x".repeat(at % 700)));
    const path = await written(...events);
    expect((await stat(path)).size).toBeGreaterThan(4 * 1024 ** 2);
    expect(value(await readJournal(path)).events).toEqual(events);
  });

  test("lines are the same however the bytes are cut", async () => {
    const bytes = Buffer.from("één\n\ntwo\nthree");
    for (let size = 1; size <= bytes.length; size += 1) {
      const lines = [];
      for await (const found of splitLines(cut(bytes, size)))
        lines.push(...found.map((one) => (one.kind === "line" ? one.bytes.toString("utf8") : one)));
      expect(lines).toEqual(["één", "", "two", { kind: "torn", length: 5 }]);
    }
  });

  test.each([
    ["no event", [], undefined, undefined],
    ["one event", [line(1)], 1, 1],
    ["a long middle", [line(1), line(2, "x".repeat(200_000)), line(3)], 1, 3],
  ])("the ends of a journal with %s", async (_name, events, first, last) => {
    const ends = value(await readEnds(await written(...events)));
    expect([ends.first?.seq, ends.last?.seq]).toEqual([first, last]);
  });

  test("the ends of a journal whose last line is torn are whole events", async () => {
    const path = await written(line(1), line(2));
    await appendFile(path, '{"v":1,');
    expect(value(await readEnds(path)).last?.seq).toBe(2);
  });
});

const cut = async function* (bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
};

describe("runs", () => {
  test("an id says when, sorts by time and is unlike its neighbour's", () => {
    const id = newRunId(new Date("2026-01-02T03:04:05.678Z"), Uint8Array.of(0, 1, 255));
    expect(id).toBe("20260102-030405-0001ff");
    expect(isRunId(id)).toBe(true);
    expect(isRunId(`${id}/../x`)).toBe(false);
  });

  test("only journals are listed, oldest first", async () => {
    expect(value(await listRuns(stateDir))).toEqual([]);
    await written(line(1));
    const earlier: Journal = value(await openJournal(stateDir, "20250102-030405-0a0b0c"));
    await earlier.close();
    await writeFile(join(stateDir, "runs", "notes.ndjson"), "");
    expect(value(await listRuns(stateDir))).toEqual(["20250102-030405-0a0b0c", run]);
  });

  test("a run is found by an unambiguous beginning of its id", () => {
    const runs = ["20250102-030405-0a0b0c", "20260102-030405-0a0b0c", "20260102-030405-0b0b0c"];
    expect(value(findRun(runs, "2025"))).toBe(runs[0]);
    expect(value(findRun(runs, "20260102-030405-0a"))).toBe(runs[1]);
    expect(complaint(findRun(runs, "2026"))).toMatchObject({ code: "E_USAGE", try: expect.stringContaining("0b0b0c") });
    expect(complaint(findRun(runs, "2024"))).toMatchObject({
      code: "E_USAGE",
      try: expect.stringContaining("novasweep runs"),
    });
  });
});

describe("the lock of a run", () => {
  const here = { hostname: hostname() };
  const holderOf = (pid: number) => describeHolder(pid, here.hostname, "2026-01-02T03:04:05Z");

  beforeEach(async () => {
    await written(line(1));
  });

  test("says who drives the run until it is released, for the owner's eyes only", async () => {
    const holder = await holderOf(process.pid);
    const lock = value(await takeLock(stateDir, run, holder));
    expect(await readLock(stateDir, run)).toEqual(holder);
    expect((await stat(join(stateDir, "runs", `${run}.lock`))).mode & 0o777).toBe(0o600);
    expect(await isAlive(holder, here)).toBe(true);
    await lock.release();
    expect(await readLock(stateDir, run)).toBeUndefined();
  });

  test("is one's: another who takes it is told that somebody has it", async () => {
    const lock = value(await takeLock(stateDir, run, await holderOf(process.pid)));
    const other = complaint(await takeLock(stateDir, run, { ...(await holderOf(process.pid)), pid: 1 }));
    expect(other).toMatchObject({ code: "E_JOURNAL", what: `somebody else has just taken up run ${run}` });
    expect(await readLock(stateDir, run)).toMatchObject({ pid: process.pid });
    await lock.release();
    expect(await readdir(join(stateDir, "runs"))).toEqual([`${run}.ndjson`]);
  });

  test("of a process that ended is dead", async () => {
    const child = spawn("sleep", ["60"]);
    const holder = await holderOf(child.pid ?? 0);
    expect(await isAlive(holder, here)).toBe(true);
    child.kill();
    await once(child, "close");
    expect(await isAlive(holder, here)).toBe(false);
  });

  test("of another boot, or of a process whose pid is used again, is dead; of another machine it may be alive", async () => {
    const holder = await holderOf(process.pid);
    expect(await isAlive({ ...holder, bootId: "another" }, here)).toBe(false);
    expect(await isAlive({ ...holder, startTicks: "1" }, here)).toBe(false);
    expect(await isAlive({ ...holder, hostname: "elsewhere", pid: 2 ** 30 }, here)).toBe(true);
  });

  test.each([
    ["a moment ago", 0, true],
    ["four minutes ago", 4, true],
    ["six minutes ago", 6, false],
  ])("of another machine is judged by the file, whatever our clock says: written %s", async (_, minutes, alive) => {
    const path = lockPath(stateDir, run);
    const elsewhere = { ...(await holderOf(process.pid)), hostname: "elsewhere" };
    const lock = value(await takeLock(stateDir, run, elsewhere));
    const written = (Date.now() - minutes * 60_000) / 1000;
    await utimes(path, written, written);
    vi.useFakeTimers({ toFake: ["Date"] });
    for (const days of [-1, 0, 1]) {
      vi.setSystemTime(Date.now() + days * 24 * 3600_000);
      expect(await isAlive(elsewhere, { ...here, path })).toBe(alive);
    }
    vi.useRealTimers();
    await lock.release();
    expect(await readdir(join(stateDir, "runs"))).toEqual([`${run}.ndjson`]);
  });

  test.each(["", "{", "[]", '{"pid":-1}', '{"pid":"1"}'])("that reads %j holds nobody", async (text) => {
    await writeFile(join(stateDir, "runs", `${run}.lock`), text);
    expect(await readLock(stateDir, run)).toBeUndefined();
  });

  test("that cannot be written is a complaint", async () => {
    await chmod(join(stateDir, "runs"), 0o700);
    await rm(join(stateDir, "runs"), { recursive: true });
    expect(complaint(await takeLock(stateDir, run, await holderOf(process.pid)))).toMatchObject({ code: "E_JOURNAL" });
  });
});
