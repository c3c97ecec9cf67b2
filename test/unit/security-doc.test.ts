/** The table of who may want what: every line says what is not possible, and names tests that are there. */
import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const page = readFileSync(new URL("../../docs/explanation/security.md", import.meta.url), "utf8");
const [, table = ""] = /## Who may want what\n(.*?)\n## /s.exec(page) ?? [];
const rows = table
  .split("\n")
  .filter((line) => line.startsWith("| "))
  .slice(2)
  .map((line) =>
    line
      .split("|")
      .map((cell) => cell.trim())
      .slice(1, -1),
  );

test("has the four whom a fleet's operator has to fear", () => {
  const who = rows.map(([name]) => name).filter((name) => name !== "");
  for (const one of ["a node in", "on the network", "an inventory", "another user on the controller"])
    expect(who.some((name) => name?.includes(one))).toBe(true);
});

test.each(rows.map((cells) => [cells[2] ?? "", cells] as const))("%s", (cannot, cells) => {
  expect([cells.length, cannot.length > 10]).toEqual([4, true]);
  const files = [...(cells[3] ?? "").matchAll(/`([^`]+)`/g)].map(([, file = ""]) => file);
  expect(files.length).toBeGreaterThan(0);
  for (const file of files) expect([file, existsSync(new URL(`../${file}`, import.meta.url))]).toEqual([file, true]);
});
