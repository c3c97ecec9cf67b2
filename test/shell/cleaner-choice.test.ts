/** What the cleaner evicts when it is told what, instead of by the quota: the same rules protect what may not go. */
import { describe, expect } from "vitest";
import { DATASET, DIRECTORY, HEADROOM, IMAGE, uuid } from "../support/cleaner-node.ts";
import { promise } from "../support/cleaner-promise.ts";

const DAY_S = 86_400;
const HOUR_S = 3_600;

describe.concurrent("the cleaner told what to evict", () => {
  promise(
    "--all-unused: everything but what is young, open, or being downloaded; a quota is not needed",
    async (node) => {
      node.images(4);
      node.put(uuid(8), { age: 1 });
      node.put(uuid(9), { age: 100 });
      node.put(`${uuid(9)}.downloading`, { age: 1, bytes: 0 });
      node.write("open", `${uuid(2)}\n`);
      node.zfs({ quota: 0, available: 64 * IMAGE });
      const result = await node.clean(1, "--all-unused");
      expect(result.status).toBe(0);
      expect(node.files).toEqual([uuid(2), uuid(8), uuid(9), `${uuid(9)}.downloading`]);
      expect(result.summary).toContain(`evicted 3 images, ${3 * IMAGE} bytes, free ${67 * IMAGE} of 0,`);
      expect(result.summary).toContain("young 1, open 1, downloading 1,");
      expect(result.summary).toMatch(/: what was asked for has gone, as far as it may$/);
    },
  );

  promise("--to-limit: in order, until the dataset's own files take no more; a dry run says which", async (node) => {
    node.images(5);
    node.zfs({}, 64 * IMAGE);
    const limit = String(node.onDisk - 2 * IMAGE);
    const dry = await node.clean(0, "--to-limit", limit, "-n");
    expect(dry.out.match(/^would evict \S+/gm)).toEqual([1, 2].map((n) => `would evict ${uuid(n)}`));
    expect(node.files).toHaveLength(5);
    const result = await node.clean(0, "--to-limit", limit);
    expect(node.files).toEqual([3, 4, 5].map(uuid));
    expect(result.summary).toMatch(/: within the limit$/);
    const none = await node.clean(0, "--to-limit", "0", "--min-age", String(2000 * HOUR_S));
    expect(none.summary).toMatch(/: still \d+ bytes above the limit: nothing else may be evicted$/);
  });

  promise(
    "--to-limit on a dataset that others share: the cache's own files count, what others have does not",
    async (node) => {
      node.images(5);
      for (const shared of [
        { mountpoint: "/export" },
        { mountpoint: "/export/nova/other" },
        { mountpoint: "/export/nova", name: "rpool/ROOT/solaris/var" },
      ]) {
        node.zfs(shared, 64 * IMAGE);
        const own = node.files.length * IMAGE;
        // All that lies there is far more than that, and none of it may go for it.
        expect(node.onDisk).toBeGreaterThan(own + 8 * IMAGE);
        const result = await node.clean(0, "--dataset", shared.name ?? DATASET, "--to-limit", String(own - IMAGE));
        expect(result.summary, JSON.stringify(shared)).toMatch(/ evicted 1 images, .*: within the limit$/);
      }
      expect(node.files).toEqual([4, 5].map(uuid));
    },
  );

  promise(
    "told what to evict it goes on without a lock where there is no room for one; told nothing it waits",
    async (node) => {
      node.images(3);
      node.zfs({}, 0);
      for (const words of ["No space left on device", "Disc quota exceeded"]) {
        node.tool("ln", `echo "ln: cannot create .nova-cache-cleanup.lock: ${words}" >&2; exit 2`);
        const policy = await node.clean(1);
        expect(policy.summary).toMatch(/could not make the lock .*nothing done$/);
        const result = await node.clean(0, "--image", uuid(words.startsWith("No") ? 1 : 2));
        expect(result.out).toContain("note: there is no room for a lock (");
        expect(result.summary).toMatch(/ evicted 1 images, /);
      }
      expect(node.files).toEqual([uuid(3)]);
      node.tool("ln", 'echo "ln: cannot create .nova-cache-cleanup.lock: Permission denied" >&2; exit 2');
      const other = await node.clean(0, "--all-unused");
      expect(other.summary).toMatch(/could not make the lock .*Permission denied\), nothing done$/);
      expect(node.files).toEqual([uuid(3)]);
    },
  );

  promise("--older-than: not used for so long, by access where the dataset keeps it, else by change", async (node) => {
    const old = node.put(uuid(1), { age: 100 * 24, idle: 40 * 24 });
    const read = node.put(uuid(2), { age: 100 * 24, idle: 2 * 24 });
    const recent = node.put(uuid(3), { age: 20 * 24, idle: 20 * 24 });
    node.zfs({ atime: "on" }, 64 * IMAGE);
    await node.clean(0, "--older-than", String(30 * DAY_S));
    expect([old, read, recent].map((name) => node.has(name))).toEqual([false, true, true]);
    node.zfs({ atime: "off" }, 64 * IMAGE);
    await node.clean(0, "--older-than", String(30 * DAY_S));
    expect([read, recent].map((name) => node.has(name))).toEqual([false, true]);
  });

  promise("--image: these and no others, not even leftovers; says what was kept", async (node) => {
    node.images(3);
    node.put(uuid(7), { age: 1 });
    node.put(`${uuid(9)}.downloading`, { age: 500, bytes: 0 });
    node.zfs({}, 0);
    const result = await node.clean(1, "--image", uuid(2), "--image", uuid(7), "--image", uuid(99));
    expect(node.files).toEqual([uuid(1), uuid(3), uuid(7), `${uuid(9)}.downloading`]);
    expect(result.out).toContain(`note: image ${uuid(7)} stays: younger than min_age, open, or being downloaded`);
    expect(result.status).toBe(0);
  });

  promise("one choice, and one that can be read", async (node) => {
    for (const flags of [
      ["--all-unused", "--to-limit", "5"],
      ["--to-limit", "5", "--to-limit", "6"],
      ["--image", uuid(1), "--all-unused"],
      ["--image", "../../etc/passwd"],
      ["--image", `${uuid(1)} x`],
      ["--image"],
    ])
      expect((await node.clean(0, ...flags)).status).toBe(2);
    expect((await node.clean(0, "--older-than", "30d")).status).toBe(96);
  });

  promise("config/dry_run changes nothing, as -n", async (node) => {
    node.images(3);
    node.zfs({});
    node.write("svcprop", "config/dry_run boolean true\n");
    const result = await node.runWith(
      { SMF_FMRI: "svc:/x" },
      "--dataset",
      DATASET,
      "--directory",
      DIRECTORY,
      "--target-free",
      String(HEADROOM),
    );
    expect(result.summary).toContain("would evict ");
    expect(node.files).toHaveLength(3);
  });
});
