import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { safeJson, visibleSafe } from "../../src/domain/safe-text.ts";
import { isDangerous } from "../support/dangerous.ts";

const codes = (text: string): number[] => [...text].map((char) => char.codePointAt(0) ?? 0);
const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
);

describe("remote text", () => {
  test("shows nothing that acts on a terminal, and is never longer than asked", () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 0, max: 60 }), (text, maxChars) => {
        const safe = visibleSafe(text, maxChars);
        expect(codes(safe).filter(isDangerous)).toEqual([]);
        expect([...safe].length).toBeLessThanOrEqual(maxChars);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ["\u001b[31mred", "␛[31mred"],
    ["\u001b]0;title\u0007", "␛]0;title␇"],
    ["a\tb", "a b"],
    ["a\r\nb", "a␍␊b"],
    ["\u007f", "␡"],
    ["\u009b31m", "<U+009B>31m"],
    ["\u202egnp.exe", "<U+202E>gnp.exe"],
    ["zero\u200bwidth", "zero<U+200B>width"],
    ["one\u2028two\u2029three\u0085four", "one<LS>two<PS>three<NEL>four"],
    ["lone \ud800 surrogate", "lone � surrogate"],
    ["naïve 漢字 ok", "naïve 漢字 ok"],
    ["z\u0301\u0302\u0303\u0304\u0305", "z\u0301\u0302"],
  ])("%j becomes visible", (text, shown) => {
    expect(visibleSafe(text)).toBe(shown);
  });

  test("a cut text says so", () => {
    expect(visibleSafe("abcdef", 4)).toBe("abc…");
    expect(visibleSafe("abcd", 4)).toBe("abcd");
    expect(visibleSafe("a\u001b\u202eb", 6)).toBe("a␛…");
  });

  test("as JSON it is one safe line that parses to the very same value", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const line = safeJson({ [text]: text });
        expect(codes(line).filter(isDangerous)).toEqual([]);
        expect(JSON.parse(line)).toEqual({ [text]: text });
      }),
    );
  });
});
