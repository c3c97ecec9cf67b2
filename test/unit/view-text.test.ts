import { describe, expect, test } from "vitest";
import type { RunEvent } from "../../src/domain/event.ts";
import type { Plan } from "../../src/domain/plan.ts";
import { foldCauses } from "../../src/view/causes.ts";
import { createLinesSink } from "../../src/view/lines.ts";
import { createNdjsonSink } from "../../src/view/ndjson.ts";
import { renderPlan } from "../../src/view/plan-view.ts";
import { renderRun, renderRuns } from "../../src/view/run-report.ts";
import { summary } from "../../src/view/summary.ts";
import { auth, confChange, names, numbered, planOf, rollout, runStarted } from "../support/fleet-events.ts";
import { folded, journal } from "../support/journals.ts";

const linesOf = async (events: readonly RunEvent[]): Promise<string> => {
  let text = "";
  const sink = createLinesSink((more) => {
    text += more;
  });
  for (const event of events) sink.accept(event);
  await sink.close();
  return text;
};

const text = (lines: readonly string[]): string => `${lines.join("\n")}\n`;

describe("lines", () => {
  test.each(["gate-closes", "cut", "hostile-text", "status"])("%s", async (name) => {
    await expect(await linesOf(journal(name))).toMatchFileSnapshot(`../golden/lines-${name}.txt`);
  });

  test("are quiet on what goes well, and end in the totals", async () => {
    const lines = (await linesOf(journal("status"))).trimEnd().split("\n");
    expect(lines.join("\n")).not.toContain("cn1 in sync");
    expect(lines.at(-1)).toMatch(
      /^status .*: unreachable 1, refused 2, drifted 2, in sync 1 of 6 hosts in .*, exit 4$/,
    );
  });

  test("of a large survey say how far it is, ten times and no more", async () => {
    const lines = (await linesOf(numbered(rollout(200)))).split("\n");
    expect(lines.filter((line) => line.includes(" surveyed "))).toHaveLength(10);
  });

  test("name hosts that are stuck, the layer and the time; twenty and no more", async () => {
    const hosts = names(30);
    const since = "2026-03-01T14:03:02.000Z"; // ten seconds before the run of the tests starts
    const bodies = hosts.flatMap((host) => [
      { type: "host.phase", host, phase: "connecting", layer: "auth", since } as const,
      // Gone on to at this moment: no news.
      { type: "host.phase", host, phase: "connecting", layer: "channel", since: "2026-03-01T14:03:12.000Z" } as const,
    ]);
    const lines = (await linesOf(numbered([runStarted(hosts), ...bodies], 0))).split("\n");
    const stuck = lines.filter((line) => line.includes("stuck in"));
    expect(stuck).toHaveLength(20);
    expect(stuck[0]).toBe("14:03:12 cn001 stuck in auth reply, 10 s so far");
    expect(stuck[19]).toContain("further slow hosts are not named");
    expect(lines.join("\n")).not.toContain("channel");
  });

  test("an EPIPE drops the view, not the run", async () => {
    let writes = 0;
    const broken = (): void => {
      writes++;
      throw Object.assign(new Error("write EPIPE"), { code: "EPIPE" });
    };
    for (const sink of [createLinesSink(broken), createNdjsonSink(broken)]) {
      for (const event of journal("cut")) sink.accept(event);
      await sink.close();
    }
    expect(writes).toBe(2);
  });
});

test("ndjson is the events again, one a line, with nothing in it that a terminal would act on", () => {
  let out = "";
  const sink = createNdjsonSink((more) => {
    out += more;
  });
  for (const event of journal("hostile-text")) sink.accept(event);
  expect(
    out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line)),
  ).toEqual(journal("hostile-text"));
  expect(out.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
});

