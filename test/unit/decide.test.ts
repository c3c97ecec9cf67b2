import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Change, Patch } from "../../src/domain/change.ts";
import { checkPlan } from "../../src/domain/check-plan.ts";
import { decide } from "../../src/domain/decide.ts";
import type { Facts } from "../../src/domain/facts.ts";
import type { HostPlan } from "../../src/domain/plan.ts";
import { carriedOut } from "../support/carried-out.ts";
import { absent, accepted, bases, merge, payload, seen, settings } from "../support/facts.ts";

interface Case {
  base: keyof typeof bases;
  facts?: unknown;
  settings?: object;
  accepted?: object;
  migrateS?: number;
  verdict: HostPlan["verdict"];
  kinds?: string[];
  drift?: string[];
  refusals?: string[];
  notes?: string[];
}

const folder = new URL("../cases/decide/", import.meta.url);
const cases = readdirSync(folder).map((file) => {
  const one: Case = JSON.parse(readFileSync(new URL(file, folder), "utf8"));
  return [file.replace(/\.json$/, "").replaceAll("-", " "), one] as const;
});

const patch = (to: string): Patch => ({
  offset: 0,
  length: 0,
  rangeDigest: "0",
  replacement: "",
  before: "1",
  after: "2",
  line: 1,
  newLine: `glancecache_dirname=${to}`,
});

const decideCase = (one: Case): HostPlan =>
  decide(merge(bases[one.base], one.facts ?? {}), {
    host: "cn01",
    settings: settings(one.settings),
    payload,
    accepted: { ...accepted, ...one.accepted },
    migrateS: one.migrateS ?? 0,
    soakS: 60,
    edit: ({ cacheDir }) => ({ ok: true, value: patch(cacheDir) }),
  });

describe("decide", () => {
  it.each(cases)("%s", (_, one) => {
    const plan = decideCase(one);
    expect(plan.verdict).toBe(one.verdict);
    if (plan.verdict === "change") {
      if (one.kinds) expect(plan.changes.map(({ kind }) => kind)).toEqual(one.kinds);
      if (one.notes) for (const note of one.notes) expect(plan.notes.join("\n")).toContain(note);
      const whole = {
        run: "r",
        hosts: [plan],
        waves: [["cn01"]],
        gate: { maxBad: 1, maxMissing: 0, parallel: 1, soakS: 60 },
      };
      expect(checkPlan(whole, 1200)).toEqual([]);
    }
    if (plan.verdict === "refuse") expect(plan.refusals.map(({ code }) => code)).toEqual(one.refusals);
    if (one.drift && (plan.verdict === "change" || plan.verdict === "refuse"))
      expect(plan.drift.map(({ aspect }) => aspect)).toEqual(one.drift);
  });

  // A node that went down in the middle of an install.
  const files = ["absent", "ours", "of another version"] as const;
  const left = files.flatMap((method) => files.map((manifest) => [method, manifest] as const));
  it.each(left)(
    "one rollout is enough where the cleaner's method is %s and its manifest %s, and no service",
    (...found) => {
      const [method, manifest] = found.map((file, at) => {
        if (file === "absent") return absent;
        return seen(file === "ours" ? (at === 0 ? payload.method : payload.manifest) : "0".repeat(64));
      });
      const cleanersOf = (plan: HostPlan): readonly Change[] =>
        plan.verdict === "change" ? plan.changes.filter(({ kind }) => kind.startsWith("cleaner.")) : [];
      for (const cleaner of ["present", "disabled"] as const)
        for (const base of ["juno", "junoDone"] as const) {
          const facts = { ...bases[base], cleaner: absent, cleanerFiles: { method, manifest } };
          const first = cleanersOf(decideCase({ base, facts, settings: { cleaner }, verdict: "change" }));
          expect(first[0]?.kind).toBe("cleaner.install");
          const after = carriedOut(facts as Facts, first, "20260301-140312-a1b2c3");
          expect(cleanersOf(decideCase({ base, facts: after, settings: { cleaner }, verdict: "change" }))).toEqual([]);
        }
    },
  );

  it("never plans an edit for a node that did not send its file", () => {
    const plan = decide(bases.juno, {
      host: "cn01",
      settings: settings(),
      payload,
      accepted,
      migrateS: 0,
      soakS: 60,
      edit: () => undefined,
    });
    expect(plan).toMatchObject({ verdict: "refuse", refusals: [{ code: "E_CONF_VALUE" }] });
  });

  it("gives the restart the methods' own timeouts, the soak and some slack, and never less than 240 s", () => {
    const slow = merge(bases.juno, { service: { value: { stopTimeoutS: 600 } } });
    const restart = (facts: typeof bases.juno): unknown => {
      const plan = decide(facts, {
        host: "h",
        settings: settings(),
        payload,
        accepted,
        migrateS: 0,
        soakS: 60,
        edit: ({ cacheDir }) => ({ ok: true, value: patch(cacheDir) }),
      });
      return plan.verdict === "change" ? plan.changes.find(({ kind }) => kind === "compute.restart") : undefined;
    };
    expect(restart(slow)).toMatchObject({ timeoutS: 120 + 600 + 60 + 60 });
    expect(restart(merge(bases.juno, { service: { value: { startTimeoutS: 0, stopTimeoutS: 0 } } }))).toMatchObject({
      timeoutS: 240,
    });
  });
});

describe("checkPlan, the second opinion", () => {
  const plan = decideCase({ base: "juno", verdict: "change" });
  const whole = {
    run: "r",
    hosts: [plan],
    waves: [["cn01"]],
    gate: { maxBad: 1, maxMissing: 0, parallel: 1, soakS: 60 },
  };
  const spoilt = (kind: string, spoil: object) => ({
    ...whole,
    hosts: [
      merge(plan, {
        changes:
          plan.verdict === "change" ? plan.changes.map((one) => (one.kind === kind ? { ...one, ...spoil } : one)) : [],
      }),
    ],
  });
  it.each([
    ["a host in no wave", { ...whole, waves: [] }, "in no wave"],
    ["a host in two waves", { ...whole, waves: [["cn01"], ["cn01"]] }, "two waves"],
    ["an empty wave", { ...whole, waves: [["cn01"], []] }, "empty"],
    ["a stranger in a wave", { ...whole, waves: [["cn01", "cn02"]] }, "without a change"],
    [
      "a quota on a boot environment",
      spoilt("dataset.create", { dataset: "rpool/ROOT/solaris" }),
      "no dataset a quota belongs on",
    ],
    ["a quota on a pool", spoilt("dataset.create", { dataset: "rpool" }), "no dataset"],
    ["no quota", spoilt("dataset.create", { quotaBytes: 0 }), "positive"],
    ["owning the root directory", spoilt("directory.own", { path: "/" }), "not a directory of ours"],
    ["owning /var", spoilt("directory.own", { path: "/var" }), "not a directory of ours"],
    ["a directory off the dataset", spoilt("conf.set", { to: "/var/lib/nova/images" }), "does not lie on"],
    ["an unsafe path", spoilt("conf.set", { to: "/export/nova/$(id)" }), "plain absolute path"],
    ["a restart longer than the host may take", spoilt("compute.restart", { timeoutS: 5000 }), "--host-timeout"],
    [
      "the wrong order",
      { ...whole, hosts: [merge(plan, { changes: plan.verdict === "change" ? [...plan.changes].reverse() : [] })] },
      "comes after",
    ],
  ])("objects to %s", (_, bad, words) => {
    expect(
      checkPlan(bad, 1200)
        .map(({ message }) => message)
        .join("\n"),
    ).toContain(words);
  });
});
