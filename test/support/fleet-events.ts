/** Plausible event streams of any size for tests of the views, and for looking at the screen. Deterministic. */
import type { Change } from "../../src/domain/change.ts";
import type { EventBody, RunEvent } from "../../src/domain/event.ts";
import type { HostName } from "../../src/domain/ids.ts";
import type { Failure, Outcome, Refusal } from "../../src/domain/outcome.ts";
import type { Drift, HostPlan, Plan } from "../../src/domain/plan.ts";
import type { NonEmpty } from "../../src/domain/result.ts";
import { cutWaves } from "../../src/domain/waves.ts";
import { juno, junoDone } from "./facts.ts";

export const runId = "20260301-140312-a1b2c3";
export const startMs = Date.parse("2026-03-01T14:03:12.000Z");

/** Numbers bodies and gives them times; `gapMs` between two events. */
export const numbered = (bodies: Iterable<EventBody>, gapMs = 150): RunEvent[] =>
  [...bodies].map((body, at) => ({
    v: 1,
    run: runId,
    seq: at + 1,
    at: new Date(startMs + at * gapMs).toISOString(),
    ...body,
  }));

export const names = (count: number): HostName[] =>
  Array.from({ length: count }, (_, at) => `cn${String(at + 1).padStart(3, "0")}`);

export const runStarted = (
  hosts: readonly HostName[],
  patch: Partial<Extract<EventBody, { type: "run.started" }>> = {},
): EventBody => ({
  type: "run.started",
  command: "rollout",
  check: false,
  patterns: ["all"],
  hosts,
  by: { user: "alice", controller: "ctl1", pid: 4711 },
  version: "0.1.0",
  limits: { parallel: 32 },
  ...patch,
});

export const confChange = (line: number, oldLine?: string): Change => ({
  kind: "conf.set",
  path: "/etc/nova/nova.conf",
  section: "DEFAULT",
  key: "glancecache_dirname",
  to: "/export/nova/images",
  patch: {
    offset: 1000 + line,
    length: 40,
    rangeDigest: "d".repeat(64),
    replacement: "Z2xhbmNl",
    before: "e".repeat(64),
    after: "f".repeat(64),
    line,
    ...(oldLine === undefined ? {} : { oldLine }),
    newLine: "glancecache_dirname = /export/nova/images",
  },
});

/** The removal of an old cache of three images. */
export const trashAt = (path: string): Extract<Change, { kind: "legacy.remove" }> => ({
  kind: "legacy.remove",
  path,
  real: path,
  inode: "7",
  owner: "nova",
  dataset: "rpool/ROOT/solaris/var",
  include: [],
  files: 3,
  bytes: 300,
  freed: { leastBytes: 200, mostBytes: 300 },
  heldBytes: 0,
  heldBy: [],
});

export const changes = (line = 812, oldLine = "# glancecache_dirname = $state_path/images"): NonEmpty<Change> => [
  { kind: "dataset.create", dataset: "rpool/export/nova", mountpoint: "/export/nova", quotaBytes: 15 * 1024 ** 3 },
  {
    kind: "directory.own",
    path: "/export/nova/images",
    dataset: "rpool/export/nova",
    owner: "nova",
    group: "nova",
    mode: "0755",
  },
  { kind: "cleaner.install", method: "1a2b3c4d5e6f".padEnd(64, "0"), manifest: "9f8e7d6c5b4a".padEnd(64, "0") },
  {
    kind: "cleaner.configure",
    properties: {
      "config/dataset": "rpool/export/nova",
      "config/headroom": "2147483648",
      "config/min_age": "86400",
      "config/order": "lru",
    },
  },
  { kind: "cleaner.enable" },
  confChange(line, oldLine),
  {
    kind: "compute.restart",
    service: "svc:/application/openstack/nova/nova-compute:default",
    because: "edit",
    timeoutS: 300,
    soakS: 60,
  },
];

