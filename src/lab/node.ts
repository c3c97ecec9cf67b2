/**
 * Makes one simulated node below a directory: `root` is its file tree, `state` what the simulators keep.
 * Synchronous on purpose: 200 nodes are some 10,000 small files, and a thread pool only makes that slower.
 */
import { chmodSync, mkdirSync, statSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { uptime } from "node:os";
import { join } from "node:path";
import { driverText, novaConf } from "./image-texts.ts";
import { datasetTable } from "./node-datasets.ts";
import { serviceFiles } from "./node-services.ts";
import type { NodeSpec } from "./node-spec.ts";

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const DAY_MS = 24 * 3600 * 1000;
/** The login of the lab's inventory, an ordinary user. */
export const LOGIN = "novaadm";
export const LOGIN_UID = 60001;

type Owner = "root:root" | "root:sys" | "root:bin" | "nova:nova";

/** Directories of the tree: path, mode, owner. */
const directories: readonly (readonly [string, number, Owner])[] = [
  ["/", 0o755, "root:root"],
  ["/etc", 0o755, "root:sys"],
  ["/etc/nova", 0o700, "nova:nova"],
  ["/export", 0o755, "root:root"],
  ["/export/home", 0o755, "root:root"],
  ["/lib/svc/manifest/site", 0o755, "root:sys"],
  ["/lib/svc/method", 0o755, "root:bin"],
  ["/rpool", 0o755, "root:root"],
  ["/system/volatile", 0o755, "root:sys"],
  ["/tmp", 0o1777, "root:sys"],
  ["/usr/lib", 0o755, "root:bin"],
  ["/var", 0o755, "root:sys"],
  ["/var/lib", 0o755, "root:root"],
  ["/var/lib/nova", 0o700, "nova:nova"],
  ["/var/lib/nova/images", 0o755, "nova:nova"],
  ["/var/share", 0o755, "root:root"],
  ["/var/svc/log", 0o755, "root:sys"],
  ["/var/tmp", 0o1777, "root:sys"],
];

const passwd = [
  "root:x:0:0:Super-User:/root:/usr/bin/bash",
  "nova:x:85:85:OpenStack Nova:/var/lib/nova:/usr/bin/bash",
  `${LOGIN}:x:${LOGIN_UID}:10:Operator:/export/home/${LOGIN}:/usr/bin/bash`,
  "",
].join("\n");
const group = ["root::0:", "bin::2:root", "sys::3:root", "staff::10:", "nova::85:", ""].join("\n");

const novaVersion = { havana: "0.2013.2.3", juno: "0.2014.2.2", kilo: "0.2015.1.2", mitaka: "13.1.0" } as const;

/** uname's words and the first line of /etc/release. */
const system = (spec: NodeSpec): { readonly uname: string; readonly release: string } => {
  const solaris = (version: string, line: string) => ({
    uname: `SunOS ${spec.name} 5.11 ${version} i86pc i386`,
    release: `${" ".repeat(29)}${line}`,
  });
  switch (spec.fault) {
    case "solaris-11.2":
      return solaris("11.2", "Oracle Solaris 11.2 X86");
    case "solaris-11.4":
      return solaris("11.4.42.111.0", "Oracle Solaris 11.4 X86");
    case "illumos":
      return solaris("omnios-r151046-lab", "OmniOS v11 r151046");
    case "linux":
      return { uname: `Linux ${spec.name} 6.1.0-13-amd64 lab x86_64 unknown`, release: "" };
    case "escapes":
      return solaris("11.3", "Oracle Solaris 11.3 X86 \x1b]0;owned\x07\x1b[31mred\x1b[2J \u202egpj");
    default:
      return solaris(
        spec.release === "havana" ? "11.2" : "11.3",
        `Oracle Solaris ${spec.release === "havana" ? "11.2" : "11.3"} X86`,
      );
  }
};

/** Images of a node: UUID-like names, sizes in MiB, days since the download. */
const images = (
  spec: NodeSpec,
  seed: number,
): readonly { readonly name: string; readonly bytes: number; readonly days: number }[] => {
  const COUNT = 3;
  const own = Array.from({ length: COUNT }, (_, i) => ({
    name: `${(seed * 7919 + i * 104729).toString(16).padStart(8, "0")}-8f0e-4d3a-9b1c-${(seed * 31 + i).toString(16).padStart(12, "0")}`,
    bytes: (420 + ((seed * 37 + i * 211) % 600)) * MIB,
    days: 20 + ((seed * 13 + i * 41) % 300),
  }));
  if (spec.fault !== "quota-below-use") return own;
  return own.map((image) => ({ ...image, bytes: 7 * GIB }));
};

const writeImages = (root: string, spec: NodeSpec, seed: number, now: number): number => {
  const dir = join(root, spec.layout === "varshare" ? "var/share/nova/images" : "var/lib/nova/images");
  const list = images(spec, seed);
  for (const image of list) {
    const file = join(dir, image.name);
    writeFileSync(file, "", { mode: 0o644 });
    truncateSync(file, image.bytes);
    const at = (now - image.days * DAY_MS) / 1000;
    utimesSync(file, at, at);
  }
  if (spec.fault === "busy") writeFileSync(join(dir, "0f51b1b0-2f3c-4c0e-9f67-5d4e6a7b8c9d.downloading"), "partial");
  return list.reduce((sum, image) => sum + image.bytes, 0);
};

const bootEnvironments = (spec: NodeSpec, seed: number): string => {
  const id = (n: number): string => `215b8387-4968-627c-d2d0-${(seed * 16 + n).toString(16).padStart(12, "0")}`;
  const [now, next] = spec.fault === "pending-boot" ? ["N", "R"] : ["NR", ""];
  return [
    `solaris;${id(1)};${now};/;${7786206208 + seed * 4096};static;1443607384`,
    `solaris-backup-1;${id(2)};${next};;${164266496 + seed * 4096};static;1446199384`,
    "",
  ].join("\n");
};

const zones = (spec: NodeSpec): string => {
  const other = spec.fault === "installing" ? "incomplete" : "running";
  return [
    "global running / - solaris shared",
    `instance-0000002a ${other} /system/zones/instance-0000002a 5c6ad2f4-7bd1-4b5e-8f27-0a1f4f0d6f11 solaris excl`,
    "",
  ].join("\n");
};

const packages = (spec: NodeSpec): string => {
  const entire = "entire solaris 0.5.11-0.175.3.9.0.4.0\n";
  if (spec.fault === "no-nova" || spec.fault === "solaris-11.4" || spec.fault === "illumos") return entire;
  return `${entire}cloud/openstack/nova solaris ${novaVersion[spec.release]} etc/nova/nova.conf lib/svc/method/nova-compute\n`;
};

const owners = (root: string, list: readonly (readonly [string, Owner])[]): string =>
  list.map(([path, owner]) => `${statSync(join(root, path)).ino} ${owner.replace(":", " ")}\n`).join("");

/** The node's tree; returns what it recorded as owners. */
const writeTree = (root: string, spec: NodeSpec, now: number): string => {
  const tree: (readonly [string, number, Owner])[] = [...directories];
  if (spec.layout === "varshare") {
    tree.push(["/var/share/nova", 0o755, "root:root"], ["/var/share/nova/images", 0o755, "nova:nova"]);
  }
  for (const [path, mode] of tree) {
    mkdirSync(join(root, path), { recursive: true, mode });
    // The umask took its part of /tmp's.
    chmodSync(join(root, path), mode);
  }
  const python = spec.release === "havana" ? "python2.6" : "python2.7";
  const nova = join(root, `usr/lib/${python}/vendor-packages/nova/virt/solariszones`);
  if (spec.fault !== "no-nova" && spec.fault !== "solaris-11.4" && spec.fault !== "illumos") {
    mkdirSync(nova, { recursive: true });
    writeFileSync(join(nova, "driver.py"), driverText(spec.release), { mode: 0o444 });
  }
  // The old directory set by hand where it is no longer the driver's default: the value in force must move.
  const byHand = spec.layout === "legacy" && (spec.release === "kilo" || spec.release === "mitaka");
  const text = novaConf(spec.release, byHand ? "/var/lib/nova/images" : undefined);
  const conf = join(root, "etc/nova/nova.conf");
  writeFileSync(conf, spec.fault === "bad-conf" ? `${text}this line has no separator\n` : text, { mode: 0o644 });
  const installed = (now - 90 * DAY_MS) / 1000;
  utimesSync(conf, installed, installed);
  writeFileSync(join(root, "etc/release"), `${system(spec).release}\n  Copyright notice of the lab\n`, { mode: 0o644 });
  writeFileSync(join(root, "etc/passwd"), passwd, { mode: 0o644 });
  writeFileSync(join(root, "etc/group"), group, { mode: 0o644 });
  return owners(
    root,
    tree.map(([path, , owner]) => [path, owner]),
  );
};

const restartFault: Readonly<Record<string, string>> = {
  "restart-fails": "maintenance",
  flapping: "flapping",
  stuck: "stuck",
};

/**
 * Makes the node `spec` in `dir`. `seed` (a small number) makes its images and ids its own; `now` is epoch milliseconds.
 * Throws when the directory cannot be written.
 */
export const createNode = (dir: string, spec: NodeSpec, seed: number, now: number): void => {
  const root = join(dir, "root");
  const state = join(dir, "state");
  mkdirSync(root, { recursive: true, mode: 0o755 });
  mkdirSync(join(state, "smf"), { recursive: true });
  const owned = writeTree(root, spec, now);
  const imageBytes = writeImages(root, spec, seed, now);
  const bootedAt = Math.floor((now - 60 * DAY_MS) / 1000) + (seed % 1000);
  const files: Record<string, string> = {
    owners: owned,
    uname: `${system(spec).uname}\n`,
    zonename: `${spec.fault === "zone" ? "instance-0000002a" : "global"}\n`,
    booted: `${bootedAt}\n`,
    // Not from `now`: what it took to make the nodes before this one would put its clock behind that of the files.
    clock: `${Math.round(Date.now() - uptime() * 1000)}\n`,
    zones: zones(spec),
    be: bootEnvironments(spec, seed),
    packages: packages(spec),
    open: "",
    contract: "120\n",
    // What would be free without any image: those of the old directory leave 220 GiB.
    zpool: `${220 * GIB + (spec.layout === "legacy" ? imageBytes : 0)}\n`,
    zfs: datasetTable(spec),
    ...serviceFiles(spec, bootedAt),
  };
  const fault = restartFault[spec.fault ?? ""];
  if (fault !== undefined) files["restart-fault"] = `${fault}\n`;
  if (spec.fault === "not-writable") files["not-writable"] = "";
  if (spec.fault === "no-become") files["no-become"] = "";
  if (fault !== undefined) files["nova.conf.made"] = novaConf(spec.release);
  for (const [name, text] of Object.entries(files)) {
    const path = join(state, name);
    if (name.startsWith("smf/")) mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, text);
  }
};
