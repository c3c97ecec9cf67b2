import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test, vi } from "vitest";
import type { Change } from "../../src/domain/change.ts";
import type { NodeSpec } from "../../src/lab/node-spec.ts";
import type { ApplyInputs } from "../../src/remote/script.ts";
import { takesShell } from "../support/long.ts";
import {
  applyOf,
  confSet,
  digestOf,
  type Ended,
  makeShellNode,
  own,
  RUN,
  SCRIPT,
  type ShellNode,
  shells,
} from "../support/shell-node.ts";

// Nearly all of the time is waiting: for seconds of SMF, for a soak.
vi.setConfig({ maxConcurrency: 12 });

/** The target's shell; in the long run all four. */
const targets = shells.filter(([name]) => takesShell(name));

const made: ShellNode[] = [];
const node = (spec: Partial<NodeSpec> = {}): ShellNode => {
  const one = makeShellNode(spec);
  made.push(one);
  return one;
};
afterAll(() => {
  for (const one of made.splice(0)) one.remove();
});

const CONF = "etc/nova/nova.conf";
const DATASET = "rpool/export/nova";
const QUOTA = 15 * 1024 ** 3;
const RESTART: Change = { kind: "compute.restart", service: "nova-compute", because: "edit", timeoutS: 240, soakS: 2 };
const create: Change = { kind: "dataset.create", dataset: DATASET, mountpoint: "/export/nova", quotaBytes: QUOTA };
const places: readonly Change[] = [create, own("/export/nova"), own("/export/nova/images")];
const cleaner: readonly Change[] = [
  { kind: "cleaner.install", method: "", manifest: "" },
  { kind: "cleaner.configure", properties: { "config/dataset": DATASET, "config/headroom": "2147483648" } },
  { kind: "cleaner.enable" },
];

/** The lines about what was done: no facts. */
const story = (ended: Ended): readonly string[] =>
  ended.lines.filter((line) => !/^(fact|list|row|unseen|facts|alive)( |$)/.test(line));
const state = (ended: Ended): string | undefined =>
  ended.lines
    .findLast((line) => line.startsWith("row svc.nova restarter/state astring "))
    ?.split(" ")
    .at(-1);
const beside = (one: ShellNode): readonly string[] => readdirSync(join(one.root, "etc/nova")).sort();
/** Records another owner for a path, as root's chown would. */
const give = (one: ShellNode, path: string, owner: string): void => {
  const { ino } = statSync(join(one.root, path));
  const owners = join(one.state, "owners");
  const others = readFileSync(owners, "utf8").replace(new RegExp(`^${ino} .*\n`, "gm"), "");
  writeFileSync(
    owners,
    `${others}${ino} ${owner}
`,
  );
};
const lock = (one: ShellNode): boolean => existsSync(join(one.root, "system/volatile/novasweep.lock"));

/** A node, its nova.conf as it is and as it will be, and a script that edits it and restarts nova-compute. */
const editing = (spec: Partial<NodeSpec> = {}, more: Partial<ApplyInputs> = {}, changes: readonly Change[] = []) => {
  const one = node(spec);
  // The proof needs a directory that is there.
  if (changes.length === 0) mkdirSync(join(one.root, "export/nova/images"), { recursive: true });
  chmodSync(join(one.root, "export"), 0o755);
  const before = one.read(CONF);
  const { change, after } = confSet(before);
  const script = applyOf([...changes, change, RESTART], {
    cacheDir: changes.length === 0 ? "/var/lib/nova/images" : "/export/nova/images",
    expect: { confDigest: digestOf(Buffer.from(before, "latin1")), bootedAt: "-", serviceState: "online" },
    ...more,
  });
  return { one, before, after, script };
};

const restored = (ended: Ended, edit: ReturnType<typeof editing>): void => {
  expect(story(ended).slice(-3)).toEqual(["restore start", "restore ok", "end 1"]);
  expect(edit.one.read(CONF)).toBe(edit.before);
  expect(state(ended)).toBe("online");
  expect(beside(edit.one)).toEqual(["nova.conf"]);
  expect(lock(edit.one)).toBe(false);
};

/** Processes of the script that outlive it, by command line: each holds the node's directory in its environment. */
const leftovers = (one: ShellNode): readonly string[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const ours = readFileSync(`/proc/${pid}/environ`, "latin1").includes(`LAB_NODE=${one.dir}`);
        return ours ? [readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ")] : [];
      } catch {
        return [];
      }
    });