export const drifts: readonly Drift[] = [
  { aspect: "dataset", have: "none", want: "rpool/export/nova" },
  { aspect: "conf", have: "/var/lib/nova/images", want: "/export/nova/images" },
];

export const auth: Failure = { code: "E_AUTH", message: "authentication failed for root: 2 keys were offered" };
export const busy: Refusal = { code: "E_BUSY", message: "zone instance-0000002a is being installed" };
export const restart: Failure = {
  code: "E_RESTART",
  message: "nova-compute went to maintenance; restored",
  try: "svcs -xv nova-compute",
};

/** What becomes of the n-th host (from 0) of a fleet with trouble: a few of every kind. */
const fate = (at: number): Outcome => {
  if (at % 40 === 13) return "unreachable";
  if (at % 50 === 21) return "refused";
  if (at % 20 === 4) return "in-sync";
  return at % 60 === 30 ? "failed" : "changed";
};

export const planOf = (hosts: readonly HostName[], fateOf: (at: number) => Outcome = fate): Plan => {
  const plans = hosts.map((host, at): HostPlan => {
    const outcome = fateOf(at);
    if (outcome === "unreachable") return { verdict: "unreachable", host, failure: auth };
    if (outcome === "refused") return { verdict: "refuse", host, drift: drifts, refusals: [busy] };
    if (outcome === "in-sync") return { verdict: "in-sync", host, notes: [] };
    const notes =
      at % 7 === 0 ? ["the cleaner's first run will evict about 4.2 GiB of 9 images, oldest 2015-06-02"] : [];
    return { verdict: "change", host, basis: startMs, drift: drifts, changes: changes(812 + (at % 3)), notes };
  });
  const changing = plans.filter(({ verdict }) => verdict === "change").map(({ host }) => host);
  return {
    run: runId,
    hosts: plans,
    waves: cutWaves(changing, [
      { kind: "count", count: 1 },
      { kind: "count", count: 5 },
      { kind: "percent", percent: 25 },
    ]),
    gate: {
      maxBad: Math.max(1, Math.floor(changing.length / 20)),
      maxMissing: Math.floor(hosts.length / 5),
      parallel: 32,
      soakS: 60,
    },
  };
};

/** A whole rollout: survey, plan, waves, every host settled, the end. */
export function* rollout(count: number): Generator<EventBody> {
  const hosts = names(count);
  yield runStarted(hosts);
  const plan = planOf(hosts);
  for (const [at, host] of hosts.entries()) {
    yield { type: "host.phase", host, phase: "connecting" };
    if (at >= 16) yield* surveyed(hosts[at - 16] ?? host, plan.hosts[at - 16]);
  }
  for (const [at, host] of hosts.entries()) if (at >= count - 16) yield* surveyed(host, plan.hosts[at]);
  yield { type: "plan.made", plan };
  for (const each of plan.hosts) yield* settledUnchanged(each);
  const changing = plan.waves.flat().length;
  yield { type: "plan.accepted", by: "typed", changing };
  let bad = 0;
  for (const [wave, members] of plan.waves.entries()) {
    yield { type: "wave.opened", wave: wave + 1, of: plan.waves.length, hosts: members };
    for (const batch of cutWaves(members, [{ kind: "count", count: 12 }])) {
      const failing = batch.filter((host) => fate(Number(host.slice(2)) - 1) === "failed");
      yield* applied(batch, new Set(failing));
      bad += failing.length;
      yield {
        type: "gate.decided",
        open: true,
        bad,
        maxBad: plan.gate.maxBad,
        reason: `${bad} of ${plan.gate.maxBad} bad hosts allowed`,
      };
    }
  }
  const tally: Record<Outcome, number> = {
    "in-sync": 0,
    changed: 0,
    drifted: 0,
    refused: 0,
    failed: 0,
    unreachable: 0,
    unknown: 0,
    skipped: 0,
  };
  for (const at of hosts.keys()) tally[fate(at)] += 1;
  yield { type: "run.settled", tally, exit: tally.failed > 0 ? 1 : tally.unreachable > 0 ? 4 : 0 };
}

