/** The lab's package tools judge a manifest as the real ones do: what publishes, what does not, and what pkglint says. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeSimNode, type SimNode } from "../support/sim-node.ts";

let node: SimNode;
let proto: string;
beforeAll(() => {
  node = makeSimNode();
  proto = join(node.root, "tmp/proto");
  mkdirSync(join(proto, "lib"), { recursive: true });
  writeFileSync(join(proto, "lib/x"), "text of x\n");
  expect(node.run("pkgrepo", ["create", "/export/site"])).toMatchObject({ status: 0, err: "" });
});
afterAll(() => node.remove());

const head = ["set name=pkg.fmri value=pkg://site/x@1.0", "set name=pkg.summary value=Summary"];
const file = "file lib/x path=lib/x owner=root group=bin mode=0555";
const put = (lines: readonly string[]): string => {
  const path = join(node.root, "tmp/x.p5m");
  writeFileSync(path, `${lines.join("\n")}\n`);
  return path;
};
const send = (lines: readonly string[], repo = "/export/site") =>
  node.run("pkgsend", ["publish", "-s", repo, "-d", proto, put(lines)]);
const home = (): string => join(node.root, "export/site/publisher/site");

describe("pkgsend", () => {
  test("stores the manifest with digests in the payloads' places, and the payloads", () => {
    const odd = 'set name=pkg.description value="a \\"b\\" \\\\ c" \\';
    const ran = send([...head, odd, "  value='d e'", "# a remark", "", file]);
    expect(ran).toMatchObject({ status: 0, err: "" });
    const [, fmri = "", version = ""] =
      /^(pkg:\/\/site\/x@(1\.0,5\.11:\d{8}T\d{6}Z))\nPUBLISHED\n$/.exec(ran.out) ?? [];
    const manifest = readFileSync(join(home(), "pkg/x", version, "manifest"), "utf8");
    const [, digest = ""] = /^file ([0-9a-f]{64}) path=lib\/x owner=root group=bin mode=0555$/m.exec(manifest) ?? [];
    expect(readFileSync(join(home(), "file", digest), "utf8")).toBe("text of x\n");
    expect(manifest).toContain(`set name=pkg.fmri value=${fmri}\n`);
    expect(manifest).toContain('set name=pkg.description value="a \\"b\\" \\\\ c" value="d e"\n');
    expect(node.run("pkgrepo", ["list", "-H", "-s", "/export/site", "x"]).out).toMatch(/^site +x +1\.0:\d{8}T/);
    expect(node.run("pkgrepo", ["contents", "-t", "file,set", "-s", "/export/site", fmri]).out).toBe(manifest);
    expect(node.run("pkgrepo", ["contents", "-t", "file", "-s", "/export/site", "x@1.1"])).toMatchObject({ status: 1 });
  });

  test.each<readonly [string, readonly string[], string]>([
    ["no FMRI", [file], "pkgsend: Manifest does not set pkg.fmri\n"],
    [
      "a leading zero",
      ["set name=pkg.fmri value=pkg://site/y@0.01"],
      "pkgsend: Illegal FMRI 'pkg://site/y@0.01': Bad Version: 0.01\n",
    ],
    [
      "no publisher",
      ["set name=pkg.fmri value=y@1.0"],
      "pkgsend: 'open' failed; unable to initiate transaction:\nThis operation requires that a default publisher has been set or that a publisher be specified in the FMRI.\n",
    ],
    [
      "a payload that is not there",
      [...head, "file lib/none path=lib/none owner=root group=bin mode=0555"],
      "pkgsend: Action payload 'lib/none' was not found in any of the provided locations:\nPROTO\n",
    ],
    [
      "an unknown action",
      [...head, "fill lib/x path=y"],
      "pkgsend: Malformed action at position: 6: unknown action type 'fill':\n",
    ],
    [
      "an open quote",
      [...head, 'set name=z value="y'],
      "pkgsend: Malformed action at position: 20: unfinished quoted value:\n",
    ],
    [
      "a file without a mode",
      [...head, "file lib/x path=y owner=root group=bin"],
      "required attribute 'mode' was not provided",
    ],
    ["an end in the middle", [...head, `${file} \\`], "the manifest ends in the middle of an action"],
  ])("refuses %s and stores nothing", (_what, lines, says) => {
    const before = readdirSync(home(), { recursive: true }).length;
    const ran = send(lines);
    expect([ran.status, ran.out]).toEqual([1, ""]);
    expect(ran.err.replace(proto, "PROTO")).toContain(says);
    expect(readdirSync(home(), { recursive: true })).toHaveLength(before);
  });

  test("has a default publisher where the repository names one", () => {
    node.run("pkgrepo", ["create", "/export/named"]);
    expect(node.run("pkgrepo", ["set", "-s", "/export/named", "publisher/prefix=mine"]).status).toBe(0);
    expect(send(["set name=pkg.fmri value=y@2", file], "/export/named").out).toMatch(/^pkg:\/\/mine\/y@2,5\.11:/);
  });
});

test.each<readonly [string, readonly string[], number, RegExp]>([
  [
    "nothing but what Oracle's own have",
    [...head, "set name=info.classification value=org.opensolaris.category.2008:System/Core", file],
    0,
    /^WARNING opensolaris\.manifest001\.1 .*consolidation' in pkg:\/\/site\/x@1\.0\n$/,
  ],
  ["a path twice", [...head, file, file], 1, /^ERROR pkglint\.dupaction001\.1 +path lib\/x is a duplicate/m],
  [
    "an attribute twice",
    [...head, ...head.slice(1), file],
    1,
    /^ERROR pkglint\.manifest006 +duplicate set actions on pkg\.summary/m,
  ],
  ["no summary", [...head.slice(0, 1), file], 1, /^ERROR pkglint\.manifest010\.2 +Missing attribute 'pkg\.summary'/m],
  [
    "an SMF manifest without its services",
    [...head, "file lib/x path=lib/svc/manifest/site/x.xml owner=root group=sys mode=0444"],
    0,
    /^WARNING pkglint\.manifest011 +SMF manifests were delivered by pkg:\/\/site\/x@1\.0, but no/m,
  ],
  ["what is no manifest", ["x"], 2, /Malformed action/],
  ["no FMRI", [file], 2, /does not contain a pkg\.fmri/],
])("pkglint finds %s", (_what, lines, status, says) => {
  const ran = node.run("pkglint", [put(lines)]);
  expect([ran.status, ran.err]).toEqual([status, expect.stringMatching(says)]);
});
