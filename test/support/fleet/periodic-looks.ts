/** What the tests look at where svc.periodicd is a process: the log, the restarter's properties, and a witness. */
import { expect, vi } from "vitest";
import { type Cleaned, readCleaned } from "./cleaner-run.ts";
import type { RealNode } from "./node.ts";
import { WAIT_MS } from "./node-looks.ts";

export const CLEANER = "svc:/site/nova-cache-cleanup:default";
const LOG = "/var/svc/log/site-nova-cache-cleanup:default.log";

export interface MethodRun extends Cleaned {
  /** What the restarter wrote of its end; the method's own lines are `out`. */
  readonly ended: string;
}

/** Every run the cleaner's log has, oldest first, those under way left out. */
export const runsOf = (node: RealNode): readonly MethodRun[] =>
  (node.has(LOG) ? node.read(LOG) : "")
    .split(/^\[ .* Executing start method \("\/lib\/svc\/method\/nova-cache-cleanup"\)\. \]\n/m)
    .slice(1)
    .flatMap((text) => {
      const end = /^\[ .* Method "start" exited with status (\d+)\. \]\n/m.exec(text);
      if (end === null) return [];
      return [{ ...readCleaned(Number(end[1]), text.slice(0, end.index)), ended: end[0] }];
    });

const until = <T>(look: () => T): Promise<T> => vi.waitFor(look, { timeout: WAIT_MS, interval: 50 });

/** Until so many more runs have ended than before; those. */
export const untilRuns = async (node: RealNode, before: number, more: number): Promise<readonly MethodRun[]> =>
  until(() => {
    const runs = runsOf(node).slice(before);
    expect(runs.length, `runs after the first ${before}`).toBeGreaterThanOrEqual(more);
    return runs;
  });

/** A property of the cleaner's instance; empty when it has none. */
export const property = (node: RealNode, name: string): string =>
  node.run(["/usr/bin/svcprop", "-p", name, CLEANER]).out.trim();

export const untilState = (node: RealNode, state: string): Promise<void> =>
  until(() => expect(property(node, "restarter/state")).toBe(state));

const WITNESS = "/var/lib/nova/witness.log";

/**
 * Another periodic instance of nova's, of the same period, whose runs show that the restarter is at work, and for how long
 * it has been, while the cleaner does not run.
 */
export const startWitness = (node: RealNode, periodS: number): void => {
  const says = `printf '%s\\n' "$(/usr/xpg4/bin/id -un) $(/usr/xpg4/bin/id -Gn) $(env | sort | tr '\\n' ' ')"`;
  node.write("/lib/svc/method/witness", `#!/bin/sh\n${says} >>${WITNESS}\n`);
  node.write(
    "/lib/svc/manifest/site/witness.xml",
    `<?xml version="1.0"?>
<!DOCTYPE service_bundle SYSTEM "/usr/share/lib/xml/dtd/service_bundle.dtd.1">
<service_bundle type="manifest" name="site/witness">
  <service version="1" type="service" name="site/witness">
    <instance enabled="true" name="default">
      <periodic_method period="${periodS}" exec="/lib/svc/method/witness" timeout_seconds="60">
        <method_context><method_credential user="nova" group="nova"/></method_context>
      </periodic_method>
    </instance>
  </service>
</service_bundle>
`,
  );
  node.sh("chmod 755 /lib/svc/method/witness; svccfg import /lib/svc/manifest/site/witness.xml");
};

/** The witness's lines so far: user, groups, environment. */
export const witnessOf = (node: RealNode): readonly string[] =>
  (node.has(WITNESS) ? node.read(WITNESS) : "").split("\n").slice(0, -1);

/** Until the witness has run so many times more. */
export const untilWitnessed = async (node: RealNode, more: number): Promise<void> => {
  const before = witnessOf(node).length;
  await until(() => expect(witnessOf(node).length).toBeGreaterThanOrEqual(before + more));
};
