/** A node that is there when it is looked at, and has no sshd any more when its wave comes: on real nodes. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { faultOptions } from "../support/fault-runs.ts";
import { type RealFleet, startRealFleet } from "../support/fleet/fleet.ts";
import { against, codesOf, eventsOf, novasweep, outcomesOf, scratch } from "../support/novasweep.ts";
import { held, holdAt, letGo, moments } from "../support/real-faults/hold.ts";
import { openLine } from "../support/real-faults/line.ts";
import { movingNode } from "../support/real-faults/trial.ts";
import { CONF, computeUp, expectWhole } from "../support/real-faults/whole.ts";

const dir = scratch("away");
let fleet: RealFleet;
beforeAll(async () => {
  fleet = await startRealFleet([movingNode("first"), movingNode("gone"), movingNode("deaf")]);
  await Promise.all(fleet.nodes.map(computeUp));
}, 300_000);
afterAll(async () => {
  await fleet?.stop();
  rmSync(dir, { recursive: true, force: true });
}, 60_000);

test("sshd is stopped between the survey and its wave: unreachable, untouched, and changed by the next rollout", async () => {
  const [first, gone, deaf] = [fleet.node("first"), fleet.node("gone"), fleet.node("deaf")];
  const before = gone.read(CONF);
  // One refuses, the other takes the connection and says nothing.
  const lines = [await openLine(gone), await openLine(deaf)] as const;
  const inventoryPath = join(dir, "hosts.ini");
  const known = lines.map(({ knownHostsPath }) => readFileSync(knownHostsPath, "utf8"));
  const rows = [fleet.inventoryPath, ...lines.map((line) => line.inventoryPath)].map((path) =>
    readFileSync(path, "utf8"),
  );
  const [all = "", ...others] = rows;
  const row = all.split("\n").find((line) => line.startsWith("first ")) ?? "";
  writeFileSync(inventoryPath, [`${row} ansible_user=ops`, ...others].join("\n"));
  const knownHostsPath = join(dir, "known_hosts");
  writeFileSync(knownHostsPath, readFileSync(fleet.knownHostsPath, "utf8") + known.join(""));
  const to = against({ inventoryPath, knownHostsPath, keyPath: fleet.keyPath }, join(dir, "state"));
  holdAt(first, moments.restartAsked);
  const rollout = novasweep(["rollout", "all", ...to, ...faultOptions("5s")]);
  await held(
    first,
    rollout.then((ran) => ({ said: ran.stderr })),
  );
  await lines[0].refuse();
  lines[1].deafen();
  letGo(first);
  const ran = await rollout;
  for (const line of lines) line.close();
  const events = eventsOf(ran);
  expect(outcomesOf(events), ran.stderr).toEqual({ first: "changed", gone: "unreachable", deaf: "unreachable" });
  expect([codesOf(events, "gone"), codesOf(events, "deaf")]).toEqual([["E_CONNECT"], ["E_TIMEOUT"]]);
  expect(ran.status).toBe(4);
  await expectWhole(first, before, "new");
  for (const node of [gone, deaf]) await expectWhole(node, before, "old");
  const again = await novasweep(["rollout", "all", ...against(fleet, join(dir, "state")), ...faultOptions("60s")]);
  expect(outcomesOf(eventsOf(again)), again.stderr).toEqual({ first: "in-sync", gone: "changed", deaf: "changed" });
  for (const node of fleet.nodes) await expectWhole(node, before, "new");
});
