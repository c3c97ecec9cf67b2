/**
 * Where nova cannot write, nothing is edited and nothing restarted: real permissions, a read-only dataset, a quota that is
 * full, on real ZFS and with a real nova-compute. And a quota below what is used.
 */
import { appendFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { zfsPrints, zfsSize } from "../../src/remote/puppet/zfs-size.ts";
import { type RealFleet, startRealFleet } from "../support/fleet/fleet.ts";
import { guards, startsOf, untilRead, untilZfs } from "../support/fleet/node-looks.ts";
import { against, eventsOf, novasweep, outcomesOf, scratch } from "../support/novasweep.ts";

const MIB = 1024 ** 2;
const IMAGE = "22222222-aaaa-4bbb-8ccc-dddddddddddd";
const CONF = "/etc/nova/nova.conf";
const DATASET = "rpool/export/nova";
/** How each node ends, by its name. */
const failures = {
  shut: { outcome: "failed", code: "E_NOT_WRITABLE", says: /^nova cannot write in \/vault\/nova\/images: .*denied/ },
  readonly: { outcome: "failed", code: "E_NOT_WRITABLE", says: /^nova cannot write in \/export\/nova.*Read-only/ },
  full: { outcome: "failed", code: "E_NOT_WRITABLE", says: /^nova cannot write in \/export\/nova.*quota exceeded/ },
  // Its group is none of nova's: the new file could not have it.
  foreign: { outcome: "refused", code: "E_CONF_OWNER", says: /nova root, and would become .* nova nova$/ },
} as const;
type Name = keyof typeof failures;

const dir = scratch("real-write-proof");
let fleet: RealFleet;
const settings = ["--set", "cache_headroom=4M", "--set", "cache_target_free=6M"];
const rollout = (quota: string, ...more: readonly string[]) =>
  novasweep([
    ...["rollout", ...more, ...against(fleet, join(dir, "state")), "--set", `cache_quota=${quota}`, ...settings],
    ...["--yes", "--soak", "1s", "--waves", "100%", "--max-bad", "4", "--max-missing", "100%", "--output", "ndjson"],
  ]);

/** The dataset as an earlier, unfinished rollout may have left it. */
const makeDataset = (name: Name, mountpoint: string): string =>
  fleet.node(name).sh(`zfs create -o mountpoint=${mountpoint} -o quota=16M ${DATASET}
mkdir ${mountpoint}/images && chown nova:nova ${mountpoint} ${mountpoint}/images`);

beforeAll(async () => {
  fleet = await startRealFleet(
    (Object.keys(failures) as Name[]).map((name) => ({
      name,
      release: "juno",
      layout: "legacy",
      realCompute: true,
      poolBytes: 128 * MIB,
    })),
  );
  fleet.node("shut").sh("mkdir -m 700 /vault");
  makeDataset("shut", "/vault/nova");
  appendFileSync(fleet.inventoryPath, "\n[elsewhere]\nshut novasweep_cache_mountpoint=/vault/nova\n");
  makeDataset("readonly", "/export/nova");
  fleet.node("readonly").sh(`zfs set readonly=on ${DATASET}`);
  makeDataset("full", "/export/nova");
  const image = `/export/nova/images/${IMAGE}`;
  const filled = fleet.node("full").run(["sh", "-c", `head -c 32M /dev/urandom >${image}`], { user: "nova" });
  expect(filled.err).toContain("Disk quota exceeded");
  fleet.node("full").sh(`touch -d '3 days ago' ${image}`);
  fleet.node("foreign").sh(`chgrp root ${CONF}`);
  await Promise.all(fleet.nodes.map((node) => untilRead(node, 1)));
});
afterAll(async () => {
  await fleet?.stop();
  rmSync(dir, { recursive: true, force: true });
});

describe("a quota below present use", () => {
  it("is refused in the plan, with both numbers and what to do", async () => {
    await untilZfs(fleet.node("full"), DATASET, "used", (bytes) => bytes > 15 * MIB);
    const ran = await rollout("12M", "full");
    const settled = eventsOf(ran).find((event) => event.type === "host.settled");
    expect(settled, ran.stdout.slice(-2000)).toMatchObject({ outcome: "refused" });
    const refusals = settled?.type === "host.settled" ? settled.refusals : [];
    expect(refusals?.map(({ code }) => code)).toEqual(["E_QUOTA_BELOW_USE"]);
    expect(refusals?.[0]?.message).toMatch(/12\.0 MiB.*1[56]\.\d MiB|1[56]\.\d MiB.*12\.0 MiB/);
    expect(ran.status).toBe(6);
  });

  it("is refused by ZFS itself, in the words the scripts look for", () => {
    const ran = fleet.node("full").run(["zfs", "set", "quota=12M", DATASET]);
    expect([ran.status, ran.err]).toEqual([
      1,
      `cannot set property for '${DATASET}': size is less than current used or reserved space\n`,
    ]);
    expect(fleet.node("full").sh(`zfs get -Hp -o value quota ${DATASET}`)).toBe(`${16 * MIB}\n`);
  });
});

describe("a directory that nova cannot write in", () => {
  it("fails the host before anything is edited or restarted", async () => {
    const before = fleet.nodes.map((node) => [node.read(CONF), guards(node, CONF), guards(node, "/etc/nova")]);
    const ran = await rollout("16M", "all");
    const events = eventsOf(ran);
    expect(outcomesOf(events), ran.stdout.slice(-3000)).toEqual(
      Object.fromEntries(Object.entries(failures).map(([name, { outcome }]) => [name, outcome])),
    );
    for (const event of events) {
      if (event.type !== "host.settled") continue;
      const { code, says } = failures[event.host as Name];
      const why = event.failure ?? event.refusals?.[0];
      expect([event.host, why?.code]).toEqual([event.host, code]);
      expect(why?.message).toMatch(says);
    }
    // One wave, so the first bad host closes the gate; by then all had begun.
    expect(ran.status).toBe(5);
    expect(fleet.nodes.map((node) => [node.read(CONF), guards(node, CONF), guards(node, "/etc/nova")])).toEqual(before);
  });

  it("has nothing of ours afterwards, and nova-compute runs as it did", () => {
    for (const node of fleet.nodes) {
      expect(
        node.sh("ls -A /etc/nova; find /system/volatile -mindepth 1 ! -name 'novasweep.result-*'"),
        node.name,
      ).toBe("nova.conf\n");
      expect(node.sh("find /export /vault /var/lib/nova -name '.novasweep*' 2>/dev/null || true"), node.name).toBe("");
      expect(startsOf(node).map(({ verb }) => verb)).toEqual(["boot"]);
      expect(node.sh("kill -0 $(cat /.node/state/compute.pid) && echo alive")).toBe("alive\n");
    }
  });

  it("is mended by more room: the next rollout finishes", async () => {
    const ran = await rollout("24M", "full");
    expect(outcomesOf(eventsOf(ran)), ran.stdout.slice(-3000)).toEqual({ full: "changed" });
    await untilRead(fleet.node("full"), 2);
    expect(fleet.node("full").read("/var/lib/nova/read.log")).toMatch(/\/export\/nova\/images\n$/);
  });
});

it("zfs prints a quota as the Puppet class writes it, which is all Puppet compares", () => {
  const quotas = [
    15 * 1024 * MIB,
    1536 * MIB,
    100.5 * 1024 * MIB,
    1025 * 1024 * MIB,
    15 * 1024 * MIB + 512,
    1024 * MIB,
  ];
  const printed = fleet
    .node("shut")
    .sh(quotas.map((bytes) => `zfs set quota=${bytes} ${DATASET} && zfs get -H -o value quota ${DATASET}`).join("\n"));
  expect(printed.trimEnd().split("\n")).toEqual(quotas.map(zfsPrints));
  const words = quotas.flatMap((bytes) => zfsSize(bytes) ?? []);
  expect(words).toEqual(["15G", "1.50G", "1G"]);
  const read = fleet
    .node("shut")
    .sh(words.map((word) => `zfs set quota=${word} ${DATASET} && zfs get -Hp -o value quota ${DATASET}`).join("\n"));
  expect(read.trimEnd().split("\n").map(Number)).toEqual([15 * 1024 * MIB, 1536 * MIB, 1024 * MIB]);
});
