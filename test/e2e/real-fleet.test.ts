/** The built program at a terminal, over nodes of real parts: typed acceptance, and a controller that is killed on the way. */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RealFleet, startRealFleet } from "../support/fleet/fleet.ts";
import type { RealNode } from "../support/fleet/node.ts";
import { scratch } from "../support/novasweep.ts";
import { journalsOf, openAccount } from "../support/operator.ts";
import { expectGivenBack, Terminal } from "../support/terminal.ts";

const dir = scratch("real-e2e");
const terminals: Terminal[] = [];
let fleet: RealFleet;

beforeAll(async () => {
  const old = { release: "juno", layout: "legacy", realCompute: true } as const;
  fleet = await startRealFleet(
    [1, 2, 3, 4].flatMap((at) => [
      { name: `typed${at}`, ...old },
      { name: `killed${at}`, ...old },
    ]),
  );
});
afterAll(async () => {
  for (const terminal of terminals) terminal.close();
  await fleet?.stop();
  rmSync(dir, { recursive: true, force: true });
});

const sit = async (scene: string) => {
  const nodes = fleet.nodes.filter(({ name }) => name.startsWith(scene));
  const lines = readFileSync(fleet.inventoryPath, "utf8").split("\n");
  const inventory = lines.filter((line) => !line.includes("ansible_port=") || line.startsWith(scene)).join("\n");
  const operator = openAccount(join(dir, scene), fleet.knownHostsPath, inventory);
  const terminal = await Terminal.open({ ...operator, columns: 100, rows: 30 });
  terminals.push(terminal);
  return { nodes, operator, terminal };
};

/** What must hold of a node after a good rollout: the value, one restart beside the boot's start, nothing left behind. */
const expectDone = (node: RealNode): void => {
  expect(node.read("/etc/nova/nova.conf"), node.name).toMatch(/^glancecache_dirname=\/export\/nova\/images$/m);
  const starts = node.read("/.node/state/starts").trim().split("\n");
  expect(
    starts.map((line) => line.split(" ")[1]),
    node.name,
  ).toEqual(["boot", "restart"]);
  expect(node.read("/var/lib/nova/read.log").trim().split("\n").at(-1), node.name).toMatch(/ \/export\/nova\/images$/);
  expect(node.sh("ls -A /system/volatile"), node.name).toBe("");
};

describe.concurrent("a rollout at a terminal over real nodes", () => {
  it("is accepted by its number of hosts, changes them all, and a second one touches nothing", async () => {
    const { nodes, terminal } = await sit("typed");
    await terminal.start("novasweep rollout all --soak 1s --waves 1,100%");
    await terminal.waitFor(/Type 4 to change 4 hosts/);
    await terminal.type("4");
    await terminal.waitFor(/wave 2 of 2/);
    expect(await terminal.ended()).toBe(0);
    expect(await terminal.history()).toMatch(/^rollout \S+: changed 4 of 4 hosts in .*, exit 0$/m);
    await expectGivenBack(terminal);
    for (const node of nodes) expectDone(node);
    await terminal.start("novasweep rollout all --yes");
    expect(await terminal.ended()).toBe(0);
    expect(await terminal.history()).toMatch(/^rollout \S+: in sync 4 of 4 hosts in .*, exit 0$/m);
    for (const node of nodes) expectDone(node);
  });

  it("whose controller is killed leaves whole hosts: scripts end by themselves, the same command finishes the rest", async () => {
    const { nodes, operator, terminal } = await sit("killed");
    // In a shell of its own, which tells nobody that it was killed.
    await terminal.start("(novasweep rollout all --yes --soak 2s --waves 2 --output lines & echo pid $!)");
    const { text } = await terminal.waitFor(/^pid (\d+)$/m);
    const pid = Number(/^pid (\d+)$/m.exec(text)?.[1]);
    // The first wave is at work: its scripts hold their nodes.
    await terminal.waitFor(() => nodes.some((node) => node.has("/system/volatile/novasweep.lock/record")));
    process.kill(pid, "SIGKILL");
    expect(journalsOf(operator).at(-1)?.at(-1)?.type).not.toBe("run.settled");
    await terminal.waitFor(() => nodes.every((node) => !node.has("/system/volatile/novasweep.lock")));
    await terminal.start("novasweep rollout all --yes --soak 1s --waves 100%");
    expect(await terminal.ended()).toBe(0);
    expect(await terminal.history()).toMatch(
      /^rollout \S+: (changed \d, in sync \d of 4|changed 4 of 4) hosts in .*, exit 0$/m,
    );
    for (const node of nodes) expectDone(node);
  });
});
