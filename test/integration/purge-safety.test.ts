/**
 * What a purge must not do: nodes of real parts in every dangerous situation, one run of the program over all of them, and
 * every file, link and directory around them compared before and after. The last test writes what came of it down:
 * docs/reference/purge-safety.md.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunEvent } from "../../src/domain/event.ts";
import { type RealFleet, type RealSpec, startRealFleet } from "../support/fleet/fleet.ts";
import { isLong } from "../support/long.ts";
import { against, eventsOf, novasweep, type Ran, scratch } from "../support/novasweep.ts";
import { byNode, environmentSections, legacySections } from "../support/purge/all.ts";
import { page } from "../support/purge/page.ts";
import { usualOnPool } from "../support/purge/pool.ts";
import { arranged, ownFiles, RACERS, type Racer, racers, settledPlaces, swapper } from "../support/purge/race.ts";
import { cameOf, isWhatComes, settledOf } from "../support/purge/settled.ts";
import {
  type Comes,
  compare,
  hooked,
  imagesOf,
  listing,
  nodeOf,
  type Situation,
  usual,
} from "../support/purge/situation.ts";
import { badWords } from "../support/purge/words.ts";

const MIB = 1024 ** 2;
const ROUNDS = isLong ? 20 : 1;
/** /bin/sh of the nodes: the target's own in `npm test`. */
const shells = isLong ? ["ksh93", "dash", "bash", "busybox"] : ["ksh93"];

const dir = scratch("purge-safety");
const sections = [...legacySections, ...environmentSections];
const legacy = byNode(legacySections);
const environments = byNode(environmentSections);
const nodes = new Map([...legacy, ...environments]);
const mountShim = readFileSync(new URL("../support/fleet/shims/mount", import.meta.url), "utf8");
/** Names that --include-foreign gives in the one run. */
const included = ["notes.txt", "shelf", "shortcut"].flatMap((name) => ["--include-foreign", name]);
/** What came of each situation under the target's own shell, for the page. */
const came = new Map<string, string>();
const refusedWords = new Map<string, string>();
let raced = "";

afterAll(() => rmSync(dir, { recursive: true, force: true }));

const options = (fleet: RealFleet, state: string): readonly string[] => [
  ...against(fleet, join(dir, state)),
  ...["--become", "sudo", "--yes", "--output", "ndjson"],
];

/** The first host is the canary, and every other may go bad. */
const purge = (fleet: RealFleet, state: string, hosts: Iterable<string>, args: readonly string[] = []): Promise<Ran> =>
  novasweep([
    ...["purge", [...hosts].join(","), ...args, ...options(fleet, state), "--parallel", "8"],
    ...["--waves", "1,100%", "--max-missing", "100%", "--max-bad", "100%"],
  ]);

/** Rows of the inventory with what each host's directories are. */
const writeInventory = (fleet: RealFleet, variables: (name: string) => string): void => {
  const text = readFileSync(fleet.inventoryPath, "utf8");
  writeFileSync(
    fleet.inventoryPath,
    text.replaceAll(/^(\S+) ansible_host.*$/gm, (row, name: string) => `${row} ${variables(name)}`),
  );
};

/** Host variables of a node: what its situations set, lists joined. */
const variablesOf = (name: string): string => {
  const values = new Map<string, string>();
  for (const { settings = {} } of nodes.get(name) ?? [])
    for (const [key, value] of Object.entries(settings))
      values.set(key, [...(values.has(key) ? [values.get(key)] : []), value].join(","));
  return [...values].map(([key, value]) => `novasweep_${key}=${value}`).join(" ");
};

const specOf = ([name, situations]: readonly [string, readonly Situation[]]): RealSpec =>
  situations.some(({ pool }) => pool)
    ? { name, release: "juno", layout: "legacy", poolBytes: 64 * MIB, legacyOnPool: true, images: [] }
    : { name, release: "kilo", layout: "varshare" };

/** What goes from a node: what its situations name, or each of the old cache's images, or nothing. */
const goesFrom = (situations: readonly Situation[], before: string): readonly string[] => {
  const named = situations.flatMap(({ goes }) => goes ?? []);
  if (situations.some(({ goes }) => goes !== undefined)) return named.toSorted();
  return situations.every(({ comes }) => comes.outcome === "changed") ? imagesOf(before).toSorted() : [];
};

const wanted = (comes: Comes): string =>
  "code" in comes ? `${comes.outcome} ${comes.code}: ${comes.says}` : comes.outcome;

