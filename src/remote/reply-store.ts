import type { Unseen } from "../domain/facts.ts";
import type { ReplyLine } from "./reply.ts";

/** Most rows of a list; the longest of a real node has some hundred. More is no answer but an attack. */
export const MAX_ROWS = 1_000;
/** nova.conf in hex, 1,024 bytes a row: what the probe sends at most, 4 MiB. */
export const MAX_CONF_ROWS = 4_100;
/** Most characters of everything else a probe says: a real one has some ten thousand. Bounds the journal too. */
export const MAX_TEXT_CHARS = 512 * 1024;
/** The list that nova.conf comes in. */
export const CONF_BYTES = "conf.bytes";

/** The list of what an apply script said: bounded as nova.conf is, for the names of what it removed are many. */
export const RESULT = "result";
const long: ReadonlySet<string> = new Set([CONF_BYTES, RESULT]);

/** Of a line that is not ours so much is quoted: enough to know a banner, a shell's complaint, another program. */
const STRAY_CHARS = 80;

/** What the fact lines of one probe said, by key, as text. A later probe in the same script starts over. */
export class ReplyStore {
  readonly facts = new Map<string, string>();
  readonly lists = new Map<string, string[]>();
  readonly unseen = new Map<string, { readonly why: Unseen; readonly text: string }>();
  begun = false;
  /** The probe said it is complete. */
  complete = false;
  /** The script's last line came, with this status. */
  ended: number | undefined;
  /** Lines and rows beyond the bounds, and lines that are not ours. */
  strays = 0;
  /** The beginning of the first of them, raw. */
  firstStray = "";
  /** More came than any node has to say: nothing of it is believed. */
  tooMuch = false;
  #chars = 0;

  accept(line: ReplyLine): void {
    switch (line.kind) {
      case "begin":
        this.begun = true;
        return;
      case "facts":
        this.complete = this.begun;
        return;
      case "end":
        if (this.begun) this.ended = line.status;
        return;
      case "fact":
        if (this.#hasRoom(line.key, line.text)) this.facts.set(line.key, line.text);
        return;
      case "list":
        if (this.#hasRoom(line.key, "") && !this.lists.has(line.key)) this.lists.set(line.key, []);
        return;
      case "row":
        this.#row(line.key, line.text);
        return;
      case "unseen":
        if (this.#hasRoom(line.key, line.text)) this.unseen.set(line.key, { why: line.why, text: line.text });
        return;
      case "stray":
        if (this.strays === 0) this.firstStray = line.text.slice(0, STRAY_CHARS);
        this.strays += 1;
        return;
      default:
        return;
    }
  }

  #row(key: string, text: string): void {
    const list = this.lists.get(key);
    if (list === undefined) {
      this.strays += 1;
      return;
    }
    if (list.length >= (long.has(key) ? MAX_CONF_ROWS : MAX_ROWS)) this.tooMuch = true;
    else if (long.has(key) || this.#hasRoom("", text)) list.push(text);
  }

  #hasRoom(key: string, text: string): boolean {
    this.#chars += key.length + text.length;
    if (this.#chars > MAX_TEXT_CHARS) this.tooMuch = true;
    return !this.tooMuch;
  }
}
