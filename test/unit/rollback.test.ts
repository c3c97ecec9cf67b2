/** What a rollback decides: what a run changed goes back, what somebody else changed since is left alone. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Change } from "../../src/domain/change.ts";
import { checkPlan } from "../../src/domain/check-plan.ts";
import { decide } from "../../src/domain/decide.ts";
import type { EventBody } from "../../src/domain/event.ts";
import type { Facts } from "../../src/domain/facts.ts";
import { follow } from "../../src/domain/follow.ts";
import type { Outcome } from "../../src/domain/outcome.ts";
import type { HostPlan } from "../../src/domain/plan.ts";
import { decideRollback } from "../../src/domain/rollback/decide.ts";
import { settingsThen, type Touched, touchedBy } from "../../src/domain/rollback/touched.ts";
import { initialState, reduce } from "../../src/domain/run-state.ts";
import type { Settings } from "../../src/domain/settings.ts";
import { renderPlan } from "../../src/view/plan-view.ts";
import { renderRun } from "../../src/view/run-report.ts";
import { carriedOut } from "../support/carried-out.ts";
import { absent, accepted, bases, dataset, directory, merge, payload, seen, settings } from "../support/facts.ts";
import { numbered, runId, runStarted } from "../support/fleet-events.ts";

const GIB = 1024 ** 3;
const RUN = "20260301-140312-a1b2c3";
const ROLLBACK = "20260301-150000-d4e5f6";
const DATASET = "rpool/export/nova";
const CACHE = "/export/nova/images";
const BEFORE = "c".repeat(64);
const AFTER = "d".repeat(64);

const rolledOut = (before: Facts, over: Partial<Settings> = {}): readonly Change[] => {
  const plan = decide(before, {
    host: "cn01",
    settings: settings(over),
    payload,
    accepted,
    migrateS: 0,
    soakS: 60,
    edit: ({ cacheDir }) => ({
      ok: true,
      value: {
        offset: 0,
        length: 0,
        rangeDigest: "0",
        replacement: "",
        before: BEFORE,
        after: AFTER,
        line: 1,
        newLine: `glancecache_dirname=${cacheDir}`,
      },
    }),
  });
  if (plan.verdict !== "change") throw new Error(`the rollout would be ${JSON.stringify(plan)}`);
  return plan.changes;
};

const back = (facts: Facts, touched: Touched, over: object = {}): HostPlan =>
  decideRollback(facts, {
    host: "cn01",
    settings: settingsThen(settings(), touched),
    touched,
    payload,
    accepted: { thisBootEnvironment: false, breakStaleLock: false },
    soakS: 60,
    ...over,
  });

/** A node before, its rollout, and the node after. */
const story = (before: Facts, over: Partial<Settings> = {}) => {
  const changes = rolledOut(before, over);
  const touched: Touched = { run: RUN, changes, before };
  return { before, touched, after: carriedOut(before, changes, RUN) };
};

const changesIn = (plan: HostPlan): readonly Change[] => (plan.verdict === "change" ? plan.changes : []);
const kinds = (plan: HostPlan): readonly string[] => changesIn(plan).map(({ kind }) => kind);
const refusalsOf = (plan: HostPlan) => (plan.verdict === "refuse" ? plan.refusals : []);
const objections = (plan: HostPlan) =>
  checkPlan(
    {
      run: ROLLBACK,
      hosts: [plan],
      waves: plan.verdict === "change" ? [["cn01"]] : [],
      gate: { maxBad: 1, maxMissing: 0, parallel: 1, soakS: 60 },
    },
    1200,
    true,
  );

/** The cache on a dataset that somebody made, with a cleaner that is disabled and has another policy. */
const kept = (over: object = {}): Facts =>
  merge(bases.junoDone, {
    datasets: {
      [DATASET]: dataset(DATASET, "/export/nova", { quotaBytes: 0, canmount: "noauto", autoSnapshot: "-" }),
    },
    directories: { [CACHE]: directory(DATASET, { owner: "root", group: "root" }) },
    cleaner: {
      value: { service: { state: "disabled" }, properties: { "config/headroom": "1", "periodic/period": "7200" } },
    },
    ...over,
  });

