/**
 * The rules about what is found in the cache, download scheme by download scheme, and about what is no image though it is
 * named like one. The table is used as that of cleaner-scenarios.ts.
 */
import { execFileSync } from "node:child_process";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { GIB, IMAGE, type Node, uuid } from "./cleaner-node.ts";
import { ended, oldFolder, type Scenario } from "./cleaner-scenarios.ts";

const marker = (n: number): string => `${uuid(n)}.downloading`;

/** Names that are none of ours, as likely as not to be taken for it. */
const odd: readonly string[] = [
  "\u0001\u001b[2J\u0007",
  "x".repeat(255),
  `${uuid(21)}\n`,
  `${uuid(22)}\r`,
  `\t${uuid(23)}`,
  ` ${uuid(2)}`,
  `${uuid(3)} `,
  `-${uuid(25).slice(1)}`,
  `${uuid(26).slice(0, -1)}g`,
  `${uuid(27)}\n${uuid(28)}`,
  `${uuid(29)} -> ${uuid(30)}`,
  `${uuid(31)}.downloading.downloading`,
  `${uuid(32)}.downloading\n`,
  `${uuid(33)}.DOWNLOADING`,
  ".downloading",
  "\u00e9\u2028",
  "by-use",
  "--open",
  "--now",
];

/** What else a directory entry may be; a device takes root to make. */
const kinds = ["fifo", "socket", "folder", ...(process.getuid?.() === 0 ? ["device"] : [])] as const;

/** One of them, as old as can be. */
const make = (node: Node, kind: string, name: string): void => {
  const path = join(node.cache, name);
  const socket = "import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])";
  if (kind === "folder") oldFolder(node, name);
  else if (kind === "fifo") execFileSync("mkfifo", [path]);
  else if (kind === "device") execFileSync("mknod", [path, "c", "1", "3"]);
  else execFileSync("python3", ["-c", socket, path]);
  execFileSync("touch", ["-d", "2001-01-01", path]);
};

