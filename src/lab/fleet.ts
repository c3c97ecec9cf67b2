/** A whole lab inside one process: makes the nodes, serves them, writes the controller's files, takes all away again. */
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeKey } from "./keys.ts";
import { createNode, LOGIN } from "./node.ts";
import { fleetSpecs } from "./node-spec.ts";
import type { LabNode, LabOptions, LabReady } from "./options.ts";
import { endLabProcesses } from "./processes.ts";
import { type NodeServer, serveNode } from "./server.ts";

/** Files beside the simulators that are sourced or read, not run. */
const simulatorName = /^[a-z]+$/;
/** The fault `hostkey`: known_hosts has a key the node does not. */
const knownKey = (node: LabNode, real: string): string =>
  node.fault === "hostkey" ? makeKey("other").publicLine : real;

const copySimulators = (from: string, to: string): ReadonlySet<string> => {
  mkdirSync(to, { recursive: true });
  const names = readdirSync(from);
  for (const name of names) {
    copyFileSync(join(from, name), join(to, name));
    // A package does not carry the mode of every file.
    chmodSync(join(to, name), 0o755);
  }
  return new Set(names.filter((name) => simulatorName.test(name)));
};

const inventoryText = (nodes: readonly LabNode[], key: string): string =>
  [
    "# A simulated fleet on loopback. It is gone when the lab ends.",
    "[compute]",
    ...nodes.map((node) => `${node.name} ansible_host=127.0.0.1 ansible_port=${node.port}`),
    "",
    "[compute:vars]",
    `ansible_user=${LOGIN}`,
    `ansible_ssh_private_key_file=${key}`,
    "",
  ].join("\n");

export interface Fleet {
  readonly ready: LabReady;
  /** Ends every server and every script still running, removes the lab's directory. */
  stop(): void;
}

/** Starts a lab. `simFrom` is where the simulators lie, `now` epoch milliseconds. */
export const startFleet = async (options: LabOptions, simFrom: string, now: number): Promise<Fleet> => {
  const dir = mkdtempSync(join(options.parentDir ?? tmpdir(), "novasweep-lab-"));
  const servers: NodeServer[] = [];
  const stop = (): void => {
    for (const server of servers) server.close();
    endLabProcesses(dir);
    rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
  };
  try {
    const simDir = join(dir, "sim");
    const simulators = copySimulators(simFrom, simDir);
    const clientKey = makeKey("novasweep-lab");
    const key = join(dir, "id_ed25519");
    writeFileSync(key, clientKey.privatePem, { mode: 0o600 });
    const nodes: LabNode[] = [];
    const known: string[] = [];
    const refusing: NodeServer[] = [];
    for (const [seed, spec] of (options.specs ?? fleetSpecs(options.nodes, options.faults ?? [])).entries()) {
      const nodeDir = join(dir, "nodes", spec.name);
      createNode(nodeDir, spec, seed + 1, now);
      const hostKey = makeKey(spec.name);
      const shell = options.shell ?? "/bin/sh";
      const server = await serveNode({ spec, nodeDir, simDir, simulators, shell, hostKey, clientKey });
      servers.push(server);
      if (spec.fault === "unreachable") refusing.push(server);
      const { name, release, layout, fault = null } = spec;
      const node: LabNode = { name, port: server.port, release, layout, fault, dir: nodeDir };
      nodes.push(node);
      known.push(`[127.0.0.1]:${server.port} ${knownKey(node, hostKey.publicLine)}\n`);
    }
    // Closed last, so that no other node is given the port.
    for (const server of refusing) server.close();
    const inventory = join(dir, "hosts.ini");
    const knownHosts = join(dir, "known_hosts");
    writeFileSync(inventory, inventoryText(nodes, key));
    writeFileSync(knownHosts, known.join(""));
    return { ready: { dir, inventory, knownHosts, key, nodes }, stop };
  } catch (cause) {
    stop();
    throw cause;
  }
};
