/** The talk with sudo or su on one open channel: the password when it is asked for, then the word that a shell is there. */
import type { Host } from "../domain/host.ts";
import type { Failure } from "../domain/outcome.ts";
import { BecomeDialogue } from "./become-dialogue.ts";
import * as failures from "./become-failures.ts";
import type { Markers } from "./become-way.ts";
import type { Turn } from "./password-gate.ts";
import { printable } from "./server-hello.ts";

/** Most a node may say before its shell is there: a lecture and a banner are below 4 KiB. */
export const MAX_TALK_BYTES = 64 * 1024;
/** Of that, the end is kept for the sentence of a failure: more than is shown and the longest password together. */
const KEPT_BYTES = 4096;
const SHOWN_CHARS = 200;
/** The end of what was said may be the beginning of the password: from this many bytes on it is hidden. */
const MIN_HIDDEN_BYTES = 3;

export interface BecomeEvents {
  /** For the node's standard input, as it is. */
  readonly write: (line: Buffer) => void;
  /** The password was written: the wait for an answer begins. */
  readonly onTold: () => void;
  /** The script may be sent. */
  readonly onReady: () => void;
  /** The way to root ends here. */
  readonly onFailed: (failure: Failure) => void;
}

/** A password and the turn it is told in. */
export interface PasswordAnswer {
  readonly password: Buffer;
  readonly turn: Pick<Turn, "accepted" | "rejected">;
}

export class BecomeSession {
  readonly #host: Host;
  readonly #markers: Markers;
  readonly #dialogue: BecomeDialogue;
  readonly #password: Buffer | undefined;
  readonly #turn: Pick<Turn, "accepted" | "rejected"> | undefined;
  readonly #events: BecomeEvents;
  #state: "talking" | "told" | "ready" | "over" = "talking";
  #heardBytes = 0;
  #kept: Buffer = Buffer.alloc(0);

  /** `answer`: what may be told, and who is to know what became of it; absent: nothing. */
  constructor(host: Host, markers: Markers, answer: PasswordAnswer | undefined, events: BecomeEvents) {
    this.#host = host;
    this.#markers = markers;
    this.#dialogue = new BecomeDialogue(markers);
    this.#password = answer?.password;
    this.#turn = answer?.turn;
    this.#events = events;
  }

  /** Takes what came; gives what is the script's own answer. Nothing from before the shell is passed on. */
  feed(stream: "stdout" | "stderr", bytes: Buffer): Buffer | undefined {
    if (this.#state === "ready") return bytes;
    if (this.#state === "over") return undefined;
    this.#heardBytes += bytes.length;
    const heard = this.#dialogue.feed(stream, bytes);
    if (heard.kind === "ready") {
      this.#turn?.accepted(this.#state === "told");
      this.#state = "ready";
      this.#events.onReady();
      return heard.rest.length > 0 ? heard.rest : undefined;
    }
    this.#kept = Buffer.concat([this.#kept, bytes.subarray(-KEPT_BYTES)]).subarray(-KEPT_BYTES);
    if (heard.kind === "asks") this.#onAsked();
    else if (heard.kind === "asks-again") this.#fail(this.#told() ?? failures.askedTwiceFailure(this.#host));
    else if (this.#heardBytes > MAX_TALK_BYTES) this.#fail(failures.talkativeFailure(this.#host, MAX_TALK_BYTES));
    return undefined;
  }

  /** The command ended with this status: why, when no shell had been there. */
  ended(status: number | null): Failure | undefined {
    if (this.#state === "ready" || this.#state === "over") return undefined;
    return this.#told() ?? failures.noShellFailure(this.#host, status, this.said);
  }

  /** Calls nothing any more. */
  stop(): void {
    if (this.#state !== "ready") this.#state = "over";
  }

  /** The end of what was said, for a sentence: printable, bounded, without the password. */
  get said(): string {
    let text = hide(this.#kept, this.#password).toString("latin1");
    for (const marker of Object.values(this.#markers)) text = text.replaceAll(marker, " ");
    return printable(text.trim().replaceAll(/\s+/g, " ").slice(-SHOWN_CHARS), SHOWN_CHARS).trim();
  }

  /** Why it failed when the password had been told, which counts against the password. */
  #told(): Failure | undefined {
    if (this.#state !== "told") return undefined;
    this.#turn?.rejected();
    return failures.rejectedFailure(this.#host, this.said);
  }

  #onAsked(): void {
    if (this.#password === undefined) {
      this.#fail(failures.unaskedFailure(this.#host));
      return;
    }
    this.#state = "told";
    this.#events.write(Buffer.concat([this.#password, Buffer.from("\n")]));
    this.#events.onTold();
  }

  #fail(failure: Failure): void {
    this.stop();
    this.#events.onFailed(failure);
  }
}

/** The bytes with every occurrence of the password, and its beginning at their end, as asterisks. */
const hide = (bytes: Buffer, password: Buffer | undefined): Buffer => {
  const shown = Buffer.from(bytes);
  if (password === undefined || password.length === 0) return shown;
  for (let at = shown.indexOf(password); at >= 0; at = shown.indexOf(password, at + 1))
    shown.fill("*", at, at + password.length);
  for (let length = Math.min(password.length, shown.length); length >= MIN_HIDDEN_BYTES; length--) {
    const at = shown.length - length;
    if (shown.subarray(at).equals(password.subarray(0, length))) return shown.fill("*", at);
  }
  return shown;
};
