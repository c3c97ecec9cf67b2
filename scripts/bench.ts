/**
 * npm run bench: what a survey of the lab costs the controller, beside a bare ssh2 client on the same hosts in the same
 * run, and what a start costs. Prints medians and ratios and writes docs/benchmarks.md. It is no test.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { type Lab, startLab } from "../src/lab/start.ts";

const HOSTS = Number(process.env["BENCH_HOSTS"] ?? 200);
const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 5);
const STARTS = 21;
const root = new URL("..", import.meta.url).pathname;
const node = process.execPath;

interface Cost {
  readonly cpuMs: number;
  readonly rssMiB: number;
  readonly wallMs: number;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** Runs a program under the meter, which reports what the process cost from within as it exits. */
const measure = (args: readonly string[], report: string, ok: readonly number[]): Cost => {
  const started = performance.now();
  const child = spawnSync(node, ["--import", join(root, "scripts/bench/meter.js"), ...args], {
    env: { ...process.env, BENCH_REPORT: report },
    maxBuffer: 1 << 30,
  });
  if (child.status === null || !ok.includes(child.status))
    throw new Error(`${args.join(" ")}: ${child.status}\n${child.stderr}`);
  const { cpuMs, rssMiB } = JSON.parse(readFileSync(report, "utf8"));
  return { cpuMs, rssMiB, wallMs: performance.now() - started };
};

const survey = (lab: Lab, dir: string, pattern: string): Cost =>
  measure(
    [
      join(root, "bin/novasweep.js"),
      "status",
      pattern,
      "-i",
      lab.inventoryPath,
      "--known-hosts",
      lab.knownHostsPath,
      "--identity",
      lab.keyPath,
      "--state-dir",
      join(dir, "state"),
      "--format",
      "json",
      "--output",
      "lines",
      "-j",
      "32",
      "--connect-parallel",
      "32",
    ],
    join(dir, "report.json"),
    [0],
  );

const bare = (lab: Lab, dir: string, count: number): Cost =>
  measure(
    [join(root, "scripts/bench/bare-ssh2.js"), lab.inventoryPath, lab.keyPath, String(count), "32"],
    join(dir, "report.json"),
    [0],
  );

const starts = (args: readonly string[]): number =>
  median(
    Array.from({ length: STARTS }, () => {
      const started = performance.now();
      spawnSync(node, args);
      return performance.now() - started;
    }),
  );

const dir = mkdtempSync(join(tmpdir(), "novasweep-bench-"));
const lab = await startLab({ nodes: HOSTS, parentDir: dir });
try {
  const [ours, theirs, one]: [Cost[], Cost[], Cost[]] = [[], [], []];
  const first = lab.nodes[0]?.name ?? "cn001";
  survey(lab, dir, first);
  for (let round = 1; round <= ROUNDS; round++) {
    ours.push(survey(lab, dir, "all"));
    theirs.push(bare(lab, dir, HOSTS));
    one.push(survey(lab, dir, first));
    console.log(
      `round ${round}: novasweep ${ours.at(-1)?.cpuMs.toFixed(0)} ms CPU, bare ssh2 ${theirs.at(-1)?.cpuMs.toFixed(0)} ms CPU`,
    );
  }
  const of = (costs: readonly Cost[], key: keyof Cost): number => median(costs.map((cost) => cost[key]));
  const help = starts([join(root, "bin/novasweep.js"), "--help"]);
  const nothing = starts(["-e", "0"]);
  const cpuRatio = of(ours, "cpuMs") / of(theirs, "cpuMs");
  const rss = (of(ours, "rssMiB") - of(one, "rssMiB")) / (HOSTS - 1);
  const table = [
    "| what | novasweep | beside it | ratio | wanted |",
    "| --- | --- | --- | --- | --- |",
    `| survey of ${HOSTS} hosts, controller CPU a host | ${(of(ours, "cpuMs") / HOSTS).toFixed(2)} ms | ${(of(theirs, "cpuMs") / HOSTS).toFixed(2)} ms (bare ssh2, same probe) | ${cpuRatio.toFixed(2)} | 1.50 at most |`,
    `| the same, wall | ${(of(ours, "wallMs") / 1000).toFixed(2)} s | ${(of(theirs, "wallMs") / 1000).toFixed(2)} s | ${(of(ours, "wallMs") / of(theirs, "wallMs")).toFixed(2)} | |`,
    `| the same, memory a host beyond the first | ${rss.toFixed(3)} MiB | peak ${of(ours, "rssMiB").toFixed(0)} MiB at ${HOSTS}, ${of(one, "rssMiB").toFixed(0)} MiB at 1 | | 0.5 MiB at most |`,
    `| \`novasweep --help\` | ${help.toFixed(0)} ms | ${nothing.toFixed(0)} ms (\`node -e 0\`) | ${(help / nothing).toFixed(2)} | 3.00 at most |`,
  ].join("\n");
  console.log(`\n${table}`);
  writeFileSync(
    join(root, "docs/benchmarks.md"),
    `# Benchmarks\n\nWritten by \`npm run bench\`; medians of ${ROUNDS} rounds (of ${STARTS} starts for the last row), all in one run, ${cpus().length} cores shared with the ${HOSTS} simulated nodes, Node ${process.versions.node}. CPU is user and system time of the whole controller process, its start included, 32 hosts at once. Bare ssh2 is \`scripts/bench/bare-ssh2.js\`: one \`Client\` a host, connect, one exec, the same probe on stdin, its output drained, nothing checked. Ratios count; the milliseconds are this machine's.\n\n${table}\n`,
  );
} finally {
  await lab.stop();
  rmSync(dir, { recursive: true, force: true });
}