/** Whatever a rollback can put back. */
const visible = ({ conf, service, datasets, directories, cleaner, cleanerFiles }: Facts) => ({
  conf: conf.seen ? [conf.value.digest, conf.value.inForce, conf.value.mode, conf.value.owner] : conf,
  service: service.seen ? service.value.state : service,
  datasets: Object.entries(datasets).map(([name, field]) =>
    field.seen ? [name, field.value.quotaBytes, field.value.canmount, field.value.autoSnapshot] : [name, "none"],
  ),
  directories: Object.entries(directories).map(([path, field]) =>
    field.seen ? [path, field.value.owner, field.value.group, field.value.mode] : [path, "none"],
  ),
  // Whether it is enabled; how it does besides is nobody's will.
  cleaner: cleaner.seen ? [cleaner.value.service.state === "disabled", cleaner.value.properties] : "none",
  cleanerFiles,
});

describe("a rollback of a whole rollout", () => {
  it("takes the cleaner out, puts nova.conf back, restarts, and names the dataset that stays", () => {
    const { after, touched, before } = story(bases.juno);
    const plan = back(after, touched);
    expect(kinds(plan)).toEqual(["cleaner.remove", "conf.restore", "compute.restart"]);
    expect(changesIn(plan)[1]).toEqual({
      kind: "conf.restore",
      path: "/etc/nova/nova.conf",
      run: RUN,
      from: AFTER,
      to: BEFORE,
      owner: "nova",
      group: "nova",
      mode: "-rw-r--r--",
      directory: "/var/lib/nova/images",
    });
    expect(plan).toMatchObject({ notes: [`dataset ${DATASET} stays, with what lies in it`] });
    expect(objections(plan)).toEqual([]);
    const now = carriedOut(after, changesIn(plan), ROLLBACK);
    expect(back(now, touched)).toMatchObject({ verdict: "in-sync", notes: [expect.stringContaining("stays")] });
    expect(visible(now)).toMatchObject({
      conf: visible(before).conf,
      cleaner: "none",
      cleanerFiles: before.cleanerFiles,
    });
  });

  it("of a place that was there puts back quota, properties, owner and the cleaner's policy and state", () => {
    const { after, touched, before } = story(kept());
    const plan = back(after, touched);
    expect(kinds(plan)).toEqual([
      ...["cleaner.configure", "cleaner.disable", "dataset.quota", "dataset.set", "dataset.set", "directory.own"],
    ]);
    expect(changesIn(plan)).toContainEqual({ kind: "dataset.quota", dataset: DATASET, from: 15 * GIB, to: 0 });
    expect(changesIn(plan)).toContainEqual(
      expect.objectContaining({ property: "com.sun:auto-snapshot", from: "false", to: "-" }),
    );
    expect(objections(plan)).toEqual([]);
    expect(visible(carriedOut(after, changesIn(plan), ROLLBACK))).toEqual(visible(before));
  });

  it("brings back a cleaner that the run removed, where its files were ours", () => {
    const { after, touched, before } = story(bases.junoDone, { cleaner: "absent" });
    const plan = back(after, touched);
    expect(kinds(plan)).toEqual(["cleaner.install", "cleaner.configure", "cleaner.enable"]);
    expect(visible(carriedOut(after, changesIn(plan), ROLLBACK))).toEqual(visible(before));
    const other = { payload: { ...payload, method: "e".repeat(64) } };
    expect(back(after, touched, other)).toMatchObject({
      verdict: "in-sync",
      notes: [expect.stringContaining("is not kept")],
    });
  });

  it("leaves files that replaced those of another version, and puts the policy back all the same", () => {
    const old = merge(bases.junoDone, {
      cleanerFiles: { method: seen("f".repeat(64)), manifest: seen("e".repeat(64)) },
      cleaner: { value: { properties: { "config/headroom": "1" } } },
    });
    const { after, touched } = story(old);
    const plan = back(after, touched);
    expect(kinds(plan)).toEqual(["cleaner.configure"]);
    expect(plan).toMatchObject({ notes: [expect.stringContaining("files of run")] });
  });

  it("uninstalls a package of the run's, and installs none that the run uninstalled", () => {
    const packaged = (name: string, version: string, facts: Facts) =>
      merge(facts, { nova: { value: { cleanerPackage: seen({ name, version }) } } });
    const changes: readonly Change[] = [
      { kind: "cleaner.package", fmri: "pkg://site/nova-cache-cleanup@1.0", ...payload },
    ];
    const installed = packaged("nova-cache-cleanup", "1.0", bases.junoDone);
    const fresh = back(installed, { run: RUN, changes, before: bases.juno });
    expect(kinds(fresh)).toEqual(["cleaner.uninstall", "cleaner.remove"]);
    const before = packaged("site/nova-cache-cleanup", "0.1", bases.junoDone);
    const uninstall: Change = { kind: "cleaner.uninstall", package: "site/nova-cache-cleanup", version: "0.1" };
    const replaced = back(bases.junoDone, {
      run: RUN,
      changes: [uninstall, { kind: "cleaner.install", ...payload }],
      before,
    });
    expect(replaced).toMatchObject({ verdict: "in-sync", notes: [expect.stringContaining("is not installed again")] });
    const updated = back(installed, { run: RUN, changes, before });
    expect(updated).toMatchObject({ notes: ["package nova-cache-cleanup 1.0 stays"] });
    expect(
      refusalsOf(back(packaged("nova-cache-cleanup", "2.0", bases.junoDone), { run: RUN, changes, before })),
    ).toMatchObject([{ code: "E_STALE", message: expect.stringContaining("nova-cache-cleanup 2.0") }]);
  });
});

