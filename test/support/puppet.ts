/** The real Puppet, with the types that only Solaris has from test/support/puppet/modules. */
import { spawn, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Lab } from "../../src/lab/start.ts";

const here = fileURLToPath(new URL("./puppet/", import.meta.url));
/** Ours, and those of Debian: the real inifile is among them. */
const modulePath = `${here}modules:/usr/share/puppet/modules`;

/** Puppet's own folders below `scratch`; nothing of the machine's is read or written. */
const folders = (scratch: string): readonly string[] =>
  ["confdir", "vardir", "codedir", "rundir", "logdir"].flatMap((name) => [`--${name}`, join(scratch, name)]);

/** Puts classes into `scratch`, each with the include that makes it count; the paths in the same order. */
export const written = (scratch: string, classes: Readonly<Record<string, string>>): readonly string[] =>
  Object.entries(classes).map(([name, text]) => {
    const path = join(scratch, `${name.replaceAll(" ", "-")}.pp`);
    writeFileSync(path, `${text}\ninclude novasweep\n`);
    return path;
  });

export interface Compiled {
  readonly file: string;
  /** Why there is no catalog. */
  readonly error?: string;
  /** References, dependencies first. */
  readonly order: readonly string[];
  readonly resources: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** A catalog from each file, in one process; `words`: every warning and error of Puppet's. */
export const compiled = (scratch: string, files: readonly string[]): Promise<Driven<Compiled>> =>
  driven<Compiled>(["compile", scratch, modulePath, ...files]);

/** What `puppet parser validate` says of the files; empty: nothing. */
export const validated = (scratch: string, files: readonly string[]): string => {
  const ran = spawnSync("puppet", ["parser", "validate", ...folders(scratch), ...files], { encoding: "utf8" });
  return ran.status === 0 ? `${ran.stdout}${ran.stderr}` : `exit ${ran.status}: ${ran.stdout}${ran.stderr}`;
};

export interface Applied {
  /** Why it was not applied at all. */
  readonly error?: string;
  /** References of what was changed or triggered. */
  readonly changed: readonly string[];
  /** What failed, with Puppet's words. */
  readonly failed: readonly string[];
  readonly skipped: readonly string[];
}

/** Applies the files in turn, in one process, with Puppet's own engine and providers. */
export const applied = async (
  scratch: string,
  files: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<readonly Applied[]> => (await driven<Applied>(["apply", scratch, modulePath, ...files], env)).each;

interface Driven<T> {
  /** In the order of the files. */
  readonly each: readonly T[];
  readonly words: string;
}

const driven = <T>(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Driven<T>> =>
  new Promise((resolve, reject) => {
    const child = spawn("ruby", [join(here, "drive.rb"), ...args], {
      env: { PATH: process.env["PATH"], LANG: "C.UTF-8", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let out = "";
    let words = "";
    child.stdout.setEncoding("utf8").on("data", (data) => {
      out += data;
    });
    child.stderr.setEncoding("utf8").on("data", (data) => {
      words += data;
    });
    child.on("error", reject);
    child.on("close", (status) => {
      if (status !== 0) reject(new Error(`puppet: exit ${status}: ${words}`));
      const lines = out.split("\n").filter((line) => line !== "");
      resolve({ each: lines.map((line): T => JSON.parse(line)), words });
    });
  });

/** Where a simulated node lies: its state, its file tree, and the simulators of its tools. */
export interface NodeTools {
  readonly dir: string;
  readonly root: string;
  readonly sim: string;
}

/** A node of a lab. */
export const toolsOf = (lab: Pick<Lab, "dir" | "nodes">, name: string): NodeTools => {
  const dir = lab.nodes.find((node) => node.name === name)?.dir;
  if (dir === undefined) throw new Error(`the lab has no ${name}`);
  return { dir, root: join(dir, "root"), sim: join(lab.dir, "sim") };
};

/** What a shell with the node's simulators first in its PATH prints, without the last end of line. */
export const onNode = (node: NodeTools, text: string): string => {
  const env = { ...simEnv(node), PATH: `${node.sim}:/usr/bin:/bin` };
  return spawnSync("/bin/sh", ["-c", text], { env, encoding: "utf8" }).stdout.trimEnd();
};

/**
 * A class as it can be applied to a simulated node: Solaris' tools are the node's simulators, the files lie in its tree,
 * and belong to whoever runs the test. Everything else is as it was.
 */
export const forSimNode = (text: string, { root, sim }: NodeTools): string => {
  return text
    .replaceAll(/\/usr\/s?bin\/(svcadm|svccfg|svcs|svcprop|zfs)(?= )/g, `${sim}/$1`)
    .replaceAll(/(file \{ |File\[)'\//g, `$1'${root}/`)
    .replaceAll("/etc/nova/nova.conf", `${root}/etc/nova/nova.conf`)
    .replaceAll(/(owner +=> )'\w+'/g, `$1'${process.getuid?.()}'`)
    .replaceAll(/(group +=> )'\w+'/g, `$1'${process.getgid?.()}'`);
};

/** The environment in which the simulators of a node work. */
export const simEnv = ({ dir, root, sim }: NodeTools): Readonly<Record<string, string>> => ({
  LAB_NODE: dir,
  LAB_SIM: sim,
  LAB_USER: "root",
  R: root,
  TZ: "UTC0",
});
