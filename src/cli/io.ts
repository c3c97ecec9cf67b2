import type { Complaint } from "../domain/result.ts";
import { visibleSafe } from "../domain/safe-text.ts";

/** What a command may touch of the process it runs in. */
export interface Io {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly workingDirectory: string;
  readonly user: string;
  readonly controller: string;
  readonly pid: number;
  /** Calls back at every SIGINT, SIGTERM and SIGHUP until the returned function is called. */
  readonly onSignal: (handle: () => void) => () => void;
  /** Ends the process at once, as interrupted. */
  readonly exitNow: () => void;
}

/** Exit status of bad input: nothing was contacted. */
export const BAD_INPUT = 2;
/** Exit status when the person stopped it. */
export const INTERRUPTED = 130;

/** Whether a person is there to be asked: questions go to stderr, answers come from stdin. */
export const isInteractive = (io: Pick<Io, "stdin" | "stderr">): boolean =>
  io.stdin.isTTY === true && io.stderr.isTTY === true;

/** Longest complaint printed, characters; a message may quote what a file says. */
const MAX_CHARS = 2000;
/** Complaints printed before the rest is counted: the first usually explains the others. */
const MAX_COMPLAINTS = 20;

/** Prints what is wrong, where, and what to do about it; the exit status that goes with it. */
export const complain = (io: Pick<Io, "stderr">, complaints: readonly Complaint[]): number => {
  for (const { what, where, try: hint } of complaints.slice(0, MAX_COMPLAINTS)) {
    const lines = [
      `novasweep: ${what}`,
      ...(where === undefined ? [] : [`  at ${where}`]),
      ...(hint === undefined ? [] : [`  try: ${hint}`]),
    ];
    for (const line of lines) io.stderr.write(`${visibleSafe(line, MAX_CHARS)}\n`);
  }
  const more = complaints.length - MAX_COMPLAINTS;
  if (more > 0) io.stderr.write(`novasweep: and ${more} more\n`);
  return BAD_INPUT;
};
