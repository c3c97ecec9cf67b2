/** What the look of a purge says becomes facts; what it does not say is unseen; what makes no sense is no answer. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readFacts } from "../../src/remote/facts-reply.ts";
import { ReplyReader } from "../../src/remote/reply.ts";
import { ReplyStore } from "../../src/remote/reply-store.ts";

const OLD = "/var/lib/nova/images";
const juno = readFileSync(new URL("../cases/replies/juno.txt", import.meta.url), "utf8")
  .trimEnd()
  .split("\n");

const read = (...lines: readonly string[]) => {
  const reply = new ReplyStore();
  const reader = new ReplyReader("n1", (line) => reply.accept(line));
  const at = juno.indexOf("@n1 facts");
  reader.push(
    Buffer.from(`${[...juno.slice(0, at), ...lines.map((line) => `@n1 ${line}`), ...juno.slice(at)].join("\n")}\n`),
  );
  reader.finish();
  return readFacts(reply, 1, "/etc/nova/nova.conf");
};

const numbers = ["3", "300", "1", "0", "0", "0", "2", "2015-09-01T00:00:00", "2015-09-02T00:00:00", "100", "50", "150"];
const placeRow = (fields: readonly string[] = numbers): string =>
  ["row purge.places /var/lib/nova/images", OLD, "77", "nova", "rpool/ROOT/solaris/var", ...fields].join("\t");

const whole = [
  "fact purge.now 2016-01-01T00:00:00",
  "fact purge.inforce /export/nova/images",
  "list purge.kept",
  "row purge.kept state_path\t/var/lib/nova",
  "unseen purge.kept:instances_path failed nova.conf does not say",
  ...["links", "places", "foreign", "open", "busy", "holders", "mounts", "eviction", "clones"].map(
    (list) => `list purge.${list}`,
  ),
  "list purge.odd",
  "row purge.odd /a b/c",
  placeRow(),
  `row purge.links ${OLD}\t/var\troot`,
  `row purge.foreign ${OLD}\tdirectory\t0\ta name\twith a TAB`,
  `row purge.open ${OLD}\tx`,
  `row purge.busy ${OLD}\ty`,
  `row purge.holders ${OLD}\trpool/ROOT/solaris/var@s\t150`,
  `row purge.mounts ${OLD}/z`,
  "row purge.clones rpool/ROOT/solaris/var@s\trpool/ROOT/solaris-1/var",
  "unseen purge.place:/data/b denied",
];

describe("the look of a purge", () => {
  test("without it there is none", () => {
    const facts = read();
    expect(facts.ok && facts.value.purge).toBe(undefined);
  });

  test("becomes facts", () => {
    const facts = read(...whole);
    expect(facts.ok && facts.value.purge).toEqual({
      inForce: { seen: true, value: "/export/nova/images" },
      kept: {
        state_path: { seen: true, value: "/var/lib/nova" },
        instances_path: { seen: false, why: "failed", detail: "nova.conf does not say" },
      },
      mounts: { seen: true, value: [`${OLD}/z`] },
      places: {
        [OLD]: {
          seen: true,
          value: {
            real: OLD,
            inode: "77",
            owner: "nova",
            dataset: "rpool/ROOT/solaris/var",
            links: [{ path: "/var", owner: "root" }],
            images: { count: 3, bytes: 300 },
            markers: { count: 1, bytes: 0 },
            included: { count: 0, bytes: 0 },
            foreign: { count: 2, first: [{ kind: "directory", bytes: 0, name: "a name\twith a TAB" }] },
            oldest: 1441065600,
            newest: 1441152000,
            open: { seen: true, value: ["x"] },
            busy: ["y"],
            space: {
              freeBytes: 100,
              maybeBytes: 50,
              heldBytes: 150,
              holders: [{ snapshot: "rpool/ROOT/solaris/var@s", bytes: 150 }],
            },
          },
        },
        "/data/b": { seen: false, why: "denied" },
      },
      odd: ["/a b/c"],
      clones: { seen: true, value: { "rpool/ROOT/solaris/var@s": ["rpool/ROOT/solaris-1/var"] } },
      now: { seen: true, value: 1451606400 },
      spaces: { seen: false, why: "failed", detail: "the probe did not say" },
    });
  });

  test("what was not said is unseen, never absent", () => {
    const facts = read("fact purge.now 2016-01-01T00:00:00");
    expect(facts.ok && facts.value.purge).toMatchObject({
      inForce: { seen: false, why: "failed" },
      mounts: { seen: false, why: "failed" },
      clones: { seen: false, why: "failed" },
      places: {},
    });
  });

  test("a fuser that sees nothing leaves it open what is open", () => {
    const facts = read(
      ...whole.filter((line) => !line.startsWith("row purge.open")),
      `unseen purge.open:${OLD} failed blind`,
    );
    expect(facts.ok && facts.value.purge?.places[OLD]).toMatchObject({
      value: { open: { seen: false, why: "failed", detail: "blind" } },
    });
  });

  const summary =
    "nova-cache-cleanup 1.0: would evict 2 images, 200 bytes, free 1 of 2, leftovers 1 of 10 bytes, kept 5, young 0, open 0, downloading 0, failed 0: still 5 bytes short: nothing else";

  test("the cleaner's last line says what it would take, the ones before are notes", () => {
    const facts = read(
      ...whole,
      "row purge.eviction nova-cache-cleanup: note: the pool has 5 bytes left",
      `row purge.eviction ${summary}`,
    );
    expect(facts.ok && facts.value.purge?.eviction).toMatchObject({
      value: {
        images: 2,
        bytes: 200,
        leftovers: 1,
        leftoverBytes: 10,
        words: "still 5 bytes short: nothing else",
        notes: ["the pool has 5 bytes left"],
        space: { freeBytes: 100 },
      },
    });
  });

  test.each([
    ["a place with too few columns", placeRow(numbers.slice(0, 3))],
    ["a count that is none", placeRow(["three", ...numbers.slice(1)])],
    ["a time that is none", placeRow(numbers.with(7, "yesterday"))],
    ["a holder without bytes", `row purge.holders ${OLD}\ts\tmany`],
    ["a cleaner that ended with other words", "row purge.eviction nova-cache-cleanup 1.0: tired"],
  ])("%s is no answer", (_, line) => {
    expect(
      read(...whole.filter((one) => one !== placeRow()), ...(line.includes("purge.places") ? [] : [placeRow()]), line)
        .ok,
    ).toBe(false);
  });
});