describe("a rollback refuses", () => {
  const moved = story(bases.juno);
  const place = story(kept());
  const conf = (patch: object) => ({ conf: { value: patch } });
  const cases: readonly (readonly [string, ReturnType<typeof story>, object, string, string])[] = [
    ["another nova.conf", moved, conf({ digest: "e".repeat(64) }), "E_STALE", "neither as the run left it"],
    ["another mode of nova.conf", moved, conf({ mode: "-rw-------" }), "E_STALE", "-rw-------"],
    ["another owner of nova.conf", moved, conf({ owner: "root" }), "E_STALE", "root:nova"],
    ["no nova.conf", moved, { conf: absent }, "E_CONF_ABSENT", "not there"],
    ["a backup that is gone", moved, { notes: seen([]) }, "E_STALE", `run ${RUN} made`],
    [
      "a file that somebody put back without a restart",
      moved,
      conf({ digest: BEFORE, mtime: 2_000_000_000 }),
      "E_PENDING_FOREIGN_CHANGE",
      "put /etc/nova/nova.conf back",
    ],
    [
      "another file of the cleaner",
      moved,
      { cleanerFiles: { method: seen("9".repeat(64)) } },
      "E_STALE",
      "method file",
    ],
    [
      "a policy that somebody tuned",
      moved,
      { cleaner: { value: { properties: { "config/min_age": "5" } } } },
      "E_STALE",
      "config/min_age is 5: the run set it to 86400",
    ],
    ["a cleaner that is gone", place, { cleaner: absent }, "E_STALE", "service is not there any more"],
    [
      "another quota",
      place,
      { datasets: { [DATASET]: { value: { quotaBytes: 7 * GIB } } } },
      "E_STALE",
      "quota of rpool/export/nova is 7.0 GiB: the run set it to 15.0 GiB, it was none",
    ],
    ["another property", place, { datasets: { [DATASET]: { value: { canmount: "off" } } } }, "E_STALE", "canmount"],
    ["a dataset that is gone", place, { datasets: { [DATASET]: absent } }, "E_STALE", "not there any more"],
    ["another owner", place, { directories: { [CACHE]: directory(DATASET, { owner: "bob" }) } }, "E_STALE", "bob:nova"],
    [
      "a dataset that was not seen",
      place,
      { datasets: { [DATASET]: { seen: false, why: "failed" } } },
      "E_BLIND",
      DATASET,
    ],
    [
      "a service in maintenance",
      moved,
      { service: { value: { state: "maintenance" } } },
      "E_SERVICE_STATE",
      "maintenance",
    ],
    ["a zone being installed", moved, { incompleteZones: seen(["z1"]) }, "E_BUSY", "z1"],
    ["another system", moved, { system: { version: "11.4.0.15.0" } }, "E_UNSUPPORTED", "11.4"],
  ];
  it.each(cases)("%s", (_, { after, touched }, patch, code, words) => {
    const plan = back(merge(after, patch), touched);
    expect(refusalsOf(plan)[0]).toMatchObject({ code, message: expect.stringContaining(words) });
    expect(refusalsOf(back(after, touched))).toEqual([]);
  });

  it("a quota of before that what lies there exceeds", () => {
    const small = story(
      merge(kept(), { datasets: { [DATASET]: { value: { quotaBytes: 5 * GIB, usedBytes: 4 * GIB } } } }),
    );
    const full = { datasets: { [DATASET]: { value: { usedBytes: 6 * GIB } } } };
    expect(kinds(back(small.after, small.touched))).toContain("dataset.quota");
    expect(refusalsOf(back(merge(small.after, full), small.touched))).toMatchObject([{ code: "E_QUOTA_BELOW_USE" }]);
  });

  it("nothing on a host that is as it was, whoever holds its lock", () => {
    const locked = merge(bases.juno, {
      lock: seen({ run: "x", controller: "c", user: "u", pid: 1, bootedAt: "0", since: "now", alive: true }),
    });
    expect(back(locked, moved.touched)).toMatchObject({ verdict: "in-sync" });
    expect(refusalsOf(back(merge(moved.after, { lock: locked.lock }), moved.touched))).toMatchObject([
      { code: "E_LOCKED" },
    ]);
  });
});

