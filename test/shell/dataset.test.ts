/** The cache's dataset: what the probe sees of it, and how each of its properties is put right. */
import { appendFileSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Change } from "../../src/domain/change.ts";
import { defaultSettings } from "../../src/domain/settings.ts";
import type { NodeSpec } from "../../src/lab/node-spec.ts";
import { takesShell } from "../support/long.ts";
import {
  applyOf,
  type Ended,
  factsOf,
  makeShellNode,
  own,
  probeOf,
  type ShellNode,
  shells,
} from "../support/shell-node.ts";

const DATASET = "rpool/VARSHARE/nova/images";
const CACHE = "var/share/nova/images";
const GIB = 1024 ** 3;
const uuid = (n: number): string => `${n.toString(16).padStart(8, "0")}-aaaa-4bbb-8ccc-dddddddddddd`;

const onNode = async (spec: Partial<NodeSpec>, act: (one: ShellNode) => Promise<void>): Promise<void> => {
  const one = makeShellNode(spec);
  try {
    await act(one);
  } finally {
    one.remove();
  }
};
const kilo = (act: (one: ShellNode) => Promise<void>): Promise<void> =>
  onNode({ release: "kilo", layout: "varshare" }, act);

/** A property as the node's table has it. */
const property = (one: ShellNode, dataset: string, name: string): string | undefined =>
  readFileSync(join(one.state, "zfs"), "utf8")
    .split("\n")
    .map((line) => line.split("\t"))
    .find(([of, what]) => of === dataset && what === name)?.[2];
const give = (one: ShellNode, dataset: string, name: string, value: string): void =>
  appendFileSync(join(one.state, "zfs"), `${dataset}\t${name}\t${value}\t-\n`);

/** The steps' lines. */
const steps = (ended: Ended): readonly string[] => ended.lines.filter((line) => line.startsWith("step "));
const setting = (name: "canmount" | "com.sun:auto-snapshot", from: string, to: string): Change => ({
  kind: "dataset.set",
  dataset: DATASET,
  property: name,
  from,
  to,
});
const more = { cacheDir: `/${CACHE}` };

describe.concurrent.each(shells.filter(([name]) => takesShell(name)))("the dataset under %s", (_name, shell) => {
  test("its snapshots are counted, those of boot environments and shared datasets are not", () =>
    kilo(async (one) => {
      for (const snap of ["a", "b", "c"]) give(one, DATASET, "snapshot", snap);
      for (const dataset of ["rpool/ROOT/solaris", "rpool/export", "rpool/VARSHARE"])
        give(one, dataset, "snapshot", "x");
      expect(factsOf(await one.run(shell, probeOf())).snapshots).toEqual({ seen: true, value: { [DATASET]: 3 } });
    }));

  test("without a dataset of its own there is nothing to count, and that is an answer", () =>
    onNode({ release: "juno" }, async (one) => {
      expect(factsOf(await one.run(shell, probeOf())).snapshots).toEqual({ seen: true, value: {} });
    }));

  test("snapshots that could not be listed are not `none`", () =>
    kilo(async (one) => {
      one.replaceTool("ZFS", 'case "$*" in *snapshot*-o*) echo "internal error" >&2; exit 1 ;; esac; exec $real "$@"');
      expect(factsOf(await one.run(shell, probeOf())).snapshots).toMatchObject({
        seen: false,
        why: "failed",
        detail: "internal error",
      });
    }));

  test("names what an eviction would take first: by use where access times are kept, never the young", () =>
    kilo(async (one) => {
      const now = Date.now() / 1000;
      const put = (n: number, days: number, usedDays: number): void => {
        const path = join(one.root, CACHE, uuid(n));
        writeFileSync(path, "x".repeat(n));
        utimesSync(path, now - usedDays * 86_400, now - days * 86_400);
      };
      put(1, 9000, 1);
      put(2, 8000, 7000);
      put(3, 0.5, 9000);
      const first = async (order: "lru" | "oldest"): Promise<readonly number[]> => {
        const seen = factsOf(await one.run(shell, probeOf({ settings: { ...defaultSettings, cacheOrder: order } })));
        const directory = seen.directories[`/${CACHE}`];
        const images = directory?.seen && directory.value.images?.seen ? directory.value.images.value : undefined;
        return images?.evictedFirst.map(({ bytes }) => bytes) ?? [];
      };
      expect((await first("lru")).filter((bytes) => bytes < 4)).toEqual([2, 1]);
      expect((await first("lru"))[0]).toBe(2);
      expect((await first("oldest")).slice(0, 2)).toEqual([1, 2]);
    }));

  test("what lies in a directory is counted and named, whatever it is", () =>
    onNode({ release: "juno" }, async (one) => {
      one.write("export/nova/notes of ops.txt", "");
      const directory = factsOf(await one.run(shell, probeOf())).directories["/export/nova"];
      expect(directory).toMatchObject({
        value: { images: { value: { count: 0, entries: 1, firstEntry: "notes of ops.txt" } } },
      });
    }));

  test("a new one takes no part in automatic snapshots, whatever its parents do", () =>
    onNode({ release: "juno" }, async (one) => {
      give(one, "rpool", "com.sun:auto-snapshot", "true");
      const create: Change = {
        kind: "dataset.create",
        dataset: "rpool/export/nova",
        mountpoint: "/export/nova",
        quotaBytes: GIB,
      };
      const ended = await one.run(shell, applyOf([create, own("/export/nova"), own("/export/nova/images")]));
      expect(ended.lines.at(-1)).toBe("end 0");
      expect(ended.lines).toContain("row datasets rpool/export/nova\tcom.sun:auto-snapshot\tfalse");
    }));

  test("canmount and auto-snapshot are set, each re-read, and left alone when another hand was there", () =>
    kilo(async (one) => {
      const changes = [setting("canmount", "on", "noauto"), setting("com.sun:auto-snapshot", "-", "false")];
      const ended = await one.run(shell, applyOf(changes, more));
      expect(steps(ended)).toEqual(expect.arrayContaining(["step 1 ok", "step 2 ok"]));
      expect(property(one, DATASET, "canmount")).toBe("noauto");
      expect(property(one, DATASET, "com.sun:auto-snapshot")).toBe("false");
      const stale = await one.run(shell, applyOf([setting("canmount", "off", "on")], more));
      expect(steps(stale).at(-1)).toBe(`step 1 fail E_STALE canmount of ${DATASET} is noauto, not off`);
      const there = await one.run(shell, applyOf([setting("canmount", "on", "noauto")], more));
      expect(steps(there)).toContain("step 1 ok");
    }));

  test("a property that does not stay as it was set fails the step", () =>
    kilo(async (one) => {
      one.replaceTool("ZFS", 'case "$1" in set) exit 0 ;; esac; exec $real "$@"');
      const ended = await one.run(shell, applyOf([setting("canmount", "on", "noauto")], more));
      expect(steps(ended).at(-1)).toBe(`step 1 fail E_STEP canmount of ${DATASET} is on after it was set to noauto`);
    }));
});
