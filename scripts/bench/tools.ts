/** Who is measured, and how each is told to survey and to roll out. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ansibleRollout, ansibleSurvey } from "./ansible.ts";
import type { Command } from "./meter.ts";
import { type Nodes, PROBE_END } from "./nodes.ts";
import { AT_ONCE, type Reachable, rollout, survey } from "./novasweep.ts";
import { clush, pssh, xargs } from "./openssh.ts";

export interface Tool {
  readonly name: string;
  /** The program it needs, and the Debian package that has it. */
  readonly program?: string;
  readonly debian?: string;
  readonly survey: (nodes: Nodes) => Command;
  readonly rollout: (nodes: Nodes) => Command;
}

/** ssh2 as it comes, a script on standard input. */
export const bare = (fleet: Reachable, script: string): Command => ({
  words: [
    process.execPath,
    fileURLToPath(new URL("bare-ssh2.js", import.meta.url)),
    fleet.inventoryPath,
    fleet.keyPath,
    script,
    AT_ONCE,
  ],
});

/** A tool that only carries a script: its survey and its rollout differ in the script alone. */
const carrier = (carry: (nodes: Nodes, script: string) => Command) => ({
  survey: (nodes: Nodes): Command => carry(nodes, nodes.files.probe),
  rollout: (nodes: Nodes): Command => carry(nodes, nodes.files.rollout),
});

/** The same, where what the hosts said is on standard output: each must have said its last line. */
const printer = (carry: (nodes: Nodes, script: string) => Command) => ({
  survey: (nodes: Nodes): Command => ({ ...carry(nodes, nodes.files.probe), once: PROBE_END }),
  rollout: (nodes: Nodes): Command => ({ ...carry(nodes, nodes.files.rollout), once: "rolled out" }),
});

export const NOVASWEEP = "novasweep";
export const BARE = "bare ssh2";
export const XARGS = "xargs -P ssh";
export const CLUSH = "clush";
export const ANSIBLE = "Ansible";

const all: readonly Tool[] = [
  {
    name: NOVASWEEP,
    survey: ({ fleet, files }) => survey(fleet, files.dir),
    rollout: ({ fleet, files }) => rollout(fleet, files.dir),
  },
  { name: BARE, ...carrier(({ fleet }, script) => bare(fleet, script)) },
  {
    name: XARGS,
    program: "/usr/bin/ssh",
    debian: "openssh-client",
    ...printer(({ files }, script) => xargs(files, script)),
  },
  {
    name: CLUSH,
    program: "/usr/bin/clush",
    debian: "clustershell",
    ...printer(({ files }, script) => clush(files, script)),
  },
  {
    name: "pssh",
    program: "/usr/bin/parallel-ssh",
    debian: "pssh",
    ...printer(({ files }, script) => pssh(files, script)),
  },
  {
    name: ANSIBLE,
    program: "/usr/bin/ansible-playbook",
    debian: "ansible-core",
    survey: ansibleSurvey,
    rollout: ansibleRollout,
  },
];

const isThere = ({ program }: Tool): boolean => program === undefined || existsSync(program);

export const tools: readonly Tool[] = all.filter(isThere);
export const missing: readonly Tool[] = all.filter((tool) => !isThere(tool));
