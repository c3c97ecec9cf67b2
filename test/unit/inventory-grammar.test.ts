import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readFile } from "../../src/inventory/files.ts";
import { groupLevels, membersOf } from "../../src/inventory/group-tree.ts";
import { parseIni } from "../../src/inventory/ini-grammar.ts";
import { mergeStatements } from "../../src/inventory/merge.ts";
import { literal } from "../../src/inventory/python-literal.ts";
import { expandRanges } from "../../src/inventory/ranges.ts";
import { shellWords } from "../../src/inventory/shell-words.ts";
import { readInventories } from "../../src/inventory/sources.ts";

const folder = new URL("../cases/inventory/ansible/", import.meta.url);
const recorded = readdirSync(folder).filter((name) => !name.endsWith(".json"));

/**
 * The JSON files hold what `ansible-inventory --list` of ansible-core 2.14.18 says about the inventory beside them: its
 * scalars as texts, and all members of each group. Groups it leaves out because they are empty are not compared.
 */
describe("an inventory means what it means to Ansible", () => {
  it.each(recorded)("%s", async (name) => {
    const wanted = JSON.parse(readFileSync(new URL(name.replace(/\.\w+$|$/, ".json"), folder), "utf8"));
    const inventory = await readInventories([fileURLToPath(new URL(name, folder))], readFile);
    if (!inventory.ok) throw new Error(JSON.stringify(inventory.error));
    const { hosts, groups } = inventory.value;
    const levels = groupLevels(groups);
    const variables = [...hosts.values()].map((host) => {
      const above = levels(host);
      const all = [...above.map((group) => group.variables), ...above.map((group) => group.folderVariables)];
      const texts = [...all, host.variables].flatMap((level) => [...level.values()]);
      return [host.name, Object.fromEntries(texts.map(({ name, value }) => [name, value]))];
    });
    // Lists and maps are no texts: nobody reads them here.
    const ours = Object.fromEntries(variables);
    for (const values of Object.values<Record<string, string>>(ours)) {
      delete values["list"];
      delete values["map"];
    }
    expect(ours).toEqual(wanted.hosts);
    for (const [group, members] of Object.entries(wanted.groups)) {
      const found = group === "all" ? hosts.keys() : membersOf(group, groups);
      expect([...found].sort(), group).toEqual(members);
    }
  });
});

