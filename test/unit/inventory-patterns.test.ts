import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { globFits } from "../../src/inventory/glob.ts";
import { parseIni } from "../../src/inventory/ini-grammar.ts";
import { mergeStatements } from "../../src/inventory/merge.ts";
import type { Inventory } from "../../src/inventory/model.ts";
import { editDistance, nearest } from "../../src/inventory/nearest.ts";
import { selectHosts } from "../../src/inventory/patterns.ts";
import { splitPattern } from "../../src/inventory/split-pattern.ts";

const inventoryOf = (...lines: readonly string[]): Inventory => {
  const statements = parseIni(new TextEncoder().encode(lines.join("\n")), "f");
  const inventory = mergeStatements(statements.ok ? statements.value : []);
  if (!inventory.ok) throw new Error(JSON.stringify(inventory.error));
  return inventory.value;
};

const select = (inventory: Inventory, patterns: readonly string[], limits: readonly string[] = []) => {
  const selected = selectHosts(inventory, patterns, limits, () => ({ kind: "missing" }));
  return selected.ok ? selected.value.join(" ") : selected.error.map(({ code }) => code).join(" ");
};

const fleet = inventoryOf(
  ...["lone", "2001:db8::1", "[web]", "web2", "web1", "[db]", "db1", "db2"],
  ...["[dc1]", "web1", "db1", "[dc2]", "web2", "db2", "[prod:children]", "web", "db", "[empty]"],
);

describe("patterns select in the order of the inventory", () => {
  it.each<[readonly string[], string]>([
    [["all"], "lone 2001:db8::1 web2 web1 db1 db2"],
    [["*"], "lone 2001:db8::1 web2 web1 db1 db2"],
    [["ungrouped"], "lone 2001:db8::1"],
    [["db2", "web1"], "web1 db2"],
    [["web"], "web2 web1"],
    [["prod"], "web2 web1 db1 db2"],
    [["web:db1"], "web2 web1 db1"],
    [["web,db1"], "web2 web1 db1"],
    [["web, db1"], "web2 web1 db1"],
    [["prod:&dc1"], "web1 db1"],
    [["prod:&dc1:!web"], "db1"],
    [["!web:&dc1:prod"], "db1"],
    [["prod,!web1,!db1"], "web2 db2"],
    [["all:!empty"], "lone 2001:db8::1 web2 web1 db1 db2"],
    [["*1"], "2001:db8::1 web1 db1"],
    [["web?"], "web2 web1"],
    [["d?1"], "web1 db1"],
    [["a*", "web1"], "E_PATTERN"],
    [["2001:db8::1"], "2001:db8::1"],
    [["all,!2001:db8::1,!prod"], "lone"],
    [["web1:web1"], "web1"],
    [["web[1-2]"], "web2 web1"],
    [["web[1,2]:!web2,db[1-1]"], "web1 db1"],
    [["w*[1-2]"], "web2 web1"],
    [["dc[1-2]:&web"], "web2 web1"],
    [["2001:db8::[1]"], "2001:db8::1"],
    [["~web"], "web2 web1"],
    [["~(web|db)1"], "web1 db1"],
    [["~(?:web|db)1,lone"], "lone web1 db1"],
    [["~db{1,1}\\d:!~db2"], "db1"],
    [["~[d:w].*:&dc1"], "web1 db1"],
    [["~(?i)WEB1"], "web1"],
    [["~.*1$"], "2001:db8::1 web1 db1"],
    [["~al"], "E_PATTERN"],
    [["~dc1:web2"], "web2 web1 db1"],
    [["all:!~empt.*"], "lone 2001:db8::1 web2 web1 db1 db2"],
  ])("%j", (patterns, hosts) => {
    expect(select(fleet, patterns)).toBe(hosts);
  });

  it.each<[readonly string[], string]>([
    [["web"], "web2 web1"],
    [["web", "dc1"], "web1"],
    [["!web1"], "web2 db1 db2"],
    [["dc1:!web"], "db1"],
  ])("of prod within --limit %j", (limits, hosts) => {
    expect(select(fleet, ["prod"], limits)).toBe(hosts);
  });
});

