/** `package publish` against a transport that says what the test wants: how it ends, and what is recorded. */
import { describe, expect, test } from "vitest";
import type { EventBody, RunEvent } from "../../src/domain/event.ts";
import type { Become } from "../../src/domain/host.ts";
import { Emitter, JournalLost } from "../../src/engine/emitter.ts";
import { type PublishContext, publishPackage } from "../../src/engine/publish.ts";
import { cleanerPackage } from "../../src/remote/payload/package.ts";
import type { Chunk } from "../../src/transport/transport.ts";
import { sshHost } from "../support/ssh-host.ts";
import { validated } from "../support/valid-events.ts";

const packaged = cleanerPackage("site");
const run = "20260301-140312-a1b2c3";
const fmri = `${packaged.fmri},5.11:20260301T140315Z`;
const said = (...lines: readonly string[]): Chunk => ({
  kind: "stdout",
  bytes: Buffer.from(lines.map((line) => `@00aa ${line}\n`).join("")),
});
const exit = (status: number): Chunk => ({ kind: "exit", status });
const lost = (scriptSent?: true): Chunk => ({
  kind: "lost",
  failure: { code: "E_LOST", message: "gone" },
  layer: "script",
  ...(scriptSent === undefined ? {} : { scriptSent }),
});

const publishing = async (
  answer: readonly Chunk[],
  changed: Partial<PublishContext> & { readonly become?: Become; readonly brokenAfter?: number } = {},
) => {
  const { become = "none", brokenAfter = Number.POSITIVE_INFINITY, ...more } = changed;
  const events: RunEvent[] = [];
  const scripts: string[] = [];
  const journal = {
    accept: (event: RunEvent) => void events.push(event),
    barrier: () => (events.length > brokenAfter ? Promise.reject(new Error("full")) : Promise.resolve()),
  };
  const status = await publishPackage({
    run,
    patterns: ["build1"],
    host: sshHost("build1", 22, { name: "build1", become }),
    by: { user: "op", controller: "ctl", pid: 1 },
    version: "1",
    clock: () => 0,
    elapsed: () => 0,
    nonce: () => "00aa",
    transport: {
      run: async function* (_host, script) {
        scripts.push(script);
        yield* answer;
      },
      close: () => Promise.resolve(),
    },
    emitter: new Emitter(run, () => 0, journal, []),
    check: false,
    cutting: new AbortController().signal,
    packaged,
    repository: "/export/site",
    hostTimeoutS: 60,
    accept: () => Promise.resolve("--yes"),
    ...more,
  }).catch((error: unknown) => error);
  const of = <T extends EventBody["type"]>(type: T) =>
    validated(events).filter((event): event is Extract<RunEvent, { type: T }> => event.type === type);
  return { status, scripts, of };
};

describe("it ends as", () => {
  test.each<readonly [string, readonly Chunk[], object, number]>([
    ["published", [said("begin", `fact published ${fmri}`, "facts", "end 0"), exit(0)], { outcome: "changed" }, 0],
    ["published before", [said("begin", `fact there ${fmri}`, "facts", "end 0"), exit(0)], { outcome: "in-sync" }, 0],
    [
      "refused",
      [said("begin", "refuse E_PUBLISHED x is in the repository", "end 3"), exit(3)],
      { outcome: "refused", refusals: [{ code: "E_PUBLISHED", message: "x is in the repository" }] },
      6,
    ],
    [
      "failed",
      [said("begin", "step 1 fail E_STEP pkgsend: no", "end 1"), exit(1)],
      { outcome: "failed", failure: { code: "E_STEP", message: "pkgsend: no" } },
      1,
    ],
    ["unreachable", [lost()], { outcome: "unreachable", failure: { code: "E_LOST" } }, 4],
    [
      "unknown when it may have been sent",
      [lost(true)],
      { outcome: "unknown", failure: { try: expect.stringContaining("looks before it publishes") } },
      1,
    ],
    [
      "unknown when the line broke before the answer was whole",
      [said("begin", `fact published ${fmri}`), lost(true)],
      { outcome: "unknown" },
      1,
    ],
    ["unknown when the script was ended", [said("begin", "end 143"), exit(143)], { outcome: "unknown" }, 1],
  ])("%s", async (_what, answer, ending, status) => {
    const ran = await publishing(answer);
    expect(ran.of("host.settled")).toMatchObject([{ host: "build1", ...ending }]);
    expect(ran.status).toBe(status);
    const [settled] = ran.of("host.settled");
    const there = settled?.outcome === "changed" || settled?.outcome === "in-sync";
    expect(ran.of("package.published")).toMatchObject(there ? [{ fmri, before: settled.outcome === "in-sync" }] : []);
  });

  test.each<readonly [string, readonly Chunk[], object, number]>([
    ["not there", [said("begin", "facts", "end 0"), exit(0)], { outcome: "drifted" }, 3],
    ["there", [said("begin", `fact there ${fmri}`, "facts", "end 0"), exit(0)], { outcome: "in-sync" }, 0],
    ["not looked at", [said("begin"), lost(true)], { outcome: "unreachable" }, 4],
  ])("%s with --check, which asks nobody", async (_what, answer, ending, status) => {
    const accept = () => Promise.reject(new Error("asked"));
    const ran = await publishing(answer, { check: true, accept });
    expect(ran.of("host.settled")).toMatchObject([ending]);
    expect([ran.status, ran.of("plan.accepted")]).toEqual([status, []]);
    expect(ran.scripts[0]).toContain("\nCHECK='1'\n");
  });
});

test("who declines sends nothing", async () => {
  const ran = await publishing([], { accept: () => Promise.resolve(undefined) });
  expect([ran.status, ran.scripts]).toEqual([5, []]);
  expect(ran.of("operator.acted")).toMatchObject([{ action: "declined" }]);
  expect(ran.of("host.settled")).toMatchObject([{ outcome: "skipped" }]);
});

test("what pkglint finds is recorded as it comes; who has to be root is the script's to prove", async () => {
  const answer = [
    said("begin", "list lint", "row lint WARNING x", `fact published ${fmri}`, "facts", "end 0"),
    exit(0),
  ];
  const ran = await publishing(answer, { become: "sudo" });
  expect(ran.of("host.line")).toMatchObject([{ host: "build1", text: "WARNING x" }]);
  expect(ran.scripts[0]).toContain("\nWANT_UID='0'\n");
  expect((await publishing(answer)).scripts[0]).toContain("\nWANT_UID='any'\n");
});

test("a journal that cannot be written stops it before anything is sent", async () => {
  const ran = await publishing([], { brokenAfter: 1 });
  expect(ran.status).toBeInstanceOf(JournalLost);
  expect(ran.scripts).toEqual([]);
});
