/** The processes of a node that serve connections, as this machine numbers them. */
import { readFileSync } from "node:fs";
import type { RealNode } from "../fleet/node.ts";

const childrenOf = (pid: number): readonly number[] => {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
  } catch {
    return []; // it has ended
  }
};

const isSshd = (pid: number): boolean => {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").startsWith("sshd");
  } catch {
    return false;
  }
};

/** sshd's processes below one, without what they started. */
const sshdsBelow = (pid: number): readonly number[] =>
  childrenOf(pid)
    .filter(isSshd)
    .flatMap((child) => [child, ...sshdsBelow(child)]);

/** Signals every sshd process of the node's sessions; the scripts they started go on. Returns their pids. */
export const signalSessions = (node: RealNode, signal: NodeJS.Signals): readonly number[] => {
  const pids = sshdsBelow(node.pid);
  if (pids.length === 0) throw new Error(`${node.name} has no session`);
  signalAll(pids, signal);
  return pids;
};

export const signalAll = (pids: readonly number[], signal: NodeJS.Signals): void => {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // its parent's end was its own
    }
  }
};

/** Shells that run a script of novasweep in the node, by their command lines. */
export const scriptsOf = (node: RealNode): readonly string[] =>
  node
    .sh("ps -e -o args=")
    .split("\n")
    .filter((line) => /^(\/bin\/sh|sh) -s\b|^sudo .*\/bin\/sh -s/.test(line));
