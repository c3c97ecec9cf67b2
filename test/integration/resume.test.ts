/**
 * The controller dies at one event of its run, and another process goes on with it: every host ends as it would have, is
 * restarted once, and a plain rollout afterwards finds nothing to do. `npm run test:long` dies at every event there is.
 */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import type { RunEvent } from "../../src/domain/event.ts";
import { initialState, reduce } from "../../src/domain/run-state.ts";
import type { FaultName } from "../../src/lab/faults.ts";
import type { LabNode } from "../../src/lab/options.ts";
import { type Lab, startLab } from "../../src/lab/start.ts";
import { isLong } from "../support/long.ts";
import { against, eventsOf, novasweep, outcomesOf, scratch } from "../support/novasweep.ts";
import { isLocked, sceneNode } from "../support/operator.ts";

vi.setConfig({ maxConcurrency: 2 });

const NODES = 2;

/** A lab of its own, so that nothing of another try is left there. */
const withLab = async (
  name: string,
  act: (lab: Lab, stateDir: string) => Promise<void>,
  faultOfFirst?: FaultName,
): Promise<void> => {
  const dir = scratch(`resume-${name}`);
  const specs = Array.from({ length: NODES }, (_, at) => sceneNode("cn", at + 1, at === 0 ? faultOfFirst : undefined));
  const lab = await startLab({ nodes: NODES, specs, parentDir: dir });
  try {
    await act(lab, join(dir, "state"));
  } finally {
    await lab.stop();
    rmSync(dir, { recursive: true, force: true });
  }
};

const rollout = (lab: Lab, stateDir: string, ...more: readonly string[]): readonly string[] => [
  ...["rollout", "all", ...against(lab, stateDir), "--yes", "--soak", "1s", "--waves", "1", "--output", "ndjson"],
  ...more,
];

/** Kills the rollout as soon as it has said so many events; the events it said. */
const killedAfter = async (lab: Lab, stateDir: string, events: number): Promise<readonly RunEvent[]> => {
  const ran = await novasweep(rollout(lab, stateDir), {
    onStdout: (text, kill) => {
      if (text.split("\n").length > events) kill("SIGKILL");
    },
  });
  return eventsOf({ ...ran, stdout: ran.stdout.slice(0, ran.stdout.lastIndexOf("\n") + 1) });
};

const runIn = (stateDir: string): string => {
  const [name = ""] = readdirSync(join(stateDir, "runs")).filter((file) => file.endsWith(".ndjson"));
  return name.slice(0, -".ndjson".length);
};

const journal = (stateDir: string, run: string): readonly RunEvent[] =>
  readFileSync(join(stateDir, "runs", `${run}.ndjson`), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));

/** How often nova-compute was restarted, as the record has it. */
const restartsOf = (events: readonly RunEvent[], host: string): number =>
  events.filter(
    (event) =>
      event.type === "host.step" && event.host === host && event.change === "compute.restart" && event.state === "ok",
  ).length;

/** The script at work on the node dies with nobody to tidy up. */
const killScript = ({ dir }: LabNode): void => {
  const record: unknown = JSON.parse(readFileSync(join(dir, "root/system/volatile/novasweep.lock/record"), "utf8"));
  process.kill((record as { readonly pid: number }).pid, "SIGKILL");
};

/** What must be true whenever it died. */
const expectWhole = async (lab: Lab, stateDir: string, killedAt: number): Promise<void> => {
  const run = runIn(stateDir);
  const before = journal(stateDir, run).reduce(reduce, initialState);
  const resumed = await novasweep(["runs", "resume", run, "--state-dir", stateDir, "--output", "lines"]);
  if (before.ended !== undefined) {
    expect([resumed.status, resumed.stderr], String(killedAt)).toEqual([
      2,
      expect.stringContaining("has ended: exit 0"),
    ]);
  } else if (before.accepted === undefined) {
    expect([resumed.status, resumed.stderr], String(killedAt)).toEqual([
      2,
      expect.stringMatching(/was cut short before its plan was accepted: it changed nothing|has no whole event/),
    ]);
  } else {
    expect(resumed.status, resumed.stderr).toBe(0);
    const whole = journal(stateDir, run);
    expect(["cn1", "cn2"].map((host) => restartsOf(whole, host))).toEqual([1, 1]);
    expect(whole.map(({ seq }) => seq)).toEqual(whole.map((_, at) => at + 1));
    expect(outcomesOf(whole)).toEqual({ cn1: "changed", cn2: "changed" });
    expect(whole.reduce(reduce, initialState)).toMatchObject({
      settled: NODES,
      tally: { changed: NODES },
      ended: { exit: 0 },
    });
  }
  const again = await novasweep(rollout(lab, join(stateDir, "../again")));
  const outcome = before.accepted === undefined ? "changed" : "in-sync";
  expect(outcomesOf(eventsOf(again)), again.stderr).toEqual({ cn1: outcome, cn2: outcome });
};