describe("a plan", () => {
  test("of 200 hosts is one paragraph a kind", async () => {
    await expect(text(renderPlan(planOf(names(200)), { diff: true }))).toMatchFileSnapshot("../golden/plan-200.txt");
  });

  test("for hosts that are all in sync", async () => {
    await expect(
      text(
        renderPlan(
          planOf(names(3), () => "in-sync"),
          { diff: true },
        ),
      ),
    ).toMatchFileSnapshot("../golden/plan-in-sync.txt");
  });

  test("folds equal effects whatever the line number, and shows the odd host by itself", () => {
    const plan = planOf(names(10), () => "changed");
    const odd = plan.hosts.map((host, at) =>
      at === 6 && host.verdict === "change"
        ? { ...host, changes: [confChange(9, "glancecache_dirname=/somewhere")] as const }
        : host,
    );
    const lines = renderPlan({ ...plan, hosts: odd } as Plan, { diff: true });
    expect(lines.filter((line) => line.startsWith("change on"))).toEqual([
      "change on 9 hosts: cn[001-006,008-010]",
      "change on 1 host: cn007",
    ]);
    expect(lines).toContain("    - glancecache_dirname=/somewhere");
  });

  test.each([
    [4, 80, "stops at the 5th bad host of 80, or any in the canary wave; at most 5 at once between edit and proof"],
    [1, 1, "one wave, so nothing is left to stop; at most 1 at once between edit and proof"],
    [0, 10, "stops at the 1st bad host of 10; at most 1 at once between edit and proof"],
  ])("says the gate in words: %d of %d", (maxBad, count, words) => {
    const plan = planOf(names(count), () => "changed");
    const lines = renderPlan({ ...plan, gate: { ...plan.gate, maxBad } }, { diff: true });
    expect(lines.at(-1)).toContain(words);
  });
});

describe("causes", () => {
  const trouble = (host: string, message: string) => ({
    host,
    outcome: "unreachable" as const,
    what: { code: "E_CONNECT" as const, message },
    note: undefined,
  });

  test("fold when they differ in the host's own name alone", () => {
    const folded = foldCauses(["cn1", "cn2"].map((host) => trouble(host, `${host}: connection refused by ${host}:22`)));
    expect(folded).toMatchObject([{ hosts: ["cn1", "cn2"], message: "the host: connection refused by the host:22" }]);
  });

  test("fold under the code's own sentence when each host says something else", () => {
    const folded = foldCauses(names(50).map((host, at) => trouble(host, `10.0.0.${at}: refused`)));
    expect(folded).toHaveLength(1);
    expect(folded[0]?.message).toBe("no connection, e.g. 10.0.0.0: refused");
  });

  test("keep the worst first", () => {
    const failed = { host: "z", outcome: "failed" as const, what: auth, note: undefined };
    expect(foldCauses([trouble("a", "m"), trouble("b", "m"), failed]).map(({ outcome }) => outcome)).toEqual([
      "failed",
      "unreachable",
    ]);
  });
});

describe("a run's report", () => {
  test.each(["gate-closes", "cut", "hostile-text"])("%s", async (name) => {
    await expect(text(renderRun(folded(journal(name))))).toMatchFileSnapshot(`../golden/run-${name}.txt`);
  });

  test("of a run that never ended says so and names the hosts it left", () => {
    const lines = renderRun(folded(journal("cut").slice(0, -3)));
    expect(lines).toContain("not settled 2 hosts: cn[03-04]");
    expect(lines.join("\n")).toContain("not ended; its last event is of 2026-03-01");
    expect(lines.at(-1)).toMatch(/not ended$/);
  });

  test("runs are one line each", async () => {
    const runs = ["gate-closes", "cut", "status"].map((name) => folded(journal(name)));
    await expect(text(renderRuns(runs))).toMatchFileSnapshot("../golden/runs.txt");
    expect(renderRuns([])).toEqual(["no runs"]);
  });

  test("every line of it is safe to print", () => {
    const state = folded(journal("hostile-text"));
    for (const line of [...renderRun(state), ...renderRuns([state]), ...summary(state)])
      expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  });
});
