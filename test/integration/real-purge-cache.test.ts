/**
 * `purge --cache` on real ZFS: the emergency of a node that was never rolled out and has no room at all, and every choice of
 * what goes, with what may not.
 */
import { once } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RealFleet, startRealFleet } from "../support/fleet/fleet.ts";
import { fillPool, fillToQuota } from "../support/fleet/full.ts";
import type { RealNode } from "../support/fleet/node.ts";
import { untilZfs } from "../support/fleet/node-looks.ts";
import { hurried, namesIn, type Purged, purge, put, standing } from "../support/fleet/purge-run.ts";
import { against, codesOf, eventsOf, novasweep, outcomesOf, scratch } from "../support/novasweep.ts";

const MIB = 1024 ** 2;
const CACHE = "/var/share/nova/images";
const DATASET = "rpool/VARSHARE/nova/images";
const OLD = "/var/lib/nova/images";
const ROOT_VAR = "rpool/ROOT/solaris/var";
/** The n-th image; the first is the oldest. */
const image = (n: number): string => `${String(n).padStart(8, "0")}-aaaa-4bbb-8ccc-dddddddddddd`;
const images = (count: number) => Array.from({ length: count }, (_, at) => [image(at + 1), 2 * MIB, 60 - at] as const);
const range = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from + 1 }, (_, at) => image(from + at));
const onPool = { poolBytes: 160 * MIB, legacyOnPool: true } as const;

const dir = scratch("real-purge-cache");
let fleet: RealFleet;
const node = (name: string): RealNode => fleet.node(name);
const set = (settings: Readonly<Record<string, string | number>>): readonly string[] =>
  Object.entries(settings).flatMap(([key, value]) => ["--set", `${key}=${value}`]);
/** Of one node, with a state directory of its own: several run at once. */
const purged = (of: RealNode, ...more: readonly string[]): Promise<Purged> =>
  purge(fleet, join(dir, of.name), of.name, "--cache", "--yes", ...more);
const inHurry = (of: RealNode, dataset: string, ...more: readonly string[]): Promise<Purged> =>
  hurried([of], [dataset], () => purged(of, ...more));
const bytes = (of: RealNode, property: string, dataset: string): number =>
  Number(of.sh(`zfs get -Hp -o value ${property} ${dataset}`));
const removedIn = ({ journal }: Purged): readonly string[] =>
  journal.flatMap((event) => (event.type === "host.removed" ? event.files.map(({ name }) => name) : [])).sort();

beforeAll(async () => {
  fleet = await startRealFleet([
    { name: "quota", release: "kilo", layout: "varshare", ...onPool, images: images(10) },
    { name: "pool", release: "mitaka", layout: "varshare", ...onPool, images: images(10) },
    { name: "shared", release: "juno", layout: "legacy", ...onPool, images: images(12) },
  ]);
});
afterAll(async () => {
  await fleet?.stop();
  rmSync(dir, { recursive: true, force: true });
});

describe("--to-limit, on a node that was never rolled out", () => {
  it.concurrent("whose dataset is full to its quota: below it, by the headroom, and a rollout can follow", async () => {
    const quota = node("quota");
    await untilZfs(quota, DATASET, "used", (used) => used > 20 * MIB);
    fillToQuota(quota, DATASET, CACHE);
    // Less than what is used, as a site may want it.
    const settings = set({ cache_quota: "16M", cache_headroom: "4M", cache_target_free: "6M", cache_min_age: "1d" });
    const rollout = (...more: readonly string[]) =>
      novasweep([
        ...["rollout", "quota", ...against(fleet, join(dir, "quota")), "--soak", "1s", "--max-missing", "100%"],
        ...[...settings, "--output", "ndjson", ...more],
      ]);
    const refused = await rollout("--check");
    expect(codesOf(eventsOf(refused), "quota")).toEqual(["E_QUOTA_BELOW_USE"]);
    const before = standing(quota, CACHE);
    const result = await inHurry(quota, DATASET, "--to-limit", ...settings);
    expect(result.ran.status, result.ran.stderr).toBe(0);
    // Of 20 MiB and some records 12 may stay.
    expect(result.freed("quota").done?.files).toBe(5);
    expect(bytes(quota, "usedbydataset", DATASET)).toBeLessThanOrEqual(12 * MIB);
    expect(namesIn(quota, CACHE)).toEqual(range(6, 10));
    expect(removedIn(result)).toEqual(range(1, 5));
    expect(standing(quota, CACHE)).toBe(before);
    const after = eventsOf(await rollout("--yes"));
    expect(outcomesOf(after)).toEqual({ quota: "changed" });
    const again = await purged(quota, "--to-limit", ...settings);
    expect([again.ran.status, again.host("quota").outcome]).toEqual([0, "in-sync"]);
  });

  it.concurrent("whose pool has no room at all, not even for the cleaner's lock", async () => {
    const pool = node("pool");
    await untilZfs(pool, DATASET, "used", (used) => used > 20 * MIB);
    expect(fillPool(pool, "/var/lib/nova")).toMatch(/No space left on device$/);
    expect(pool.run(["ln", "-s", "1", "/var/lib/nova/room"], { user: "nova" }).status).toBe(1);
    const settings = set({ cache_quota: "20M", cache_headroom: "6M", cache_target_free: "9M" });
    const result = await inHurry(pool, DATASET, "--to-limit", ...settings);
    expect(result.ran.status, result.ran.stderr).toBe(0);
    // 20 MiB and some records are to be 14.
    expect(result.freed("pool").done?.files).toBe(4);
    expect(namesIn(pool, CACHE)).toEqual(range(5, 10));
    expect(bytes(pool, "usedbydataset", DATASET)).toBeLessThanOrEqual(14 * MIB);
    expect(namesIn(pool, "/var/lib/nova").filter((name) => name.includes("lock"))).toEqual([]);
  });

  it.concurrent("whose cache shares its dataset: the cache's own files count, what others have there does not", async () => {
    const shared = node("shared");
    put(shared, "/var/lib/nova", "instances.tar", 8 * MIB);
    await untilZfs(shared, ROOT_VAR, "used", (used) => used > 32 * MIB);
    expect(fillToQuota(shared, ROOT_VAR, "/var/lib/nova")).toMatch(/Disk quota exceeded$/);
    const settings = set({ cache_quota: "24M", cache_headroom: "6M", cache_target_free: "9M" });
    const result = await inHurry(shared, ROOT_VAR, "--to-limit", ...settings);
    expect(result.ran.status, result.ran.stderr).toBe(0);
    // 24 MiB and some records are to be 18.
    expect(result.freed("shared").done?.files).toBe(4);
    expect(namesIn(shared, OLD)).toEqual(range(5, 12));
    expect(shared.sh("stat -c %s /var/lib/nova/instances.tar")).toBe(`${8 * MIB}\n`);
    const again = await purged(shared, "--to-limit", ...settings);
    expect(again.host("shared").outcome, again.ran.stderr).toBe("in-sync");
    shared.sh(`zfs set quota=none ${ROOT_VAR}`);
  });
});

