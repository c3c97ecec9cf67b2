import fc from "fast-check";
import { expect, test } from "vitest";
import { foldHosts } from "../../src/domain/host-set.ts";
import { names } from "../support/fleet-events.ts";
import { expectLinear } from "../support/linear.ts";

const cases: readonly [string, readonly string[], string][] = [
  ["none", [], ""],
  ["one", ["cn001"], "cn001"],
  ["a range", names(112), "cn[001-112]"],
  ["gaps", ["cn014", "cn015", "cn016", "cn040"], "cn[014-016,040]"],
  ["any order, duplicates", ["cn3", "cn1", "cn2", "cn1"], "cn[1-3]"],
  ["no padding", ["cn9", "cn10", "cn11"], "cn[9-11]"],
  ["padded and not", ["cn9", "cn009", "cn010", "cn10"], "cn[009-010],cn[9-10]"],
  ["domains", ["cn1.dc1.example.net", "cn2.dc1.example.net"], "cn[1-2].dc1.example.net"],
  ["racks", ["r1-cn1", "r1-cn2", "r2-cn1"], "r1-cn[1-2],r2-cn1"],
  ["after the number", ["cn1-adm", "cn2-adm", "cn2"], "cn2,cn[1-2]-adm"],
  ["addresses", ["10.0.0.5", "10.0.0.6", "10.0.1.5"], "10.0.0.[5-6],10.0.1.5"],
  ["words", ["web", "db"], "db,web"],
  [
    "a number no double can hold",
    ["cn12345678901234567", "cn12345678901234568"],
    "cn12345678901234567,cn12345678901234568",
  ],
];

test.each(cases)("folds %s", (_, hosts, text) => {
  expect(foldHosts(hosts)).toBe(text);
});

test("what does not fit is counted, and the whole is never wider than asked", () => {
  const odd = Array.from({ length: 1000 }, (_, at) => `cn${2 * at + 1}`);
  const text = foldHosts(odd, 60);
  expect(text.length).toBeLessThanOrEqual(60);
  const shown = (text.match(/\d+(?=[,\]])/g) ?? []).length;
  expect(text).toMatch(new RegExp(`\\+${1000 - shown} more$`));
});

test("a folded set names exactly the hosts it was made from", () => {
  const name = fc.tuple(
    fc.constantFrom("cn", "db-", "x.", "r1-"),
    fc.nat(130),
    fc.constantFrom("", ".net", "-b"),
    fc.boolean(),
  );
  const host = name.map(
    ([head, number, tail, padded]) => `${head}${padded ? String(number).padStart(3, "0") : number}${tail}`,
  );
  fc.assert(
    fc.property(fc.uniqueArray(host, { maxLength: 80 }), (hosts) => {
      expect(expand(foldHosts(hosts, 100_000)).sort()).toEqual([...hosts].sort());
    }),
  );
});

/** What a reader of node sets makes of the text. */
const expand = (text: string): string[] =>
  (text.match(/[^,[]+(?:\[[^\]]*\][^,]*)?/g) ?? []).flatMap((term) => {
    const [, head = "", ranges = "", tail = ""] = /^(.*?)\[(.*)\](.*)$/.exec(term) ?? [];
    if (ranges === "") return [term];
    return ranges.split(",").flatMap((range) => {
      const [from = "", to = from] = range.split("-");
      const count = Number(to) - Number(from) + 1;
      return Array.from({ length: count }, (_, at) => {
        const number = String(Number(from) + at);
        return head + (from.startsWith("0") ? number.padStart(from.length, "0") : number) + tail;
      });
    });
  });

test("names that do not fold cost no more than their number", () => {
  expectLinear(12_500, (count) => {
    const irregular = Array.from({ length: count }, (_, at) => `h${((at * 2654435761) >>> 0).toString(36)}x${at}y`);
    return () => expect(foldHosts(irregular, 200)).toMatch(/ \+\d+ more$/);
  });
}, 60_000);
