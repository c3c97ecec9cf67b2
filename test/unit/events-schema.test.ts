import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { EventType, RunEvent } from "../../src/domain/event.ts";
import { mutationsOf, shapeOf } from "../support/event-mutations.ts";
import { eventsSchema } from "../support/event-schema/events.ts";
import { numbered, rollout, statusRun } from "../support/fleet-events.ts";
import { journal } from "../support/journals.ts";
import { objectionTo, publishedSchema } from "../support/valid-events.ts";

/** Every type there is: one that is missing or too many does not compile. */
const everyType: Readonly<Record<EventType, true>> = {
  "run.started": true,
  "run.resumed": true,
  "plan.made": true,
  "plan.accepted": true,
  "wave.opened": true,
  "gate.decided": true,
  "operator.acted": true,
  "run.settled": true,
  "host.phase": true,
  "host.facts": true,
  "lock.taken": true,
  "host.step": true,
  "host.line": true,
  "host.ran": true,
  "package.published": true,
  "host.removed": true,
  "host.purged": true,
  "host.settled": true,
  "host.retried": true,
};
const types = Object.keys(everyType);

const page = readFileSync(new URL("../../docs/reference/events.md", import.meta.url), "utf8");
const sections = page
  .split(/^### /m)
  .slice(1)
  .map((part) => {
    const type = /^`([a-z.]+)`\n/.exec(part)?.[1] ?? part;
    const lines = [...part.matchAll(/^```ndjson\n([\s\S]*?)^```/gm)].flatMap(([, block = ""]) =>
      block.trim().split("\n"),
    );
    return { type, words: part.replaceAll(/^```[\s\S]*?^```/gm, ""), examples: lines.map((line) => JSON.parse(line)) };
  });

const samples: readonly RunEvent[] = [
  ...sections.flatMap(({ examples }) => examples),
  ...["cut", "gate-closes", "hostile-text", "status"].flatMap(journal),
  ...numbered(rollout(40)),
  ...numbered(statusRun(60)),
];

describe("the schema of the events", () => {
  test("is what the types say; after a change: -u", async () => {
    await expect(`${JSON.stringify(eventsSchema(), null, 2)}\n`).toMatchFileSnapshot("../../docs/events.schema.json");
  });

  test("has every type of event, and no other", () => {
    const inSchema = publishedSchema.oneOf.map((each) => Object.values(each).join().replace("#/$defs/", ""));
    expect([...inSchema].sort()).toEqual([...types].sort());
  });

  test("accepts every event of the tests' journals and of made-up runs", () => {
    expect(samples.flatMap((event) => objectionTo(event) ?? [])).toEqual([]);
    expect(new Set(samples.map(({ type }) => type))).toEqual(new Set(types));
  });

  test.each(types)("refuses a damaged %s, whatever the damage", (type) => {
    const different = new Map(samples.filter((event) => event.type === type).map((event) => [shapeOf(event), event]));
    const mutations = [...different.values()].flatMap((event) => [...mutationsOf(event)]);
    expect(mutations.length).toBeGreaterThan(15);
    expect(mutations.filter(({ event }) => objectionTo(event) === undefined).map(({ what }) => what)).toEqual([]);
  });

  test("says what is wrong in words of the event's own type", () => {
    const [settled] = samples.filter(({ type }) => type === "host.settled");
    expect(objectionTo({ ...settled, outcome: "fine" })).toContain("event/outcome");
    expect(objectionTo({ ...settled, type: "host.exploded" })).toBe('"host.exploded" is no type of event');
    expect(objectionTo(7)).toBeDefined();
  });
});

describe("the page of the events", () => {
  test("has a section for every type", () => {
    expect(sections.map(({ type }) => type)).toEqual(types);
  });

  test.each(sections)("$type: its fields and examples", ({ type, words, examples }) => {
    const { properties } = publishedSchema.$defs[type] as { readonly properties: object };
    const own = Object.keys(properties).filter((name) => !["v", "run", "seq", "at", "type"].includes(name));
    expect(own.filter((name) => !words.includes(`\`${name}\``))).toEqual([]);
    expect(examples.length).toBeGreaterThan(0);
    expect(examples.map((example) => [example.type, objectionTo(example)])).toEqual(
      examples.map(() => [type, undefined]),
    );
  });
});
