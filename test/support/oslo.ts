import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** What a reader found the option to be; undefined or null: not there. */
export interface ReadValue {
  readonly value?: string | null;
  readonly error?: string;
}

export interface OsloAnswer {
  readonly error?: { readonly line: number; readonly reason: string };
  /** Section, key, value of every assignment in file order, one character a byte. */
  readonly options?: readonly (readonly [string, string, string])[];
  readonly sections?: readonly string[];
  readonly inForce?: { readonly value?: string; readonly cannot?: string };
  /** The same option as ConfigParser and iniparse read it. */
  readonly method?: ReadValue;
  readonly iniparse?: ReadValue;
  /** What oslo.config makes of the file the published recipe would write; `refuses`: iniparse could not. */
  readonly recipe?: "refuses" | "breaks" | "misses" | "damages" | "sets";
}

/** A file; with a section also what the other readers find; with the driver's default also what Nova would get. */
export interface OsloQuestion {
  readonly bytes: Uint8Array;
  readonly section?: string;
  readonly builtInDefault?: string;
}

/** The system's Python, which has Debian's packages; another one first in PATH would not. */
const python = "/usr/bin/python3";

/** The real oslo.config, and iniparse and ConfigParser beside it, in one process. */
export class Oslo {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;
  #stderr = "";

  constructor() {
    // -B: no folder of compiled files beside the reader
    this.#child = spawn(python, ["-B", new URL("./oslo-reader.py", import.meta.url).pathname]);
    this.#child.on("error", (error) => {
      this.#stderr += error.message;
    });
    this.#child.stdin.on("error", () => {});
    this.#child.stderr.on("data", (chunk: Buffer) => {
      this.#stderr += chunk.toString();
    });
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** What the readers make of one file. */
  async read(bytes: Uint8Array, section?: string, builtInDefault?: string): Promise<OsloAnswer> {
    const [answer] = await this.readAll([
      {
        bytes,
        ...(section === undefined ? {} : { section }),
        ...(builtInDefault === undefined ? {} : { builtInDefault }),
      },
    ]);
    return answer ?? {};
  }

  /** What they make of many, in one exchange. */
  async readAll(questions: readonly OsloQuestion[]): Promise<readonly OsloAnswer[]> {
    const request = questions.map(({ bytes, section = null, builtInDefault = null }) => ({
      bytes: Buffer.from(bytes).toString("base64"),
      section,
      default: builtInDefault,
    }));
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    const line = await this.#answers.next();
    const answer: readonly OsloAnswer[] | { readonly missing: string } = line.done
      ? { missing: this.#stderr || "no answer" }
      : JSON.parse(line.value);
    if ("missing" in answer)
      throw new Error(
        `${python} cannot read with oslo.config and iniparse (${answer.missing}): run \`npm run verify\``,
      );
    return answer;
  }

  close(): void {
    this.#child.stdin.end();
  }
}
