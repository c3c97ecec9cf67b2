/** The simulators are POSIX sh: shellcheck has nothing to say about them. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const dir = fileURLToPath(new URL("../../src/lab/sim", import.meta.url));
const scripts = readdirSync(dir).filter((name) => !name.endsWith(".awk"));

test("shellcheck is silent about every simulator", () => {
  const ran = spawnSync("shellcheck", ["-s", "sh", ...scripts], { cwd: dir, encoding: "utf8" });
  expect(ran.error).toBeUndefined();
  expect(ran.stdout).toBe("");
  expect(ran.status).toBe(0);
});
