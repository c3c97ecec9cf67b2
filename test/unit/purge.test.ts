/** What a purge decides: every reason not to touch a directory, what goes, what is announced. Facts in, verdict out. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkPlan } from "../../src/domain/check-plan.ts";
import type { Facts, Observed } from "../../src/domain/facts.ts";
import type { HostPlan } from "../../src/domain/plan.ts";
import type { PurgeAsked } from "../../src/domain/purge/asked.ts";
import { choiceFlags } from "../../src/domain/purge/cache.ts";
import { decidePurge } from "../../src/domain/purge/decide.ts";
import type { EvictionFacts, PlaceFacts, PurgeFacts } from "../../src/domain/purge/facts.ts";
import { isSystemDirectory } from "../../src/domain/purge/place-refusals.ts";
import { freedRange, freedTogether, heldWords, holdersOf } from "../../src/domain/purge/space.ts";
import { defaultSettings } from "../../src/domain/settings.ts";
import { absent, bootEnvironment, juno, seen } from "../support/facts.ts";

const MIB = 1024 ** 2;
const OLD = "/var/lib/nova/images";
const NEW = "/export/nova/images";

const none = { count: 0, bytes: 0 };
const noSpace = { freeBytes: 0, maybeBytes: 0, heldBytes: 0, holders: [] };

const place = (patch: Partial<PlaceFacts> = {}): Observed<PlaceFacts> =>
  seen({
    real: OLD,
    inode: "4711",
    owner: "nova",
    dataset: "rpool/ROOT/solaris/var",
    links: [],
    images: { count: 3, bytes: 300 * MIB },
    markers: none,
    included: none,
    foreign: { count: 0, first: [] },
    oldest: 1_442_000_000,
    newest: 1_442_100_000,
    open: seen([]),
    busy: [],
    space: { ...noSpace, freeBytes: 300 * MIB },
    ...patch,
  });

const purge = (patch: Partial<PurgeFacts> = {}): PurgeFacts => ({
  inForce: seen(NEW),
  kept: {
    state_path: seen("/var/lib/nova"),
    instances_path: seen("/var/lib/nova/instances"),
    home: seen("/var/lib/nova"),
  },
  mounts: seen([]),
  places: { [OLD]: place() },
  odd: [],
  clones: seen({}),
  ...patch,
});

/** A node whose rollout is done: another directory is in force, the old one still full. */
const done = (patch: Partial<PurgeFacts> = {}, more: Partial<Facts> = {}): Facts => ({
  ...juno,
  conf: juno.conf.seen ? seen({ ...juno.conf.value, inForce: seen(NEW) }) : juno.conf,
  purge: purge(patch),
  ...more,
});

const legacy: PurgeAsked = { subject: "legacy", includeForeign: [] };
const accepted = { thisBootEnvironment: false, breakStaleLock: false };
const decided = (facts: Facts, asked: PurgeAsked = legacy, more: Partial<typeof accepted> = {}): HostPlan =>
  decidePurge(facts, { host: "cn01", settings: defaultSettings, asked, accepted: { ...accepted, ...more } });

/** `E_CODE words`, one a refusal; nothing when the host is not refused. */
const refusalsOf = (plan: HostPlan): readonly string[] =>
  plan.verdict === "refuse" ? plan.refusals.map(({ code, message }) => `${code} ${message}`) : [];

const placed = (patch: Partial<PlaceFacts>, path = OLD): Facts => done({ places: { [path]: place(patch) } });
const failed = { seen: false, why: "failed", detail: "of no account" } as const;

