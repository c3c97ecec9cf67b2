/** docs/benchmarks.md: the figures, what every tool cost, and how it was made. */
import { spawnSync } from "node:child_process";
import { cpus } from "node:os";
import { type Costs, cpu, nodesCpu, peak, wall } from "./costs.ts";
import { type Figure, ROLLOUT_WALL, SURVEY_CPU, SURVEY_WALL } from "./figures.ts";
import type { Share } from "./profile.ts";
import type { RealCosts, Rounds } from "./real-rounds.ts";
import { ANSIBLE, BARE, CLUSH, missing, NOVASWEEP, tools, XARGS } from "./tools.ts";

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");

const verdict = ({ value, wanted }: Figure): string => {
  if (Number.isNaN(value)) return "not measured";
  return wanted.holds(value) ? "met" : "**missed**";
};

export const figureTable = (figures: readonly Figure[]): string =>
  table(
    ["what", "novasweep", "beside it", "came to", "wanted", ""],
    figures.map((it) => {
      const measured = !Number.isNaN(it.value);
      const cells = measured ? [it.ours, it.beside, it.value.toFixed(2)] : ["-", "-", "-"];
      return [it.what, ...cells, it.wanted.text, verdict(it)];
    }),
  );

/** What one tool cost, and novasweep's CPU and wall divided by its. */
const toolRow = (costs: Costs, name: string, hosts: number): readonly string[] => {
  const ratio = (of: typeof cpu): string => (costs.median(NOVASWEEP, of) / costs.median(name, of)).toFixed(2);
  return [
    name,
    `${(costs.median(name, cpu) / hosts).toFixed(2)} ms`,
    name === NOVASWEEP ? "" : ratio(cpu),
    `${(costs.median(name, wall) / 1000).toFixed(2)} s`,
    name === NOVASWEEP ? "" : ratio(wall),
    `${costs.median(name, peak).toFixed(0)} MiB`,
    `${(costs.median(name, nodesCpu) / hosts).toFixed(0)} ms`,
    String(costs.of(name).length),
  ];
};

export const toolTable = (costs: Costs, hosts: number): string =>
  table(
    ["tool", "CPU a host", "ours / its", "wall", "ours / its", "peak memory", "CPU of a node", "rounds"],
    [
      ...tools.map(({ name }) => toolRow(costs, name, hosts)),
      ...missing.map(({ name, debian }) => [
        `${name}: skipped, Debian's ${debian} is not installed`,
        ...Array(7).fill(""),
      ]),
    ],
  );

export const profileTable = (shares: readonly Share[]): string => {
  const TOP = 12;
  const total = shares.reduce((sum, { ms }) => sum + ms, 0);
  const rows = shares.slice(0, TOP).map(({ who, ms }) => [`\`${who}\``, `${((100 * ms) / total).toFixed(1)} %`]);
  return table(["at work", "of the time"], rows);
};

const version = (words: readonly [string, ...string[]]): string => {
  const { stdout, stderr } = spawnSync(words[0], words.slice(1), { encoding: "utf8" });
  return `${stdout}${stderr}`.split("\n")[0] ?? "";
};

const versions = (): string => {
  const packages = ["openssh-client", ...tools.flatMap(({ debian }) => (debian === undefined ? [] : [debian]))];
  const listed = [...new Set(packages)].map((name) => version(["dpkg-query", "--show", name]).replace("\t", " "));
  return `Node ${process.versions.node}, ${listed.join(", ")}; Linux ${version(["uname", "-r"])}, ${cpus().length} cores`;
};

const how = ({ hosts, rolloutHosts }: Rounds): string => `## How it was made

Written by \`npm run bench\` as root on ${new Date().toISOString().slice(0, 10)}, all in one run: ${versions()}. Ratios count; the milliseconds are this machine's.

- **Nodes**: ${hosts} of them for a survey, ${rolloutHosts} for a rollout, each a copy-on-write view of the machine's root in namespaces of its own, with a real OpenSSH
  server, sudo, and ksh93 as \`/bin/sh\`; SMF, ZFS and the other Solaris tools are [the lab's](explanation/lab.md). They share
  the machine's cores with whoever measures them. Half of them read the directory from \`[DEFAULT]\`, half from
  \`[solariszones]\`, and all need every step of a rollout.
- **Rounds**: every tool once a round, in turn; medians over the rounds. Every rollout gets nodes that nobody has touched, and
  the bench then looks into each node whether nova.conf names the new directory, the dataset has its quota, nova-compute was
  restarted and the cleaner is online. A tool that leaves a node undone ends the bench.
- **CPU** is user and system time of the tool's process and of all it starts, from its start to its end, as the kernel accounts
  it (\`scripts/bench/meter.py\`); SSH masters that Ansible leaves running are ended after the clock has stopped and are counted.
  **Peak memory** is the tool's whole tree at once, PSS, looked at twice a second. **CPU of a node** is what the bench's
  control group spent besides the tool: sshd, sudo, shell and all they start.
- **The share of the cores** divides the CPU of the bench's control group, which holds the tool and the nodes and nothing else of
  the machine, by cores x wall. What others on the machine take is so never counted for us; it only lowers the share.
- **Everyone** works on 32 hosts at once as the same user through \`sudo\`, checks host keys in the same known_hosts, and has the
  same ed25519 key. OpenSSH's tools read one \`ssh_config\` with curve25519 as the key exchange, because ssh2 has none of the
  post-quantum ones that newer OpenSSH prefers.
- **Survey**: the very same script on standard input. Only novasweep reads the answers; the others write them to a file, and Ansible
  keeps them to itself. Bare ssh2 is \`scripts/bench/bare-ssh2.js\`: one \`Client\` a host, connect, one exec, output drained.
- **Rollout**: novasweep looks, plans, applies, and looks again, with \`--soak 0s --waves 100% --max-bad 100%\`, because the others
  know neither soak, waves nor budget. Ansible runs \`scripts/bench/rollout.yml\`: pipelining, 32 forks, no facts, SSH masters,
  strategy free. The others carry \`scripts/bench/rollout.sh\`, a plain script without plan, lock, proof or way back.
- **The lab's rows** and the start need no root: simulated nodes on one server process.
- **The cleaner**: one run under ksh93 on small files of a local file system; Solaris' tools are the tests' strict stand-ins, a
  process each, whose cost is in the figure. No root.
- **The journal**: one of 10,000 hosts, made up, the same in every round, whose run was cut short when 9,000 had settled; the resume is the
  built program's own process from its start to its first connection, with an inventory of 10,000 hosts and as many known keys.
  The gate's decision is the engine's and the journal's own code. In the rollout of the lab the journal counts with the time in which
  events were made lines, and with what hosts waited for the disk, divided by the 32 that are at work at once. No root.
- **Group exchange**: \`scripts/bench/gex-logins.ts\` through our own transport, all at once, from a real sshd that offers only
  \`diffie-hellman-group-exchange-sha256\`. It goes before sshd at the CPU: what the scheduler takes from it is no stall of ours.
`;

