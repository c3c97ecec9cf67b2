/** The old image cache on a real pool, in the boot environment's dataset: what mount, ls, snapshots and a full pool say. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RealFleet, startRealFleet } from "../support/fleet/fleet.ts";
import { fillPool, fillToQuota } from "../support/fleet/full.ts";
import type { RealNode } from "../support/fleet/node.ts";
import { untilZfs } from "../support/fleet/node-looks.ts";

const MIB = 1024 ** 2;
const DATASET = "rpool/ROOT/solaris/var";
const CACHE = "/var/lib/nova/images";
const image = (n: number): string => `${String(n).padStart(8, "0")}-aaaa-4bbb-8ccc-dddddddddddd`;
let fleet: RealFleet;
let old: RealNode;
let plain: RealNode;

beforeAll(async () => {
  const images = Array.from({ length: 4 }, (_, at) => [image(at + 1), 2 * MIB, 40 - at] as const);
  fleet = await startRealFleet([
    { name: "old", release: "juno", layout: "legacy", poolBytes: 96 * MIB, legacyOnPool: true, images },
    { name: "plain", release: "juno", layout: "legacy" },
  ]);
  old = fleet.node("old");
  plain = fleet.node("plain");
});
afterAll(() => fleet?.stop());

const zfs = (property: string, name = DATASET): string => old.sh(`zfs get -Hp -o value ${property} ${name}`).trim();
const mounts = (node: RealNode): readonly string[] => node.sh("/usr/sbin/mount -p").trimEnd().split("\n");

describe("a node whose old cache is on the pool", () => {
  it("has it in the boot environment's dataset, nova's and no mountpoint", async () => {
    expect(old.sh(`zfs list -H -o name ${CACHE}`)).toBe(`${DATASET}\n`);
    expect(old.sh(`stat -c '%U:%G %a' /var/lib/nova ${CACHE}`)).toBe("nova:nova 700\nnova:nova 755\n");
    expect(mounts(old).filter((line) => line.includes(CACHE))).toEqual([]);
    await untilZfs(old, DATASET, "used", (used) => used > 8 * MIB);
  });

  it("is one like any other without: the simulated datasets are what its mount shows", () => {
    expect(plain.sh(`zfs list -H -o name ${CACHE}`)).toBe(`${DATASET}\n`);
    expect(mounts(plain)).toEqual(
      expect.arrayContaining(["rpool/ROOT/solaris - / zfs - no ", `${DATASET} - /var zfs - no `]),
    );
    expect(plain.run(["/usr/sbin/mount"])).toMatchObject({ status: 1, out: "", err: expect.stringMatching(/^Usage:/) });
  });
});

describe("mount -p", () => {
  const rows = (): readonly string[] => mounts(old).map((line) => line.split(" ").slice(0, 6).join(" "));

  it("shows the datasets, the root's too, in the order of vfstab", () => {
    expect(rows()).toEqual(
      expect.arrayContaining([
        "rpool/ROOT/solaris - / zfs - no",
        `${DATASET} - /var/lib/nova zfs - no`,
        "rpool/export - /export zfs - no",
        "rpool/export/home - /export/home zfs - no",
      ]),
    );
    for (const line of mounts(old)) expect(line).toMatch(/^\S+ - \/\S* \S+ - no \S+$/);
  });

  it("shows what is bound as lofs, a directory of a dataset, a whole dataset and one of the root", () => {
    old.sh(`mkdir -p '/mnt/a b' /mnt/whole ${CACHE}/inside /opt/kept`);
    old.sh(`mount --bind ${CACHE} '/mnt/a b'; mount --bind /export /mnt/whole; mount --bind /opt/kept ${CACHE}/inside`);
    try {
      expect(rows().filter((line) => / lofs /.test(line))).toEqual([
        `${CACHE} - /mnt/a\\040b lofs - no`,
        "/export - /mnt/whole lofs - no",
        `/opt/kept - ${CACHE}/inside lofs - no`,
      ]);
    } finally {
      old.sh(`umount '/mnt/a b' /mnt/whole ${CACHE}/inside; rmdir ${CACHE}/inside`);
    }
    expect(rows().filter((line) => / lofs /.test(line))).toEqual([]);
  });

  it.each(["", "-v", "-p /export", "-p -p"])("refuses `%s` as Solaris does", (text) => {
    const words = text.split(" ").filter((word) => word !== "");
    const ran = old.run(["/usr/sbin/mount", ...words]);
    expect([ran.status, ran.out]).toEqual([1, ""]);
    expect(ran.err).toMatch(/^Usage:\nmount \[-v \| -p\]\n/);
  });
});

describe("ls", () => {
  it("-c shows when the inode was last changed, and sorts by it only with -t", () => {
    const long = (letters: string): readonly string[] =>
      old.run(["/usr/bin/ls", letters, CACHE]).out.trimEnd().split("\n").slice(1);
    const inode = old.sh(`stat -c %i ${CACHE}/${image(1)}`).trim();
    const row = long("-lniqscAE").find((line) => line.endsWith(image(1))) ?? "";
    const [number, blocks, mode, links, uid, gid, size, day, time] = row.trim().split(/ +/);
    expect([number, mode, links, uid, gid, size]).toEqual([inode, "-rw-r--r--", "1", "85", "85", String(2 * MIB)]);
    expect(Number(blocks)).toBeGreaterThanOrEqual((2 * MIB) / 512);
    expect(`${day} ${time}`).toBe(
      old
        .sh(`stat -c %z ${CACHE}/${image(1)}`)
        .split(" ")
        .slice(0, 2)
        .join(" "),
    );
    expect(long("-lE").find((line) => line.endsWith(image(1)))).not.toContain(` ${day} `);
    const names = (letters: string) => old.run(["/usr/bin/ls", letters, CACHE]).out.trimEnd().split("\n");
    // zfs-fuse tells whole seconds.
    const [first, second] = [1, 2].map((n) => `${CACHE}/${image(n)}`);
    old.sh(`until [ $(stat -c %Z ${second}) -gt $(stat -c %Z ${first}) ]; do touch -r ${first} ${second}; done`);
    expect(names("-1c")).toEqual([1, 2, 3, 4].map(image));
    expect(names("-1ct")[0]).toBe(image(2));
  });

  it("-d with names of the directory we are in shows them as they were given", () => {
    const ran = old.run(["/bin/sh", "-c", `cd ${CACHE} && ls -dlniqsE ./${image(1)} ./${image(2)}`]);
    expect(
      ran.out
        .trimEnd()
        .split("\n")
        .map((line) => line.split(" ").at(-1)),
    ).toEqual([`./${image(1)}`, `./${image(2)}`]);
  });
});

describe("su nova -c, with a script on its standard input", () => {
  it.each(["old", "plain"])("runs it as nova on %s", (name) => {
    const ran = fleet.node(name).run(["/usr/bin/su", "nova", "-c", "/bin/sh -s"], {
      input: `/usr/xpg4/bin/id -u; cd ${CACHE} && touch mine && ls -lnE mine && rm mine\n`,
    });
    expect([ran.status, ran.err], ran.out).toEqual([0, ""]);
    expect(ran.out).toMatch(/^85\n-rw-r--r-- 1 85 85 0 .* mine\n$/);
  });
});

describe("a snapshot", () => {
  it("holds what is removed after it, as usedbysnapshots and its own used come to say", async () => {
    const before = Number(zfs("usedbydataset"));
    expect(before).toBeGreaterThan(8 * MIB);
    old.sh(`zfs snapshot ${DATASET}@held && rm ${CACHE}/${image(1)}`);
    await untilZfs(old, DATASET, "usedbysnapshots", (held) => held > 2 * MIB);
    expect(Number(zfs("usedbydataset"))).toBeLessThan(before - 2 * MIB);
    const [[, , created], [, , used]] = old
      .sh(`zfs get -Hp -o name,property,value creation,used ${DATASET}@held`)
      .split("\n")
      .map((line) => line.split("\t")) as [string[], string[]];
    expect(Number(created)).toBeGreaterThan(Number(zfs("creation")) - 1);
    expect(Number(used)).toBeGreaterThan(2 * MIB);
    // Snapshots have lines of their own below a dataset.
    expect(old.sh("zfs get -Hp -r -o name,value origin rpool/ROOT")).toBe(
      `rpool/ROOT\t-\nrpool/ROOT/solaris\t-\n${DATASET}\t-\n${DATASET}@held\t-\n`,
    );
    expect(old.sh(`zfs list -H -r -t snapshot -o name ${DATASET}`)).toBe(`${DATASET}@held\n`);
    expect(old.run(["/usr/sbin/zfs", "list", "-H", "-r", "-t", "snapshot", "-o", "name", "rpool/export"])).toEqual({
      status: 0,
      out: "",
      err: "",
    });
  });
});

describe("a node without any room", () => {
  it("by its dataset's quota lets nothing be made, and under a snapshot nothing be removed", () => {
    expect(fillToQuota(old, DATASET, "/var/lib/nova")).toMatch(/Disk quota exceeded$/);
    const refused = old.run(["/usr/bin/rm", `${CACHE}/${image(2)}`]);
    expect([refused.status, refused.err]).toEqual([1, expect.stringMatching(/Disk quota exceeded\n$/)]);
    old.sh(`zfs destroy ${DATASET}@held`);
    expect(old.run(["/usr/bin/rm", `${CACHE}/${image(2)}`]).status).toBe(0);
    old.sh(`zfs set quota=none ${DATASET}`);
  });

  it("by its pool lets nothing be made, and what is removed is free again", async () => {
    expect(fillPool(old, "/var/lib/nova")).toMatch(/No space left on device$/);
    expect(old.run(["/usr/bin/rm", `${CACHE}/${image(3)}`]).status).toBe(0);
    await untilZfs(old, DATASET, "used", (used) => used < 3 * MIB);
    expect(Number(zfs("available"))).toBeGreaterThan(MIB);
  });
});
