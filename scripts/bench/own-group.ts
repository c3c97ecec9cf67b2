/** Counts the CPU of all that the bench starts, nodes included, apart from whatever else the machine does. */
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";

export interface OwnGroup {
  /** The control group's folder, `-` when there is none. */
  readonly path: string;
  /** Moves this process back and removes the group; everything it started has to be gone. */
  leave(): void;
}

const none: OwnGroup = { path: "-", leave: () => {} };

/** Where cgroup2 is mounted: /sys/fs/cgroup, or below it on machines that have both versions. */
const mountPoint = (): string | undefined =>
  readFileSync("/proc/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" "))
    .find(([, , type]) => type === "cgroup2")?.[1];

const currentGroup = (): string => /^0::(.*)$/m.exec(readFileSync("/proc/self/cgroup", "utf8"))?.[1] ?? "/";

/**
 * Puts this process into a control group of its own, below the one it is in: what it starts from then on is in there too.
 * No controller is needed: every group of version 2 counts CPU.
 */
export const enterOwnGroup = (): OwnGroup => {
  const mounted = mountPoint();
  if (mounted === undefined) return none;
  const parent = `${mounted}${currentGroup()}`.replace(/\/$/, "");
  const path = `${parent}/novasweep-bench-${process.pid}`;
  try {
    mkdirSync(path);
    writeFileSync(`${path}/cgroup.procs`, String(process.pid));
  } catch (cause) {
    console.log(`no control group of our own (${cause}): the share of the machine cannot be measured`);
    return none;
  }
  const leave = (): void => {
    writeFileSync(`${parent}/cgroup.procs`, String(process.pid));
    // Something that a broken run left behind may be in it still; an empty group costs nothing.
    try {
      rmdirSync(path);
    } catch (cause) {
      console.log(`the control group ${path} stays: ${cause}`);
    }
  };
  return { path, leave };
};
