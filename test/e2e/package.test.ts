/** `package publish` at a terminal: what is said before it is published, and what the answer does. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Lab, startLab } from "../../src/lab/start.ts";
import { scratch } from "../support/novasweep.ts";
import { operatorOf, sceneNode } from "../support/operator.ts";
import { expectGivenBack, Terminal } from "../support/terminal.ts";

const dir = scratch("package-e2e");
let lab: Lab;
let terminal: Terminal | undefined;

beforeAll(async () => {
  lab = await startLab({ nodes: 1, specs: [sceneNode("build", 1)], parentDir: dir });
});
afterAll(async () => {
  terminal?.close();
  await lab?.stop();
  rmSync(dir, { recursive: true, force: true });
});

it("says what goes where and as whom; 1 publishes it, anything else does not", async () => {
  const repository = join(lab.nodes[0]?.dir ?? "", "root/export/site");
  mkdirSync(join(repository, "publisher"), { recursive: true });
  writeFileSync(join(repository, "pkg5.repository"), "");
  terminal = await Terminal.open(operatorOf(lab, "build"));
  const question =
    /publish +pkg:\/\/site\/nova-cache-cleanup@1\.0\s+to +\/export\/site\s+through +build1, as root \(novaadm, by sudo\)\s+Type 1 to publish through 1 host/;
  await terminal.start("novasweep package publish --via build1 --repo /export/site --become sudo");
  await terminal.waitFor(question);
  await terminal.type("y");
  expect(await terminal.ended()).toBe(5);
  expect(await terminal.history()).toContain("publishing was declined: nothing was sent");
  expect(existsSync(join(repository, "publisher/site"))).toBe(false);
  await terminal.start("clear; novasweep package publish --via build1 --repo /export/site --become sudo");
  await terminal.waitFor(question);
  await terminal.type("1");
  expect(await terminal.ended()).toBe(0);
  expect(await terminal.history()).toMatch(/nova-cache-cleanup@1\.0,5\.11:\d{8}T\d{6}Z\s+PUBLISHED/);
  await expectGivenBack(terminal);
});
