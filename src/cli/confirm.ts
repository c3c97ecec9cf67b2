/** Asks the person at the terminal before hosts are changed. */
import { createInterface } from "node:readline";
import { err, ok, type Result } from "../domain/result.ts";

/** Where the question goes and the answer comes from. */
export interface Dialogue {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  /** Whether both are a terminal: without one nobody can be asked. */
  readonly terminal: boolean;
  /** Aborted when the run's time is over: an unanswered question declines. */
  readonly signal?: AbortSignal;
}

/**
 * Asks to type the number of hosts; `act` is what will be done to them. True for exactly that number; anything else, the
 * end of the input and Ctrl-C decline. Without a terminal it is `E_USAGE`: `--yes` has to be said.
 */
export const confirm = (
  changing: number,
  act: "change" | "roll back" | "purge" | "run it on" | "publish through",
  { input, output, terminal, signal }: Dialogue,
): Promise<Result<boolean>> => {
  if (!terminal) {
    return Promise.resolve(
      err({
        code: "E_USAGE",
        what: `${hosts(changing)} would change, and there is no terminal to ask on`,
        try: "--yes to accept the plan unseen, --check to see it",
      }),
    );
  }
  return new Promise((resolve) => {
    const dialogue = createInterface({ input, output, terminal, historySize: 0 });
    const answer = (accepted: boolean): void => {
      resolve(ok(accepted));
      dialogue.close();
    };
    dialogue.once("SIGINT", () => answer(false));
    dialogue.once("close", () => answer(false));
    signal?.addEventListener("abort", () => answer(false), { once: true });
    dialogue.question(`Type ${changing} to ${act} ${hosts(changing)}; anything else stops: `, (line) =>
      answer(line.trim() === String(changing)),
    );
  });
};

const hosts = (count: number): string => (count === 1 ? "1 host" : `${count} hosts`);
