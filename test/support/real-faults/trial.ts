/** Rollouts to a node of a real fleet that something happens to, and the plain one after it. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, vi } from "vitest";
import type { RunEvent } from "../../../src/domain/event.ts";
import { faultOptions } from "../fault-runs.ts";
import { type RealFleet, type RealSpec, startRealFleet } from "../fleet/fleet.ts";
import type { RealNode } from "../fleet/node.ts";
import { isLong } from "../long.ts";
import { against, eventsOf, novasweep, type Ran, scratch } from "../novasweep.ts";
import { CONF, computeUp, expectWhole, startsOf } from "./whole.ts";

// Nearly all of a trial is waiting; more at once would only make two cores swap.
vi.setConfig({ maxConcurrency: 8, testTimeout: 1_200_000 });

/** A node whose cache must move, so that nova.conf is edited and nova-compute restarted. */
export const movingNode = (name: string, more: Partial<RealSpec> = {}): RealSpec => ({
  name,
  release: "juno",
  layout: "legacy",
  realCompute: true,
  ...more,
});

export type Settled = Extract<RunEvent, { type: "host.settled" }>;

/** How a rollout over one host ended. */
export interface Ended {
  readonly settled: Settled;
  readonly status: number | null;
  /** Everything it said, for a failing test. */
  readonly said: string;
}

const endedOf = (ran: Ran): Ended => {
  const said = `${ran.stderr}\n${ran.stdout.slice(-6000)}`;
  const settled = eventsOf(ran).find((event): event is Settled => event.type === "host.settled");
  if (settled === undefined) throw new Error(`no host settled: ${said}`);
  return { settled, status: ran.status, said };
};

export interface RolloutOptions {
  readonly soak?: string;
  /** The way to the node, when it is not the fleet's. */
  readonly by?: { readonly inventoryPath: string; readonly knownHostsPath: string };
  readonly more?: readonly string[];
}

export interface Trials {
  readonly node: (name: string) => RealNode;
  /** nova.conf as every node has it at first. */
  readonly before: () => string;
  readonly rollout: (node: RealNode, options?: RolloutOptions) => Promise<Ended>;
  /** A plain rollout once the trouble is over: the node is then right, whatever it was before. */
  readonly mends: (node: RealNode, outcome: "changed" | "in-sync") => Promise<void>;
  /** A plain rollout to a node that is right, which finds nothing to do: in the long run, for it is one more of many. */
  readonly staysInSync: (node: RealNode) => Promise<void>;
}

/** One fleet for the tests of a file. */
export const trials = (specs: readonly RealSpec[]): Trials => {
  const dir = scratch("trials");
  let fleet: RealFleet;
  let before = "";
  beforeAll(async () => {
    fleet = await startRealFleet(specs);
    before = fleet.nodes[0]?.read(CONF) ?? "";
    await Promise.all(fleet.nodes.map(computeUp));
  }, 300_000);
  afterAll(async () => {
    await fleet?.stop();
    rmSync(dir, { recursive: true, force: true });
  }, 60_000);
  const rollout: Trials["rollout"] = async (node, { soak, by, more = [] } = {}) => {
    const words = [...against({ ...fleet, ...by }, join(dir, "state")), ...faultOptions("60s", soak), ...more];
    return endedOf(await novasweep(["rollout", node.name, ...words]));
  };
  const mends: Trials["mends"] = async (node, outcome) => {
    const { settled, status, said } = await rollout(node);
    expect([settled.outcome, status], said).toEqual([outcome, 0]);
    await expectWhole(node, before, "new");
  };
  return {
    node: (name) => fleet.node(name),
    before: () => before,
    rollout,
    mends,
    staysInSync: async (node) => {
      if (!isLong) return;
      const had = restarts(node);
      await mends(node, "in-sync");
      expect(restarts(node)).toBe(had);
    },
  };
};

/** What a trial must come to. `says` is part of the failure's, the refusal's or the note's sentence. */
export interface Expected {
  readonly outcome: Settled["outcome"];
  readonly code?: string;
  readonly says: string;
  readonly exit: number;
}

export const expectEnd = ({ settled, status, said }: Ended, expected: Expected): void => {
  const code = settled.failure?.code ?? settled.refusals?.[0]?.code;
  const words = [settled.failure?.message, ...(settled.refusals ?? []).map(({ message }) => message), settled.note];
  expect({ outcome: settled.outcome, code, exit: status }, said).toEqual({
    outcome: expected.outcome,
    code: expected.code,
    exit: expected.exit,
  });
  expect(words.filter(Boolean).join("; ")).toContain(expected.says);
};

/** Starts of nova-compute that a restart asked for. */
export const restarts = (node: RealNode): number => startsOf(node).filter((verb) => verb === "restart").length;
