import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { failureCodes } from "../../src/domain/outcome.ts";

const page = readFileSync(new URL("../../docs/errors.md", import.meta.url), "utf8");

/** Heading and text below it, of the third level. */
const entries = page
  .split(/^### /m)
  .slice(1)
  .map((part) => {
    const [heading = "", ...text] = part.split("\n");
    return { heading, text: text.join("\n").split(/^## /m)[0]?.trim() ?? "" };
  });

test("the list of errors has every code and no other, in the order of the source", () => {
  expect(entries.map(({ heading }) => heading)).toEqual([...failureCodes]);
});

test.each(entries)("$heading is explained in one paragraph", ({ text }) => {
  expect(text.length).toBeGreaterThan(40);
  expect(text.split(/\n\s*\n/)).toHaveLength(1);
});

test("the page names no code that does not exist", () => {
  const named = new Set(page.match(/\bE_[A-Z_]+\b/g));
  expect([...named].filter((code) => !failureCodes.some((known) => known === code))).toEqual([]);
});
