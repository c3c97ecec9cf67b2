/** `exec` at a terminal: the question, and what Ctrl-C leaves. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Lab, startLab } from "../../src/lab/start.ts";
import { outcomesOf, scratch } from "../support/novasweep.ts";
import { journalsOf, type Operator, operatorOf, sceneNode } from "../support/operator.ts";
import { expectGivenBack, Terminal } from "../support/terminal.ts";

const dir = scratch("exec-e2e");
const terminals: Terminal[] = [];
let lab: Lab;

beforeAll(async () => {
  const specs = ["asked", "once", "twice"].flatMap((scene) => [1, 2].map((at) => sceneNode(scene, at)));
  lab = await startLab({ nodes: specs.length, specs, parentDir: dir });
});
afterAll(async () => {
  for (const terminal of terminals) terminal.close();
  await lab?.stop();
  rmSync(dir, { recursive: true, force: true });
});

const sit = async (operator: Operator, line: string): Promise<Terminal> => {
  const terminal = await Terminal.open(operator);
  terminals.push(terminal);
  await terminal.start(line);
  return terminal;
};

/** A command that has said something and waits for the file `go`, one host at a time. */
const waiting = async (scene: string) => {
  const operator = operatorOf(lab, scene);
  const go = join(operator.dir, "go");
  const text = `echo begun; until [ -e ${go} ]; do sleep 0.2; done; echo done`;
  const terminal = await sit(operator, `novasweep exec all --yes -j 1 -- '${text}'`);
  // The screen shows what a host wrote last while it runs.
  await terminal.waitFor(new RegExp(`▸ ${scene}1 +running.* begun`));
  return { operator, terminal, go };
};

describe.concurrent("exec at a terminal", () => {
  it("says what would run, as whom and where; the number runs it, anything else does not", async () => {
    const operator = operatorOf(lab, "asked");
    const terminal = await sit(operator, "novasweep exec all -- echo well");
    await terminal.waitFor(/run +echo well\s+as +\w+\s+on +2 hosts: asked\[1-2\]\s+Type 2 to run it on 2 hosts/);
    await terminal.type("2");
    expect(await terminal.ended()).toBe(0);
    expect(await terminal.history()).toMatch(/^asked\[1-2\]: well\n(?:.*\n)*exec \S+: ran 2 of 2 hosts/m);
    await terminal.start("novasweep exec all -- echo never");
    await terminal.waitFor(/never\s+as[\s\S]*Type 2 to run it on 2 hosts/);
    await terminal.key("C-c");
    expect(await terminal.ended()).toBe(5);
    expect(await terminal.history()).toContain("the command was declined: it ran nowhere");
    await expectGivenBack(terminal);
  });

  it("once interrupted: the running host finishes, no other starts, exit 5", async () => {
    const { operator, terminal, go } = await waiting("once");
    await terminal.key("C-c");
    await terminal.waitFor(/stopping: no host starts, running ones finish/);
    writeFileSync(go, "");
    expect(await terminal.ended()).toBe(5);
    const after = await terminal.history();
    expect(after).toMatch(/^once1:\n {3}begun\n {3}done$/m);
    expect(after).toMatch(/^skipped 1 host: once2$/m);
    expect(outcomesOf(journalsOf(operator).at(-1) ?? [])).toEqual({ once1: "changed", once2: "skipped" });
    await expectGivenBack(terminal);
  });

  it("twice interrupted: the connection is cut, what came until then is shown as a part, exit 130", async () => {
    const { operator, terminal, go } = await waiting("twice");
    await terminal.key("C-c");
    await terminal.waitFor(/stopping: no host starts/);
    await terminal.key("C-c");
    expect(await terminal.ended()).toBe(130);
    const after = await terminal.history();
    expect(after).toMatch(/^twice1 \(partial: the line ended first\):\n {3}begun$/m);
    expect(after).toMatch(/^unknown +E_STOPPED +twice1 /m);
    expect(outcomesOf(journalsOf(operator).at(-1) ?? [])).toEqual({ twice1: "unknown", twice2: "skipped" });
    writeFileSync(go, "");
    await expectGivenBack(terminal);
  });
});
