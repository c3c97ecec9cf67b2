/** The figures that are wanted, each with what it came to. */
import { cpus } from "node:os";
import { type Costs, cpu, wall } from "./costs.ts";
import { ANSIBLE, BARE, CLUSH, NOVASWEEP, XARGS } from "./tools.ts";

export interface Bound {
  readonly text: string;
  holds(value: number): boolean;
}

export interface Figure {
  readonly what: string;
  readonly ours: string;
  readonly beside: string;
  /** A ratio, unless `what` says otherwise; NaN when it was not measured. */
  readonly value: number;
  readonly wanted: Bound;
}

export const atMost = (bound: number): Bound => ({
  text: `${bound.toFixed(2)} at most`,
  holds: (value) => value <= bound,
});
export const atLeast = (bound: number): Bound => ({
  text: `${bound.toFixed(2)} at least`,
  holds: (value) => value >= bound,
});

export const SURVEY_CPU = "survey, controller CPU a host";
export const SURVEY_WALL = "survey, wall";
export const ROLLOUT_WALL = "rollout, wall";

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;

/** A figure of ours divided by a peer's. */
const ratio = (
  what: string,
  wanted: Bound,
  peer: string,
  of: (tool: string) => number,
  print: (value: number) => string,
): Figure => ({
  what,
  ours: print(of(NOVASWEEP)),
  beside: `${print(of(peer))} (${peer})`,
  value: of(NOVASWEEP) / of(peer),
  wanted,
});

/** Of the CPU that the cores had during a survey, how much went to it, nodes included: what is left is waiting. */
const machineShare = (surveys: Costs): Figure => {
  const all = surveys.median(NOVASWEEP, (cost) => cost.allMs);
  const could = surveys.median(NOVASWEEP, wall) * cpus().length;
  return {
    what: "during a survey, CPU of all our processes and the nodes' / what the cores had",
    ours: seconds(all),
    beside: `${seconds(could)} (${cpus().length} x wall)`,
    value: surveys.median(NOVASWEEP, (cost) => cost.allMs / (cost.wallMs * cpus().length)),
    wanted: atLeast(0.87),
  };
};

export const realFigures = (surveys: Costs, rollouts: Costs, hosts: number): readonly Figure[] => {
  const ms = (value: number): string => `${value.toFixed(2)} ms`;
  const surveyCpu = (tool: string): number => surveys.median(tool, cpu) / hosts;
  const surveyWall = (tool: string): number => surveys.median(tool, wall);
  const rolloutWall = (tool: string): number => rollouts.median(tool, wall);
  return [
    ratio(SURVEY_CPU, atMost(0.45), XARGS, surveyCpu, ms),
    ratio(SURVEY_CPU, atMost(1.5), BARE, surveyCpu, ms),
    ratio(SURVEY_WALL, atMost(0.85), CLUSH, surveyWall, seconds),
    machineShare(surveys),
    ratio(ROLLOUT_WALL, atMost(0.1), ANSIBLE, rolloutWall, seconds),
  ];
};
