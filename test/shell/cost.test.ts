/** What one rollout costs a node: every process is 10 to 50 ms there, and a fleet waits for the slowest. */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { Change } from "../../src/domain/change.ts";
import { parseTools } from "../../src/remote/script.ts";
import {
  applyOf,
  confSet,
  digestOf,
  makeShellNode,
  own,
  probeOf,
  type ShellNode,
  shells,
} from "../support/shell-node.ts";

const tools = parseTools(
  readFileSync(fileURLToPath(new URL("../../src/remote/sh/tools.txt", import.meta.url)), "utf8"),
);
const DATASET = "rpool/export/nova";

/** Every change of a first rollout. */
const changes = (edit: Change): readonly Change[] => [
  { kind: "dataset.create", dataset: DATASET, mountpoint: "/export/nova", quotaBytes: 15 * 1024 ** 3 },
  ...["/export/nova", "/export/nova/images"].map((path) => own(path)),
  { kind: "cleaner.install", method: "", manifest: "" },
  {
    kind: "cleaner.configure",
    properties: {
      "config/dataset": DATASET,
      "config/directory": "/export/nova/images",
      "config/headroom": "2147483648",
      "config/target_free": "4294967296",
      "config/min_age": "3600",
      "config/order": "oldest",
    },
  },
  { kind: "cleaner.enable" },
  edit,
  { kind: "compute.restart", service: "nova-compute", because: "edit", timeoutS: 240, soakS: 2 },
];

/** Has every tool of the prelude written down when it is called, also by a shell of another user. */
const counting = (one: ShellNode): (() => Map<string, number>) => {
  const calls = join(one.dir, "calls");
  for (const { name } of tools) one.replaceTool(name, `echo ${name} >>'${calls}'; exec $real "$@"`);
  return () => {
    const counts = new Map<string, number>();
    for (const name of readFileSync(calls, "utf8").trim().split("\n")) counts.set(name, (counts.get(name) ?? 0) + 1);
    return counts;
  };
};

/** Sleeps go with the time a rollout takes, not with what it does: the ticker's, and one a poll. */
const TIMED = new Set(["SLEEP", "SVCPROP"]);
const sum = (counts: ReadonlyMap<string, number>): number =>
  [...counts].reduce((all, [name, one]) => (TIMED.has(name) ? all : all + one), 0);

/** The target's shell: a tool is called as often in each of them. */
const [, target] = shells[0] ?? ["", []];

describe.concurrent("every call of a tool is counted", { timeout: 300_000 }, () => {
  test("a whole rollout with its closing look calls no more than a hundred, and svccfg and zfs but now and then", async () => {
    const one = makeShellNode();
    const calls = counting(one);
    const before = one.read("etc/nova/nova.conf");
    const script = applyOf(changes(confSet(before).change), {
      expect: { confDigest: digestOf(Buffer.from(before, "latin1")), bootedAt: "-", serviceState: "online" },
      hostTimeoutS: 600,
      stepTimeoutS: 120,
    });
    const ended = await one.run(target, script);
    expect(ended.lines.at(-1)).toBe("end 0");
    const counts = calls();
    one.remove();
    expect([...counts.keys()].length).toBeGreaterThan(20);
    expect(sum(counts)).toBeLessThanOrEqual(100);
    expect(counts.get("SVCCFG")).toBe(2);
    expect(counts.get("ZFS")).toBeLessThanOrEqual(9);
    expect(counts.get("SVCPROP")).toBeLessThanOrEqual(25);
  });

  test("a look at a node with a cache on its own dataset calls no more than 34 tools, pkg once", async () => {
    const one = makeShellNode({ release: "kilo", layout: "varshare" });
    mkdirSync(join(one.root, "export/nova/images"), { recursive: true });
    const calls = counting(one);
    const ended = await one.run(target, probeOf());
    expect(ended.lines.at(-1)).toBe("end 0");
    const counts = calls();
    one.remove();
    // Each is one fork; the watcher and its own pid are three more, and it sleeps as long as the look takes.
    counts.delete("SLEEP");
    expect([...counts.values()].reduce((all, one) => all + one)).toBeLessThanOrEqual(34);
    expect(counts.get("PKG")).toBe(1);
    expect(counts.get("SVCPROP")).toBeLessThanOrEqual(2);
  });
});
