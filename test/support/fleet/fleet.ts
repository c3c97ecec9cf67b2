/**
 * A fleet of nodes made of real parts: real sshd, ksh93 as /bin/sh, absolute paths, real owners and, where asked, a real
 * pool and a real nova-compute. Needs root. docs/explanation/real-parts.md says what of it is real.
 */
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeKey } from "../../../src/lab/keys.ts";
import type { NodeSpec } from "../../../src/lab/node-spec.ts";
import { launch } from "./launch.ts";
import { makeNodeLayer, makeSolarisLayer, makeZfsLayer } from "./layers.ts";
import { RealNode } from "./node.ts";

export interface RealSpec extends NodeSpec {
  /** A real pool of so many bytes, and real images in the cache; without it zfs is the lab's simulator. */
  readonly poolBytes?: number;
  /**
   * Of a node with a pool: /var/lib/nova, where old caches lie, is on the pool, in the boot environment's
   * `rpool/ROOT/solaris/var`, and a cache in it no mountpoint itself; without it on the node's root, which is no dataset.
   */
  readonly legacyOnPool?: true;
  /** Images of a node with a pool: name, bytes, age in days. */
  readonly images?: readonly (readonly [name: string, bytes: number, days: number])[];
  /** nova-compute is a process that reads nova.conf with the real oslo.config; without it a record of the lab. */
  readonly realCompute?: true;
  /**
   * svc.periodicd is a process that runs what is periodic, and so many of the node's seconds pass for it in one; without it
   * nobody runs the cleaner.
   */
  readonly periodicScale?: number;
  /** First lines of sshd_config. */
  readonly sshd?: readonly string[];
  /** A shell script that answers each connection in sshd's place. */
  readonly serve?: string;
  /** Nobody listens. */
  readonly refuse?: true;
}

export interface RealFleet {
  readonly dir: string;
  readonly inventoryPath: string;
  readonly knownHostsPath: string;
  readonly keyPath: string;
  readonly nodes: readonly RealNode[];
  /** The launcher's, whose end is the end of every node. */
  readonly pid: number;
  node(name: string): RealNode;
  stop(): Promise<void>;
}

const PORT = 2222;
/** A file system other than the root's: overlayfs refuses layers that lie inside another layer. */
const LAYERS_ON = "/dev/shm";
/** Addresses 127.A.B.1 to 254 are one fleet's; A.B come from the pid, so that fleets of other processes keep clear. */
const NODES_MAX = 254;

let fleets = 0;

const addressOf = (fleet: number, at: number): string => {
  const place = (process.pid * 8 + fleet) % (128 * 256);
  return `127.${64 + (place >> 8)}.${place & 255}.${at + 1}`;
};

/** Nodes alike share one layer. */
const likeness = ({ name: _, sshd: _s, serve: _e, refuse: _r, ...spec }: RealSpec): string => JSON.stringify(spec);

const hasPool = ({ poolBytes }: RealSpec): boolean => poolBytes !== undefined;

/** The real parts of a node beyond the lab's records, for its boot script. */
const writeExtras = (layer: string, spec: RealSpec, conf: string): void => {
  const state = join(layer, ".node/state");
  if (spec.realCompute === true) writeFileSync(join(state, "real-compute"), "");
  if (spec.fault === "restart-fails" || spec.fault === "flapping" || spec.fault === "stuck")
    writeFileSync(join(state, "nova.conf.made"), conf, "latin1");
  if (spec.poolBytes !== undefined) {
    writeFileSync(join(state, "zpool-bytes"), `${spec.poolBytes}\n`);
    if (spec.legacyOnPool === true) writeFileSync(join(state, "legacy-on-pool"), "");
    writeFileSync(join(state, "images"), (spec.images ?? []).map((image) => `${image.join(" ")}\n`).join(""));
  }
  if (spec.periodicScale !== undefined) writeFileSync(join(state, "periodic-scale"), `${spec.periodicScale}\n`);
  if ([spec.realCompute, spec.poolBytes, spec.periodicScale].every((part) => part === undefined)) return;
  copyFileSync(fileURLToPath(new URL("shims/boot", import.meta.url)), join(layer, ".node/boot"));
  chmodSync(join(layer, ".node/boot"), 0o755);
};

