/** Every command with its options, in the order of its help. Values are read in option-values.ts. */
import {
  asLoginUser,
  connection,
  execFormats,
  format,
  formats,
  hosts,
  keyFormats,
  type Option,
  oneOf,
  output,
  plan,
  publishOutputs,
  purging,
  selection,
  shown,
  stateDir,
  yes,
} from "./option-groups.ts";

export type Command =
  | "rollout"
  | "rollback"
  | "purge"
  | "status"
  | "exec"
  | "inventory"
  | "hosts"
  | "export"
  | "runs"
  | "package"
  | "demo"
  | "completion";

/** One host, which `--via` names: nothing that narrows a selection or takes hosts at once. */
const publishing: readonly Option[] = (
  [
    { name: "via", takes: "HOST", group: "Publishing:", says: "the one host of the inventory to publish through" },
    {
      name: "repo",
      takes: "REPO",
      group: "Publishing:",
      says: "the repository, as that host reaches it: http(s)://, file:/// or an absolute path",
    },
    { name: "check", group: "Publishing:", says: "lint and look; nothing is published" },
    { ...yes, group: "Publishing:" },
    ...selection.filter(({ name }) => name !== "limit").map((option) => asLoginUser(option, "the script")),
    ...connection.filter(({ name }) =>
      ["ask-become-pass", "known-hosts", "host-key-policy", "connect-timeout", "host-timeout"].includes(name),
    ),
    {
      ...output,
      choices: publishOutputs,
      says: `live progress: ${oneOf(publishOutputs)}`,
      unset: "lines",
    },
    stateDir,
  ] satisfies readonly Option[]
).map((option) => ({ ...option, of: "publish" }));

/** What every command with a plan is told of it. */
const planned = ["check", "yes", "waves", "max-bad", "max-missing", "break-stale-lock", "this-boot-environment"];

/** The options of each command, in the order of its help. */
export const optionsOf: Readonly<Record<Command, readonly Option[]>> = {
  rollout: [
    ...selection,
    ...plan,
    {
      name: "probe",
      takes: "CMD",
      group: "Plan and safety:",
      says: "your health check after each wave: 0 go on, 1 stop, 2 ask",
    },
    {
      name: "on-event",
      takes: "CMD",
      group: "Plan and safety:",
      says: "gets the gate's decisions and the end on stdin",
    },
    {
      name: "plan-out",
      takes: "FILE",
      group: "Plan and safety:",
      says: "write the plan there, to be carried out later",
    },
    { name: "plan", takes: "FILE", group: "Plan and safety:", says: "carry out the plan that is there, or nothing" },
    ...connection,
    output,
    stateDir,
  ],
  rollback: [
    { name: "run", takes: "ID", group: hosts, says: "the rollout to undo: its id, or the beginning of it" },
    ...selection,
    ...plan.filter(({ name }) => [...planned, "soak"].includes(name)),
    ...connection,
    output,
    stateDir,
  ],
  purge: [
    ...selection,
    ...purging,
    ...plan.filter(({ name }) => planned.includes(name)),
    ...connection,
    { ...format, says: `what was taken out, on stdout: ${oneOf(formats)}` },
    output,
    stateDir,
  ],
  status: [
    ...selection,
    ...connection,
    format,
    { name: "exit-code", group: shown, says: "exit 3 when a host drifts" },
    output,
    stateDir,
  ],
  exec: [
    ...selection.map((option) => asLoginUser(option, "the command")),
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
  runs: [
    stateDir,
    ...[...connection.filter(({ name }) => name === "ask-become-pass"), output].map((option) => ({
      ...option,
      of: "resume",
    })),
  ],
  package: [
    {
      name: "out",
      takes: "DIR",
      group: "Building:",
      says: "where the proto area and the manifest are written",
      unset: "./nova-cache-cleanup-package",
      of: "build",
    },
    ...publishing,
  ],
  demo: [
    { name: "nodes", takes: "N", group: "Demo:", says: "simulated nodes", unset: "12" },
    { name: "faults", takes: "FAULTS", group: "Demo:", says: "what goes wrong, names separated by commas" },
    { name: "soak", takes: "D", group: "Demo:", says: "hold after a restart before it counts as proved", unset: "3s" },
    output,
  ],
  completion: [],
};

/** The options one subcommand takes; without one, or for a word that is none, all of the command. */
export const optionsAt = (command: Command, subcommand: string | undefined): readonly Option[] => {
  const known = Object.hasOwn(subcommandsOf[command] ?? {}, subcommand ?? "");
  return optionsOf[command].filter(({ of }) => of === undefined || !known || of === subcommand);
};

/** Words that may follow a command's name and choose what it does; what else may stand there is not a fixed word. */
export const subcommandsOf: Readonly<Partial<Record<Command, Readonly<Record<string, string>>>>> = {
  hosts: { keys: "the hosts' keys, compared with known_hosts" },
  export: { puppet: "a Puppet class with the settings of the selected hosts" },
  runs: {
    show: "one run, host by host",
    resume: "goes on with one that was cut short",
    hold: "lets no further host of a running one start",
    go: "lets them start again",
    abort: "ends a running one as Ctrl-C does",
  },
  package: { build: "writes it to a directory", publish: "sends it to a repository through one host" },
  completion: { bash: "for bash", zsh: "for zsh", fish: "for fish" },
};

/** What each command is for, in the words of the help. */
export const commandSays: Readonly<Record<Command, string>> = {
  rollout: "survey, plan, confirm, then converge the hosts in waves",
  rollback: "puts back what a rollout changed, in waves",
  purge: "takes out the trash: old caches, images, boot environments",
  status: "survey: what every host is, has, and how it drifts",
  exec: "one command on many hosts, equal outputs shown once",
  inventory: "the hosts a pattern selects, with their settings",
  hosts: "host keys, collected and compared with known_hosts without logging in",
  export: "a Puppet class that makes true what a rollout would; contacts nobody",
  runs: "what was done, when, by whom, with which result",
  package: "the cleaner as an IPS package: build it, publish it",
  demo: "a rollout on an embedded simulated fleet",
  completion: "the completion script of a shell",
};

export const commands = Object.keys(commandSays) as readonly Command[];
