import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { breaches, importsOf } from "../support/architecture.ts";

const top = fileURLToPath(new URL("../..", import.meta.url));

const sources = readdirSync(join(top, "src"), { recursive: true, encoding: "utf8" })
  .filter((name) => /\.tsx?$/.test(name))
  .map((name) => ({ path: `src/${name}`, text: readFileSync(join(top, "src", name), "utf8") }));

test("the source tree keeps its rules", () => {
  expect(sources.length).toBeGreaterThan(10);
  expect(breaches(sources)).toEqual([]);
});

describe("the rules notice", () => {
  test.each([
    ["src/domain/a.ts", 'import { readFile } from "node:fs";', "domain may not import node:fs"],
    ["src/domain/a.ts", 'import type { Host } from "../inventory/model.ts";', "domain may not import ../inventory"],
    ["src/domain/a.ts", "const now = Date.now();", "reads a clock"],
    ["src/domain/a.ts", "const now = new Date(at);", "reads a clock"],
    ["src/domain/a.ts", "const dice = Math.random();", "is random"],
    ["src/domain/a.ts", "const n = new Intl.NumberFormat();", "depends on the locale"],
    ["src/domain/a.ts", "const n = count.toLocaleString();", "depends on the locale"],
    ["src/engine/a.ts", 'import { lines } from "../view/lines.ts";', "engine may not import ../view"],
    ["src/engine/a.ts", 'const x = await import("ssh2");', "engine may not import ssh2"],
    ["src/view/a.ts", 'import { Box } from "ink";', "view may not import ink"],
    ["src/view/a.ts", 'import { App } from "./tui/app.tsx";', "view may not import ./tui"],
    ["src/view/tui/a.ts", 'import { run } from "../../engine/fleet.ts";', "view/tui may not import"],
    ["src/cli/a.ts", 'import { Client } from "ssh2";', "cli may not import ssh2"],
    ["src/cli/a.ts", 'import { x } from "./b";', "./b lacks its .ts"],
    ["src/lab/a.ts", 'import { x } from "../engine/b.ts";', "lab may not import"],
    ["src/main.ts", 'import { run } from "./engine/fleet.ts";', ". may not import"],
    ["src/cli/a.ts", "export default 1;", "exports a default"],
    ["src/cli/a.ts", 'export * from "./b.ts";', "passes another file's exports on"],
    ["src/cli/a.ts", 'export { b } from "./b.ts";', "passes another file's exports on"],
    ["src/cli/a.ts", 'export type { B } from "./b.ts";', "passes another file's exports on"],
    ["src/cli/a.ts", "const x = y as any;", "uses any"],
    ["src/cli/a.ts", "const f = (x: any) => x;", "uses any"],
    ["src/cli/a.ts", 'console.log("x");', "writes to the console"],
    ["src/cli/a.ts", "const home = process.env.HOME;", "touches the process"],
    ["src/lab/a.ts", "const home = process.env.HOME;", "reads the environment"],
    ["src/cli/camelCase.ts", "", "not kebab-case"],
    ["src/view/Panel.ts", "", "not kebab-case"],
    ["src/cli/a.ts", 'const data = "../shared/data";', "names a folder of one machine"],
    ["src/cli/a.ts", 'const data = "/home/op/x";', "names a folder of one machine"],
    ["src/cli/a.ts", "// @ts-expect-error: later", "suppresses a check"],
  ])("%s: %s", (path, text, says) => {
    expect(breaches([{ path, text: `/** A file. */\n${text}` }])).toEqual([expect.stringContaining(says)]);
  });

  test("a file that is too long", () => {
    expect(breaches([{ path: "src/cli/a.ts", text: `/** A file. */\n${"x;\n".repeat(300)}` }])).toEqual([
      expect.stringContaining("301 lines"),
    ]);
  });

  test("a file that does not say what it is for", () => {
    expect(breaches([{ path: "src/cli/a.ts", text: "" }])).toEqual([expect.stringContaining("what it is for")]);
  });

  test.each([
    ["src/view/tui/Panel.tsx", 'import { Box } from "ink"; import { words } from "../words.ts";'],
    [
      "src/domain/a.ts",
      '// Date and Math.random are words here\nconst text = "console.log, Date"; const url = "http://x";',
    ],
    ["src/journal/a.ts", 'import { kill } from "node:process"; import type { RunId } from "../domain/ids.ts";'],
    ["src/main.ts", "process.exitCode = 1;"],
    [
      "src/cli/a.ts",
      'const child = { process: 1 }; const company = "any"; const { default: yargs } = await import("yargs");',
    ],
  ])("nothing in %s: %s", (path, text) => {
    expect(breaches([{ path, text: `/** A file. */\n${text}` }])).toEqual([]);
  });

  test("every form of import", () => {
    const text = `import a from "a"; import "b"; import type { C } from 'c';\nimport {\n  d,\n} from "d";
      export * from "e"; await import("f"); const x: import("g").G = 1;`;
    expect(importsOf(text)).toEqual(["a", "b", "c", "d", "e", "f", "g"]);
  });
});