/** Makes what only this node has: its upper layer with key and configuration. Returns its public key. */
const makeUpper = (dir: string, spec: RealSpec): string => {
  for (const name of ["upper/etc/ssh", "upper/.node", "work", "root"]) mkdirSync(join(dir, name), { recursive: true });
  const key = makeKey(spec.name);
  writeFileSync(join(dir, "upper/etc/ssh/node_key"), key.privatePem, { mode: 0o600 });
  // sudo complains on stderr about a host that does not know its own name.
  writeFileSync(join(dir, "upper/etc/hosts"), `127.0.0.1 localhost ${spec.name}\n`);
  if (spec.sshd !== undefined) writeFileSync(join(dir, "upper/etc/ssh/node.conf"), `${spec.sshd.join("\n")}\n`);
  if (spec.serve !== undefined)
    writeFileSync(join(dir, "upper/.node/serve"), `#!/usr/bin/bash\n${spec.serve}\n`, { mode: 0o755 });
  if (spec.refuse === true) writeFileSync(join(dir, "upper/.node/refuse"), "");
  return key.publicLine;
};

const inventoryText = (nodes: readonly RealNode[], key: string): string =>
  [
    "[compute]",
    ...nodes.map(({ name, address }) => `${name} ansible_host=${address} ansible_port=${PORT}`),
    "",
    "[compute:vars]",
    "ansible_user=ops",
    `ansible_ssh_private_key_file=${key}`,
    "",
  ].join("\n");

/** Lays the layers of every node below `dir`; returns the launcher's lines and known_hosts. */
const layTrees = (dir: string, fleet: number, specs: readonly RealSpec[], authorized: string) => {
  makeSolarisLayer(join(dir, "solaris"), authorized);
  for (const real of new Set(specs.map(hasPool))) makeZfsLayer(join(dir, `zfs-${real}`), real);
  const layers = new Map<string, string>();
  const layerOf = (spec: RealSpec): string => {
    const known = layers.get(likeness(spec));
    if (known !== undefined) return known;
    const layer = join(dir, `like-${layers.size}`);
    layers.set(likeness(spec), layer);
    writeExtras(layer, spec, makeNodeLayer(layer, spec, layers.size, Date.now()));
    return layer;
  };
  return specs.map((spec, at) => {
    const own = join(dir, "nodes", spec.name);
    const address = addressOf(fleet, at);
    const lower = [layerOf(spec), join(dir, `zfs-${hasPool(spec)}`), join(dir, "solaris"), "/"].join(":");
    return {
      known: `[${address}]:${PORT} ${makeUpper(own, spec)}\n`,
      line: `${[spec.name, address, PORT, lower, own].join("\t")}\n`,
    };
  });
};

/** Starts the nodes and waits until each listens. Throws when one cannot; nothing is left then. */
export const startRealFleet = async (specs: readonly RealSpec[]): Promise<RealFleet> => {
  if (specs.length === 0 || specs.length > NODES_MAX) throw new Error(`a fleet has 1 to ${NODES_MAX} nodes`);
  if (process.getuid?.() !== 0) throw new Error("a fleet of real parts needs root: namespaces, owners, overlayfs");
  const fleet = fleets++;
  const dir = mkdtempSync(join(LAYERS_ON, `novasweep-fleet-${process.pid}-`));
  try {
    chmodSync(dir, 0o755);
    const key = makeKey("novasweep-fleet");
    const paths = { inventory: join(dir, "hosts.ini"), known: join(dir, "known_hosts"), key: join(dir, "id_ed25519") };
    writeFileSync(paths.key, key.privatePem, { mode: 0o600 });
    const trees = layTrees(dir, fleet, specs, key.publicLine);
    writeFileSync(paths.known, trees.map(({ known }) => known).join(""));
    const launcher = await launch(dir, trees.map(({ line }) => line).join(""));
    const nodes = specs.map(
      (spec, at) => new RealNode(spec, addressOf(fleet, at), PORT, launcher.pids.get(spec.name) ?? 0),
    );
    writeFileSync(paths.inventory, inventoryText(nodes, paths.key));
    return {
      dir,
      inventoryPath: paths.inventory,
      knownHostsPath: paths.known,
      keyPath: paths.key,
      nodes,
      pid: launcher.pid,
      node: (name) => {
        const found = nodes.find((node) => node.name === name);
        if (found === undefined) throw new Error(`no node ${name}`);
        return found;
      },
      stop: launcher.stop,
    };
  } catch (cause) {
    rmSync(dir, { recursive: true, force: true });
    throw cause;
  }
};
