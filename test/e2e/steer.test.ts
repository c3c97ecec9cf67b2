/** Keys on the screen of a run, in a real terminal: hold, go, skip, and the health check that asks. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Lab, startLab } from "../../src/lab/start.ts";
import { outcomesOf } from "../support/novasweep.ts";
import { journalsOf, type Operator, operatorOf, sceneNode } from "../support/operator.ts";
import { expectGivenBack, Terminal } from "../support/terminal.ts";

const scenes = ["keys", "skip", "asks"];
let lab: Lab;
const terminals: Terminal[] = [];
beforeAll(async () => {
  const specs = scenes.flatMap((scene) => [1, 2, 3].map((at) => sceneNode(scene, at)));
  lab = await startLab({ nodes: specs.length, specs });
});
afterAll(async () => {
  for (const terminal of terminals) terminal.close();
  await lab.stop();
});

const opened = async (scene: string, options: string): Promise<{ operator: Operator; terminal: Terminal }> => {
  const operator = operatorOf(lab, scene);
  const terminal = await Terminal.open({ ...operator, columns: 100, rows: 30 });
  terminals.push(terminal);
  await terminal.start(`novasweep rollout all --yes --soak 3s ${options}`);
  return { operator, terminal };
};

const last = (operator: Operator) => journalsOf(operator).at(-1) ?? [];

describe.concurrent("keys while a run goes on", { timeout: 240_000 }, () => {
  it("h holds, + raises, g goes on: every host is changed, and the terminal is as it was", async () => {
    const { operator, terminal } = await opened("keys", "--waves 1");
    await terminal.waitFor(/▸ keys1 +restarting nova-compute/);
    await terminal.key("h");
    await terminal.waitFor(/held: no host starts +g goes on {2}a ends the run/);
    await terminal.key("+");
    await terminal.waitFor(/wave 2 of 3, 0 of 1 settled/);
    await terminal.key("g");
    expect(await terminal.ended()).toBe(0);
    const events = last(operator);
    expect(outcomesOf(events)).toEqual({ keys1: "changed", keys2: "changed", keys3: "changed" });
    const acted = events.flatMap((event) => (event.type === "operator.acted" ? [[event.action, event.by]] : []));
    expect(acted).toEqual([
      ["held", "key"],
      ["parallel", "key"],
      ["went-on", "key"],
    ]);
    await expectGivenBack(terminal);
  });

  it("h and s leave out the rest of a wave: it is untouched, and said so", async () => {
    const { operator, terminal } = await opened("skip", "--waves 1,100%");
    await terminal.waitFor(/▸ skip1 +restarting nova-compute/);
    await terminal.key("h");
    await terminal.waitFor(/wave 2 of 2, 0 of 2 settled/);
    // Nothing is left then: the run ends, held or not.
    await terminal.key("s");
    expect(await terminal.ended()).toBe(0);
    const events = last(operator);
    expect(outcomesOf(events)).toEqual({ skip1: "changed", skip2: "skipped", skip3: "skipped" });
    expect(
      events.filter(({ type }) => type === "host.step").every((event) => "host" in event && event.host === "skip1"),
    ).toBe(true);
  });

  it("a health check that asks holds the run, with its words, until a person has decided", async () => {
    const { operator, terminal } = await opened("asks", "--waves 1 --probe 'echo look at the graphs; exit 2'");
    await terminal.waitFor(/held: the probe says ask after wave 1: look at the graphs +g goes on/);
    await terminal.key("g");
    await terminal.waitFor(/held: the probe says ask after wave 2: look at the graphs/);
    await terminal.key("a");
    expect(await terminal.ended()).toBe(5);
    expect(outcomesOf(last(operator))).toEqual({ asks1: "changed", asks2: "changed", asks3: "skipped" });
  });
});
