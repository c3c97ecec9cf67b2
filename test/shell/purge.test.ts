/** A purge as a node runs it, from the look to the closing look: what goes, what is said of it, and what a signal leaves. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test, vi } from "vitest";
import type { Facts } from "../../src/domain/facts.ts";
import type { HostPlan } from "../../src/domain/plan.ts";
import type { PurgeAsked } from "../../src/domain/purge/asked.ts";
import { decidePurge } from "../../src/domain/purge/decide.ts";
import { defaultSettings } from "../../src/domain/settings.ts";
import { parseTools } from "../../src/remote/script.ts";
import { isLong, takesShell } from "../support/long.ts";
import {
  type Ended,
  factsOf,
  makeShellNode,
  purgeLookOf,
  purgeOf,
  RUN,
  type ShellNode,
  shells,
} from "../support/shell-node.ts";

vi.setConfig({ maxConcurrency: 6 });

const OLD = "/var/lib/nova/images";
const MIB = 1024 ** 2;
const DAY_S = 86_400;
const legacy: PurgeAsked = { subject: "legacy", includeForeign: [] };
const image = (n: number): string => `${n.toString(16).padStart(8, "0")}-aaaa-4bbb-8ccc-dddddddddddd`;
type Shell = readonly string[];
const tools = parseTools(
  readFileSync(fileURLToPath(new URL("../../src/remote/sh/tools.txt", import.meta.url)), "utf8"),
);
/** Nothing is open. The lab's own looks at every process of the machine for each file. */
const quickFuser = `case "$*" in */etc/passwd) exec $real "$@" ;; esac
for name in "$@"; do echo "$name:" >&2; done
echo`;

/** A node whose cache is at /export/nova/images, with `count` images of a MiB in the old one. */
const onNode = async (count: number, act: (one: ShellNode, old: string) => Promise<void>): Promise<void> => {
  const one = makeShellNode();
  try {
    const conf = one.read("etc/nova/nova.conf");
    one.write(
      "etc/nova/nova.conf",
      conf.replace("[DEFAULT]\n", "[DEFAULT]\nglancecache_dirname=/export/nova/images\n"),
    );
    // Before nova-compute started.
    utimesSync(join(one.root, "etc/nova/nova.conf"), 1_446_300_000, 1_446_300_000);
    mkdirSync(join(one.root, "export/nova/images"), { recursive: true });
    const old = join(one.root, OLD);
    execFileSync("find", [old, "-mindepth", "1", "-delete"]);
    for (let n = 1; n <= count; n++) put(old, image(n), 100 - (n % 50));
    one.replaceTool("FUSER", quickFuser);
    one.replaceTool("RM", 'exec /bin/rm "$@"');
    await act(one, old);
  } finally {
    one.remove();
  }
};

const put = (dir: string | Buffer, name: string | Buffer, days = 100, bytes = MIB): void => {
  const path = Buffer.concat([Buffer.from(`${dir}/`), Buffer.from(name)]);
  writeFileSync(path, "");
  truncateSync(path, bytes);
  const then = Math.floor(Date.now() / 1000) - days * DAY_S;
  utimesSync(path, then, then);
};

const look = async (one: ShellNode, shell: Shell, breakStaleLock = false): Promise<HostPlan> =>
  decide(factsOf(await one.run(shell, purgeLookOf(legacy))), breakStaleLock);
const decide = (facts: Facts, breakStaleLock = false): HostPlan =>
  decidePurge(facts, {
    host: "cn01",
    settings: defaultSettings,
    asked: legacy,
    accepted: { thisBootEnvironment: false, breakStaleLock },
  });
/** The script that carries out what a look comes to. */
const scriptOf = (
  plan: HostPlan,
  more: { readonly breakLock?: boolean; readonly hostTimeoutS?: number } = {},
): string => {
  if (plan.verdict !== "change") throw new Error(JSON.stringify(plan));
  return purgeOf(legacy, plan.changes, more);
};

/** Has every tool of the prelude written down when it is called, also by a shell of another user. */
const counting = (one: ShellNode): (() => ReadonlyMap<string, number>) => {
  const calls = join(one.dir, "calls");
  writeFileSync(calls, "", { mode: 0o666 });
  for (const { name } of tools)
    if (name !== "RM" && name !== "FUSER") one.replaceTool(name, `echo ${name} >>'${calls}'; exec $real "$@"`);
  one.replaceTool("RM", `echo RM >>'${calls}'; exec /bin/rm "$@"`);
  one.replaceTool("FUSER", `echo FUSER >>'${calls}'\n${quickFuser}`);
  return () => {
    const counts = new Map<string, number>();
    for (const name of readFileSync(calls, "utf8").trim().split("\n")) counts.set(name, (counts.get(name) ?? 0) + 1);
    return counts;
  };
};

/** NAME BYTES SECONDS of every file a script said it removed. */
const removed = (ended: Ended): readonly (readonly [string, number, number])[] =>
  ended.lines
    .filter((line) => line.startsWith("removed "))
    .flatMap((line) => [...line.matchAll(/ (\S+) (\d+) (\d+)/g)])
    .map(([, name = "", bytes, at]) => [name, Number(bytes), Number(at)]);
