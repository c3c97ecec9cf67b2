/**
 * cli joins: it turns words of the command line into a request and hands each part what it needs. May import everything.
 * This file: what was asked for, checked and with every default filled in.
 */
import type { Become } from "../domain/host.ts";
import type { Seconds } from "../domain/ids.ts";
import type { PurgeAsked } from "../domain/purge/asked.ts";
import type { Share } from "../domain/waves.ts";
import type {
  execFormats,
  formats,
  hostKeyPolicies,
  keyFormats,
  outputModes,
  shells,
  transports,
} from "./option-groups.ts";

/** What was asked for. `help` is an answer already: its text goes to stdout, exit 0. */
export type Request =
  | RolloutRequest
  | RollbackRequest
  | PurgeRequest
  | StatusRequest
  | ExecRequest
  | InventoryRequest
  | HostsKeysRequest
  | ExportPuppetRequest
  | RunsRequest
  | RunsResumeRequest
  | RunsTellRequest
  | PackageBuildRequest
  | PackagePublishRequest
  | DemoRequest
  | CompletionRequest
  | { readonly command: "help"; readonly text: string };

export type OutputMode = (typeof outputModes)[number];

/** Which hosts, from where, and what the command line overrides of their settings. */
export interface Selection {
  /** At least one; `all` when a reading command was given none. */
  readonly patterns: readonly string[];
  /** `--limit`, each narrows the selection. */
  readonly limits: readonly string[];
  /** As given, or from the environment; empty: the first of `inventoryDefaults` that is there. */
  readonly inventories: readonly string[];
  /** `--set`, bare setting names, later ones win; the names and values are the inventory's to check. */
  readonly sets: readonly Assignment[];
  readonly overrides: Overrides;
  /** A file in place of ssh's own configuration; `none`; undefined: ssh's own. */
  readonly sshConfig: string | undefined;
}

export interface Assignment {
  readonly key: string;
  readonly value: string;
}

/** Options that win over the inventory on every host; undefined or empty: the inventory's. */
export interface Overrides {
  readonly user: string | undefined;
  readonly port: number | undefined;
  readonly become: Become | undefined;
  /** As typed. */
  readonly jump: string | undefined;
  readonly transport: (typeof transports)[number] | undefined;
  readonly identityFiles: readonly string[];
}

/** How hosts are reached, and how long anything may take. */
export interface Connection {
  /** Whether a person is asked for the password of sudo or su. */
  readonly askBecomePass: boolean;
  /** undefined: the files OpenSSH reads. */
  readonly knownHosts: string | undefined;
  readonly hostKeyPolicy: (typeof hostKeyPolicies)[number];
  readonly parallel: number;
  readonly connectParallel: number;
  /** undefined: ssh's ConnectTimeout, else 30. */
  readonly connectTimeoutS: Seconds | undefined;
  readonly stepTimeoutS: Seconds;
  readonly hostTimeoutS: Seconds;
  readonly runTimeoutS: Seconds;
}

/** What every command that changes hosts by a plan is told. */
export interface Planned {
  readonly check: boolean;
  readonly yes: boolean;
  readonly waves: readonly Share[];
  /** undefined: the larger of 1 and 5 % of the hosts to change. */
  readonly maxBad: Share | undefined;
  readonly maxMissing: Share;
  readonly breakStaleLock: boolean;
  readonly thisBootEnvironment: boolean;
}

export interface PurgeRequest extends Selection, Connection, Planned {
  readonly command: "purge";
  readonly asked: PurgeAsked;
  readonly format: (typeof formats)[number];
  readonly output: OutputMode;
  readonly stateDir: string;
}

export interface RollbackRequest extends Selection, Connection, Planned {
  readonly command: "rollback";
  /** The run to undo, or the beginning of its id. */
  readonly undoes: string;
  /** No host was named: all that the run touched are meant. */
  readonly everyHost: boolean;
  readonly soakS: Seconds;
  readonly output: OutputMode;
  readonly stateDir: string;
}

