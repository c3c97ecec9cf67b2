/**
 * The screen. Load this file only when a screen is shown (ink and react are slow to load), with NODE_ENV=production set
 * before: react-reconciler otherwise keeps every render's measurements until memory ends (vadimdemedes/ink#869).
 */
import { Readable } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { type Instance, render } from "ink";
import type { RunEvent } from "../../domain/event.ts";
import type { HostName } from "../../domain/ids.ts";
import { initialState, type RunState, reduce } from "../../domain/run-state.ts";
import { visibleSafe } from "../../domain/safe-text.ts";
import type { Sink } from "../../domain/sink.ts";
import { frame } from "./frame.ts";
import { painted, plainSigns, unicodeSigns } from "./rows.ts";
import { Screen } from "./Screen.tsx";

export interface TuiOptions {
  /** Where the screen is: the process's stderr, a terminal. */
  readonly stream: NodeJS.WriteStream;
  /** Controller's clock, epoch milliseconds. */
  readonly nowMs: () => number;
  /** False under NO_COLOR. */
  readonly colour: boolean;
  /** False where the locale is not UTF-8. */
  readonly unicode: boolean;
  /** What the run's journal says so far. */
  readonly from?: RunState;
  /** Called once when the screen cannot go on, with what it knew, so that another view can take over. */
  readonly onBroken: (state: RunState, error: unknown) => void;
}

export interface TuiSink extends Sink {
  /** What a running host wrote last. */
  heard(host: HostName, line: string): void;
  /** Gives the terminal back (to show a plan, to ask); events are still taken in. Resolves when all is written. */
  suspend(): Promise<void>;
  /** Takes the terminal again. */
  resume(): void;
}

/** Milliseconds between two looks at whether something must be drawn: ten frames a second at most. */
const tickMs = 100;
/** Without an event the seconds on the screen still move. */
const idleTicks = 10;
/** After a frame that took long (10,000 hosts, a busy machine) the screen rests so many times as long: a tenth of a core at most. */
const restPerFrame = 9;
/** No terminal shows more of a line beside a host's name and work. */
const MAX_HEARD_CHARS = 200;
/** Milliseconds a terminal may take to get its own screen back before nobody waits for it any longer. */
const flushMs = 2000;

/** Takes the terminal and shows the run on it until `close`. A screen that breaks drops itself, never the run. */
export const createTuiSink = (options: TuiOptions): TuiSink => {
  let state = options.from ?? initialState;
  const heard = new Map<HostName, string>();
  const screen = mountable(
    options,
    () => ({ state, heard }),
    (error) => options.onBroken(state, error),
  );
  screen.mount();
  return {
    accept: (event: RunEvent) => {
      state = reduce(state, event);
      if (event.type === "host.settled") heard.delete(event.host);
      screen.touch();
    },
    heard: (host, line) => {
      if (line.trim() === "") return;
      heard.set(host, visibleSafe(line, MAX_HEARD_CHARS));
      screen.touch();
    },
    suspend: () => screen.unmount(),
    resume: () => screen.mount(),
    close: () => screen.unmount(),
  };
};

/** What a frame is made of. */
interface Shown {
  readonly state: RunState;
  readonly heard: ReadonlyMap<HostName, string>;
}

interface Mountable {
  mount(): void;
  unmount(): Promise<void>;
  /** Something changed: draw at the next tick. */
  touch(): void;
}

const mountable = (options: TuiOptions, shownNow: () => Shown, onBroken: (error: unknown) => void): Mountable => {
  let instance: Instance | undefined;
  let timer: NodeJS.Timeout | undefined;
  let broken = false;
  let ticks = 0;
  let dirty = false;
  let restUntilMs = 0;

  const letGo = async (): Promise<void> => {
    clearInterval(timer);
    options.stream.off("resize", drawNow);
    const mounted = instance;
    instance = undefined;
    if (mounted === undefined) return;
    mounted.unmount();
    await flushed(mounted);
  };
  const fail = (error: unknown): void => {
    if (broken) return;
    broken = true;
    letGo().catch(() => {});
    onBroken(error);
  };
  const guarded = (act: () => void): void => {
    if (broken) return;
    try {
      act();
    } catch (error) {
      fail(error);
    }
  };
  const stream = guardedStream(options.stream, fail);
  const draw = (): void => instance?.rerender(element(shownNow(), options));
  const drawNow = (): void => guarded(draw);
  const tick = (): void => {
    ticks++;
    const startedMs = performance.now();
    if ((!dirty && ticks % idleTicks !== 0) || startedMs < restUntilMs) return;
    dirty = false;
    guarded(draw);
    const endedMs = performance.now();
    restUntilMs = endedMs + restPerFrame * (endedMs - startedMs);
  };
  return {
    mount: () =>
      guarded(() => {
        if (instance !== undefined) return;
        // Before Ink's own listener: when the terminal shrinks, the smaller frame must be there first.
        options.stream.on("resize", drawNow);
        instance = render(element(shownNow(), options), inkOptions(stream));
        instance.waitUntilExit().catch(fail);
        timer = setInterval(tick, tickMs).unref();
      }),
    unmount: () => letGo().catch(fail),
    touch: () => {
      dirty = true;
    },
  };
};

/** Waits until the terminal has its own screen back, but not for a terminal that takes nothing any more. */
const flushed = async (mounted: Instance): Promise<void> => {
  const given = new AbortController();
  const late = setTimeout(flushMs, undefined, { signal: given.signal }).catch(() => undefined);
  await Promise.race([mounted.waitUntilExit(), late]);
  given.abort();
};

const element = (
  { state, heard }: Shown,
  { stream, nowMs, colour, unicode }: TuiOptions,
): ReturnType<typeof Screen> => {
  const signs = unicode ? unicodeSigns : plainSigns;
  const rows = frame(state, { columns: stream.columns || 80, rows: stream.rows || 24, nowMs: nowMs(), signs, heard });
  return <Screen lines={rows.map((row, id) => ({ id, text: painted(row, colour) }))} />;
};

/** The terminal, whose failing writes are told instead of thrown: Ink writes from timers of its own, where nobody catches. */
const guardedStream = (stream: NodeJS.WriteStream, onError: (error: unknown) => void): NodeJS.WriteStream =>
  new Proxy(stream, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      if (name !== "write") return value.bind(target);
      return (...words: unknown[]): unknown => {
        try {
          return value.apply(target, words);
        } catch (error) {
          onError(error);
          for (const word of words) if (typeof word === "function") word();
          return true;
        }
      };
    },
  });

const inkOptions = (stream: NodeJS.WriteStream): Parameters<typeof render>[1] => ({
  stdout: stream,
  stderr: stream,
  // Keys are not read: Ctrl-C is a signal, and stdin stays with whoever asks for the confirmation.
  stdin: new Readable({ read: () => {} }),
  exitOnCtrlC: false,
  patchConsole: false,
  interactive: true,
  alternateScreen: true,
  incrementalRendering: true,
  maxFps: 10,
});
