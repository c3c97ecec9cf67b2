/** What lies in a node's file tree: the layers below its own, made once a fleet and shared by its nodes. */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sectionOf } from "../../../src/lab/image-texts.ts";
import { createNode } from "../../../src/lab/node.ts";
import type { NodeSpec } from "../../../src/lab/node-spec.ts";
import { sharedConf } from "./shared-data.ts";

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const labSimulators = here("../../../src/lab/sim");
const shims = here("shims");

export const NOVA = 85;
export const OPS = 60001;

/** Simulators of the lab that a node has at their Solaris paths; `zfs` and `mount` only where there is no real pool. */
const simulated: Readonly<Record<string, string>> = {
  beadm: "usr/sbin",
  kstat: "usr/bin",
  pkg: "usr/bin",
  pkglint: "usr/bin",
  pkgrepo: "usr/bin",
  pkgsend: "usr/bin",
  svcadm: "usr/sbin",
  svccfg: "usr/sbin",
  svcprop: "usr/bin",
  svcs: "usr/bin",
  uname: "usr/bin",
  zoneadm: "usr/sbin",
  zonename: "usr/bin",
};
/** What only the simulators call, and what they source. */
const parts = [
  "datasets.sh",
  "import-manifest",
  "lib.sh",
  "oslo-reads",
  "pkg-change.sh",
  "read-manifest.awk",
  "read-p5m.awk",
  "repo.sh",
  "smf.sh",
  "zfs-value.awk",
];

/** Strict shims at the paths of the tools they stand before. */
const strict: Readonly<Record<string, string>> = {
  digest: "usr/bin",
  fuser: "usr/sbin",
  id: "usr/bin",
  ls: "usr/bin",
  pfexec: "usr/bin",
};

/** Names of the tools that are simulated, and of those that have a shim. */
export const simulatedNames: readonly string[] = Object.keys(simulated);
export const strictNames: readonly string[] = Object.keys(strict);

/** Real tools that a shim stands before, and the simulators' own way to them. */
const moved = ["fuser", "id", "ls"];

/** A simulator as a program of the node: the lab's environment becomes its first lines. Root is who may write its state. */
const asProgram = (text: string): string =>
  text.replace(
    /^#!.*\n/,
    [
      "#!/usr/bin/dash",
      // The repository is everybody's to read, whatever the umask of who changes it.
      "umask 022",
      "LAB_NODE=/.node LAB_ROOT= LAB_SIM=/.node/sim LAB_USER=other",
      "[ ! -w /.node/state/contract ] || LAB_USER=root",
      "export LAB_NODE LAB_ROOT LAB_SIM LAB_USER",
      "",
    ].join("\n"),
  );

const write = (path: string, text: string, mode = 0o644): void => {
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, mode);
};

/** What a node sees of this machine's root; of the rest it has its own or nothing. */
const kept = new Set(["bin", "dev", "etc", "proc", "run", "sbin", "sys", "usr", "var"]);

/** A whiteout of overlayfs: the layers below have nothing of that name. */
const hide = (layer: string, name: string): void => {
  execFileSync("mknod", [join(layer, name), "c", "0", "0"]);
};

const sshdConfig = [
  "Include /etc/ssh/node.conf",
  "HostKey /etc/ssh/node_key",
  "AuthorizedKeysFile /etc/ssh/authorized",
  "AllowUsers ops root nova",
  "PermitRootLogin prohibit-password",
  "PasswordAuthentication no",
  "KbdInteractiveAuthentication no",
  "StrictModes no",
  "UsePAM no",
  "UseDNS no",
  "PrintMotd no",
  "PrintLastLog no",
  "PidFile none",
  "",
].join("\n");

const sudoers = [
  "Defaults !use_pty, !syslog, !mail_no_user, !lecture, secure_path=/usr/bin:/usr/sbin",
  "root ALL=(ALL) ALL",
  "ops ALL=(ALL) NOPASSWD: /bin/sh -s",
  // Looking at datasets takes no privilege on Solaris; zfs-fuse answers root only.
  "ALL ALL=(root) NOPASSWD: /usr/sbin/zfs.real get *, /usr/sbin/zfs.real list *",
  "nova ALL=(root) NOPASSWD: /usr/sbin/zfs, /usr/bin/chown, /.node/bin/fuser",
  "ops ALL=(root) NOPASSWD: /.node/bin/fuser",
  "",
].join("\n");

