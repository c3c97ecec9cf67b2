/** Reads journals back. Only a torn last line is forgiven: it was never durable, so nothing rested on it. */
import { type FileHandle, open } from "node:fs/promises";
import type { EventType, RunEvent } from "../domain/event.ts";
import type { RunId } from "../domain/ids.ts";
import { type Complaint, err, ok, type Result } from "../domain/result.ts";
import type { Skimmed, SkimmedType } from "../domain/skimmed.ts";
import { type Skim, skimmer } from "./skim.ts";
import { type Line, splitLines } from "./split-lines.ts";

/** What a journal folds to, and whether its last line was cut off by a crash. */
export interface Folded<S> {
  readonly state: S;
  readonly torn: boolean;
  /** Whole lines, which is the number of the last event. */
  readonly events: number;
  /** Bytes of its whole lines: what comes after them was never durable. */
  readonly wholeBytes: number;
  /** Bytes of all that was read. */
  readonly bytes: number;
}

/** Folds a journal, some thousand events at a time; memory is the state's, whatever the file's length. `E_JOURNAL` with `file:line` when it is damaged. */
export const foldJournal = <S>(
  path: string,
  reduceAll: (state: S, events: readonly RunEvent[]) => S,
  initial: S,
): Promise<Result<Folded<S>>> =>
  skimJournal(path, (state, events) => reduceAll(state, events.filter(isWhole)), initial, new Set());

const isWhole = (event: RunEvent | Skimmed): event is RunEvent => "v" in event;

/** Folds a journal as `foldJournal` does, but of events of the types in `skimmed` only the beginning is read: that is most of the time. */
export const skimJournal = async <S>(
  path: string,
  reduceAll: (state: S, events: readonly (RunEvent | Skimmed)[]) => S,
  initial: S,
  skimmed: ReadonlySet<SkimmedType>,
): Promise<Result<Folded<S>>> =>
  reading<Folded<S>>(path, async (file) => {
    const reader = new LineReader(path, skimmer(skimmed));
    let state = initial;
    for await (const lines of splitLines(chunksOf(file))) {
      const events: (RunEvent | Skimmed)[] = [];
      for (const line of lines) {
        if (line.kind === "torn") return ok({ state, ...reader.sum(line.length) });
        const event = reader.read(line);
        if (!event.ok) return event;
        events.push(event.value);
      }
      state = reduceAll(state, events);
    }
    return ok({ state, ...reader.sum() });
  });

/** Reads the lines of one journal in order, and counts them. */
class LineReader {
  readonly #path: string;
  readonly #skim: Skim;
  #seq = 0;
  #wholeBytes = 0;
  #run: RunId | undefined;

  constructor(path: string, skim: Skim) {
    this.#path = path;
    this.#skim = skim;
  }

  /** The event of the next line. */
  read(line: Exclude<Line, { kind: "torn" }>): Result<RunEvent | Skimmed> {
    if (line.kind === "too-long") return this.#damaged(`the line is longer than ${line.maxBytes} bytes`);
    const { bytes } = line;
    const skimmed = this.#skim(bytes);
    const event = skimmed === undefined ? parseEvent(bytes.toString("utf8")) : ok(skimmed.event);
    if (!event.ok) return this.#damaged(event.error);
    const objection = this.#objectionTo(event.value.seq, "run" in event.value ? event.value.run : skimmed?.run);
    if (objection !== undefined) return this.#damaged(objection);
    this.#seq += 1;
    this.#wholeBytes += bytes.length + 1;
    return event;
  }

  /** What was read, with a last line of `torn` bytes. */
  sum(torn = 0): Omit<Folded<unknown>, "state"> {
    const wholeBytes = this.#wholeBytes;
    return { torn: torn > 0, events: this.#seq, wholeBytes, bytes: wholeBytes + torn };
  }

  #objectionTo(seq: number, run: RunId | undefined): string | undefined {
    if (seq !== this.#seq + 1) return `event ${seq} follows event ${this.#seq}`;
    this.#run ??= run;
    return run === this.#run ? undefined : `an event of another run, ${run}`;
  }

  #damaged(what: string): Result<never> {
    return err(damaged(`${this.#path}:${this.#seq + 1}`, what));
  }
}

/** Every event of a journal, in order. For long ones use `foldJournal`. */
export const readJournal = async (
  path: string,
): Promise<Result<{ readonly events: readonly RunEvent[]; readonly torn: boolean }>> => {
  const events: RunEvent[] = [];
  const folded = await foldJournal(
    path,
    (list, more) => {
      for (const event of more) list.push(event);
      return list;
    },
    events,
  );
  return folded.ok ? ok({ events, torn: folded.value.torn }) : folded;
};

/** A run's first and last whole event; the same one when there is only one, none when there is none. */
export interface Ends {
  readonly first: RunEvent | undefined;
  readonly last: RunEvent | undefined;
}

