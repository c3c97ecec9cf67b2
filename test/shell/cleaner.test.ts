import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { DATASET, DIRECTORY, GIB, HEADROOM, IMAGE, uuid } from "../support/cleaner-node.ts";
import { promise } from "../support/cleaner-promise.ts";

const LOCK = "var/lib/nova/.nova-cache-cleanup.lock";
const METHOD = fileURLToPath(new URL("../../src/remote/payload/nova-cache-cleanup", import.meta.url));

/** The config group as svcprop prints it. */
const properties = (values: Record<string, string>): string =>
  Object.entries(values)
    .map(([name, value]) => `config/${name} ${/^\d+$/.test(value) ? "count" : "astring"} ${value}\n`)
    .join("");

const POLICY = {
  dataset: DATASET,
  directory: DIRECTORY,
  headroom: String(HEADROOM),
  target_free: String(HEADROOM + IMAGE),
  min_age: "86400",
  order: "lru",
};

describe.concurrent("the cleaner's policy", () => {
  promise("comes from the service's properties, in one call", async (node) => {
    node.images(5);
    node.zfs({});
    node.write("svcprop", `config/stability astring Unstable\n${properties(POLICY)}`);
    const result = await node.runWith({ SMF_FMRI: "svc:/site/nova-cache-cleanup:default" });
    expect(result.summary).toContain("evicted 2 images");
    expect(node.calls.filter((call) => call.startsWith("svcprop"))).toEqual([
      "svcprop -p config svc:/site/nova-cache-cleanup:default",
    ]);
  });

  promise("by hand without flags: reads the service's own properties", async (node) => {
    node.zfs({});
    node.write("svcprop", properties(POLICY));
    expect((await node.run("-n")).status).toBe(0);
    expect(node.calls[0]).toBe("svcprop -p config svc:/site/nova-cache-cleanup:default");
  });

  promise("flags override properties", async (node) => {
    node.images(5);
    node.zfs({});
    node.write("svcprop", properties(POLICY));
    const result = await node.runWith({ SMF_FMRI: "svc:/x" }, "--target-free", String(HEADROOM + 3 * IMAGE));
    expect(result.summary).toContain("evicted 4 images");
  });

  promise("unescapes what svcprop escaped", async (node) => {
    const odd = "a b;c&(d)|e'f\"g\\h";
    mkdirSync(join(node.root, "export/nova", odd));
    node.zfs({});
    node.write(
      "svcprop",
      properties({ ...POLICY, directory: `/export/nova/${odd.replaceAll(/[;&()|^<>\s\\"'`]/g, "\\$&")}` }),
    );
    const result = await node.run();
    expect(result.err).toBe("");
    expect(node.calls).toContain(`zfs list -H -o name ${node.root}/export/nova/${odd}`);
  });

  promise("an empty directory or dataset is a mistake of the configuration", async (node) => {
    node.write("svcprop", properties({ ...POLICY, directory: '""' }));
    const result = await node.run();
    expect(result.status).toBe(96);
    expect(result.err).toContain("no directory");
  });

  promise("a service that is not there is a mistake of the configuration", async (node) => {
    const result = await node.run();
    expect(result.status).toBe(96);
    expect(result.err).toContain("doesn't match any entities");
  });

  for (const value of ["2G", "-1", "010", "", "1".repeat(19), "none", "$(reboot)"])
    promise(`a headroom of ${JSON.stringify(value)} is no number`, async (node) => {
      node.zfs({});
      const result = await node.run("--dataset", DATASET, "--directory", DIRECTORY, "--headroom", value);
      expect([2, 96]).toContain(result.status);
      expect(node.calls).toEqual([]);
    });

  promise("target_free below headroom, an unknown order, a relative directory are refused", async (node) => {
    for (const flags of [
      ["--target-free", "1"],
      ["--order", "newest"],
      ["--directory", "images"],
      ["--dataset", "-r"],
    ])
      expect((await node.clean(0, ...flags)).status).toBe(96);
  });

  promise("target_free not below the quota is refused", async (node) => {
    node.zfs({});
    expect((await node.clean(1000)).status).toBe(96);
  });

  promise("unknown flags end with 2 and the usage", async (node) => {
    const result = await node.run("--rm-all");
    expect(result.status).toBe(2);
    expect(result.err).toContain("usage: nova-cache-cleanup");
  });

  promise("takes the exit status of a configuration mistake from SMF's own file", async (node) => {
    mkdirSync(join(node.root, "lib/svc/share"), { recursive: true });
    writeFileSync(join(node.root, "lib/svc/share/smf_include.sh"), "SMF_EXIT_ERR_CONFIG=123\n[ -z $unset_here ]\n");
    expect((await node.run("--dataset", "x", "--directory", "relative")).status).toBe(123);
  });
});

describe.concurrent("what the cleaner finds out about the dataset", () => {
  promise("enough free: touches nothing", async (node) => {
    node.images(3);
    node.zfs({}, 3 * GIB);
    const result = await node.clean(1);
    expect(result.summary).toContain("evicted 0 images, 0 bytes");
    expect(result.summary).toMatch(/: enough is free$/);
    expect(node.files).toHaveLength(3);
  });

  promise("no quota: says so and ends with 0", async (node) => {
    node.images(3);
    node.zfs({ quota: 0, available: 3 * GIB });
    const result = await node.clean(1);
    expect(result.status).toBe(0);
    expect(result.summary).toContain(`no quota on ${DATASET}`);
    expect(node.files).toHaveLength(3);
  });

  for (const [property, value] of [
    ["quota", "none"],
    ["quota", "-"],
    ["usedbydataset", ""],
    ["available", "15G"],
  ] as const)
    promise(`${property} that reads ${JSON.stringify(value)} is an error`, async (node) => {
      node.images(3);
      node.zfs({});
      node.zfs({ [property]: value, quota: property === "quota" ? value : 3 * GIB });
      expect((await node.clean(1)).status).toBe(96);
      expect(node.files).toHaveLength(3);
    });

  promise("zfs that could not be run is a failure, not a mistake of the configuration", async (node) => {
    node.write("zfs-status", "127\n");
    expect((await node.clean(1)).status).toBe(1);
  });

  promise("a dataset that is not mounted: nothing done, a later run may mend it", async (node) => {
    node.images(3);
    node.zfs({ mounted: "no" });
    const result = await node.clean(1);
    expect(result.status).toBe(0);
    expect(result.summary).toContain("is not mounted");
    expect(node.files).toHaveLength(3);
  });

  promise("a directory that is not there yet: nothing to do", async (node) => {
    rmSync(node.cache, { recursive: true });
    const result = await node.clean(1).catch((error: Error) => error);
    expect(result).toMatchObject({ status: 0 });
  });

  promise("a directory reached through a link is refused", async (node) => {
    node.images(3);
    node.zfs({});
    symlinkSync("nova", join(node.root, "export/link"));
    const result = await node.clean(1, "--directory", "/export/link/images");
    expect(result.status).toBe(96);
    expect(node.files).toHaveLength(3);
  });

  promise("the pool is short: images go for it, but not while snapshots keep their blocks", async (node) => {
    node.images(6);
    node.zfs({ available: HEADROOM - IMAGE }, 3 * GIB);
    expect((await node.clean(0)).summary).toContain("evicted 1 images");
    node.zfs({ available: HEADROOM - IMAGE, usedbysnapshots: GIB }, 3 * GIB);
    expect((await node.clean(0)).summary).toContain("evicted 0 images");
  });

  promise("an image that alone leaves less than the headroom is named", async (node) => {
    node.put(uuid(1), { age: 100, bytes: 64 * IMAGE });
    node.zfs({}, HEADROOM - 50 * IMAGE);
    expect((await node.clean(0)).out).toContain(`image ${uuid(1)} alone takes`);
  });

  promise("run again before ZFS has caught up: evicts nothing twice", async (node) => {
    node.images(10);
    node.zfs({});
    expect((await node.clean(2)).summary).toContain("evicted 3 images");
    const again = await node.clean(2);
    expect(again.summary).toContain("evicted 0 images");
    expect(node.files).toHaveLength(7);
  });
});

describe.concurrent("what the cleaner removes", () => {
  promise("order oldest: by modification, whatever was used", async (node) => {
    node.put(uuid(1), { age: 1000, idle: 1 });
    node.put(uuid(2), { age: 900, idle: 900 });
    node.zfs({});
    await node.clean(0, "--order", "oldest");
    expect(node.files).toEqual([uuid(2)]);
  });

  promise("a dataset that keeps no access times: oldest first", async (node) => {
    node.put(uuid(1), { age: 1000, idle: 1 });
    node.put(uuid(2), { age: 900, idle: 900 });
    node.zfs({ atime: "off" });
    await node.clean(0);
    expect(node.files).toEqual([uuid(2)]);
  });

  promise("a dry run tells, removes nothing and leaves no trace", async (node) => {
    node.images(5);
    node.zfs({});
    const before = [...node.files, ...readdirSync(join(node.root, "var/lib/nova"))];
    const result = await node.clean(1, "-n");
    expect(result.out).toMatch(new RegExp(`^would evict ${uuid(1)} bytes ${IMAGE} age \\d+ idle \\d+$`, "m"));
    expect(result.summary).toContain("would evict 2 images");
    expect([...node.files, ...readdirSync(join(node.root, "var/lib/nova"))]).toEqual(before);
    expect(node.calls.filter((call) => /^(rm|ln) /.test(call))).toEqual([]);
  });

  promise("tells ages to the second, across months, years and leap days", async (node) => {
    const days = [2, 45, 400, 800, 1_500, 9_000];
    for (const [n, day] of days.entries()) node.put(uuid(n), { age: day * 24, idle: day * 12 });
    node.zfs({});
    const { out } = await node.clean(8, "-n");
    const ages = [...out.matchAll(/^would evict 0000000(\d)\S+ bytes \d+ age (\d+) idle (\d+)$/gm)];
    expect(ages).toHaveLength(days.length);
    for (const [, n, age, idle] of ages) {
      const seconds = (days[Number(n)] ?? 0) * 86_400;
      expect(Math.abs(Number(age) - seconds)).toBeLessThan(30);
      expect(Math.abs(Number(idle) - seconds / 2)).toBeLessThan(30);
    }
  });

  promise("a zone is being installed: nothing goes", async (node) => {
    node.images(5);
    node.write("zones", "0:global:running:/:::native:shared\n-:web:incomplete:/zones/we\\:b::solaris:excl\n");
    node.zfs({});
    const result = await node.clean(1);
    expect(result.status).toBe(0);
    expect(result.summary).toContain("zone web is being installed");
    expect(node.files).toHaveLength(5);
  });

  promise("could not look at the zones: nothing goes", async (node) => {
    node.images(5);
    node.write("zoneadm-fails", "");
    node.zfs({});
    const result = await node.clean(1);
    expect(result.summary).toContain("could not look for zones being installed (zoneadm: could not open /dev/zfs)");
    expect(node.files).toHaveLength(5);
  });

  promise("fuser cannot tell: says so, the age floor guards alone", async (node) => {
    node.images(5);
    node.write("fuser-blind", "");
    node.zfs({});
    const result = await node.clean(0);
    expect(result.out).toContain("fuser cannot tell which files are open");
    expect(node.files).toHaveLength(4);
  });

  promise("could not list the directory: nothing goes", async (node) => {
    node.images(5);
    node.write("ls-fails", "");
    node.zfs({});
    const result = await node.clean(0);
    expect(result.summary).toContain("could not list");
    expect(node.files).toHaveLength(5);
  });

  promise("an image written to after the decision stays, the next one goes", async (node) => {
    node.images(3);
    node.zfs({});
    node.hook("fuser", `echo more >>'${uuid(1)}'`);
    await node.clean(0);
    expect(node.files).toEqual([uuid(1), uuid(3)]);
  });

  promise("an image replaced by another of that name and time stays", async (node) => {
    node.images(3);
    node.zfs({});
    // Each one before stays on the disk: its inode shall not come again.
    node.hook("fuser", `mv '${uuid(1)}' "${node.state}/was.$$" && cp -p "${node.state}/was.$$" '${uuid(1)}'`);
    await node.clean(0);
    expect(node.files).toEqual([uuid(1), uuid(3)]);
  });

  promise("an image replaced by a link stays, and what it points to", async (node) => {
    node.images(3);
    node.zfs({});
    node.hook("fuser", `mv '${uuid(1)}' kept; ln -s kept '${uuid(1)}'`);
    await node.clean(0);
    expect(node.files).toEqual([uuid(1), uuid(3), "kept"].sort());
  });

  promise("a download that begins after the last look keeps its image", async (node) => {
    node.images(3);
    node.zfs({});
    // The listing just before the removal is the one with -d.
    node.hook(
      "ls",
      `[ ! -f '${node.state}/third' ] || >'${uuid(1)}.downloading'; echo x >>'${node.state}/n'
      [ "$(wc -l <'${node.state}/n')" -ne 2 ] || >'${node.state}/third'`,
    );
    await node.clean(0);
    expect(node.files).toContain(uuid(1));
  });

  promise("the directory is replaced meanwhile: nothing more goes", async (node) => {
    node.images(3);
    node.zfs({});
    // The first look at zones comes before the first file goes.
    node.hook("zoneadm", "cd .. && mv images images.old && mkdir images");
    const result = await node.clean(0);
    expect(result.summary).toContain("was replaced meanwhile");
    expect(readdirSync(`${node.cache}.old`)).toHaveLength(3);
  });

  promise("10,000 images: a bounded number of processes", async (node) => {
    const now = Date.now() / 1000;
    for (let n = 0; n < 10_000; n++) {
      const path = join(node.cache, uuid(n));
      writeFileSync(path, "image");
      utimesSync(path, now - 200_000 - n, now - 200_000 - n);
    }
    node.zfs({});
    expect((await node.clean(0)).status).toBe(0);
    expect(node.calls.length).toBeLessThanOrEqual(16);
    // Nearly all of them go, in batches of 2,000.
    node.write("calls", "");
    node.zfs({}, HEADROOM - 600 * IMAGE);
    const result = await node.clean(0);
    expect(result.err).toBe("");
    expect(node.files.length).toBeLessThan(1_000);
    expect(node.calls.length).toBeLessThanOrEqual(16 + 5 * 5);
  });
});

describe.concurrent("one cleaner at a time", () => {
  promise("the lock of a running process is respected", async (node) => {
    node.images(3);
    node.zfs({});
    symlinkSync(String(process.pid), join(node.root, LOCK));
    const result = await node.clean(0);
    expect(result.status).toBe(0);
    expect(result.summary).toContain(`another run (process ${process.pid}) is at work`);
    expect(node.files).toHaveLength(3);
    expect(readdirSync(join(node.root, "var/lib/nova"))).toHaveLength(1);
  });

  promise("the lock of a process that is gone is taken over, and given back", async (node) => {
    node.images(3);
    node.zfs({});
    symlinkSync("99999999", join(node.root, LOCK));
    const result = await node.clean(0);
    expect(result.out).toContain("taking over the lock of process 99999999");
    expect(node.files).toHaveLength(2);
    expect(readdirSync(join(node.root, "var/lib/nova"))).toEqual([]);
  });

  promise("a lock older than any run is taken over although its number runs again", async (node) => {
    node.images(3);
    node.zfs({});
    symlinkSync(String(process.pid), join(node.root, LOCK));
    execFileSync("touch", ["-h", "-d", "3 hours ago", join(node.root, LOCK)]);
    expect((await node.clean(0)).summary).toContain("evicted 1 images");
  });

  promise("the lock is given back on every way out", async (node) => {
    node.zfs({ mounted: "no" });
    await node.clean(0);
    node.zfs({ name: "other" });
    await node.clean(0);
    expect(readdirSync(join(node.root, "var/lib/nova"))).toEqual([]);
  });

  promise("without Nova's home the lock lies in the cache", async (node) => {
    node.images(3);
    renameSync(join(node.root, "var/lib/nova"), join(node.root, "var/lib/gone"));
    node.zfs({});
    await node.clean(0);
    expect(node.calls.find((call) => call.startsWith("ln "))).toContain(`${DIRECTORY}/.nova-cache-cleanup.lock`);
    expect(node.files).toEqual([uuid(2), uuid(3)]);
  });
});

describe("the cleaner's text", () => {
  it("is clean by shellcheck and checkbashisms", () => {
    execFileSync("shellcheck", ["-s", "sh", METHOD], { encoding: "utf8" });
    execFileSync("checkbashisms", ["-p", METHOD], { encoding: "utf8" });
  });
});