const account = (file: string, ...lines: readonly string[]): string => {
  const own = new Set(lines.map((line) => line.split(":", 1)[0]));
  const others = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "" && !own.has(line.split(":", 1)[0]));
  return `${[...others, ...lines].join("\n")}\n`;
};

/** What every node has: Solaris' tools at their paths, ksh93 as /bin/sh, sshd's and sudo's configuration, the users. */
export const makeSolarisLayer = (layer: string, authorized: string): void => {
  for (const dir of ["usr/bin", "usr/sbin", "usr/xpg4/bin", "etc/ssh", ".node/bin", ".node/sim", "run/sshd"])
    mkdirSync(join(layer, dir), { recursive: true });
  for (const name of readdirSync("/").filter((it) => !(kept.has(it) || it.startsWith("lib")))) hide(layer, name);
  symlinkSync("ksh93", join(layer, "usr/bin/sh"));
  symlinkSync("original-awk", join(layer, "usr/bin/nawk"));
  for (const name of moved) copyFileSync(`/usr/bin/${name}`, join(layer, ".node/bin", name));
  symlinkSync("/.node/bin/id", join(layer, "usr/xpg4/bin/id"));
  symlinkSync("/usr/bin/tail", join(layer, "usr/xpg4/bin/tail"));
  for (const [name, dir] of Object.entries(simulated)) {
    const text = asProgram(readFileSync(join(labSimulators, name), "utf8"));
    write(join(layer, dir, name), text, 0o755);
    write(join(layer, ".node/sim", name), text, 0o755);
  }
  for (const name of parts) copyFileSync(join(labSimulators, name), join(layer, ".node/sim", name));
  for (const name of ["import-manifest", "oslo-reads"])
    write(join(layer, ".node/sim", name), asProgram(readFileSync(join(labSimulators, name), "utf8")), 0o755);
  const smf = readFileSync(join(labSimulators, "smf.sh"), "utf8").replaceAll(
    /^smf_(future|start_line|runs)\(\)/gm,
    "recorded_$1()",
  );
  const reals = ["real-compute.sh", "real-periodic.sh"].map((name) => readFileSync(join(shims, name), "utf8"));
  write(join(layer, ".node/sim/smf.sh"), smf + reals.join(""));
  for (const name of ["startd", "periodicd"])
    write(join(layer, ".node/sim", name), asProgram(readFileSync(join(shims, name), "utf8")), 0o755);
  for (const [name, dir] of Object.entries(strict))
    write(join(layer, dir, name), readFileSync(join(shims, name), "utf8"), 0o755);
  write(join(layer, "usr/bin/nova-compute"), readFileSync(join(shims, "nova-compute"), "utf8"), 0o755);
  write(join(layer, "etc/ssh/sshd_config"), sshdConfig);
  write(join(layer, "etc/ssh/node.conf"), "");
  write(join(layer, "etc/ssh/authorized"), `${authorized}\n`);
  rmSync(join(layer, "etc/sudoers"), { force: true });
  write(join(layer, "etc/sudoers"), sudoers, 0o440);
  if (existsSync("/etc/sudoers.d")) hide(layer, "etc/sudoers.d");
  const nova = "nova:x:85:85:OpenStack Nova:/var/lib/nova:/bin/sh";
  write(join(layer, "etc/passwd"), account("/etc/passwd", nova, "ops:x:60001:10:Operator:/export/home/ops:/bin/bash"));
  write(join(layer, "etc/shadow"), account("/etc/shadow", "nova:*:16000::::::", "ops:*:16000::::::"), 0o600);
  write(join(layer, "etc/group"), account("/etc/group", "nova:x:85:", "staff:x:10:"));
};