const told = (ended: Ended): readonly string[] =>
  ended.lines.filter((line) => /^(step|purged|refuse|commit|lock|end)\b/.test(line));
const lockOf = (one: ShellNode): readonly string[] =>
  readdirSync(join(one.root, "system/volatile")).filter((name) => name.startsWith("novasweep.lock"));

/** Its second batch stands still when 50 of it are gone, until the test writes to `gate`. */
const stopInTheMiddle = (one: ShellNode): { readonly hung: string; readonly gate: string } => {
  const [hung, gate, first] = ["hung", "gate", "first"].map((name) => join(one.dir, name)) as [string, string, string];
  execFileSync("mkfifo", [gate]);
  chmodSync(gate, 0o666);
  one.replaceTool(
    "RM",
    `case "$*" in *' ./'*) ;; *) exec $real "$@" ;; esac
if [ ! -e '${first}' ] || [ -e '${hung}' ]; then : >'${first}'; exec /bin/rm "$@"; fi
shift 2
for name in "$@"; do
  [ $((count = \${count:-0} + 1)) -le 50 ] && /bin/rm -f -- "$name"
done
: >'${hung}'
read -r _ <'${gate}'
exec /bin/rm -f -- "$@"`,
  );
  return { hung, gate };
};
const untilHung = (path: string): Promise<void> =>
  vi.waitFor(() => expect(readFileSync(path, "utf8")).toBe(""), { timeout: 240_000, interval: 20 });
/** Opens the gate for whoever waits at it. */
const open = (gate: string): void => {
  execFileSync("/usr/bin/dash", ["-c", `echo go >'${gate}'`], { timeout: 60_000 });
};

