/** `package build` and `package publish` by the built program, over the lab. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Lab, startLab } from "../../src/lab/start.ts";
import { cleanerPackage } from "../../src/remote/payload/package.ts";
import { against, eventsOf, novasweep, outcomesOf, type Ran, scratch } from "../support/novasweep.ts";
import { journalsOf } from "../support/operator.ts";

const dir = scratch("package");
const stateDir = join(dir, "state");
const packaged = cleanerPackage("site");
let lab: Lab;

beforeAll(async () => {
  const specs = ["build1", "build2"].map((name) => ({ name, release: "juno" as const, layout: "legacy" as const }));
  lab = await startLab({ nodes: 2, specs, parentDir: dir });
  makeRepository(rootOf("build1", "export/site"));
  makeRepository(join(lab.dir, "nodes/repos/pkg.example.com/site"));
});
afterAll(async () => {
  await lab?.stop();
  rmSync(dir, { recursive: true, force: true });
});

const makeRepository = (path: string): void => {
  mkdirSync(join(path, "publisher"), { recursive: true });
  writeFileSync(join(path, "pkg5.repository"), "[repository]\nversion = 4\n");
};
const rootOf = (name: string, path: string): string => join(lab.dir, "nodes", name, "root", path);
const publish = (via: string, repo: string, ...options: string[]): Promise<Ran> =>
  novasweep(["package", "publish", "--via", via, "--repo", repo, ...against(lab, stateDir), ...options], { cwd: dir });
const versionsIn = (repo: string): readonly string[] => {
  const home = join(repo, "publisher/site/pkg/nova-cache-cleanup");
  return existsSync(home) ? readdirSync(home) : [];
};
const lastJournal = () => journalsOf({ stateDir }).at(-1) ?? [];

describe("package publish over the lab", () => {
  it("checks, publishes, and finds what it published; the journal tells what went where", async () => {
    const repo = rootOf("build1", "export/site");
    const checked = await publish("build1", "/export/site", "--become", "sudo", "--check");
    expect([checked.status, checked.stdout]).toEqual([3, ""]);
    expect(checked.stderr).toContain("build1 WARNING opensolaris.manifest001.1 Missing attribute");
    expect(checked.stderr).toContain(`not published, the repository has no ${packaged.fmri}: build1`);
    expect(versionsIn(repo)).toEqual([]);

    const first = await publish("build1", "/export/site", "--become", "sudo", "--yes");
    expect(first.status, first.stderr).toBe(0);
    const [version = ""] = versionsIn(repo);
    const fmri = `pkg://site/nova-cache-cleanup@${version}`;
    expect(first.stdout).toBe(`${fmri}\nPUBLISHED\n`);
    expect(first.stderr).toMatch(/^package \S+: published 1 of 1 host in .*, exit 0$/m);
    expect(outcomesOf(lastJournal())).toEqual({ build1: "changed" });
    expect(lastJournal()[0]).toMatchObject({
      command: "package",
      publication: { fmri: packaged.fmri, repository: "/export/site", digest: packaged.content },
    });

    const again = await publish("build1", "file:///export/site", "--become", "sudo", "--yes", "--output", "ndjson");
    expect(again.status).toBe(0);
    expect(eventsOf(again)).toContainEqual(expect.objectContaining({ type: "package.published", fmri, before: true }));
    expect(versionsIn(repo)).toEqual([version]);

    const run = lastJournal()[0]?.run ?? "";
    const shown = await novasweep(["runs", "show", run, "--state-dir", stateDir], { cwd: dir });
    expect(shown.stdout).toMatch(
      /^package {2}pkg:\/\/site\/nova-cache-cleanup@1\.0 to file:\/\/\/export\/site \(content /m,
    );
    expect(shown.stdout).toContain(`there    ${fmri}`);
  });

  it("an http repository is the same through every host", async () => {
    const [one, two] = [
      await publish("build1", "http://pkg.example.com/site", "--yes"),
      await publish("build2", "http://pkg.example.com/site", "--yes"),
    ];
    expect(one.stdout).toMatch(/\nPUBLISHED\n$/);
    expect(two.stdout).toBe(one.stdout.replace("\nPUBLISHED", "\nALREADY PUBLISHED"));
  });

  it("says what stops it, and how it ends", async () => {
    const none = await publish("build2", "/export/none", "--yes");
    expect(none.status).toBe(6);
    expect(none.stderr).toMatch(/^refused +E_REPOSITORY +build2 +pkgrepo list: .*'\/export\/none' does not contain/m);
    makeRepository(rootOf("build2", "export/of-root"));
    const denied = await publish("build2", "/export/of-root", "--yes");
    expect(denied.status).toBe(1);
    expect(denied.stderr).toMatch(/^failed +E_STEP +build2 +pkgsend: .*Permission denied/m);
    const many = await publish("build*", "/export/site", "--yes");
    expect(many).toMatchObject({ status: 2, stdout: "", stderr: expect.stringContaining("--via names 2 hosts") });
    const nobody = await publish("build1", "/export/site");
    expect(nobody).toMatchObject({ status: 2, stderr: expect.stringContaining("no terminal to ask on") });
  });

  it("leaves nothing on the host when the controller is killed", async () => {
    const [begun, go, tool] = [join(dir, "begun"), join(dir, "go"), join(lab.dir, "sim/pkgsend")];
    renameSync(tool, `${tool}.real`);
    const body = `#!/bin/sh\n: >'${begun}'\nuntil [ -e '${go}' ]; do sleep 0.1; done\nexec '${tool}.real' "$@"\n`;
    writeFileSync(tool, body, { mode: 0o755 });
    const repo = rootOf("build2", "export/site");
    makeRepository(repo);
    const words = ["package", "publish", "--via", "build2", "--repo", "/export/site", ...against(lab, stateDir)];
    const bin = new URL("../../bin/novasweep.js", import.meta.url).pathname;
    const child = spawn(process.execPath, [bin, ...words, "--yes", "--become", "sudo"], { cwd: dir, stdio: "ignore" });
    const gone = new Promise((resolve) => child.once("close", resolve));
    while (!existsSync(begun)) await sleep(50);
    expect(readdirSync(rootOf("build2", "tmp"))).toHaveLength(1);
    child.kill("SIGKILL");
    await gone;
    writeFileSync(go, "");
    while (readdirSync(rootOf("build2", "tmp")).length > 0) await sleep(50);
    renameSync(`${tool}.real`, tool);
    // What was under way ended in order; the next look finds it.
    const after = await publish("build2", "/export/site", "--become", "sudo", "--yes");
    expect(after.stdout).toBe(`pkg://site/nova-cache-cleanup@${versionsIn(repo)[0]}\nALREADY PUBLISHED\n`);
  });
});

describe("package build", () => {
  it("writes what pkgsend takes, without contacting anybody", async () => {
    const ran = await novasweep(["package", "build", "--out", "built"], { cwd: dir });
    expect(ran).toEqual({
      status: 0,
      stderr: "",
      stdout: `${packaged.fmri}\nbuilt/nova-cache-cleanup.p5m\nbuilt/proto\n`,
    });
    expect(readFileSync(join(dir, "built/nova-cache-cleanup.p5m"), "utf8")).toBe(packaged.manifest);
    writeFileSync(join(dir, "built/other"), "");
    const refused = await novasweep(["package", "build", "--out", "built"], { cwd: dir });
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain(join(dir, "built/other"));
  });
});
