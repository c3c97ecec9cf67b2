/**
 * What a cleaner must get right, as situations on a node and what must be true afterwards: every defect of the published
 * script here, every rule about the names in the cache in cleaner-names.ts. The tests run both tables against our cleaner
 * and demand that the published one fails each row.
 */
import { mkdirSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { DATASET, GIB, HEADROOM, IMAGE, type Node, type Result, uuid } from "./cleaner-node.ts";

export interface Scenario {
  readonly name: string;
  readonly arrange: (node: Node) => void;
  /** Room for so many images above the headroom is the target; 2 unless given. */
  readonly more?: number;
  readonly flags?: readonly string[];
  /** What the published script calls to remove; plain `rm` unless given. */
  readonly publishedRm?: string;
  /** What must be true of the node and of the exit status; the published script fails this part. */
  readonly check: (node: Node, result: Result) => void;
  /** What our cleaner says of it. */
  readonly says?: (result: Result) => void;
}

export const ended = (result: Result, status = 0): void => {
  expect(result.timedOut, "it must end").toBe(false);
  expect(result.status).toBe(status);
};

/** A folder in the cache that is older than every image. */
export const oldFolder = (node: Node, name: string): void => {
  mkdirSync(join(node.cache, name));
  utimesSync(join(node.cache, name), 1, 1);
};

/** The defect table of the published script. */
export const DEFECTS: readonly Scenario[] = [
  {
    name: "an empty directory: ends, and says that nothing may be evicted",
    arrange: (node) => node.zfs({}),
    check: (_node, result) => {
      ended(result);
    },
    says: (result) => {
      expect(result.summary).toContain("nothing else may be evicted");
    },
  },
  {
    name: "a directory is the oldest entry: left alone, the oldest image goes",
    arrange: (node) => {
      node.images(5);
      oldFolder(node, "images");
      node.zfs({});
    },
    more: 0,
    check: (node, result) => {
      ended(result);
      expect(node.files).toContain("images");
      expect(node.gone.filter((name) => !name.startsWith("."))).toEqual([uuid(1)]);
    },
  },
  {
    name: "rm fails: ends, and says so",
    arrange: (node) => {
      node.images(3);
      node.write("rm-refuses", "*\n");
      node.zfs({});
    },
    check: (node, result) => {
      ended(result);
      expect(node.files).toHaveLength(3);
    },
    says: (result) => {
      expect(result.summary).toContain("evicted 0 images, 0 bytes");
      expect(result.summary).toContain("failed 3");
    },
  },
  {
    name: "rm has no -v: just enough goes, however much is told",
    arrange: (node) => {
      node.images(3);
      node.zfs({});
    },
    more: 0,
    flags: ["-v"],
    publishedRm: "rm -v",
    check: (node, result) => {
      ended(result);
      expect(node.files).toEqual([2, 3].map(uuid));
      expect(node.calls.filter((call) => /^rm -\S*v/.test(call))).toEqual([]);
    },
  },
  {
    name: "used lags behind the removals: just enough goes, and no more",
    arrange: (node) => {
      node.images(10);
      node.zfs({});
    },
    check: (node, result) => {
      ended(result);
      expect(node.files).toEqual([4, 5, 6, 7, 8, 9, 10].map(uuid));
    },
    says: (result) => {
      expect(result.summary).toContain(`evicted 3 images, ${3 * IMAGE} bytes, free ${HEADROOM + 2 * IMAGE} of `);
      expect(result.summary).toMatch(/: target reached$/);
    },
  },
  {
    name: "snapshots hold the space: nothing is evicted for it, and it is said",
    arrange: (node) => {
      node.images(10);
      node.zfs({ usedbysnapshots: GIB });
    },
    check: (node, result) => {
      ended(result);
      expect(node.files).toHaveLength(10);
    },
    says: (result) => {
      expect(result.out).toContain(`snapshots of ${DATASET} hold ${GIB} bytes`);
      expect(result.summary).toContain("evicting cannot help");
    },
  },
  {
    name: "child datasets hold the space: nothing is evicted for it, and it is said",
    arrange: (node) => {
      node.images(10);
      node.zfs({ children: GIB });
    },
    check: (node, result) => {
      ended(result);
      expect(node.files).toHaveLength(10);
    },
    says: (result) => {
      expect(result.out).toContain("are not its own files");
    },
  },
  {
    name: "a quota below the headroom: a mistake of the configuration, nothing is evicted",
    arrange: (node) => {
      node.images(10);
      node.zfs({ quota: GIB });
    },
    check: (node, result) => {
      ended(result, 96);
      expect(node.files).toHaveLength(10);
    },
    says: (result) => {
      expect(result.err).toContain("headroom");
    },
  },
  {
    name: "an image that is open: stays, the next ones go",
    arrange: (node) => {
      node.images(5);
      node.write("open", `${uuid(1)}\n`);
      node.zfs({});
    },
    more: 0,
    check: (node, result) => {
      ended(result);
      expect(node.has(uuid(1))).toBe(true);
      expect(node.gone.filter((name) => !name.startsWith("."))).toEqual([uuid(2)]);
    },
  },
  {
    name: "images younger than the age floor: stay, whatever the need",
    arrange: (node) => {
      node.put(uuid(1), { age: 100 });
      for (let n = 2; n <= 6; n++) node.put(uuid(n), { age: 23 });
      node.zfs({});
    },
    more: 5,
    check: (node, result) => {
      ended(result);
      expect(node.files).toEqual([2, 3, 4, 5, 6].map(uuid));
    },
    says: (result) => {
      expect(result.summary).toContain("young 5");
    },
  },
  {
    name: "an old image in use every day: the least recently used goes first",
    arrange: (node) => {
      node.put(uuid(1), { age: 1000, idle: 1 });
      node.put(uuid(2), { age: 900, idle: 800 });
      node.put(uuid(3), { age: 800, idle: 2 });
      node.zfs({});
    },
    more: 0,
    check: (node, result) => {
      ended(result);
      expect(node.files).toEqual([uuid(1), uuid(3)]);
    },
  },
  {
    name: "zfs get fails because the dataset is missing: an error, never `no quota`",
    arrange: (node) => {
      node.images(3);
      node.zfs({ name: "rpool/export/other" });
    },
    check: (node, result) => {
      ended(result, 96);
      expect(node.files).toHaveLength(3);
    },
    says: (result) => {
      expect(result.err).toContain(`cannot open '${DATASET}': dataset does not exist`);
    },
  },
  {
    name: "names with blanks, newlines and leading dashes: ignored, images go",
    arrange: (node) => {
      node.images(4);
      for (const name of ["-rf", "a b", `${uuid(9)} x`, `x\n${uuid(2)}`, "*", "$(touch pwned)", "-n"])
        node.put(name, { age: 5000 });
      node.zfs({});
    },
    more: 0,
    check: (node, result) => {
      ended(result);
      expect(node.gone.filter((name) => !name.startsWith("."))).toEqual([uuid(1)]);
      expect(node.files).toHaveLength(10);
    },
  },
  {
    name: "a mistake of the configuration does not end with 0",
    arrange: (node) => {
      node.images(3);
      node.zfs({});
      node.write("on", "rpool/VARSHARE\n");
    },
    check: (node, result) => {
      ended(result, 96);
      expect(node.files).toHaveLength(3);
    },
    says: (result) => {
      expect(result.err).toContain("lies on rpool/VARSHARE, not on rpool/export/nova");
    },
  },
];
