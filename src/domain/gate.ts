import type { GateRule } from "./plan.ts";

/** What the gate is asked with, whenever a host settles and before one starts. */
export interface GateState {
  /** Hosts that became failed, unknown or unreachable after acceptance. */
  readonly bad: number;
  /** Whether one of them was in the canary wave. */
  readonly canaryBad: boolean;
  /** Hosts now between conf edit and proof: each may still break its nova-compute. */
  readonly atRisk: number;
}

export type GateVerdict = { readonly open: true } | { readonly open: false; readonly reason: string };

/** Whether another host may start at all. It closes at the host that exceeds the number, and at any bad canary. */
export const gate = ({ maxBad }: GateRule, { bad, canaryBad }: GateState): GateVerdict => {
  if (canaryBad) return { open: false, reason: "a host of the canary wave went bad" };
  return bad > maxBad ? { open: false, reason: `${bad} hosts went bad, ${maxBad} are allowed` } : { open: true };
};

/**
 * Whether a host that will edit nova.conf may start now: at most (what is left of the budget + 1) are at risk at once,
 * so that never more than maxBad + 1 nova-computes can be broken, whatever they all do next.
 */
export const mayRisk = (rule: GateRule, state: GateState): boolean =>
  gate(rule, state).open && state.atRisk < rule.maxBad - state.bad + 1;

/** The larger of 1 and 5 % of the hosts to change, rounded down. */
export const defaultMaxBad = (changing: number): number => Math.max(1, Math.floor(changing / 20));
