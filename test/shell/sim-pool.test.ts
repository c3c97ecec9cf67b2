/** What the simulators say of a cache's files: mounts, ls, who holds a file, and what snapshots hold when it is removed. */
import { spawn } from "node:child_process";
import {
  appendFileSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { NodeSpec } from "../../src/lab/node-spec.ts";
import { replacePrelude } from "../../src/lab/prelude.ts";
import { eventually, makeSimNode, type SimNode } from "../support/sim-node.ts";

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;
const DATASET = "rpool/ROOT/solaris/var";
const CACHE = "var/lib/nova/images";
/** Seconds, exactly: a file of whole seconds. */
const LONG_AGO_S = 1_400_000_000;
const nodes: SimNode[] = [];
const make = (spec: Partial<NodeSpec> = {}): SimNode => {
  const node = makeSimNode(spec);
  nodes.push(node);
  return node;
};
afterEach(() => {
  for (const node of nodes.splice(0)) node.remove();
});

const imagesOf = (node: SimNode): readonly string[] => readdirSync(join(node.root, CACHE)).sort();
const place = (node: SimNode, name: string, bytes: number): string => {
  const path = join(node.root, CACHE, name);
  writeFileSync(path, "");
  truncateSync(path, bytes);
  return path;
};
const inCache = (node: SimNode, text: string, as?: string) => node.sh(`cd $R/${CACHE} && ${text}`, as);
const rows = (out: string): readonly string[] => out.trimEnd().split("\n");
const zfs = (node: SimNode, property: string, name = DATASET): number =>
  Number(node.run("zfs", ["get", "-Hp", "-o", "value", property, name]).out);
/** A line of the table; `created` in seconds. */
const snapshot = (node: SimNode, name: string, created?: number, dataset = DATASET): void =>
  appendFileSync(
    join(node.dir, "state/zfs"),
    `${[dataset, "snapshot", name, ...(created === undefined ? [] : [created])].join("\t")}\n`,
  );
const nowS = (): number => Math.floor(Date.now() / 1000);

describe("mount -p", () => {
  test("has the mounted datasets, and what a test has mounted", () => {
    const node = make();
    node.run("zfs", ["create", "-o", "mountpoint=/export/nova", "rpool/export/nova"]);
    writeFileSync(join(node.dir, "state/mounts"), `/export/home\t/${CACHE}\tlofs\n`);
    const ran = node.run("mount", ["-p"], "novaadm");
    expect([ran.status, ran.err]).toEqual([0, ""]);
    expect(rows(ran.out)).toEqual([
      "rpool - /rpool zfs - no ",
      "rpool/ROOT/solaris - / zfs - no ",
      `${DATASET} - /var zfs - no `,
      "rpool/VARSHARE - /var/share zfs - no ",
      "rpool/export - /export zfs - no ",
      "rpool/export/home - /export/home zfs - no ",
      "rpool/export/nova - /export/nova zfs - no ",
      `/export/home - /${CACHE} lofs - no`,
    ]);
  });

  test("leaves out what is not mounted", () => {
    const node = make();
    node.sh("mkdir $R/export/nova && touch $R/export/nova/file");
    node.run("zfs", ["create", "-o", "mountpoint=/export/nova", "rpool/export/nova"]);
    expect(node.run("mount", ["-p"]).out).not.toContain("/export/nova");
  });
});

describe("ls", () => {
  test("-lniqscAE has inode, 512-byte units by size, numbers of the recorded owner, and the inode's time", () => {
    const node = make();
    for (const name of imagesOf(node)) rmSync(join(node.root, CACHE, name));
    const path = place(node, "a", MIB + 1);
    utimesSync(path, LONG_AGO_S, LONG_AGO_S);
    place(node, ".hidden", 0);
    node.run("chown", ["root:sys", join(node.root, CACHE, ".hidden")]);
    const ran = inCache(node, "ls -lniqscAE .");
    expect([ran.status, ran.err]).toEqual([0, ""]);
    const [total, ...files] = rows(ran.out);
    expect(total).toBe("total 2049");
    const fields = files.map((row) => row.trim().split(/ +/));
    expect(fields.map((row) => [...row.slice(0, 7), row[10]])).toEqual([
      [String(statSync(join(node.root, CACHE, ".hidden")).ino), "0", "-rw-r--r--", "1", "0", "3", "0", ".hidden"],
      [String(statSync(path).ino), "2049", "-rw-r--r--", "1", "85", "85", String(MIB + 1), "a"],
    ]);
    const changed = statSync(path).ctimeMs / 1000;
    expect(fields[1]?.slice(7, 10).join(" ")).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{9} \+0000$/);
    expect(Date.parse(`${fields[1]?.[7]}T${fields[1]?.[8]?.slice(0, 12)}Z`) / 1000).toBeCloseTo(changed, 1);
    expect(inCache(node, "ls -lnE a").out).toContain(" 2014-05-13 16:53:20.000000000 +0000 a\n");
  });

  test("-d with names of the directory we are in shows them as they were given, sorted", () => {
    const node = make();
    place(node, "b", 512);
    place(node, "a", 0);
    const ran = inCache(node, 'ls -dlniqsE "$R/var/lib/nova/images" . ./b ./none ./a');
    expect(ran.status).toBe(2);
    expect(ran.err).toBe("./none: No such file or directory\n");
    const fields = rows(ran.out).map((row) => row.trim().split(/ +/));
    expect(fields.map((row) => row[10])).toEqual([".", "./a", "./b", join(node.root, CACHE)]);
    expect(fields[0]?.[0]).toBe(fields[3]?.[0]);
    expect(fields.map((row) => `${row[4]}:${row[5]}`)).toEqual(["85:85", "85:85", "85:85", "85:85"]);
    expect(fields[2]?.[1]).toBe("1");
  });

  test("sorts by the time it is asked for with -t alone, ties by name, -r the other way round", () => {
    const node = make();
    for (const name of imagesOf(node)) rmSync(join(node.root, CACHE, name));
    for (const [name, used, written] of [
      ["a", 30, 10],
      ["b", 20, 20],
      ["c", 20, 20],
    ] as const)
      utimesSync(place(node, name, 0), LONG_AGO_S + used, LONG_AGO_S + written);
    const names = (letters: string): string =>
      rows(inCache(node, `ls ${letters} .`).out)
        .filter((row) => !row.startsWith("total"))
        .map((row) => row.at(-1))
        .join("");
    expect(["-lE", "-ltE", "-ltrE", "-lutE", "-luE", "-1", "-1t", "-1u", "-1ut"].map(names)).toEqual([
      "abc",
      "bca",
      "acb",
      "abc",
      "abc",
      "abc",
      "bca",
      "abc",
      "abc",
    ]);
    expect(["-lcE", "-1c"].map(names)).toEqual(["abc", "abc"]);
  });

  test("-q shows a name of any bytes as one line; a link shows where it leads, and is not followed", () => {
    const node = make();
    for (const name of imagesOf(node)) rmSync(join(node.root, CACHE, name));
    place(node, "two\nlines", 0);
    place(node, " a  b\t\x1b[2J", 0);
    symlinkSync("/etc/nova", join(node.root, CACHE, "link"));
    const shown = rows(inCache(node, "ls -lniqscAE .").out).slice(1);
    expect(shown.map((row) => row.replace(/^.* [+]0000 /, ""))).toEqual([
      " a  b??[2J",
      "link -> /etc/nova",
      "two?lines",
    ]);
    expect(rows(inCache(node, "ls -lE link").out)).toEqual([expect.stringMatching(/^l.* link -> \/etc\/nova$/)]);
    expect(inCache(node, "ls -lAE .").out).toContain(" two\nlines\n");
  });

  test("of nothing is a total alone", () => {
    const node = make();
    node.sh("mkdir $R/export/empty");
    expect(node.sh("cd $R/export/empty && ls -lniqscAE .")).toEqual({ status: 0, out: "total 0\n", err: "" });
  });
});

