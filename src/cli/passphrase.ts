/** Asks for a passphrase on the terminal without showing it. */
import type { PassphraseAnswer } from "../transport/key-ring.ts";

/** A terminal's keyboard. */
export interface Keyboard extends NodeJS.ReadableStream {
  setRawMode(raw: boolean): unknown;
}

export interface PassphraseDialogue {
  readonly input: Keyboard;
  readonly output: NodeJS.WritableStream;
  /** Aborted when nobody is to be asked any more: the answer is "stop". */
  readonly signal: AbortSignal;
}

/** Longer than anybody types; what is beyond it is not taken in. */
const MAX_BYTES = 1024;

/** Keys as the terminal sends them in raw mode. */
const CTRL_C = 0x03;
const CTRL_D = 0x04;
const BACKSPACE = 0x08;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const CTRL_U = 0x15;
const BLANK = 0x20;
const DELETE = 0x7f;

/**
 * Asks and waits. The bytes are given as they were typed, whatever their encoding; the receiver wipes them. Enter alone, and
 * Ctrl-D with nothing typed, is "skip"; Ctrl-C is "stop". What was typed after Enter is left for the next question.
 */
export const askPassphrase = (
  question: string,
  { input, output, signal }: PassphraseDialogue,
): Promise<PassphraseAnswer> =>
  new Promise((resolve) => {
    if (signal.aborted) {
      resolve("stop");
      return;
    }
    const line = new HiddenLine();
    const end = (answer: PassphraseAnswer): void => {
      signal.removeEventListener("abort", stop);
      input.off("data", onData).off("end", stop).pause();
      input.setRawMode(false);
      output.write("\n");
      line.wipe();
      resolve(answer);
    };
    const stop = (): void => end("stop");
    const onData = (chunk: Buffer): void => {
      const { answer, taken } = line.feed(chunk);
      const rest = Buffer.from(chunk.subarray(taken));
      chunk.fill(0);
      if (answer === undefined) return;
      end(answer);
      if (rest.length > 0) input.unshift(rest);
    };
    signal.addEventListener("abort", stop, { once: true });
    // Raw mode first: nothing that is typed from the question on may be echoed.
    input.setRawMode(true);
    output.write(question);
    input.on("data", onData).once("end", stop).resume();
  });

/** One line being typed, in a buffer that can be wiped. */
class HiddenLine {
  readonly #bytes = Buffer.alloc(MAX_BYTES);
  #length = 0;

  /** Takes bytes up to the one that ends the line; `taken` counts that too. */
  feed(chunk: Buffer): { readonly answer: PassphraseAnswer | undefined; readonly taken: number } {
    for (const [at, byte] of chunk.entries()) {
      const answer = this.#take(byte);
      if (answer !== undefined) return { answer, taken: at + 1 };
    }
    return { answer: undefined, taken: chunk.length };
  }

  wipe(): void {
    this.#bytes.fill(0);
    this.#length = 0;
  }

  #take(byte: number): PassphraseAnswer | undefined {
    switch (byte) {
      case CTRL_C:
        return "stop";
      case CTRL_D:
        return this.#length === 0 ? "skip" : undefined;
      case NEWLINE:
      case RETURN:
        return this.#length === 0 ? "skip" : Buffer.from(this.#bytes.subarray(0, this.#length));
      case CTRL_U:
        this.wipe();
        return undefined;
      case BACKSPACE:
      case DELETE:
        this.#dropCharacter();
        return undefined;
      default:
        if (byte >= BLANK && this.#length < MAX_BYTES) this.#bytes[this.#length++] = byte;
        return undefined;
    }
  }

  /** The last one in UTF-8: its bytes but the first are 10xxxxxx. */
  #dropCharacter(): void {
    while (this.#length > 0) {
      this.#length -= 1;
      if (((this.#bytes[this.#length] ?? 0) & 0xc0) !== 0x80) return;
    }
  }
}
