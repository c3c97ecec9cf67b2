/** What an operator's Ctrl-C, a signal, a closed window and a killed controller leave behind. */
import { rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EventOf, RunEvent } from "../../src/domain/event.ts";
import { type Lab, startLab } from "../../src/lab/start.ts";
import { isLong } from "../support/long.ts";
import { eventsOf, novasweep, outcomesOf, scratch } from "../support/novasweep.ts";
import { confOf, isLocked, journalsOf, type Operator, operatorOf, sceneNode } from "../support/operator.ts";
import { expectGivenBack, Terminal } from "../support/terminal.ts";

const dir = scratch("interrupt");
const terminals: Terminal[] = [];
let lab: Lab;
/** For what happens on a node or in a journal, on a busy machine. */
const patience = { timeout: 90_000, interval: 100 };

beforeAll(async () => {
  const scenes = ["once", "twice", "lost", "thrice", "term", "hup", "asked", "killed"];
  const specs = scenes.flatMap((scene) => [1, 2, 3].map((at) => sceneNode(scene, at)));
  lab = await startLab({ nodes: specs.length, specs, parentDir: dir });
});
afterAll(async () => {
  for (const terminal of terminals) terminal.close();
  await lab?.stop();
  rmSync(dir, { recursive: true, force: true });
});

const lastJournal = (operator: Operator): readonly RunEvent[] => journalsOf(operator).at(-1) ?? [];
const settled = (operator: Operator, host: string): EventOf<"host.settled"> | undefined =>
  lastJournal(operator).find(
    (event): event is EventOf<"host.settled"> => event.type === "host.settled" && event.host === host,
  );
const pidOf = (operator: Operator): number => {
  const started = lastJournal(operator).find((event) => event.type === "run.started");
  if (started?.type !== "run.started") throw new Error("the journal names no process");
  return started.by.pid;
};

/** A rollout of three hosts, one a wave, whose first one is at its restart. */
const atRestart = async (scene: string, soak: string) => {
  const operator = operatorOf(lab, scene);
  const terminal = await Terminal.open(operator);
  terminals.push(terminal);
  await terminal.start(`novasweep rollout all --yes --waves 1 --soak ${soak}`);
  await terminal.waitFor(new RegExp(`▸ ${scene}1 +restarting nova-compute`));
  return { operator, terminal };
};

/** What tests without a terminal have in `npm test`: every signal (controller-signals), the controller that dies (resume). */
const longestOnes = (): void => {
  it("twice, while the host goes on for long: it is unknown and says what to do, exit 130", async () => {
    const { operator, terminal } = await atRestart("lost", "120s");
    await terminal.key("C-c");
    await terminal.waitFor(/stopping: no host starts/);
    await terminal.key("C-c");
    expect(await terminal.ended()).toBe(130);
    expect(settled(operator, "lost1")).toMatchObject({ outcome: "unknown" });
    const after = await terminal.history();
    expect(after).toMatch(/^unknown +E_\w+ +lost1 +the line broke .* its script still runs there/m);
    expect(after).toMatch(/try: run status on the host, then the rollout again/);
    await expectGivenBack(terminal);
  });

  it("by killing the controller: it leaves a node that finishes by itself, and a run the next one goes on from", async ({
    expect,
  }) => {
    const operator = operatorOf(lab, "killed");
    const [node = never()] = operator.nodes;
    const before = confOf(node);
    const seen = new Set<string>();
    const rollout = ["rollout", "all", "--yes", "--waves", "1,100%", "--soak", "3s", "--output", "ndjson"];
    const first = await novasweep(rollout, {
      cwd: operator.dir,
      onStdout: (text, kill) => {
        if (/"change":"compute\.restart","state":"start"/.test(text)) kill("SIGKILL");
      },
    });
    expect(first.status).toBe(null);
    expect(isLocked(node)).toBe(true);
    await expect
      .poll(() => {
        seen.add(confOf(node));
        return isLocked(node);
      }, patience)
      .toBe(false);

    const runs = await novasweep(["runs"], { cwd: operator.dir });
    expect(runs.status).toBe(0);
    expect(runs.stdout).toMatch(/^\S+ +rollout .* not ended /m);
    expect(runs.stdout).toMatch(/^\S+ interrupted: its process is gone$/m);

    const second = await novasweep(rollout, { cwd: operator.dir });
    expect(second.status, second.stderr).toBe(0);
    expect(outcomesOf(eventsOf(second))).toEqual({ killed1: "in-sync", killed2: "changed", killed3: "changed" });
    expect([...seen].filter((conf) => conf !== before && conf !== confOf(node))).toEqual([]);
  });
};

