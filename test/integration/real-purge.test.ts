/**
 * `purge` over nodes made of real parts, their old caches on real pools: what it announces becomes free, what is no image
 * stays, a snapshot holds what it is said to hold, and a second run finds nothing. The cache in force: real-purge-cache.test.ts.
 */
import { appendFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunEvent } from "../../src/domain/event.ts";
import { type RealFleet, startRealFleet } from "../support/fleet/fleet.ts";
import { fillToQuota } from "../support/fleet/full.ts";
import type { RealNode } from "../support/fleet/node.ts";
import { snapshot, untilZfs } from "../support/fleet/node-looks.ts";
import { hurried, isWithin, namesIn, type Purged, purge, put, standing } from "../support/fleet/purge-run.ts";
import { against, eventsOf, novasweep, outcomesOf, scratch } from "../support/novasweep.ts";

const MIB = 1024 ** 2;
const OLD = "/var/lib/nova/images";
const ROOT_VAR = "rpool/ROOT/solaris/var";
/** The n-th image; the first is the oldest. */
const image = (n: number): string => `${String(n).padStart(8, "0")}-aaaa-4bbb-8ccc-dddddddddddd`;
const images = (count: number) => Array.from({ length: count }, (_, at) => [image(at + 1), 2 * MIB, 60 - at] as const);
const onPool = { poolBytes: 160 * MIB, legacyOnPool: true } as const;
/** What each node's old cache has when the first purge begins. */
const filled: Readonly<Record<string, { readonly count: number; readonly mib: number }>> = {
  havana: { count: 3, mib: 2 },
  juno: { count: 10, mib: 2 },
  kilo: { count: 3, mib: 3 },
  mitaka: { count: 4, mib: 2 },
};
const FOREIGN = ["--dash", ".hidden", "README", "a\nb", "b l\\a'n\"k*", "kept", "link", "möhre", "x\xff"];

const dir = scratch("real-purge");
const state = join(dir, "state");
let fleet: RealFleet;
const purged = (pattern: string, ...more: readonly string[]): Promise<Purged> =>
  purge(fleet, state, pattern, "--yes", ...more);
const node = (name: string): RealNode => fleet.node(name);
const pooled = (): readonly RealNode[] => fleet.nodes.filter(({ spec }) => spec.poolBytes !== undefined);
const bytes = (of: RealNode, property: string): number => Number(of.sh(`zfs get -Hp -o value ${property} ${ROOT_VAR}`));
/** Names with bytes, of a directory, apart by NUL. */
const everyName = (of: RealNode): readonly string[] =>
  of.sh(`find ${OLD} -mindepth 1 -maxdepth 1 -printf '%f\\0'`).split("\0").slice(0, -1).sort();

/** A snapshot in a second of its own: times are whole seconds, and of one second nobody can say what came first. */
const takeSnapshot = (of: RealNode, name: string): void => {
  const nextSecond = "now=$(date +%s); until [ $(date +%s) -gt $now ]; do :; done";
  of.sh(`${nextSecond}; zfs snapshot ${ROOT_VAR}@${name}; ${nextSecond}`);
};

beforeAll(async () => {
  fleet = await startRealFleet([
    { name: "havana", release: "havana", layout: "legacy", ...onPool, images: images(3) },
    { name: "juno", release: "juno", layout: "legacy", ...onPool, images: images(10) },
    { name: "kilo", release: "kilo", layout: "varshare", ...onPool, images: images(2) },
    { name: "mitaka", release: "mitaka", layout: "legacy", ...onPool, images: images(4) },
    { name: "plain", release: "juno", layout: "legacy" },
  ]);
  appendFileSync(fleet.inventoryPath, "\n[old]\nhavana\n\n[old:vars]\nnovasweep_cleaner=absent\n");
  // Of a time when the driver had another default.
  node("kilo").sh(`mkdir -m 750 ${OLD} && chown nova:sys ${OLD}`);
  for (const n of [1, 2, 3]) put(node("kilo"), OLD, image(n), 3 * MIB);
  const ran = await novasweep([
    ...["rollout", "all:!plain", ...against(fleet, state), "--yes", "--soak", "1s", "--waves", "100%"],
    ...["--set", "cache_headroom=16M", "--output", "ndjson"],
  ]);
  expect(new Set(Object.values(outcomesOf(eventsOf(ran)))), ran.stdout.slice(-3000)).toEqual(new Set(["changed"]));
});
afterAll(async () => {
  await fleet?.stop();
  rmSync(dir, { recursive: true, force: true });
});

