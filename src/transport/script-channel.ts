/** A script on an open channel: sent on stdin, both streams read, the end told once all of them have closed. */
import type { ClientChannel } from "ssh2";

/** After the exit status: how long a child that kept the streams open is waited for. A finished script is not lost for it. */
const DRAIN_MS = 5_000;

export interface ScriptEvents {
  readonly onBytes: (stream: "stdout" | "stderr", bytes: Buffer) => void;
  readonly onExit: (status: number | null, signal: string | undefined) => void;
  /** The channel closed and no exit status had come. */
  readonly onBroken: () => void;
}

/** Sends the script and its end of file. Exactly one of `onExit` and `onBroken` is called, unless `stop` was. */
export class ScriptChannel {
  readonly #channel: ClientChannel;
  readonly #events: ScriptEvents;
  #openStreams = 2;
  #exit: { readonly status: number | null; readonly signal: string | undefined } | undefined;
  #drain: NodeJS.Timeout | undefined;
  #over = false;

  constructor(channel: ClientChannel, script: string, events: ScriptEvents) {
    this.#channel = channel;
    this.#events = events;
    // Both streams are read at once and always: ssh2 never closes a channel with an unread one.
    channel.on("data", (bytes: Buffer) => events.onBytes("stdout", bytes));
    channel.stderr.on("data", (bytes: Buffer) => events.onBytes("stderr", bytes));
    channel.on("error", () => {}); // a shell that ended before it had read the whole script
    channel.once("exit", (status: number | null, signal?: string) => {
      this.#exit = { status, signal };
      this.#drain = setTimeout(() => this.#end(), DRAIN_MS);
    });
    const onClose = () => {
      this.#openStreams -= 1;
      if (this.#openStreams === 0) this.#end();
    };
    channel.once("close", onClose);
    channel.stderr.once("close", onClose);
    channel.end(script);
  }

  /** Whether the whole script has been handed to the network. */
  get sent(): boolean {
    return this.#channel.writableFinished;
  }

  get exited(): boolean {
    return this.#exit !== undefined;
  }

  /** Calls nothing any more. */
  stop(): void {
    this.#over = true;
    clearTimeout(this.#drain);
  }

  #end(): void {
    if (this.#over) return;
    this.stop();
    if (this.#exit === undefined) this.#events.onBroken();
    else this.#events.onExit(this.#exit.status, this.#exit.signal);
  }
}
