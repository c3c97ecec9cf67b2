/** Which boot environments a purge destroys, and the law that it never breaks. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bootEnvironmentSpace,
  chooseBootEnvironments,
  KEEP_LEAST,
  type KeepOptions,
  mayDestroy,
} from "../../src/domain/boot-environments.ts";
import type { BootEnvironment } from "../../src/domain/facts.ts";
import { bootEnvironmentSpaces } from "../../src/remote/facts-boot-environments.ts";
import { parseLine } from "../../src/remote/reply.ts";
import { BadReply, Lookup } from "../../src/remote/reply-lookup.ts";
import { ReplyStore } from "../../src/remote/reply-store.ts";
import { bootEnvironment as be } from "../support/facts.ts";

const DAY = 86_400;
const NOW = 2000 * DAY;
const options = (patch: Partial<KeepOptions> = {}): KeepOptions => ({
  keep: 2,
  olderThanS: 30 * DAY,
  now: NOW,
  ...patch,
});
const current = be("now", { active: true, onReboot: true, mountpoint: "/", created: 1900 * DAY });
/** Inactive ones, `a` the oldest. */
const old = (count: number): readonly BootEnvironment[] =>
  ["a", "b", "c", "d"].slice(0, count).map((name, at) => be(name, { created: (1000 + at) * DAY }));

interface Case {
  readonly all: readonly BootEnvironment[];
  readonly options?: Partial<KeepOptions>;
  readonly destroy?: readonly string[];
  /** Of those that are named, why they stay. */
  readonly kept?: Readonly<Record<string, string>>;
  readonly refused?: string;
}

const [a, b, c] = old(3) as [BootEnvironment, BootEnvironment, BootEnvironment];
const STAYS = "one of the 2 bootable ones that stay";

const cases: Readonly<Record<string, Case>> = {
  "the oldest go, whatever the order of the list, until two remain": {
    all: [c, current, a, b],
    destroy: ["a", "b"],
    kept: { c: STAYS, now: "it runs, and will after a reboot" },
  },
  "as many stay as were asked for": { all: [current, a, b, c], options: { keep: 3 }, destroy: ["a"] },
  "one is never enough": {
    all: [current, a, b],
    options: { keep: 1 },
    destroy: ["a"],
    kept: { b: STAYS },
  },
  "none, less than none and no number are never enough": {
    all: [current, a],
    options: { keep: -5 },
    kept: { a: STAYS },
  },
  "what is no number lets none go": { all: [current, a, b, c], options: { keep: Number.NaN } },
  "two are as few as there may be": { all: [current, a], kept: { a: STAYS } },
  "of one age the name decides": {
    all: [current, { ...b, created: a.created }, a, c],
    options: { keep: 3 },
    destroy: ["a"],
  },
  "the young stay": {
    all: [current, a, b, { ...c, created: NOW - 30 * DAY }],
    destroy: ["a", "b"],
    kept: { c: "it is not old enough" },
  },
  "a second more is old": { all: [current, a, { ...b, created: NOW - 30 * DAY - 1 }, c], destroy: ["a", "c"] },
  "what the future made is young, also without an age": {
    all: [current, a, b, { ...c, created: NOW + 1 }],
    options: { olderThanS: -10 * DAY },
    destroy: ["a", "b"],
    kept: { c: "it was created in the future" },
  },
  "an age that is no number keeps all": { all: [current, a, b, c], options: { olderThanS: Number.NaN } },
  "a mounted one stays, and counts": {
    all: [current, { ...a, mountpoint: "/mnt" }, b, c],
    destroy: ["b", "c"],
    kept: { a: "it is mounted at /mnt" },
  },
  "one that cannot be booted stays, and does not count": {
    all: [current, { ...a, bootable: false }, b, c],
    destroy: ["b"],
    kept: { a: "it is not bootable", c: STAYS },
  },
  "noevict protects": {
    all: [current, { ...a, policy: ["static", "noevict"] }, b, c],
    destroy: ["b", "c"],
    kept: { a: "its policy protects it: noevict" },
  },
  "a word nobody knows protects": { all: [current, { ...a, policy: ["keepme"] }, b], destroy: ["b"] },
  "static, auto, volatile and no policy do not": {
    all: [current, { ...a, policy: ["auto", "volatile"] }, { ...b, policy: [] }, c],
    destroy: ["a", "b"],
  },
  "a name that means more than a name stays": {
    all: [current, { ...a, name: "-f" }, { ...b, name: "b@snap" }, { ...c, name: "c d" }],
    kept: { "-f": "its name is one novasweep will not put into a command" },
  },
  "while another is active on reboot nothing goes": {
    all: [{ ...current, onReboot: false }, { ...c, onReboot: true }, a, b],
    kept: { a: "nothing is destroyed", now: "it runs", c: "it is active on reboot" },
    refused: "E_PENDING_BOOT",
  },
  "none that runs": { all: [{ ...current, active: false }, a, b, c], refused: "E_BLIND" },
  "none for the next boot": { all: [{ ...current, onReboot: false }, a, b, c], refused: "E_BLIND" },
  "two that run": { all: [current, { ...a, active: true }, b, c], refused: "E_BLIND" },
  "two for the next boot": { all: [current, { ...a, onReboot: true }, b, c], refused: "E_BLIND" },
  "the one that runs cannot be booted": { all: [{ ...current, bootable: false }, a, b, c], refused: "E_BLIND" },
  "one listed twice": { all: [current, a, a, b, c], refused: "E_BLIND" },
  "no list": { all: [], refused: "E_BLIND" },
};

