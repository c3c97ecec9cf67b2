/** One simulated node without a server, for tests that call its simulators directly. */
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createNode } from "../../src/lab/node.ts";
import type { NodeSpec } from "../../src/lab/node-spec.ts";

export interface Ran {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

export interface SimNode {
  readonly dir: string;
  /** The node's file tree, `R` of a script. */
  readonly root: string;
  run(tool: string, args: readonly string[], as?: string): Ran;
  /** Text for a shell, with the simulators first in its PATH and `R` set. */
  sh(text: string, as?: string): Ran;
  remove(): void;
}

const simDir = fileURLToPath(new URL("../../src/lab/sim", import.meta.url));

export const makeSimNode = (spec: Partial<NodeSpec> = {}): SimNode => {
  const base = mkdtempSync(join(tmpdir(), "novasweep-sim-"));
  const dir = join(base, "node");
  const sim = join(base, "sim");
  cpSync(simDir, sim, { recursive: true });
  for (const name of readdirSync(sim)) chmodSync(join(sim, name), 0o755);
  createNode(dir, { name: "cn01", release: "juno", layout: "legacy", ...spec }, 1, Date.now());
  const root = join(dir, "root");
  const env = (as: string) => ({
    LAB_NODE: dir,
    LAB_SIM: sim,
    LAB_USER: as,
    PATH: `${sim}:/usr/bin:/bin`,
    R: root,
    TZ: "UTC0",
  });
  const ran = (command: string, args: readonly string[], as: string): Ran => {
    const result = spawnSync(command, args, { env: env(as), encoding: "utf8", timeout: 30_000 });
    return { status: result.status, out: result.stdout, err: result.stderr };
  };
  return {
    dir,
    root,
    run: (tool, args, as = "root") => ran(join(sim, tool), args, as),
    sh: (text, as = "root") => ran("/bin/sh", ["-c", text], as),
    remove: () => rmSync(base, { recursive: true, force: true }),
  };
};

/** Waits until a command's standard output satisfies the test; the deadline is the test's own failure. */
export const eventually = async (look: () => Ran, good: (ran: Ran) => boolean, deadlineMs = 8000): Promise<Ran> => {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const ran = look();
    if (good(ran)) return ran;
    if (Date.now() > end) throw new Error(`not within ${deadlineMs} ms: ${JSON.stringify(ran)}`);
    await new Promise((resolve) => spawn("sleep", ["0.1"]).once("exit", resolve));
  }
};
