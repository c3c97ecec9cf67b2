/** Answers captured from simulated nodes, and what becomes of them when lines are lost, doubled or spoilt. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assess } from "../../src/domain/decide.ts";
import { confBytes, readFacts } from "../../src/remote/facts-reply.ts";
import { ReplyReader } from "../../src/remote/reply.ts";
import { ReplyStore } from "../../src/remote/reply-store.ts";
import { accepted, payload, settings } from "../support/facts.ts";

const captured = (name: string): string[] =>
  readFileSync(new URL(`../cases/replies/${name}.txt`, import.meta.url), "utf8")
    .trimEnd()
    .split("\n");

const store = (lines: readonly string[]): ReplyStore => {
  const reply = new ReplyStore();
  const reader = new ReplyReader("n1", (line) => reply.accept(line));
  reader.push(Buffer.from(`${lines.join("\n")}\n`));
  reader.finish();
  return reply;
};
const read = (lines: readonly string[]) => readFacts(store(lines), 1, "/etc/nova/nova.conf");
const juno = captured("juno");

describe("a node's answer", () => {
  it("of an untouched Juno node becomes these facts", () => {
    const facts = read(juno);
    expect(facts).toMatchObject({
      ok: true,
      value: {
        uid: 0,
        system: { kernel: "SunOS", version: "11.3", zone: "global" },
        nova: {
          value: {
            version: "0.2014.2.2",
            section: { value: "DEFAULT" },
            builtInDefault: { value: "$state_path/images" },
            cleanerPackage: { why: "absent" },
          },
        },
        service: {
          value: { state: "online", nextState: "none", contract: "97", startTimeoutS: 120, stopTimeoutS: 60 },
        },
        conf: {
          value: {
            owner: "nova",
            directoryOwner: "nova",
            directoryMode: "drwx------",
            mode: "-rw-r--r--",
            inForce: { value: "/var/lib/nova/images" },
          },
        },
        rootPool: { value: "rpool" },
        datasets: {
          "rpool/export": { value: { mountpoint: "/export", quotaBytes: 0 } },
          "rpool/export/nova": { seen: false, why: "absent" },
        },
        directories: {
          "/export/nova": { seen: false, why: "absent" },
          "/var/lib/nova/images": {
            value: {
              owner: "nova",
              dataset: { value: "rpool/ROOT/solaris/var" },
              images: { value: { count: 3, bytes: 2101346304, busy: [] } },
            },
          },
        },
        cleaner: { seen: false, why: "absent" },
        incompleteZones: { value: [] },
        bootEnvironments: {
          value: [
            { name: "solaris", active: true, onReboot: true },
            { name: "solaris-backup-1", active: false, onReboot: false },
          ],
        },
        lock: { seen: false, why: "absent" },
      },
    });
    // Nanoseconds of the file's time are kept: a restart in the same second is told apart.
    expect(facts.ok && facts.value.conf.seen && facts.value.conf.value.mtime % 1).toBeCloseTo(0.006, 3);
  });

  it("of a Mitaka node names its section", () => {
    expect(read(captured("mitaka"))).toMatchObject({
      ok: true,
      value: { nova: { value: { section: { value: "solariszones" } } } },
    });
  });

  it.each([
    ["NR;/;1;static;2", { active: true, onReboot: true, bootable: true, mountpoint: "/", policy: ["static"] }],
    [
      ";;1;static,noevict;2",
      { active: false, onReboot: false, bootable: true, mountpoint: "", policy: ["static", "noevict"] },
    ],
    ["-;-;1;;2", { active: false, onReboot: false, bootable: true, mountpoint: "", policy: [] }],
    ["!;;1;static;2", { active: false, bootable: false }],
    ["R!;;1;static;2", { onReboot: true, bootable: false }],
    ["X;;1;static;2", { active: false, bootable: false }],
  ])("reads a boot environment from %s", (fields, want) => {
    const lines = juno.map((line) =>
      line.startsWith("@n1 row be solaris-backup-1;") ? `@n1 row be other;some-uuid;${fields}` : line,
    );
    expect(read(lines)).toMatchObject({
      value: { bootEnvironments: { value: [{}, { name: "other", uuid: "some-uuid", bytes: 1, created: 2, ...want }] } },
    });
  });

  it("unescapes what svcprop escaped", () => {
    const lines = juno.map((line) =>
      line.includes("restarter/contract") ? "@n1 row svc.nova restarter/contract count a\\ \\;b" : line,
    );
    expect(read(lines)).toMatchObject({ ok: true, value: { service: { value: { contract: "a ;b" } } } });
  });

  it.each([
    ["without its last lines", juno.slice(0, -2)],
    ["without a begin", juno.slice(1)],
    ["empty", []],
    ["whose uid is no number", juno.map((line) => (line === "@n1 fact uid 0" ? "@n1 fact uid root" : line))],
    ["whose quota is no number", juno.map((line) => line.replace("\tquota\t0", "\tquota\tnone"))],
    ["whose ls is another system's", juno.map((line) => line.replace(/ 2026-\d\d-\d\d \S+ \+0000 /, " Nov 23 05:44 "))],
    ["whose service has no state", juno.filter((line) => !line.includes("restarter/state "))],
  ])("%s is no answer", (_, lines) => expect(read(lines).ok).toBe(false));

  it("never turns a line that is missing into an absence, and never lets a host be in sync for it", () => {
    for (const [at, line] of juno.entries()) {
      const facts = read(juno.filter((_, other) => other !== at));
      if (!facts.ok) continue;
      const { outcome } = assess(facts.value, settings(), payload, accepted);
      expect(outcome, line).not.toBe("in-sync");
      if (/unseen (lock|svc\.cleaner|path:\/export|dataset:rpool\/export\/nova)/.test(line)) {
        const { refusals } = assess(facts.value, settings(), payload, accepted);
        expect(
          refusals.map(({ code }) => code),
          line,
        ).toContain("E_BLIND");
      }
    }
  });

  it("never throws, whatever is spoilt", () => {
    const spoil = fc.record({
      at: fc.nat(juno.length - 1),
      text: fc.oneof(
        fc.string(),
        fc.constantFrom(
          "@n1 row ls x",
          "@n1 list be",
          "@n1 row be ;;;",
          "@n1 fact lock {",
          '@n1 row notes x\t{"run":1}',
          "@n1 row images a\tb",
        ),
      ),
    });
    fc.assert(
      fc.property(fc.array(spoil, { maxLength: 5 }), (spoils) => {
        const lines = [...juno];
        for (const { at, text } of spoils) lines[at] = text;
        expect(() => read(lines)).not.toThrow();
      }),
    );
  });

  it.each([
    [
      "rows without end",
      [...juno.slice(0, -2), ...Array.from({ length: 1001 }, (_, n) => `@n1 row zones z${n}`), ...juno.slice(-2)],
    ],
    [
      "a megabyte of words",
      [
        ...juno.slice(0, -2),
        ...Array.from({ length: 300 }, (_, n) => `@n1 fact k${n} ${"x".repeat(4000)}`),
        ...juno.slice(-2),
      ],
    ],
  ])("is not believed when it is %s", (_, lines) => {
    expect(read(lines)).toMatchObject({ ok: false, error: expect.stringContaining("more than any node") });
  });

  it("gives nova.conf back byte for byte when it was sent", () => {
    const lines = [
      ...juno.slice(0, -2),
      "@n1 list conf.bytes",
      "@n1 row conf.bytes 5b44454641554c545d0a",
      "@n1 row conf.bytes 00ff0a",
      ...juno.slice(-2),
    ];
    expect(Buffer.from(confBytes(store(lines)) ?? []).toString("latin1")).toBe("[DEFAULT]\n\u0000\u00ff\n");
    expect(confBytes(store(juno))).toBeUndefined();
  });
});
