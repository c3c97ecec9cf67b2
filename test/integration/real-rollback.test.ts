/**
 * A rollout undone over nodes made of real parts: nova.conf byte for byte with owner, mode and ACL, the cleaner, the
 * properties of a dataset; also when the controller is killed on the way, and not where somebody else was there since.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RealFleet, startRealFleet } from "../support/fleet/fleet.ts";
import type { RealNode } from "../support/fleet/node.ts";
import { guards, readsOf, snapshot, untilRead } from "../support/fleet/node-looks.ts";
import { against, codesOf, eventsOf, novasweep, outcomesOf, type Ran, scratch } from "../support/novasweep.ts";

const MIB = 1024 ** 2;
const IMAGE = "11111111-aaaa-4bbb-8ccc-dddddddddddd";
const CONF = "/etc/nova/nova.conf";
const OURS = "rpool/VARSHARE/nova/images";

const dir = scratch("real-rollback");
let fleet: RealFleet;
const options = (): readonly string[] => [...against(fleet, join(dir, "state")), "--set", "cache_headroom=16M"];
const plan = (waves = "100%") => [
  ...["--yes", "--waves", waves, "--max-bad", "100%", "--max-missing", "100%", "--soak", "0"],
];
const rollout = (pattern = "all") => novasweep(["rollout", pattern, ...options(), ...plan(), "--output", "ndjson"]);
const rollback = (run: string, ...more: string[]) =>
  novasweep(["rollback", "--run", run, ...options(), ...plan(), "--output", "ndjson", ...more]);
const everyNode = (outcome: string) => Object.fromEntries(fleet.nodes.map(({ name }) => [name, outcome]));
const runOf = (ran: Ran): string => eventsOf(ran)[0]?.run ?? "";

/** What a rollback puts back: nova.conf, its guards, the cleaner, the properties of Nova's own dataset. */
const state = (node: RealNode): string =>
  [
    node.read(CONF),
    guards(node, CONF),
    guards(node, "/etc/nova"),
    node.sh(`svcprop -p restarter/state svc:/site/nova-cache-cleanup:default 2>&1
ls /lib/svc/method /lib/svc/manifest/site 2>&1
zfs get -Hp -o value quota,canmount,com.sun:auto-snapshot ${OURS} 2>&1
ls -A /var/lib/nova/images /var/share/nova/images 2>&1
:`),
  ].join("\n");

beforeAll(async () => {
  const parts = { poolBytes: 256 * MIB, images: [[IMAGE, 2 * MIB, 30]] } as const;
  fleet = await startRealFleet([
    { name: "juno", release: "juno", layout: "legacy", realCompute: true, ...parts },
    { name: "kilo", release: "kilo", layout: "legacy", realCompute: true, ...parts },
    { name: "mitaka", release: "mitaka", layout: "varshare", ...parts },
  ]);
  // A file as an operator may have left it: not for others, a group of the site, and an ACL entry for one user.
  fleet.node("kilo").sh(`sed -i 's/^sys:x:3:.*/sys:x:3:nova/' /etc/group
chgrp sys ${CONF} && chmod 640 ${CONF} && setfacl -m u:ops:r ${CONF}`);
  await Promise.all([untilRead(fleet.node("juno"), 1), untilRead(fleet.node("kilo"), 1)]);
});
afterAll(async () => {
  await fleet?.stop();
  rmSync(dir, { recursive: true, force: true });
});

describe("a rollback on real parts", () => {
  const before = new Map<string, string>();
  let first = "";

  it("with --check says what would go back, and leaves everything", async () => {
    for (const node of fleet.nodes) before.set(node.name, state(node));
    const rolled = await rollout();
    expect(outcomesOf(eventsOf(rolled)), rolled.stdout.slice(-3000)).toEqual(everyNode("changed"));
    first = runOf(rolled);
    for (const node of fleet.nodes) expect(state(node), node.name).not.toBe(before.get(node.name));
    const untouched = fleet.nodes.map(snapshot);
    const checked = await rollback(first, "--check");
    expect(outcomesOf(eventsOf(checked)), checked.stdout.slice(-3000)).toEqual(everyNode("drifted"));
    expect(fleet.nodes.map(snapshot)).toEqual(untouched);
  });

  it("that is killed when nova.conf is back is gone on with, and every node is as it was, byte for byte", async () => {
    // The beginning of an id is enough.
    const cut = await novasweep(
      ["rollback", "--run", first.slice(0, -2), ...options(), ...plan("1,100%"), "--output", "ndjson"],
      {
        onStdout: (text, kill) => {
          if (text.includes('"change":"conf.restore","state":"ok"')) kill("SIGKILL");
        },
      },
    );
    const run = runOf({ ...cut, stdout: cut.stdout.slice(0, cut.stdout.indexOf("\n") + 1) });
    const resumed = await novasweep(["runs", "resume", run, "--state-dir", join(dir, "state"), "--output", "ndjson"]);
    expect(resumed.status, resumed.stdout.slice(-3000) + resumed.stderr).toBe(0);
    for (const node of fleet.nodes) expect(state(node), node.name).toBe(before.get(node.name));
    for (const name of ["juno", "kilo"]) {
      await untilRead(fleet.node(name), 3);
      expect(readsOf(fleet.node(name)).at(-1)?.dir).toBe("/var/lib/nova/images");
    }
    const shown = await novasweep(["runs", "show", run, "--state-dir", join(dir, "state")]);
    expect(shown.stdout).toContain(`undoes   ${first}\n`);
    expect(shown.stdout).toMatch(
      /^changed, (.*; )?dataset rpool\/export\/nova stays, with what lies in it: (juno,)?kilo$/m,
    );
  });

  it("a second time finds every node as it was and touches nothing", async () => {
    const untouched = fleet.nodes.map(snapshot);
    const again = await rollback(first);
    expect(outcomesOf(eventsOf(again)), again.stdout.slice(-3000)).toEqual(everyNode("in-sync"));
    expect(again.status).toBe(0);
    expect(fleet.nodes.map(snapshot)).toEqual(untouched);
  });

  it("leaves nodes that a rollout takes again, and refuses one that somebody changed since", async () => {
    const rolled = await rollout("juno:mitaka");
    expect(outcomesOf(eventsOf(rolled)), rolled.stdout.slice(-3000)).toEqual({ juno: "changed", mitaka: "changed" });
    const juno = fleet.node("juno");
    juno.sh(`echo '# by another' >>${CONF}`);
    const mine = state(juno);
    const ran = await rollback(runOf(rolled));
    expect(outcomesOf(eventsOf(ran)), ran.stdout.slice(-3000)).toEqual({ juno: "refused", mitaka: "changed" });
    expect(codesOf(eventsOf(ran), "juno")).toEqual(["E_STALE"]);
    expect(state(juno)).toBe(mine);
    expect(state(fleet.node("mitaka"))).toBe(before.get("mitaka"));
  });
});
