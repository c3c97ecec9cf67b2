/** A journal that cannot be written: what changes hosts does not begin, what only looks goes on and says so. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Lab, startLab } from "../../src/lab/start.ts";
import { eventsOf, outcomesOf, type Ran, scratch } from "../support/novasweep.ts";
import { inShell, type Operator, operatorOf, sceneNode, snapshotOf } from "../support/operator.ts";

const dir = scratch("journal");
const tiny = join(dir, "tiny");
let lab: Lab;
let operator: Operator;
let other: Operator;

beforeAll(async () => {
  const specs = [
    ...[1, 2, 3, 4].map((at) => sceneNode("cn", at)),
    // Its survey takes the whole connect timeout: the journal breaks long before the run ends.
    sceneNode("cn", 5, "silent-banner"),
    ...[1, 2].map((at) => sceneNode("late", at)),
  ];
  lab = await startLab({ nodes: specs.length, specs, parentDir: dir });
  operator = operatorOf(lab, "cn");
  other = operatorOf(lab, "late");
  writeFileSync(join(dir, "a-file"), "");
  mkdirSync(tiny);
});
afterAll(async () => {
  await lab?.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** Size of the tiny disk: 16 pages, of which a file takes whole ones. */
const TINY_KIB = 64;

/**
 * Runs a command line where `dir/tiny` is a disk of its own with so many KiB left. The mount lives in a namespace of
 * the command's own and is gone with it, whatever happens; it needs root, and without fails.
 */
const onTinyDisk = (who: Operator, leftKib: number, line: string): Promise<Ran> => {
  const fill = `dd if=/dev/zero of='${tiny}/filler' bs=1024 count=${TINY_KIB - leftKib} 2>/dev/null`;
  const mount = `mount -t tmpfs -o size=${TINY_KIB}k none '${tiny}'`;
  return inShell(who, `${mount} && ${fill} && { ${line}; }`, ["unshare", "--mount", "sh", "-c"]);
};

const rollout = "novasweep rollout all --yes --soak 1s --connect-timeout 2s --max-missing 50% --state-dir";
const status = "novasweep status --format json --connect-timeout 2s --state-dir";

describe.concurrent.each([
  ["a file where the directory should be", 64, "a-file", 2],
  ["a disk that is full", 0, "tiny/state", 2],
  ["a disk that fills up while hosts are looked at", 8, "tiny/state", 5],
] as const)("%s", (_, leftKib, where, exit) => {
  it(`stops a rollout before any effect, exit ${exit}`, async () => {
    const untouched = snapshotOf(operator.nodes);
    const ran = await onTinyDisk(operator, leftKib, `${rollout} '${join(dir, where)}'`);
    expect(ran.status, ran.stderr).toBe(exit);
    expect(ran.stderr).toMatch(/^novasweep: .*(ENOSPC|ENOTDIR|EEXIST)/m);
    expect(ran.stderr).toMatch(/^ {2}try: .*--state-dir/m);
    expect(ran.stderr).not.toMatch(/bug in novasweep/);
    expect(snapshotOf(operator.nodes)).toBe(untouched);
  });

  it("does not keep status from its result, and is said", async () => {
    const ran = await onTinyDisk(operator, leftKib, `${status} '${join(dir, where)}'`);
    expect(ran.status, ran.stderr).toBe(4);
    expect(JSON.parse(ran.stdout).hosts).toHaveLength(5);
    expect(ran.stderr).toMatch(/^novasweep: .*(ENOSPC|ENOTDIR|EEXIST)/m);
  });
});

describe.concurrent("a disk that fills up while the last hosts are changed", () => {
  it("lets them finish, and the rollout does not claim to have gone well: exit 5", async () => {
    const ran = await onTinyDisk(
      other,
      TINY_KIB - 4,
      [
        `novasweep rollout all --yes --soak 3s --waves 2 --output ndjson --state-dir '${tiny}/state' >events & run=$!`,
        `until grep -q '"change":"compute.restart","state":"start"' events || ! kill -0 $run; do sleep 0.1; done`,
        `dd if=/dev/zero of='${tiny}/more' bs=1024 2>/dev/null`,
        "wait $run; ended=$?; cat events; exit $ended",
      ].join("\n"),
    );
    expect(outcomesOf(eventsOf(ran)), ran.stderr).toEqual({ late1: "changed", late2: "changed" });
    expect(ran.stderr).toMatch(/^novasweep: the journal cannot be written: .*ENOSPC/m);
    expect(ran.status).toBe(5);
  });
});
