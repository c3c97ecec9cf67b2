import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { count, faultsPage, type Report } from "../support/fault-page/page.ts";
import { sections } from "../support/fault-page/rows.ts";

const rows = sections.flatMap((section) => section.rows);
const page = readFileSync(new URL("../../docs/reference/faults.md", import.meta.url), "utf8");
const cells = page
  .split("\n")
  .filter((line) => line.startsWith("| "))
  .map((line) =>
    line
      .slice(1, -1)
      .split("|")
      .map((text) => text.trim()),
  )
  .filter(([fault]) => fault !== "Fault" && !/^-+$/.test(fault ?? ""));

describe("docs/reference/faults.md", () => {
  it("has the faults there are, and what becomes of each", () => {
    expect(cells.map(([fault, ends]) => [fault, ends])).toEqual(rows.map(({ fault, ends }) => [fault, ends]));
  });
  it.each(cells)("tried, and lost none: %s", (...[, , tries, lost]) => {
    expect([Number(tries) > 0, lost]).toEqual([true, "0"]);
  });
});

describe("the count of tries", () => {
  const report = (status: string): Report => ({
    startTime: 0,
    testResults: rows.flatMap(({ tests }) =>
      tests.map(([file]) => ({
        name: `/somewhere/test/${file}`,
        assertionResults: [{ fullName: "the line is reset at begin", status }],
      })),
    ),
  });
  const reset = rows.find(({ fault }) => fault.startsWith("TCP reset"));
  if (reset === undefined) throw new Error("no row of resets");

  it("has what ran and what was lost, not what was left out", () => {
    const files = rows.flatMap(({ tests }) => tests).filter(([file]) => file === "long/fault-markers.test.ts").length;
    expect(count(report("passed"), reset)).toEqual({ tries: files, lost: 0 });
    expect(count(report("failed"), reset)).toEqual({ tries: files, lost: files });
    expect(count(report("skipped"), reset)).toEqual({ tries: 0, lost: 0 });
  });
  it("does not write of what nobody tried", () => {
    expect(() => faultsPage(sections, report("skipped"))).toThrow(/^nobody tried: It is killed \(kill -9\)/);
  });
  it.each(rows.flatMap(({ tests }) => tests.map(([file]) => file)))("counts tests that are there: %s", (file) => {
    expect(existsSync(new URL(`../${file}`, import.meta.url))).toBe(true);
  });
});
