/**
 * Whole runs over nodes made of real parts, one of each release and layout: sshd, sudo and su, ksh93, ZFS, file owners
 * and ACLs, and a nova-compute that reads its nova.conf with the real oslo.config.
 */
import { execFileSync } from "node:child_process";
import { appendFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Release } from "../../src/lab/image-texts.ts";
import type { Layout } from "../../src/lab/node-spec.ts";
import { type RealFleet, startRealFleet } from "../support/fleet/fleet.ts";
import type { RealNode } from "../support/fleet/node.ts";
import { guards, processOf, readsOf, snapshot, startsOf, untilRead } from "../support/fleet/node-looks.ts";
import { against, codesOf, eventsOf, novasweep, outcomesOf, scratch } from "../support/novasweep.ts";

const MIB = 1024 ** 2;
const IMAGE = "11111111-aaaa-4bbb-8ccc-dddddddddddd";
const CONF = "/etc/nova/nova.conf";
const made: readonly (readonly [Release, Layout])[] = [
  ["havana", "legacy"],
  ["juno", "legacy"],
  ["kilo", "legacy"],
  ["kilo", "varshare"],
  ["mitaka", "legacy"],
  ["mitaka", "varshare"],
];
/** Where each layout has its cache after the rollout. */
const cacheOf: Readonly<Record<Layout, string>> = { legacy: "/export/nova/images", varshare: "/var/share/nova/images" };

const dir = scratch("real-rollout");
let fleet: RealFleet;
/** The nodes' pools are small: the default headroom would leave no room for a copied image. */
const options = (): readonly string[] => [...against(fleet, join(dir, "state")), "--set", "cache_headroom=16M"];
const rollout = (...more: string[]) =>
  novasweep([
    ...["rollout", "all", ...options(), "--yes", "--soak", "1s", "--waves", "100%", "--max-bad", "5"],
    ...["--output", "ndjson", ...more],
  ]);
const everyNode = (outcome: string) => Object.fromEntries(fleet.nodes.map(({ name }) => [name, outcome]));
/** Nodes whose nova.conf has to change. */
const edited = (): readonly RealNode[] => fleet.nodes.filter(({ spec }) => spec.layout === "legacy");

beforeAll(async () => {
  fleet = await startRealFleet(
    made.map(([release, layout]) => ({
      name: `${release}-${layout}`,
      release,
      layout,
      realCompute: true,
      poolBytes: 256 * MIB,
      images: [[IMAGE, 2 * MIB, 30]],
    })),
  );
  // A file as an operator may have left it: not for others, a group of the site, and an ACL entry for one user.
  const odd = fleet.node("kilo-legacy");
  odd.sh(`sed -i 's/^sys:x:3:.*/sys:x:3:nova/' /etc/group
chgrp sys ${CONF} && chmod 640 ${CONF} && setfacl -m u:ops:r ${CONF}`);
  await Promise.all(fleet.nodes.map((node) => untilRead(node, 1)));
});
afterAll(async () => {
  await fleet?.stop();
  rmSync(dir, { recursive: true, force: true });
});