/** The first and the last whole event of a journal: enough to say what a run was and how it ended, without reading what lies between. */
export const readEnds = async (path: string): Promise<Result<Ends>> =>
  reading<Ends>(path, async (file) => {
    const first = await firstLine(file);
    if (first === undefined) return ok({ first: undefined, last: undefined });
    const firstEvent = parseEvent(first);
    if (!firstEvent.ok) return err(damaged(`${path}:1`, firstEvent.error));
    const last = await lastLine(file);
    const lastEvent = last === undefined ? firstEvent : parseEvent(last);
    return lastEvent.ok ? ok({ first: firstEvent.value, last: lastEvent.value }) : err(damaged(path, lastEvent.error));
  });

const reading = async <T>(path: string, read: (file: FileHandle) => Promise<Result<T>>): Promise<Result<T>> => {
  let file: FileHandle | undefined;
  try {
    file = await open(path, "r");
    return await read(file);
  } catch (cause) {
    return err(damaged(path, cause instanceof Error ? cause.message : String(cause)));
  } finally {
    await file?.close();
  }
};

const chunkBytes = 1024 ** 2;

/** The file from its start, a chunk at a time; each lasts until the next is asked for. (A read stream would close the handle when its reader stops early.) */
const chunksOf = async function* (file: FileHandle): AsyncGenerator<Buffer> {
  const first = Buffer.allocUnsafe(chunkBytes);
  const { bytesRead } = await file.read(first, 0, chunkBytes, 0);
  if (bytesRead === 0) return;
  // Often all that is wanted.
  yield first.subarray(0, bytesRead);
  yield* readAhead(file, bytesRead, [first, Buffer.allocUnsafe(chunkBytes)]);
};

/** The file from a position: while a chunk is looked at, the next is read into the other buffer. */
const readAhead = async function* (
  file: FileHandle,
  from: number,
  buffers: readonly [Buffer, Buffer],
): AsyncGenerator<Buffer> {
  const readInto = (buffer: Buffer, position: number) => {
    const reading = file.read(buffer, 0, chunkBytes, position);
    // Whoever stops early never asks how this one went.
    reading.catch(() => undefined);
    return reading;
  };
  let [full, free] = buffers;
  let next = readInto(free, from);
  for (let position = from; ; ) {
    const { bytesRead } = await next;
    if (bytesRead === 0) return;
    position += bytesRead;
    [full, free] = [free, full];
    next = readInto(free, position);
    yield full.subarray(0, bytesRead);
  }
};

const firstLine = async (file: FileHandle): Promise<string | undefined> => {
  for await (const [line] of splitLines(chunksOf(file))) {
    if (line !== undefined) return line.kind === "line" ? line.bytes.toString("utf8") : undefined;
  }
  return undefined;
};

/** The end of a run is a short event; a longer last one is not the end of a run, and its content is not needed. */
const tailBytes = 64 * 1024;

const lastLine = async (file: FileHandle): Promise<string | undefined> => {
  const { size } = await file.stat();
  const start = Math.max(0, size - tailBytes);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
  const tail = buffer.subarray(0, bytesRead);
  const end = tail.lastIndexOf(0x0a);
  const before = tail.subarray(0, Math.max(0, end)).lastIndexOf(0x0a);
  return end === -1 || (before === -1 && start > 0) ? undefined : tail.subarray(before + 1, end).toString("utf8");
};

/** Every event type there is; a new one is a compile error here. */
const known: Readonly<Record<EventType, true>> = {
  "run.started": true,
  "run.resumed": true,
  "host.phase": true,
  "host.facts": true,
  "plan.made": true,
  "plan.accepted": true,
  "wave.opened": true,
  "gate.decided": true,
  "host.step": true,
  "host.line": true,
  "host.ran": true,
  "package.published": true,
  "host.removed": true,
  "host.purged": true,
  "host.settled": true,
  "host.retried": true,
  "lock.taken": true,
  "operator.acted": true,
  "run.settled": true,
};

const parseEvent = (text: string): Result<RunEvent, string> => {
  let event: unknown;
  try {
    event = JSON.parse(text);
  } catch {
    return err("the line is not JSON");
  }
  if (typeof event !== "object" || event === null) return err("the line is not an event");
  const { v, seq, type } = event as Partial<Record<string, unknown>>;
  if (v !== 1) return err(`version ${JSON.stringify(v) ?? "none"} of the events is not known`);
  if (typeof seq !== "number") return err("the event has no number");
  if (typeof type !== "string" || !Object.hasOwn(known, type))
    return err(`event type ${JSON.stringify(type) ?? "none"} is not known`);
  return ok(event as RunEvent);
};

const damaged = (where: string, what: string): Complaint => ({
  code: "E_JOURNAL",
  what: `cannot read the journal: ${what}`,
  where,
});