describe("fuser", () => {
  test("says names as they were given, and who state/open or a process of this machine holds them", async () => {
    const node = make();
    const [first = "", second = "", third = ""] = imagesOf(node);
    writeFileSync(join(node.dir, "state/open"), `/${CACHE}/${second} 4711\n`);
    const holder = spawn("sh", [
      "-c",
      'exec 3<"$1" && echo ready && exec sleep 60',
      "sh",
      join(node.root, CACHE, third),
    ]);
    try {
      await new Promise((resolve) => holder.stdout.once("data", resolve));
      const ran = inCache(node, `fuser ./${first} ./${second} ${third} ./none $R/${CACHE}/${second}`);
      expect(ran.out.trim().split(/ +/)).toEqual(["4711", String(holder.pid), "4711"]);
      expect(rows(ran.err)).toEqual([
        `./${first}: `,
        `./${second}: o`,
        `${third}: o`,
        "./none: No such file or directory",
        `/${CACHE}/${second}: o`,
      ]);
    } finally {
      holder.kill("SIGKILL");
    }
  });
});

describe("the dataset of an old cache", () => {
  test("counts its images, and frees what is removed a little late", async () => {
    const node = make();
    const sizes = imagesOf(node).map((name) => statSync(join(node.root, CACHE, name)).size);
    const before = zfs(node, "usedbydataset");
    expect(before).toBeGreaterThan(380 * MIB + sizes.reduce((sum, size) => sum + size, 0) - 1);
    expect(zfs(node, "available")).toBe(220 * GIB);
    expect(inCache(node, "rm -f -- ./*").status).toBe(0);
    expect(zfs(node, "usedbydataset")).toBe(before);
    const freed = sizes.reduce((sum, size) => sum + size, 0);
    await eventually(
      () => node.run("zfs", ["get", "-Hp", "-o", "value", "usedbydataset", DATASET]),
      (ran) => Number(ran.out) === before - freed,
    );
    expect([zfs(node, "usedbysnapshots"), zfs(node, "available")]).toEqual([0, 220 * GIB + freed]);
  });

  test("does not count what lies on another dataset below it", () => {
    const node = make();
    const before = zfs(node, "used");
    writeFileSync(join(node.root, "var/share/file"), "");
    truncateSync(join(node.root, "var/share/file"), GIB);
    rmSync(join(node.dir, "state/zfs-shown"));
    expect(zfs(node, "used")).toBe(before);
  });
});

