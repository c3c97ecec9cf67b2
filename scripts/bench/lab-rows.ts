/** What needs no root: a survey of the lab's nodes beside bare ssh2, memory by the host, and a start. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { defaultSettings } from "../../src/domain/settings.ts";
import { startLab } from "../../src/lab/start.ts";
import { probeScript } from "../../src/remote/script.ts";
import { Costs, cpu, median } from "./costs.ts";
import { atMost, type Figure } from "./figures.ts";
import type { Meter } from "./meter.ts";
import { program, survey } from "./novasweep.ts";
import { bare } from "./tools.ts";

const STARTS = 21;

const starts = (args: readonly string[]): number =>
  median(
    Array.from({ length: STARTS }, () => {
      const started = performance.now();
      spawnSync(process.execPath, args);
      return performance.now() - started;
    }),
  );

const OURS = "novasweep";
const THEIRS = "bare ssh2";
const ONE = "novasweep, one host";

/** Surveys of a lab of so many hosts, in turn with bare ssh2 and with a survey of one host. */
const measureLab = async (meter: Meter, dir: string, hosts: number, rounds: number): Promise<Costs> => {
  const lab = await startLab({ nodes: hosts, parentDir: dir });
  try {
    const probe = join(dir, "lab-probe.sh");
    writeFileSync(probe, labProbe());
    const first = lab.nodes[0]?.name ?? "cn01";
    // Fills the compile cache.
    meter.run(survey(lab, dir, first), 1);
    const costs = new Costs();
    for (let round = 1; round <= rounds; round++) {
      costs.add(OURS, meter.run(survey(lab, dir), hosts));
      costs.add(THEIRS, meter.run(bare(lab, probe), hosts));
      costs.add(ONE, meter.run(survey(lab, dir, first), 1));
      const ms = (tool: string): string => `${costs.of(tool).at(-1)?.cpuMs.toFixed(0)} ms CPU`;
      console.log(`lab, round ${round}: ${OURS} ${ms(OURS)}, ${THEIRS} ${ms(THEIRS)}`);
    }
    return costs;
  } finally {
    await lab.stop();
  }
};

const labProbe = (): string =>
  probeScript({
    nonce: "0123456789abcdef",
    run: "bench",
    controller: "bench",
    operator: "bench",
    wantUid: "0",
    settings: defaultSettings,
    sendConf: false,
  });

export const labFigures = async (
  meter: Meter,
  dir: string,
  hosts: number,
  rounds: number,
): Promise<readonly Figure[]> => {
  const costs = await measureLab(meter, dir, hosts, rounds);
  const [ours, theirs] = [costs.median(OURS, cpu) / hosts, costs.median(THEIRS, cpu) / hosts];
  const [many, one] = [costs.median(OURS, (it) => it.largestMiB), costs.median(ONE, (it) => it.largestMiB)];
  const [help, nothing] = [starts([program, "--help"]), starts(["-e", "0"])];
  return [
    {
      what: `survey of ${hosts} hosts of the lab, controller CPU a host`,
      ours: `${ours.toFixed(2)} ms`,
      beside: `${theirs.toFixed(2)} ms (bare ssh2)`,
      value: ours / theirs,
      wanted: atMost(1.5),
    },
    {
      what: "the same, memory a host beyond the first, MiB",
      ours: `${many.toFixed(0)} MiB at ${hosts}`,
      beside: `${one.toFixed(0)} MiB at 1`,
      value: (many - one) / Math.max(1, hosts - 1),
      wanted: atMost(0.5),
    },
    {
      what: `\`novasweep --help\`, wall, median of ${STARTS}`,
      ours: `${help.toFixed(0)} ms`,
      beside: `${nothing.toFixed(0)} ms (\`node -e 0\`)`,
      value: help / nothing,
      wanted: atMost(3),
    },
  ];
};
