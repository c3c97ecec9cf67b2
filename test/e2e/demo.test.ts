/** `novasweep demo`: ends well, says how to go on, leaves nothing behind. */
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { novasweep, scratch } from "../support/novasweep.ts";
import { expectGivenBack, Terminal } from "../support/terminal.ts";

const bin = new URL("../../bin", import.meta.url).pathname;
const dir = scratch("demo");
const terminals: Terminal[] = [];
afterAll(() => {
  for (const terminal of terminals) terminal.close();
  rmSync(dir, { recursive: true, force: true });
});

/** A terminal whose temporary files go to a directory of its own; Node's cache of compiled code goes elsewhere. */
const sit = async (name: string): Promise<{ terminal: Terminal; temporary: string }> => {
  const home = join(dir, name);
  const temporary = join(home, "tmp");
  mkdirSync(temporary, { recursive: true });
  const env = { HOME: home, TMPDIR: temporary, NODE_COMPILE_CACHE: join(dir, "compiled") };
  const terminal = await Terminal.open({ dir: home, env });
  terminals.push(terminal);
  return { terminal, temporary };
};

/** The lab's process whose temporary files go to `path`, and the scripts that run on its nodes. */
const processesOf = (path: string): readonly string[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      const environment = `\0${read(`/proc/${pid}/environ`)}`;
      const isLab = /\/lab\/main\.[jt]s\0/.test(read(`/proc/${pid}/cmdline`));
      return (isLab && environment.includes(`\0TMPDIR=${path}\0`)) || environment.includes(`\0LAB_NODE=${path}/`);
    });

const read = (path: string): string => {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
};

const demo = `'${process.execPath}' '${bin}/novasweep.js' demo`;

describe.concurrent("the demo", () => {
  it("in a terminal changes every node, finds nothing to do the second time, says how to go on, and is gone", async () => {
    const { terminal, temporary } = await sit("whole");
    await terminal.start(`${demo} --nodes 3 --soak 1s`);
    await terminal.waitFor(/restarting nova-compute/);
    expect(processesOf(temporary).length).toBeGreaterThan(0);
    expect(await terminal.ended()).toBe(0);
    expect(readdirSync(temporary)).toEqual([]);
    expect(processesOf(temporary)).toEqual([]);
    const said = await terminal.history();
    expect(said).toMatch(/^rollout \S+: changed 3 of 3 hosts in .*, exit 0$/m);
    expect(said).toMatch(/^rollout \S+: in sync 3 of 3 hosts in .*, exit 0$/m);
    expect(said).toMatch(/^ {2}2\. novasweep status all +look at every node, change nothing$/m);
    await expectGivenBack(terminal);
  });

  it("whose process is ended on the spot leaves nothing either", async ({ expect }) => {
    const { terminal, temporary } = await sit("cut");
    await terminal.start(`${demo} --nodes 3 --soak 60s`);
    await terminal.waitFor(/restarting nova-compute/);
    await terminal.key("C-c");
    await terminal.waitFor(/stopping: no host starts/);
    await terminal.key("C-c");
    await terminal.waitFor(/connections are cut/);
    await terminal.key("C-c");
    expect(await terminal.ended()).toBe(130);
    await expectGivenBack(terminal);
    await expect.poll(() => processesOf(temporary), { timeout: 30_000 }).toEqual([]);
    await expect.poll(() => readdirSync(temporary), { timeout: 30_000 }).toEqual([]);
  });

  it("with a fault ends as a rollout does, and says which", async () => {
    const ran = await novasweep(["demo", "--nodes", "2", "--soak", "1s", "--faults", "busy"]);
    expect(ran.status, ran.stderr).toBe(6);
    expect(ran.stderr).toMatch(/^refused +E_BUSY +cn02 /m);
    expect(ran.stderr).toMatch(/ended with exit status 6: the faults asked for \(busy\)/);
  });
});
