/** The process's edges and nothing else: words, streams, signals, exit status. The one user of `process`. */
import { hostname, userInfo } from "node:os";
import { INTERRUPTED } from "./cli/io.ts";
import { runProgram } from "./cli/program.ts";

/** Exit status of a bug of ours. */
const BUG = 70;

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

const swallow = (): void => undefined;
// A reader that goes away (`| head`) ends the writing, not the run.
process.stdout.on("error", swallow);
process.stderr.on("error", swallow);

const complainOfBug = (error: unknown): never => {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(
    `novasweep: this is a bug in novasweep\n${text}\ntry: report it, with the run's journal (novasweep runs)\n`,
  );
  process.exit(BUG);
};
process.on("uncaughtException", complainOfBug);
process.on("unhandledRejection", complainOfBug);

try {
  const { username, homedir } = userInfo();
  process.exitCode = await runProgram(process.argv.slice(2), {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    home: process.env["HOME"] ?? homedir,
    workingDirectory: process.cwd(),
    user: username,
    controller: hostname(),
    pid: process.pid,
    exitNow: () => process.exit(INTERRUPTED),
    onSignal: (handle) => {
      for (const signal of signals) process.on(signal, handle);
      return () => {
        for (const signal of signals) process.off(signal, handle);
      };
    },
  });
  // Too late to change anything: the status stands.
  for (const signal of signals) process.on(signal, () => process.exit());
} catch (error) {
  complainOfBug(error);
}
