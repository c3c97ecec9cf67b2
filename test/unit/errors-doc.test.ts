import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
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

describe("the codes of the source", () => {
  const src = new URL("../../src/", import.meta.url);
  // These two list every code; what counts is who says it.
  const lists = /^(domain\/outcome|view\/failure-words)\.ts$/;
  const said = new Set(
    readdirSync(src, { recursive: true, encoding: "utf8" })
      .filter((name) => /\.\w+$/.test(name) && !lists.test(name))
      .map((name) => readFileSync(new URL(name, src), "utf8").replaceAll(/\/\*[\s\S]*?\*\/|^\s*(?:\/\/|#).*$/gm, ""))
      .flatMap((code) => code.match(/(?<![A-Z_])E_[A-Z]+(?:_[A-Z]+)*(?![A-Z_])/g) ?? []),
  );

  test("each stands on the page", () => {
    expect([...said].filter((code) => !entries.some(({ heading }) => heading === code))).toEqual([]);
  });

  test("each that the page has is said somewhere", () => {
    expect(entries.map(({ heading }) => heading).filter((code) => !said.has(code))).toEqual([]);
  });
});
