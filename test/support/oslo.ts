import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";

export interface OsloAnswer {
  readonly missing?: string;
  readonly error?: { readonly line: number; readonly reason: string };
  /** Section, key, value of every assignment in file order, one character a byte. */
  readonly options?: readonly (readonly [string, string, string])[];
  readonly inForce?: { readonly value?: string; readonly cannot?: string } | null;
}

/** The system's Python, which has Debian's python3-oslo.config; another one first in PATH would not. */
const python = "/usr/bin/python3";

/** The real oslo.config in one process, asked about one file at a time. */
export class Oslo {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;
  #stderr = "";

  constructor() {
    this.#child = spawn(python, [new URL("./oslo-reader.py", import.meta.url).pathname]);
    this.#child.on("error", (error) => {
      this.#stderr += error.message;
    });
    this.#child.stdin.on("error", () => {});
    this.#child.stderr.on("data", (chunk: Buffer) => {
      this.#stderr += chunk.toString();
    });
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** What oslo.config makes of a file; with a section also the glancecache_dirname that Nova would get from it. */
  async read(bytes: Uint8Array, section: string | null = null, builtInDefault = ""): Promise<OsloAnswer> {
    const request = { bytes: Buffer.from(bytes).toString("base64"), section, default: builtInDefault };
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    const line = await this.#answers.next();
    const answer: OsloAnswer = line.done ? { missing: this.#stderr || "no answer" } : JSON.parse(line.value);
    if (answer.missing !== undefined) {
      throw new Error(`${python} cannot read with oslo.config (${answer.missing}): run \`npm run verify\``);
    }
    return answer;
  }

  close(): void {
    this.#child.stdin.end();
  }
}
