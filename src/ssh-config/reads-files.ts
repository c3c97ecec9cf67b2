/** The evaluation of ssh's configuration on a machine without ssh: the files are read once, and no program is run. */
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { err, ok, type Result } from "../domain/result.ts";
import { type ConfigLine, readConfig } from "./config-lines.ts";
import { emptyDump, evaluate } from "./evaluate.ts";
import { type Evaluator, type EvaluatorOptions, ownFile, SYSTEM_FILE } from "./evaluator.ts";

/** Reads what `ssh -G` would read. What takes ssh itself is an error. */
export const readsFiles = (options: EvaluatorOptions): Evaluator => {
  let files: Result<readonly (readonly ConfigLine[])[], string> | undefined;
  return {
    without: async () => ok(emptyDump(options)),
    of: async (destination) => {
      files ??= readAll(options);
      return files.ok ? evaluate(files.value, destination, options) : files;
    },
    advice: () => "install OpenSSH's client, which evaluates it itself",
  };
};

const readAll = ({ file, home, uid }: EvaluatorOptions): Result<readonly (readonly ConfigLine[])[], string> => {
  const folder = `${home}/.ssh`;
  if (file !== undefined && !existsSync(file)) return err(`${file} is not there`);
  const sources =
    file === undefined
      ? [
          { path: ownFile(home), folder, guarded: true },
          { path: SYSTEM_FILE, folder: dirname(SYSTEM_FILE), guarded: false },
        ]
      : [{ path: file, folder, guarded: false }];
  const read: (readonly ConfigLine[])[] = [];
  for (const { path, ...how } of sources) {
    const lines = readConfig(path, { home, uid, ...how });
    if (!lines.ok) return lines;
    read.push(lines.value);
  }
  return ok(read);
};