describe("purge of every old cache, after a rollout", () => {
  let result: Purged;

  it("frees what it announced, on each node and in total", async () => {
    for (const name of FOREIGN.filter((name) => !/^(kept|link)$/.test(name)))
      node("juno").run(["/usr/bin/sh", "-c", `cat >"${OLD}/$1"`, "sh", name], { input: "x" });
    node("juno").sh(`mkdir ${OLD}/kept; cp ${OLD}/${image(1)} ${OLD}/kept/; ln -s ${OLD}/${image(1)} ${OLD}/link`);
    // All that was written counts by now.
    for (const one of pooled()) await untilZfs(one, ROOT_VAR, "used", (used) => used > 6 * MIB);
    const before = pooled().map((one) => standing(one, OLD));
    // Nobody hurries ZFS: half a minute is waited for it.
    result = await purged("all:!plain");
    expect(result.ran.status, result.ran.stderr).toBe(0);
    for (const [name, { count, mib }] of Object.entries(filled)) {
      const { planned, done, heldBytes } = result.freed(name);
      expect([planned.files, done?.files, heldBytes], name).toEqual([count, count, 0]);
      expect(done?.bytes, name).toBe(planned.bytes);
      expect(done?.freedBytes, name).toBeGreaterThan(count * mib * MIB - 1);
    }
    expect(result.total.files).toBe(20);
    expect(isWithin(result.total.freedBytes, result.total)).toBe(true);
    expect(pooled().map((one) => standing(one, OLD))).toEqual(before);
    expect(standing(node("kilo"), OLD)).toMatch(/^nova:sys 750 /);
  });

  it("leaves what is no image, and says so", () => {
    expect(everyName(node("juno"))).toEqual([...FOREIGN].map((name) => Buffer.from(name).toString("latin1")).sort());
    for (const name of ["havana", "kilo", "mitaka"]) expect(everyName(node(name)), name).toEqual([]);
    expect(namesIn(node("juno"), `${OLD}/kept`)).toEqual([image(1)]);
    expect(result.ran.stderr).toMatch(
      /\/var\/lib\/nova\/images keeps 9 entries that are no images: .* on 1 host: juno\n/,
    );
    // The caches in force have what they had.
    expect(namesIn(node("kilo"), "/var/share/nova/images")).toEqual([image(1), image(2)]);
  });

  it("has every name, size and time in its journal, which `runs show` reads", async () => {
    const removed = (host: string) =>
      result.journal.flatMap((event) => (event.type === "host.removed" && event.host === host ? event.files : []));
    for (const [name, { count }] of Object.entries(filled)) {
      const files = removed(name);
      expect(files.map((file) => file.name).sort(), name).toEqual(images(count).map(([id]) => id));
      const days = files.map(({ at }) => Math.round((Date.now() / 1000 - at) / 86_400));
      expect(
        days.toSorted((a, b) => b - a),
        name,
      ).toEqual(name === "kilo" ? [40, 40, 40] : images(count).map(([, , day]) => day));
      expect(files.reduce((all, file) => all + file.bytes, 0)).toBe(result.freed(name).done?.bytes);
    }
    const told = result.journal.filter(
      (event): event is Extract<RunEvent, { type: "host.purged" }> => event.type === "host.purged",
    );
    for (const event of told)
      expect(event).toMatchObject({
        change: "legacy.remove",
        target: OLD,
        ...result.freed(event.host).done,
        announced: result.freed(event.host).announced,
      });
    expect(told).toHaveLength(4);
    const shown = await novasweep(["runs", "show", result.run, "--state-dir", state]);
    expect([shown.status, shown.stderr]).toEqual([0, ""]);
    expect(shown.stdout).toContain(result.run);
    for (const name of Object.keys(filled)) expect(shown.stdout).toMatch(new RegExp(`\\b${name}\\b`));
  });

  it("a second one finds nothing to do, and touches nothing", async () => {
    const before = pooled().map(snapshot);
    const again = await purged("all:!plain");
    expect(again.hosts.map(({ outcome }) => outcome)).toEqual(pooled().map(() => "in-sync"));
    expect([again.ran.status, again.total.files, again.total.freedBytes]).toEqual([0, 0, 0]);
    expect(pooled().map(snapshot)).toEqual(before);
  });
});

