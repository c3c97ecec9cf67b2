/**
 * npm run bench: what a survey and a rollout cost the controller, beside the tools one would use instead, on the same real
 * sshd nodes in the same run; a survey of the lab; a start; the cleaner on a large cache; the journal. Prints tables and writes
 * docs/benchmarks.md. It is no test.
 *
 * The nodes need root. An ordinary user gets the rows of the lab, the cleaner and the journal, and the page stays as it is.
 *
 *   BENCH_HOSTS=200 BENCH_ROUNDS=5      for a short try less of both; the page stays as it is then, too
 *   BENCH_ROLLOUT_HOSTS=40 BENCH_ROLLOUT_ROUNDS=5   of rollouts, whose cost is the nodes': 200 would take 45 minutes a round
 *   BENCH_PROFILE=DIR                   keeps the CPU profile of our survey there
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cleanerFigures } from "./bench/cleaner-rows.ts";
import { realFigures } from "./bench/figures.ts";
import { gexFigures } from "./bench/gex-rows.ts";
import { journalFigures } from "./bench/journal-rows.ts";
import { labFigures } from "./bench/lab-rows.ts";
import { Meter } from "./bench/meter.ts";
import { enterOwnGroup } from "./bench/own-group.ts";
import { page, type Results, resultText } from "./bench/page.ts";
import { profileSurvey } from "./bench/profile.ts";
import { measureReal, type Rounds, withNodes } from "./bench/real-rounds.ts";
import { missing } from "./bench/tools.ts";

const FULL = { hosts: 200, rounds: 5, rolloutHosts: 40 };
const rounds = Number(process.env["BENCH_ROUNDS"] ?? FULL.rounds);
const plan: Rounds = {
  hosts: Number(process.env["BENCH_HOSTS"] ?? FULL.hosts),
  rounds,
  rolloutRounds: Number(process.env["BENCH_ROLLOUT_ROUNDS"] ?? rounds),
  rolloutHosts: Number(process.env["BENCH_ROLLOUT_HOSTS"] ?? FULL.rolloutHosts),
};
const isFull =
  plan.hosts >= FULL.hosts &&
  plan.rounds >= FULL.rounds &&
  plan.rolloutRounds >= 1 &&
  plan.rolloutHosts >= FULL.rolloutHosts;
const isRoot = process.getuid?.() === 0;

/** The rows of the lab, the cleaner and the journal; as root everything else besides. */
const measure = async (meter: Meter, dir: string): Promise<Results> => {
  if (!isRoot)
    return {
      figures: [
        ...(await labFigures(meter, dir, plan.hosts, plan.rounds)),
        ...(await cleanerFigures(plan.rounds)),
        ...(await journalFigures(dir, plan.hosts, plan.rounds)),
      ],
      plan,
    };
  const real = await measureReal(meter, dir, plan);
  const shares = await withNodes(dir, plan.hosts, (nodes) =>
    profileSurvey(meter, nodes, plan.hosts, process.env["BENCH_PROFILE"]),
  );
  const lab = await labFigures(meter, dir, plan.hosts, plan.rounds);
  const gex = await gexFigures(meter, dir, plan.rounds);
  const cleaner = await cleanerFigures(plan.rounds);
  const journal = await journalFigures(dir, plan.hosts, plan.rounds);
  return {
    figures: [...realFigures(real.surveys, real.rollouts, plan.hosts), ...lab, ...gex, ...cleaner, ...journal],
    plan,
    real,
    shares,
  };
};

if (!isRoot) console.log("real nodes need root: only the rows of the lab, the cleaner and the journal are measured");
else if (missing.length > 0)
  console.log(
    `skipped: ${missing.map(({ name }) => name).join(", ")}; to have them: apt-get install --no-install-recommends ${missing.map(({ debian }) => debian).join(" ")}`,
  );
// Short: OpenSSH's control sockets lie below it, and their paths have to fit 108 bytes.
const dir = mkdtempSync(join(tmpdir(), "nsb-"));
const group = isRoot ? enterOwnGroup() : undefined;
try {
  const results = await measure(new Meter(group?.path ?? "-", dir), dir);
  console.log(`\n${resultText(results)}`);
  if (isRoot && isFull && missing.length === 0)
    writeFileSync(new URL("../docs/benchmarks.md", import.meta.url), page(results));
  else console.log("\ndocs/benchmarks.md stays: it is written by a full run as root with all peers");
} finally {
  rmSync(dir, { recursive: true, force: true });
  group?.leave();
}
