/** Rolls out to a healthy node and one with each fault, and demands the outcome, the code and the exit status of the table. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Fault, FaultName } from "../../src/lab/faults.ts";
import { fleetSpecs } from "../../src/lab/node-spec.ts";
import { type Lab, startLab } from "../../src/lab/start.ts";
import { against, codesOf, eventsOf, novasweep, outcomesOf, scratch } from "./novasweep.ts";

export const tryFaults = (faults: readonly (Fault & { readonly name: FaultName })[]): void => {
  const dir = scratch("faults");
  let lab: Lab;
  beforeAll(async () => {
    // A healthy node goes first, so that the fault is not the canary's.
    lab = await startLab({
      nodes: 2 * faults.length,
      specs: faults.flatMap(({ name }, at) =>
        fleetSpecs(2, [{ name, count: 1 }]).map((spec) => ({
          ...spec,
          name: `${spec.fault === undefined ? "ok" : "bad"}${at}`,
        })),
      ),
      parentDir: dir,
    });
  });
  afterAll(async () => {
    await lab?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  describe.concurrent("a rollout over a healthy node and one that", () => {
    it.each(faults.map((fault, at) => [fault.does, fault, at] as const))(
      "%s",
      { timeout: 400_000 },
      async (_, fault, at) => {
        const ran = await novasweep([
          "rollout",
          `ok${at}`,
          `bad${at}`,
          ...against(lab, join(dir, "state")),
          "--yes",
          "--soak",
          "2s",
          "--max-missing",
          "100%",
          "--max-bad",
          "100%",
          "--waves",
          "1",
          "--connect-timeout",
          "3s",
          "--output",
          "ndjson",
        ]);
        const events = eventsOf(ran);
        const said = `${ran.stderr}\n${ran.stdout.slice(-3000)}`;
        expect(outcomesOf(events), said).toEqual({ [`ok${at}`]: "changed", [`bad${at}`]: fault.outcome });
        const codes: readonly string[] = fault.codes;
        if (codes.length > 0)
          expect(
            codesOf(events, `bad${at}`).some((code) => codes.includes(code)),
            said,
          ).toBe(true);
        expect(ran.status, said).toBe(fault.exit);
      },
    );
  });
};
