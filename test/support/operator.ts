/** An operator's account: a home with known_hosts, an inventory of some of a lab's nodes, `novasweep` in the PATH. */
import { execFileSync, spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunEvent } from "../../src/domain/event.ts";
import type { FaultName } from "../../src/lab/faults.ts";
import type { LabNode } from "../../src/lab/options.ts";
import type { Lab } from "../../src/lab/start.ts";
import { eventsOf, type Ran } from "./novasweep.ts";

const bin = new URL("../../bin/novasweep.js", import.meta.url).pathname;

/** A node of the scenario `scene`, to be given to `startLab`: all of them need a change of nova.conf and a restart. */
export const sceneNode = (scene: string, at: number, fault?: FaultName) => ({
  name: `${scene}${at}`,
  release: "juno" as const,
  layout: "legacy" as const,
  ...(fault === undefined ? {} : { fault }),
});

export interface Operator {
  /** Where they work: `inventory/hosts.ini` below it is found without being named. */
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stateDir: string;
  readonly nodes: readonly LabNode[];
}

/** A home with known_hosts and an inventory, and `novasweep` in the PATH. */
export const openAccount = (dir: string, knownHostsPath: string, inventory: string): Omit<Operator, "nodes"> => {
  for (const sub of [".ssh", "bin", "inventory"]) mkdirSync(join(dir, sub), { recursive: true, mode: 0o700 });
  copyFileSync(knownHostsPath, join(dir, ".ssh/known_hosts"));
  writeFileSync(join(dir, "inventory/hosts.ini"), inventory);
  writeFileSync(join(dir, "bin/novasweep"), `#!/bin/sh\nexec '${process.execPath}' '${bin}' "$@"\n`, { mode: 0o755 });
  const env = { HOME: dir, PATH: `${join(dir, "bin")}:${process.env["PATH"] ?? ""}` };
  return { dir, env, stateDir: join(dir, ".local/state/novasweep") };
};

/** The account of somebody whose fleet is the nodes of one scenario; `more` are lines of the inventory for hosts that are none of the lab's. */
export const operatorOf = (lab: Lab, scene: string, more = ""): Operator => {
  const nodes = lab.nodes.filter(({ name }) => name.replace(/\d+$/, "") === scene);
  if (nodes.length === 0) throw new Error(`no node of ${scene} in the lab`);
  const hosts = nodes.map(({ name, port }) => `${name} ansible_host=127.0.0.1 ansible_port=${port}\n`);
  const vars = readFileSync(lab.inventoryPath, "utf8").replace(/^[\s\S]*\n\[compute:vars\]\n/, "[compute:vars]\n");
  const inventory = `[compute]\n${hosts.join("")}${more}\n${vars}`;
  return { ...openAccount(join(lab.dir, `operator-${scene}`), lab.knownHostsPath, inventory), nodes };
};

/** Runs a command line as the operator, without any terminal; `shell` is what takes it. */
export const inShell = (
  { dir, env }: Operator,
  line: string,
  shell: readonly [string, ...string[]] = ["sh", "-c"],
): Promise<Ran> =>
  new Promise((resolve, reject) => {
    const [file, ...args] = shell;
    const child = spawn(file, [...args, line], {
      cwd: dir,
      env: { LANG: "C.UTF-8", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const ran: Ran = { status: null, stdout: "", stderr: "" };
    child.stdout.on("data", (data) => {
      ran.stdout += data;
    });
    child.stderr.on("data", (data) => {
      ran.stderr += data;
    });
    child.once("error", reject);
    child.once("close", (status) => resolve({ ...ran, status }));
  });

/** The journals of an operator, oldest first. */
export const journalsOf = ({ stateDir }: Pick<Operator, "stateDir">): readonly (readonly RunEvent[])[] => {
  const runs = join(stateDir, "runs");
  return readdirSync(runs)
    .filter((name) => name.endsWith(".ndjson"))
    .sort()
    .map((name) => eventsOf({ status: 0, stdout: wholeLines(readFileSync(join(runs, name), "utf8")), stderr: "" }));
};

const wholeLines = (text: string): string => text.slice(0, text.lastIndexOf("\n") + 1);

/** Everything on the nodes that an operator would call touched: names, sizes, modes and modification times. */
export const snapshotOf = (nodes: readonly LabNode[]): string =>
  execFileSync("find", [...nodes.map(({ dir }) => join(dir, "root")), "-printf", "%p %y %m %s %T@\n"], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  })
    .split("\n")
    .sort()
    .join("\n");

export const confOf = ({ dir }: LabNode): string => readFileSync(join(dir, "root/etc/nova/nova.conf"), "latin1");

/** Whether a script holds the node. */
export const isLocked = ({ dir }: LabNode): boolean => existsSync(join(dir, "root/system/volatile/novasweep.lock"));
