/**
 * Journals that were written by real runs, one that ended and one whose process was killed, torn at every byte of their
 * last line: the line was never durable, so what is read is the run without it, and who goes on with the run
 * writes behind what is whole.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runsCommand } from "../../src/cli/commands/runs.ts";
import type { Io } from "../../src/cli/io.ts";
import type { RunEvent } from "../../src/domain/event.ts";
import { reduceAll } from "../../src/domain/reduce-all.ts";
import type { Result } from "../../src/domain/result.ts";
import { initialState, reduce } from "../../src/domain/run-state.ts";
import { skimmable } from "../../src/domain/skimmed.ts";
import { foldJournal, readEnds, readJournal, skimJournal } from "../../src/journal/read.ts";
import { journalPath, runsDirectory } from "../../src/journal/runs.ts";
import { reopenJournal } from "../../src/journal/write.ts";
import { isLong } from "../support/long.ts";

const dir = mkdtempSync(join(tmpdir(), "novasweep-torn-"));
const TORN = "the journal's last line was cut off: what it said was never acted on\n";

const bytesOf = (name: string): Buffer => readFileSync(new URL(`../cases/journals/${name}.ndjson`, import.meta.url));
const firstLine = (bytes: Buffer): Buffer => bytes.subarray(0, bytes.indexOf("\n") + 1);
const eventsIn = (bytes: Buffer): readonly RunEvent[] =>
  bytes
    .toString("utf8")
    .split("\n")
    .flatMap((line) => (line === "" ? [] : [JSON.parse(line) as RunEvent]));
const value = <T>(result: Result<T>): T => {
  if (!result.ok) throw new Error(`${result.error.where}: ${result.error.what}`);
  return result.value;
};

/** A state directory in which the run's journal is these bytes. */
const stateWith = (name: string, run: string, bytes: Buffer): string => {
  const stateDir = join(dir, name);
  mkdirSync(runsDirectory(stateDir), { recursive: true });
  writeFileSync(journalPath(stateDir, run), bytes);
  return stateDir;
};

/** What `runs` and `runs show` print. */
const said = async (stateDir: string, show?: string) => {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const io = { stdout, stderr, controller: "vm" } as unknown as Io;
  const exit = await runsCommand({ command: "runs", show, stateDir }, io);
  return { exit, text: String(stdout.read() ?? ""), complaints: String(stderr.read() ?? "") };
};

const never = (): never => {
  throw new Error("the journal has no event");
};

afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** And how many bytes lie between two tries of `npm test`; the long run has them all. */
const journals = [
  ["whose process was killed", bytesOf("killed"), 1],
  ["that ended", bytesOf("rollout"), 2],
  ["that had just begun", firstLine(bytesOf("killed")), 16],
] as const;

describe.each(journals)("the journal of a run %s", (_, all, apart) => {
  const lastAt = all.subarray(0, -1).lastIndexOf("\n") + 1;
  const before = all.subarray(0, lastAt);
  const events = eventsIn(before);
  const [first = never()] = eventsIn(all);
  const { run } = first;
  const state = events.reduce(reduce, { ...initialState, run });
  // From none of its bytes to all but the newline.
  const kept = Array.from({ length: all.length - lastAt }, (_, at) => at).filter(
    (at) => isLong || at % apart === 0 || at === all.length - lastAt - 1,
  );
  let whole: Awaited<ReturnType<typeof said>>;
  let listed: Awaited<ReturnType<typeof said>>;
  beforeAll(async () => {
    const stateDir = stateWith(`${events.length}-whole`, run, before);
    whole = await said(stateDir, run);
    listed = await said(stateDir);
  });

  it.each(kept)("with %i bytes of its last line: read without it, gone on with behind the line before", async (at) => {
    const stateDir = stateWith(`${events.length}-${at}`, run, all.subarray(0, lastAt + at));
    const path = journalPath(stateDir, run);
    const read = value(await foldJournal(path, reduceAll, { ...initialState, run }));
    expect(read).toEqual({ state, torn: at > 0, events: events.length, wholeBytes: lastAt, bytes: lastAt + at });
    const quick = value(await skimJournal(path, reduceAll, { ...initialState, run }, skimmable));
    expect(quick).toMatchObject({ events: events.length, wholeBytes: lastAt, bytes: lastAt + at });
    expect(value(await readEnds(path))).toEqual({ first: events[0], last: events.at(-1) });
    expect(await said(stateDir, run)).toEqual({ ...whole, text: whole.text + (at > 0 ? TORN : "") });
    expect(await said(stateDir)).toEqual(listed);

    const journal = value(await reopenJournal(stateDir, run, read));
    const next = { ...first, seq: read.events + 1 };
    journal.accept(next);
    await journal.close();
    expect(readFileSync(path).subarray(0, lastAt).equals(before)).toBe(true);
    expect(value(await readJournal(path))).toEqual({ events: [...events, next], torn: false });
    rmSync(stateDir, { recursive: true });
  });

  it("with the whole of its last line: read with it", async () => {
    const path = journalPath(stateWith(`${events.length}-all`, run, all), run);
    const read = value(await foldJournal(path, reduceAll, { ...initialState, run }));
    expect(read).toMatchObject({ torn: false, events: events.length + 1, wholeBytes: all.length, bytes: all.length });
    expect(read.state).toEqual(eventsIn(all).reduce(reduce, { ...initialState, run }));
    expect(value(await readEnds(path)).last).toEqual(eventsIn(all).at(-1));
  });
});
