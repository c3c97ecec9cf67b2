/** Rolls out to real nodes with each fault of the demo's table, and demands what the table says. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { expectFault, faultOptions, goesBad, type NamedFault } from "../fault-runs.ts";
import { type RealFleet, startRealFleet } from "../fleet/fleet.ts";
import { against, novasweep, scratch } from "../novasweep.ts";
import { arm, DROPPED, faultySpec } from "./table.ts";
import { computeUp } from "./whole.ts";

// Nearly all of a run is waiting; more at once would only make two cores swap.
vi.setConfig({ maxConcurrency: 8 });

const healthyName = (fault: NamedFault): string => `ok-${fault.name}`;

export const tryRealFaults = (faults: readonly NamedFault[]): void => {
  const dir = scratch("real-faults");
  let fleet: RealFleet;
  beforeAll(async () => {
    const healthy = { release: "juno", layout: "legacy", realCompute: true } as const;
    // In the inventory's order: the healthy one is the canary.
    fleet = await startRealFleet(
      faults.flatMap((fault) => [
        ...(goesBad(fault) ? [{ ...healthy, name: healthyName(fault) }] : []),
        faultySpec(fault.name, fault.name),
      ]),
    );
    for (const { name } of faults) arm(name, fleet.node(name));
    await Promise.all(fleet.nodes.filter(({ spec }) => spec.realCompute === true).map(computeUp));
  }, 240_000);
  afterAll(async () => {
    await fleet?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  describe.concurrent("a rollout to a real node that", () => {
    it.each(faults.map((fault) => [fault.does, fault] as const))("%s", { timeout: 600_000 }, async (_, fault) => {
      const ok = goesBad(fault) ? healthyName(fault) : undefined;
      const hosts = ok === undefined ? [fault.name] : [ok, fault.name];
      const clock = fault.name === "silent-banner" ? "3s" : "60s";
      const ran = await novasweep(["rollout", ...hosts, ...against(fleet, join(dir, "state")), ...faultOptions(clock)]);
      expectFault(fault, ran, fault.name, ok);
      if (fault.name === "drop") expect(fleet.node(fault.name).has(DROPPED)).toBe(true);
    });
  });
};
