/**
 * Downloads by each of the driver's three schemes, as files on real ZFS by a process of user nova: a rollout waits for
 * them, the cleaner leaves them alone, and what a killed one leaves behind is handled as its scheme needs.
 */
import { once } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Cleaned, clean } from "../support/fleet/cleaner-run.ts";
import { type RealFleet, startRealFleet } from "../support/fleet/fleet.ts";
import type { RealNode } from "../support/fleet/node.ts";
import { untilZfs, WAIT_MS } from "../support/fleet/node-looks.ts";
import { against, codesOf, eventsOf, novasweep, outcomesOf, scratch } from "../support/novasweep.ts";

const MIB = 1024 ** 2;
/** The name of a node is its scheme. */
const schemes = ["direct", "marker", "rename"] as const;
const OLD = "00000001-aaaa-4bbb-8ccc-dddddddddddd";
const EARLY = "00000002-aaaa-4bbb-8ccc-dddddddddddd";
const LATE = "00000003-aaaa-4bbb-8ccc-dddddddddddd";
const KILLED = "00000004-aaaa-4bbb-8ccc-dddddddddddd";
const LARGE = "00000005-aaaa-4bbb-8ccc-dddddddddddd";
const SIZE = 4 * MIB;

const dir = scratch("real-downloads");
let fleet: RealFleet;
const rollout = () =>
  novasweep([
    ...["rollout", "all", ...against(fleet, join(dir, "state")), "--yes", "--soak", "1s", "--waves", "100%"],
    ...["--max-bad", "3", "--max-missing", "100%", "--output", "ndjson"],
    ...["--set", "cache_quota=24M", "--set", "cache_headroom=6M", "--set", "cache_target_free=9M"],
  ]);

/** Where the node has its cache: before a rollout, and after. */
const cacheBefore = (node: RealNode): string =>
  node.spec.layout === "legacy" ? "/var/lib/nova/images" : "/var/share/nova/images";
const cacheAfter = (node: RealNode): string =>
  node.spec.layout === "legacy" ? "/export/nova/images" : "/var/share/nova/images";
const datasetOf = (node: RealNode): string =>
  node.spec.layout === "legacy" ? "rpool/export/nova" : "rpool/VARSHARE/nova/images";

/** Where the bytes of an unfinished download are, by scheme. */
const partial = (node: RealNode, id: string): string => (node.name === "rename" ? `${id}.downloading` : id);
/** Every name an unfinished download has. */
const names = (node: RealNode, id: string): readonly string[] =>
  node.name === "marker" ? [id, `${id}.downloading`] : [partial(node, id)];
const list = (node: RealNode, cache: string): readonly string[] =>
  node
    .sh(`ls -1 ${cache}`)
    .split("\n")
    .filter((name) => name !== "");

const fetchWords = (node: RealNode, id: string, size: number): readonly string[] => [
  "/usr/bin/nova-compute",
  ...["fetch", node.name, id, String(size)],
];

/** A download that stands still at half its size until it is told to go on, or killed. */
const startFetch = async (node: RealNode, id: string) => {
  const child = node.start([...fetchWords(node, id, SIZE), "PAUSE"], "nova");
  await once(child.stdout, "data");
  return {
    goOn: async (): Promise<void> => {
      child.stdin.end("\n");
      const [status] = await once(child, "exit");
      expect(status, `${id} on ${node.name}`).toBe(0);
    },
    kill: async (): Promise<void> => {
      child.kill("SIGKILL");
      await once(child, "exit");
      // The download itself is the child of what was killed, and dies with it a moment later.
      await expect.poll(() => node.sh("ps -e -o args="), { timeout: WAIT_MS }).not.toContain(id);
    },
  };
};

/** The cleaner with a need no cache could meet and no age floor: what it leaves, it leaves for another reason. */
const cleanHard = (node: RealNode): Cleaned =>
  clean(
    node,
    ...["--dataset", datasetOf(node), "--directory", cacheAfter(node)],
    ...["--headroom", String(23 * MIB), "--target-free", String(23.5 * MIB), "--min-age", "0"],
  );

beforeAll(async () => {
  fleet = await startRealFleet(
    schemes.map((name) => ({
      name,
      release: name === "direct" ? "juno" : "mitaka",
      layout: name === "direct" ? "legacy" : "varshare",
      poolBytes: 128 * MIB,
      images: [[OLD, MIB, 30]],
    })),
  );
});
afterAll(async () => {
  await fleet?.stop();
  rmSync(dir, { recursive: true, force: true });
});