describe("a host line is split as Python's shlex splits it", () => {
  it.each<[string, readonly string[]]>([
    ["a=b#c d", ["a=b"]],
    ["a 'b c'=\"x y\" # t", ["a", "b c=x y"]],
    ["a\\ b c", ["a b", "c"]],
    ['x="a\\"b\\$"', ['x=a"b\\$']],
    ["cn01 # x", ["cn01"]],
    ["a=''", ["a="]],
    ["'' b", ["", "b"]],
    ["a=\"b\"'c'd", ["a=bcd"]],
    ["#x", []],
    ['a=1 "#b" c', ["a=1", "#b", "c"]],
    ["a\u00a0b", ["a\u00a0b"]],
    ["  a \t b  ", ["a", "b"]],
  ])("%j", (line, words) => {
    expect(shellWords(line)).toEqual({ ok: true, value: words });
  });

  it.each(["'", 'a="b', "a\\", '"\\"'])("%j is refused", (line) => {
    expect(shellWords(line).ok).toBe(false);
  });

  it("quoting any text gives it back", () => {
    // Whatever means something to a shell, white space of all kinds, and characters of one to four bytes.
    const nasty = [..."ab'\"\\ \t\n\r\v\u0000#$`!*?~=;&|<>(){}[]\u00a0\u2028é☃😀"];
    fc.assert(
      fc.property(fc.array(fc.string({ unit: fc.constantFrom(...nasty) }), { maxLength: 5 }), (words) => {
        const line = words.map((word) => `'${word.replaceAll("'", `'"'"'`)}'`).join(" ");
        expect(shellWords(line)).toEqual({ ok: true, value: words });
      }),
    );
  });
});

describe("a value is what Python's literal_eval makes of it, kept as text", () => {
  it.each([
    ["8080 # all", "8080"],
    ["True # yes", "True"],
    ["15G # why", "15G # why"],
    ["'x'", "x"],
    ['"a b" # c', "a b"],
    ["'a", "'a"],
    ["0755", "0755"],
    ["", ""],
    ['"it\\"s"', 'it"s'],
  ])("%j is %j", (text, value) => {
    expect(literal(text)).toBe(value);
  });
});

describe("ranges", () => {
  it.each<[string, readonly string[]]>([
    ["cn[01:03]", ["cn01", "cn02", "cn03"]],
    ["cn[8:10]", ["cn8", "cn9", "cn10"]],
    ["cn[a:c]", ["cna", "cnb", "cnc"]],
    ["cn[Y:Z]x", ["cnYx", "cnZx"]],
    ["cn[01:20:7]", ["cn01", "cn08", "cn15"]],
    ["cn[:2]", ["cn0", "cn1", "cn2"]],
    ["r[1:2]n[a:b]", ["r1na", "r1nb", "r2na", "r2nb"]],
    ["plain", ["plain"]],
    ["one[5:5]", ["one5"]],
  ])("%s", (word, names) => {
    expect(expandRanges(word, 100)).toEqual({ ok: true, value: names });
  });

  const numbers = fc.record({
    head: fc.stringMatching(/^[a-z]{1,5}$/),
    tail: fc.stringMatching(/^[a-z.]{0,5}$/),
    first: fc.nat(500),
    count: fc.integer({ min: 1, max: 50 }),
    step: fc.integer({ min: 1, max: 9 }),
    width: fc.integer({ min: 4, max: 8 }),
  });

  it("stand for every name from the first to the last, each once, zeros kept", () => {
    fc.assert(
      fc.property(numbers, ({ head, tail, first, count, step, width }) => {
        const pad = (value: number) => String(value).padStart(width, "0");
        const last = first + (count - 1) * step;
        const names = Array.from({ length: count }, (_, n) => `${head}${pad(first + n * step)}${tail}`);
        expect(expandRanges(`${head}[${pad(first)}:${pad(last)}:${step}]${tail}`, count)).toEqual({
          ok: true,
          value: names,
        });
        if (count > 1) expect(expandRanges(`${head}[${pad(first)}:${pad(last)}:${step}]`, count - 1).ok).toBe(false);
      }),
    );
  });

  it("no text makes more names than asked for", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a[\]:0-9-]{0,40}$/), (word) => {
        const names = expandRanges(word, 50);
        expect(names.ok ? names.value.length : 0).toBeLessThanOrEqual(50);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("any bytes", () => {
  it("are read or refused with a place, never thrown at", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.string(), (bytes, text) => {
        for (const input of [bytes, new TextEncoder().encode(`[${text}]\n${text}\n[a:vars]\n${text}`)]) {
          const statements = parseIni(input, "f");
          if (!statements.ok)
            for (const { where, code } of statements.error) expect([where?.[0], code]).toEqual(["f", "E_INVENTORY"]);
        }
      }),
    );
  });
});

describe("a chain of groups as deep as the limit allows", () => {
  it("is walked without recursion", () => {
    const depth = 1900;
    const chain = Array.from({ length: depth }, (_, n) => `[g${n}:children]\ng${n + 1}`).join("\n");
    const statements = parseIni(new TextEncoder().encode(`${chain}\n[g${depth}]\nhost\n`), "f");
    const inventory = mergeStatements(statements.ok ? statements.value : []);
    expect(inventory.ok && [...membersOf("g0", inventory.value.groups)]).toEqual(["host"]);
    const closed = mergeStatements([
      ...(statements.ok ? statements.value : []),
      { kind: "child", group: `g${depth}`, child: "g0", where: "f:9" },
    ]);
    expect(!closed.ok && closed.error[0]?.what).toContain("contain each other");
  });
});
