/** Every tool's surveys and rollouts of real nodes, in turn, round by round, so that the machine's moods fall on all. */
import { Costs } from "./costs.ts";
import type { Cost, Meter } from "./meter.ts";
import { type Nodes, proveRollout, startNodes } from "./nodes.ts";
import { tools } from "./tools.ts";

export interface Rounds {
  readonly hosts: number;
  /** Of surveys, whose cost is the controller's. */
  readonly rounds: number;
  /** Of rollouts, whose cost is the nodes': a round of them takes four times as long as one of surveys. */
  readonly rolloutRounds: number;
  readonly rolloutHosts: number;
}

export interface RealCosts {
  readonly surveys: Costs;
  readonly rollouts: Costs;
}

/** A fleet for as long as `use` takes. */
export const withNodes = async <T>(dir: string, hosts: number, use: (nodes: Nodes) => T): Promise<T> => {
  const nodes = await startNodes(dir, hosts);
  try {
    return use(nodes);
  } finally {
    await nodes.fleet.stop();
  }
};

const report = (round: number, what: string, name: string, hosts: number, cost: Cost): void => {
  const took = `${(cost.wallMs / 1000).toFixed(2)} s, CPU ${(cost.cpuMs / hosts).toFixed(2)} ms a host`;
  const nodes = `nodes ${((cost.allMs - cost.cpuMs) / hosts).toFixed(1)} ms a host`;
  const others = `others on the machine ${(cost.othersMs / 1000).toFixed(2)} s`;
  console.log(`round ${round}, ${what}: ${name} ${took}, peak ${cost.peakMiB.toFixed(0)} MiB, ${nodes}; ${others}`);
};

/** A survey leaves nothing behind: all tools look at the same nodes. */
const surveyAll = (meter: Meter, dir: string, round: number, hosts: number, surveys: Costs): Promise<void> =>
  withNodes(dir, hosts, (nodes) => {
    for (const tool of tools) {
      const cost = meter.run(tool.survey(nodes), hosts);
      surveys.add(tool.name, cost);
      report(round, "survey", tool.name, hosts, cost);
    }
  });

/** Each tool gets nodes that nobody has touched, and has to have done it. */
const rollOutAll = async (meter: Meter, dir: string, round: number, hosts: number, rollouts: Costs): Promise<void> => {
  for (const tool of tools)
    await withNodes(dir, hosts, (nodes) => {
      const since = Date.now();
      const cost = meter.run(tool.rollout(nodes), hosts);
      proveRollout(nodes, since);
      rollouts.add(tool.name, cost);
      report(round, "rollout", tool.name, hosts, cost);
    });
};

export const measureReal = async (meter: Meter, dir: string, plan: Rounds): Promise<RealCosts> => {
  const costs = { surveys: new Costs(), rollouts: new Costs() };
  for (let round = 1; round <= Math.max(plan.rounds, plan.rolloutRounds); round++) {
    if (round <= plan.rounds) await surveyAll(meter, dir, round, plan.hosts, costs.surveys);
    if (round <= plan.rolloutRounds) await rollOutAll(meter, dir, round, plan.rolloutHosts, costs.rollouts);
  }
  return costs;
};
