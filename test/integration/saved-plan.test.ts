/** A plan that is made now and carried out later: what it is, what it has not, and who is refused. */
import { appendFileSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Lab, startLab } from "../../src/lab/start.ts";
import { codesOf, eventsOf, novasweep, outcomesOf } from "../support/novasweep.ts";
import { confOf, type Operator, operatorOf, sceneNode, snapshotOf } from "../support/operator.ts";

let lab: Lab;
let operator: Operator;
beforeAll(async () => {
  lab = await startLab({ nodes: 5, specs: [1, 2, 3, 4, 5].map((at) => sceneNode("cn", at)) });
  operator = operatorOf(lab, "cn");
});
afterAll(() => lab.stop());

/** A saved plan has its waves and its soak. */
const rollout = (...more: readonly string[]) =>
  novasweep(
    [
      ...["rollout", ...more, "--output", "ndjson"],
      ...(more.includes("--plan") ? [] : ["--waves", "1,100%", "--soak", "1s"]),
    ],
    { cwd: operator.dir },
  );

const confPath = (at: number): string => join(operator.nodes[at - 1]?.dir ?? "", "root/etc/nova/nova.conf");

/** Another hand's edit, from before nova-compute's last start: nothing that takes effect with a restart. */
const edit = (at: number, text: string): void => {
  const { atime, mtime } = statSync(confPath(at));
  appendFileSync(confPath(at), text);
  utimesSync(confPath(at), atime, mtime);
};

describe("a saved plan", () => {
  it("is written by --check, 0600, without a line of nova.conf but the one that changes", async () => {
    edit(2, "\n[database]\nconnection=mysql://nova:hunter2@db/nova\n");
    const before = snapshotOf(operator.nodes);
    const ran = await rollout("cn[1-4]", "--max-missing", "50%", "--check", "--plan-out", "friday.json");
    expect(ran.status, ran.stdout.slice(-2000)).toBe(3);
    expect(snapshotOf(operator.nodes)).toBe(before);
    const path = join(operator.dir, "friday.json");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const text = readFileSync(path, "utf8");
    expect(text).not.toContain("hunter2");
    expect(text).not.toContain("[database]");
    expect(JSON.parse(text)).toMatchObject({ v: 1, kind: "novasweep plan", command: "rollout" });
    const lines = [...text.matchAll(/"(?:old|new)Line": "([^"]*)"/g)].map(([, line]) => line);
    const decoded = [...text.matchAll(/"replacement": "([^"]*)"/g)].map(
      ([, bytes]) => `${Buffer.from(bytes ?? "", "base64")}`,
    );
    expect(lines.length).toBeGreaterThanOrEqual(4);
    expect(decoded).toHaveLength(4);
    for (const line of [...lines, ...decoded]) expect(line).toMatch(/^#?glancecache_dirname=\/[\w/]+\n?$/);
  });

  it("is carried out where nothing moved, and nowhere else: nobody is guessed about", async () => {
    // One was changed by another hand; one was brought in sync meanwhile; one was never planned for.
    edit(2, "# another hand\n");
    expect((await rollout("cn3", "--yes")).status).toBe(0);
    const [moved, unplanned] = [confOf(operator.nodes[1] as never), confOf(operator.nodes[4] as never)];
    const ran = await rollout("all", "--plan", "friday.json", "--yes");
    const events = eventsOf(ran);
    expect(outcomesOf(events)).toEqual({ cn1: "changed", cn2: "refused", cn3: "in-sync", cn4: "changed" });
    expect(codesOf(events, "cn2")).toEqual(["E_STALE"]);
    expect(ran.status).toBe(6);
    expect([confOf(operator.nodes[1] as never), confOf(operator.nodes[4] as never)]).toEqual([moved, unplanned]);
  });

  it("changes nothing a second time", async () => {
    const ran = await rollout("cn1,cn3,cn4", "--plan", "friday.json", "--yes");
    expect([ran.status, outcomesOf(eventsOf(ran))]).toEqual([0, { cn1: "in-sync", cn3: "in-sync", cn4: "in-sync" }]);
  });

  it.each<[string, (text: string) => string, RegExp]>([
    ["is cut short", (text) => text.slice(0, -40), /it is not JSON/],
    ["is something else", () => '{"kind":"a plan"}', /it is no plan of novasweep's/],
    ["is of another version", (text) => text.replace('"v": 1', '"v": 2'), /it is a plan of another version/],
    [
      "says what no plan can",
      (text) => text.replace('"kind": "conf.set"', '"kind": "conf.delete"'),
      /its plan makes no sense/,
    ],
    [
      "was edited to change more",
      (text) => text.replace(/"maxBad": \d+/, '"maxBad": "all"'),
      /its plan makes no sense/,
    ],
  ])("that %s ends with 2", async (_, changed, says) => {
    writeFileSync(join(operator.dir, "bad.json"), changed(readFileSync(join(operator.dir, "friday.json"), "utf8")));
    const before = snapshotOf(operator.nodes);
    const ran = await rollout("all", "--plan", "bad.json", "--yes");
    expect([ran.status, ran.stdout]).toEqual([2, ""]);
    expect(ran.stderr).toMatch(says);
    expect(snapshotOf(operator.nodes)).toBe(before);
  });

  it("that is not there ends with 2; one that cannot be written stops before anybody is asked", async () => {
    expect((await rollout("all", "--plan", "nowhere.json", "--yes")).status).toBe(2);
    const ran = await rollout("cn5", "--plan-out", "no/such/directory.json", "--yes");
    expect(ran.status).toBe(5);
    expect(eventsOf(ran).at(-1)).toMatchObject({ reason: expect.stringContaining("the plan could not be written") });
    expect(outcomesOf(eventsOf(ran))).toEqual({ cn5: "skipped" });
  });
});