describe("snapshots", () => {
  test("are listed and read by name, behind their dataset in the order they were made", () => {
    const node = make();
    snapshot(node, "second", 1_600_000_000);
    snapshot(node, "first", 1_500_000_000);
    snapshot(node, "timeless");
    snapshot(node, "base", 1_550_000_000, "rpool/ROOT/solaris");
    const of = (...args: readonly string[]) => node.run("zfs", args);
    expect(of("list", "-H", "-r", "-t", "snapshot", "-o", "name", "rpool/ROOT").out).toBe(
      `rpool/ROOT/solaris@base\n${DATASET}@timeless\n${DATASET}@first\n${DATASET}@second\n`,
    );
    expect(of("list", "-H", "-r", "-t", "snapshot", "-o", "name", "rpool/export")).toEqual({
      status: 0,
      out: "",
      err: "",
    });
    expect(of("list", "-H", "-t", "snapshot", "-o", "name", DATASET)).toEqual({
      status: 1,
      out: "",
      err: `cannot open '${DATASET}': operation not applicable to datasets of this type\n`,
    });
    expect(of("get", "-Hp", "-r", "-o", "name,value", "origin", "rpool/ROOT").out).toBe(
      [
        "rpool/ROOT",
        "rpool/ROOT/solaris",
        "rpool/ROOT/solaris@base",
        DATASET,
        ...["timeless", "first", "second"].map((name) => `${DATASET}@${name}`),
      ]
        .map((name) => `${name}\t-\n`)
        .join(""),
    );
    const names = [`${DATASET}@second`, `${DATASET}@none`, `${DATASET}@timeless`];
    expect(of("get", "-Hp", "-o", "name,property,value", "creation,used,quota", ...names)).toEqual({
      status: 1,
      out: [
        [`${DATASET}@second`, "creation", "1600000000"],
        [`${DATASET}@second`, "used", "0"],
        [`${DATASET}@second`, "quota", "-"],
        [`${DATASET}@timeless`, "creation", "1443607384"],
        [`${DATASET}@timeless`, "used", "0"],
        [`${DATASET}@timeless`, "quota", "-"],
      ]
        .map((row) => `${row.join("\t")}\n`)
        .join(""),
      err: `cannot open '${DATASET}@none': dataset does not exist\n`,
    });
    expect(of("get", "-Hp", "-o", "value", "referenced", `${DATASET}@first`).status).toBe(2);
  });

  test("hold what was there when they were made: one alone as its own, several together as the dataset's", async () => {
    const node = make();
    const [one = "", ...others] = imagesOf(node);
    const size = statSync(join(node.root, CACHE, one)).size;
    // Both names of a file have to go.
    linkSync(join(node.root, CACHE, one), join(node.root, CACHE, "again"));
    const before = zfs(node, "usedbydataset");
    snapshot(node, "old", nowS() - 3600);
    snapshot(node, "new", nowS() + 3600);
    expect(zfs(node, "used", `${DATASET}@new`)).toBe(0);
    inCache(node, `rm ./${one}`);
    expect(readFileSync(join(node.dir, "state/zfs"), "utf8")).toContain(`${DATASET}\tsnap\t0\t`);
    inCache(node, "rm ./again");
    const held = () => node.run("zfs", ["get", "-Hp", "-o", "value", "usedbysnapshots", DATASET]);
    // As late as the dataset shrinks, and not before.
    expect([held().out, zfs(node, "usedbydataset")]).toEqual(["0\n", before]);
    await eventually(held, (ran) => Number(ran.out) === size);
    expect(zfs(node, "usedbydataset")).toBe(before - size);
    expect(zfs(node, "used", `${DATASET}@new`)).toBe(size);
    expect(zfs(node, "used", `${DATASET}@old`)).toBe(0);
    expect(zfs(node, "available")).toBe(220 * GIB);

    snapshot(node, "newer", nowS() + 7200);
    const rest = others.reduce((sum, name) => sum + statSync(join(node.root, CACHE, name)).size, 0);
    node.sh(`rm -rf $R/${CACHE}`);
    await eventually(held, (ran) => Number(ran.out) === size + rest);
    expect(zfs(node, "used", `${DATASET}@new`)).toBe(size);
    expect(zfs(node, "used", `${DATASET}@newer`)).toBe(0);
  });

  test("older than a file do not hold it, nor does one without a time or of another dataset", async () => {
    const node = make();
    const before = zfs(node, "used");
    snapshot(node, "old", nowS() - 3600);
    snapshot(node, "timeless");
    snapshot(node, "elsewhere", nowS() + 3600, "rpool/ROOT/solaris");
    inCache(node, "rm ./*");
    await eventually(
      () => node.run("zfs", ["get", "-Hp", "-o", "value", "used", DATASET]),
      (ran) => Number(ran.out) < before,
    );
    expect([zfs(node, "usedbysnapshots"), zfs(node, "usedbysnapshots", "rpool/ROOT/solaris")]).toEqual([0, 0]);
  });
});

