/** Options that several commands take, one by one and in groups: their names, values and words. */

/** One option as the help shows it; the reader of its value knows what it accepts. */
export interface Option {
  readonly name: string;
  readonly alias?: string;
  /** What its value is called, which also says what a shell completes it with; undefined: a flag. */
  readonly takes?: ValueName;
  /** Every value it accepts, where there are few. */
  readonly choices?: readonly string[];
  readonly group: string;
  readonly says: string;
  /** Default in words, for the help. */
  readonly unset?: string;
  /** The only subcommand that takes it; undefined: all of them. */
  readonly of?: string;
}

export type ValueName =
  | "PATH"
  | "FILE"
  | "DIR"
  | "PATTERN"
  | "HOSTS"
  | "ID"
  | "KEY=VALUE"
  | "NAME"
  | "N"
  | "N|N%"
  | "D"
  | "LIST"
  | "FAULTS"
  | "WAY"
  | "POLICY"
  | "MODE"
  | "FORMAT"
  | "HOST"
  | "REPO"
  | "CMD";

export const outputModes = ["tui", "lines", "ndjson"] as const;
export const formats = ["table", "json"] as const;
/** `stream`: no result, but the lines of all hosts as they come. */
export const execFormats = [...formats, "stream"] as const;
/** Results of `hosts keys`. */
export const keyFormats = ["table", "json", "known_hosts"] as const;
export const becomeWays = ["none", "sudo", "su", "pfexec"] as const;
export const transports = ["ssh2", "openssh"] as const;
export const hostKeyPolicies = ["strict", "accept-new"] as const;
/** Live progress of one host needs no screen. */
export const publishOutputs = ["lines", "ndjson"] as const;
/** Shells there is a completion for. */
export const shells = ["bash", "zsh", "fish"] as const;

/** Values as the help lists them. */
export const oneOf = (choices: readonly string[]): string => choices.join(", ");

/** A group of the help. */
export const hosts = "Hosts:";
const safety = "Plan and safety:";
const reach = "Connections:";
const clocks = "Deadlines and limits:";
/** A group of the help. */
export const shown = "Output:";

/** Which hosts, and what is overridden of their settings. */
export const selection: readonly Option[] = [
  {
    name: "inventory",
    takes: "PATH",
    alias: "i",
    group: hosts,
    says: "inventory file, directory or executable; repeatable",
    unset: "./inventory/hosts.ini",
  },
  { name: "limit", takes: "PATTERN", alias: "l", group: hosts, says: "narrow the selection by a pattern; repeatable" },
  { name: "set", takes: "KEY=VALUE", alias: "e", group: hosts, says: "override a setting; repeatable" },
  { name: "user", takes: "NAME", group: reach, says: "login user", unset: "the inventory's" },
  { name: "port", takes: "N", group: reach, says: "SSH port", unset: "the inventory's" },
  {
    name: "jump",
    takes: "HOSTS",
    group: reach,
    says: "bastions on the way, as ssh -J takes them; none: straight",
    unset: "the inventory's",
  },
  {
    name: "ssh-config",
    takes: "FILE",
    group: reach,
    says: "ssh's configuration, in place of its own files; none: without",
    unset: "ssh's own",
  },
  {
    name: "transport",
    takes: "WAY",
    group: reach,
    choices: transports,
    says: `${oneOf(transports)}: inside novasweep, or the system's ssh`,
    unset: "ssh2 where it can",
  },
  { name: "identity", takes: "FILE", group: reach, says: "private key file; repeatable" },
  {
    name: "become",
    takes: "WAY",
    group: reach,
    choices: becomeWays,
    says: `how the script becomes root: ${oneOf(becomeWays)}`,
    unset: "none for root, else sudo",
  },
];

