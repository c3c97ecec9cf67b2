/** The steps of a rollback on a simulated node: an edit by one script, put back by another. */
import {
  chmodSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test, vi } from "vitest";
import type { Change } from "../../src/domain/change.ts";
import type { ApplyInputs } from "../../src/remote/script.ts";
import { takesDashToo, takesShell } from "../support/long.ts";
import {
  applyOf,
  confSet,
  digestOf,
  type Ended,
  makeShellNode,
  RUN,
  rollbackOf,
  type ShellNode,
  shells,
} from "../support/shell-node.ts";

// Nearly all of the time is waiting: for seconds of SMF, for a soak.
vi.setConfig({ maxConcurrency: 12 });

const made: ShellNode[] = [];
const node = (): ShellNode => {
  const one = makeShellNode();
  made.push(one);
  return one;
};
afterAll(() => {
  for (const one of made.splice(0)) one.remove();
});

const ROLLBACK = "20261122-111500-cd34ef";
const CONF = "etc/nova/nova.conf";
const BACKUP = `${CONF}.novasweep-${RUN}`;
const DATASET = "rpool/export/nova";
const SNAPSHOTS = "com.sun:auto-snapshot";
const RESTART: Change = { kind: "compute.restart", service: "nova-compute", because: "edit", timeoutS: 240, soakS: 0 };
const soon = { cacheDir: "/var/lib/nova/images", soakS: 0 } satisfies Partial<ApplyInputs>;

const story = (ended: Ended): readonly string[] =>
  ended.lines.filter((line) => !/^(fact|list|row|unseen|facts|alive)( |$)/.test(line));
const beside = (one: ShellNode): readonly string[] => readdirSync(join(one.root, "etc/nova")).sort();
const digest = (text: string): string => digestOf(Buffer.from(text, "latin1"));
const contract = (ended: Ended): string | undefined =>
  ended.lines.find((line) => line.startsWith("row svc.nova restarter/contract "));

/** A node whose nova.conf, mode 0640, a run has edited; and the script that puts it back. */
const edited = async (shell: readonly string[]) => {
  const one = node();
  const path = join(one.root, CONF);
  chmodSync(path, 0o640);
  utimesSync(path, 1_400_000_000, 1_400_000_000);
  const before = one.read(CONF);
  const { change, after } = confSet(before);
  const there = { bootedAt: "-", serviceState: "online" };
  const first = await one.run(
    shell,
    applyOf([change, RESTART], { ...soon, expect: { confDigest: digest(before), ...there } }),
  );
  expect(story(first).slice(-2), first.out + first.err).toEqual(["commit", "end 0"]);
  const mode = `-rw-r-----${first.lines.some((line) => /^row ls -rw-r-----\+/.test(line)) ? "+" : ""}`;
  const restore: Change = {
    kind: "conf.restore",
    path: "/etc/nova/nova.conf",
    run: RUN,
    from: digest(after),
    to: digest(before),
    owner: "nova",
    group: "nova",
    mode,
  };
  const back = (changes: readonly Change[] = [restore, RESTART]): string =>
    rollbackOf(changes, { ...soon, run: ROLLBACK, expect: { confDigest: digest(after), ...there } });
  return { one, before, after, first, restore, back };
};

describe.concurrent.each(shells.filter(([name]) => takesDashToo(name)))(
  "nova.conf under %s",
  { timeout: 300_000 },
  (_name, shell) => {
    test("comes back with its bytes, owner and mode, newer than before, and nova-compute is restarted", async () => {
      const { one, before, after, first, back } = await edited(shell);
      const ended = await one.run(shell, back());
      expect(story(ended), ended.out + ended.err).toEqual([
        ...["begin", "step 1 start", "step 1 ok", "step 2 start", "step 2 ok", "commit", "end 0"],
      ]);
      expect(one.read(CONF)).toBe(before);
      const { mode, mtimeMs } = statSync(join(one.root, CONF));
      expect(mode & 0o7777).toBe(0o640);
      // Else nobody could tell that it came after the start of nova-compute.
      expect(mtimeMs).toBeGreaterThan(1_500_000_000_000);
      expect(
        ended.lines.some((line) => /^row ls -rw-r-----\S* +\d+ nova +nova .* \/etc\/nova\/nova\.conf$/.test(line)),
      ).toBe(true);
      expect(ended.lines).toContain("fact conf.inforce /var/lib/nova/images");
      expect(contract(ended)).not.toBe(contract(first));
      const own = `nova.conf.novasweep-${ROLLBACK}`;
      const theirs = `nova.conf.novasweep-${RUN}`;
      expect(beside(one)).toEqual(["nova.conf", theirs, `${theirs}.json`, own, `${own}.json`]);
      expect(one.read(`etc/nova/${own}`)).toBe(after);
      expect(JSON.parse(one.read(`etc/nova/${own}.json`))).toEqual({
        run: ROLLBACK,
        before: digest(after),
        after: digest(before),
        restart: "paid",
        since: expect.stringMatching(/^\d+\.\d{9}$/),
      });
    });

    test("as the run left it is put in place again when the restart fails", async () => {
      const { one, after, back } = await edited(shell);
      const names = beside(one);
      const once = join(one.dir, "once");
      one.replaceTool(
        "SVCADM",
        `case $1 in restart) [ -e '${once}' ] || { : >'${once}'; echo 'svcadm: no' >&2; exit 1; } ;; esac; exec $real "$@"`,
      );
      const ended = await one.run(shell, back());
      expect(story(ended).slice(-5)).toEqual([
        ...["step 2 start", "step 2 fail E_RESTART svcadm: no", "restore start", "restore ok", "end 1"],
      ]);
      expect(one.read(CONF)).toBe(after);
      expect(statSync(join(one.root, CONF)).mode & 0o7777).toBe(0o640);
      expect(beside(one)).toEqual(names);
    });

    test("owes its restart when the script is killed before that", async () => {
      const { one, before, back } = await edited(shell);
      one.replaceTool("SVCADM", "kill -s KILL $PPID");
      await one.run(shell, back());
      expect(one.read(CONF)).toBe(before);
      expect(JSON.parse(one.read(`${CONF}.novasweep-${ROLLBACK}.json`))).toMatchObject({ restart: "owed" });
    });
  },
);

