/**
 * The cleaner as it lives: started by a restarter on its schedule, as nova, on real ZFS, while images are downloaded by
 * each of the driver's three schemes. No test runs it by hand.
 */
import { once } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RealFleet, startRealFleet } from "../support/fleet/fleet.ts";
import type { RealNode } from "../support/fleet/node.ts";
import {
  CLEANER,
  property,
  runsOf,
  startWitness,
  untilRuns,
  untilState,
  untilWitnessed,
  witnessOf,
} from "../support/fleet/periodic-looks.ts";
import { isLong } from "../support/long.ts";
import { against, eventsOf, novasweep, outcomesOf, scratch } from "../support/novasweep.ts";

const MIB = 1024 ** 2;
const DATASET = "rpool/VARSHARE/nova/images";
const CACHE = "/var/share/nova/images";
const PERIOD_S = 60;
/** A period is a second. */
const SCALE = 60;
const QUOTA = 32 * MIB;
/** Three of them are downloaded between two runs: less than the headroom. */
const IMAGE = 2 * MIB;
const ROUNDS = 4;
const schemes = ["direct", "marker", "rename"] as const;
const image = (n: number): string => `${String(n).padStart(8, "0")}-aaaa-4bbb-8ccc-dddddddddddd`;
const dir = scratch("real-periodic");
let fleet: RealFleet;
let node: RealNode;

const rollout = async (...settings: readonly string[]): Promise<void> => {
  const given = [`cleaner_period=${PERIOD_S}s`, "cache_quota=32M", "cache_headroom=10M", "cache_target_free=12M"];
  const ran = await novasweep([
    ...["rollout", "all", ...against(fleet, join(dir, "state")), "--yes", "--soak", "1s", "--output", "ndjson"],
    ...[...given, "cache_min_age=1s", ...settings].flatMap((setting) => ["--set", setting]),
  ]);
  expect(outcomesOf(eventsOf(ran)), ran.stdout.slice(-3000)).toEqual({ node: "changed" });
};
const files = (): readonly string[] => node.sh(`ls -1 ${CACHE}`).split("\n").slice(0, -1);
/** ZFS writes out at once, as it would have long before the next of the node's minutes. */
const used = (): number =>
  Number(node.sh(`zfs set test:written=yes ${DATASET} && zfs get -Hp -o value used ${DATASET}`));
/** Sets counts of the instance's, all seen at once. */
const set = (values: Readonly<Record<string, number>>): string =>
  node.sh(
    [
      ...Object.entries(values).map(([name, value]) => `svccfg -s ${CLEANER} setprop ${name} = count: ${value}`),
      `svcadm refresh ${CLEANER}`,
    ].join(" && "),
  );
/** Sets counts between two runs: the next one has them all, its time limit among them. */
const setBetweenRuns = (values: Readonly<Record<string, number>>): number => {
  node.sh(`svcadm disable -s ${CLEANER}`);
  const before = runsOf(node).length;
  set(values);
  node.sh(`svcadm enable -s ${CLEANER}`);
  return before;
};
const POLICY = { "config/headroom": 10 * MIB, "config/target_free": 12 * MIB };

/** One download, which stands still at half its size and looks as old as any until it is told to go on. */
const startFetch = async (scheme: string, id: string) => {
  const child = node.start(["/usr/bin/nova-compute", "fetch", scheme, id, String(IMAGE), "PAUSE"], "nova");
  let said = "";
  child.stderr.on("data", (bytes) => {
    said += bytes;
  });
  await once(child.stdout, "data");
  node.sh(`touch -d '90 days ago' ${CACHE}/${id}*`);
  return async (): Promise<void> => {
    child.stdin.end("\n");
    const [status] = await once(child, "exit");
    expect([status, said], `${id} by ${scheme}`).toEqual([0, ""]);
    expect(node.sh(`stat -c '%U %s' ${CACHE}/${id}`)).toBe(`nova ${IMAGE}\n`);
  };
};

