/**
 * The cleaner on a real ZFS, whose `used` stands still for seconds after files went and for ever while a snapshot holds
 * them: just enough goes, once. The published script beside it on the same node.
 */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { clean, cleanTwiceAtOnce } from "../support/fleet/cleaner-run.ts";
import { type RealFleet, startRealFleet } from "../support/fleet/fleet.ts";
import type { RealNode } from "../support/fleet/node.ts";
import { untilZfs, WAIT_MS } from "../support/fleet/node-looks.ts";
import { against, eventsOf, novasweep, outcomesOf, scratch } from "../support/novasweep.ts";

const MIB = 1024 ** 2;
const DATASET = "rpool/VARSHARE/nova/images";
const CACHE = "/var/share/nova/images";
const SETTINGS = { cache_quota: "24M", cache_headroom: "6M", cache_target_free: "9M" };
/** The n-th image; the first is the oldest. */
const image = (n: number): string => `${String(n).padStart(8, "0")}-aaaa-4bbb-8ccc-dddddddddddd`;
const dir = scratch("real-cleaner");
let fleet: RealFleet;
let node: RealNode;

const files = (): readonly string[] =>
  node
    .sh(`ls -1 ${CACHE}`)
    .split("\n")
    .filter((name) => name !== "");
const bytes = (property: string): number => Number(node.sh(`zfs get -Hp -o value ${property} ${DATASET}`));
const untilBytes = (property: "used" | "usedbysnapshots", isThere: (value: number) => boolean): Promise<void> =>
  untilZfs(node, DATASET, property, isThere);

/** Nova downloads one image of `mib` MiB, which is then `days` old. */
const fetch = (n: number, mib: number, days: number): void => {
  const ran = node.run(["/usr/bin/nova-compute", "fetch", "direct", image(n), String(mib * MIB)], { user: "nova" });
  expect(ran.err).toBe("");
  node.sh(`touch -d '${days * 24} hours ago' ${CACHE}/${image(n)}`);
};

/** A rollout with the settings of the first one, and more. */
const rollout = (...more: readonly string[]) =>
  novasweep([
    ...["rollout", "all", ...against(fleet, join(dir, "state"))],
    ...Object.entries(SETTINGS).flatMap(([key, value]) => ["--set", `${key}=${value}`]),
    ...more,
  ]);

beforeAll(async () => {
  fleet = await startRealFleet([
    {
      name: "kilo",
      release: "kilo",
      layout: "varshare",
      poolBytes: 128 * MIB,
      images: Array.from({ length: 8 }, (_, at) => [image(at + 1), 2 * MIB, 40 - at] as const),
    },
  ]);
  node = fleet.node("kilo");
  const ran = await rollout("--yes", "--soak", "1s", "--output", "ndjson");
  expect(outcomesOf(eventsOf(ran)), ran.stdout.slice(-3000)).toEqual({ kilo: "changed" });
});
afterAll(async () => {
  await fleet?.stop();
  rmSync(dir, { recursive: true, force: true });
});

describe("the cleaner on real ZFS, with the rollout's properties, as nova", () => {
  it("evicts nothing while enough is free", async () => {
    await untilBytes("used", (used) => used > 16 * MIB);
    const ran = clean(node);
    expect([ran.status, ran.evicted]).toEqual([0, []]);
    expect(ran.summary).toMatch(/: enough is free$/);
  });

  it("evicts the least recently used, just enough, and nothing more while `used` lags behind", async () => {
    fetch(9, 4, 20);
    await untilBytes("used", (used) => used > 20 * MIB);
    // What a plan announces is what goes.
    const planned = await rollout("--check", "--set", "cache_min_age=23h");
    expect(planned.stdout).toMatch(/the cleaner's first run will evict 3 images, 6\.0 MiB, oldest \d{4}-\d\d-\d\d,/);
    const ran = clean(node);
    expect(ran.status, ran.out).toBe(0);
    // 4 MiB are free and 9 shall be: two images of 2 MiB are not enough, three are.
    expect(ran.evicted).toEqual([image(1), image(2), image(3)]);
    expect(ran.summary).toMatch(/ evicted 3 images, .* kept 6, .*: target reached$/);
    const again = clean(node);
    expect([again.status, again.evicted], again.out).toEqual([0, []]);
    expect(files()).toEqual([4, 5, 6, 7, 8, 9].map(image));
  });

  it("two runs at once evict just enough together", async () => {
    await untilBytes("used", (used) => used < 15 * MIB);
    fetch(10, 6, 1.5);
    await untilBytes("used", (used) => used > 20 * MIB);
    const ran = cleanTwiceAtOnce(node);
    const gone = ran.flatMap(({ evicted }) => evicted);
    expect(gone, ran.map(({ out }) => out).join("")).toEqual([image(4), image(5), image(6)]);
    expect(
      ran.every(({ summary }) => /: (target reached|enough is free|another run .* nothing done)$/.test(summary)),
    ).toBe(true);
    expect(files()).toEqual([7, 8, 9, 10].map(image));
    expect(node.sh("ls -A /var/lib/nova")).not.toContain(".lock");
  });

  it("with a snapshot that holds the space says that evicting cannot help, and evicts nothing", async () => {
    await untilBytes("used", (used) => used < 15 * MIB);
    node.sh(`zfs snapshot ${DATASET}@keep && rm ${CACHE}/${image(10)}`);
    fetch(11, 6, 2);
    await untilBytes("usedbysnapshots", (held) => held > 5 * MIB);
    await untilBytes("used", (used) => used > 19 * MIB);
    const ran = clean(node);
    expect([ran.status, ran.evicted], ran.out).toEqual([0, []]);
    expect(ran.out).toMatch(new RegExp(`note: snapshots of ${DATASET} hold \\d+ bytes`));
    expect(ran.summary).toMatch(/: less than the headroom is free, and evicting cannot help$/);
    expect(files()).toEqual([7, 8, 9, 11].map(image));
    // A rollout says the same, and destroys no snapshot.
    const refused = await rollout("--check", "--max-missing", "1");
    expect([refused.status, refused.stdout.includes("E_SNAPSHOTS")], refused.stdout).toEqual([6, true]);
    expect(refused.stdout).toMatch(
      new RegExp(`a snapshot of ${DATASET} holds \\d\\.\\d MiB: while it is there, evicting`),
    );
    node.sh(`zfs destroy ${DATASET}@keep`);
  });

  it("where the published script, on the same node, goes on until nothing is left", async () => {
    await untilBytes("usedbysnapshots", (held) => held === 0);
    const before = files().length;
    expect(before).toBe(4);
    // Its headroom is 2 GiB: with this quota it has one byte too many, which one image would free.
    node.sh(`zfs set quota=${2 * 1024 ** 3 + bytes("used") - 1} ${DATASET}`);
    const script = fileURLToPath(new URL("../support/published-cleaner.sh", import.meta.url));
    node.write("/var/lib/nova/published", readFileSync(script, "latin1"));
    const words = ["env", `CACHEDS=${DATASET}`, `CACHEDIR=${CACHE}`, "ksh93", "/var/lib/nova/published"];
    const running = node.start(words, "nova");
    try {
      await vi.waitFor(() => expect(files()).toEqual([]), { timeout: WAIT_MS, interval: 200 });
    } finally {
      running.kill("SIGKILL");
    }
  });
});