describe("a cache of the past", () => {
  it("goes with what is announced of it", () => {
    const plan = decided(done());
    expect(plan).toMatchObject({
      verdict: "change",
      drift: [{ aspect: "legacy", have: `3 images, 0.3 GiB in ${OLD}` }],
    });
    if (plan.verdict !== "change") return;
    expect(plan.changes).toEqual([
      {
        kind: "legacy.remove",
        path: OLD,
        real: OLD,
        inode: "4711",
        owner: "nova",
        dataset: "rpool/ROOT/solaris/var",
        include: [],
        files: 3,
        bytes: 300 * MIB,
        freed: { leastBytes: 299 * MIB, mostBytes: 301 * MIB },
        heldBytes: 0,
        heldBy: [],
      },
    ]);
    const gate = { maxBad: 1, maxMissing: 0, parallel: 1, soakS: 0 };
    expect(checkPlan({ run: "r", hosts: [plan], waves: [["cn01"]], gate }, 1200)).toEqual([]);
  });

  it("that is empty, or not there, is nothing to do, and no reason matters then", () => {
    const drained = seen({ ...(juno.service.seen ? juno.service.value : ({} as never)), state: "maintenance" });
    expect(decided(done({ places: { [OLD]: place({ images: none }) } }, { service: drained }))).toMatchObject({
      verdict: "in-sync",
      notes: [],
    });
    expect(decided(done({ places: { [OLD]: absent } }))).toMatchObject({ verdict: "in-sync" });
    expect(decided(done({ places: {} }))).toMatchObject({ verdict: "in-sync" });
  });

  it("keeps what is no image, and says so", () => {
    const foreign = {
      count: 2,
      first: [
        { kind: "file", bytes: 1, name: "notes.txt" },
        { kind: "directory", bytes: 0, name: "sub" },
      ],
    } as const;
    expect(decided(placed({ foreign }))).toMatchObject({
      verdict: "change",
      notes: [`${OLD} keeps 2 entries that are no images: notes.txt, sub/`],
    });
    expect(decided(placed({ images: none, foreign }))).toMatchObject({ verdict: "in-sync" });
  });

  const refused: readonly (readonly [what: string, facts: Facts, refusal: string])[] = [
    ["it is a link", placed({ links: [{ path: OLD, owner: "root" }] }), `E_PATH_LINK ${OLD} is a link`],
    [
      "a link on the way that nova owns",
      placed({ links: [{ path: "/var/lib", owner: "nova" }] }),
      `E_PATH_LINK /var/lib, on the way to ${OLD}, is a link that nova may turn elsewhere`,
    ],
    ["it is the cache in use by a link of root's", placed({ real: NEW }), `E_IN_USE ${OLD} is the cache in use`],
    [
      "it holds the cache in use",
      placed({ real: "/export/nova" }, "/export/nova"),
      "E_IN_USE /export/nova holds the cache in use",
    ],
    ["it lies inside the cache in use", placed({ real: `${NEW}/old` }), `E_IN_USE ${OLD} lies inside the cache in use`],
    ["it is the instances path", placed({ real: "/var/lib/nova/instances" }), `E_IN_USE ${OLD} is the instances path`],
    [
      "it lies inside the instances path",
      placed({ real: "/var/lib/nova/instances/a" }),
      `E_IN_USE ${OLD} lies inside the instances path`,
    ],
    ["it is state_path", placed({ real: "/var/lib/nova" }, "/var/lib/nova"), "E_IN_USE /var/lib/nova is state_path"],
    [
      "something is mounted in it",
      done({ mounts: seen([`${OLD}/x`]) }),
      `E_IN_USE ${OLD} has a file system mounted in it: ${OLD}/x`,
    ],
    [
      "it is the system's",
      placed({ real: "/usr/lib" }, "/usr/lib"),
      "E_NOT_CACHE /usr/lib is a directory of the system",
    ],
    [
      "more is foreign than not",
      placed({ foreign: { count: 4, first: [] } }),
      `E_NOT_CACHE ${OLD} does not look like an image cache: 3 images among 4 other entries`,
    ],
    ["a file of it is open", placed({ open: seen(["a"]) }), `E_BUSY open in ${OLD}: a`],
    ["a file of it is being written", placed({ busy: ["b"] }), `E_BUSY written a moment ago in ${OLD}: b`],
    [
      "fuser is blind",
      placed({ open: failed }),
      `E_BLIND could not look at what is open in ${OLD}: failed: of no account`,
    ],
    ["it could not be looked at", done({ places: { [OLD]: failed } }), `E_BLIND could not look at ${OLD}`],
    [
      "the mounts could not be looked at",
      done({ mounts: failed }),
      "E_BLIND could not look at the mounted file systems",
    ],
    ["state_path is not known", done({ kept: { state_path: failed } }), "E_BLIND could not look at state_path"],
    ["the cache in use could not be entered", done({ inForce: failed }), "E_BLIND could not look at the cache in use"],
    ["a zone is being installed", done({}, { incompleteZones: seen(["z1"]) }), "E_BUSY a zone is being installed: z1"],
    ["zones could not be looked at", done({}, { incompleteZones: failed }), "E_BLIND could not look at the zones"],
    [
      "nova-compute is in maintenance",
      done(
        {},
        { service: seen({ ...(juno.service.seen ? juno.service.value : ({} as never)), state: "maintenance" }) },
      ),
      "E_SERVICE_STATE nova-compute is maintenance",
    ],
    [
      "nova-compute started before nova.conf changed",
      done(
        {},
        {
          conf: seen({
            ...(juno.conf.seen ? juno.conf.value : ({} as never)),
            inForce: seen(NEW),
            mtime: 1_442_500_000,
          }),
        },
      ),
      "E_NOT_IN_FORCE nova.conf was changed at",
    ],
    [
      "another boot environment is next",
      done(
        {},
        { bootEnvironments: seen([bootEnvironment("a", { active: true }), bootEnvironment("b", { onReboot: true })]) },
      ),
      "E_PENDING_BOOT boot environment b is active on reboot",
    ],
    [
      "the value in force is not known",
      done({}, { conf: seen({ ...(juno.conf.seen ? juno.conf.value : ({} as never)), inForce: failed }) }),
      "E_CONF_VALUE the value in force cannot be worked out",
    ],
    [
      "somebody else is at it",
      done(
        {},
        {
          lock: seen({ run: "r", controller: "c", user: "u", pid: 1, bootedAt: "1", since: "s", alive: true }),
        },
      ),
      "E_LOCKED locked by run r",
    ],
    [
      "the system is not supported",
      done({}, { system: { ...juno.system, kernel: "Linux" } }),
      "E_UNSUPPORTED this is Linux",
    ],
  ];

  it.each(refused)("%s: refused", (_, facts, refusal) => {
    const said = refusalsOf(decided(facts));
    expect(
      said.some((one) => one.startsWith(refusal)),
      said.join("\n"),
    ).toBe(true);
  });

  it("a file system of its own is left, and said so; by name it is refused", () => {
    const facts = done({
      mounts: seen(["/data/old"]),
      places: { [OLD]: place(), "/data/old": place({ real: "/data/old", dataset: "tank/old" }) },
    });
    const plan = decided(facts);
    expect(plan).toMatchObject({
      verdict: "change",
      notes: [
        "/data/old stays, 3 images, 0.3 GiB: it is a file system of its own, tank/old; zfs destroy is the way when nobody needs it",
      ],
    });
    expect(plan.verdict === "change" && plan.changes.map((change) => "path" in change && change.path)).toEqual([OLD]);
    const named = { ...defaultSettings, legacyDirs: [OLD, "/data/old"] };
    const refusedPlan = decidePurge(facts, { host: "cn01", settings: named, asked: legacy, accepted });
    expect(refusalsOf(refusedPlan)).toEqual(["E_IN_USE /data/old is a file system of its own"]);
  });

  it("what a backup of nova.conf names and nobody can look at is said", () => {
    expect(decided(done({ odd: ["/a b"] }))).toMatchObject({
      notes: ["/a b was a cache once, by a backup of nova.conf: no path that can be looked at"],
    });
  });

  it("named files are no reason to doubt the directory", () => {
    const included = { count: 9, bytes: 9 };
    expect(decided(placed({ images: none, included })).verdict).toBe("change");
  });

  it("a link of root's on the way leads to what is judged by where it really lies", () => {
    expect(decided(placed({ links: [{ path: "/var", owner: "root" }] }))).toMatchObject({ verdict: "change" });
  });

  it("what is accepted is accepted: the running boot environment, a stale lock", () => {
    const next = seen([bootEnvironment("a", { active: true }), bootEnvironment("b", { onReboot: true })]);
    expect(decided(done({}, { bootEnvironments: next }), legacy, { thisBootEnvironment: true }).verdict).toBe("change");
    const stale = seen({ run: "r", controller: "c", user: "u", pid: 1, bootedAt: "1", since: "s", alive: false });
    expect(decided(done({}, { lock: stale }), legacy, { breakStaleLock: true }).verdict).toBe("change");
  });

  it("nova-compute that is disabled uses no cache", () => {
    const service = seen({ ...(juno.service.seen ? juno.service.value : ({} as never)), state: "disabled" });
    expect(decided(done({}, { service })).verdict).toBe("change");
  });

  it("Solaris 11.2 has old caches too, though it cannot run the cleaner's service", () => {
    expect(decided(done({}, { system: { ...juno.system, version: "11.2" } })).verdict).toBe("change");
  });
});