export interface Results {
  readonly figures: readonly Figure[];
  readonly plan: Rounds;
  readonly real?: RealCosts;
  readonly shares?: readonly Share[];
}

/** What the costs say of each figure that is missed. */
const missedText = ({ figures, plan, real }: Results): readonly string[] => {
  if (real === undefined) return [];
  const { surveys, rollouts } = real;
  const bare = surveys.median(BARE, cpu) / surveys.median(XARGS, cpu);
  const had = rollouts.median(NOVASWEEP, wall) * cpus().length;
  const spent = rollouts.median(NOVASWEEP, nodesCpu);
  const share = (tool: string): string =>
    ((100 * surveys.median(tool, nodesCpu)) / (surveys.median(tool, wall) * cpus().length)).toFixed(0);
  const node = (name: string): string => `${(rollouts.median(name, nodesCpu) / plan.rolloutHosts / 1000).toFixed(1)} s`;
  const why: Readonly<Record<string, string>> = {
    [SURVEY_CPU]: `A survey's CPU: bare ssh2, which checks nothing and reads nothing, is itself at ${bare.toFixed(2)} of ${XARGS} here. What is ours in the rest the profile below names.`,
    [SURVEY_WALL]: `A survey's wall: the nodes' own CPU is ${share(NOVASWEEP)} % of what the cores had meanwhile, with ${CLUSH} ${share(CLUSH)} %. Where nodes share the controller's cores, only the rest can differ.`,
    [ROLLOUT_WALL]: `A rollout's wall: the nodes' own CPU is ${((100 * spent) / had).toFixed(0)} % of what the cores had meanwhile, and ours ${((100 * rollouts.median(NOVASWEEP, cpu)) / had).toFixed(0)} %. A node's rollout costs ${node(NOVASWEEP)} of CPU with ${NOVASWEEP} (two logins, two looks, plan, lock, proof, a way back), ${node(ANSIBLE)} with ${ANSIBLE}; nodes with cores of their own would spend that side by side.`,
  };
  const missed = new Set(figures.filter((it) => verdict(it) === "**missed**").map(({ what }) => what));
  const sentences = Object.entries(why).flatMap(([what, sentence]) => (missed.has(what) ? [`- ${sentence}`] : []));
  return sentences.length === 0 ? [] : ["Where a figure is missed:", sentences.join("\n")];
};

const roundsText = ({ plan: { rounds, rolloutRounds }, real }: Results): string => {
  const rollouts = rolloutRounds === 1 ? "one round of rollouts (no median)" : `${rolloutRounds} of rollouts`;
  return `Medians of ${rounds} rounds of surveys and ${rollouts}.${real === undefined ? "" : ` ${othersText(real)}`}`;
};

/** What else ran on the machine, as a share of its CPU while our surveys ran. */
const othersText = ({ surveys }: RealCosts): string => {
  const shares = surveys.of(NOVASWEEP).map(({ othersMs, wallMs }) => (100 * othersMs) / (wallMs * cpus().length));
  const percent = (value: number): string => value.toFixed(0);
  return `Other work took ${percent(Math.min(...shares))} to ${percent(Math.max(...shares))} % of the machine's CPU during our surveys.`;
};

/** What is printed, and then written. */
export const resultText = (results: Results): string => {
  const { figures, plan, real, shares } = results;
  return [
    figureTable(figures),
    ...missedText(results),
    ...(real === undefined
      ? []
      : [
          `## Survey of ${plan.hosts} nodes`,
          toolTable(real.surveys, plan.hosts),
          `## Rollout of ${plan.rolloutHosts} nodes`,
          toolTable(real.rollouts, plan.rolloutHosts),
        ]),
    ...(shares === undefined
      ? []
      : [
          "## Where the CPU of our survey goes",
          "V8's profiler, one survey more; self time by who is at work.",
          profileTable(shares),
        ]),
  ].join("\n\n");
};

export const page = (results: Results): string =>
  `# Benchmarks

${roundsText(results)}

${resultText(results)}

${how(results.plan)}`;
