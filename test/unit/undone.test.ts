/** What `rollback --run ID` reads in the journal of the run, and what it says of a run that cannot be undone. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Io } from "../../src/cli/io.ts";
import type { RollbackRequest } from "../../src/cli/request.ts";
import { readUndone, undoneHosts } from "../../src/cli/undone.ts";
import type { EventBody } from "../../src/domain/event.ts";
import type { Facts } from "../../src/domain/facts.ts";
import type { ResolvedHost } from "../../src/inventory/settle.ts";
import { describeHolder, takeLock } from "../../src/journal/lock.ts";
import { juno, junoDone, settings } from "../support/facts.ts";
import { changes, numbered, runStarted } from "../support/fleet-events.ts";
import { scratch } from "../support/novasweep.ts";

const dir = scratch("undone");
const io = { controller: hostname() } as Io;
const plan: EventBody = {
  type: "plan.made",
  plan: {
    run: "r",
    hosts: ["cn001", "cn002"].map((host) => ({
      ...{ verdict: "change", host, basis: 0, drift: [], changes: changes(), notes: [] },
    })),
    waves: [["cn001", "cn002"]],
    gate: { maxBad: 1, maxMissing: 0, parallel: 1, soakS: 60 },
  },
};
const facts = (host: string, seen: Facts): EventBody => ({ type: "host.facts", host, facts: seen });
const accepted: EventBody = { type: "plan.accepted", by: "--yes", changing: 2 };
const applying: EventBody = { type: "host.phase", host: "cn001", phase: "applying" };
const whole = [
  runStarted(["cn001", "cn002"]),
  facts("cn001", juno),
  plan,
  accepted,
  applying,
  facts("cn001", junoDone),
];

/** Writes the journal of a run. */
const journal = (run: string, bodies: readonly EventBody[]): void =>
  writeFileSync(
    join(dir, "runs", `${run}.ndjson`),
    numbered(bodies)
      .map((event) => `${JSON.stringify({ ...event, run })}\n`)
      .join(""),
  );
const RUNS = {
  whole: "20260301-140312-a1b2c3",
  check: "20260302-140312-a1b2c3",
  purge: "20260303-140312-a1b2c3",
  rollback: "20260304-140312-a1b2c3",
  declined: "20260305-140312-a1b2c3",
  idle: "20260306-140312-a1b2c3",
  driven: "20260307-140312-a1b2c3",
  status: "20260308-140312-a1b2c3",
};

const request = (undoes: string, more: Partial<RollbackRequest> = {}) =>
  ({ command: "rollback", undoes, stateDir: dir, everyHost: true, ...more }) as RollbackRequest;

beforeAll(async () => {
  mkdirSync(join(dir, "runs"));
  journal(RUNS.whole, whole);
  journal(RUNS.check, [runStarted(["cn001"], { check: true }), plan]);
  journal(RUNS.purge, [runStarted(["cn001"], { command: "purge" })]);
  journal(RUNS.rollback, [runStarted(["cn001"], { command: "rollback" })]);
  journal(RUNS.status, [runStarted(["cn001"], { command: "status" })]);
  journal(RUNS.declined, [runStarted(["cn001"]), plan]);
  journal(RUNS.idle, [runStarted(["cn001"]), plan, accepted]);
  journal(RUNS.driven, whole);
  const lock = await takeLock(dir, RUNS.driven, await describeHolder(process.pid, hostname(), "now"));
  expect(lock.ok).toBe(true);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe("the run to undo", () => {
  it("is found by the beginning of its id, with what the plan rests on, not what was seen later", async () => {
    const undone = await readUndone(request("20260301"), io);
    if (!undone.ok) throw new Error(undone.error.what);
    expect(undone.value.run).toBe(RUNS.whole);
    expect([...undone.value.hosts]).toEqual([["cn001", { run: RUNS.whole, changes: changes(), before: juno }]]);
  });

  it.each([
    ["2025", "E_USAGE", "no run's id starts with"],
    ["2026", "E_USAGE", "8 runs have an id"],
    [RUNS.check, "E_USAGE", "changed nothing"],
    [RUNS.purge, "E_USAGE", "was a purge"],
    [RUNS.rollback, "E_USAGE", "was a rollback itself"],
    [RUNS.status, "E_USAGE", "was no rollout"],
    [RUNS.declined, "E_USAGE", "changed nothing"],
    [RUNS.idle, "E_USAGE", "changed no host"],
    [RUNS.driven, "E_USAGE", `goes on: pid ${process.pid}`],
  ])("%s is refused with %s, %s", async (id, code, words) => {
    const undone = await readUndone(request(id), io);
    expect(undone).toMatchObject({ ok: false, error: { code, what: expect.stringContaining(words), where: "--run" } });
  });
});

describe("its hosts", () => {
  const resolved = (name: string) =>
    ({ host: { name, settings: settings({ novaConf: "/opt/nova.conf" }) } }) as ResolvedHost;
  const select = async (names: readonly string[], everyHost: boolean) => {
    const undone = await readUndone(request(RUNS.whole), io);
    if (!undone.ok) throw new Error(undone.error.what);
    return undoneHosts(names.map(resolved), undone.value, request(RUNS.whole, { everyHost }));
  };

  it("are those that it touched, with the places it acted on", async () => {
    const chosen = await select(["cn003", "cn001", "cn002"], true);
    expect(chosen).toMatchObject({
      ok: true,
      value: [{ host: { name: "cn001", settings: { novaConf: "/etc/nova/nova.conf" } } }],
    });
  });

  it("must not be missed in silence, unless some were named", async () => {
    const missed = await select(["cn002"], true);
    expect(missed).toMatchObject({ ok: false, error: { code: "E_PATTERN" } });
    const none = await select(["cn002"], false);
    expect(none).toMatchObject({ ok: false, error: { what: expect.stringContaining("none of the selected hosts") } });
    expect((await select(["cn001"], false)).ok).toBe(true);
  });
});
