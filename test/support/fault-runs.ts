/** Rolls out to a node with each fault, after a healthy one where the fault is no canary's, and demands the outcome, the code and the exit status of the table. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Fault, FaultName } from "../../src/lab/faults.ts";
import { fleetSpecs, type NodeSpec } from "../../src/lab/node-spec.ts";
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

/** What can go bad after the plan was accepted must not be the canary: that would close the gate and be another exit status. */
export const goesBad = ({ outcome }: NamedFault): boolean => outcome === "failed" || outcome === "unknown";

/** The names of the hosts of one rollout: a healthy one goes first where the other must not be the canary. */
const hostsOf = (fault: NamedFault): { readonly ok?: string; readonly bad: string } =>
  goesBad(fault) ? { ok: `ok-${fault.name}`, bad: fault.name } : { bad: fault.name };

const specsOf = (fault: NamedFault): readonly NodeSpec[] => {
  const { ok, bad } = hostsOf(fault);
  const specs = fleetSpecs(2, [{ name: fault.name, count: 1 }]);
  return specs.flatMap((spec) => {
    const name = spec.fault === undefined ? ok : bad;
    return name === undefined ? [] : [{ ...spec, name }];
  });
};

export const tryFaults = (faults: readonly NamedFault[]): void => {
  const dir = scratch("faults");
  let lab: Lab;
  beforeAll(async () => {
    const specs = faults.flatMap(specsOf);
    lab = await startLab({ nodes: specs.length, specs, parentDir: dir });
  });
  afterAll(async () => {
    await lab?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  describe.concurrent("a rollout over a node that", () => {
    it.each(faults.map((fault) => [fault.does, fault] as const))("%s", { timeout: 400_000 }, async (_, fault) => {
      const { ok, bad } = hostsOf(fault);
      const hosts = ok === undefined ? [bad] : [ok, bad];
      const where = against(lab, join(dir, "state"));
      expectFault(fault, await novasweep(["rollout", ...hosts, ...where, ...faultOptions("3s")]), bad, ok);
    });
  });
};
