import type { RemovedFile } from "../domain/event.ts";
import type { Unseen } from "../domain/facts.ts";

/** One line of a script's answer, as docs/remote-protocol.md describes them. Texts are raw remote text. */
export type ReplyLine =
  | { readonly kind: "begin" | "facts" | "alive" | "commit" }
  | { readonly kind: "fact" | "row"; readonly key: string; readonly text: string }
  | { readonly kind: "list"; readonly key: string }
  | { readonly kind: "unseen"; readonly key: string; readonly why: Unseen; readonly text: string }
  | { readonly kind: "refuse"; readonly code: string; readonly text: string }
  | {
      readonly kind: "step";
      readonly step: string;
      readonly state: "start" | "ok" | "fail";
      readonly code: string;
      readonly text: string;
    }
  | { readonly kind: "restore"; readonly state: "start" | "ok" | "fail"; readonly code: string; readonly text: string }
  | { readonly kind: "unknown" | "lock"; readonly text: string }
  | { readonly kind: "removed"; readonly files: readonly RemovedFile[] }
  /** What a step took out: `freed`, bytes as the node counts them; undefined: it could not be read. */
  | {
      readonly kind: "purged";
      readonly step: string;
      readonly files: number;
      readonly bytes: number;
      readonly freed: number | undefined;
    }
  | { readonly kind: "end"; readonly status: number }
  | { readonly kind: "stray"; readonly text: string };

/** Longest line believed, bytes: the longest of ours is a row of 1,024 bytes in hex; more is cut and can only be stray. */
export const MAX_LINE_BYTES = 8_192;

const NEWLINE = 0x0a;

/** Splits a script's stdout into lines as it comes and reads each; memory is bounded by one line. */
export class ReplyReader {
  readonly #prefix: string;
  readonly #accept: (line: ReplyLine) => void;
  #rest: Buffer = Buffer.alloc(0);
  #cut = false;

  constructor(nonce: string, accept: (line: ReplyLine) => void) {
    this.#prefix = `@${nonce} `;
    this.#accept = accept;
  }

  push(bytes: Buffer): void {
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    let from = 0;
    if (this.#rest.length > 0 && end > 0) {
      const first = bytes.indexOf(NEWLINE);
      this.#line(bytes.subarray(0, first));
      from = first + 1;
    }
    if (from < end) this.#lines(bytes.subarray(from, end - 1));
    this.#keep(bytes.subarray(end));
  }

  /** The channel ended: what is left without a newline is stray, never a marker. */
  finish(): void {
    if (this.#rest.length > 0) this.#accept({ kind: "stray", text: this.#rest.toString("utf8") });
    this.#rest = Buffer.alloc(0);
  }

  #keep(bytes: Buffer): void {
    if (bytes.length === 0) return;
    const room = MAX_LINE_BYTES - this.#rest.length;
    if (bytes.length > room) this.#cut = true;
    // A copy: the network's buffer is not ours to hold.
    this.#rest = Buffer.concat([this.#rest, bytes.subarray(0, Math.max(0, room))]);
  }

  /** Whole lines, without the last newline. A piece no longer than a line may be has none that is too long: it is decoded in one go. */
  #lines(bytes: Buffer): void {
    if (bytes.length <= MAX_LINE_BYTES) {
      for (const text of bytes.toString("utf8").split("\n")) this.#accept(parseLine(text, this.#prefix));
      return;
    }
    let from = 0;
    for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, from)) {
      this.#line(bytes.subarray(from, at));
      from = at + 1;
    }
    this.#line(bytes.subarray(from));
  }

  #line(bytes: Buffer): void {
    if (this.#rest.length > 0) {
      this.#keep(bytes);
      bytes = this.#rest;
      this.#rest = Buffer.alloc(0);
    }
    const text = bytes.toString("utf8", 0, MAX_LINE_BYTES);
    const whole = !this.#cut && bytes.length <= MAX_LINE_BYTES;
    this.#cut = false;
    this.#accept(whole ? parseLine(text, this.#prefix) : { kind: "stray", text });
  }
}

