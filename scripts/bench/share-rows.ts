/** The journal's share in the wall time of a rollout over the lab. Needs no root. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startLab } from "../../src/lab/start.ts";
import { novasweep } from "../../test/support/novasweep.ts";
import { sceneNode } from "../../test/support/operator.ts";
import { atMost, type Figure } from "./figures.ts";
import type { JournalCost } from "./journal-watch.ts";
import { rollout } from "./novasweep.ts";

const watching = new URL("journal-watch.ts", import.meta.url).href;

/** One rollout of so many nodes that all need every step. */
const measure = async (dir: string, hosts: number): Promise<JournalCost> => {
  const specs = Array.from({ length: hosts }, (_, at) => sceneNode("cn", at + 1));
  const lab = await startLab({ nodes: hosts, specs, parentDir: dir });
  try {
    const watched = join(dir, "journal-cost.json");
    const [, , ...words] = rollout(lab, dir).words;
    const env = { JOURNAL_WATCH: watched, NODE_OPTIONS: `--import=${watching}` };
    const ran = await novasweep(words, { env });
    if (ran.status !== 0) throw new Error(`the rollout ended with ${ran.status}: ${ran.stderr.slice(-3000)}`);
    return JSON.parse(readFileSync(watched, "utf8"));
  } finally {
    await lab.stop();
  }
};

export const shareFigures = async (dir: string, hosts: number): Promise<readonly Figure[]> => {
  const { wallMs, acceptMs, waitedMs, events } = await measure(dir, hosts);
  const ms = (value: number): string => `${value.toFixed(0)} ms`;
  const percent = (value: number): string => `${((100 * value) / wallMs).toFixed(2)} %`;
  console.log(
    `rollout of ${hosts} hosts of the lab, ${ms(wallMs)}: ${events} events into the journal ${ms(acceptMs)} (${percent(acceptMs)}),` +
      ` waiting for the disk ${ms(waitedMs)} (${percent(waitedMs)})`,
  );
  return [
    {
      what: `the journal in a rollout of ${hosts} hosts of the lab / its wall`,
      ours: ms(acceptMs + waitedMs),
      beside: `${ms(wallMs)} (the rollout)`,
      value: (acceptMs + waitedMs) / wallMs,
      wanted: atMost(0.05),
    },
  ];
};
