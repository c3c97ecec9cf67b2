/** A person at a terminal who is asked for the password of sudo or su: once, before anything else, and it is nowhere afterwards. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RealFleet, startRealFleet } from "../support/fleet/fleet.ts";
import { scratch } from "../support/novasweep.ts";
import { inShell, openAccount } from "../support/operator.ts";
import { expectGivenBack, Terminal } from "../support/terminal.ts";

const SECRET = "correct horse $battery";
const dir = scratch("become-password");
const terminals: Terminal[] = [];
let fleet: RealFleet;

beforeAll(async () => {
  fleet = await startRealFleet(["cn1", "cn2"].map((name) => ({ name, release: "juno", layout: "legacy" })));
  for (const node of fleet.nodes) {
    node.sh("sed -i '/^ops ALL=(ALL)/d' /etc/sudoers; echo 'ops ALL=(root) /bin/sh' >>/etc/sudoers");
    node.run(["/usr/sbin/chpasswd"], { input: `ops:${SECRET}\nroot:${SECRET}\n` });
  }
});
afterAll(async () => {
  for (const terminal of terminals) terminal.close();
  await fleet?.stop();
  rmSync(dir, { recursive: true, force: true });
});

const account = (name: string) =>
  openAccount(join(dir, name), fleet.knownHostsPath, readFileSync(fleet.inventoryPath, "utf8"));

const sit = async (operator: ReturnType<typeof account>) => {
  const terminal = await Terminal.open({ ...operator, columns: 100 });
  terminals.push(terminal);
  return terminal;
};

const filesWith = (text: string, below: string): string => {
  try {
    return execFileSync("grep", ["-rlF", "--", text, below], { encoding: "utf8" });
  } catch {
    return ""; // Status 1: none.
  }
};

describe("the password", () => {
  it.each([
    ["sudo", "ops"],
    ["su", "root"],
  ])("of %s is asked for once and written down nowhere", async (become, whose) => {
    const operator = account(become);
    const terminal = await sit(operator);
    await terminal.start(`novasweep status all --become ${become} --ask-become-pass --output ndjson`);
    await terminal.waitFor(new RegExp(`^Password of ${whose} \\(${become}, 2 hosts\\):$`, "m"));
    await terminal.type(SECRET);
    expect(await terminal.ended(), await terminal.history()).toBe(0);
    await expectGivenBack(terminal);
    const raw = terminal.raw();
    expect(raw).toContain('"outcome":"drifted"');
    for (const part of [SECRET, "Password:"]) expect(raw).not.toContain(part);
    expect(existsSync(operator.stateDir)).toBe(true);
    expect(filesWith(SECRET, operator.dir)).toBe("");
  });

  it("is not asked for at Ctrl-C or without a word: nobody was contacted", async () => {
    const operator = account("stops");
    const terminal = await sit(operator);
    await terminal.start("novasweep status all --ask-become-pass");
    await terminal.waitFor(/^Password of /m);
    await terminal.key("C-c");
    expect(await terminal.ended()).toBe(130);
    await terminal.start("novasweep status all --ask-become-pass");
    await terminal.waitFor(/^Password of [^\n]*\n(?:.*\n)+.*Password of /m);
    await terminal.key("Enter");
    expect(await terminal.ended()).toBe(2);
    expect(await terminal.history()).toMatch(/no password was typed; no host was contacted/);
    expect(existsSync(operator.stateDir)).toBe(false);
  });

  it("that cannot be asked for, or has to be, is bad input", async () => {
    const operator = { ...account("alone"), nodes: [] };
    const unasked = await inShell(operator, "novasweep status all --ask-become-pass");
    expect([unasked.status, unasked.stderr]).toEqual([
      2,
      expect.stringContaining("there is no terminal to ask on\n  try: "),
    ]);
    const su = await inShell(operator, "novasweep status all --become su");
    expect([su.status, su.stderr]).toEqual([
      2,
      expect.stringMatching(/cn1 and 1 more: su asks for root's password\n {2}try: --ask-become-pass/),
    ]);
    const root = await inShell(operator, "novasweep status all --become su --user root --ask-become-pass");
    expect(root.status, root.stderr).toBe(0);
    expect(existsSync(operator.stateDir)).toBe(true);
  });
});