/** Reads one line; whatever is not exactly one of ours is stray. */
export const parseLine = (line: string, prefix: string): ReplyLine => {
  if (!line.startsWith(prefix)) return { kind: "stray", text: line };
  const [word, rest] = splitWord(line.slice(prefix.length));
  return parsers.get(word)?.(rest) ?? { kind: "stray", text: line };
};

const splitWord = (text: string): readonly [string, string] => {
  const at = text.indexOf(" ");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
};

const bare =
  (kind: "begin" | "facts" | "alive" | "commit") =>
  (rest: string): ReplyLine | undefined =>
    rest === "" ? { kind } : undefined;

const keyed =
  (kind: "fact" | "row") =>
  (rest: string): ReplyLine => {
    const [key, text] = splitWord(rest);
    return { kind, key, text };
  };

const whys: readonly Unseen[] = ["absent", "denied", "unsupported", "failed"];

const unseen = (rest: string): ReplyLine | undefined => {
  const [key, more] = splitWord(rest);
  const [word, text] = splitWord(more);
  const why = whys.find((one) => one === word);
  return why === undefined ? undefined : { kind: "unseen", key, why, text };
};

const stateOf = (word: string): "start" | "ok" | "fail" | undefined =>
  word === "start" || word === "ok" || word === "fail" ? word : undefined;

const step = (rest: string): ReplyLine | undefined => {
  const [id, more] = splitWord(rest);
  const [word, tail] = splitWord(more);
  const state = stateOf(word);
  // Only a failure has a code.
  const [code, text] = state === "fail" ? splitWord(tail) : ["", tail];
  return state === undefined || !/^(\d{1,3}|w|i)$/.test(id) ? undefined : { kind: "step", step: id, state, code, text };
};

/** `NAME BYTES SECONDS`, as many as go into a line. */
const removed = (rest: string): ReplyLine | undefined => {
  const words = rest.split(" ");
  if (words.length % 3 !== 0) return undefined;
  const files = Array.from({ length: words.length / 3 }, (_, at) => ({
    name: words[3 * at] ?? "",
    bytes: Number(words[3 * at + 1]),
    at: Number(words[3 * at + 2]),
  }));
  return files.every(({ name, bytes, at }) => name !== "" && Number.isSafeInteger(bytes) && Number.isSafeInteger(at))
    ? { kind: "removed", files }
    : undefined;
};

const purged = (rest: string): ReplyLine | undefined => {
  const [, step = "", files, bytes, freed = ""] = /^(\d{1,3}) (\d{1,9}) (\d{1,15}|-) (\d{1,15}|-)$/.exec(rest) ?? [];
  if (step === "") return undefined;
  return {
    kind: "purged",
    step,
    files: Number(files),
    bytes: bytes === "-" ? 0 : Number(bytes),
    freed: freed === "-" ? undefined : Number(freed),
  };
};

const restore = (rest: string): ReplyLine | undefined => {
  const [word, tail] = splitWord(rest);
  const [code, text] = splitWord(tail);
  const state = stateOf(word);
  return state === undefined ? undefined : { kind: "restore", state, code, text };
};

const parsers = new Map<string, (rest: string) => ReplyLine | undefined>(
  Object.entries({
    begin: bare("begin"),
    facts: bare("facts"),
    alive: bare("alive"),
    commit: bare("commit"),
    fact: keyed("fact"),
    row: keyed("row"),
    list: (key) => ({ kind: "list", key }),
    unseen,
    refuse: (rest) => {
      const [code, text] = splitWord(rest);
      return { kind: "refuse", code, text };
    },
    step,
    restore,
    removed,
    purged,
    unknown: (text) => ({ kind: "unknown", text }),
    lock: (rest) => ({ kind: "lock", text: rest.replace(/^taken /, "") }),
    end: (rest) => (/^\d{1,3}$/.test(rest) ? { kind: "end", status: Number(rest) } : undefined),
  }),
);
