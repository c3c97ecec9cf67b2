/**
 * What a purge must not do: nodes of real parts in every dangerous situation, one run of the program over all of them, and
 * every file, link and directory around them compared before and after. The last test writes what came of it down:
 * docs/reference/purge-safety.md.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunEvent } from "../../src/domain/event.ts";
import { type RealFleet, startRealFleet } from "../support/fleet/fleet.ts";
import { against, novasweep, scratch } from "../support/novasweep.ts";
import { byNode, environmentSections, legacySections } from "../support/purge/all.ts";
import { cameOf, isWhatComes, settledOf } from "../support/purge/settled.ts";
import { compare, hooked, imagesOf, listing, nodeOf, type Situation, usual } from "../support/purge/situation.ts";

const dir = scratch("purge-safety");
const legacy = byNode(legacySections);
const environments = byNode(environmentSections);
const nodes = new Map([...legacy, ...environments]);
const mountShim = readFileSync(new URL("../support/fleet/shims/mount", import.meta.url), "utf8");
/** Names that --include-foreign gives in the one run. */
const included = ["notes.txt", "shelf", "shortcut"].flatMap((name) => ["--include-foreign", name]);

let fleet: RealFleet;
let events: readonly RunEvent[] = [];
const before = new Map<string, string>();
const ends: (() => void)[] = [];
/** What came of each situation, for the page. */
const came = new Map<string, string>();

const arrange = async (name: string, situations: readonly Situation[]): Promise<void> => {
  const node = fleet.node(name);
  // The simulator knows its datasets alone.
  node.write("/usr/sbin/mount", mountShim);
  const own = situations.map(({ arrange: text = "" }) => text).join("\n");
  const hooks = situations.flatMap(({ between }) => (between === undefined ? [] : [hooked(between)]));
  before.set(name, node.sh(`set -e\n${usual}\n${own}\n${listing}\n${hooks.join("\n")}`));
  for (const { beside } of situations) {
    if (beside === undefined) continue;
    const child = node.start(["/usr/bin/dash", "-c", beside], "nova");
    ends.push(() => child.kill("SIGKILL"));
    await new Promise((resolve) => child.stdout.once("data", resolve));
  }
};

/** Host variables of a node: what its situations set, lists joined. */
const variables = (situations: readonly Situation[]): string => {
  const all = situations.flatMap(({ settings = {} }) => Object.entries(settings));
  return [...Map.groupBy(all, ([name]) => name)]
    .map(([name, values]) => ` novasweep_${name}=${values.map(([, value]) => value).join(",")}`)
    .join("");
};

const writeInventory = (): void => {
  const text = readFileSync(fleet.inventoryPath, "utf8");
  const rows = text.replaceAll(/^(\S+) ansible_host.*$/gm, (row, name: string) => row + variables(nodes.get(name) ?? []));
  writeFileSync(fleet.inventoryPath, rows);
};

const purge = (hosts: Iterable<string>, args: readonly string[]) =>
  novasweep([
    ...["purge", [...hosts].join(","), ...args, ...against(fleet, join(dir, "state")), "--become", "sudo", "--yes"],
    ...["--waves", "1,100%", "--max-missing", "100%", "--max-bad", "100%", "--parallel", "8", "--output", "ndjson"],
  ]);

const eventsIn = (text: string): readonly RunEvent[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));

beforeAll(async () => {
  fleet = await startRealFleet([...nodes.keys()].map((name) => ({ name, release: "kilo", layout: "varshare" })));
  for (const [name, situations] of nodes) await arrange(name, situations);
  writeInventory();
  const runs = [
    await purge(legacy.keys(), included),
    await purge(environments.keys(), ["--boot-environments", "--keep", "2", "--older-than", "0s"]),
  ];
  for (const ran of runs) if (ran.stdout === "") throw new Error(ran.stderr);
  events = runs.flatMap(({ stdout }) => eventsIn(stdout));
});
afterAll(async () => {
  for (const end of ends) end();
  await fleet?.stop();
  rmSync(dir, { recursive: true, force: true });
});

describe.each([...legacySections, ...environmentSections])("$title", ({ situations }) => {
  it.each(situations)("$id: $danger", (situation) => {
    const { id, comes } = situation;
    const settled = cameOf(settledOf(events, nodeOf(situation)), comes);
    came.set(id, settled);
    expect(isWhatComes(settled, comes), `${settled}\nmust be ${JSON.stringify(comes)}${String("says" in comes && comes.says)}`).toBe(true);
  });
});

describe("around it nothing is gone, altered or new", () => {
  it.each([...nodes])("%s", (name, situations) => {
    const listed = before.get(name) ?? "";
    const takes = situations.every(({ comes, goes }) => comes.outcome === "changed" || goes !== undefined);
    const goes = situations.flatMap(({ goes: own }) => own ?? []);
    const expected = !takes ? [] : goes.length > 0 || situations.some(({ goes: own }) => own !== undefined) ? goes : imagesOf(listed);
    expect(compare(fleet.node(name), listed, situations.find(({ between }) => between !== undefined)?.between)).toEqual({
      gone: [...expected].sort(),
      altered: [],
      fresh: [],
    });
  });
});
