import type { EpochMs } from "../domain/ids.ts";
import type { Layer } from "../domain/layer.ts";

/**
 * How long a connection may be in one layer without a word: longer than a healthy one of a busy fleet takes, and a third
 * of the clock that ends it.
 */
export const SLOW_MS = 10_000;

/**
 * Notices a connection that is slow, so that a run of healthy hosts records nothing of their layers: calls back when one
 * layer has taken `SLOW_MS`, and from then on at each layer it goes on to. Waiting in the queue is not the host's doing, and
 * a script tells of its steps itself: neither is watched.
 */
export class LayerWatch {
  readonly #clock: () => EpochMs;
  readonly #onSlow: (layer: Layer, since: EpochMs) => void;
  #timer: NodeJS.Timeout | undefined;
  #layer: Layer = "queue";
  #since: EpochMs = 0;
  #slow = false;

  constructor(clock: () => EpochMs, onSlow: (layer: Layer, since: EpochMs) => void) {
    this.#clock = clock;
    this.#onSlow = onSlow;
  }

  enter(layer: Layer): void {
    if (layer === "queue") return;
    if (layer === "script") {
      this.stop();
      return;
    }
    this.#layer = layer;
    this.#since = this.#clock();
    if (this.#slow) this.#tell();
    else if (this.#timer === undefined) this.#timer = setTimeout(() => this.#tell(), SLOW_MS).unref();
    else this.#timer.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #tell(): void {
    this.#slow = true;
    this.#onSlow(this.#layer, this.#since);
  }
}