describe("the choice", () => {
  it.each(Object.entries(cases))("%s", (_, { all, options: given, destroy = [], kept = {}, refused }) => {
    const choice = chooseBootEnvironments(all, options(given));
    expect(choice.destroy.map(({ name }) => name)).toEqual(destroy);
    expect(choice.refusal?.code).toBe(refused);
    expect(Object.fromEntries(choice.kept.map(({ name, why }) => [name, why]))).toMatchObject(kept);
    expect([...choice.destroy, ...choice.kept].map(({ name }) => name).sort()).toEqual(
      all.map(({ name }) => name).sort(),
    );
  });
});

const flags = fc.constantFrom(
  {},
  {},
  {},
  { active: true },
  { onReboot: true },
  { active: true, onReboot: true },
  { bootable: false },
  { mountpoint: "/mnt" },
  { policy: ["noevict"] },
);
const anyOne = fc
  .tuple(fc.constantFrom(..."abcdefghijklmnop"), flags, fc.integer({ min: 0, max: 9 }))
  .map(([name, flag, created]) => be(name, { ...flag, created }));
const anyList = fc.oneof(
  fc.array(anyOne, { maxLength: 8 }),
  // As a node has it, but for what the first kind has by chance.
  fc
    .uniqueArray(anyOne, { selector: ({ name }) => name, maxLength: 10 })
    .map((list) => [current, ...list.map((one) => ({ ...one, active: false, onReboot: false }))]),
);
const anyOptions = fc.record({
  keep: fc.oneof(fc.integer({ min: -3, max: 7 }), fc.constantFrom(Number.NaN, 2.5)),
  olderThanS: fc.integer({ min: -2, max: 9 }),
  now: fc.integer({ min: 0, max: 12 }),
});

/** The law in words of its own: what must be true of a node at any moment after a destroy. */
const lawful = (left: readonly BootEnvironment[], keep: number): boolean => {
  const bootable = new Set(left.filter((one) => one.bootable).map(({ name }) => name));
  const active = left.filter((one) => one.active).map(({ name }) => name);
  const onReboot = left.filter((one) => one.onReboot).map(({ name }) => name);
  return (
    bootable.size >= 2 &&
    bootable.size >= keep &&
    active.length === 1 &&
    onReboot.length === 1 &&
    active[0] === onReboot[0] &&
    bootable.has(active[0] ?? "")
  );
};

