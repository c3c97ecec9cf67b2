/** The real nodes of a measurement: a fresh fleet, what every tool is told about it, and whether a rollout was done. */
import { chownSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defaultSettings } from "../../src/domain/settings.ts";
import { cleanerManifest, cleanerMethod } from "../../src/remote/payload/payload.ts";
import { probeScript } from "../../src/remote/script.ts";
import { type RealFleet, type RealSpec, startRealFleet } from "../../test/support/fleet/fleet.ts";
import { OPS } from "../../test/support/fleet/layers.ts";
import type { RealNode } from "../../test/support/fleet/node.ts";

/** What every tool is to make true. */
export const DATASET = "rpool/export/nova";
export const MOUNTPOINT = "/export/nova";
export const CACHE = "/export/nova/images";
const QUOTA = String(defaultSettings.cacheQuotaBytes);

/** In the probe's last line, once a host. */
export const PROBE_END = "@0123456789abcdef end 0";

/** Files the tools are given, below the bench's folder. */
export interface Files {
  readonly dir: string;
  /** The addresses, one a line. */
  readonly hosts: string;
  /** OpenSSH's configuration for every tool that calls ssh. */
  readonly sshConfig: string;
  /** The very script that novasweep's survey sends. */
  readonly probe: string;
  /** rollout.sh with the cleaner in it. */
  readonly rollout: string;
  readonly method: string;
  readonly manifest: string;
}

export interface Nodes {
  readonly fleet: RealFleet;
  readonly files: Files;
}

const sectionOf = (node: RealNode): string => (node.spec.release === "mitaka" ? "solariszones" : "DEFAULT");

/** Half of them read the key from one section, half from another; all need every step. sftp is there for Ansible's files. */
const specs = (count: number): readonly RealSpec[] =>
  Array.from({ length: count }, (_, at) => ({
    name: `cn${String(at + 1).padStart(3, "0")}`,
    release: at % 2 === 0 ? "juno" : "mitaka",
    layout: "legacy",
    sshd: ["Subsystem sftp internal-sftp"],
  }));

/** The login may become root for anything, as Ansible needs it, and has a home for Ansible's files. */
const prepare = (node: RealNode): void => {
  node.write("/etc/sudoers", "Defaults !use_pty, !syslog, !lecture\nroot ALL=(ALL) ALL\nops ALL=(ALL) NOPASSWD: ALL\n");
  mkdirSync(node.at("/export/home/ops"));
  chownSync(node.at("/export/home/ops"), OPS, 10);
};

/** One user, one key, known hosts checked, nothing asked; curve25519, which both sides of every comparison have. */
const sshConfig = (fleet: RealFleet): string =>
  [
    "User ops",
    "Port 2222",
    `IdentityFile ${fleet.keyPath}`,
    "IdentitiesOnly yes",
    "IdentityAgent none",
    "BatchMode yes",
    "PreferredAuthentications publickey",
    "KexAlgorithms curve25519-sha256",
    "HostKeyAlgorithms ssh-ed25519",
    `UserKnownHostsFile ${fleet.knownHostsPath}`,
    "GlobalKnownHostsFile /dev/null",
    "StrictHostKeyChecking yes",
    "UpdateHostKeys no",
    "LogLevel ERROR",
    "",
  ].join("\n");

const rolloutScript = (): string =>
  readFileSync(new URL("rollout.sh", import.meta.url), "utf8")
    .replace("@METHOD_TEXT@\n", cleanerMethod)
    .replace("@MANIFEST_TEXT@\n", () => cleanerManifest(defaultSettings));

