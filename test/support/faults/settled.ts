/** What must hold when a fault is over: a lab's node is whole, and what the record says of it is what a new look finds. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { RunEvent } from "../../../src/domain/event.ts";
import type { Outcome } from "../../../src/domain/outcome.ts";
import type { LabNode } from "../../../src/lab/options.ts";
import { outcomesOf } from "../novasweep.ts";
import { confOf, isLocked } from "../operator.ts";
import { until } from "../real-faults/until.ts";
import { edited } from "../real-faults/whole.ts";

const RUN = "[0-9]{8}-[0-9]{6}-[0-9a-f]{6}";
/** nova-compute's contract on a node that was never touched: every start takes a new one. */
const FIRST_CONTRACT = "97";

/** Everything that may lie in a directory when no script is at work, by name; other names are something left behind. */
const mayHold: readonly (readonly [directory: string, names: RegExp])[] = [
  ["etc/nova", new RegExp(`^nova\\.conf(\\.novasweep-${RUN}(\\.json)?)?$`)],
  ["system/volatile", new RegExp(`^novasweep\\.result-${RUN}-[0-9a-f]{8}$`)],
  ["tmp", /^(?!)/],
  ["var/tmp", /^(?!)/],
  ["lib/svc/method", /^nova-cache-cleanup$/],
  ["lib/svc/manifest/site", /^nova-cache-cleanup\.xml$/],
  // The cleaner's lock is beside the caches, and a proof that a directory can be written is in them.
  ["var/lib/nova", /^[^.]/],
  ["var/lib/nova/images", /^[^.]/],
  ["export/nova", /^[^.]/],
  ["export/nova/images", /^[^.]/],
  ["var/share/nova/images", /^[^.]/],
];

const rootOf = ({ dir }: LabNode): string => join(dir, "root");

/** Paths below the node's root that a script, or the cleaner, should have taken away. */
export const leftOn = (node: LabNode): readonly string[] =>
  mayHold.flatMap(([directory, names]) => {
    const path = join(rootOf(node), directory);
    if (!existsSync(path)) return [];
    return readdirSync(path).flatMap((name) => (names.test(name) ? [] : [`${directory}/${name}`]));
  });

/** Which nova.conf the node has; its text when it is neither, which is what must never be. */
export const confIs = (node: LabNode, before: string): string => {
  const now = confOf(node);
  if (now === before) return "old";
  return now === edited(before) ? "new" : now;
};

/** How often nova-compute was restarted since the lab made the node. */
export const restartsOf = (node: LabNode): "never" | "once" | "more than once" => {
  const smf = join(node.dir, "state/smf");
  const names = readFileSync(join(smf, "names"), "utf8").split("\n");
  const dir = names.find((line) => line.includes("nova-compute:default "))?.split(" ")[1] ?? "";
  // Each restart writes the timeline anew, beginning with the contract that it ends.
  const [first = ""] = readFileSync(join(smf, dir, "timeline"), "utf8").split("\n");
  const [, , next, contract] = first.split(" ");
  if (contract !== FIRST_CONTRACT) return "more than once";
  return next === "none" ? "never" : "once";
};

/** Resolves when no script holds the node any more: one whose line was cut goes on by itself. Rejects after minutes. */
export const scriptEnded = (node: LabNode): Promise<void> =>
  until(`the script of ${node.name} has ended`, () => !isLocked(node));

/**
 * nova.conf is byte for byte `before`, or what a rollout makes of it; no lock, temporary file, or backup of an edit that
 * was not made is left. No script may be at work there: see `scriptEnded`.
 */
export const expectNodeWhole = (node: LabNode, before: string, conf: "old" | "new"): void => {
  expect(confIs(node, before), `${node.name}: nova.conf`).toBe(conf);
  expect(leftOn(node), `${node.name}: left behind`).toEqual([]);
  const beside = readdirSync(join(rootOf(node), "etc/nova"));
  if (conf === "old") expect(beside, `${node.name}: beside nova.conf`).toEqual(["nova.conf"]);
};

/** nova-compute was restarted once at most, and just when its configuration is another. */
export const expectOneRestart = (node: LabNode, conf: "old" | "new"): void =>
  expect(restartsOf(node), `${node.name}: restarts of nova-compute`).toBe(conf === "new" ? "once" : "never");

/** Outcomes that claim that the host is as it should be. */
const done: readonly Outcome[] = ["changed", "in-sync"];

/**
 * What a run's record says of each host is what the next rollout finds: done is in sync; of whatever else it says, the host
 * is put right, or is right, or is refused and the reason stands there.
 */
export const expectAgreement = (first: Readonly<Record<string, Outcome>>, second: readonly RunEvent[]): void => {
  const found = outcomesOf(second);
  expect(Object.keys(found).sort(), "hosts of the second run").toEqual(expect.arrayContaining(Object.keys(first)));
  for (const [host, outcome] of Object.entries(first)) {
    const allowed: readonly string[] = done.includes(outcome) ? ["in-sync"] : ["in-sync", "changed", "refused"];
    expect(allowed, `${host} was ${outcome}, then ${found[host]}`).toContain(found[host]);
  }
  for (const event of second)
    if (event.type === "host.settled" && event.outcome === "refused")
      expect(event.refusals?.[0]?.message, `${event.host}: why it is refused`).toMatch(/\S/);
};
