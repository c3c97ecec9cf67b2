/** Ways to become root over real sshd, sudo and su; what of a node is seen without, and that nothing runs when it fails. */
import { appendFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RealFleet, startRealFleet } from "../support/fleet/fleet.ts";
import { against, codesOf, eventsOf, novasweep, outcomesOf, scratch } from "../support/novasweep.ts";

/** What each node's inventory says beside the login ops, whose default is sudo. */
const ways: Readonly<Record<string, string>> = {
  sudo: "",
  "sudo-refuses": "",
  pfexec: "novasweep_become=pfexec",
  "pfexec-grants-nothing": "novasweep_become=pfexec",
  root: "novasweep_user=root",
  none: "novasweep_become=none",
};
const good = ["pfexec", "root", "sudo"];
const dir = scratch("real-become");
let fleet: RealFleet;
const options = (): readonly string[] => against(fleet, join(dir, "state"));
const idleNodes = () => fleet.nodes.filter(({ name }) => !good.includes(name));
const written = (): readonly string[] =>
  idleNodes().map((node) =>
    node.sh("find /etc/nova /export /var/lib/nova /var/share /lib/svc/ /system -printf '%p %m %s %T@\\n' | sort"),
  );

beforeAll(async () => {
  fleet = await startRealFleet(Object.keys(ways).map((name) => ({ name, release: "juno", layout: "legacy" })));
  fleet.node("sudo-refuses").sh("sed -i '/^ops ALL=(ALL)/d' /etc/sudoers");
  // The exec_attr entry of pfexec's shim: whose shell runs as root.
  fleet.node("pfexec").write("/.node/state/pfexec", "ops\n");
  for (const [name, way] of Object.entries(ways))
    appendFileSync(fleet.inventoryPath, `\n[way_${name.replaceAll("-", "_")}]\n${name} ${way}\n`);
});
afterAll(async () => {
  await fleet?.stop();
  rmSync(dir, { recursive: true, force: true });
});

describe("becoming root on real parts", () => {
  it("status looks through sudo, pfexec and root's own login; who is not root is refused with E_BECOME", async () => {
    const ran = await novasweep(["status", ...options(), "--format", "json"]);
    const { hosts } = JSON.parse(ran.stdout);
    for (const host of hosts) {
      const refused = host.name === "sudo-refuses" || host.name === "pfexec-grants-nothing";
      expect([host.name, host.outcome]).toEqual([host.name, refused ? "refused" : "drifted"]);
      if (refused) expect(host.refusals.concat(host.failure ?? [])).toMatchObject([{ code: "E_BECOME" }]);
      if (good.includes(host.name)) expect(host.nova.cacheDir).toBe("/var/lib/nova/images");
    }
    expect(ran.status, ran.stderr).toBe(6);
  });

  it("what ops may not read is denied and null, never absent, never 0", async () => {
    const ran = await novasweep(["status", "none", ...options(), "--format", "json"]);
    const [host] = JSON.parse(ran.stdout).hosts;
    expect(host.release).toBe("Oracle Solaris 11.3 X86");
    expect(host.nova).toMatchObject({ version: "0.2014.2.2", service: "online", section: "DEFAULT", cacheDir: null });
    expect(host.unseen["nova.cacheDir"]).toMatch(/^denied/);
    expect([host.legacy, host.images, host.dataset]).toEqual([null, null, null]);
    for (const path of ["legacy", "images", "dataset"]) expect(host.unseen[path], path).toMatch(/^denied/);
    expect(Object.values(host.unseen).filter((why) => /^absent/.test(String(why)))).toEqual([
      expect.stringMatching(/nova-cache-cleanup:default' doesn't match any entities$/),
    ]);
    expect(host.refusals.map(({ code }: { code: string }) => code)).toContain("E_BLIND");
    expect(ran.status).toBe(0);
  });

  it("rollout changes who becomes root, and on the others runs nothing", async () => {
    const untouched = written();
    const ran = await novasweep([
      ...["rollout", "all", ...options(), "--yes", "--soak", "1s", "--waves", "100%", "--max-bad", "5"],
      ...["--max-missing", "100%", "--output", "ndjson"],
    ]);
    const events = eventsOf(ran);
    expect(outcomesOf(events), ran.stdout.slice(-3000)).toEqual(
      Object.fromEntries(Object.keys(ways).map((name) => [name, good.includes(name) ? "changed" : "refused"])),
    );
    for (const { name } of idleNodes()) expect(codesOf(events, name), name).toEqual(["E_BECOME"]);
    expect(ran.status).toBe(6);
    expect(written()).toEqual(untouched);
  });

  it("however root was become, nova.conf and the directory are nova's, and root's files root's", () => {
    for (const name of good)
      expect(
        fleet.node(name).sh(
          `stat -c '%U:%G %a' /etc/nova/nova.conf /export/nova/images /lib/svc/method/nova-cache-cleanup \
/lib/svc/manifest/site/nova-cache-cleanup.xml`,
        ),
      ).toBe("nova:nova 644\nnova:nova 755\nroot:bin 555\nroot:sys 444\n");
  });

  it("exec runs as who logs in, as root through sudo and pfexec, and refuses where they grant nothing", async () => {
    const asLogin = await novasweep(["exec", "all:!root", ...options(), "--yes", "--", "/usr/xpg4/bin/id -u"]);
    expect(asLogin.stdout, asLogin.stderr).toMatch(/^\S+: [1-9]\d*\n$/);
    const through = (way: string) =>
      novasweep(["exec", `${way}:${way}-*`, ...options(), "--yes", "--become", way, "--", "/usr/xpg4/bin/id -u"]);
    for (const [way, ran] of [["sudo", await through("sudo")] as const, ["pfexec", await through("pfexec")] as const]) {
      expect(ran.stdout, ran.stderr).toBe(`${way}: 0\n`);
      expect(ran.stderr).toMatch(new RegExp(`^refused +E_BECOME +${way}-`, "m"));
      expect(ran.status).toBe(6);
    }
  });
});