describe.concurrent.each(shells.filter(([name]) => takesShell(name)))(
  "a rollback under %s",
  { timeout: 300_000 },
  (_name, shell) => {
    const backup = (one: ShellNode): string => join(one.root, BACKUP);
    test.each<readonly [string, (one: ShellNode) => void, RegExp]>([
      ["without its backup", (one) => rmSync(backup(one)), /^step 1 fail E_STALE \S+ is not there, or no plain file$/],
      [
        "with another backup",
        (one) => writeFileSync(backup(one), "[DEFAULT]\n"),
        /^step 1 fail E_STALE \S+ is not what was saved: [0-9a-f]{64}$/,
      ],
      [
        "with a backup of another mode",
        (one) => chmodSync(backup(one), 0o644),
        /^step 1 fail E_CONF_OWNER \S+ is -rw-r--r--\S* nova nova, nova\.conf was -rw-r-----\S* nova nova$/,
      ],
      [
        "with a link for a backup",
        (one) => {
          rmSync(backup(one));
          symlinkSync("/etc/passwd", backup(one));
        },
        /^step 1 fail E_STALE \S+ is not there, or no plain file$/,
      ],
    ])("%s touches nothing", async (_what, spoil, words) => {
      const { one, after, back } = await edited(shell);
      spoil(one);
      const names = beside(one);
      const ended = await one.run(shell, back());
      expect(story(ended).at(-2), ended.out).toMatch(words);
      expect(one.read(CONF)).toBe(after);
      expect(beside(one)).toEqual(names);
    });

    test("of a file that somebody changed since does not begin, nor does one that changes at the last moment", async () => {
      const { one, after, back } = await edited(shell);
      writeFileSync(join(one.root, CONF), `${after}# by another\n`);
      const early = await one.run(shell, back());
      expect(story(early).at(-2)).toMatch(/^refuse E_STALE \/etc\/nova\/nova\.conf was changed: /);
      writeFileSync(join(one.root, CONF), after);
      one.replaceTool("TOUCH", `echo '# by another' >>'${join(one.root, CONF)}'; exec $real "$@"`);
      const late = await one.run(shell, back());
      expect(story(late).at(-2)).toMatch(/^step 1 fail E_STALE /);
      expect(readFileSync(join(one.root, CONF), "latin1")).toBe(`${after}# by another\n`);
    });

    test("takes quota and snapshot property off a dataset, and leaves what is neither", async () => {
      const one = node();
      const setUp: readonly Change[] = [
        { kind: "dataset.create", dataset: DATASET, mountpoint: "/export/nova", quotaBytes: 15 * 1024 ** 3 },
      ];
      const inputs = { ...soon, cacheDir: "/export/nova" };
      const own: Change = {
        kind: "directory.own",
        path: "/export/nova",
        dataset: DATASET,
        owner: "nova",
        group: "nova",
        mode: "0755",
      };
      const first = await one.run(shell, applyOf([...setUp, own], inputs));
      expect(story(first).at(-1), first.out).toBe("end 0");
      const quota = (from: number): Change => ({ kind: "dataset.quota", dataset: DATASET, from, to: 0 });
      const inherit = (from: string): Change => ({
        kind: "dataset.set",
        dataset: DATASET,
        property: SNAPSHOTS,
        from,
        to: "-",
      });
      const run = (...changes: Change[]) => one.run(shell, rollbackOf(changes, { ...inputs, run: ROLLBACK }));
      const strange = await run(inherit("true"));
      expect(story(strange).at(-2)).toBe(`step 1 fail E_STALE ${SNAPSHOTS} of ${DATASET} is false, not true`);
      const other = await run(quota(7));
      expect(story(other).at(-2)).toMatch(
        /^step 1 fail E_STALE the quota of rpool\/export\/nova is 16106127360, not 7$/,
      );
      const ended = await run(quota(15 * 1024 ** 3), inherit("false"));
      expect(story(ended).at(-1), ended.out).toBe("end 0");
      expect(ended.lines).toContain(`row datasets ${DATASET}\tquota\t0`);
      expect(ended.lines).toContain(`row datasets ${DATASET}\t${SNAPSHOTS}\t-`);
      // What is done already is done.
      expect(story(await run(quota(15 * 1024 ** 3), inherit("false"))).at(-1)).toBe("end 0");
    });
  },
);