describe.concurrent("a controller that dies", () => {
  // Seeded: the first events, the plan, the acceptance, the middle of a host, between hosts, the end.
  const points = isLong ? Array.from({ length: 60 }, (_, at) => at + 1) : [6, 13, 24];

  it.each(points)("after event %i: the run is taken up again and ends as it would have", (at) =>
    withLab(String(at), async (lab, stateDir) => {
      await killedAfter(lab, stateDir, at);
      await expectWhole(lab, stateDir, at);
    }),
  );

  it("while its health check looked at a wave: that wave is judged before another opens", () =>
    withLab("judged", async (lab, stateDir) => {
      const probe = ["--probe", 'eval "$SAYS"'];
      const killed = await novasweep(rollout(lab, stateDir, ...probe), {
        env: { SAYS: "sleep 20" },
        onStdout: (text, kill) => {
          if (/"type":"host.settled","host":"cn1"/.test(text)) kill("SIGKILL");
        },
      });
      expect(killed.status).toBe(null);
      const run = runIn(stateDir);
      const resumed = await novasweep(["runs", "resume", run, "--state-dir", stateDir, "--output", "lines"], {
        env: { SAYS: "echo red; exit 1" },
      });
      expect(resumed.status, resumed.stderr).toBe(5);
      const whole = journal(stateDir, run);
      expect(outcomesOf(whole)).toEqual({ cn1: "changed", cn2: "skipped" });
      expect(whole.filter(({ type }) => type === "wave.opened")).toHaveLength(1);
      expect(whole.at(-1)).toMatchObject({ reason: "the probe says stop after wave 1: red" });
    }));

  it("twice, in two scripts of one host: what the second said to nobody is on record, and nothing of the first again", () =>
    withLab("scripts", async (lab, stateDir) => {
      const [node] = lab.nodes;
      if (node === undefined) throw new Error("a lab without nodes");
      let isKilled = false;
      const first = await novasweep(rollout(lab, stateDir), {
        onStdout: (text, kill) => {
          if (isKilled || !/"change":"dataset\.create","state":"ok"/.test(text)) return;
          isKilled = true;
          kill("SIGKILL");
          killScript(node);
        },
      });
      expect(first.status).toBe(null);
      const run = runIn(stateDir);
      const resume = ["runs", "resume", run, "--state-dir", stateDir, "--output", "ndjson"];
      const second = await novasweep(resume, {
        onStdout: (text, kill) => {
          if (/"change":"compute\.restart","state":"start"/.test(text)) kill("SIGKILL");
        },
      });
      expect(second.status, second.stderr).toBe(null);
      await expect.poll(() => isLocked(node), { timeout: 30_000 }).toBe(false);
      const third = await novasweep(resume);
      expect(third.status, third.stderr).toBe(0);
      const whole = journal(stateDir, run);
      const scripts = whole.flatMap((event) =>
        event.type === "host.phase" && event.host === "cn1" && event.script !== undefined ? [event.seq] : [],
      );
      expect(scripts).toHaveLength(2);
      const said = whole.flatMap((event) =>
        event.type === "host.step" && event.host === "cn1" ? [{ ...event, second: event.seq > (scripts[1] ?? 0) }] : [],
      );
      const words = said.filter(({ second }) => second).map(({ step, change, state }) => `${step} ${change} ${state}`);
      expect(words.filter((word) => word.endsWith(" ok"))).toEqual(
        words.filter((word) => word.endsWith(" start")).map((word) => word.replace(/start$/, "ok")),
      );
      expect(words).toEqual([...new Set(words)]);
      expect(words.at(-1)).toBe("8 compute.restart ok");
      expect(outcomesOf(whole)).toEqual({ cn1: "changed", cn2: "changed" });
    }));

  it("before a step fails: the host is failed, as it would have been, and no other is begun", () =>
    withLab(
      "failed",
      async (lab, stateDir) => {
        const [node] = lab.nodes;
        if (node === undefined) throw new Error("a lab without nodes");
        const killed = await novasweep(rollout(lab, stateDir), {
          onStdout: (text, kill) => {
            if (/"type":"host.step","host":"cn1"/.test(text)) kill("SIGKILL");
          },
        });
        expect(killed.status).toBe(null);
        await expect.poll(() => isLocked(node), { timeout: 30_000 }).toBe(false);
        const run = runIn(stateDir);
        const resumed = await novasweep(["runs", "resume", run, "--state-dir", stateDir, "--output", "lines"]);
        expect(resumed.status, resumed.stderr).toBe(5);
        const whole = journal(stateDir, run);
        expect(outcomesOf(whole)).toEqual({ cn1: "failed", cn2: "skipped" });
        expect(whole).toContainEqual(
          expect.objectContaining({
            type: "host.settled",
            host: "cn1",
            failure: expect.objectContaining({ code: "E_NOT_WRITABLE" }),
          }),
        );
        expect(whole.filter((event) => event.type === "host.phase" && event.script !== undefined)).toHaveLength(1);
      },
      "not-writable",
    ));

  it("its run is told of at the next start, and two who take it up at once are one", () =>
    withLab("two", async (lab, stateDir) => {
      await killedAfter(lab, stateDir, 14);
      const run = runIn(stateDir);
      const told = await novasweep(["rollout", "cn1", ...against(lab, stateDir), "--check", "--output", "lines"]);
      expect(told.stderr).toContain(`run ${run} (rollout by `);
      expect(told.stderr).toContain(`was cut short: novasweep runs resume ${run}`);
      const both = await Promise.all([1, 2].map(() => novasweep(["runs", "resume", run, "--state-dir", stateDir])));
      expect(both.map(({ status }) => status).sort(), both.map(({ stderr }) => stderr).join("\n")).toEqual([0, 2]);
      const refused = both.find(({ status }) => status === 2)?.stderr ?? "";
      expect(refused).toMatch(/is driven by pid \d+ on \S+, since 20|somebody else has just taken up run|has ended/);
      const whole = journal(stateDir, run);
      expect(["cn1", "cn2"].map((host) => restartsOf(whole, host))).toEqual([1, 1]);
      expect(whole.filter(({ type }) => type === "run.resumed")).toHaveLength(1);
    }));
});
