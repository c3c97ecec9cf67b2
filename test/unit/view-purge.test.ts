/** A purge as it is shown: its plan, what became of it in a table and in JSON, the journal's report. */
import { describe, expect, test } from "vitest";
import type { PurgeChange } from "../../src/domain/change.ts";
import type { EventBody } from "../../src/domain/event.ts";
import type { HostName } from "../../src/domain/ids.ts";
import type { Plan } from "../../src/domain/plan.ts";
import type { PurgeAsked } from "../../src/domain/purge/asked.ts";
import { initialState, type RunState, reduce } from "../../src/domain/run-state.ts";
import { renderPlan } from "../../src/view/plan-view.ts";
import { renderPurgeJson, renderPurgeTable } from "../../src/view/purge-result.ts";
import { renderRun } from "../../src/view/run-report.ts";
import { names, numbered, runId } from "../support/fleet-events.ts";

const GIB = 1024 ** 3;
const OLD = "/var/lib/nova/images";

const legacyOf = (at: number): PurgeChange => ({
  kind: "legacy.remove",
  path: OLD,
  real: OLD,
  inode: "1",
  owner: "nova",
  dataset: "rpool/ROOT/solaris/var",
  include: [],
  files: at + 1,
  bytes: (at + 1) * GIB,
  freed: { leastBytes: at * GIB, mostBytes: (at + 1) * GIB },
  heldBytes: at * 1000,
  heldBy: at === 0 ? [] : [{ snapshot: "rpool/ROOT/solaris/var@x", bytes: 5, bootEnvironments: ["solaris-1"] }],
});

const environmentOf = (at: number): PurgeChange => ({
  kind: "boot-environment.destroy",
  name: `solaris-${at}`,
  uuid: "u",
  created: 1,
  keep: 2,
  bytes: GIB,
  freed: { leastBytes: 0, mostBytes: 2 * GIB },
  origins: { "rpool/ROOT/solaris": GIB },
});

const planFor = (hosts: readonly HostName[], changeOf: (at: number) => PurgeChange): Plan => ({
  run: runId,
  hosts: [
    ...hosts.map((host, at) => ({
      verdict: "change" as const,
      host,
      basis: 1,
      drift: [],
      changes: [changeOf(at)] as const,
      notes: at === 2 ? [`${OLD} keeps 1 entry that is no image: \u001b[2J`] : [],
    })),
    { verdict: "in-sync", host: "cn900", notes: [] },
    {
      verdict: "refuse",
      host: "cn901",
      drift: [],
      refusals: [{ code: "E_IN_USE", message: `${OLD} is the cache in use`, try: "mend legacy_dirs" }],
    },
  ],
  waves: [hosts.slice(0, 1), hosts.slice(1)],
  gate: { maxBad: 1, maxMissing: 1, parallel: 32, soakS: 0 },
});

const asked: PurgeAsked = { subject: "legacy", includeForeign: ["x.gz"] };

const stateOf = (plan: Plan, check: boolean, more: readonly EventBody[] = []): RunState => {
  const started: EventBody = {
    type: "run.started",
    command: "purge",
    check,
    patterns: ["all"],
    hosts: plan.hosts.map(({ host }) => host),
    by: { user: "alice", controller: "ctl", pid: 1 },
    version: "0.1.0",
    limits: {},
    purge: asked,
  };
  return numbered([started, { type: "plan.made", plan }, ...more]).reduce(reduce, initialState);
};

const done = (host: HostName, at: number, freedBytes?: number): readonly EventBody[] => [
  {
    type: "host.purged",
    host,
    change: "legacy.remove",
    target: OLD,
    files: at + 1,
    bytes: (at + 1) * GIB,
    announced: { leastBytes: at * GIB, mostBytes: (at + 1) * GIB },
    ...(freedBytes === undefined ? {} : { freedBytes }),
  },
  { type: "host.settled", host, outcome: "changed", tookMs: 10 },
];

const text = (lines: readonly string[]): string => `${lines.join("\n")}\n`;
const three = names(3);

describe("the plan of a purge", () => {
  test("sums what many hosts lose from one place, and says nothing of edits and holds", async () => {
    const lines = renderPlan(planFor(names(40), legacyOf), { diff: false });
    await expect(text(lines)).toMatchFileSnapshot("../golden/purge-plan.txt");
  });
  test("counts boot environments, whose names differ from host to host", () => {
    const lines = renderPlan(planFor(three, environmentOf), { diff: false });
    expect(lines).toContain("  destroy 3 boot environments, 3.0 GiB: frees nothing to 6.0 GiB in all");
  });
  test("of one host is said as it is", () => {
    const lines = renderPlan(planFor(three.slice(0, 1), environmentOf), { diff: false });
    expect(lines).toContain("  destroy boot environment solaris-0, 1.0 GiB: frees nothing to 2.0 GiB");
  });
});

describe("what a purge did", () => {
  const plan = planFor(three, legacyOf);
  const [one = "", two = ""] = three;
  const state = stateOf(plan, false, [...done(one, 0, GIB), ...done(two, 1)]);

  test("is a row for each place and one for all, and says where nothing was done and what is not known", async () => {
    await expect(text(renderPurgeTable(state))).toMatchFileSnapshot("../golden/purge-table.txt");
  });
  test("fits a terminal", () => {
    expect(renderPurgeTable(state, 40).every((line) => line.length <= 40)).toBe(true);
  });
  test("is JSON with figures, null for what is not known", async () => {
    await expect(renderPurgeJson(state)).toMatchFileSnapshot("../golden/purge.json");
  });
  test("before anything was done it is what was planned", () => {
    const lines = renderPurgeTable(stateOf(plan, true));
    expect(lines.at(-1)).toMatch(/^total +3 hosts +6 +3\.0 GiB to 6\.0 GiB +- +/);
  });
  test("nothing is nothing", () => {
    expect(renderPurgeTable(stateOf(planFor([], legacyOf), false))).toEqual(["nothing to take out"]);
  });
  test("the journal's report says what was asked", () => {
    expect(renderRun(state)).toContain("takes    image caches no longer in force, with x.gz");
  });
  test("no escape of a node reaches it", () => {
    const all = [...renderPlan(plan, { diff: true }), ...renderPurgeTable(state), renderPurgeJson(state)].join("\n");
    expect(all).not.toContain("\u001b");
  });
});
