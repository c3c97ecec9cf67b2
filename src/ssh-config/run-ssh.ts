/** `ssh -G`: ssh's own evaluation of its configuration for one destination. It contacts nobody; a `Match exec` of the operator's is run. */
import { accessSync, constants } from "node:fs";
import { isAbsolute, join } from "node:path";
import { err, ok, type Result } from "../domain/result.ts";
import { runProgram } from "../inventory/run-program.ts";
import { readDump } from "./dump.ts";
import type { Evaluator, EvaluatorOptions } from "./evaluator.ts";

/** `Match exec` may ask a directory service; `ssh` itself would wait for it too. */
const MAX_MS = 20_000;
/** A dump is 6 KiB. */
const MAX_BYTES = 1024 ** 2;

/** The first `ssh` in the folders of PATH, or undefined. */
export const findSsh = (path: string | undefined): string | undefined =>
  (path ?? "")
    .split(":")
    .filter(isAbsolute)
    .map((folder) => join(folder, "ssh"))
    .find(isExecutable);

const isExecutable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** Asks this ssh. */
export const asksSsh = (ssh: string, { file, signal }: EvaluatorOptions): Evaluator => {
  const ask = async (words: readonly string[]): ReturnType<Evaluator["without"]> => {
    const done = await runSsh(ssh, words, signal);
    return done.ok ? ok(readDump(done.value)) : err(`ssh -G ${done.error}`);
  };
  return {
    without: () => ask(["-F", "none", "--", "host"]),
    of: ({ destination, user, port }) =>
      ask([
        ...(file === undefined ? [] : ["-F", file]),
        ...(user === undefined ? [] : ["-l", user]),
        ...(port === undefined ? [] : ["-p", String(port)]),
        "--",
        destination,
      ]),
    advice: (destination) => `look at ssh -G ${file === undefined ? "" : `-F ${file} `}${destination}`,
  };
};

/** Runs `ssh -G` with these words; the error is a phrase. Never rejects. */
const runSsh = async (ssh: string, words: readonly string[], signal: AbortSignal): Promise<Result<string, string>> => {
  const end = await runProgram(ssh, ["-G", ...words], {
    signal: AbortSignal.any([signal, AbortSignal.timeout(MAX_MS)]),
    maxBytes: MAX_BYTES,
  });
  if (end.kind === "done") return ok(Buffer.from(end.stdout).toString("utf8"));
  const last = end.stderr.trim().split("\n").at(-1) ?? "";
  return err(last === "" ? end.why : `${end.why}: ${last}`);
};
