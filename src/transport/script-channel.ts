/** A script on an open channel: sent on stdin when a shell is there, both streams read, the end told once all of them have closed. */
import type { ClientChannel } from "ssh2";
import type { Host } from "../domain/host.ts";
import type { Failure } from "../domain/outcome.ts";
import { BecomeSession, type PasswordAnswer } from "./become-session.ts";
import type { BecomeWay } from "./become-way.ts";

/** After the exit status: how long a child that kept the streams open is waited for. A finished script is not lost for it. */
const DRAIN_MS = 5_000;

export interface ScriptEvents {
  readonly onBytes: (stream: "stdout" | "stderr", bytes: Buffer) => void;
  readonly onExit: (status: number | null, signal: string | undefined) => void;
  /** The channel closed and no exit status had come. */
  readonly onBroken: () => void;
  /** The password was written; a shell is there: each is waited for anew. */
  readonly onTold: () => void;
  readonly onReady: () => void;
  /** There will be no shell. */
  readonly onRefused: (failure: Failure) => void;
}

/** What is run on the channel, and how it becomes root. */
export interface ScriptRun {
  readonly host: Host;
  readonly script: string;
  readonly way: BecomeWay;
  /** Absent: there is no password. */
  readonly answer: PasswordAnswer | undefined;
}

/** Sends the script and its end. Exactly one of `onExit`, `onBroken` and `onRefused` is called, unless `stop` was. */
export class ScriptChannel {
  readonly #channel: ClientChannel;
  readonly #events: ScriptEvents;
  readonly #session: BecomeSession | undefined;
  #openStreams = 2;
  #sent = false;
  #exit: { readonly status: number | null; readonly signal: string | undefined } | undefined;
  #drain: NodeJS.Timeout | undefined;
  #over = false;

  constructor(channel: ClientChannel, run: ScriptRun, events: ScriptEvents) {
    this.#channel = channel;
    this.#events = events;
    this.#session = this.#sessionOf(run);
    // Both streams are read at once and always: ssh2 never closes a channel with an unread one.
    channel.on("data", (bytes: Buffer) => this.#onBytes("stdout", bytes));
    channel.stderr.on("data", (bytes: Buffer) => this.#onBytes("stderr", bytes));
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
    if (this.#session === undefined) this.#send(run);
  }

  /** Whether the whole script has been handed to the network. */
  get sent(): boolean {
    return this.#sent;
  }

  /** What was said before a shell was there, for a sentence. */
  get said(): string {
    return this.#session?.said ?? "";
  }

  get exited(): boolean {
    return this.#exit !== undefined;
  }

  /** Calls nothing any more. */
  stop(): void {
    this.#over = true;
    clearTimeout(this.#drain);
    this.#session?.stop();
  }

  #sessionOf(run: ScriptRun): BecomeSession | undefined {
    const { markers } = run.way;
    if (markers === undefined) return undefined;
    return new BecomeSession(run.host, markers, run.answer, {
      // What goes out is encrypted in copies; ours is wiped when it has gone.
      write: (line) => this.#channel.write(line, () => line.fill(0)),
      onTold: () => this.#events.onTold(),
      onReady: () => {
        this.#events.onReady();
        this.#send(run);
      },
      onFailed: (failure) => this.#refuse(failure),
    });
  }

  #send({ script, way }: ScriptRun): void {
    // Called too when the shell ended before it had read everything.
    const sent = (error?: Error | null): void => {
      this.#sent = error === undefined || error === null;
    };
    // A terminal has no end of file: there the command itself knows how long the script is.
    if (way.pty) this.#channel.write(script, sent);
    else this.#channel.end(script, sent);
  }

  #onBytes(stream: "stdout" | "stderr", bytes: Buffer): void {
    if (this.#over) return;
    const own = this.#session === undefined ? bytes : this.#session.feed(stream, bytes);
    if (own !== undefined) this.#events.onBytes(stream, own);
  }

  #refuse(failure: Failure): void {
    if (this.#over) return;
    this.stop();
    this.#events.onRefused(failure);
  }

  #end(): void {
    if (this.#over) return;
    const refused = this.#exit === undefined ? undefined : this.#session?.ended(this.#exit.status);
    this.stop();
    if (refused !== undefined) this.#events.onRefused(refused);
    else if (this.#exit === undefined) this.#events.onBroken();
    else this.#events.onExit(this.#exit.status, this.#exit.signal);
  }
}
