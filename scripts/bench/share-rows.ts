/** The journal's share in the wall time of a rollout over the lab. Needs no root. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startLab } from "../../src/lab/start.ts";
import { novasweep } from "../../test/support/novasweep.ts";
import { sceneNode } from "../../test/support/operator.ts";
import { atMost, type Figure } from "./figures.ts";
import type { JournalCost } from "./journal-watch.ts";
import { AT_ONCE, rollout } from "./novasweep.ts";

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

/** An event that is made a line holds up every host, one that waits for the disk itself alone, of those at once. */
export const shareFigures = async (dir: string, hosts: number): Promise<readonly Figure[]> => {
  const { wallMs, acceptMs, events, waitedMs, waits } = await measure(dir, hosts);
  const ms = (value: number): string => `${value.toFixed(0)} ms`;
  const costMs = acceptMs + waitedMs / Math.min(hosts, Number(AT_ONCE));
  console.log(
    `rollout of ${hosts} hosts of the lab, ${ms(wallMs)}: ${events} events into the journal ${ms(acceptMs)},` +
      ` ${waits} waits for the disk ${ms(waitedMs)}; ${((100 * costMs) / wallMs).toFixed(2)} % of the wall`,
  );
  return [
    {
      what: `the journal in a rollout of ${hosts} hosts of the lab / its wall`,
      ours: ms(costMs),
      beside: `${ms(wallMs)} (the rollout)`,
      value: costMs / wallMs,
      wanted: atMost(0.05),
    },
  ];
};
