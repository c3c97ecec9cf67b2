/** Whole runs of the built program over the lab: real SSH, the real scripts, simulated Solaris tools. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Lab, startLab } from "../../src/lab/start.ts";
import { against, eventsOf, novasweep, outcomesOf, scratch } from "../support/novasweep.ts";

const dir = scratch("rollout");
let lab: Lab;
const confOf = (node: { dir: string }): string => join(node.dir, "root/etc/nova/nova.conf");
const options = (): readonly string[] => against(lab, join(dir, "state"));
const rollout = (...more: string[]) =>
  novasweep([
    "rollout",
    "all",
    ...options(),
    "--yes",
    "--soak",
    "1s",
    "--waves",
    "1,100%",
    "--output",
    "ndjson",
    ...more,
  ]);

/** Everything below the nodes' roots that an operator would call touched: names, sizes, modes and modification times. */
const snapshot = (): string =>
  execFileSync("find", [...lab.nodes.map((node) => join(node.dir, "root")), "-printf", "%p %y %m %s %T@\n"], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  })
    .split("\n")
    .sort()
    .join("\n");

beforeAll(async () => {
  lab = await startLab({ nodes: 8, parentDir: dir });
});
afterAll(async () => {
  await lab?.stop();
  rmSync(dir, { recursive: true, force: true });
});

describe("a rollout over eight nodes of four releases", () => {
  const before = new Map<string, string>();

  it("with --check says what would change, and leaves not even a temporary file", async () => {
    for (const node of lab.nodes) before.set(node.name, readFileSync(confOf(node), "latin1"));
    const untouched = snapshot();
    const ran = await novasweep(["rollout", "all", ...options(), "--check"]);
    expect(ran.status, ran.stderr).toBe(3);
    expect(ran.stdout).toContain("glancecache_dirname");
    expect(snapshot()).toBe(untouched);
  });

  it("changes every node and proves it", async () => {
    const ran = await rollout();
    const events = eventsOf(ran);
    expect(outcomesOf(events), ran.stdout.slice(-3000)).toEqual(
      Object.fromEntries(lab.nodes.map(({ name }) => [name, "changed"])),
    );
    expect(ran.status).toBe(0);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, at) => at + 1));
  });

  it("left every other byte of nova.conf as it was, and owes no restart", () => {
    for (const node of lab.nodes) {
      const was = (before.get(node.name) ?? "").split("\n");
      const is = readFileSync(confOf(node), "latin1").split("\n");
      const added = is.filter((line) => !was.includes(line));
      expect(
        added.every((line) => /^glancecache_dirname ?= ?\/export\/nova\/images$/.test(line)),
        node.name,
      ).toBe(true);
      expect(
        was.filter((line) => !is.includes(line)).every((line) => line.startsWith("glancecache_dirname")),
        node.name,
      ).toBe(true);
      const notes = readdirSync(join(node.dir, "root/etc/nova")).filter((name) => name.endsWith(".json"));
      for (const note of notes)
        expect(readFileSync(join(node.dir, "root/etc/nova", note), "utf8")).toContain('"restart":"paid"');
    }
  });

  it("left no lock and no temporary file", () => {
    for (const node of lab.nodes) {
      expect(readdirSync(join(node.dir, "root/system/volatile"))).toEqual([
        expect.stringMatching(/^novasweep\.result-/),
      ]);
      expect(readdirSync(join(node.dir, "root/etc/nova")).filter((name) => name.startsWith("."))).toEqual([]);
    }
  });

  it("a second time finds every node in sync and touches nothing", async () => {
    const services = (): string[] =>
      lab.nodes.map((node) =>
        execFileSync("find", [node.dir, "-path", "*smf*", "-type", "f", "-newer", confOf(node)], { encoding: "utf8" }),
      );
    const untouched = snapshot();
    const started = services();
    const ran = await rollout();
    expect(outcomesOf(eventsOf(ran))).toEqual(Object.fromEntries(lab.nodes.map(({ name }) => [name, "in-sync"])));
    expect(ran.status).toBe(0);
    expect(snapshot()).toBe(untouched);
    expect(services()).toEqual(started);
  });

  it("status says so too, as JSON with every field of the reference", async () => {
    const ran = await novasweep(["status", ...options(), "--format", "json", "--exit-code"]);
    expect(ran.status, ran.stderr).toBe(0);
    const { v, hosts, tally } = JSON.parse(ran.stdout);
    expect(v).toBe(1);
    expect(tally["in-sync"]).toBe(8);
    for (const host of hosts) {
      expect(Object.keys(host)).toEqual(
        expect.arrayContaining([
          "name",
          "address",
          "outcome",
          "release",
          "nova",
          "dataset",
          "images",
          "cleaner",
          "legacy",
          "bootEnvironments",
          "drift",
        ]),
      );
      expect(host.dataset.quotaBytes).toBe(15 * 1024 ** 3);
      expect(host.nova.cacheDir).toMatch(/^\/(export\/nova|var\/share\/nova)\/images$/);
      expect(host.cleaner.state).toBe("online");
    }
  });

  it("the journal holds what the screen said, and `runs` reads it", async () => {
    const list = await novasweep(["runs", "--state-dir", join(dir, "state")]);
    expect(list.status, list.stderr).toBe(0);
    const journals = readdirSync(join(dir, "state/runs")).filter((name) => name.endsWith(".ndjson"));
    expect(journals.length).toBeGreaterThanOrEqual(4);
    for (const journal of journals) {
      const path = join(dir, "state/runs", journal);
      expect(statSync(path).mode & 0o777).toBe(0o600);
      const events = eventsOf({ status: 0, stdout: readFileSync(path, "utf8"), stderr: "" });
      expect(events.at(-1)?.type).toBe("run.settled");
      expect(list.stdout).toContain(journal.replace(".ndjson", ""));
      const shown = await novasweep([
        "runs",
        "show",
        journal.replace(".ndjson", ""),
        "--state-dir",
        join(dir, "state"),
      ]);
      expect(shown.status, shown.stderr).toBe(0);
    }
    expect(readdirSync(join(dir, "state/runs")).filter((name) => name.endsWith(".lock"))).toEqual([]);
  });
});