describe("nova-compute", () => {
  it("that is disabled is not started: the file waits for whoever enables it", () => {
    const disabled = merge(bases.juno, { service: { value: { state: "disabled" } } });
    const { after, touched } = story(disabled);
    expect(kinds(back(after, touched))).toEqual(["cleaner.remove", "conf.restore"]);
  });

  it("gets the restart that an interrupted rollback still owes", () => {
    const { after, touched } = story(bases.juno);
    const [remove, restore] = changesIn(back(after, touched));
    const cut = carriedOut(
      after,
      [remove, restore].filter((change) => change !== undefined),
      ROLLBACK,
    );
    const plan = back(cut, touched);
    expect(changesIn(plan)).toMatchObject([{ kind: "compute.restart", because: "owed" }]);
    expect(objections(plan)).toEqual([]);
  });
});

describe("touchedBy: the hosts that a run may have touched", () => {
  const hosts = ["done", "early", "refused", "late", "cut", "waiting", "still"];
  const { touched, before } = story(bases.juno);
  const [first, ...rest] = touched.changes;
  const planOf = (host: string): HostPlan =>
    first === undefined || host === "still"
      ? { verdict: "in-sync", host, notes: [] }
      : { verdict: "change", host, basis: 0, drift: [], changes: [first, ...rest], notes: [] };
  const gate = { maxBad: 1, maxMissing: 0, parallel: 1, soakS: 60 };
  const phase = (host: string): EventBody => ({ type: "host.phase", host, phase: "applying" });
  const step = (host: string): EventBody => ({
    ...{ type: "host.step", host, step: 1, of: 2, change: "dataset.create", state: "start" },
  });
  const settled = (host: string, outcome: Outcome): EventBody => ({ type: "host.settled", host, outcome, tookMs: 1 });
  const by = { user: "alice", controller: "ctl1", pid: 1 };
  const events = (...more: readonly EventBody[]): readonly EventBody[] => [
    runStarted(hosts),
    {
      type: "plan.made",
      plan: { run: runId, hosts: hosts.map(planOf), waves: [hosts.filter((name) => name !== "still")], gate },
    },
    { type: "plan.accepted", by: "--yes", changing: 6 },
    ...more,
  ];
  const said: readonly EventBody[] = [
    ...["done", "early", "refused", "late", "cut"].map(phase),
    ...["done", "late"].map(step),
    settled("done", "changed"),
    settled("early", "unreachable"),
    settled("refused", "refused"),
    settled("late", "refused"),
  ];
  const stateOf = (bodies: readonly EventBody[]) => numbered(bodies).reduce(reduce, initialState);
  const names = (bodies: readonly EventBody[]): readonly string[] => [
    ...touchedBy(stateOf(bodies), new Map(hosts.map((host) => [host, before]))).keys(),
  ];

  it("are those where a step may have begun", () => {
    expect(names(events(...said))).toEqual(["done", "late", "cut"]);
    expect(names(events())).toEqual([]);
    expect(names(events(...said).filter(({ type }) => type !== "plan.accepted"))).toEqual([]);
  });

  it("are more when the run was taken up again: not every word of a script came through", () => {
    expect(names(events(...said, { type: "run.resumed", by, version: "1" }))).toEqual([
      ...["done", "early", "refused", "late", "cut"],
    ]);
  });

  it("are those that were tried again, whatever the last script came to", () => {
    const again = (host: string, outcome: Outcome, ...words: readonly EventBody[]): readonly EventBody[] => [
      { type: "host.phase", host, phase: "applying", script: "0a1b2c3d" },
      ...words,
      settled(host, words.length > 0 ? "failed" : "unknown"),
      { type: "host.retried", host },
      { type: "host.phase", host, phase: "applying", script: "4e5f6071" },
      settled(host, outcome),
    ];
    expect(names(events(...again("early", "unreachable", step("early")), ...again("refused", "refused")))).toEqual([
      ...["early", "refused"],
    ]);
  });

  it("come with what was accepted for them, and what was seen before", () => {
    const one = touchedBy(stateOf(events(...said)), new Map([["done", before]]));
    expect([...one]).toEqual([["done", { run: runId, changes: touched.changes, before }]]);
  });
});