export const NAMES: readonly Scenario[] = [
  {
    name: "direct download: the growing image is young and stays",
    arrange: (node) => {
      node.put(uuid(1), { age: 0 });
      node.zfs({});
    },
    check: (node, result) => {
      ended(result);
      expect(node.files).toEqual([uuid(1)]);
    },
  },
  {
    name: "empty marker: an image with a fresh marker is never evicted, nor its marker",
    arrange: (node) => {
      node.images(3);
      node.put(marker(1), { age: 1, bytes: 0 });
      node.zfs({});
    },
    more: 0,
    check: (node, result) => {
      ended(result);
      expect(node.files).toEqual([uuid(1), marker(1), uuid(3)].sort());
    },
    says: (result) => {
      expect(result.summary).toContain("downloading 1");
    },
  },
  {
    name: "empty marker: a download longer than a day still grows, both stay",
    arrange: (node) => {
      node.put(marker(1), { age: 30, bytes: 0 });
      node.put(uuid(1), { age: 0.1, idle: 30 });
      node.put(uuid(2), { age: 50 });
      node.zfs({});
    },
    flags: ["--min-age", "0"],
    check: (node, result) => {
      ended(result);
      expect(node.files).toEqual([uuid(1), marker(1)].sort());
    },
  },
  {
    name: "empty marker: a stale one goes with its image, the image first",
    arrange: (node) => {
      node.put(uuid(1), { age: 30 });
      node.put(marker(1), { age: 31, bytes: 0 });
      node.put(uuid(2), { age: 100 });
      node.zfs({});
    },
    more: 0,
    check: (node, result) => {
      ended(result);
      expect(node.gone.filter((name) => !name.startsWith("."))).toEqual([uuid(1), marker(1)]);
      expect(node.files).toEqual([uuid(2)]);
    },
    says: (result) => {
      expect(result.summary).toContain("evicted 0 images, 0 bytes");
      expect(result.summary).toContain(`leftovers 2 of ${IMAGE} bytes`);
    },
  },
  {
    name: "empty marker: it stays while its image cannot be removed",
    arrange: (node) => {
      node.put(uuid(1), { age: 30 });
      node.put(marker(1), { age: 31, bytes: 0 });
      node.write("rm-refuses", `${uuid(1)}\n`);
      node.zfs({});
    },
    more: 0,
    check: (node, result) => {
      ended(result);
      expect(node.files).toEqual([uuid(1), marker(1)].sort());
      expect(node.gone).not.toContain(marker(1));
    },
  },
  {
    name: "empty marker: it stays while its image is open",
    arrange: (node) => {
      node.put(uuid(1), { age: 30 });
      node.put(marker(1), { age: 31, bytes: 0 });
      node.write("open", `${uuid(1)}\n`);
      node.zfs({});
    },
    more: 0,
    check: (node, result) => {
      ended(result);
      expect(node.files).toEqual([uuid(1), marker(1)].sort());
    },
  },
  {
    name: "partial file as marker: a fresh one stays",
    arrange: (node) => {
      node.put(marker(1), { age: 1 });
      node.put(uuid(2), { age: 100 });
      node.zfs({});
    },
    more: 0,
    check: (node, result) => {
      ended(result);
      expect(node.files).toEqual([marker(1)]);
    },
  },
  {
    name: "partial file as marker: a stale one goes, even with room to spare",
    arrange: (node) => {
      node.put(marker(1), { age: 30 });
      node.put(marker(2), { age: 23 });
      node.put(uuid(3), { age: 100 });
      node.zfs({}, 3 * GIB);
    },
    check: (node, result) => {
      ended(result);
      expect(node.files).toEqual([marker(2), uuid(3)].sort());
    },
    says: (result) => {
      expect(result.out).toMatch(new RegExp(`^removed ${marker(1)} bytes ${IMAGE} age \\d+ idle \\d+$`, "m"));
    },
  },
  {
    name: "partial file as marker: a stale one that is open stays",
    arrange: (node) => {
      node.put(marker(1), { age: 30 });
      node.put(uuid(2), { age: 100 });
      node.write("open", `${marker(1)}\n`);
      node.zfs({});
    },
    more: 0,
    check: (node, result) => {
      ended(result);
      expect(node.files).toEqual([marker(1)]);
    },
  },
  {
    name: "a marker that is no file is nobody's leftover: it and its image stay",
    arrange: (node) => {
      node.images(3);
      oldFolder(node, marker(1));
      symlinkSync("/nowhere", join(node.cache, marker(2)));
      node.zfs({});
    },
    more: 0,
    check: (node, result) => {
      ended(result);
      expect(node.gone.filter((name) => !name.startsWith("."))).toEqual([uuid(3)]);
    },
  },
  {
    name: "links, folders and other names are not images",
    arrange: (node) => {
      node.put(uuid(4), { age: 100 });
      node.put("notes.txt", { age: 2000 });
      node.put(`${uuid(5)}.iso`, { age: 2000 });
      node.put(`${uuid(6)}0`, { age: 2000 });
      node.put("snapshot", { age: 2000 });
      symlinkSync("notes.txt", join(node.cache, uuid(1)));
      oldFolder(node, uuid(2));
      node.zfs({});
    },
    check: (node, result) => {
      ended(result);
      expect(node.gone.filter((name) => !name.startsWith("."))).toEqual([uuid(4)]);
    },
  },
  {
    name: "names of control characters, of 255 bytes, of our own marks, almost UUIDs: ignored, the oldest image goes",
    arrange: (node) => {
      node.images(3);
      for (const name of odd) node.put(name, { age: 5000 });
      node.zfs({});
    },
    more: 0,
    check: (node, result) => {
      ended(result);
      expect(node.files).toEqual([...odd, uuid(2), uuid(3)].sort());
    },
    says: (result) => {
      expect(result.summary).toContain("evicted 1 images");
      expect(result.summary).toContain("kept 2, young 0, open 0, downloading 0, failed 0");
    },
  },
  {
    name: "a UUID in upper case is an image, its marker guards it",
    arrange: (node) => {
      for (const n of [0xa, 0xb]) node.put(uuid(n).toUpperCase(), { age: 900 - n });
      node.put(`${uuid(0xa).toUpperCase()}.downloading`, { age: 1, bytes: 0 });
      node.put(uuid(3), { age: 100 });
      node.zfs({});
    },
    more: 0,
    check: (node, result) => {
      ended(result);
      expect(node.files).toEqual([uuid(0xa).toUpperCase(), `${uuid(0xa).toUpperCase()}.downloading`, uuid(3)].sort());
    },
  },
  {
    name: "a FIFO, a socket, a device, a folder named as an image: left alone, the image goes",
    arrange: (node) => {
      node.put(uuid(9), { age: 100 });
      for (const [at, kind] of kinds.entries()) make(node, kind, uuid(at));
      node.zfs({});
    },
    check: (node, result) => {
      ended(result);
      expect(node.files).toEqual(kinds.map((_, at) => uuid(at)));
    },
  },
  {
    name: "a FIFO, a socket, a device, a folder named as a marker: left alone, and the image beside it",
    arrange: (node) => {
      for (const [at, kind] of kinds.entries()) {
        node.put(uuid(at), { age: 1000 });
        make(node, kind, marker(at));
      }
      node.put(uuid(9), { age: 100 });
      node.zfs({});
    },
    check: (node, result) => {
      ended(result);
      expect(node.files).toEqual(kinds.flatMap((_, at) => [uuid(at), marker(at)]));
    },
  },
];
