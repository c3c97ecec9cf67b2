/** scripts/check-skips.js, tried on a vitest of its own. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const top = fileURLToPath(new URL("../..", import.meta.url));

describe("with CI=true a skipped test fails the run", () => {
  const skipping = {
    "a.test.js": "test.skip('a test', () => {}); test('runs', () => {})",
    "b.test.js": "describe.skip('a suite', () => test('x', () => {})); test('runs', () => {})",
    "c.test.js": "test('a condition', (context) => context.skip())",
    "d.test.js": "test.todo('a promise'); test('runs', () => {})",
  };
  const exempt = {
    "e.test.js": "describe.skip('shared-data', () => test('x', () => {})); test('runs', () => {})",
    "shared-data.test.js": "test.skip('x', () => {})",
  };

  const vitest = (files: Readonly<Record<string, string>>, CI: string) => {
    const folder = mkdtempSync(join(tmpdir(), "novasweep-skips-"));
    try {
      for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
      writeFileSync(join(folder, "vitest.config.js"), "export default {}");
      const words = ["run", "--globals", "--root", folder, "--reporter=dot", "--reporter=./scripts/check-skips.js"];
      const env = { ...process.env, CI };
      return spawnSync(process.execPath, ["node_modules/vitest/vitest.mjs", ...words], {
        cwd: top,
        env,
        encoding: "utf8",
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  test("whichever way it was skipped, and names it", { timeout: 60_000 }, () => {
    const { status, stderr } = vitest({ ...skipping, ...exempt }, "true");
    expect(status).toBe(1);
    const named = [...stderr.matchAll(/^ {2}(\S+\.js: .*)$/gm)].map((match) => match[1]);
    expect(named.sort()).toEqual([
      "a.test.js: a test",
      "b.test.js: a suite > x",
      "c.test.js: a condition",
      "d.test.js: a promise",
    ]);
  });

  test("but for the suite that reads shared data", { timeout: 60_000 }, () => {
    expect(vitest(exempt, "true").status).toBe(0);
  });

  test("elsewhere it is only said", { timeout: 60_000 }, () => {
    expect(vitest(skipping, "")).toMatchObject({ status: 0, stderr: expect.stringContaining("4 skipped:") });
  });
});