describe("directories of the system", () => {
  it.each([
    ...[
      "/",
      "/export",
      "/var",
      "/var/lib",
      "/var/share",
      "/var/tmp",
      "/tmp/x/y",
      "/usr/lib/nova",
      "/etc/nova",
      "/export/home",
    ],
    ...["/export/home/joe", "/root/images", "/system/volatile/a", "/var/pkg/cache", "/images"],
  ])("%s is one", (path) => {
    expect(isSystemDirectory(path)).toBe(true);
  });
  it.each([OLD, NEW, "/var/share/nova/images", "/export/home/joe/images", "/data/nova", "/var/lib/nova"])(
    "%s is none",
    (path) => {
      expect(isSystemDirectory(path)).toBe(false);
    },
  );
});

describe("what will be free", () => {
  const space = { freeBytes: 40 * MIB, maybeBytes: 10 * MIB, heldBytes: 50 * MIB };
  const holders = [
    { snapshot: "rpool/ROOT/solaris/var@old", bytes: 20 * MIB },
    { snapshot: "rpool/ROOT/solaris/var@new", bytes: 50 * MIB },
  ];
  const clones = seen({
    "rpool/ROOT/solaris/var@old": ["rpool/ROOT/solaris-1/var"],
    "rpool/ROOT/solaris/var@new": ["rpool/ROOT/solaris-2/var", "rpool/other"],
  });

  it("is for certain what no snapshot can hold, at most what none is known to hold, with room for what else is written", () => {
    expect(freedRange({ ...space, holders })).toEqual({ leastBytes: 39 * MIB, mostBytes: 51 * MIB });
    expect(freedRange({ ...noSpace })).toEqual({ leastBytes: 0, mostBytes: MIB });
  });

  it("names the snapshots that hold the rest, whose they are, and what frees them", () => {
    expect(holdersOf({ ...space, holders }, clones)).toEqual([
      { snapshot: "rpool/ROOT/solaris/var@new", bytes: 50 * MIB, bootEnvironments: ["solaris-2"] },
      { snapshot: "rpool/ROOT/solaris/var@old", bytes: 20 * MIB, bootEnvironments: ["solaris-1"] },
    ]);
    expect(heldWords(50 * MIB, holdersOf({ ...space, holders }, clones))).toEqual([
      "50.0 MiB stay held by rpool/ROOT/solaris/var@new of boot environment solaris-2 (50.0 MiB), rpool/ROOT/solaris/var@old of boot environment solaris-1 (20.0 MiB): destroying those boot environments (purge --boot-environments) and the other snapshots frees them",
    ]);
    expect(heldWords(50 * MIB, holdersOf({ ...space, holders }, failed))).toEqual([
      expect.stringContaining("destroying those snapshots (zfs destroy) frees them"),
    ]);
    expect(heldWords(0, [])).toEqual([]);
  });

  it("stands in the plan", () => {
    const plan = decided(done({ clones, places: { [OLD]: place({ space: { ...space, holders } }) } }));
    expect(plan).toMatchObject({ verdict: "change", notes: [expect.stringContaining("50.0 MiB stay held by")] });
  });
});

