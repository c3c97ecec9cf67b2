/** Rolls out to a healthy node and one with each fault, and demands the outcome, the code and the exit status of the table. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Fault, FaultName } from "../../src/lab/faults.ts";
import { fleetSpecs } from "../../src/lab/node-spec.ts";
import { type Lab, startLab } from "../../src/lab/start.ts";
import { against, codesOf, eventsOf, novasweep, outcomesOf, type Ran, scratch } from "./novasweep.ts";

export type NamedFault = Fault & { readonly name: FaultName };

/** The options of a rollout over few hosts, in which one host's trouble closes no gate but the canary's. */
export const faultOptions = (connectTimeout: string, soak = "2s"): readonly string[] => [
  "--yes",
  "--soak",
  soak,
  "--max-missing",
  "100%",
  "--max-bad",
  "100%",
  "--waves",
  "1",
  "--connect-timeout",
  connectTimeout,
  "--output",
  "ndjson",
];

/** What the table of faults says of a rollout over `bad`, and a healthy node before it where there is one. */
export const expectFault = (fault: NamedFault, ran: Ran, bad: string, ok?: string): void => {
  const events = eventsOf(ran);
  const said = `${ran.stderr}\n${ran.stdout.slice(-3000)}`;
  const healthy = ok === undefined ? {} : { [ok]: "changed" };
  expect(outcomesOf(events), said).toEqual({ ...healthy, [bad]: fault.outcome });
  const codes: readonly string[] = fault.codes;
  if (codes.length > 0)
    expect(
      codesOf(events, bad).some((code) => codes.includes(code)),
      said,
    ).toBe(true);
  expect(ran.status, said).toBe(fault.exit);
};

export const tryFaults = (faults: readonly NamedFault[]): void => {
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
        const [ok, bad] = [`ok${at}`, `bad${at}`];
        const where = against(lab, join(dir, "state"));
        expectFault(fault, await novasweep(["rollout", ok, bad, ...where, ...faultOptions("3s")]), bad, ok);
      },
    );
  });
};
