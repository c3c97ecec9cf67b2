/** The process that starts the nodes of a fleet and ends with them: launcher.c, compiled by the machine's gcc. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** 200 nodes take some 3 s, a pool one; a busy machine several times that. */
const START_MAX_MS = 240_000;

export interface Launcher {
  readonly pid: number;
  /** The init of each node, by its name. */
  readonly pids: ReadonlyMap<string, number>;
  /** Ends every node and removes the folder; resolves when all is gone. */
  stop(): Promise<void>;
}

/** The launcher, compiled by the machine's gcc. */
const compile = (dir: string): string => {
  const program = join(dir, "launcher");
  const source = fileURLToPath(new URL("launcher.c", import.meta.url));
  execFileSync("gcc", ["-O2", "-Wall", "-Wextra", "-Werror", "-static", "-o", program, source]);
  return program;
};

/** Reads the launcher's answers until its empty line: pids by name. */
const awaitNodes = (child: ChildProcess): Promise<ReadonlyMap<string, number>> =>
  new Promise((resolve, reject) => {
    const pids = new Map<string, number>();
    const clock = setTimeout(() => reject(new Error("the nodes did not start in time")), START_MAX_MS);
    const fail = (why: string): void => {
      clearTimeout(clock);
      reject(new Error(`the fleet did not start: ${why}`));
    };
    child.once("exit", (status) => fail(`the launcher ended with ${status}`));
    if (child.stdout === null) return fail("no stdout");
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line.startsWith("!")) return fail(line);
      if (line === "") {
        clearTimeout(clock);
        resolve(pids);
        return;
      }
      const [name = "", pid = ""] = line.split(" ");
      pids.set(name, Number(pid));
    });
  });

/** Starts the nodes of `lines` (see launcher.c), whose layers lie below `dir`. Throws when one does not start. */
export const launch = async (dir: string, lines: string): Promise<Launcher> => {
  // Its own process group: Ctrl-C in a terminal is not for it. It ends when its standard input does, however that comes.
  const child = spawn(compile(dir), [dir], { stdio: ["pipe", "pipe", "inherit"], detached: true });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.stdin.on("error", () => {});
  child.stdin.write(`${lines}\n`);
  const stop = (): Promise<void> => {
    child.stdin.end();
    return ended;
  };
  try {
    return { pid: child.pid ?? 0, pids: await awaitNodes(child), stop };
  } catch (cause) {
    await stop();
    throw cause;
  }
};
