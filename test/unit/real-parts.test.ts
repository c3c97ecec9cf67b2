import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { poolNames, simulatedNames, strictNames } from "../support/fleet/layers.ts";

const repository = new URL("../../", import.meta.url);
const text = (path: string): string => readFileSync(new URL(path, repository), "utf8");
const names = (dir: string): readonly string[] => readdirSync(new URL(dir, repository)).sort();
const page = text("docs/explanation/real-parts.md");

const simulated = new Set(simulatedNames);
const strict = new Set([...strictNames, ...poolNames]);

/** First cells of the table below a heading, without its header. */
const rowsOf = (heading: string): readonly (readonly string[])[] =>
  (page.split(`## ${heading}\n`)[1]?.split("\n## ")[0] ?? "")
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) =>
      line
        .split("|")
        .map((cell) => cell.trim().replaceAll("`", ""))
        .slice(1, -1),
    );

/** NAME=/absolute/path of a script's prelude. */
const preludeNames = (script: string): readonly string[] =>
  [...(script.split(/^# (?:end )?prelude$/m)[1] ?? "").matchAll(/^([A-Z]+)=\//gm)].map(([, name = ""]) => name);

test("every tool of the scripts and of the cleaner has a row, and no other", () => {
  const tools = text("src/remote/sh/tools.txt")
    .split("\n")
    .filter((line) => /^[A-Z]/.test(line))
    .map((line) => line.split("\t")[0] ?? "");
  const cleaner = preludeNames(text("src/remote/payload/nova-cache-cleanup"));
  expect(cleaner).toContain("FUSER");
  expect(rowsOf("Every tool of the scripts").map(([name]) => name)).toEqual(
    [...new Set([...tools, ...cleaner])].sort(),
  );
});

test("a tool is real, a shim or simulated, as the fleet has it", () => {
  const listed = text("src/remote/sh/tools.txt") + text("src/remote/payload/nova-cache-cleanup");
  const programs = new Map(
    [...listed.matchAll(/^([A-Z]+)[\t=]\/\S*\/(\S+)/gm)].map(([, tool = "", program = ""]) => [tool, program]),
  );
  const kindOf = (tool: string): string => {
    const name = programs.get(tool) ?? "";
    // id's shim stands at another path than the one the scripts call.
    if (tool !== "ID" && strict.has(name)) return "shim";
    return simulated.has(name) ? "simulated" : "real";
  };
  const rows = rowsOf("Every tool of the scripts");
  expect(rows.map(([tool, kind]) => [tool, kind])).toEqual(rows.map(([tool = ""]) => [tool, kindOf(tool)]));
});

test("every shim is there for a reason, and the suites named exist", () => {
  expect(rowsOf("The shims, and why each is there").map(([name]) => name)).toEqual(names("test/support/fleet/shims"));
  const suites = rowsOf("A node").map(([name]) => name);
  expect(suites).toContain("real-rollout.test.ts");
  expect(names("test/integration")).toEqual(expect.arrayContaining([...suites]));
});
