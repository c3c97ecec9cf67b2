import type { Unseen } from "../domain/facts.ts";
import type { ReplyLine } from "./reply.ts";

/** Most rows one list may have, and most keys of one reply: far above any real node, below what would hurt the controller. */
export const MAX_ROWS = 300_000;
export const MAX_KEYS = 20_000;

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
  #rows = 0;

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
        if (this.facts.size < MAX_KEYS) this.facts.set(line.key, line.text);
        return;
      case "list":
        if (this.lists.size < MAX_KEYS && !this.lists.has(line.key)) this.lists.set(line.key, []);
        return;
      case "row":
        this.#row(line.key, line.text);
        return;
      case "unseen":
        if (this.unseen.size < MAX_KEYS) this.unseen.set(line.key, { why: line.why, text: line.text });
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
    this.#rows += 1;
    if (list === undefined || this.#rows > MAX_ROWS) this.strays += 1;
    else list.push(text);
  }
}