describe.each(shells)("under %s", (shell) => {
  let fleet: RealFleet;
  let events: readonly RunEvent[] = [];
  const before = new Map<string, string>();
  const ends: (() => void)[] = [];

  const arrange = async (name: string, situations: readonly Situation[]): Promise<void> => {
    const node = fleet.node(name);
    const onPool = situations.some(({ pool }) => pool);
    // The simulator of a node without a pool knows its datasets alone.
    if (!onPool) node.write("/usr/sbin/mount", mountShim);
    const own = situations.map(({ arrange: text = "" }) => text).join("\n");
    const hooks = situations.flatMap(({ between }) => (between === undefined ? [] : [hooked(between)])).join("\n");
    const start = `set -e\nln -sf /usr/bin/${shell} /usr/bin/sh\n${onPool ? usualOnPool : usual}`;
    before.set(name, node.sh(`{ ${start}\n${own}\n} >/dev/null\n${listing}\n${hooks}`));
    for (const { beside } of situations) {
      if (beside === undefined) continue;
      const child = node.start(["/usr/bin/dash", "-c", beside], "nova");
      ends.push(() => child.kill("SIGKILL"));
      await new Promise((resolve) => child.stdout.once("data", resolve));
    }
  };

  beforeAll(async () => {
    fleet = await startRealFleet([...nodes].map(specOf));
    for (const [name, situations] of nodes) await arrange(name, situations);
    writeInventory(fleet, variablesOf);
    const keep = ["--boot-environments", "--keep", "2", "--older-than", "0s"];
    const runs = [
      await purge(fleet, shell, legacy.keys(), included),
      await purge(fleet, shell, environments.keys(), keep),
    ];
    for (const { stdout, stderr } of runs) if (stdout === "") throw new Error(stderr);
    events = runs.flatMap(eventsOf);
  });
  afterAll(async () => {
    for (const end of ends) end();
    await fleet?.stop();
  });

  describe.each(sections)("$title", ({ situations }) => {
    it.each(situations)("$id: $danger", (situation) => {
      const { id, comes } = situation;
      const settled = cameOf(settledOf(events, nodeOf(situation)), comes);
      if (shell === shells[0]) came.set(id, settled);
      expect(isWhatComes(settled, comes), `${settled}\nmust be ${wanted(comes)}`).toBe(true);
    });
  });

  describe("around it nothing is gone, altered or new", () => {
    it.each([...nodes])("%s", (name, situations) => {
      const listed = before.get(name) ?? "";
      const [between] = situations.flatMap(({ between: own }) => (own === undefined ? [] : [own]));
      expect(compare(fleet.node(name), listed, between)).toEqual({
        gone: goesFrom(situations, listed),
        altered: [],
        fresh: [],
      });
    });
  });
});

describe("words that never come to a host", () => {
  it.each(badWords)("$danger", async ({ danger, args, says }) => {
    const inventory = join(dir, "hosts.ini");
    writeFileSync(inventory, "host ansible_host=127.0.0.1\n");
    const ran = await novasweep(["purge", "host", "-i", inventory, ...args, "--yes"]);
    const [first = ""] = ran.stderr.split("\n");
    refusedWords.set(danger, `exit status ${ran.status}: ${first}`);
    expect(ran.status, ran.stderr).toBe(2);
    // The first complaint, not any: it is refused for what it is, and for nothing else.
    expect(first).toMatch(says);
  });
});

describe("the race", () => {
  let fleet: RealFleet;
  const outcomes: string[] = [];

  beforeAll(async () => {
    fleet = await startRealFleet(racers.map(({ name }) => ({ name, release: "kilo", layout: "varshare" })));
    writeInventory(
      fleet,
      (name) => `novasweep_legacy_dirs=${racers.find((racer) => racer.name === name)?.cache ?? ""}`,
    );
    for (const { name } of racers) fleet.node(name).write("/usr/sbin/mount", mountShim);
  });
  afterAll(() => fleet?.stop());

  /** Starts the swapper of one node; what ends it. */
  const swap = async (racer: Racer): Promise<() => Promise<void>> => {
    const child = fleet.node(racer.name).start(swapper(racer), "nova");
    let said = "";
    child.stderr.on("data", (text) => {
      said += text;
    });
    const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
    await new Promise((resolve) => child.stdout.once("data", resolve));
    return async () => {
      child.kill("SIGKILL");
      await closed;
      expect(said, racer.name).toBe("");
    };
  };

  it.each(Array.from({ length: ROUNDS }, (_, at) => at + 1))(
    `round %i: whatever comes, ${RACERS} directories that the link leads to keep all they have`,
    async (round) => {
      const before = new Map(
        racers.map((racer) => [racer.name, fleet.node(racer.name).sh(`set -e\n${arranged(racer)}\n${listing}`)]),
      );
      const ends = await Promise.all(racers.map(swap));
      const ran = await purge(
        fleet,
        `race-${round}`,
        racers.map(({ name }) => name),
      );
      for (const end of ends) await end();
      const events = eventsOf(ran);
      for (const racer of racers) {
        const node = fleet.node(racer.name);
        node.sh(settledPlaces(racer));
        const { gone, altered, fresh } = compare(node, before.get(racer.name) ?? "");
        const own = ownFiles(racer);
        const foreign = gone.filter((path) => !own.has(path));
        expect({ foreign, altered, fresh }, racer.name).toEqual({ foreign: [], altered: [], fresh: [] });
        outcomes.push(`${settledOf(events, racer.name).outcome}${gone.length > 0 ? ", files gone" : ""}`);
      }
    },
  );

  it("was one: purges met links, and purges removed files", () => {
    expect(outcomes).toHaveLength(RACERS * ROUNDS);
    expect(outcomes.filter((one) => one.endsWith("files gone")).length, outcomes.join("; ")).toBeGreaterThan(0);
    expect(outcomes.filter((one) => one.startsWith("refused")).length, outcomes.join("; ")).toBeGreaterThan(0);
    raced =
      "A process of user nova swaps the old cache, or the directory above it, for a link to a directory of nova's own with files of the same names, and back, over and over, while a purge runs: " +
      `${RACERS} times in \`npm test\`, 1,000 times in \`npm run test:long\`. Some purges are refused, some remove the old cache's files; the files the link leads to were all there after each.`;
  });
});

it("is written down: docs/reference/purge-safety.md", async () => {
  const written = [
    ...sections.map(({ title, situations }) => ({
      title,
      rows: situations.map(({ id, danger, because }) => ({ danger, because, came: came.get(id) ?? "did not run" })),
    })),
    {
      title: "Words that never come to a host",
      rows: badWords.map(({ danger, because }) => ({
        danger,
        because,
        came: refusedWords.get(danger) ?? "did not run",
      })),
    },
  ];
  expect(raced).not.toBe("");
  await expect(page(written, raced)).toMatchFileSnapshot("../../docs/reference/purge-safety.md");
});
