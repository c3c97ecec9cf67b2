/** Every option, once: its name, its place in the help, and the commands that take it. Values are read in option-values.ts. */

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
}

export type ValueName =
  | "PATH"
  | "FILE"
  | "DIR"
  | "PATTERN"
  | "HOSTS"
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
  | "FORMAT";

export type Command = "rollout" | "status" | "exec" | "inventory" | "hosts" | "export" | "runs" | "demo" | "completion";

export const outputModes = ["tui", "lines", "ndjson"] as const;
export const formats = ["table", "json"] as const;
/** `stream`: no result, but the lines of all hosts as they come. */
export const execFormats = [...formats, "stream"] as const;
/** Results of `hosts keys`. */
export const keyFormats = ["table", "json", "known_hosts"] as const;
export const becomeWays = ["none", "sudo", "su", "pfexec"] as const;
export const transports = ["ssh2", "openssh"] as const;
export const hostKeyPolicies = ["strict", "accept-new"] as const;
/** Shells there is a completion for. */
export const shells = ["bash", "zsh", "fish"] as const;

const oneOf = (choices: readonly string[]): string => choices.join(", ");

const hosts = "Hosts:";
const safety = "Plan and safety:";
const reach = "Connections:";
const clocks = "Deadlines and limits:";
const shown = "Output:";

const selection: readonly Option[] = [
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

const connection: readonly Option[] = [
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

const output: Option = {
  name: "output",
  takes: "MODE",
  group: shown,
  choices: outputModes,
  says: `live progress: ${oneOf(outputModes)}`,
  unset: "tui on a terminal, else lines",
};
const stateDir: Option = {
  name: "state-dir",
  takes: "DIR",
  group: shown,
  says: "journals of the runs",
  unset: "~/.local/state/novasweep",
};
const format: Option = {
  name: "format",
  takes: "FORMAT",
  group: shown,
  choices: formats,
  says: `result on stdout: ${oneOf(formats)}`,
  unset: "table",
};

const yes: Option = { name: "yes", group: safety, says: "do not ask; needed without a terminal" };

const plan: readonly Option[] = [
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

/** The options of each command, in the order of its help. */
export const optionsOf: Readonly<Record<Command, readonly Option[]>> = {
  rollout: [...selection, ...plan, ...connection, output, stateDir],
  status: [
    ...selection,
    ...connection,
    format,
    { name: "exit-code", group: shown, says: "exit 3 when a host drifts" },
    output,
    stateDir,
  ],
  exec: [
    ...selection.map((option) =>
      option.name === "become"
        ? { ...option, says: `how the command becomes root: ${oneOf(becomeWays)}`, unset: "none, the login user" }
        : option,
    ),
    { name: "script", takes: "FILE", group: "Command:", says: "run this script in place of a command" },
    { name: "record", group: "Command:", says: "keep what it writes in the journal" },
    yes,
    ...connection.filter(({ name }) => name !== "step-timeout"),
    { ...format, choices: execFormats, says: `what is written, on stdout: ${oneOf(execFormats)}` },
    { name: "diff", group: shown, says: "compare outputs with the commonest" },
    output,
    stateDir,
  ],
  inventory: [...selection, format],
  hosts: [
    ...selection.filter(({ name }) => name !== "become"),
    ...connection.filter(({ name }) => ["known-hosts", "connect-parallel", "connect-timeout"].includes(name)),
    { ...format, choices: keyFormats, says: `result on stdout: ${oneOf(keyFormats)}` },
  ],
  export: selection.filter(({ group }) => group === hosts),
  runs: [stateDir],
  demo: [
    { name: "nodes", takes: "N", group: "Demo:", says: "simulated nodes", unset: "12" },
    { name: "faults", takes: "FAULTS", group: "Demo:", says: "what goes wrong, names separated by commas" },
    { name: "soak", takes: "D", group: "Demo:", says: "hold after a restart before it counts as proved", unset: "3s" },
    output,
  ],
  completion: [],
};

/** Words that may follow a command's name and choose what it does; what else may stand there is not a fixed word. */
export const subcommandsOf: Readonly<Partial<Record<Command, Readonly<Record<string, string>>>>> = {
  hosts: { keys: "the hosts' keys, compared with known_hosts" },
  export: { puppet: "a Puppet class with the settings of the selected hosts" },
  runs: { show: "one run, host by host" },
  completion: { bash: "for bash", zsh: "for zsh", fish: "for fish" },
};

/** What each command is for, in the words of the help. */
export const commandSays: Readonly<Record<Command, string>> = {
  rollout: "survey, plan, confirm, then converge the hosts in waves",
  status: "survey: what every host is, has, and how it drifts",
  exec: "one command on many hosts, equal outputs shown once",
  inventory: "the hosts a pattern selects, with their settings",
  hosts: "host keys, collected and compared with known_hosts without logging in",
  export: "a Puppet class that makes true what a rollout would; contacts nobody",
  runs: "what was done, when, by whom, with which result",
  demo: "a rollout on an embedded simulated fleet",
  completion: "the completion script of a shell",
};

export const commands = Object.keys(commandSays) as readonly Command[];