describe("the cache in force", () => {
  const eviction = (patch: Partial<EvictionFacts> = {}): Observed<EvictionFacts> =>
    seen({
      images: 2,
      bytes: 200 * MIB,
      leftovers: 1,
      leftoverBytes: MIB,
      words: "target reached",
      notes: ["the pool has 5 bytes left"],
      space: { ...noSpace, freeBytes: 201 * MIB },
      ...patch,
    });
  const cached = (patch: Partial<PurgeFacts> = {}, more: Partial<Facts> = {}): Facts =>
    done(
      { places: { [NEW]: place({ real: NEW, dataset: "rpool/export/nova" }) }, eviction: eviction(), ...patch },
      { directories: {}, ...more },
    );
  const policy: PurgeAsked = { subject: "cache", choice: { kind: "policy" } };

  it("loses what the cleaner said it would take, by the settings' policy", () => {
    expect(decided(cached(), policy)).toMatchObject({
      verdict: "change",
      drift: [{ aspect: "images", have: `2 images and 1 leftovers, 0.2 GiB to evict from ${NEW}` }],
      changes: [
        {
          kind: "cache.evict",
          directory: NEW,
          dataset: "rpool/export/nova",
          owner: "nova",
          files: 3,
          bytes: 201 * MIB,
          flags: [
            ...["--directory", NEW, "--dataset", "rpool/export/nova", "--headroom", "2147483648"],
            ...["--target-free", "4294967296", "--min-age", "86400", "--order", "lru"],
          ],
        },
      ],
      notes: ["the pool has 5 bytes left"],
    });
  });

  it("is left alone when the cleaner takes nothing, in its own words", () => {
    const enough = eviction({
      images: 0,
      bytes: 0,
      leftovers: 0,
      leftoverBytes: 0,
      words: "enough is free",
      notes: [],
    });
    expect(decided(cached({ eviction: enough }), policy)).toMatchObject({
      verdict: "in-sync",
      notes: ["enough is free"],
    });
  });

  it("is not there yet: nothing to do", () => {
    expect(decided(cached({ places: {} }, { directories: { [NEW]: absent } }), policy)).toMatchObject({
      verdict: "in-sync",
      notes: [`${NEW} is not there yet`],
    });
  });

  it("says how much is missing when nothing else may go", () => {
    const short = eviction({ words: "still 5 bytes above the limit: nothing else may be evicted", notes: [] });
    expect(decided(cached({ eviction: short }), policy)).toMatchObject({
      notes: ["still 5 bytes above the limit: nothing else may be evicted"],
    });
  });

  it.each([
    [
      "the cleaner could not say",
      cached({ eviction: failed }),
      "E_BLIND could not look at what the cleaner would take",
    ],
    [
      "its directory could not be looked at",
      cached({ places: { [NEW]: failed } }),
      "E_BLIND could not look at the cache in use",
    ],
    ["a zone is being installed", cached({}, { incompleteZones: seen(["z"]) }), "E_BUSY a zone is being installed"],
  ])("%s: refused", (_, facts, refusal) => {
    const said = refusalsOf(decided(facts, policy));
    expect(
      said.some((one) => one.startsWith(refusal)),
      said.join("\n"),
    ).toBe(true);
  });

  it("goes although nova-compute is down: the emergency", () => {
    const service = seen({ ...(juno.service.seen ? juno.service.value : ({} as never)), state: "maintenance" });
    expect(decided(cached({}, { service }), policy).verdict).toBe("change");
  });

  it("each choice is the cleaner's flag", () => {
    expect(choiceFlags(defaultSettings, { kind: "to-limit" })).toEqual(["--to-limit", String(13 * 1024 ** 3)]);
    expect(choiceFlags(defaultSettings, { kind: "older-than", seconds: 7 })).toEqual(["--older-than", "7"]);
    expect(choiceFlags(defaultSettings, { kind: "image", images: ["a", "b"] })).toEqual([
      "--image",
      "a",
      "--image",
      "b",
    ]);
    expect(choiceFlags(defaultSettings, { kind: "all-unused" })).toEqual(["--all-unused"]);
  });
});

