import fc from "fast-check";
import { expect, test } from "vitest";
import { LineCutter } from "../../src/engine/line-cutter.ts";

test("lines are the same however the bytes come", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "grapheme" })), fc.array(fc.nat(40)), (lines, cuts) => {
      const bytes = Buffer.from(lines.map((line) => line.replaceAll("\n", "|")).join("\n"));
      const cutter = new LineCutter();
      const seen: string[] = [];
      let at = 0;
      for (const length of [...cuts, bytes.length]) {
        seen.push(...cutter.push(bytes.subarray(at, at + length)));
        at += length;
      }
      seen.push(...cutter.end());
      const expected = bytes.toString().split("\n");
      if (expected.at(-1) === "") expected.pop();
      expect(seen).toEqual(expected);
    }),
  );
});

test("a line without an end is not waited for: it comes in pieces", () => {
  const cutter = new LineCutter();
  const pieces = cutter.push(Buffer.alloc(10_000, "x"));
  expect([...pieces, ...cutter.end()].map(({ length }) => length)).toEqual([4096, 4096, 1808]);
});