export interface RolloutRequest extends Selection, Connection, Planned {
  readonly command: "rollout";
  /** A file the plan is written to, and one that it comes from. */
  readonly planOut: string | undefined;
  /** Commands of the operator's on the controller: after each wave; told of what the gate decides. */
  readonly probe: string | undefined;
  readonly onEvent: string | undefined;
  readonly plan: string | undefined;
  readonly diff: boolean;
  readonly soakS: Seconds;
  readonly activatePending: boolean;
  /** How long a host with a deployment in flight is waited for; 0: it is refused. */
  readonly waitIdleS: Seconds;
  readonly migrateCache: boolean;
  readonly output: OutputMode;
  readonly stateDir: string;
}

export interface StatusRequest extends Selection, Connection {
  readonly command: "status";
  readonly format: (typeof formats)[number];
  /** Whether drift makes the exit status 3. */
  readonly exitCode: boolean;
  readonly output: OutputMode;
  readonly stateDir: string;
}

export interface ExecRequest extends Selection, Connection {
  readonly command: "exec";
  /** The words behind `--`, joined by blanks, or the file of `--script`. */
  readonly what:
    | { readonly kind: "command"; readonly text: string }
    | { readonly kind: "script"; readonly file: string };
  /** Whether the journal gets what is written. */
  readonly record: boolean;
  readonly diff: boolean;
  readonly yes: boolean;
  readonly format: (typeof execFormats)[number];
  readonly output: OutputMode;
  readonly stateDir: string;
}

export interface InventoryRequest extends Selection {
  readonly command: "inventory";
  readonly format: (typeof formats)[number];
}

export interface HostsKeysRequest extends Selection, Connection {
  readonly command: "hosts";
  readonly format: (typeof keyFormats)[number];
}

export interface ExportPuppetRequest extends Selection {
  readonly command: "export";
}

export interface RunsRequest {
  readonly command: "runs";
  /** The run to show, or the beginning of its id; undefined: list them all. */
  readonly show: string | undefined;
  readonly stateDir: string;
}

/** One command to a run that goes on. */
export interface RunsTellRequest {
  readonly command: "runs tell";
  readonly id: string;
  readonly what: "hold" | "go" | "abort";
  readonly stateDir: string;
}

/** What it goes on with is asked for by the words it was begun with; these alone are of now. */
export interface RunsResumeRequest {
  readonly command: "runs resume";
  /** The run, or the beginning of its id. */
  readonly id: string;
  readonly askBecomePass: boolean;
  readonly output: OutputMode;
  readonly stateDir: string;
}

export interface PackageBuildRequest {
  readonly command: "package build";
  /** As given, or the default; may be relative. */
  readonly out: string;
}

/** The selection's only pattern is the host it goes through. */
export interface PackagePublishRequest extends Selection, Connection {
  readonly command: "package publish";
  readonly repository: string;
  readonly check: boolean;
  readonly yes: boolean;
  readonly output: OutputMode;
  readonly stateDir: string;
}

export interface DemoRequest {
  readonly command: "demo";
  readonly nodes: number;
  /** As given, split at commas; the lab knows their names. */
  readonly faults: readonly string[];
  readonly soakS: Seconds;
  readonly output: OutputMode;
}

export interface CompletionRequest {
  readonly command: "completion";
  readonly shell: (typeof shells)[number];
}

/** What the meaning of the command line depends on besides its words. */
export interface Surroundings {
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user's home directory. */
  readonly home: string;
  /** Whether live progress (stderr) goes to a terminal, and how wide it is. */
  readonly terminal: boolean;
  readonly columns: number;
}

/** Inventories that are looked for, in order, when none was named. */
export const inventoryDefaults = (home: string): readonly string[] => [
  "inventory/hosts.ini",
  `${home}/.config/novasweep/hosts.ini`,
];
