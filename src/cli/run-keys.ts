/** Keys of the screen, while a run goes on: h hold, g go, s skip the rest of the wave, r retry what went bad, + and -, a abort. */
import type { Command, Controls } from "../engine/controls.ts";
import type { Io } from "./io.ts";

const CTRL_C = "\u0003";

/** One key as a command; undefined: none of ours. */
export const keyCommand = (key: string, parallel: number): Command | undefined => {
  switch (key) {
    case "h":
      return { kind: "hold" };
    case "g":
      return { kind: "go" };
    case "a":
      return { kind: "abort" };
    case "s":
      return { kind: "skip" };
    case "r":
      return { kind: "retry" };
    case "+":
      return { kind: "parallel", parallel: parallel + 1 };
    case "-":
      return { kind: "parallel", parallel: parallel - 1 };
    default:
      return undefined;
  }
};

/** Keys read, or left to whoever asks a question. */
export interface RunKeys {
  listen(): void;
  rest(): void;
}

/** Reads the terminal's keys for a run. In raw mode Ctrl-C is a key too: it stays what it was. */
export const runKeys = (io: Pick<Io, "stdin">, controls: Controls, interrupt: () => void): RunKeys => {
  const { stdin } = io;
  let listening = false;
  const hear = (bytes: Buffer): void => {
    for (const key of bytes.toString("utf8")) {
      if (key === CTRL_C) interrupt();
      const command = keyCommand(key, controls.parallel);
      if (command !== undefined) controls.take(command, "key");
    }
  };
  return {
    listen: () => {
      if (listening || stdin.isTTY !== true) return;
      listening = true;
      stdin.setRawMode(true);
      stdin.on("data", hear);
      stdin.resume();
    },
    rest: () => {
      if (!listening) return;
      listening = false;
      stdin.off("data", hear);
      stdin.setRawMode(false);
      stdin.pause();
    },
  };
};