describe("settingsThen", () => {
  it("has the places of the run, whatever the inventory says by now", () => {
    const { touched } = story(bases.juno);
    const now = settings({
      novaConf: "/opt/nova.conf",
      cacheDataset: "tank/images",
      novaService: "svc:/other:default",
    });
    expect(settingsThen(now, touched)).toMatchObject({
      novaConf: "/etc/nova/nova.conf",
      novaService: settings().novaService,
      novaSection: "DEFAULT",
      cacheDataset: DATASET,
      legacyDirs: ["/export/nova", CACHE],
    });
  });
});

describe("in words", () => {
  it("a plan says what goes back where, and what stays", () => {
    const plan = (told: HostPlan): string =>
      renderPlan(
        {
          run: ROLLBACK,
          hosts: [told],
          waves: [["cn01"]],
          gate: { maxBad: 1, maxMissing: 0, parallel: 1, soakS: 60 },
        },
        { diff: false },
      ).join("\n");
    const moved = story(bases.juno);
    const whole = plan(back(moved.after, moved.touched));
    expect(whole).toContain(
      `put /etc/nova/nova.conf back as run ${RUN} found it: nova:nova -rw-r--r--, images in /var/lib/nova/images`,
    );
    expect(whole).toContain(`dataset ${DATASET} stays, with what lies in it, on 1 host: cn01`);
    expect(whole).toContain("between edit and proof");
    const place = story(kept());
    const properties = plan(back(place.after, place.touched));
    expect(properties).toContain(`set quota of ${DATASET}: 15.0 GiB -> none`);
    expect(properties).toContain(`set com.sun:auto-snapshot of ${DATASET}: false -> unset`);
  });

  it("a run says which one it undoes", () => {
    const started = numbered([runStarted(["cn01"], { command: "rollback", rollback: { run: RUN } })]);
    const lines = renderRun(started.reduce(reduce, initialState));
    expect(lines).toContain(`undoes   ${RUN}`);
    expect(lines).toContain("command  rollback all (1 host)");
  });
});