describe("never leave yourself with just one", () => {
  it("holds after every destroy, whatever the node has and whatever was asked for", () => {
    let destroys = 0;
    fc.assert(
      fc.property(anyList, anyOptions, (all, asked) => {
        const { destroy, refusal } = chooseBootEnvironments(all, asked);
        let left = all;
        for (const one of destroy) {
          left = left.filter((other) => other !== one);
          destroys++;
          expect(lawful(left, asked.keep)).toBe(true);
          expect(one).toMatchObject({ active: false, onReboot: false, bootable: true, mountpoint: "" });
          expect(one.policy).not.toContain("noevict");
          expect(one.created).toBeLessThan(asked.now - asked.olderThanS);
        }
        expect(destroy.map(({ created }) => created)).toEqual(
          destroy.map(({ created }) => created).sort((x, y) => x - y),
        );
        if (refusal !== undefined) expect(destroy).toEqual([]);
      }),
      { numRuns: 2000 },
    );
    // Else nothing was shown.
    expect(destroys).toBeGreaterThan(500);
  });

  it("is what mayDestroy says, of any list and any name", () => {
    const names = fc.constantFrom(..."abcdefghijklmnop", "now");
    fc.assert(
      fc.property(anyList, names, fc.integer({ min: -3, max: 7 }), (all, name, keep) => {
        const one = all.find((each) => each.name === name);
        const once = all.every((each, at) => all.findIndex((other) => other.name === each.name) === at);
        const left = all.filter((each) => each.name !== name);
        const may = once && one !== undefined && lawful(left, keep);
        expect(mayDestroy(all, name, keep)).toBe(may && !(one?.active || one?.onReboot));
      }),
      { numRuns: 2000 },
    );
    expect(KEEP_LEAST).toBe(2);
  });
});

describe("what a destroy frees", () => {
  const space = (uniqueBytes: number, snapshotBytes: number, origins: Readonly<Record<string, number>>) => ({
    uniqueBytes,
    snapshotBytes,
    origins,
    originBytes: Object.values(origins).reduce((sum, bytes) => sum + bytes, 0),
  });
  it.each([
    ["nothing of nothing", [], { least: 0, most: 0 }],
    [
      "its own for certain, its snapshots and its origins' perhaps",
      [space(5, 70, { x: 900 })],
      { least: 5, most: 975 },
    ],
    [
      "of several with one origin that origin's once",
      [space(1, 0, { x: 900, y: 4000 }), space(2, 0, { x: 900 })],
      { least: 3, most: 4903 },
    ],
  ] as const)("%s", (_, spaces, range) => expect(bootEnvironmentSpace(spaces)).toEqual(range));
});

describe("what a node says of their space", () => {
  const whole = [
    "list be.space",
    "row be.space a\t5\t70",
    "row be.space b\t0\t1",
    "list be.origins",
    "row be.origins a\tp/ROOT/b\t900",
    "row be.origins a\tp/ROOT/b/var\t9000000000000",
  ];
  const read = (lines: readonly string[]) => {
    const store = new ReplyStore();
    for (const line of lines) store.accept(parseLine(`@n ${line}`, "@n "));
    return bootEnvironmentSpaces(new Lookup(store));
  };
  it("is by boot environment, each with its origins", () =>
    expect(read(whole)).toEqual({
      seen: true,
      value: {
        a: {
          uniqueBytes: 5,
          snapshotBytes: 70,
          origins: { "p/ROOT/b": 900, "p/ROOT/b/var": 9e12 },
          originBytes: 9e12 + 900,
        },
        b: { uniqueBytes: 0, snapshotBytes: 1, origins: {}, originBytes: 0 },
      },
    }));
  it.each([
    ["without its second list", whole.slice(0, 3)],
    ["without its first list", whole.slice(3)],
    ["that never came", []],
  ])("is not known from an answer %s", (_, lines) => expect(read(lines)).toMatchObject({ seen: false, why: "failed" }));
  it.each(["row be.space c\t-\t1", "row be.space c", "row be.origins a\tp/ROOT/x\tnone"])(
    "is no answer with %j",
    (line) => expect(() => read([...whole, line])).toThrow(BadReply),
  );
});
