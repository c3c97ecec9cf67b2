/** What a lab is asked for, and what it says when it is ready: the words between start.ts and main.ts. */
import type { FaultCount } from "./faults.ts";
import type { NodeSpec } from "./node-spec.ts";

/** Most nodes of one lab: each holds a port and some 50 files. */
export const NODES_MAX = 1000;

export interface LabOptions {
  /** How many nodes, 1 to 1000; named cn01, cn02, … */
  readonly nodes: number;
  /** Faults, given to successive nodes. */
  readonly faults?: readonly FaultCount[];
  /** Nodes in full, instead of `nodes` and `faults`. */
  readonly specs?: readonly NodeSpec[];
  /** Directory in which the lab makes its own, which it removes at the end; the system's temporary one. */
  readonly parentDir?: string;
  /** Shell that runs the scripts, `/bin/sh`. */
  readonly shell?: string;
}

export interface LabNode {
  readonly name: string;
  readonly port: number;
  readonly release: string;
  readonly layout: string;
  readonly fault: string | null;
  /** The node's private directory: `root` below it is its file tree. */
  readonly dir: string;
}

/** The one line the lab's process prints. */
export interface LabReady {
  readonly dir: string;
  readonly inventory: string;
  readonly knownHosts: string;
  readonly key: string;
  readonly nodes: readonly LabNode[];
}
