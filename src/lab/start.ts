/** Starts the lab's process and waits until its nodes answer: for the demo, the tests and the bench. */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type LabNode, type LabOptions, type LabReady, NODES_MAX } from "./options.ts";

/** A thousand nodes take some 10 s on a small machine. */
const START_MAX_MS = 120_000;
/** Removing a lab is removing some 50 files a node. */
const STOP_MAX_MS = 60_000;
/** What is kept of the process's own words for an error. */
const STDERR_MAX = 4000;

export interface Lab {
  /** The lab's directory; its parent is left as it was. */
  readonly dir: string;
  /** Ansible INI inventory of the nodes, group `compute`. */
  readonly inventoryPath: string;
  readonly knownHostsPath: string;
  /** Private key that every node accepts. */
  readonly keyPath: string;
  readonly pid: number;
  readonly nodes: readonly LabNode[];
  /** Ends the lab and all that runs in it, removes its directory; resolves when it is gone. Safe to call twice. */
  stop(): Promise<void>;
}

const exited = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once("exit", () => resolve());
  });

const readReady = (child: ChildProcess): Promise<LabReady> =>
  new Promise((resolve, reject) => {
    let out = "";
    let words = "";
    const fail = (why: string): void => {
      clearTimeout(clock);
      reject(new Error(`the lab did not start: ${why}${words === "" ? "" : `\n${words}`}`));
    };
    const clock = setTimeout(() => {
      child.stdin?.end();
      fail(`nothing after ${START_MAX_MS / 1000} s`);
    }, START_MAX_MS);
    child.stderr?.on("data", (text) => {
      words = `${words}${text}`.slice(0, STDERR_MAX);
    });
    child.stdout?.on("data", (text) => {
      out += text;
      const end = out.indexOf("\n");
      if (end < 0) return;
      clearTimeout(clock);
      resolve(JSON.parse(out.slice(0, end)));
    });
    child.once("error", (error) => fail(error.message));
    child.once("close", (status) => fail(`it ended with ${status}`));
  });

/**
 * Starts a simulated fleet in a process of its own. Throws when it cannot start.
 * The process ends when `stop` is called or this process does, however that comes about.
 */
export const startLab = async (options: LabOptions): Promise<Lab> => {
  if (!Number.isInteger(options.nodes) || options.nodes < 1 || options.nodes > NODES_MAX) {
    throw new Error(`a lab has 1 to ${NODES_MAX} nodes, not ${options.nodes}`);
  }
  // Runs from src by type stripping and from dist as built: the neighbour has this file's own extension.
  const main = fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? "./main.ts" : "./main.js", import.meta.url));
  const child = spawn(process.execPath, [main, JSON.stringify(options)], {
    stdio: ["pipe", "pipe", "pipe"],
    // Its own process group: Ctrl-C in the terminal is not for it.
    detached: true,
  });
  child.stdin.on("error", () => {});
  const ready = await readReady(child);
  const stop = async (): Promise<void> => {
    child.stdin.end();
    const clock = setTimeout(() => child.kill("SIGKILL"), STOP_MAX_MS);
    await exited(child);
    clearTimeout(clock);
  };
  return {
    dir: ready.dir,
    inventoryPath: ready.inventory,
    knownHostsPath: ready.knownHosts,
    keyPath: ready.key,
    pid: child.pid ?? 0,
    nodes: ready.nodes,
    stop,
  };
};
