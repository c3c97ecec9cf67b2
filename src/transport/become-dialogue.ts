/** What a node says on the way to root, read as it comes: whether it asks for the password, asks again, or is ready. Pure. */
import type { Markers } from "./become-way.ts";

/** What the bytes just read mean. `ready`: everything after the marker is the script's. */
export type Heard =
  | { readonly kind: "nothing" | "asks" | "asks-again" }
  | { readonly kind: "ready"; readonly rest: Buffer };

const nothing: Heard = { kind: "nothing" };

/** Longest prompt of su, characters, and what may stand behind it. */
const MAX_PROMPT_CHARS = 256;
/** su's prompt, which PAM modules word as they like: `Password: `, `root's Password:`, `LDAP Password: `. */
const PROMPT = /passw(?:or)?d[^:\n]{0,80}: {0,4}$/i;

/** Finds a text in bytes that come in pieces of any size; keeps less of them than the text is long. */
class Finder {
  readonly #text: Buffer;
  #tail: Buffer = Buffer.alloc(0);

  constructor(text: string) {
    this.#text = Buffer.from(text, "latin1");
  }

  /** Where in this piece the text has ended; undefined when it has not. */
  feed(piece: Buffer): number | undefined {
    const before = this.#tail.length;
    const joined = before === 0 ? piece : Buffer.concat([this.#tail, piece]);
    const at = joined.indexOf(this.#text);
    if (at < 0) {
      this.#tail = Buffer.from(joined.subarray(Math.max(0, joined.length - this.#text.length + 1)));
      return undefined;
    }
    this.#tail = Buffer.alloc(0);
    return at + this.#text.length - before;
  }
}

/** One way to root. With markers of su everything is on the terminal, which comes as stdout; sudo asks on stderr. */
export class BecomeDialogue {
  readonly #start: Finder | undefined;
  readonly #prompt: Finder | undefined;
  readonly #ready: Finder;
  #started: boolean;
  #asked = false;
  #line = "";

  constructor(markers: Markers) {
    this.#start = markers.start === undefined ? undefined : new Finder(markers.start);
    this.#prompt = markers.prompt === undefined ? undefined : new Finder(markers.prompt);
    this.#ready = new Finder(markers.ready);
    this.#started = this.#start === undefined;
  }

  /** Takes what came; not to be called any more after `ready`. */
  feed(stream: "stdout" | "stderr", bytes: Buffer): Heard {
    if (stream === "stderr") return this.#prompt === undefined ? nothing : this.#findPrompts(this.#prompt, bytes);
    const from = this.#started ? 0 : this.#start?.feed(bytes);
    if (from === undefined) return nothing;
    this.#started = true;
    const rest = bytes.subarray(from);
    const end = this.#ready.feed(rest);
    if (end !== undefined) return { kind: "ready", rest: rest.subarray(end) };
    return this.#prompt === undefined ? this.#readPrompt(rest) : nothing;
  }

  #findPrompts(prompt: Finder, bytes: Buffer): Heard {
    let heard = nothing;
    let rest = bytes;
    for (let end = prompt.feed(rest); end !== undefined; end = prompt.feed(rest)) {
      heard = this.#ask();
      rest = rest.subarray(end);
    }
    return heard;
  }

  /** A prompt is the end of what was said: who asks waits for the answer. */
  #readPrompt(bytes: Buffer): Heard {
    const text = this.#line + bytes.toString("latin1", Math.max(0, bytes.length - MAX_PROMPT_CHARS));
    this.#line = text.slice(Math.max(text.lastIndexOf("\n") + 1, text.length - MAX_PROMPT_CHARS));
    if (!PROMPT.test(this.#line)) return nothing;
    // The blank behind a colon may come after it, and is no second prompt.
    this.#line = "";
    return this.#ask();
  }

  #ask(): Heard {
    const again = this.#asked;
    this.#asked = true;
    return { kind: again ? "asks-again" : "asks" };
  }
}