describe("boot environments", () => {
  const asked: PurgeAsked = { subject: "boot-environments", keep: 2, olderThanS: 1000 };
  const running = bootEnvironment("now", { active: true, onReboot: true, mountpoint: "/" });
  const all = [running, bootEnvironment("a", { created: 100 }), bootEnvironment("b", { created: 200 })];
  const space = { uniqueBytes: 10 * MIB, snapshotBytes: 5 * MIB, origins: {}, originBytes: 0 };
  const facts = (patch: Partial<PurgeFacts> = {}, list = all): Facts =>
    done(
      { now: seen(2_000_000_000), spaces: seen({ a: space, b: space }), ...patch },
      { bootEnvironments: seen(list) },
    );

  it("the oldest goes, with its range, and why the others stay is said", () => {
    expect(decided(facts(), asked)).toMatchObject({
      verdict: "change",
      changes: [
        {
          kind: "boot-environment.destroy",
          name: "a",
          uuid: "uuid of a",
          created: 100,
          keep: 2,
          freed: { leastBytes: 9 * MIB, mostBytes: 16 * MIB },
        },
      ],
      notes: ["now stays: it runs, and will after a reboot", "b stays: one of the 2 bootable ones that stay"],
    });
  });

  it("one whose figures are not known is announced by what beadm says, from nothing on", () => {
    expect(decided(facts({ spaces: seen({}) }), asked)).toMatchObject({
      changes: [{ freed: { leastBytes: 0, mostBytes: 7_786_206_208 } }],
    });
  });

  it.each([
    ["the list could not be had", done({ now: seen(1), spaces: seen({}) }, { bootEnvironments: failed }), "E_BLIND"],
    ["what they take could not be had", facts({ spaces: failed }), "E_BLIND"],
    ["the clock is not known", facts({ now: failed }), "E_BLIND"],
    [
      "another one is next",
      facts({}, [{ ...running, onReboot: false }, bootEnvironment("a", { onReboot: true }), ...all.slice(2)]),
      "E_PENDING_BOOT",
    ],
  ])("%s: refused", (_, refusedFacts, code) => {
    expect(refusalsOf(decided(refusedFacts, asked)).join("\n")).toContain(code);
  });
});