describe("what goes, and what may not", () => {
  it.concurrent("--image, given twice, takes those two; --all-unused all but young, open and being downloaded", async () => {
    const pool = node("pool");
    pool.sh("rm /export/filler");
    const two = await inHurry(pool, DATASET, "--image", image(6), "--image", image(9));
    expect(two.freed("pool").done?.files, two.ran.stderr).toBe(2);
    expect(namesIn(pool, CACHE)).toEqual([image(5), image(7), image(8), image(10)]);
    put(pool, CACHE, image(11), 2 * MIB, 0);
    put(pool, CACHE, `${image(8)}.downloading`, 0, 0);
    const open = pool.start(["/usr/bin/sh", "-c", `exec 4<${CACHE}/${image(7)}; echo open; cat`], "nova");
    try {
      await once(open.stdout, "data");
      await untilZfs(pool, DATASET, "used", (used) => used > 10 * MIB);
      const rest = await inHurry(pool, DATASET, "--all-unused");
      expect(rest.ran.status, rest.ran.stderr).toBe(0);
      expect(rest.freed("pool").done?.files).toBe(2);
      const words = "images that stay: 1 younger than cache_min_age, 1 open, 1 being downloaded";
      expect(rest.ran.stderr).toContain(words);
      expect(namesIn(pool, CACHE)).toEqual([image(7), image(8), `${image(8)}.downloading`, image(11)]);
    } finally {
      open.kill("SIGKILL");
    }
  });

  it.concurrent("--older-than goes by use where the dataset keeps it, and so does the order of the policy", async () => {
    const shared = node("shared");
    expect(shared.sh(`zfs get -Hp -o value atime ${ROOT_VAR}`)).toBe("on\n");
    // Used again lately, though written long ago.
    for (const n of [5, 6]) shared.sh(`touch -a -d '${n} days ago' ${OLD}/${image(n)}`);
    for (const n of [7, 8, 9]) shared.sh(`touch -a -d '40 days ago' ${OLD}/${image(n)}`);
    for (const n of [10, 11, 12]) shared.sh(`touch -a -d '${n} days ago' ${OLD}/${image(n)}`);
    await untilZfs(shared, ROOT_VAR, "used", (used) => used > 24 * MIB);
    const old = await inHurry(shared, ROOT_VAR, "--older-than", "30d");
    expect(old.freed("shared").done?.files, old.ran.stderr).toBe(3);
    expect(namesIn(shared, OLD)).toEqual([5, 6, 10, 11, 12].map(image));
    // Without a choice it is the cleaner's own policy: 18 MiB of 24 are used, 7 shall be free, and only its own files go.
    const used = bytes(shared, "used", ROOT_VAR);
    shared.sh(`zfs set quota=${used + 4 * MIB} ${ROOT_VAR}`);
    const policy = set({ cache_headroom: "5M", cache_target_free: "7M", cache_quota: "1G" });
    const result = await inHurry(shared, ROOT_VAR, ...policy);
    expect(result.freed("shared").done?.files, result.ran.stderr).toBe(2);
    expect(namesIn(shared, OLD)).toEqual([5, 6, 10].map(image));
    const oldest = await inHurry(
      shared,
      ROOT_VAR,
      ...policy,
      ...set({ cache_order: "oldest", cache_target_free: "9M" }),
      ...set({ cache_headroom: "9M" }),
    );
    expect(oldest.freed("shared").done?.files, oldest.ran.stderr).toBe(1);
    expect(namesIn(shared, OLD)).toEqual([6, 10].map(image));
  });
});