describe("a download under way", () => {
  it("makes a rollout refuse with E_BUSY and change nothing", async () => {
    const fetches = await Promise.all(fleet.nodes.map((node) => startFetch(node, EARLY)));
    for (const node of fleet.nodes)
      expect(list(node, cacheBefore(node)), node.name).toEqual([OLD, ...names(node, EARLY)].sort());
    const ran = await rollout();
    const events = eventsOf(ran);
    expect(outcomesOf(events), ran.stdout.slice(-3000)).toEqual(
      Object.fromEntries(schemes.map((name) => [name, "refused"])),
    );
    for (const name of schemes) expect(codesOf(events, name), name).toEqual(["E_BUSY"]);
    expect(ran.status).toBe(6);
    for (const node of fleet.nodes) expect(node.has("/lib/svc/method/nova-cache-cleanup")).toBe(false);
    await Promise.all(fetches.map(({ goOn }) => goOn()));
    for (const node of fleet.nodes) expect(list(node, cacheBefore(node)), node.name).toEqual([OLD, EARLY]);
  });

  it("that is done and no longer fresh holds nothing up: the rollout changes the node", async () => {
    for (const node of fleet.nodes) node.sh(`touch -d '3 days ago' ${cacheBefore(node)}/*`);
    const ran = await rollout();
    expect(outcomesOf(eventsOf(ran)), ran.stdout.slice(-3000)).toEqual(
      Object.fromEntries(schemes.map((name) => [name, "changed"])),
    );
  });

  it("after the rollout lands in the new directory, on the dataset, as nova's; the cleaner leaves it alone", async () => {
    for (const node of fleet.nodes) {
      const cache = cacheAfter(node);
      const fetching = await startFetch(node, LATE);
      expect(node.sh(`zfs list -H -o name ${cache}/${partial(node, LATE)}`).trim()).toBe(datasetOf(node));
      await untilZfs(node, datasetOf(node), "used", (bytes) => bytes > SIZE / 4);
      const ran = cleanHard(node);
      expect(ran.status, ran.out).toBe(0);
      // What is whole goes, as far as this need is concerned.
      expect([...ran.evicted].sort(), ran.out).toEqual(cache === cacheBefore(node) ? [OLD, EARLY] : []);
      expect(ran.summary).toMatch(node.name === "direct" ? / open 1, / : / downloading 1, /);
      expect(list(node, cache), node.name).toEqual(names(node, LATE));
      await fetching.goOn();
      expect(list(node, cache), node.name).toEqual([LATE]);
      expect(node.sh(`stat -c '%U:%G %s' ${cache}/${LATE}`)).toBe(`nova:nova ${SIZE}\n`);
    }
  });
});

describe("a download that was killed", () => {
  it("leaves what its scheme leaves; once stale, part and marker go whether or not room is short", async () => {
    for (const node of fleet.nodes) {
      const cache = cacheAfter(node);
      await (await startFetch(node, KILLED)).kill();
      expect(list(node, cache), node.name).toEqual([LATE, ...names(node, KILLED)].sort());
      // Fresh markers may belong to a download: nothing goes.
      expect(clean(node).out).not.toMatch(/^(removed|evicted)/m);
      node.sh(`touch -d '2 days ago' ${cache}/${KILLED}*`);
      const ran = clean(node);
      const removed = [...ran.out.matchAll(/^removed (\S+) /gm)].map(([, name]) => name);
      // The part before its marker: the other way round it would pass for a whole image. Without a marker nothing tells
      // a part from an image, and room is not short.
      expect(removed, ran.out).toEqual(node.name === "direct" ? [] : names(node, KILLED));
      expect(list(node, cache), node.name).toEqual(node.name === "direct" ? [LATE, KILLED] : [LATE]);
      expect(ran.summary).toMatch(/: enough is free$/);
    }
  });
});

describe("a download larger than what the quota leaves", () => {
  it("ends with EDQUOT and leaves no part of an image behind", () => {
    for (const node of fleet.nodes) {
      const cache = cacheAfter(node);
      const was = list(node, cache);
      const ran = node.run(fetchWords(node, LARGE, 40 * MIB), { user: "nova" });
      expect(ran.status, node.name).not.toBe(0);
      expect(ran.err).toMatch(/OSError: \[Errno 122\] Disk quota exceeded/);
      // The second scheme's marker stays, as in Nova; without its image it would block that image for good.
      const left = node.name === "marker" ? [`${LARGE}.downloading`] : [];
      expect(list(node, cache), node.name).toEqual([...was, ...left]);
    }
  });

  it("the marker it may leave goes once it is stale, and the image can be fetched again", () => {
    const node = fleet.node("marker");
    const again = () => node.run(fetchWords(node, LARGE, MIB), { user: "nova" });
    node.sh(`touch -d '2 days ago' ${cacheAfter(node)}/${LARGE}.downloading`);
    expect(clean(node).out).toContain(`removed ${LARGE}.downloading `);
    expect(again().err).toBe("");
    expect(list(node, cacheAfter(node))).toContain(LARGE);
  });
});