describe("what several free together", () => {
  it("is what they share once, and of several hosts the sum", () => {
    const be = (name: string, own: number) =>
      ({
        kind: "boot-environment.destroy",
        name,
        uuid: "u",
        created: 1,
        keep: 2,
        bytes: 1,
        freed: { leastBytes: own, mostBytes: own + 10 * MIB },
        origins: { "rpool/ROOT/solaris/var": 10 * MIB },
      }) as const;
    expect(freedTogether([be("a", 1), be("b", 2), be("c", 3)])).toEqual({ leastBytes: 6, mostBytes: 6 + 10 * MIB });
  });
});

describe("the second opinion", () => {
  const gate = { maxBad: 1, maxMissing: 0, parallel: 1, soakS: 0 };
  const plan = decided(done());
  const objections = (patch: object): readonly string[] => {
    if (plan.verdict !== "change") throw new Error("no change to object to");
    const [change] = plan.changes;
    const hosts: readonly HostPlan[] = [{ ...plan, changes: [{ ...change, ...patch } as typeof change] }];
    return checkPlan({ run: "r", hosts, waves: [["cn01"]], gate }, 1200).map(({ message }) => message);
  };

  it.each([
    [{ path: "/" }, "/ is not a directory files are taken from"],
    [{ real: "/var" }, "/var is not a directory files are taken from"],
    [{ real: "/var/lib/nova/../x" }, "/var/lib/nova/../x is not a directory files are taken from"],
    [{ path: "/a/b c" }, "/a/b c is not a directory files are taken from"],
    [{ owner: "no va" }, "nobody of the name no va can own a cache"],
    [{ inode: "" }, "the directory's inode is not known"],
    [{ files: 0 }, "it would take out nothing"],
    [{ include: ["-rf"] }, "a name that goes into no command"],
    [{ freed: { leastBytes: 2, mostBytes: 1 } }, "what it frees is no range"],
  ])("%o: %s", (patch, message) => {
    expect(objections(patch)).toContain(message);
  });

  it("nothing is taken out beside anything else", () => {
    if (plan.verdict !== "change") throw new Error("no change to object to");
    const own = {
      kind: "directory.own",
      path: "/a/b",
      dataset: "d",
      owner: "nova",
      group: "nova",
      mode: "0755",
    } as const;
    const hosts: readonly HostPlan[] = [{ ...plan, changes: [own, ...plan.changes] }];
    const said = checkPlan({ run: "r", hosts, waves: [["cn01"]], gate }, 1200).map(({ message }) => message);
    expect(said).toContain("a purge does one thing at a time");
  });
});

describe("whatever a node says", () => {
  const path = fc.constantFrom(
    "/",
    "/var",
    OLD,
    NEW,
    "/export/nova",
    "/var/lib/nova",
    "/usr/lib/x",
    "/var/lib/nova/instances/z",
    `${NEW}/a`,
    "/data/c",
  );
  const arbitrary = fc.record({ real: path, inForce: path, instances: path, state: path, mount: fc.option(path) });

  it("nothing goes from a directory that is, holds or lies in what is in use", () => {
    fc.assert(
      fc.property(arbitrary, ({ real, inForce, instances, state, mount }) => {
        const facts = done({
          inForce: seen(inForce),
          kept: { state_path: seen(state), instances_path: seen(instances), home: seen(state) },
          mounts: seen(mount === null ? [] : [mount]),
          places: { [real]: place({ real }) },
        });
        if (decided(facts).verdict !== "change") return;
        const inside = (one: string, other: string): boolean => `${one}/`.startsWith(other === "/" ? "/" : `${other}/`);
        const touched = [inForce, instances, state, ...(mount === null ? [] : [mount])].filter((one) =>
          inside(one, real),
        );
        expect([touched, inside(real, inForce), inside(real, instances)]).toEqual([[], false, false]);
        expect(real.split("/").length).toBeGreaterThan(2);
      }),
      { numRuns: 2000 },
    );
  });
});