// The two longest come first: five run at a time.
describe.concurrent("an operator who interrupts a rollout", () => {
  if (isLong) longestOnes();

  it("once: no further host starts, the running one finishes, the rest is skipped, exit 5", async () => {
    const { operator, terminal } = await atRestart("once", "3s");
    await terminal.key("C-c");
    await terminal.waitFor(/stopping: no host starts, running ones finish +\^C cuts/);
    expect(await terminal.ended()).toBe(5);
    const after = await terminal.history();
    expect(after).toContain("the operator stopped the run: no further host was started");
    expect(after).toMatch(/^skipped 2 hosts: once\[2-3\]$/m);
    expect(outcomesOf(lastJournal(operator))).toEqual({ once1: "changed", once2: "skipped", once3: "skipped" });
    expect(lastJournal(operator).filter(({ type }) => type === "wave.opened")).toHaveLength(1);
    expect(confOf(operator.nodes[1] ?? never())).not.toContain("\nglancecache_dirname=/export/nova/images");
    await expectGivenBack(terminal);
  });

  it("twice: connections are cut, the host is settled from a last look, exit 130", async () => {
    const { operator, terminal } = await atRestart("twice", "5s");
    await terminal.key("C-c");
    await terminal.waitFor(/stopping: no host starts/);
    await terminal.key("C-c");
    await terminal.waitFor(/connections are cut, looking once more at what they left/);
    expect(await terminal.ended()).toBe(130);
    expect(await terminal.history()).toContain("the operator cut the run: connections were closed");
    expect(outcomesOf(lastJournal(operator))).toEqual({ twice1: "changed", twice2: "skipped", twice3: "skipped" });
    expect(settled(operator, "twice1")?.note).toContain("proved by a new look");
    await expectGivenBack(terminal);
  });

  it("three times: the process ends at once, the terminal is given back, the run is known as interrupted", async () => {
    const { operator, terminal } = await atRestart("thrice", "120s");
    await terminal.key("C-c");
    await terminal.waitFor(/stopping: no host starts/);
    await terminal.key("C-c");
    await terminal.waitFor(/connections are cut/);
    await terminal.key("C-c");
    expect(await terminal.ended()).toBe(130);
    await expectGivenBack(terminal);
    const runs = await novasweep(["runs"], { cwd: operator.dir });
    expect(runs.stdout).toContain("interrupted: its process is gone");
  });

  it("at the question: the plan is declined, exit 5", async () => {
    const operator = operatorOf(lab, "asked");
    const terminal = await Terminal.open(operator);
    terminals.push(terminal);
    await terminal.start("novasweep rollout all --soak 1s");
    await terminal.waitFor(/Type 3 to change 3 hosts/);
    await terminal.key("C-c");
    expect(await terminal.ended()).toBe(5);
    expect(outcomesOf(lastJournal(operator))).toEqual({ asked1: "skipped", asked2: "skipped", asked3: "skipped" });
    await expectGivenBack(terminal);
  });

  it("by SIGTERM: as with one Ctrl-C", async () => {
    const { operator, terminal } = await atRestart("term", "3s");
    process.kill(pidOf(operator), "SIGTERM");
    expect(await terminal.ended()).toBe(5);
    expect(outcomesOf(lastJournal(operator))).toEqual({ term1: "changed", term2: "skipped", term3: "skipped" });
    expect(lastJournal(operator).at(-1)).toMatchObject({ type: "run.settled", exit: 5 });
    await expectGivenBack(terminal);
  });

  it("by closing the window: the run settles in its journal, and the process ends", async ({ expect }) => {
    const { operator, terminal } = await atRestart("hup", "3s");
    const pid = pidOf(operator);
    terminal.close();
    await expect.poll(() => lastJournal(operator).at(-1)?.type, patience).toBe("run.settled");
    const outcomes = outcomesOf(lastJournal(operator));
    expect(outcomes).toEqual({ hup1: "changed", hup2: "skipped", hup3: "skipped" });
    await expect.poll(() => isAlive(pid), patience).toBe(false);
  });
});

const never = (): never => {
  throw new Error("the lab has no such node");
};

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
