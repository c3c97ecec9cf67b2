/** Picks the view that shows a run while it goes on, and folds the run for what is printed after it. */
import type { RunEvent } from "../domain/event.ts";
import type { HostName } from "../domain/ids.ts";
import { initialState, type RunState, reduce } from "../domain/run-state.ts";
import type { Sink } from "../domain/sink.ts";
import { createLinesSink } from "../view/lines.ts";
import { createNdjsonSink } from "../view/ndjson.ts";
import { summary } from "../view/summary.ts";
import type { TuiSink } from "../view/tui/tui-sink.tsx";
import type { FleetRequest } from "./compose.ts";
import type { Io } from "./io.ts";
import type { ExecRequest, OutputMode, PackagePublishRequest } from "./request.ts";

/** The live view of one run. */
export interface LiveView extends Sink {
  /** Everything seen so far. */
  state(): RunState;
  /** Gives the terminal to a dialogue, and takes it back. */
  suspend(): Promise<void>;
  resume(): void;
  /** What a running host wrote last; absent where nobody would see it. */
  readonly heard?: ((host: HostName, line: string) => void) | undefined;
}

/** Makes the view the request asks for; ink and react are loaded only for a screen. */
export const createLiveView = async (
  { output: mode, ...request }: FleetRequest | ExecRequest | PackagePublishRequest,
  io: Io,
  nowMs: () => number,
  from: RunState = initialState,
): Promise<LiveView> => {
  // A table on the same terminal ends with the troubles and the totals itself.
  const tellsItself = request.command === "status" && request.format === "table" && io.stdout.isTTY === true;
  let state: RunState = from;
  let fallback: Sink | undefined;
  const tui =
    mode === "tui"
      ? await openScreen(io, nowMs, from, (at) => {
          fallback = createLinesSink((text) => io.stderr.write(text), at);
        })
      : undefined;
  const sink = tui ?? plain(mode, io, from);
  return {
    accept: (event: RunEvent) => {
      state = reduce(state, event);
      sink.accept(event);
      fallback?.accept(event);
    },
    state: () => state,
    suspend: async () => tui?.suspend(),
    resume: () => tui?.resume(),
    heard: tui?.heard,
    close: async () => {
      if (tui !== undefined || !tellsItself) await sink.close();
      // The alternate screen takes its last frame away: what it said is said again, for good.
      if (tui !== undefined && state.command !== "status")
        for (const line of summary(state)) io.stderr.write(`${line}\n`);
    },
  };
};

const plain = (mode: OutputMode, io: Io, from: RunState): Sink =>
  mode === "ndjson"
    ? createNdjsonSink((text) => io.stdout.write(text))
    : createLinesSink((text) => io.stderr.write(text), from);

const openScreen = async (
  io: Io,
  nowMs: () => number,
  from: RunState,
  onBroken: (at: RunState) => void,
): Promise<TuiSink> => {
  const { createTuiSink } = await import("../view/tui/tui-sink.tsx");
  const locale = io.env["LC_ALL"] ?? io.env["LC_CTYPE"] ?? io.env["LANG"] ?? "";
  return createTuiSink({
    stream: io.stderr,
    nowMs,
    from,
    colour: io.env["NO_COLOR"] === undefined || io.env["NO_COLOR"] === "",
    unicode: /utf-?8/i.test(locale),
    onBroken,
  });
};
