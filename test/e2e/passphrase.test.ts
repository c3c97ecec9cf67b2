/** An encrypted key in a terminal: asked for before anything else, never shown, never written down. */
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Lab, startLab } from "../../src/lab/start.ts";
import { scratch } from "../support/novasweep.ts";
import { inShell, type Operator, operatorOf, sceneNode } from "../support/operator.ts";
import { expectGivenBack, Terminal } from "../support/terminal.ts";

const SECRET = "correct-horse-battery";
const dir = scratch("passphrase");
const terminals: Terminal[] = [];
let lab: Lab;

beforeAll(async () => {
  const specs = [sceneNode("asks", 1), sceneNode("asks", 2), sceneNode("stops", 1), sceneNode("alone", 1)];
  lab = await startLab({ nodes: specs.length, specs, parentDir: dir });
});
afterAll(async () => {
  for (const terminal of terminals) terminal.close();
  await lab?.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** An operator whose key is encrypted. */
const withLockedKey = (scene: string): { readonly operator: Operator; readonly key: string } => {
  const operator = operatorOf(lab, scene);
  const key = join(operator.dir, ".ssh/locked");
  copyFileSync(lab.keyPath, key);
  execFileSync("ssh-keygen", ["-q", "-p", "-a", "1", "-P", "", "-N", SECRET, "-f", key], { stdio: "ignore" });
  return { operator, key };
};

const sit = async (operator: Operator) => {
  const terminal = await Terminal.open({ ...operator, columns: 100 });
  terminals.push(terminal);
  return terminal;
};

describe.concurrent("an encrypted key", () => {
  it("is asked for before the screen is drawn, again when wrong, and what was typed is nowhere", async () => {
    const { operator, key } = withLockedKey("asks");
    const terminal = await sit(operator);
    await terminal.start("novasweep status all --identity .ssh/locked");
    await terminal.waitFor(/^Passphrase of ~\/\.ssh\/locked:$/m);
    expect(await terminal.modes()).toEqual({ alternate: false, cursor: true });
    await terminal.type("not-the-right-one");
    await terminal.waitFor(/That does not open it\. .*\nPassphrase of /);
    await terminal.type(SECRET);
    expect(await terminal.ended()).toBe(0);
    const after = await terminal.history();
    expect(after).toMatch(/^asks1 .*drifted/m);
    expect(after.match(/^Passphrase of/gm)).toHaveLength(2);
    await expectGivenBack(terminal);
    // Neither on the terminal, byte for byte, nor in any file of the operator, the journal among them.
    for (const typed of [SECRET, "not-the-right-one"]) {
      expect(terminal.raw()).not.toContain(typed);
      expect(filesWith(typed, operator.dir)).toEqual([]);
    }
    expect(filesWith("Passphrase of", operator.dir)).toEqual([]);
    expect(existsSync(key)).toBe(true);
  });

  it("is not opened at Ctrl-C: exit 130, nobody was contacted, no run is on record", async () => {
    const { operator } = withLockedKey("stops");
    const terminal = await sit(operator);
    await terminal.start("novasweep rollout all --identity .ssh/locked");
    await terminal.waitFor(/^Passphrase of /m);
    await terminal.type("half", "no enter");
    await terminal.key("C-c");
    expect(await terminal.ended()).toBe(130);
    expect(await terminal.history()).toMatch(/^novasweep: stopped at a passphrase; no host was contacted$/m);
    expect(existsSync(operator.stateDir)).toBe(false);
    await expectGivenBack(terminal);
    expect(terminal.raw()).not.toContain("half");
  });

  it("is not asked for without a terminal: its hosts are unreachable, and told why", async () => {
    const { operator, key } = withLockedKey("alone");
    const ran = await inShell(operator, "novasweep status all --identity .ssh/locked");
    expect(ran.status).toBe(4);
    expect(ran.stderr).not.toContain("Passphrase of");
    expect(ran.stderr).toContain(`${key} is encrypted, and there is no terminal to ask for its passphrase on`);
    expect(ran.stderr).toContain("ssh-add");
  });
});

const filesWith = (text: string, below: string): readonly string[] => {
  try {
    return execFileSync("grep", ["-rlF", "--", text, below], { encoding: "utf8" }).trim().split("\n");
  } catch {
    return []; // Status 1: none.
  }
};
