import type { BootEnvironment } from "./facts.ts";
import type { Bytes, NodeSeconds, Seconds } from "./ids.ts";
import { type Refusal, refusal, some } from "./outcome.ts";

/** A law of this field and no option: be careful not to leave yourself with just one (sheet 4). */
export const KEEP_LEAST = 2;

/** Words of a policy that forbid nothing; any other, `noevict` among them, protects, as Solaris' own clean-up has it. */
const HARMLESS: ReadonlySet<string> = new Set(["static", "auto", "volatile"]);

/** Names that go into a command: nothing in them means anything to a shell, to beadm (`be@snapshot`) or to zfs. */
const PLAIN_NAME = /^[A-Za-z0-9][A-Za-z0-9._:-]*$/;

export interface KeepOptions {
  /** How many bootable ones stay; fewer than KEEP_LEAST is KEEP_LEAST. */
  readonly keep: number;
  readonly olderThanS: Seconds;
  /** The node's own clock: its creation times are of it. */
  readonly now: NodeSeconds;
}

export interface BootEnvironmentChoice {
  /** In the order in which they go, oldest first. */
  readonly destroy: readonly BootEnvironment[];
  /** The others, as listed. */
  readonly kept: readonly { readonly name: string; readonly why: string }[];
  /** Why none may go, whatever it is. */
  readonly refusal?: Refusal;
}

/** How many bootable ones must remain. NaN, from whatever sum, lets none go. */
const leastOf = (keep: number): number => Math.max(KEEP_LEAST, keep);

/**
 * The law, asked of a list as it is now: this one is neither the one that runs nor the one of the next boot, those two
 * are one and bootable, and enough bootable ones remain without it.
 */
export const mayDestroy = (all: readonly BootEnvironment[], name: string, keep: number): boolean => {
  const going = all.find((be) => be.name === name);
  if (going === undefined || going.active || going.onReboot || unsettled(all) !== undefined) return false;
  return all.filter((be) => be.bootable && be.name !== name).length >= leastOf(keep);
};

/** Why nothing may be destroyed on a node with this list. */
const unsettled = (all: readonly BootEnvironment[]): Refusal | undefined => {
  const running = all.filter((be) => be.active);
  const next = all.filter((be) => be.onReboot);
  const [current] = running;
  const [later] = next;
  const look = "see what beadm list says on the node";
  const twice = all.filter((be, at) => all.findIndex(({ name }) => name === be.name) !== at);
  if (twice.length > 0)
    return refusal("E_BLIND", `boot environments are listed twice: ${some(twice.map(({ name }) => name))}`, look);
  if (running.length !== 1 || current === undefined)
    return refusal("E_BLIND", `${running.length} boot environments are active now, and one must be`, look);
  if (next.length !== 1 || later === undefined)
    return refusal("E_BLIND", `${next.length} boot environments are active on reboot, and one must be`, look);
  if (current !== later)
    return refusal(
      "E_PENDING_BOOT",
      `boot environment ${some([later.name])} is active on reboot, ${some([current.name])} runs: either may be needed yet`,
      "reboot the node first",
    );
  return current.bootable
    ? undefined
    : refusal("E_BLIND", `boot environment ${some([current.name])} runs and is marked as not bootable`, look);
};

/** Which boot environments go, and why each of the others stays. Each destroy is within the law on what the ones before left. */
export const chooseBootEnvironments = (
  all: readonly BootEnvironment[],
  options: KeepOptions,
): BootEnvironmentChoice => {
  const why = new Map<BootEnvironment, string>();
  const refused = unsettled(all);
  const candidates = all
    .filter((be) => {
      const reason = reasonToKeep(be, options);
      if (reason !== undefined) why.set(be, reason);
      return reason === undefined;
    })
    .sort((a, b) => a.created - b.created || (a.name < b.name ? -1 : 1));
  const destroy: BootEnvironment[] = [];
  for (const be of candidates) {
    const left = all.filter((other) => !destroy.includes(other));
    if (mayDestroy(left, be.name, options.keep)) destroy.push(be);
    else
      why.set(
        be,
        refused === undefined ? `one of the ${leastOf(options.keep)} bootable ones that stay` : "nothing is destroyed",
      );
  }
  const kept = all.flatMap((be) => {
    const reason = why.get(be);
    return reason === undefined ? [] : [{ name: be.name, why: reason }];
  });
  return refused === undefined ? { destroy, kept } : { destroy, kept, refusal: refused };
};

/** What keeps this one, however many there are. */
const reasonToKeep = (be: BootEnvironment, { olderThanS, now }: KeepOptions): string | undefined => {
  const protecting = be.policy.filter((word) => !HARMLESS.has(word));
  const age = now - be.created;
  if (be.active) return be.onReboot ? "it runs, and will after a reboot" : "it runs";
  if (be.onReboot) return "it is active on reboot";
  if (!be.bootable) return "it is not bootable";
  if (be.mountpoint !== "") return `it is mounted at ${some([be.mountpoint])}`;
  if (protecting.length > 0) return `its policy protects it: ${some(protecting)}`;
  if (age < 0) return "it was created in the future";
  // Written so that a time that is no number keeps it.
  if (!(age > olderThanS)) return "it is not old enough";
  return PLAIN_NAME.test(be.name) ? undefined : "its name is one novasweep will not put into a command";
};

/** What ZFS says of the datasets of one boot environment. */
export interface BootEnvironmentSpace {
  /** Held by its own filesystems, and by nothing else. */
  readonly uniqueBytes: Bytes;
  /** Held by its snapshots; where others came from one of them, what its filesystems hold is here too. */
  readonly snapshotBytes: Bytes;
  /** Held by all snapshots of each filesystem that one of its own came from, by that filesystem. */
  readonly origins: Readonly<Record<string, Bytes>>;
  /** Their sum. */
  readonly originBytes: Bytes;
}

/** What a destroy frees, at least and at most. */
export interface FreedRange {
  readonly least: Bytes;
  readonly most: Bytes;
}

/**
 * What destroying these frees.
 *
 * At least: `usedbydataset` of their filesystems, which counts a clone's own blocks without those of its origin (zfs(1M)).
 * None where others came from one of its snapshots: beadm promotes those, and the blocks they share become theirs.
 *
 * At most: their snapshots besides, which go with them (sheet 4), and all that the snapshots of the filesystems they came
 * from hold. The snapshot a clone came from goes with the last clone of it, as far as is known; how much that alone frees
 * ZFS does not tell beforehand: a snapshot's `used` leaves out what it shares with the next one. The sum over all of
 * that filesystem is the nearest bound that holds; several that came from one filesystem have it once.
 */
export const bootEnvironmentSpace = (spaces: readonly BootEnvironmentSpace[]): FreedRange => {
  const origins = new Map(spaces.flatMap((space) => Object.entries(space.origins)));
  const sum = (list: readonly Bytes[]): Bytes => list.reduce((total, bytes) => total + bytes, 0);
  const least = sum(spaces.map(({ uniqueBytes }) => uniqueBytes));
  return { least, most: least + sum(spaces.map(({ snapshotBytes }) => snapshotBytes)) + sum([...origins.values()]) };
};
