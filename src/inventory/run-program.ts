import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { kill } from "node:process";

/** How a program ended that was run for its output. */
export type ProgramEnd =
  | { readonly kind: "done"; readonly stdout: Uint8Array; readonly stderr: string }
  /** `why` is a phrase: what it did, or what was done to it. */
  | { readonly kind: "failed"; readonly why: string; readonly stderr: string };

export interface ProgramLimits {
  /** Aborted: the program and all it started are killed. A reason named TimeoutError is told as such. */
  readonly signal: AbortSignal;
  /** Bytes of output; one more ends the program. */
  readonly maxBytes: number;
}

/** Why a program failed that was still running when its time was over. */
export const TOO_LONG = "took too long";

/** Bytes of stderr kept, from its end: the last lines say what went wrong. */
const STDERR_BYTES = 16 * 1024;
/** What a program left running may hold its output open after it has ended itself. */
const GRACE_MS = 1_000;

/**
 * Runs a program without stdin and without terminal, as the leader of a process group of its own so that everything it
 * started can be ended with it. Never rejects.
 */
export const runProgram = (file: string, words: readonly string[], limits: ProgramLimits): Promise<ProgramEnd> =>
  new Promise((settle) => run(file, words, limits, settle));

const run = (
  file: string,
  words: readonly string[],
  limits: ProgramLimits,
  settle: (end: ProgramEnd) => void,
): void => {
  // A bare name would be looked up in PATH.
  const child = spawn(resolve(file), words, { detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  let stderr = Buffer.alloc(0);
  let exit: string | undefined;
  let grace: NodeJS.Timeout | undefined;
  let ended = false;

  const end = (failure: string | undefined): void => {
    ended = true;
    clearTimeout(grace);
    limits.signal.removeEventListener("abort", abort);
    const said = { stderr: stderr.toString() };
    settle(
      failure === undefined
        ? { kind: "done", stdout: Buffer.concat(chunks), ...said }
        : { kind: "failed", why: failure, ...said },
    );
  };
  const endGroup = (failure: string | undefined): void => {
    killGroup(child.pid);
    child.stdout.destroy();
    child.stderr.destroy();
    end(failure);
  };
  const abort = (): void => endGroup(abortPhrase(limits.signal));

  child.on("error", (error) => end(`could not be started${"code" in error ? ` (${String(error.code)})` : ""}`));
  child.stdout.on("data", (chunk: Uint8Array) => {
    bytes += chunk.length;
    chunks.push(chunk);
    if (bytes > limits.maxBytes) endGroup(`printed more than ${limits.maxBytes / 1024 ** 2} MiB`);
  });
  child.stderr.on("data", (chunk: Uint8Array) => {
    stderr = Buffer.concat([stderr, chunk]).subarray(-STDERR_BYTES);
  });
  child.on("exit", (code, signal) => {
    if (ended) return;
    if (code !== 0) exit = code === null ? `was ended by ${signal}` : `ended with exit status ${code}`;
    grace = setTimeout(() => endGroup(exit), GRACE_MS);
  });
  child.on("close", () => end(exit));
  if (limits.signal.aborted) abort();
  else limits.signal.addEventListener("abort", abort);
};

const killGroup = (pid: number | undefined): void => {
  if (pid === undefined) return;
  try {
    kill(-pid, "SIGKILL");
  } catch {
    // The group is gone already.
  }
};

const abortPhrase = ({ reason }: AbortSignal): string =>
  reason instanceof DOMException && reason.name === "TimeoutError" ? TOO_LONG : "was interrupted";
