/** The fleet of real parts itself: it starts fast, costs little, keeps its nodes apart, and nothing outlives it. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, it, vi } from "vitest";
import { type RealSpec, startRealFleet } from "../support/fleet/fleet.ts";

const MIB = 1024 ** 2;
const MANY = 200;
/** A tenth of it on an idle machine. */
const START_MAX_MS = 15_000;
const COST_MAX = 100 * MIB;
/** For what the kernel and a keeper do by themselves, on a machine that has other work. */
const GONE_MAX_MS = 120_000;

const plain = (name: string): RealSpec => ({ name, release: "juno", layout: "legacy" });
/** One of each kind: a pool with its daemon, a nova-compute, a svc.periodicd, a node that does not listen. */
const kinds: readonly RealSpec[] = [
  { ...plain("pool"), poolBytes: 96 * MIB },
  { ...plain("compute"), realCompute: true },
  { ...plain("periodic"), periodicScale: 60 },
  { ...plain("closed"), refuse: true },
];

interface Held {
  readonly dir: string;
  /** The launcher's. */
  readonly pid: number;
  readonly inits: readonly number[];
}

const namespaceOf = (pid: number | string): string => {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return "";
  }
};

/** Every process that lives in one of these namespaces. */
const processesIn = (namespaces: ReadonlySet<string>): readonly string[] =>
  readdirSync("/proc").filter((name) => /^\d+$/.test(name) && namespaces.has(namespaceOf(name)));

const namespacesOf = (inits: readonly number[]): ReadonlySet<string> => {
  const found = new Set(inits.map(namespaceOf));
  expect(found.size, "each node has a namespace of its own").toBe(inits.length);
  expect(found).not.toContain(namespaceOf("self"));
  return found;
};

/** Until launcher, nodes, all they started, and the folder are gone. */
const untilGone = (held: Held, namespaces: ReadonlySet<string>): Promise<void> =>
  vi.waitFor(
    () => {
      expect(processesIn(namespaces)).toEqual([]);
      expect(existsSync(`/proc/${held.pid}`), "the launcher").toBe(false);
      expect(existsSync(held.dir), held.dir).toBe(false);
    },
    { timeout: GONE_MAX_MS, interval: 200 },
  );

/** Proportional set sizes: what each process has alone, and its share of what it has with others. */
const memoryOf = (pids: readonly (number | string)[]): number =>
  pids.reduce<number>((sum, pid) => {
    const kib = /^Pss: +(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "latin1"))?.[1];
    return sum + Number(kib) * 1024;
  }, 0);

/** Another process that starts a fleet. */
const holdElsewhere = async (): Promise<{ readonly child: ChildProcess; readonly held: Held }> => {
  const script = fileURLToPath(new URL("../support/fleet/hold.ts", import.meta.url));
  const child = spawn(process.execPath, [script, JSON.stringify(kinds)], { stdio: ["pipe", "pipe", "inherit"] });
  for await (const line of createInterface({ input: child.stdout })) return { child, held: JSON.parse(line) };
  throw new Error("the other process started no fleet");
};

describe("a fleet of two hundred nodes", () => {
  it("starts within its time and costs less than 100 MiB", async () => {
    const begun = performance.now();
    const fleet = await startRealFleet(Array.from({ length: MANY }, (_, at) => plain(`cn${at + 1}`)));
    try {
      expect(performance.now() - begun).toBeLessThan(START_MAX_MS);
      const processes = processesIn(namespacesOf(fleet.nodes.map(({ pid }) => pid)));
      expect(processes).toHaveLength(MANY);
      const [folderKib] = execFileSync("du", ["-sk", fleet.dir], { encoding: "utf8" }).split("\t");
      expect(memoryOf([fleet.pid, ...processes]) + Number(folderKib) * 1024).toBeLessThan(COST_MAX);
    } finally {
      await fleet.stop();
    }
  });
});

describe("the nodes of a fleet", () => {
  it("see neither each other's files nor each other's processes; stop() leaves nothing", async () => {
    const fleet = await startRealFleet(kinds);
    const inits = fleet.nodes.map(({ pid }) => pid);
    const namespaces = namespacesOf(inits);
    const [pool, compute] = [fleet.node("pool"), fleet.node("compute")];
    try {
      pool.write("/etc/only-here", "x");
      expect(pool.sh("cat /etc/only-here; hostname; ps -e -o comm= | grep zfs-fuse")).toBe("xpool\nzfs-fuse\n");
      expect(compute.has("/etc/only-here")).toBe(false);
      expect(existsSync("/etc/only-here")).toBe(false);
      expect(compute.sh("ls /export; ps -e -o comm= | grep -c zfs-fuse || hostname")).toBe("home\n0\ncompute\n");
      expect(processesIn(namespaces).length, "inits, zfs-fuse, nova-compute, periodicd").toBeGreaterThan(6);
    } finally {
      await fleet.stop();
    }
    expect(processesIn(namespaces)).toEqual([]);
    expect(existsSync(fleet.dir)).toBe(false);
  });

  it("are gone, and the folder with them, when the process that started them is killed", async () => {
    const { child, held } = await holdElsewhere();
    const namespaces = namespacesOf(held.inits);
    expect(processesIn(namespaces)).not.toEqual([]);
    child.kill("SIGKILL");
    await untilGone(held, namespaces);
  });

  it("are gone, and the folder with them, when the launcher is killed", async () => {
    const fleet = await startRealFleet(kinds);
    const held = { dir: fleet.dir, pid: fleet.pid, inits: fleet.nodes.map(({ pid }) => pid) };
    const namespaces = namespacesOf(held.inits);
    expect(existsSync(held.dir)).toBe(true);
    process.kill(fleet.pid, "SIGKILL");
    await untilGone(held, namespaces);
    await fleet.stop();
  });

  it("that cannot start are an error with the reason, and nothing is left of the others", async () => {
    const specs = [plain("good"), { ...plain("small"), poolBytes: 4096 }];
    await expect(startRealFleet(specs)).rejects.toThrow(
      /! small: .*device is too small|! small: .*less than the minimum/,
    );
    const ours = readdirSync("/dev/shm").filter((name) => name.startsWith(`novasweep-fleet-${process.pid}-`));
    expect(ours).toEqual([]);
  });
});
