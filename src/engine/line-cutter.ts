/** Longest line that is waited for, characters; a longer one comes in pieces. */
const MAX_LINE_CHARS = 4096;

/** Lines out of text that comes in pieces of any size. */
export class LineCutter {
  readonly #decoder = new TextDecoder();
  #rest = "";

  /** The lines that have ended, without their ends. */
  push(bytes: Uint8Array): readonly string[] {
    return this.#cut(this.#decoder.decode(bytes, { stream: true }));
  }

  /** What came behind the last newline; nothing comes any more. */
  end(): readonly string[] {
    const lines = this.#cut(this.#decoder.decode());
    const last = this.#rest;
    this.#rest = "";
    return last === "" ? lines : [...lines, last];
  }

  #cut(text: string): readonly string[] {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    while (this.#rest.length > MAX_LINE_CHARS) {
      lines.push(this.#rest.slice(0, MAX_LINE_CHARS));
      this.#rest = this.#rest.slice(MAX_LINE_CHARS);
    }
    return lines;
  }
}