function* surveyed(host: HostName, plan: HostPlan | undefined): Generator<EventBody> {
  if (plan?.verdict !== "unreachable") {
    yield { type: "host.phase", host, phase: "probing" };
    yield { type: "host.facts", host, facts: plan?.verdict === "in-sync" ? junoDone : juno };
  }
  yield { type: "host.phase", host, phase: "planned" };
}

function* settledUnchanged(plan: HostPlan): Generator<EventBody> {
  const { host } = plan;
  if (plan.verdict === "unreachable")
    yield { type: "host.settled", host, outcome: "unreachable", failure: plan.failure, tookMs: 3100 };
  if (plan.verdict === "refuse")
    yield { type: "host.settled", host, outcome: "refused", refusals: plan.refusals, drift: plan.drift, tookMs: 900 };
  if (plan.verdict === "in-sync") yield { type: "host.settled", host, outcome: "in-sync", tookMs: 800 };
}

/** A batch goes through its steps side by side. */
function* applied(batch: readonly HostName[], failing: ReadonlySet<HostName>): Generator<EventBody> {
  const steps = changes();
  for (const host of batch) yield { type: "host.phase", host, phase: "applying" };
  for (const [at, { kind }] of steps.entries()) {
    const step = { step: at + 1, of: steps.length, change: kind } as const;
    for (const host of batch) yield { type: "host.step", host, ...step, state: "start" };
    for (const host of batch) {
      const fails = failing.has(host) && kind === "compute.restart";
      if (!fails) yield { type: "host.step", host, ...step, state: "ok" };
      else yield { type: "host.step", host, ...step, state: "fail", code: "E_RESTART", message: "maintenance" };
    }
  }
  for (const host of batch) {
    if (failing.has(host))
      yield { type: "host.settled", host, outcome: "failed", failure: restart, note: "restored", tookMs: 95_000 };
    else yield { type: "host.settled", host, outcome: "changed", tookMs: 74_000 };
  }
}

/** A survey of `status`, with hosts of every kind. */
export function* statusRun(count: number): Generator<EventBody> {
  const hosts = names(count);
  yield runStarted(hosts, { command: "status" });
  for (const [at, host] of hosts.entries()) {
    yield { type: "host.phase", host, phase: "connecting" };
    const outcome = fate(at);
    if (outcome === "unreachable") yield { type: "host.settled", host, outcome, failure: auth, tookMs: 3000 };
    else if (outcome === "refused") {
      const refusal: Refusal = { code: "E_BECOME", message: "sudo asks for a password" };
      yield { type: "host.settled", host, outcome, refusals: [refusal], tookMs: 700 };
    } else {
      const inSync = outcome === "in-sync";
      yield { type: "host.phase", host, phase: "probing" };
      yield { type: "host.facts", host, facts: inSync ? junoDone : juno };
      if (inSync) yield { type: "host.settled", host, outcome: "in-sync", tookMs: 700 };
      else
        yield {
          type: "host.settled",
          host,
          outcome: "drifted",
          drift: drifts,
          refusals: at % 25 === 7 ? [busy] : [],
          tookMs: 700,
        };
    }
  }
  const tally = { "in-sync": 0, changed: 0, drifted: 0, refused: 0, failed: 0, unreachable: 0, unknown: 0, skipped: 0 };
  for (const at of hosts.keys()) tally[outcomeInStatus(fate(at))] += 1;
  yield { type: "run.settled", tally, exit: tally.unreachable > 0 ? 4 : 0 };
}

const outcomeInStatus = (outcome: Outcome): Outcome =>
  outcome === "changed" || outcome === "failed" ? "drifted" : outcome;