describe("under a snapshot", () => {
  it("all that is older stays held: said before and after, and gone with it", async () => {
    const mitaka = node("mitaka");
    for (const n of [1, 2]) put(mitaka, OLD, image(n), 2 * MIB);
    await untilZfs(mitaka, ROOT_VAR, "used", (used) => used > 4 * MIB);
    takeSnapshot(mitaka, "before");
    const result = await hurried([mitaka], [ROOT_VAR], () => purged("mitaka"));
    const piece = result.freed("mitaka");
    expect(piece.heldBytes).toBe(piece.planned.bytes);
    expect(piece.heldBy).toMatchObject([{ snapshot: `${ROOT_VAR}@before`, bytes: piece.heldBytes }]);
    expect(piece.announced).toEqual({ leastBytes: 0, mostBytes: MIB });
    const words = /4\.0 MiB stay held by rpool\/ROOT\/solaris\/var@before \(4\.0 MiB\): destroying those snapshots/;
    expect(result.ran.stderr).toMatch(words);
    await untilZfs(mitaka, ROOT_VAR, "usedbysnapshots", (held) => held > 4 * MIB - 1);
    mitaka.sh(`zfs destroy ${ROOT_VAR}@before`);
    const again = await purged("mitaka");
    expect(again.host("mitaka")).toEqual({ name: "mitaka", outcome: "in-sync", purged: [] });
    expect(again.ran.stderr).not.toContain("held");
    await untilZfs(mitaka, ROOT_VAR, "used", (used) => used < 2 * MIB);
  });

  it("what was written before it and what came after it are told apart", async () => {
    const kilo = node("kilo");
    for (const n of [1, 2]) put(kilo, OLD, image(n), 2 * MIB);
    await untilZfs(kilo, ROOT_VAR, "used", (used) => used > 4 * MIB);
    takeSnapshot(kilo, "between");
    for (const n of [3, 4, 5]) put(kilo, OLD, image(n), 2 * MIB);
    await untilZfs(kilo, ROOT_VAR, "used", (used) => used > 10 * MIB);
    const result = await hurried([kilo], [ROOT_VAR], () => purged("kilo"));
    const { planned, heldBytes, heldBy, announced, done } = result.freed("kilo");
    expect(planned.files).toBe(5);
    expect(heldBytes).toBeCloseTo((planned.bytes * 2) / 5, -5);
    expect(heldBy).toMatchObject([{ snapshot: `${ROOT_VAR}@between` }]);
    // Their content claims to be older than the snapshot: it might have been there under another name.
    expect(announced.leastBytes).toBe(0);
    expect(done?.freedBytes).toBeGreaterThan(6 * MIB - 1);
    kilo.sh(`zfs destroy ${ROOT_VAR}@between`);
  });

  it("with a full quota nothing can be removed: failed, in the words of rm, and nothing else", async () => {
    const juno = node("juno");
    for (const n of [1, 2]) put(juno, OLD, image(n), 2 * MIB);
    // More of them than of what is no image.
    for (let n = 3; n <= 10; n++) put(juno, OLD, image(n), 512);
    await untilZfs(juno, ROOT_VAR, "used", (used) => used > 4 * MIB);
    takeSnapshot(juno, "full");
    fillToQuota(juno, ROOT_VAR, "/var/lib/nova");
    const before = [standing(juno, OLD), everyName(juno), bytes(juno, "used")];
    const result = await purged("juno");
    expect([result.ran.status, result.host("juno").outcome], result.ran.stderr).toEqual([5, "failed"]);
    expect(result.host("juno").failure).toMatchObject({
      code: "E_STEP",
      message: expect.stringMatching(/^10 of its files could not be removed: .*Disk quota exceeded$/),
    });
    expect(result.host("juno").purged[0]?.done).toEqual({ files: 0, bytes: 0, freedBytes: 0 });
    expect(result.journal.filter(({ type }) => type === "host.removed")).toEqual([]);
    expect([standing(juno, OLD), everyName(juno), bytes(juno, "used")]).toEqual(before);
    expect(juno.sh("find /system/volatile /tmp -mindepth 1 ! -name 'novasweep.result-*'")).toBe("");
    juno.sh(`zfs destroy ${ROOT_VAR}@full; zfs set quota=none ${ROOT_VAR}`);
    const mended = await hurried([juno], [ROOT_VAR], () => purged("juno"));
    expect(mended.freed("juno").done?.files).toBe(10);
  });
});

describe("purge of boot environments", () => {
  it("frees what it announced, and a second one finds nothing", async () => {
    const plain = node("plain");
    // The node's beadm and zfs are simulated, and need one more that may stay.
    plain.write(
      "/.node/state/be",
      `${plain.read("/.node/state/be")}other;e6a3c1c8-0000-0000-0000-000000000001;-;-;0;static;1446199385\n`,
    );
    const be = (...more: readonly string[]) => purged("plain", "--boot-environments", "--keep", "2", ...more);
    const result = await be();
    expect(result.ran.status, result.ran.stderr).toBe(0);
    const { target, done } = result.freed("plain");
    expect([target, done?.files]).toEqual(["solaris-backup-1", 1]);
    expect(done?.freedBytes).toBeGreaterThan(0);
    expect(plain.sh("beadm list -H | cut -d';' -f1")).toBe("solaris\nother\n");
    expect((await be()).host("plain")).toMatchObject({ outcome: "in-sync", purged: [] });
  });
});