describe("checkPlan of a rollback", () => {
  const plan = back(story(bases.juno).after, story(bases.juno).touched);
  const spoilt = (change: (changes: readonly Change[]) => unknown): HostPlan =>
    merge(plan, { changes: change(changesIn(plan)) });
  it.each<readonly [string, HostPlan, string]>([
    ["a restart before the edit", spoilt((changes) => changes.toReversed()), "comes after"],
    ["an edit of a rollout", spoilt(() => rolledOut(bases.juno).slice(-2)), "has no place"],
    ["a run that is none", spoilt((changes) => changes.map((one) => ({ ...one, run: "$(id)" }))), "is no run"],
    ["a digest that is none", spoilt((changes) => changes.map((one) => ({ ...one, to: "1" }))), "no digest"],
  ])("%s", (_, spoiled, words) => {
    expect(
      objections(spoiled)
        .map(({ message }) => message)
        .join("\n"),
    ).toContain(words);
  });
});

describe("for any node and any rollout", () => {
  const facts = fc
    .record({
      base: fc.constantFrom(bases.juno, kept(), bases.mitaka),
      state: fc.constantFrom("online", "disabled"),
      quota: fc.constantFrom(0, 5 * GIB, 15 * GIB),
      canmount: fc.constantFrom("on", "noauto"),
      snapshots: fc.constantFrom("-", "true", "false"),
      owner: fc.constantFrom("root", "nova"),
      enabled: fc.constantFrom("online", "disabled", "maintenance"),
    })
    .map(({ base, state, quota, canmount, snapshots, owner, enabled }) => {
      const patched = Object.fromEntries(
        Object.entries(base.datasets).map(([name, field]) => [
          name,
          field.seen && /nova/.test(name)
            ? seen({ ...field.value, quotaBytes: quota, canmount, autoSnapshot: snapshots })
            : field,
        ]),
      );
      return merge(base, {
        service: { value: { state } },
        datasets: patched,
        directories: base.directories[CACHE]?.seen ? { [CACHE]: directory(DATASET, { owner }) } : {},
        ...(base.cleaner.seen ? { cleaner: { value: { service: { state: enabled } } } } : {}),
      });
    });
  const over = fc.record({
    cleaner: fc.constantFrom<Settings["cleaner"]>("present", "disabled", "absent"),
    cacheQuotaBytes: fc.constantFrom(15 * GIB, 20 * GIB),
    cacheHeadroomBytes: fc.constantFrom(GIB, 2 * GIB),
  });

  it("wherever rollout and rollback were cut, another rollback goes on with the plan, and ends as it was before", () => {
    let undone = 0;
    fc.assert(
      fc.property(facts, over, fc.nat(20), fc.nat(20), (before, settled, cutRollout, cutRollback) => {
        let changes: readonly Change[];
        try {
          changes = rolledOut(before, settled);
        } catch {
          return;
        }
        const touched: Touched = { run: RUN, changes, before };
        const after = carriedOut(before, changes.slice(0, Math.min(cutRollout, changes.length)), RUN);
        const plan = back(after, touched);
        expect(refusalsOf(plan)).toEqual([]);
        expect(objections(plan)).toEqual([]);
        const cut = carriedOut(after, changesIn(plan).slice(0, cutRollback), ROLLBACK);
        const again = back(cut, touched);
        expect(plan.verdict === "change" ? follow(plan, again) : again).toEqual(again);
        const now = carriedOut(cut, changesIn(again), ROLLBACK);
        expect(back(now, touched).verdict).toBe("in-sync");
        const was = visible(before);
        const is = visible(now);
        expect({ ...is, datasets: [], directories: [] }).toEqual({ ...was, datasets: [], directories: [] });
        // A dataset that the run made stays, and directories with it.
        const made = changes.some(({ kind }) => kind === "dataset.create");
        if (!made) expect([is.datasets, is.directories]).toEqual([was.datasets, was.directories]);
        undone += changesIn(plan).length > 0 ? 1 : 0;
      }),
    );
    expect(undone).toBeGreaterThan(20);
  });
});
