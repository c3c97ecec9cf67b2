/** Costs of several rounds and what they come to. */
import type { Cost } from "./meter.ts";

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
};

/** What each tool cost, round by round. */
export class Costs {
  readonly #costs = new Map<string, Cost[]>();

  add(tool: string, cost: Cost): void {
    this.#costs.set(tool, [...this.of(tool), cost]);
  }

  of(tool: string): readonly Cost[] {
    return this.#costs.get(tool) ?? [];
  }

  /** The median over a tool's rounds; NaN when it had none. */
  median(tool: string, of: (cost: Cost) => number): number {
    return median(this.of(tool).map(of));
  }
}

export const cpu = (cost: Cost): number => cost.cpuMs;
export const wall = (cost: Cost): number => cost.wallMs;
export const peak = (cost: Cost): number => cost.peakMiB;
/** What the nodes spent: all but the tool. */
export const nodesCpu = (cost: Cost): number => cost.allMs - cost.cpuMs;
