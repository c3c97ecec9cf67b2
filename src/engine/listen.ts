import type { Host } from "../domain/host.ts";
import type { HostName } from "../domain/ids.ts";
import type { Phase } from "../domain/outcome.ts";
import type { ReplyLine } from "../remote/reply.ts";
import type { RunContext } from "./context.ts";
import type { Listener } from "./converse.ts";
import { LayerWatch } from "./layer-watch.ts";

/** Lines of a node that are not ours and are worth recording; the rest is counted, not kept. */
const MAX_LINES_PER_SCRIPT = 20;
const MAX_LINE_CHARS = 400;

/** Tells as events of its host that a connection is slow. */
export const watchLayers = ({ emitter, clock }: Pick<RunContext, "emitter" | "clock">, host: HostName): LayerWatch =>
  new LayerWatch(clock, (layer, since) =>
    emitter.emit({ type: "host.phase", host, phase: "connecting", layer, since: new Date(since).toISOString() }),
  );

/** Turns what a script says while it runs into events of its host. `onLine` sees our own lines as they come. */
export const listenFor = (
  { emitter, clock }: Pick<RunContext, "emitter" | "clock">,
  { name: host }: Host,
  whenRunning: Phase,
  onLine: (line: ReplyLine) => void = () => undefined,
): Listener => {
  let kept = 0;
  const record = (stream: "stdout" | "stderr", text: string): void => {
    const trimmed = text.trim();
    if (trimmed === "" || kept >= MAX_LINES_PER_SCRIPT) return;
    kept += 1;
    emitter.emit({ type: "host.line", host, stream, text: trimmed.slice(0, MAX_LINE_CHARS) });
  };
  const watch = watchLayers({ emitter, clock }, host);
  return {
    layer: (layer) => {
      watch.enter(layer);
      if (layer === "resolve") emitter.emit({ type: "host.phase", host, phase: "connecting" });
      if (layer === "script") emitter.emit({ type: "host.phase", host, phase: whenRunning });
    },
    line: (line) => {
      if (line.kind === "stray") record("stdout", line.text);
      else onLine(line);
    },
    stderr: (text) => record("stderr", text),
    ended: () => watch.stop(),
  };
};