/** The kernel may take a moment to bury what was killed. */
const nothingLeft = async (one: ShellNode, withinMs = 1500): Promise<void> => {
  const end = Date.now() + withinMs;
  while (leftovers(one).length > 0 && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(leftovers(one)).toEqual([]);
};

describe.concurrent.each(shells)("a change under %s", { timeout: 300_000 }, (_name, shell) => {
  test("happens whole: dataset, owner, proof, cleaner, edit, restart, hold, commit", async () => {
    const edit = editing({}, {}, [...places, ...cleaner]);
    const { one } = edit;
    const mode = statSync(join(one.root, CONF)).mode;
    const release = statSync(join(one.root, "etc/release")).mtimeMs;
    const ended = await one.run(shell, edit.script);
    const steps = ["1", "2", "3", "w", "4", "5", "6", "7", "8"];
    expect(story(ended)).toEqual([
      "begin",
      ...steps.flatMap((i) => [`step ${i} start`, `step ${i} ok`]),
      "commit",
      "end 0",
    ]);
    expect(one.read(CONF)).toBe(edit.after);
    expect(statSync(join(one.root, CONF)).mode).toBe(mode);
    expect(statSync(join(one.root, "etc/release")).mtimeMs).toBe(release);
    const rows = ended.lines.filter((line) => line.startsWith("row ls"));
    expect(rows.some((row) => /^row ls -rw-r--r--\S* +\d+ nova +nova .* \/etc\/nova\/nova\.conf$/.test(row))).toBe(
      true,
    );
    expect(rows.some((row) => /^row ls drwxr-xr-x\S* +\d+ nova +nova .* \/export\/nova\/images$/.test(row))).toBe(true);
    expect(
      rows.some((row) => /^row ls -r-xr-xr-x\S* +\d+ root +bin .* \/lib\/svc\/method\/nova-cache-cleanup$/.test(row)),
    ).toBe(true);
    expect(ended.lines).toContain(`row datasets ${DATASET}\tquota\t${QUOTA}`);
    expect(ended.lines).toContain("row svc.cleaner restarter/state astring online");
    expect(ended.lines).toContain("fact conf.inforce /export/nova/images");
    expect(state(ended)).toBe("online");
    const backup = `nova.conf.novasweep-${RUN}`;
    expect(beside(one)).toEqual(["nova.conf", backup, `${backup}.json`]);
    expect(one.read(`etc/nova/${backup}`)).toBe(edit.before);
    expect(JSON.parse(one.read(`etc/nova/${backup}.json`))).toEqual({
      run: RUN,
      before: digestOf(Buffer.from(edit.before, "latin1")),
      after: digestOf(Buffer.from(edit.after, "latin1")),
      restart: "paid",
      since: expect.stringMatching(/^\d+\.\d{9}$/),
    });
    expect(lock(one)).toBe(false);
    await nothingLeft(one);
  });
});

describe.concurrent.each(targets)("a change that is cut short under %s", { timeout: 300_000 }, (_name, shell) => {
  test("that is ended by a signal during the restart is put back, and the service restarted again", async () => {
    const edit = editing();
    // The tool's parent is the script's shell; only the first restart is met by the signal.
    const once = join(edit.one.dir, "once");
    edit.one.replaceTool("SVCADM", `$real "$@"; [ -e '${once}' ] || { : >'${once}'; kill $PPID; /usr/bin/sleep 60; }`);
    const ended = await edit.one.run(shell, edit.script);
    expect(story(ended)).toContain("step 2 fail E_STOPPED ended by a signal");
    restored(ended, edit);
    const contract = ended.lines.find((line) => line.startsWith("row svc.nova restarter/contract"));
    expect(contract).not.toBe("row svc.nova restarter/contract count 97");
    await nothingLeft(edit.one);
  });

  test("whose script is killed leaves no watcher behind", async () => {
    const edit = editing();
    edit.one.replaceTool("SVCADM", "kill -s KILL $PPID");
    const ended = await edit.one.run(shell, edit.script);
    expect(story(ended).at(-1)).toBe("step 2 start");
    // A watcher wakes every 2 s.
    await nothingLeft(edit.one, 6000);
  });
});

/** What is the same work with another end. */
describe.concurrent.each(targets)("a change under %s", { timeout: 300_000 }, (_name, shell) => {
  test("that ends in maintenance is put back, and the service with it", async () => {
    const edit = editing({ fault: "restart-fails" });
    const ended = await edit.one.run(shell, edit.script);
    const failed = story(ended).find((line) => line.startsWith("step 2 fail"));
    expect(failed).toMatch(/^step 2 fail E_RESTART .* is maintenance: .*Method failed/);
    restored(ended, edit);
  });

  test("that makes nova-compute flap is put back", async () => {
    const edit = editing({ fault: "flapping" });
    const ended = await edit.one.run(shell, edit.script);
    // No times and no paths: equal failures of many nodes are one line on the screen.
    expect(story(ended).find((line) => line.startsWith("step 2 fail"))).toMatch(
      /^step 2 fail E_FLAPPING \S+ did not stay online for 2 s: (SMF gives no reason|Dependencies are not satisfied\.)$/,
    );
    restored(ended, edit);
  });

  test("that is ended by a signal before the restart is put back at once, and nothing is restarted", async () => {
    const edit = editing();
    const running = edit.one.start(shell, edit.script);
    await running.until("step 2 start");
    running.child.kill("SIGTERM");
    await running.until("step 2 fail");
    // A second one changes nothing.
    running.child.kill("SIGTERM");
    const ended = await running.ended;
    expect(story(ended)).toContain("step 2 fail E_STOPPED ended by a signal");
    restored(ended, edit);
    await nothingLeft(edit.one);
  });

  test("that su calls failed after the rename is put back, and what lies there decides", async () => {
    const edit = editing();
    // Both the rename of the edit and that of the restore.
    edit.one.replaceTool("SU", `$real "$@"; status=$?; case $* in *'exit 22'*) exit 1 ;; esac; exit $status`);
    const ended = await edit.one.run(shell, edit.script);
    expect(story(ended)).toContain("step 1 fail E_STEP exit status 1");
    restored(ended, edit);
  });

  test("that cannot write down whose lock it is does not begin", async () => {
    const edit = editing();
    const full = `for at in "$@"; do :; done; case $at in *novasweep.lock) /usr/bin/ln -s /dev/full "$at/record" ;; esac`;
    edit.one.replaceTool("MKDIR", `$real "$@" || exit 1; ${full}`);
    const ended = await edit.one.run(shell, edit.script);
    expect(story(ended)).toEqual(["begin", "refuse E_STEP the record of the lock could not be written", "end 3"]);
    expect(lock(edit.one)).toBe(false);
  });

  test("goes on to its end when the line is lost", async () => {
    const edit = editing();
    const running = edit.one.start(shell, edit.script);
    await running.until("step 1 start");
    running.child.kill("SIGHUP");
    running.child.stdout?.destroy();
    running.child.stderr?.destroy();
    const { status } = await running.ended;
    expect(status).toBe(0);
    expect(edit.one.read(CONF)).toBe(edit.after);
    expect(edit.one.read(`${CONF}.novasweep-${RUN}.json`)).toContain('"restart":"paid"');
    expect(lock(edit.one)).toBe(false);
  });

  test("with a service that stays in transition is left alone and called unknown", async () => {
    const edit = editing({ fault: "stuck" });
    const ended = await edit.one.run(
      shell,
      edit.script
        .replace("RESTART_LEAST_S=240", "RESTART_LEAST_S=3")
        .replace("RESTART_SLACK_S=60", "RESTART_SLACK_S=-178"),
    );
    expect(story(ended).slice(-2)).toEqual([
      expect.stringMatching(/^unknown .* is offline and changing to online after 2 s$/),
      "end 1",
    ]);
    expect(edit.one.read(CONF)).toBe(edit.after);
    expect(edit.one.read(`${CONF}.novasweep-${RUN}.json`)).toContain('"restart":"owed"');
    expect(lock(edit.one)).toBe(false);
  });
});

/** What never gets as far as a wait. */
describe.concurrent.each(targets)("a change that must not be under %s", { timeout: 300_000 }, (_name, shell) => {
  test("does nothing when the node is not as planned", async () => {
    const refusedWith = async (script: string, one: ShellNode): Promise<string> => {
      const ended = await one.run(shell, script);
      expect(story(ended)).toEqual(["begin", expect.stringMatching(/^refuse /), "end 3"]);
      expect(ended.lines).toContain("facts");
      expect(lock(one)).toBe(false);
      return story(ended)[1] ?? "";
    };
    const stale = editing({}, { expect: { confDigest: "0".repeat(64), bootedAt: "-", serviceState: "-" } });
    expect(await refusedWith(stale.script, stale.one)).toMatch(/^refuse E_STALE \/etc\/nova\/nova\.conf was changed: /);
    const boot = editing({}, { expect: { confDigest: "-", bootedAt: "1", serviceState: "-" } });
    expect(await refusedWith(boot.script, boot.one)).toMatch(/^refuse E_STALE the node booted at \d+, not at 1$/);
    const down = editing({ fault: "disabled" });
    expect(await refusedWith(down.script, down.one)).toMatch(/^refuse E_STALE .* is disabled, not online$/);
    const cleanerWas = async (inputs: string, method?: string): Promise<string> => {
      const edit = editing();
      if (method !== undefined) edit.one.write("lib/svc/method/nova-cache-cleanup", method);
      return await refusedWith(edit.script.replace("\nbegin\n", `\n${inputs}\nbegin\n`), edit.one);
    };
    expect(await cleanerWas("EXPECT_METHOD=-", "another's")).toBe(
      "refuse E_STALE /lib/svc/method/nova-cache-cleanup was not there, and is now",
    );
    expect(await cleanerWas(`EXPECT_METHOD=${digestOf("ours")}`, "another's")).toBe(
      `refuse E_STALE /lib/svc/method/nova-cache-cleanup was changed: ${digestOf("another's")}`,
    );
    expect(await cleanerWas(`EXPECT_METHOD=- EXPECT_MANIFEST=${digestOf("ours")}`)).toBe(
      "refuse E_STALE /lib/svc/manifest/site/nova-cache-cleanup.xml was changed: it cannot be read",
    );
    const busy = editing({ fault: "busy" });
    expect(await refusedWith(busy.script, busy.one)).toMatch(
      /^refuse E_BUSY an image is being downloaded: \/var\/lib\/nova\/images\/\S+\.downloading$/,
    );
    const installing = editing({ fault: "installing" });
    expect(await refusedWith(installing.script, installing.one)).toBe(
      "refuse E_BUSY zone being installed: instance-0000002a",
    );
  });

  test("waits for no lock, and takes over a stale one only when told to", async () => {
    const edit = editing();
    const booted = readFileSync(join(edit.one.state, "booted"), "utf8").trim();
    const record = (pid: number) =>
      `{"run":"other","controller":"c","user":"u","pid":${pid},"bootedAt":"${booted}","since":"s"}`;
    const write = (pid: number) => edit.one.write("system/volatile/novasweep.lock/record", `${record(pid)}\n`);
    write(process.pid);
    const held = await edit.one.run(shell, edit.script);
    expect(story(held)).toEqual(["begin", `refuse E_LOCKED held ${record(process.pid)}`, "end 3"]);
    expect(lock(edit.one)).toBe(true);
    // No process has this pid: it is beyond the largest one.
    write(99_999_999);
    const stale = await edit.one.run(shell, edit.script);
    expect(story(stale)).toEqual(["begin", `refuse E_LOCKED stale ${record(99_999_999)}`, "end 3"]);
    const taken = await edit.one.run(shell, edit.script.replace("BREAK_LOCK='0'", "BREAK_LOCK='1'"));
    expect(story(taken)[1]).toBe(`lock taken ${record(99_999_999)}`);
    expect(story(taken).slice(-2)).toEqual(["commit", "end 0"]);
    expect(lock(edit.one)).toBe(false);
    expect(readdirSync(join(edit.one.root, "system/volatile"))).toEqual([`novasweep.result-${RUN}-${SCRIPT}`]);
  });

  test("stops at the first step that fails, before nova.conf", async () => {
    const unwritable = editing({ fault: "not-writable" }, {}, places);
    const proof = await unwritable.one.run(shell, unwritable.script);
    expect(story(proof).slice(-2)).toEqual([
      expect.stringMatching(/^step w fail E_NOT_WRITABLE nova cannot write /),
      "end 1",
    ]);
    expect(unwritable.one.read(CONF)).toBe(unwritable.before);

    const kilo = node({ release: "kilo", layout: "varshare", fault: "quota-below-use" });
    const quota: Change = { kind: "dataset.quota", dataset: "rpool/VARSHARE/nova/images", from: 0, to: QUOTA };
    const low = await kilo.run(shell, applyOf([quota], { cacheDir: "/var/share/nova/images" }));
    expect(story(low).at(-2)).toMatch(/^step 1 fail E_QUOTA_BELOW_USE cannot set property for .*size is less than/);
    const moved = await kilo.run(shell, applyOf([{ ...quota, from: 7 }], { cacheDir: "/var/share/nova/images" }));
    expect(story(moved).at(-2)).toBe("step 1 fail E_STALE the quota of rpool/VARSHARE/nova/images is 0, not 7");
    const twice = await kilo.run(shell, applyOf([{ ...create, dataset: "rpool/VARSHARE/nova/images" }]));
    expect(story(twice).at(-2)).toMatch(/^step 1 fail E_STALE .*dataset already exists/);
  });

  test("makes no dataset over a directory that holds anything, or that cannot be listed", async () => {
    const full = node();
    full.write("export/nova/.kept", "");
    const ended = await full.run(shell, applyOf(places));
    expect(story(ended).at(-2)).toBe("step 1 fail E_OVERLAP /export/nova is not empty: .kept");
    expect(ended.lines).toContain(`unseen dataset:${DATASET} absent`);
    const dark = node();
    mkdirSync(join(dark.root, "export/nova"));
    dark.replaceTool("LS", '[ "$1" != -A ] || { echo "ls: I/O error" >&2; exit 2; }; exec $real "$@"');
    const unlisted = await dark.run(shell, applyOf(places));
    expect(story(unlisted).at(-2)).toBe("step 1 fail E_STEP /export/nova cannot be listed: ls: I/O error");
    expect(unlisted.lines).toContain(`unseen dataset:${DATASET} absent`);
  });

  test("keeps nova.conf's group, and stays out of a directory of root's that others may write", async () => {
    const group = editing();
    give(group.one, CONF, "nova root");
    const ended = await group.one.run(shell, group.script);
    expect(story(ended).at(-2)).toMatch(
      /^step 1 fail E_CONF_OWNER \S+ is -rw-r--r--\S* nova root, and would become -rw-r--r--\S* nova nova$/,
    );
    expect(group.one.read(CONF)).toBe(group.before);
    expect(beside(group.one)).toEqual(["nova.conf"]);
    const open = editing();
    give(open.one, "etc/nova", "root nova");
    chmodSync(join(open.one.root, "etc/nova"), 0o775);
    const kept = await open.one.run(shell, open.script);
    expect(story(kept).at(-2)).toMatch(
      /^step 1 fail E_CONF_OWNER \/etc\/nova is root's, and others may write in it: drwxrwxr-x/,
    );
    expect(beside(open.one)).toEqual(["nova.conf"]);
  });

  test("does not follow links, nor overwrite a nova.conf that changed at the last moment", async () => {
    const linked = node();
    mkdirSync(join(linked.root, "export/nova"));
    symlinkSync("/etc", join(linked.root, "export/nova/images"));
    const path = await linked.run(shell, applyOf([own("/export/nova/images")]));
    expect(story(path).at(-2)).toBe("step 1 fail E_PATH_LINK /export/nova/images is a link");

    const late = editing();
    // The digest of the file as it was is taken three times before the last look; then somebody edits it.
    late.one.replaceTool("MKTEMP", `echo '# by another' >>'${join(late.one.root, CONF)}'; exec $real "$@"`);
    const ended = await late.one.run(shell, late.script);
    expect(story(ended).at(-2)).toMatch(/^step 1 fail E_(STALE|STEP) /);
    expect(late.one.read(CONF)).toBe(`${late.before}# by another\n`);
    expect(beside(late.one)).toEqual(["nova.conf"]);
  });
});

describe.concurrent.each(shells.filter(([name]) => takesShell(name)))(
  "a tool that hangs under %s",
  { timeout: 300_000 },
  (_name, shell) => {
    test("ends its step at the step's deadline, and the node is left in order", async () => {
      const edit = editing({}, { stepTimeoutS: 5 });
      edit.one.replaceTool("MKTEMP", "/usr/bin/sleep 300");
      const ended = await edit.one.run(shell, edit.script);
      expect(story(ended).slice(1)).toEqual([
        "step w start",
        "step w ok",
        "step 1 start",
        expect.stringMatching(/^step 1 fail E_STEP_TIMEOUT not done in 5 s/),
        "end 1",
      ]);
      expect(edit.one.read(CONF)).toBe(edit.before);
      expect(lock(edit.one)).toBe(false);
      await nothingLeft(edit.one);
    });
  },
);

describe.concurrent.each(targets)("a tool that hangs for ever under %s", { timeout: 300_000 }, (_name, shell) => {
  test("ends the script at the host's deadline", async () => {
    // Longer than a busy machine takes to reach the step.
    const edit = editing({}, { hostTimeoutS: 40, stepTimeoutS: 300 });
    edit.one.replaceTool("MKTEMP", "/usr/bin/sleep 300");
    const ended = await edit.one.run(shell, edit.script);
    expect(story(ended).slice(-2)).toEqual(["step 1 fail E_HOST_TIMEOUT not done in 40 s", "end 1"]);
    expect(edit.one.read(CONF)).toBe(edit.before);
    await nothingLeft(edit.one);
  });
});

/** The rest is the same text in every shell: once, under the target's. */
const [ksh] = shells;
const [, target] = ksh ?? ["", []];

test.concurrent("of the backups the oldest and the newest four stay, each with its note", {
  timeout: 300_000,
}, async () => {
  const edit = editing();
  const runs = ["a", "b", "c", "d", "e", "f"].map((letter) => `20260101-00000${letter.charCodeAt(0) - 97}-aaaaaa`);
  for (const run of runs) {
    edit.one.write(`${CONF}.novasweep-${run}`, run);
    edit.one.write(`${CONF}.novasweep-${run}.json`, `{"run":"${run}","before":"0","after":"1","restart":"owed"}\n`);
  }
  const same = runs.at(-1) ?? "";
  const paid = { run: same, before: "0", after: digestOf(Buffer.from(edit.after, "latin1")), restart: "paid" };
  edit.one.write(`${CONF}.novasweep-${same}.json`, `${JSON.stringify({ ...paid, since: "1.000000000" })}\n`);
  const ended = await edit.one.run(target, edit.script);
  expect(story(ended).slice(-2)).toEqual(["commit", "end 0"]);
  const kept = [runs[0], ...runs.slice(-3), RUN];
  expect(beside(edit.one)).toEqual(
    ["nova.conf", ...kept.flatMap((run) => [`nova.conf.novasweep-${run}`, `nova.conf.novasweep-${run}.json`])].sort(),
  );
  const row = "row svc.nova restarter/state_timestamp time ";
  const since = ended.lines.findLast((line) => line.startsWith(row))?.slice(row.length);
  expect(since).toBeDefined();
  // Only of the file that the start has read it can be said that it has.
  for (const run of kept)
    expect(JSON.parse(edit.one.read(`${CONF}.novasweep-${run}.json`)), run).toEqual({
      run,
      before: run === RUN ? digestOf(Buffer.from(edit.before, "latin1")) : "0",
      after: run === RUN || run === same ? digestOf(Buffer.from(edit.after, "latin1")) : "1",
      restart: "paid",
      ...(run === RUN || run === same ? { since } : {}),
    });
});

test.concurrent("an edit that replaces bytes, at the start and at the end of a file without a last newline", async () => {
  for (const [offset, length, text] of [
    [0, 9, "[default]"],
    [20, 4, "four"],
    [27, 6, ""],
  ] as const) {
    const one = node();
    const before = "[DEFAULT]\nkey=value\nmore=\xe9\0 end.";
    one.write(CONF, before);
    const after = before.slice(0, offset) + text + before.slice(offset + length);
    const bytes = (piece: string): Buffer => Buffer.from(piece, "latin1");
    const { change } = confSet("x\n#glancecache_dirname\n");
    if (change.kind !== "conf.set") throw new Error("not an edit");
    const patch = {
      ...change.patch,
      offset,
      length,
      rangeDigest: digestOf(bytes(before.slice(offset, offset + length))),
      replacement: bytes(text).toString("base64"),
      after: digestOf(bytes(after)),
    };
    const ended = await one.run(
      target,
      applyOf([{ ...change, patch }], {
        cacheDir: "/var/lib/nova/images",
        expect: { confDigest: digestOf(bytes(before)), bootedAt: "-", serviceState: "-" },
      }),
    );
    expect(story(ended).slice(-3)).toEqual(["step 1 ok", "commit", "end 0"]);
    expect(one.read(CONF)).toBe(after);
  }
});

test.concurrent("the cleaner is installed again over an older one, disabled, and removed", {
  timeout: 300_000,
}, async () => {
  const one = node({ release: "kilo", layout: "varshare" });
  const at = { cacheDir: "/var/share/nova/images", stepTimeoutS: 12 };
  const first = await one.run(target, applyOf(cleaner, at));
  expect(story(first).slice(-2)).toEqual(["commit", "end 0"]);
  const again = await one.run(target, applyOf([...cleaner, { kind: "cleaner.disable" }], at));
  expect(story(again).slice(-2)).toEqual(["commit", "end 0"]);
  expect(again.lines).toContain("row svc.cleaner restarter/state astring disabled");
  const gone = await one.run(target, applyOf([{ kind: "cleaner.remove" }], at));
  expect(story(gone).slice(-2)).toEqual(["commit", "end 0"]);
  expect(gone.lines.some((line) => line.startsWith("unseen svc.cleaner absent"))).toBe(true);
  expect(existsSync(join(one.root, "lib/svc/method/nova-cache-cleanup"))).toBe(false);
});

test.concurrent("a policy is set and read again whatever its values hold, and only what a line can say", {
  timeout: 300_000,
}, async () => {
  const one = node();
  const at = { cacheDir: "/var/lib/nova/images" };
  const [install] = cleaner;
  if (install === undefined) throw new Error("no cleaner");
  const hostile = "a b\"\\ = $(reboot) `reboot` 'c' #;&|()^<>*";
  const configure = (properties: Record<string, string>): Change => ({ kind: "cleaner.configure", properties });
  const set = configure({ "config/dataset": hostile, "config/headroom": "42", "other/empty": "", "other/star": "*" });
  const ended = await one.run(target, applyOf([install, set], at));
  expect(story(ended).slice(-2)).toEqual(["commit", "end 0"]);
  const shown = hostile.replaceAll(/[;&()|^<> \\"'`]/g, "\\$&");
  expect(ended.lines).toContain(`row svc.cleaner config/dataset astring ${shown}`);
  expect(ended.lines).toContain("row svc.cleaner config/headroom count 42");
  for (const value of ["a\nsetprop config/headroom = count: 7", "a\tb"]) {
    const refused = await one.run(
      target,
      applyOf([configure({ "config/headroom": "9", "config/dataset": value })], at),
    );
    expect(story(refused).at(-2)).toBe("step 1 fail E_STEP config/dataset cannot be set");
    expect(refused.lines).toContain("row svc.cleaner config/headroom count 42");
  }
});

test.concurrent("what a killed step had begun to write is taken away", { timeout: 300_000 }, async () => {
  const here = (one: ShellNode, dir: string) => readdirSync(join(one.root, dir)).filter((name) => name.startsWith("."));
  const install = node();
  install.replaceTool("CHMOD", "/usr/bin/sleep 300");
  const first = await install.run(target, applyOf(cleaner, { cacheDir: "/var/lib/nova/images", stepTimeoutS: 5 }));
  expect(story(first).at(-2)).toMatch(/^step 1 fail E_STEP_TIMEOUT /);
  expect(here(install, "lib/svc/method")).toEqual([]);
  const proof = node();
  proof.replaceTool("DD", '$real "$@"; /usr/bin/sleep 300');
  const second = await proof.run(target, applyOf([], { cacheDir: "/var/lib/nova/images", stepTimeoutS: 5 }));
  expect(story(second).at(-2)).toMatch(/^step w fail E_STEP_TIMEOUT /);
  expect(here(proof, "var/lib/nova/images")).toEqual([]);
});

test.concurrent("what a run that died with its node left is taken away, and nothing else", {
  timeout: 300_000,
}, async () => {
  const edit = editing({});
  const dirs = ["etc/nova", "lib/svc/method", "lib/svc/manifest/site", "var/lib/nova/images"];
  const dead = ".novasweep-20250102-030405-abcdef";
  const others = [".novasweep-migrate", ".novasweep-20250102.d", ".novasweep-it's.mine"];
  const [conf = "", ...rest] = dirs;
  for (const dir of dirs) {
    mkdirSync(join(edit.one.root, dir), { recursive: true });
    writeFileSync(join(edit.one.root, dir, dir === rest.at(-1) ? dead : `${dead}.a_b.cX`), "connection=secret\n");
  }
  mkdirSync(join(edit.one.root, conf, others[1] ?? ""));
  for (const name of [others[0], others[2]]) writeFileSync(join(edit.one.root, conf, name ?? ""), "");
  symlinkSync("nova.conf", join(edit.one.root, conf, ".novasweep-1.link"));
  const ended = await edit.one.run(target, edit.script);
  expect(story(ended).slice(-2)).toEqual(["commit", "end 0"]);
  const left = dirs.flatMap((dir) => readdirSync(join(edit.one.root, dir)).filter((name) => name.startsWith(".")));
  expect(left.sort()).toEqual([...others, ".novasweep-1.link"].sort());
});

test.concurrent("a run that pays the restart of its own edit keeps that edit's backup and note", {
  timeout: 300_000,
}, async () => {
  const one = node();
  const after = digestOf(Buffer.from(one.read(CONF), "latin1"));
  one.write(`${CONF}.novasweep-${RUN}`, "the file before");
  one.write(`${CONF}.novasweep-${RUN}.json`, `{"run":"${RUN}","before":"0","after":"${after}","restart":"owed"}\n`);
  const pay: Change = { ...RESTART, because: "owed" };
  const ended = await one.run(target, applyOf([pay], { cacheDir: "/var/lib/nova/images" }));
  expect(story(ended).slice(-2)).toEqual(["commit", "end 0"]);
  expect(one.read(`${CONF}.novasweep-${RUN}`)).toBe("the file before");
  expect(JSON.parse(one.read(`${CONF}.novasweep-${RUN}.json`))).toMatchObject({ after, restart: "paid" });
});

test.concurrent("with nova-compute disabled everything but the restart is done", { timeout: 300_000 }, async () => {
  const edit = editing({ fault: "disabled" });
  const { change } = confSet(edit.before);
  const ended = await edit.one.run(
    target,
    applyOf([...cleaner, change], {
      cacheDir: "/var/lib/nova/images",
      expect: { confDigest: digestOf(Buffer.from(edit.before, "latin1")), bootedAt: "-", serviceState: "disabled" },
    }),
  );
  expect(story(ended).slice(-2)).toEqual(["commit", "end 0"]);
  expect(state(ended)).toBe("disabled");
  expect(ended.lines).toContain("row svc.cleaner restarter/state astring offline");
  expect(edit.one.read(`${CONF}.novasweep-${RUN}.json`)).toContain('"restart":"owed"');
});

test.concurrent("a file somebody else wrote meanwhile is not put back", { timeout: 300_000 }, async () => {
  const edit = editing({ fault: "restart-fails" });
  edit.one.replaceTool("SVCADM", `echo '# by another' >>'${join(edit.one.root, CONF)}'; exec $real "$@"`);
  const ended = await edit.one.run(target, edit.script);
  expect(story(ended).slice(-2)).toEqual([
    "restore fail E_STALE /etc/nova/nova.conf was changed by somebody else",
    "end 1",
  ]);
  expect(edit.one.read(CONF)).toContain("# by another");
});

test.concurrent("a file somebody else writes while it is put back stays", { timeout: 300_000 }, async () => {
  const edit = editing({ fault: "restart-fails" });
  const write = `echo '# by another' >>'${join(edit.one.root, CONF)}'`;
  edit.one.replaceTool("SU", `case $* in *'exit 21'*) ;; *'exit 22'*) ${write} ;; esac; exec $real "$@"`);
  const ended = await edit.one.run(target, edit.script);
  expect(story(ended).slice(-2)).toEqual([
    "restore fail E_STALE /etc/nova/nova.conf was changed by somebody else",
    "end 1",
  ]);
  expect(edit.one.read(CONF)).toBe(`${edit.after}# by another\n`);
});

test.concurrent("a restore reads nova.conf three times before it gives up", { timeout: 300_000 }, async () => {
  const failing = async (times: number) => {
    const edit = editing({ fault: "restart-fails" });
    const count = join(edit.one.dir, "count");
    edit.one.replaceTool("SVCADM", `[ -e '${count}' ] || echo 0 >'${count}'; exec $real "$@"`);
    const next = `read n <'${count}'; n=$((n + 1)); echo $n >'${count}'; [ $n -gt ${times} ] || exit 1`;
    edit.one.replaceTool("DIGEST", `if [ -e '${count}' ]; then ${next}; fi; exec $real "$@"`);
    return { edit, ended: await edit.one.run(target, edit.script) };
  };
  const twice = await failing(2);
  restored(twice.ended, twice.edit);
  const never = await failing(99);
  expect(story(never.ended).at(-2)).toMatch(/^restore fail E_STEP \/etc\/nova\/nova\.conf could not be read/);
  expect(beside(never.edit.one)).toContain(`nova.conf.novasweep-${RUN}`);
});

test.concurrent("a note is renamed into its place, never written through a link", { timeout: 300_000 }, async () => {
  const edit = editing();
  edit.one.write("etc/another", "another's\n");
  symlinkSync(join(edit.one.root, "etc/another"), join(edit.one.root, `${CONF}.novasweep-${RUN}.json`));
  const ended = await edit.one.run(target, edit.script);
  expect(story(ended).slice(-2)).toEqual(["commit", "end 0"]);
  expect(edit.one.read("etc/another")).toBe("another's\n");
  expect(lstatSync(join(edit.one.root, `${CONF}.novasweep-${RUN}.json`)).isFile()).toBe(true);
});

test.concurrent("a truncated upload runs nothing", async () => {
  const edit = editing();
  const { script } = edit;
  const inLastLine = [2, 5, 12, 17, 20, 22].map((left) => script.length - left);
  for (const cut of [300, script.indexOf("METHOD_TEXT=") + 20, script.indexOf("conf_build"), ...inLastLine]) {
    expect((await edit.one.run(target, script.slice(0, cut))).lines).toEqual([]);
  }
  expect(edit.one.read(CONF)).toBe(edit.before);
  expect(lock(edit.one)).toBe(false);
});