/** How they are reached, and how long anything may take. */
export const connection: readonly Option[] = [
  { name: "ask-become-pass", group: reach, says: "ask once for the password that sudo or su asks for" },
  { name: "known-hosts", takes: "FILE", group: reach, says: "known_hosts file", unset: "OpenSSH's" },
  {
    name: "host-key-policy",
    takes: "POLICY",
    group: reach,
    choices: hostKeyPolicies,
    says: `unknown host keys: ${oneOf(hostKeyPolicies)}`,
    unset: "strict",
  },
  { name: "parallel", takes: "N", alias: "j", group: clocks, says: "hosts worked on at once", unset: "32" },
  { name: "connect-parallel", takes: "N", group: clocks, says: "SSH handshakes at once", unset: "16" },
  {
    name: "connect-timeout",
    takes: "D",
    group: clocks,
    says: "each layer of a connection up to its keys",
    unset: "30s",
  },
  { name: "step-timeout", takes: "D", group: clocks, says: "one step on one host", unset: "120s" },
  { name: "host-timeout", takes: "D", group: clocks, says: "one host", unset: "20m" },
  { name: "run-timeout", takes: "D", group: clocks, says: "the whole run", unset: "24h" },
];

/** Live progress. */
export const output: Option = {
  name: "output",
  takes: "MODE",
  group: shown,
  choices: outputModes,
  says: `live progress: ${oneOf(outputModes)}`,
  unset: "tui on a terminal, else lines",
};
export const stateDir: Option = {
  name: "state-dir",
  takes: "DIR",
  group: shown,
  says: "journals of the runs",
  unset: "~/.local/state/novasweep",
};
export const format: Option = {
  name: "format",
  takes: "FORMAT",
  group: shown,
  choices: formats,
  says: `result on stdout: ${oneOf(formats)}`,
  unset: "table",
};

export const yes: Option = { name: "yes", group: safety, says: "do not ask; needed without a terminal" };

/** What a command that changes hosts may be told. */
export const plan: readonly Option[] = [
  { name: "check", group: safety, says: "plan only; nothing on any host changes" },
  { name: "diff", group: safety, says: "show the changed lines", unset: "with --check" },
  yes,
  {
    name: "waves",
    takes: "LIST",
    group: safety,
    says: "sizes of successive waves, the last repeats",
    unset: "1,5,25%",
  },
  {
    name: "max-bad",
    takes: "N|N%",
    group: safety,
    says: "hosts that may go bad before no other starts",
    unset: "the larger of 1 and 5%",
  },
  {
    name: "max-missing",
    takes: "N|N%",
    group: safety,
    says: "hosts the survey may miss before no plan is offered",
    unset: "20%",
  },
  { name: "soak", takes: "D", group: safety, says: "hold after a restart before it counts as proved", unset: "60s" },
  { name: "break-stale-lock", group: safety, says: "take over a host's lock whose process is gone" },
  {
    name: "activate-pending",

    group: safety,
    says: "restart although somebody else's edit of nova.conf takes effect with it",
  },
  {
    name: "this-boot-environment",

    group: safety,
    says: "act although another boot environment is active on reboot",
  },
  {
    name: "wait-idle",
    takes: "D",
    group: safety,
    says: "wait for deployments in flight on a host",
    unset: "0s, it is refused",
  },
  { name: "migrate-cache", group: safety, says: "copy the old cache's images first, so that none is fetched again" },
];

const takes = "What goes:";

/** What a purge takes out; one subject a run. */
export const purging: readonly Option[] = [
  { name: "legacy", group: takes, says: "image caches no longer in force", unset: "this, when no other is named" },
  { name: "cache", group: takes, says: "images in the directory in force, by the cleaner's policy" },
  { name: "boot-environments", group: takes, says: "old boot environments; needs --keep" },
  {
    name: "include-foreign",
    takes: "NAME",
    group: takes,
    says: "with --legacy: this file too, though it is no image; repeatable",
  },
  { name: "to-limit", group: takes, says: "with --cache: until cache_quota less cache_headroom is not exceeded" },
  {
    name: "older-than",
    takes: "D",
    group: takes,
    says: "with --cache: unused for so long; with --boot-environments: of that age",
    unset: "30d for boot environments",
  },
  { name: "image", takes: "NAME", group: takes, says: "with --cache: this image's id; repeatable" },
  { name: "all-unused", group: takes, says: "with --cache: every image that may go" },
  {
    name: "keep",
    takes: "N",
    group: takes,
    says: "with --boot-environments: bootable ones that stay, 2 at least",
  },
];

/** `--become` of a command that runs as who logs in, unless told; any other option as it is. */
export const asLoginUser = (option: Option, what: string): Option =>
  option.name === "become"
    ? { ...option, says: `how ${what} becomes root: ${oneOf(becomeWays)}`, unset: "none, the login user" }
    : option;