/** Writes what the tools are given; `dir` is the bench's. */
const writeFiles = (dir: string, fleet: RealFleet): Files => {
  const file = (name: string, text: string): string => {
    writeFileSync(join(dir, name), text);
    return join(dir, name);
  };
  return {
    dir,
    hosts: file("hosts", fleet.nodes.map(({ address }) => `${address}\n`).join("")),
    sshConfig: file("ssh_config", sshConfig(fleet)),
    probe: file(
      "probe.sh",
      probeScript({
        nonce: "0123456789abcdef",
        run: "bench",
        controller: "bench",
        operator: "bench",
        wantUid: "0",
        settings: defaultSettings,
        sendConf: false,
      }),
    ),
    rollout: file("rollout.sh", rolloutScript()),
    method: file("nova-cache-cleanup", cleanerMethod()),
    manifest: file("nova-cache-cleanup.xml", cleanerManifest(defaultSettings)),
  };
};

/** Starts a fresh fleet of `count` nodes. */
export const startNodes = async (dir: string, count: number): Promise<Nodes> => {
  const fleet = await startRealFleet(specs(count));
  for (const node of fleet.nodes) prepare(node);
  return { fleet, files: writeFiles(dir, fleet) };
};

/** Ansible's inventory: its user knows which section a node's release reads. */
export const writeAnsibleInventory = ({ fleet, files }: Nodes): string => {
  const path = join(files.dir, "inventory");
  const lines = fleet.nodes.map((node) => `${node.name} ansible_host=${node.address} nova_section=${sectionOf(node)}`);
  writeFileSync(path, `[compute]\n${lines.join("\n")}\n`);
  return path;
};

/** The directory that the node's driver would read from nova.conf: the last setting in its section. */
const inForce = (node: RealNode): string | undefined => {
  const text = node.read("/etc/nova/nova.conf");
  const start = text.split("\n").indexOf(`[${sectionOf(node)}]`);
  const rest = text.split("\n").slice(start + 1);
  const end = rest.findIndex((line) => line.startsWith("["));
  const settings = rest.slice(0, end < 0 ? rest.length : end);
  return settings.findLast((line) => /^glancecache_dirname\s*=/.test(line))?.replace(/^.*?=\s*/, "");
};

/** The folder in which the service simulator keeps an instance. */
const serviceDir = (node: RealNode, name: string): string | undefined =>
  node
    .read("/.node/state/smf/names")
    .split("\n")
    .map((line) => line.split(" "))
    .find(([known]) => known === name)?.[1];

/** The last state of a service and since when, epoch milliseconds. */
const service = (node: RealNode, name: string): { readonly state: string; readonly since: number } => {
  const dir = serviceDir(node, name);
  if (dir === undefined) return { state: "absent", since: 0 };
  const last = node.read(`/.node/state/smf/${dir}/timeline`).trim().split("\n").at(-1) ?? "";
  const [since = "0", state = ""] = last.split(" ");
  return { state, since: Number(since) };
};

const undone = (node: RealNode, since: number): readonly string[] => {
  const zfs = node.read("/.node/state/zfs");
  const compute = service(node, "application/openstack/nova/nova-compute:default");
  const cleaner = service(node, "site/nova-cache-cleanup:default");
  return [
    ...(inForce(node) === CACHE ? [] : [`nova.conf says ${inForce(node)}`]),
    ...(zfs.includes(`${DATASET}\tquota\t${QUOTA}\t`) ? [] : ["no dataset with the quota"]),
    ...(node.has(CACHE) ? [] : [`no ${CACHE}`]),
    ...(compute.state === "online" && compute.since > since ? [] : ["nova-compute was not restarted"]),
    ...(cleaner.state === "online" ? [] : [`the cleaner is ${cleaner.state}`]),
  ].map((what) => `${node.name}: ${what}`);
};

/** Throws unless every node now is what a rollout that began at `since` was to make of it. Looks from outside, at the node's own files. */
export const proveRollout = ({ fleet }: Nodes, since: number): void => {
  const wrong = fleet.nodes.flatMap((node) => undone(node, since));
  if (wrong.length > 0) throw new Error(`the rollout was not done:\n${wrong.slice(0, 10).join("\n")}`);
};