/** Tools that say what is on the pool: shims where a node has a real one, else simulators. */
export const poolNames: readonly string[] = ["mount", "zfs"];

/** The simulators of the pool's tools, or the shims before the real ones. */
export const makeZfsLayer = (layer: string, real: boolean): void => {
  for (const name of poolNames) {
    const text = readFileSync(join(real ? shims : labSimulators, name), "utf8");
    write(join(layer, "usr/sbin", name), real ? text : asProgram(text), 0o755);
  }
  if (real) copyFileSync("/usr/sbin/zfs", join(layer, "usr/sbin/zfs.real"));
};

/** Owners as createNode recorded them by inode: a file without a record has the owner of the directory above. */
const realOwners = (
  dir: string,
  owned: ReadonlyMap<number, readonly [number, number]>,
  above: readonly [number, number],
): void => {
  const own = owned.get(lstatSync(dir).ino) ?? above;
  chownSync(dir, own[0], own[1]);
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) realOwners(path, owned, own);
    else chownSync(path, own[0], own[1]);
  }
};

const uidOf: Readonly<Record<string, number>> = { root: 0, nova: NOVA };
/** Debian's gid of sys and bin. */
const gidOf: Readonly<Record<string, number>> = { root: 0, nova: NOVA, sys: 3, bin: 2 };

/** The lab's records as a tree: what a node of this specification has beyond every other node. Returns nova.conf's text. */
export const makeNodeLayer = (layer: string, spec: NodeSpec, seed: number, now: number): string => {
  const made = `${layer}.made`;
  createNode(made, spec, seed, now);
  const records = readFileSync(join(made, "state/owners"), "utf8")
    .trim()
    .split("\n")
    .map((line) => line.split(" "));
  const owned = new Map(
    records.map(([inode, user = "", group = ""]) => [Number(inode), [uidOf[user] ?? 0, gidOf[group] ?? 0] as const]),
  );
  realOwners(join(made, "root"), owned, [0, 0]);
  renameSync(join(made, "root"), layer);
  mkdirSync(join(layer, "root"), { mode: 0o700 });
  for (const name of ["etc/passwd", "etc/group"]) rmSync(join(layer, name));
  // Debian's /lib is a link to usr/lib: a directory of that name would hide the machine's libraries.
  renameSync(join(layer, "lib/svc"), join(layer, "usr/lib/svc"));
  rmSync(join(layer, "lib"), { recursive: true });
  cpSync(join(made, "state"), join(layer, ".node/state"), { recursive: true });
  rmSync(made, { recursive: true, force: true });
  writeFileSync(join(layer, ".node/state/owners"), "");
  const section = sectionOf(spec.release);
  const old = spec.release === "havana" || spec.release === "juno";
  writeFileSync(
    join(layer, ".node/state/driver"),
    `${section} ${old ? "/var/lib/nova/images" : "/var/share/nova/images"}\n`,
  );
  writeFileSync(join(layer, ".node/state/release"), `${spec.release}\n`);
  write(join(layer, "usr/lib/svc/method/nova-compute"), readFileSync(join(shims, "method"), "utf8"), 0o755);
  return shippedConf(layer, spec);
};

/** nova.conf as Solaris ships it for the release, with the old directory set by hand where the lab's node has it so. */
const shippedConf = (layer: string, spec: NodeSpec): string => {
  const path = join(layer, "etc/nova/nova.conf");
  const lab = readFileSync(path, "latin1");
  const shipped = sharedConf(spec.release);
  if (shipped === undefined || spec.fault === "bad-conf") return lab;
  const set = /^glancecache_dirname.*$/m.exec(lab)?.[0];
  const text = set === undefined ? shipped : shipped.replace(/^#glancecache_dirname.*\n/m, (line) => `${line}${set}\n`);
  if (set !== undefined && text === shipped)
    throw new Error(`nova.conf of ${spec.release} has no commented glancecache_dirname`);
  const { atime, mtime } = statSync(path);
  writeFileSync(path, text, "latin1");
  utimesSync(path, atime, mtime);
  return text;
};
