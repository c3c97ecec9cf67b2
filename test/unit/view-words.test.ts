import { expect, test } from "vitest";
import { failureCodes, outcomes } from "../../src/domain/outcome.ts";
import { size } from "../../src/domain/size.ts";
import { failureWords } from "../../src/view/failure-words.ts";
import { duration } from "../../src/view/quantities.ts";
import { changeWords, ordinal, outcomeWords, worstFirst } from "../../src/view/words.ts";
import { confChange } from "../support/fleet-events.ts";

test.each([
  [0, "0 s"],
  [-5, "0 s"],
  [41_999, "41 s"],
  [60_000, "1 m 00 s"],
  [125_000, "2 m 05 s"],
  [11_220_000, "3 h 07 m"],
  [Number.NaN, "?"],
])("%d ms is %s", (ms, text) => {
  expect(duration(ms)).toBe(text);
});

test.each([
  [0, "0.0 GiB"],
  [700, "700 B"],
  [5 * 1024 ** 2, "5.0 MiB"],
  [15 * 1024 ** 3, "15.0 GiB"],
  [9.24 * 1024 ** 3, "9.2 GiB"],
])("%d bytes are %s", (bytes, text) => {
  expect(size(bytes)).toBe(text);
});

test.each([
  [1, "1st"],
  [2, "2nd"],
  [3, "3rd"],
  [5, "5th"],
  [11, "11th"],
  [12, "12th"],
  [21, "21st"],
  [112, "112th"],
])("%d is the %s", (count, text) => {
  expect(ordinal(count)).toBe(text);
});

test("every outcome has a word and a place", () => {
  expect(Object.keys(outcomeWords).sort()).toEqual([...outcomes].sort());
  expect([...worstFirst].sort()).toEqual([...outcomes].sort());
});

test("every failure code has a sentence and something to try", () => {
  expect(Object.keys(failureWords)).toEqual([...failureCodes]);
  for (const { what, try: advice } of Object.values(failureWords)) expect(`${what} ${advice}`).not.toMatch(/^\s|\.$/);
});

test.each([
  [
    "the commented default",
    "# glancecache_dirname = $state_path/images",
    "  - # glancecache_dirname = $state_path/images",
  ],
  ["an active line", "glancecache_dirname=/var/lib/nova/images", "  - glancecache_dirname=/var/lib/nova/images"],
  ["a line that is not ours", "transport_url = rabbit://nova:secret@mq", "  - (a line of another option, not shown)"],
  [
    "our option inside another's value",
    "x = glancecache_dirname = secret",
    "  - (a line of another option, not shown)",
  ],
])("the diff of nova.conf: %s", (_, oldLine, shown) => {
  const lines = changeWords(confChange(812, oldLine), true);
  expect(lines.slice(1)).toEqual([shown, "  + glancecache_dirname = /export/nova/images"]);
});
