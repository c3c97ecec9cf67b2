/** The layer one connection is in, and the clock of that layer. */
import type { Endpoint } from "../domain/host.ts";
import type { Layer } from "../domain/layer.ts";
import type { Clocks } from "./transport.ts";

/** The clocks of one server. Its own may only be shorter: how long those in line wait for it is the run's. */
export const layerMsFor = (
  { layerMs, serversOwn }: Clocks,
  { connectTimeoutS }: Pick<Endpoint, "connectTimeoutS">,
): Clocks["layerMs"] => {
  if (connectTimeoutS === undefined || !serversOwn) return layerMs;
  const ms = Math.min(connectTimeoutS * 1000, layerMs.tcp);
  return { ...layerMs, resolve: ms, tcp: ms, banner: ms, kex: ms };
};

export class LayerClock {
  readonly #layerMs: Readonly<Record<Layer, number>>;
  readonly #onTimeout: () => void;
  #layer: Layer = "queue";
  #timer: NodeJS.Timeout | undefined;

  /** `onTimeout`: the connection has been in its layer, or silent in it, for as long as it may. */
  constructor(layerMs: Readonly<Record<Layer, number>>, onTimeout: () => void) {
    this.#layerMs = layerMs;
    this.#onTimeout = onTimeout;
  }

  get layer(): Layer {
    return this.#layer;
  }

  /** Longest wait in this layer, milliseconds. */
  get limitMs(): number {
    return this.#layerMs[this.#layer];
  }

  /** To be called before what the layer waits for is begun; the clock of the layer before is over. */
  enter(layer: Layer): void {
    this.#layer = layer;
    this.again(this.limitMs);
  }

  /** Gives the layer this much from now. */
  again(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#onTimeout, ms);
  }

  /** Something came: the silence begins anew. */
  heard(): void {
    this.#timer?.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