describe("a pattern is parted", () => {
  it.each<[string, readonly string[]]>([
    ["a:b,c", ["a", "b", "c"]],
    [" a , &b:!c ", ["a", "&b", "!c"]],
    ["cn[01-05,09],db[1:2]", ["cn[01-05,09]", "db[1:2]"]],
    ["~a{1,2}:b", ["~a{1,2}", "b"]],
    ["!~(?:a|b),&~[:,]\\:x", ["!~(?:a|b)", "&~[:,]\\:x"]],
    ["~[(]a:b", ["~[(]a", "b"]],
    ["@list:!@skip", ["@list", "!@skip"]],
    ["2001:db8::[1-3],!2001:db8::2", ["2001:db8::[1-3]", "!2001:db8::2"]],
    ["::ffff:10.0.0.[1,3]:x", ["ffff", "10.0.0.[1,3]", "x"]],
    ["a:,b,", ["a", "b"]],
    ["", []],
  ])("%j", (pattern, words) => {
    expect(splitPattern(pattern)).toEqual(words);
  });
});

describe("a regular expression that would take for ever", () => {
  it("is stopped", () => {
    const inventory = inventoryOf(`${"a".repeat(60)}-b`);
    const selected = selectHosts(inventory, ["~(a+)+$"], [], () => ({ kind: "missing" }));
    expect(!selected.ok && selected.error).toMatchObject([
      { code: "E_PATTERN", what: expect.stringContaining("more than 1 s") },
    ]);
  });
});

describe("the algebra of patterns", () => {
  const names = ["n1", "n2", "n3", "n4", "n5", "n6"];
  const members = fc.subarray(names, { minLength: 1 });

  it("is that of sets", () => {
    fc.assert(
      fc.property(members, members, members, (a, b, c) => {
        const lines = [...names, "[a]", ...a, "[b]", ...b, "[c]", ...c];
        const inventory = inventoryOf(...lines);
        const want = (keep: (name: string) => boolean) => names.filter(keep).join(" ") || "E_PATTERN";
        const isIn = (group: readonly string[]) => (name: string) => group.includes(name);
        expect(select(inventory, ["a:b"])).toBe(want((n) => isIn(a)(n) || isIn(b)(n)));
        expect(select(inventory, ["a:&b"])).toBe(want((n) => isIn(a)(n) && isIn(b)(n)));
        expect(select(inventory, ["a:!b"])).toBe(want((n) => isIn(a)(n) && !isIn(b)(n)));
        expect(select(inventory, ["a:&b:!c"])).toBe(want((n) => isIn(a)(n) && isIn(b)(n) && !isIn(c)(n)));
        expect(select(inventory, ["!c:&b:a"])).toBe(select(inventory, ["a:&b:!c"]));
        expect(select(inventory, ["a:!c", "b"])).toBe(want((n) => (isIn(a)(n) && !isIn(c)(n)) || isIn(b)(n)));
        expect(select(inventory, ["a"], ["b", "!c"])).toBe(select(inventory, ["a:&b:!c"]));
      }),
    );
  });
});

describe("a glob", () => {
  it("fits what the same regular expression fits", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[ab*?]{0,8}$/), fc.stringMatching(/^[ab]{0,8}$/), (glob, name) => {
        const expression = new RegExp(`^${glob.replaceAll("*", ".*").replaceAll("?", ".")}$`);
        expect(globFits(glob, name)).toBe(expression.test(name));
      }),
      { numRuns: 2000 },
    );
  });

  it("of many stars is decided at once", () => {
    expect(globFits(`${"*a".repeat(100)}b`, "a".repeat(250))).toBe(false);
  });
});

describe("suggestions", () => {
  it("are the nearest first, and none for a name like no other", () => {
    expect(nearest("cache_qouta", ["cache_dir", "cache_quota", "cleaner"])[0]).toBe("cache_quota");
    expect(nearest("wbe1", ["web", "web1"])).toEqual(["web1", "web"]);
    expect(nearest("WEB1", ["web1"])).toEqual(["web1"]);
    expect(nearest("b", ["a", "c"])).toEqual([]);
    expect(nearest("zzzzzz", ["web1", "db1"])).toEqual([]);
  });

  it("measure by edits", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, a)).toBe(0);
        expect(editDistance(a, `${a}${b}`)).toBe(b.length);
      }),
    );
  });
});