describe("a rollout over every release and layout on real parts", () => {
  const before = new Map<string, string>();
  const guardsBefore = new Map<string, readonly string[]>();

  it("with --check says what would change and leaves nothing; Solaris 11.2 is refused for its cleaner", async () => {
    const untouched = fleet.nodes.map(snapshot);
    const ran = await novasweep(["rollout", "all", ...options(), "--check", "--output", "ndjson"]);
    const events = eventsOf(ran);
    expect(outcomesOf(events), ran.stdout.slice(-3000)).toEqual({
      ...everyNode("drifted"),
      "havana-legacy": "refused",
    });
    expect(codesOf(events, "havana-legacy")).toEqual(["E_UNSUPPORTED"]);
    expect(ran.status, ran.stderr).toBe(6);
    expect(fleet.nodes.map(snapshot)).toEqual(untouched);
  });

  it("changes every node and proves it", async () => {
    for (const node of fleet.nodes) {
      before.set(node.name, node.read(CONF));
      guardsBefore.set(node.name, [guards(node, CONF), guards(node, "/etc/nova")]);
    }
    appendFileSync(fleet.inventoryPath, "\n[old]\nhavana-legacy\n\n[old:vars]\nnovasweep_cleaner=absent\n");
    const ran = await rollout("--migrate-cache");
    const events = eventsOf(ran);
    expect(outcomesOf(events), ran.stdout.slice(-3000)).toEqual(everyNode("changed"));
    expect(ran.status).toBe(0);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, at) => at + 1));
  });

  it("changed one line of nova.conf, and no byte where the directory was right", () => {
    for (const node of fleet.nodes) {
      const was = (before.get(node.name) ?? "").split("\n");
      const is = node.read(CONF).split("\n");
      const line = `glancecache_dirname${node.spec.release === "mitaka" ? " = " : "="}${cacheOf.legacy}`;
      const at = is.indexOf(line);
      if (node.spec.layout === "varshare") expect(is, node.name).toEqual(was);
      // Set by hand before: replaced. Else a line of its own.
      else expect(is.toSpliced(at, 1), node.name).toEqual(was[at]?.startsWith("glance") ? was.toSpliced(at, 1) : was);
      expect(at >= 0, node.name).toBe(node.spec.layout === "legacy");
    }
  });

  it("kept owner, group, mode and ACL of nova.conf and of its directory", () => {
    expect(guardsBefore.get("kilo-legacy")?.[0]).toMatch(/^nova:sys 640\n(.*\n)*user:ops:r--\n/);
    for (const node of fleet.nodes)
      expect([guards(node, CONF), guards(node, "/etc/nova")], node.name).toEqual(guardsBefore.get(node.name));
  });

  it("left a backup and a note that are nova's, no lock, no temporary file", () => {
    for (const node of fleet.nodes) {
      const names = node.sh("ls -A /etc/nova").trim().split("\n");
      const backups = names.filter((name) => /^nova\.conf\.novasweep-[0-9a-f-]+$/.test(name));
      const notes = names.filter((name) => name.endsWith(".json"));
      const count = node.spec.layout === "legacy" ? 1 : 0;
      expect([backups.length, notes.length, names.length], node.name).toEqual([count, count, 1 + 2 * count]);
      for (const backup of backups) {
        expect(node.read(`/etc/nova/${backup}`)).toBe(before.get(node.name));
        expect(guards(node, `/etc/nova/${backup}`)).toBe(guardsBefore.get(node.name)?.[0]);
      }
      for (const note of notes) {
        expect(node.read(`/etc/nova/${note}`)).toContain('"restart":"paid"');
        expect(guards(node, `/etc/nova/${note}`)).toMatch(/^nova:nova 600\n/);
      }
      expect(
        node.sh(
          "find /system/volatile /tmp /var/tmp -mindepth 1 ! -name 'novasweep.result-*'; find /export /var/share -name '.novasweep*'",
        ),
      ).toBe("");
    }
    // All a node ever wrote outside its pool is in its upper layer.
    expect(execFileSync("find", [join(fleet.dir, "nodes"), "-name", ".novasweep*"], { encoding: "utf8" })).toBe("");
  });

  it("copied the images of the old cache, with their times, as nova's, and left the old ones", () => {
    for (const node of edited()) {
      const looks = ["/var/lib/nova/images", "/export/nova/images"].map((from) =>
        node.sh(`cd ${from} && stat -c '%n %s %Y %U' * && sha256sum *`),
      );
      expect(looks[0], node.name).toContain(`${IMAGE} ${2 * MIB} `);
      expect(looks[1], node.name).toBe(looks[0]);
    }
  });

  it("restarted nova-compute once where nova.conf changed, and nowhere else", async () => {
    for (const node of fleet.nodes) {
      const starts = startsOf(node);
      const verbs = node.spec.layout === "legacy" ? ["boot", "restart"] : ["boot"];
      expect(
        starts.map(({ verb }) => verb),
        node.name,
      ).toEqual(verbs);
      expect(new Set(starts.map(({ contract }) => contract)).size).toBe(verbs.length);
      const contract = node.sh("svcprop -p restarter/contract svc:/application/openstack/nova/nova-compute:default");
      expect(contract.trim()).toBe(starts.at(-1)?.contract);
      await untilRead(node, verbs.length);
    }
  });

  it("the new process is user nova's, alive, and reads the new directory with the real oslo.config", () => {
    for (const node of fleet.nodes) {
      const reads = readsOf(node);
      const last = reads.at(-1);
      expect(last?.dir, node.name).toBe(cacheOf[node.spec.layout]);
      expect(last?.pid).toBe(node.read("/.node/state/compute.pid").trim());
      expect(processOf(node, last?.pid ?? ""), node.name).toMatch(/^nova\nnova-compute /);
      if (node.spec.layout === "legacy") {
        expect(reads[0]?.dir, node.name).toBe("/var/lib/nova/images");
        expect(processOf(node, reads[0]?.pid ?? "")).toBe("");
      }
    }
  });

  it("the start method's ConfigParser reads it too, in Kilo's section and in Mitaka's", () => {
    for (const node of edited().filter(({ spec }) => spec.release === "kilo" || spec.release === "mitaka"))
      expect(node.read("/var/lib/nova/method.log"), node.name).toBe("/var/lib/nova/images\n/export/nova/images\n");
  });

  it("the dataset is mounted, with the quota, and nova's", () => {
    for (const node of fleet.nodes) {
      const cache = cacheOf[node.spec.layout];
      const [name = "", quota, owner] = node
        .sh(`zfs list -H -o name ${cache} && zfs get -Hp -o value quota $(zfs list -H -o name ${cache})
stat -c '%U:%G %a' ${cache}`)
        .split("\n");
      expect(name).toBe(node.spec.layout === "legacy" ? "rpool/export/nova" : "rpool/VARSHARE/nova/images");
      expect([quota, owner], node.name).toEqual([String(15 * 1024 ** 3), "nova:nova 755"]);
    }
  });

  it("a second time finds every node in sync and touches nothing", async () => {
    const untouched = fleet.nodes.map(snapshot);
    const ran = await rollout();
    expect(outcomesOf(eventsOf(ran)), ran.stdout.slice(-3000)).toEqual(everyNode("in-sync"));
    expect(ran.status).toBe(0);
    expect(fleet.nodes.map(snapshot)).toEqual(untouched);
  });

  it("status says so, as a table and as JSON", async () => {
    const [table, json] = await Promise.all([
      novasweep(["status", ...options(), "--exit-code"]),
      novasweep(["status", ...options(), "--format", "json"]),
    ]);
    expect([table.status, json.status], table.stderr + json.stderr).toEqual([0, 0]);
    const { hosts, tally } = JSON.parse(json.stdout);
    expect(tally["in-sync"]).toBe(fleet.nodes.length);
    for (const [at, { name, spec }] of fleet.nodes.entries()) {
      const old = spec.release === "havana";
      expect(table.stdout).toMatch(new RegExp(`^${name} +in sync +11\\.${old ? 2 : 3} .*${cacheOf[spec.layout]}`, "m"));
      expect(hosts[at]).toMatchObject({
        name,
        release: `Oracle Solaris 11.${old ? 2 : 3} X86`,
        nova: {
          service: "online",
          section: spec.release === "mitaka" ? "solariszones" : "DEFAULT",
          cacheDir: cacheOf[spec.layout],
        },
        dataset: { quotaBytes: 15 * 1024 ** 3, owner: "nova", group: "nova", mode: "0755" },
        images: { count: 1 },
        cleaner: old ? null : { state: "online" },
        legacy: spec.layout === "legacy" ? [{ path: "/var/lib/nova/images", images: 1, bytes: 2 * MIB }] : [],
        drift: [],
        refusals: [],
      });
      if (old) expect(hosts[at].unseen.cleaner).toMatch(/^absent/);
    }
  });

  it("the cleaner becomes a package and files again, in sync each time, with one owner of each path and one policy", async () => {
    const packaged = fleet.nodes.filter(({ spec }) => spec.release !== "havana");
    const published = packaged.map(async (node) => {
      node.sh("pkgrepo create /srv/repo && pkgrepo set -s /srv/repo publisher/prefix=site");
      const ran = await novasweep([
        ...["package", "publish", "--via", node.name, "--repo", "/srv/repo", "--yes", "--become", "sudo"],
        ...against(fleet, join(dir, `publish-${node.name}`)),
      ]);
      expect(ran.stdout, ran.stderr).toMatch(/^pkg:\/\/site\/nova-cache-cleanup@1\.0,5\.11:\w+\nPUBLISHED\n$/);
    });
    await Promise.all(published);
    const policy = (node: RealNode): string =>
      node.sh("svcprop -p config svc:/site/nova-cache-cleanup:default; svcs -H -o state nova-cache-cleanup");
    const policies = packaged.map(policy);
    const owner = (node: RealNode): string =>
      node.sh("pkg search -l -H -o pkg.name path:lib/svc/method/nova-cache-cleanup || echo nobody").trim();
    const some = (outcome: string) => ({ ...everyNode(outcome), "havana-legacy": "in-sync" });
    for (const [delivery, owned] of [
      ["ips", "nova-cache-cleanup"],
      ["files", "nobody"],
    ] as const) {
      const set = ["--set", `cleaner_delivery=${delivery}`, "--set", "cleaner_origin=/srv/repo"];
      for (const outcome of ["changed", "in-sync"]) {
        const ran = await rollout(...set);
        expect(outcomesOf(eventsOf(ran)), ran.stdout.slice(-3000)).toEqual(some(outcome));
        expect(ran.status).toBe(0);
      }
      expect(packaged.map(owner)).toEqual(packaged.map(() => owned));
      expect(packaged.map(policy)).toEqual(policies);
    }
    for (const node of packaged) expect(startsOf(node), node.name).toHaveLength(node.spec.layout === "legacy" ? 2 : 1);
  });
});