beforeAll(async () => {
  fleet = await startRealFleet([
    {
      name: "node",
      release: "mitaka",
      layout: "varshare",
      poolBytes: 128 * MIB,
      periodicScale: SCALE,
      images: Array.from({ length: 6 }, (_, at) => [image(at + 1), IMAGE, 80 - at] as const),
    },
  ]);
  node = fleet.node("node");
  startWitness(node, PERIOD_S);
  await rollout();
});
afterAll(async () => {
  await fleet?.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** A run a second for minutes keeps both cores busy: npm test has the schedule alone. */
const inLong = (name: string, act: () => Promise<void>): void => {
  if (isLong) it(name, act);
};

describe("the cleaner under its restarter", () => {
  it("runs every period by itself, in a method's environment and with its credential", async () => {
    const runs = await untilRuns(node, 0, 2);
    for (const run of runs)
      expect([run.status, run.summary], run.out).toEqual([0, expect.stringMatching(/: enough is free$/)]);
    expect(property(node, "restarter/state")).toBe("online");
    const words = (witnessOf(node)[0] ?? "").trim().split(" ");
    // The last three are the shell's own.
    expect(words.filter((word) => !/^(PWD|SHLVL|_)=/.test(word))).toEqual([
      ...["nova", "nova", "PATH=/usr/sbin:/usr/bin", "SMF_FMRI=svc:/site/witness:default", "SMF_METHOD=start"],
      ...["SMF_RESTARTER=svc:/system/svc/periodic-restarter:default", "SMF_ZONENAME=global"],
    ]);
  });

  inLong(
    "keeps room for downloads by all three schemes, for longer than the quota lasts, and touches none under way",
    async () => {
      const evicted: string[] = [];
      const before = runsOf(node).length;
      let next = 100;
      for (let round = 0; round < ROUNDS; round++) {
        const ids = schemes.map((scheme) => ({ scheme, id: image(next++) }));
        const finish = await Promise.all(ids.map(({ scheme, id }) => startFetch(scheme, id)));
        expect(used()).toBeLessThan(QUOTA);
        // One may have begun before the downloads stood still, the other saw them as they are: the oldest of all.
        const done = runsOf(node).length;
        await untilRuns(node, done, 2);
        const there = files();
        for (const { scheme, id } of ids) {
          if (scheme !== "rename") expect(there).toContain(id);
          if (scheme !== "direct") expect(there).toContain(`${id}.downloading`);
        }
        await Promise.all(finish.map((go) => go()));
        for (const [at, { id }] of ids.entries())
          node.sh(`touch -d '${1000 - 24 * round - at} hours ago' ${CACHE}/${id}`);
        expect(used()).toBeLessThan(QUOTA);
      }
      const runs = runsOf(node).slice(before);
      for (const run of runs) {
        expect([run.status, run.out.match(/^nova-cache-cleanup \S+: evicted /gm)], run.out).toEqual([
          0,
          [expect.any(String)],
        ]);
        evicted.push(...run.evicted);
      }
      // The oldest first, each once, and no more than had to go.
      expect(evicted).toEqual([...evicted].sort());
      expect(new Set(evicted).size).toBe(evicted.length);
      expect((ROUNDS * schemes.length + 6) * IMAGE).toBeGreaterThan(QUOTA);
      expect(files().length * IMAGE).toBeGreaterThanOrEqual(QUOTA - 12 * MIB - schemes.length * IMAGE);
    },
  );

  inLong("is read back by status: last run, next run, what the last run evicted", async () => {
    // One run that evicts something, and the next is hours away.
    const before = setBetweenRuns({
      "config/headroom": 20 * MIB,
      "config/target_free": 20 * MIB,
      "periodic/period": 36_000,
    });
    const last = (await untilRuns(node, before, 1)).at(-1);
    expect(last?.evicted.length, last?.out).toBeGreaterThan(0);
    const ran = await novasweep(["status", "all", ...against(fleet, join(dir, "state")), "--format", "json"]);
    const { cleaner } = JSON.parse(ran.stdout).hosts[0];
    const time = (name: string): string =>
      new Date(1000 * Number(property(node, `periodic_restarter/${name}`))).toISOString().slice(0, -5);
    expect(cleaner).toEqual({
      state: "online",
      version: expect.stringMatching(/^1\./),
      lastRun: expect.stringMatching(`^${time("last_run")}`),
      nextRun: expect.stringMatching(`^${time("next_run")}`),
      lastEvictedBytes: Number(/ images, (\d+) bytes/.exec(last?.summary ?? "")?.[1]),
    });
    expect(runsOf(node)).toHaveLength(before + 1);
    expect(property(node, "restarter/auxiliary_state")).toBe("scheduled");
    set({ ...POLICY, "periodic/period": PERIOD_S });
    node.sh(`svcadm restart -s ${CLEANER}`);
    await untilRuns(node, before + 1, 1);
  });
});

if (isLong)
  describe("the restarter", () => {
    it("puts a cleaner that ends with a mistake of the configuration into maintenance, and runs it no more until cleared", async () => {
      set({ "config/target_free": QUOTA });
      await untilState(node, "maintenance");
      const runs = runsOf(node);
      expect(runs.at(-1)?.status).toBe(96);
      expect(runs.at(-1)?.out).toContain("error: target_free");
      set(POLICY);
      await untilWitnessed(node, 3);
      expect(runsOf(node)).toHaveLength(runs.length);
      expect(property(node, "periodic_restarter/next_run")).toBe("");
      node.sh(`svcadm clear ${CLEANER}`);
      expect((await untilRuns(node, runs.length, 1)).map(({ status }) => status)).toContain(0);
      expect(property(node, "restarter/state")).toBe("online");
    });

    it("ends a run that hangs when its time is over, and the instance is in maintenance", async () => {
      const zoneadm = node.read("/usr/sbin/zoneadm");
      node.write("/usr/sbin/zoneadm", "#!/bin/sh\nsleep 1000\n");
      try {
        // Something to evict, or it would not ask for zones; and two of the node's minutes for it.
        setBetweenRuns({ "config/headroom": 30 * MIB, "config/target_free": 30 * MIB, "start/timeout_seconds": 120 });
        await untilState(node, "maintenance");
      } finally {
        node.write("/usr/sbin/zoneadm", zoneadm);
      }
      expect(runsOf(node).at(-1)?.status).toBe(137);
      expect(node.sh("ps -e -o args=")).not.toMatch(/nova-cache-cleanup|sleep 1000/);
      set({ ...POLICY, "start/timeout_seconds": 1800 });
    });
  });

if (isLong)
  describe("the setting `cleaner`", () => {
    it("disabled or absent: no run any more; present: again", async () => {
      await rollout("cleaner=disabled");
      const before = runsOf(node).length;
      await untilWitnessed(node, 2);
      expect([property(node, "restarter/state"), runsOf(node).length]).toEqual(["disabled", before]);
      await rollout("cleaner=absent");
      await untilWitnessed(node, 2);
      expect([property(node, "restarter/state"), runsOf(node).length]).toEqual(["", before]);
      await rollout("cleaner=present");
      await untilRuns(node, before, 1);
    });
  });