describe.concurrent.each(shells.filter(([name]) => takesShell(name)))("a purge under %s", (_name, shell) => {
  test("takes out every image in batches, tells each with size and time, and finds nothing more", () =>
    onNode(450, async (one, old) => {
      put(old, `${image(9000)}.downloading`, 20, 512);
      const strange = ["-rf", ".hidden", "a b", "*", "quo'te\"", " ", "möhre"].map((name) => Buffer.from(name));
      for (const name of [...strange, Buffer.from("a\nb"), Buffer.from([0x78, 0xff])]) put(old, name, 30, 512);
      mkdirSync(join(old, image(9001)));
      const plan = await look(one, shell);
      expect(plan).toMatchObject({ verdict: "change", changes: [{ kind: "legacy.remove", files: 451 }] });
      const [note = ""] = plan.verdict === "change" ? plan.notes : [];
      expect(note).toMatch(/^\/var\/lib\/nova\/images keeps 10 entries that are no images: /);
      const ended = await one.run(shell, scriptOf(plan));
      expect(told(ended)).toEqual([
        "step 1 start",
        expect.stringMatching(/^purged 1 451 \d+ \d+$/),
        "step 1 ok",
        "commit",
        "end 0",
      ]);
      const [, , , bytes, freed] = told(ended)[1]?.split(" ").map(Number) ?? [];
      expect([bytes, freed]).toEqual([450 * MIB + 512, 450 * MIB + 512]);
      const files = removed(ended);
      expect(files.map(([name]) => name).sort()).toEqual(
        [...Array.from({ length: 450 }, (_, at) => image(at + 1)), `${image(9000)}.downloading`].sort(),
      );
      expect(files.reduce((all, [, size]) => all + size, 0)).toBe(bytes);
      const days = Math.round((Date.now() / 1000 - (files.find(([name]) => name === image(7))?.[2] ?? 0)) / DAY_S);
      expect(days).toBe(93);
      const left = readdirSync(old, { encoding: "buffer" }).map((name) => name.toString("latin1"));
      expect(left.sort()).toEqual(
        [...strange.map((name) => name.toString("latin1")), "a\nb", "x\xff", image(9001)].sort(),
      );
      const facts = factsOf(ended);
      const place = facts.purge?.places[OLD];
      expect(place).toMatchObject({ value: { images: { count: 0 }, markers: { count: 0 }, foreign: { count: 10 } } });
      const names = place?.seen ? place.value.foreign.first.map(({ name }) => name) : [];
      expect(names).toEqual(expect.arrayContaining(["-rf", "a?b", "x?", "m??hre", "*", " "]));
      expect(decide(facts).verdict).toBe("in-sync");
      expect(lockOf(one)).toEqual([]);
    }));

  test("TERM in the middle of a batch: what went is told, the lock is given back, the next one finishes", () =>
    onNode(450, async (one, old) => {
      const { hung } = stopInTheMiddle(one);
      const running = one.start(shell, scriptOf(await look(one, shell)));
      await untilHung(hung);
      running.child.kill("SIGTERM");
      const ended = await running.ended;
      const gone = 450 - readdirSync(old).length;
      expect(gone).toBe(250);
      expect(told(ended)).toEqual([
        "step 1 start",
        `purged 1 250 ${250 * MIB} -`,
        "step 1 fail E_STOPPED ended by a signal",
        "end 1",
      ]);
      const there = new Set(readdirSync(old));
      expect(removed(ended).filter(([name]) => there.has(name))).toEqual([]);
      expect(new Set(removed(ended).map(([name]) => name)).size).toBe(250);
      expect(lockOf(one)).toEqual([]);
      const next = await one.run(shell, scriptOf(await look(one, shell)));
      expect(told(next).at(-1)).toBe("end 0");
      expect(readdirSync(old)).toEqual([]);
    }));

  test("HUP and PIPE do not end it", () =>
    onNode(450, async (one, old) => {
      const { hung, gate } = stopInTheMiddle(one);
      const running = one.start(shell, scriptOf(await look(one, shell)));
      await untilHung(hung);
      running.child.kill("SIGHUP");
      running.child.kill("SIGPIPE");
      open(gate);
      const ended = await running.ended;
      expect(told(ended).at(-1)).toBe("end 0");
      expect(removed(ended)).toHaveLength(450);
      expect([readdirSync(old), lockOf(one)]).toEqual([[], []]);
    }));

  test("KILL leaves the lock, which the next one takes over when it may, and finishes", () =>
    onNode(450, async (one, old) => {
      const { hung, gate } = stopInTheMiddle(one);
      const plan = await look(one, shell);
      const running = one.start(shell, scriptOf(plan));
      await untilHung(hung);
      running.child.kill("SIGKILL");
      open(gate);
      expect((await running.ended).signal).toBe("SIGKILL");
      await vi.waitFor(() => expect(readdirSync(old)).toHaveLength(50), { timeout: 60_000, interval: 20 });
      expect(await look(one, shell)).toMatchObject({ verdict: "refuse", refusals: [{ code: "E_LOCKED" }] });
      const refused = await one.run(shell, scriptOf(plan).replaceAll(RUN, "20261122-101501-ab12ce"));
      expect(told(refused)).toEqual([expect.stringMatching(/^refuse E_LOCKED stale /), "end 3"]);
      const ended = await one.run(shell, scriptOf(await look(one, shell, true), { breakLock: true }));
      expect(told(ended).filter((line) => !line.startsWith("lock taken"))).toEqual([
        "step 1 start",
        // ZFS counts late: what the killed one removed may count as freed by this one.
        expect.stringMatching(new RegExp(`^purged 1 50 ${50 * MIB} (${50 * MIB}|${450 * MIB})$`)),
        "step 1 ok",
        "commit",
        "end 0",
      ]);
      expect([readdirSync(old), lockOf(one)]).toEqual([[], []]);
    }));

  test("a directory that its owner may not write: rm's words, and nothing is gone", () =>
    onNode(5, async (one, old) => {
      chmodSync(old, 0o555);
      one.replaceTool("RM", 'exec $real "$@"');
      const ended = await one.run(shell, scriptOf(await look(one, shell)));
      expect(told(ended)).toEqual([
        "step 1 start",
        "purged 1 0 0 0",
        expect.stringMatching(/^step 1 fail E_STEP 5 of its files could not be removed: rm: .*Permission denied$/),
        "end 1",
      ]);
      expect(removed(ended)).toEqual([]);
      expect(readdirSync(old)).toHaveLength(5);
      chmodSync(old, 0o755);
    }));
});

/** A tool is called as often in each shell: the target's own. */
const [, shell] = shells[0] ?? ["", []];
/** Images, and batches of 200: the tools are counted by the batch. */
const IMAGES = isLong ? 3_000 : 1_000;
const BATCHES = IMAGES / 200;

test(`${IMAGES} images: a handful of processes a batch of 200`, () =>
  onNode(IMAGES, async (one, old) => {
    const plan = await look(one, shell);
    const calls = counting(one);
    const script = scriptOf(plan, { hostTimeoutS: 900 });
    expect(script.length).toBeLessThan(200_000);
    const ended = await one.run(shell, script);
    expect(told(ended).at(-1)).toBe("end 0");
    expect(removed(ended)).toHaveLength(IMAGES);
    expect(readdirSync(old)).toEqual([]);
    const counts = calls();
    // What a batch is made of: fuser, zoneadm, ls, rm, su, and nawk to judge, to read rm's words and to tell.
    for (const name of ["FUSER", "ZONEADM", "SU", "RM", "MV"])
      expect(counts.get(name), name).toBeLessThanOrEqual(BATCHES + 2);
    expect(counts.get("LS")).toBeLessThanOrEqual(BATCHES + 10);
    expect(counts.get("NAWK")).toBeLessThanOrEqual(3 * BATCHES + 15);
    // Waits go with time, not with what it does.
    const all = [...counts].reduce((sum, [name, count]) => (name === "SLEEP" ? sum : sum + count), 0);
    expect(all).toBeLessThanOrEqual(12 * BATCHES + 60);
  }));
