/**
 * The seam between the engine and the network: one host, one script, one connection, one exec.
 * Imports ssh2 here and nowhere else.
 */
import type { Host } from "../domain/host.ts";
import type { Layer } from "../domain/layer.ts";
import type { Failure } from "../domain/outcome.ts";

/** What comes back from one script, in order. Ends with exactly one `exit` or `lost`. */
export type Chunk =
  | { readonly kind: "layer"; readonly layer: Layer }
  | { readonly kind: "stdout" | "stderr"; readonly bytes: Buffer }
  /** The channel closed with a status (or a signal, status null). */
  | { readonly kind: "exit"; readonly status: number | null; readonly signal?: string }
  /** No connection, no authentication, or the line broke or fell silent before the exit status came. */
  | {
      readonly kind: "lost";
      readonly failure: Failure;
      readonly layer: Layer;
      /** The whole script had been handed to the network: it may have run, though nothing came back. Absent: it did not run. */
      readonly scriptSent?: true;
    };

export interface Transport {
  /**
   * Connects, becomes root as the host says, sends the script on stdin of `/bin/sh -s` and yields what comes back.
   * Never throws for a host's trouble. Aborting the signal cuts the connection and ends with `lost` (`E_STOPPED`).
   */
  run(host: Host, script: string, signal: AbortSignal): AsyncIterable<Chunk>;
  /** Closes what is left open. */
  close(): Promise<void>;
}

/** Clocks, in milliseconds; each starts before the thing it times. */
export interface Clocks {
  /**
   * The longest wait in each layer. `queue`: how long the line of those who wait may stand still; `script`: the longest
   * silence before the line counts as lost.
   */
  readonly layerMs: Readonly<Record<Layer, number>>;
  /** Whether a server's own `connectTimeoutS` counts: nobody said another on the command line. */
  readonly serversOwn: boolean;
  /** The whole host, from when it leaves the queue. */
  readonly hostMs: number;
}
