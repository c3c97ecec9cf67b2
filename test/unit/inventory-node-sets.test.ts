import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { foldHosts } from "../../src/domain/host-set.ts";
import { mergeStatements } from "../../src/inventory/merge.ts";
import { expandNodeSet } from "../../src/inventory/node-set.ts";
import { selectHosts } from "../../src/inventory/patterns.ts";

const recorded: Readonly<Record<string, readonly string[] | null>> = JSON.parse(
  readFileSync(new URL("../cases/inventory/nodeset/expanded.json", import.meta.url), "utf8"),
);

/** What `nodeset -e` of ClusterShell 1.9.1 says, names sorted; null: refused. */
describe("a node set means what it means to ClusterShell", () => {
  it.each(Object.entries(recorded))("%s", (word, names) => {
    const ours = expandNodeSet(word, 1_000);
    expect(ours.ok ? [...new Set(ours.value)].sort() : null).toEqual(names);
  });
});

describe("node sets", () => {
  it("keep the order written, several brackets multiply", () => {
    expect(expandNodeSet("r[2,1]n[01-02]", 4)).toEqual({ ok: true, value: ["r2n01", "r2n02", "r1n01", "r1n02"] });
    expect(expandNodeSet("r[1-2][3-4]", 4)).toEqual({ ok: true, value: ["r13", "r14", "r23", "r24"] });
  });

  it("no text makes more names than asked for", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a[\],0-9/-]{0,40}$/), (word) => {
        const names = expandNodeSet(word, 50);
        expect(names.ok ? names.value.length : 0).toBeLessThanOrEqual(50);
      }),
      { numRuns: 2000 },
    );
  });
});

const inventoryOf = (names: readonly string[]) => {
  const inventory = mergeStatements([{ kind: "hosts", group: "ungrouped", names, variables: [], where: "f:1" }]);
  if (!inventory.ok) throw new Error(JSON.stringify(inventory.error));
  return inventory.value;
};

describe("what a summary prints can be pasted as a pattern", () => {
  const label = fc.stringMatching(/^[a-z_][a-z-]{0,4}$/);
  const numbered = fc
    .tuple(label, fc.nat(120), fc.constantFrom(0, 2, 3), fc.constantFrom("", "x", ".example.com", "-ib.r2.org"))
    .map(([head, number, width, tail]) => `${head}${String(number).padStart(width, "0")}${tail}`);
  const address = fc.nat(300).map((number) => `2001:db8::${number.toString(16)}`);
  const mapped = fc.nat(255).map((number) => `::ffff:10.0.${number % 3}.${number}`);
  const v4 = fc.nat(255).map((number) => `10.0.0.${number}`);
  const name = fc.oneof({ weight: 6, arbitrary: numbered }, label, address, mapped, v4);

  it("and selects the same hosts", () => {
    fc.assert(
      fc.property(fc.uniqueArray(name, { minLength: 1, maxLength: 60 }), fc.nat(), (names, seed) => {
        const chosen = names.filter((_, index) => index === 0 || (seed >> (index % 20)) % 2 === 1);
        const pattern = foldHosts(chosen, 1e6);
        expect(
          selectHosts(inventoryOf(names), [pattern], [], () => ({ kind: "missing" })),
          pattern,
        ).toEqual({
          ok: true,
          value: names.filter((each) => chosen.includes(each)),
        });
      }),
      { numRuns: 500 },
    );
  });
});

describe("patterns over 10,000 hosts", () => {
  it("are decided in one walk over the names", () => {
    const names = Array.from({ length: 10_000 }, (_, n) => `cn${String(n + 1).padStart(5, "0")}`);
    const inventory = inventoryOf(names);
    const list = new TextEncoder().encode(names.join("\n"));
    const read = () => ({ kind: "bytes", bytes: list }) as const;
    const patterns = ["cn[00001-10000]:!cn[00001-09998]", "~cn.*:!~cn0.*", names.join(","), "@list:&cn*"];
    for (const [index, hosts] of [2, 1, 10_000, 10_000].entries()) {
      const selected = selectHosts(inventory, [patterns[index] ?? ""], [], read);
      expect(selected.ok && selected.value.length, patterns[index]?.slice(0, 40)).toBe(hosts);
    }
  });
});
