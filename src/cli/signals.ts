/** What the person's signals mean for a run. */
import type { Hands } from "./compose.ts";
import type { Io } from "./io.ts";
import type { LiveView } from "./screen.ts";

export interface Signals extends Pick<Hands, "stopping" | "cutting"> {
  stop(reason: string): void;
  /** What Ctrl-C does, where it comes as a key. */
  interrupt(): void;
  onStop(tell: () => void): void;
  onCut(tell: () => void): void;
  forget(): void;
}

/** First signal: no new host starts. Second: connections are cut. Third: the process ends where it is. */
export const listenToSignals = (io: Io, view: LiveView): Signals => {
  const [stopping, cutting] = [new AbortController(), new AbortController()];
  const tell: { stop: () => void; cut: () => void } = { stop: () => undefined, cut: () => undefined };
  const interrupt = (): void => {
    if (!stopping.signal.aborted) {
      stopping.abort("the operator stopped the run");
      tell.stop();
    } else if (!cutting.signal.aborted) {
      cutting.abort("the operator cut the connections");
      tell.cut();
    } else {
      forget();
      void view.suspend().finally(() => io.exitNow());
    }
  };
  const forget = io.onSignal(interrupt);
  return {
    stopping: stopping.signal,
    cutting: cutting.signal,
    interrupt,
    stop: (reason) => stopping.abort(reason),
    onStop: (act) => {
      tell.stop = act;
    },
    onCut: (act) => {
      tell.cut = act;
    },
    forget,
  };
};
