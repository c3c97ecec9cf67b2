/** What a rollout does before nova.conf is edited: waits until nothing is deployed, and copies the old cache's images. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import type { Change } from "../../src/domain/change.ts";
import { takesShell } from "../support/long.ts";
import {
  applyOf,
  confSet,
  digestOf,
  type Ended,
  factsOf,
  makeShellNode,
  own,
  type ShellNode,
  shells,
} from "../support/shell-node.ts";

// Nearly all of the time is waiting.
vi.setConfig({ maxConcurrency: 12 });

const CONF = "etc/nova/nova.conf";
const DATASET = "rpool/export/nova";
const OLD = "var/lib/nova/images";
const NEW = "export/nova/images";
const MIB = 1024 ** 2;
const uuid = (n: number): string => `${n.toString(16).padStart(8, "0")}-aaaa-4bbb-8ccc-dddddddddddd`;

const places: readonly Change[] = [
  { kind: "dataset.create", dataset: DATASET, mountpoint: "/export/nova", quotaBytes: 1024 * MIB },
  own("/export/nova"),
  own("/export/nova/images"),
];
const migrate = (more: Partial<Extract<Change, { kind: "cache.migrate" }>> = {}): Change => ({
  kind: "cache.migrate",
  from: `/${OLD}`,
  to: `/${NEW}`,
  owner: "nova",
  dataset: DATASET,
  quotaBytes: 1024 * MIB,
  headroomBytes: 512 * MIB,
  timeoutS: 100,
  ...more,
});

const onNode = async (act: (one: ShellNode) => Promise<void>): Promise<void> => {
  const one = makeShellNode({ release: "juno" });
  try {
    await act(one);
  } finally {
    one.remove();
  }
};
/** More files in the old cache: size in MiB and age in days of each. */
const oldCache = (one: ShellNode, images: Readonly<Record<string, readonly [mib: number, days: number]>>): void => {
  const dir = join(one.root, OLD);
  for (const [name, [mib, days]] of Object.entries(images)) {
    const path = join(dir, name);
    writeFileSync(path, Buffer.alloc(mib * MIB, name));
    const at = Date.now() / 1000 - days * 86_400;
    utimesSync(path, at, at);
  }
};
const steps = (ended: Ended): readonly string[] => ended.lines.filter((line) => /^(step|refuse) /.test(line));
const copies = (one: ShellNode): readonly string[] => readdirSync(join(one.root, NEW)).sort();
describe.concurrent.each(shells.filter(([name]) => takesShell(name)))("before the edit under %s", (_name, shell) => {
  test("a zone that is being installed is waited for, then the change goes its way", () =>
    onNode(async (one) => {
      const before = one.read(CONF);
      const zones = join(one.state, "zones");
      const idle = readFileSync(zones, "utf8");
      writeFileSync(zones, `${idle}web incomplete /zones/web - solaris excl\n`);
      // The third look finds it done; no second of waiting is spent.
      one.replaceTool(
        "ZONEADM",
        `echo x >>'${one.dir}/looks'; [ "$(/usr/bin/wc -l <'${one.dir}/looks')" -lt 3 ] || printf '%s' '${idle.trimEnd()}\n' >'${zones}'; exec $real "$@"`,
      );
      one.replaceTool("SLEEP", 'case $1 in 10) set -- 0 ;; esac; exec $real "$@"');
      const script = applyOf([confSet(before).change], {
        expect: { confDigest: digestOf(Buffer.from(before, "latin1")), bootedAt: "-", serviceState: "-" },
        cacheDir: `/${OLD}`,
        waitIdleS: 60,
      });
      const ended = await one.run(shell, script);
      expect(steps(ended)).toEqual([
        "step i start zone being installed: web",
        "step i ok",
        "step w start",
        "step w ok",
        "step 1 start",
        "step 1 ok",
      ]);
      expect(ended.lines.at(-1)).toBe("end 0");
    }));

  test("a node that stays busy is refused when the time is up, and says how long it was waited for", () =>
    onNode(async (one) => {
      const before = one.read(CONF);
      writeFileSync(join(one.state, "zones"), "web incomplete /zones/web - solaris excl\n");
      one.replaceTool("SLEEP", 'case $1 in 10 | 5) set -- 0 ;; esac; exec $real "$@"');
      const ended = await one.run(shell, applyOf([confSet(before).change], { cacheDir: `/${OLD}`, waitIdleS: 25 }));
      expect(steps(ended)).toEqual([
        "step i start zone being installed: web",
        "refuse E_BUSY zone being installed: web (waited 25 s)",
      ]);
      expect(one.read(CONF)).toBe(before);
      expect(existsSync(join(one.root, "system/volatile/novasweep.lock"))).toBe(false);
    }));

  test("a line that is cut while it waits ends it, and nothing is begun", () =>
    onNode(async (one) => {
      const before = one.read(CONF);
      writeFileSync(join(one.state, "zones"), "web incomplete /zones/web - solaris excl\n");
      one.replaceTool("SLEEP", 'case $1 in 10) set -- 0.2 ;; esac; exec $real "$@"');
      const running = one.start(shell, applyOf([confSet(before).change], { cacheDir: `/${OLD}`, waitIdleS: 100_000 }));
      await running.until("step i start");
      running.child.stdout?.destroy();
      await running.ended;
      expect(one.read(CONF)).toBe(before);
      expect(existsSync(join(one.root, "system/volatile/novasweep.lock"))).toBe(false);
    }));

  test("a node that was drained while it was waited for is not as planned any more", () =>
    onNode(async (one) => {
      const zones = join(one.state, "zones");
      const idle = readFileSync(zones, "utf8");
      writeFileSync(zones, `${idle}web incomplete /zones/web - solaris excl\n`);
      one.write(CONF, `${one.read(CONF)}# changed\n`);
      one.replaceTool(
        "SLEEP",
        `case $1 in 10) set -- 0; printf '%s' '${idle.trimEnd()}\n' >'${zones}'; echo '# again' >>'${join(one.root, CONF)}' ;; esac; exec $real "$@"`,
      );
      const confDigest = digestOf(Buffer.from(one.read(CONF), "latin1"));
      const expected = { confDigest, bootedAt: "-", serviceState: "-" };
      const ended = await one.run(shell, applyOf([], { cacheDir: `/${OLD}`, waitIdleS: 60, expect: expected }));
      expect(steps(ended).slice(0, 3)).toEqual([
        "step i start zone being installed: web",
        "step i ok",
        expect.stringMatching(/^refuse E_STALE \/etc\/nova\/nova\.conf was changed/),
      ]);
    }));

  test("a cache that cannot be listed is not an idle one", () =>
    onNode(async (one) => {
      one.replaceTool("LS", 'case "$*" in *-AE*) echo "ls: I/O error" >&2; exit 2 ;; esac; exec $real "$@"');
      const ended = await one.run(shell, applyOf([], { cacheDir: `/${OLD}` }));
      expect(steps(ended)).toEqual(["refuse E_BUSY the caches could not be looked at"]);
      expect(factsOf(ended).directories[`/${OLD}`]).toMatchObject({
        value: { images: { seen: false, why: "failed", detail: "it could not be listed" } },
      });
    }));

  test("a marker that nobody wrote to for a day holds up nobody; one of today does", () =>
    onNode(async (one) => {
      const marker = join(one.root, OLD, `${uuid(1)}.downloading`);
      writeFileSync(marker, "");
      const age = (days: number): void => utimesSync(marker, 1, Date.now() / 1000 - days * 86_400);
      age(2);
      expect(steps(await one.run(shell, applyOf([], { cacheDir: `/${OLD}` })))).toEqual(["step w start", "step w ok"]);
      age(0.5);
      expect(steps(await one.run(shell, applyOf([], { cacheDir: `/${OLD}` })))).toEqual([
        `refuse E_BUSY an image is being downloaded: /${OLD}/${uuid(1)}.downloading`,
      ]);
    }));

  test("images are copied whole, with their times, newest first, as far as there is room", () =>
    onNode(async (one) => {
      oldCache(one, {
        [uuid(1)]: [1, 1],
        [uuid(2)]: [3, 2],
        [uuid(3)]: [1, 3],
        [uuid(4)]: [1, 4],
        [`${uuid(4)}.downloading`]: [0, 5],
        [`${uuid(5)}.downloading`]: [1, 5],
        "notes.txt": [1, 1],
      });
      const ended = await one.run(
        shell,
        applyOf([...places, migrate({ headroomBytes: 1024 * MIB - (2 * MIB + 512 * 1024) })]),
      );
      const said = ended.lines.find((line) => line.startsWith("step 4 ok")) ?? "";
      // The node's own three images are larger than the room, as is the second one.
      expect(said).toMatch(/^step 4 ok copied 2 of \d+ images, 2 MiB; no room for \d+$/);
      expect(copies(one)).toEqual([uuid(1), uuid(3)]);
      for (const n of [1, 3]) {
        const [from, to] = [OLD, NEW].map((dir) => join(one.root, dir, uuid(n)));
        expect(readFileSync(to ?? "").equals(readFileSync(from ?? ""))).toBe(true);
        expect(Math.floor(statSync(to ?? "").mtimeMs)).toBe(Math.floor(statSync(from ?? "").mtimeMs));
      }
      const directory = factsOf(ended).directories[`/${NEW}`];
      expect(directory).toMatchObject({ value: { images: { value: { count: 2, busy: [] } } } });
    }));

  test("a whole copy is kept, a part is replaced; a copy that fails leaves nothing and fails nobody", () =>
    onNode(async (one) => {
      oldCache(one, { [uuid(1)]: [1, 1], [uuid(2)]: [1, 2] });
      await one.run(shell, applyOf(places));
      one.write(`${NEW}/${uuid(1)}`, "the beginning");
      utimesSync(join(one.root, NEW, uuid(1)), 1, 1_400_000_000);
      one.write(`${NEW}/.novasweep-migrate`, "of a run that was killed");
      one.replaceTool("CMP", `case "$*" in *${uuid(2)}*) echo differ >&2; exit 1 ;; esac; exec $real "$@"`);
      const ended = await one.run(shell, applyOf([migrate()]));
      expect(ended.lines.find((line) => line.startsWith("step 1 ok"))).toMatch(
        /^step 1 ok copied \d of \d images, \d+ MiB(; no room for \d)?; 1 failed: .*differ/,
      );
      expect(readFileSync(join(one.root, NEW, uuid(1)))).toEqual(readFileSync(join(one.root, OLD, uuid(1))));
      expect(copies(one)).not.toContain(uuid(2));
      const again = await one.run(shell, applyOf([migrate()]));
      expect(again.lines.find((line) => line.startsWith("step 1 ok"))).toMatch(
        / copied 0 of \d images, 0 MiB; [1-9] were there/,
      );
      expect(copies(one).filter((name) => name.startsWith("."))).toEqual([]);
    }));

  test("what is still growing, or grows while it is copied, is left; a link and a folder stay what they are", () =>
    onNode(async (one) => {
      oldCache(one, { [uuid(1)]: [1, 1], [uuid(2)]: [1, 2], [uuid(3)]: [1, 3], [uuid(4)]: [1, 4] });
      await one.run(shell, applyOf(places));
      mkdirSync(join(one.root, NEW, uuid(3)));
      symlinkSync("/etc/passwd", join(one.root, NEW, uuid(4)));
      // A download that begins after the node was found idle, under its final name; and an image that is written to
      // while it is copied.
      const [young = "", grown = ""] = [uuid(9), uuid(2)].map((name) => join(one.root, OLD, name));
      one.replaceTool(
        "ZFS",
        `case "$*" in *available*) [ -f ${young} ] || echo part >${young} ;; esac; exec $real "$@"`,
      );
      one.replaceTool("CMP", `$real "$@" || exit; case "$*" in *${uuid(2)}*) echo more >>${grown} ;; esac`);
      const ended = await one.run(shell, applyOf([migrate()]));
      const said = ended.lines.find((line) => line.startsWith("step 1 ok"));
      expect(said).toMatch(/; 2 failed: /);
      const have = copies(one);
      expect(have).toContain(uuid(1));
      for (const name of [uuid(2), uuid(9)]) expect(have).not.toContain(name);
      expect(readdirSync(join(one.root, NEW, uuid(3)))).toEqual([]);
      expect(lstatSync(join(one.root, NEW, uuid(4))).isFile()).toBe(true);
      expect(readFileSync("/etc/passwd", "utf8")).not.toContain(uuid(4));
      expect(have.filter((name) => name.startsWith("."))).toEqual([]);
    }));

  test("keeps the times of use, by which the cleaner goes", () =>
    onNode(async (one) => {
      oldCache(one, { [uuid(1)]: [1, 1], [uuid(2)]: [1, 2] });
      const used = Date.now() / 1000 - 40 * 86_400;
      utimesSync(join(one.root, OLD, uuid(1)), used, Date.now() / 1000 - 50 * 86_400);
      await one.run(shell, applyOf([...places, migrate()]));
      const { atimeMs, mtimeMs } = statSync(join(one.root, NEW, uuid(1)));
      expect(Math.round((Date.now() - atimeMs) / 86_400_000)).toBe(40);
      expect(Math.round((Date.now() - mtimeMs) / 86_400_000)).toBe(50);
    }));

  test("an old cache that cannot be listed is told, and the change goes on", () =>
    onNode(async (one) => {
      one.replaceTool("LS", 'case "$*" in *-Et*) echo "ls: I/O error" >&2; exit 2 ;; esac; exec $real "$@"');
      const ended = await one.run(shell, applyOf([...places, migrate()]));
      expect(ended.lines).toContain(`step 4 ok copied no image: /${OLD} cannot be listed: exit status 1`);
      expect(ended.lines.at(-1)).toBe("end 0");
    }));

  test("when the time is up the rest is left, and the change goes on", () =>
    onNode(async (one) => {
      oldCache(one, { [uuid(1)]: [1, 1] });
      const ended = await one.run(shell, applyOf([...places, migrate({ timeoutS: 0 })]));
      expect(ended.lines.find((line) => line.startsWith("step 4 ok"))).toMatch(
        /^step 4 ok copied 0 of \d images, 0 MiB; no time for \d$/,
      );
      expect(ended.lines.at(-1)).toBe("end 0");
    }));
});
