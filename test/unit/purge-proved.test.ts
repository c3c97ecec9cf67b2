/** How a host of a purge ends: what all scripts of the run say they took out, beside what is seen. */
import { expect, it } from "vitest";
import type { Purged } from "../../src/domain/event.ts";
import { purgeJob } from "../../src/engine/purge-job.ts";
import { junoDone } from "../support/facts.ts";
import { trashAt } from "../support/fleet-events.ts";
import { host, planFor } from "../support/scripted-host.ts";

const place = trashAt("/var/lib/nova/images");
const said = (files: number): Purged => ({
  change: "legacy.remove",
  target: "/var/lib/nova/images",
  files,
  bytes: files * 100,
  announced: place.freed,
});
const job = purgeJob({
  asked: { subject: "legacy", includeForeign: [] },
  accepted: { thisBootEnvironment: false, breakStaleLock: false },
  deadlines: { stepS: 60, hostS: 600, changeS: 600, runS: 3600 },
});

it.each([
  ["nothing at first, then all", [0, 3], { outcome: "changed" }],
  ["two, then the third", [2, 1], { outcome: "changed" }],
  ["two", [2], { outcome: "changed", note: "2 of 3 files went from /var/lib/nova/images" }],
  ["nothing, twice", [0, 0], { outcome: "failed", failure: { message: "nothing went from /var/lib/nova/images" } }],
])("scripts that took out %s", (_, files, ending) => {
  const proved = job.proved(host, junoDone, { plan: planFor([place]), purged: files.map(said) });
  expect(proved).toMatchObject(ending);
  if (!("note" in ending)) expect(proved.note).toBeUndefined();
});