test("su nova -c runs a script from its standard input: the cleaner itself, which evicts what it is told to", () => {
  const node = make({ release: "kilo", layout: "varshare" });
  const cache = join(node.root, "var/share/nova/images");
  const [gone = "", open = "", kept = ""] = readdirSync(cache).sort();
  writeFileSync(join(node.dir, "state/open"), `/var/share/nova/images/${open} 4711\n`);
  const simDir = join(node.dir, "../sim");
  const cleaner = readFileSync(new URL("../../src/remote/payload/nova-cache-cleanup", import.meta.url), "utf8");
  const table = { root: node.root, simDir, simulators: new Set(readdirSync(simDir)), shell: "/bin/sh" };
  const script = join(node.dir, "cleaner");
  writeFileSync(script, replacePrelude(cleaner, table));
  mkdirSync(join(node.root, "lib/svc/share"), { recursive: true });
  const words = `--directory /var/share/nova/images --dataset rpool/VARSHARE/nova/images --image ${gone} --image ${open}`;
  const ran = node.sh(`su nova -c '/bin/sh -s -- ${words}' <${script}`);
  expect([ran.status, ran.err], ran.out).toEqual([0, ""]);
  expect(ran.out).toMatch(new RegExp(`^evicted ${gone} `, "m"));
  expect(readdirSync(cache).sort()).toEqual([open, kept]);
});
