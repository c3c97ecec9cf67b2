import type { AbsPath, Bytes, Digest, NodeSeconds, RunId, Seconds } from "./ids.ts";
import type { FreedRange, Holder } from "./purge/space.ts";

/** A byte-exact edit of one range of one file. The file itself is in no plan, journal or script. */
export interface Patch {
  /** Byte offset of the replaced range. */
  readonly offset: number;
  /** Bytes replaced; 0 is an insertion. */
  readonly length: number;
  /** SHA-256 of the replaced range. */
  readonly rangeDigest: Digest;
  /** The new bytes, base64. */
  readonly replacement: string;
  /** SHA-256 of the whole file before and after. */
  readonly before: Digest;
  readonly after: Digest;
  /** For people: the 1-based line of the range, and the line as it was (undefined: inserted) and will be. */
  readonly line: number;
  readonly oldLine?: string;
  readonly newLine: string;
}

/** One intended effect on one host, with what must still be true when it starts. */
export type Change =
  | {
      readonly kind: "dataset.create";
      readonly dataset: string;
      readonly mountpoint: AbsPath;
      readonly quotaBytes: Bytes;
    }
  | { readonly kind: "dataset.quota"; readonly dataset: string; readonly from: Bytes; readonly to: Bytes }
  | {
      readonly kind: "dataset.set";
      readonly dataset: string;
      readonly property: "canmount" | "com.sun:auto-snapshot";
      readonly from: string;
      readonly to: string;
    }
  | {
      /** Makes the directory when missing, then sets owner, group and mode. */
      readonly kind: "directory.own";
      readonly path: AbsPath;
      readonly dataset: string;
      readonly owner: string;
      readonly group: string;
      readonly mode: string;
    }
  | { readonly kind: "cleaner.install"; readonly method: Digest; readonly manifest: Digest }
  | {
      /** Installs or updates the package, from `origin` for that once where one is given; the files must then be these. */
      readonly kind: "cleaner.package";
      readonly fmri: string;
      readonly origin?: string;
      readonly method: Digest;
      readonly manifest: Digest;
    }
  | { readonly kind: "cleaner.uninstall"; readonly package: string; readonly version: string }
  | { readonly kind: "cleaner.configure"; readonly properties: Readonly<Record<string, string>> }
  | { readonly kind: "cleaner.enable" }
  | { readonly kind: "cleaner.disable" }
  | { readonly kind: "cleaner.remove" }
  | {
      /** Copies finished images of the old cache, newest first, within the quota less the headroom, for so long at most. */
      readonly kind: "cache.migrate";
      readonly from: AbsPath;
      readonly to: AbsPath;
      readonly owner: string;
      readonly dataset: string;
      readonly quotaBytes: Bytes;
      readonly headroomBytes: Bytes;
      readonly timeoutS: Seconds;
    }
  | {
      readonly kind: "conf.set";
      readonly path: AbsPath;
      readonly section: string;
      readonly key: "glancecache_dirname";
      readonly to: AbsPath;
      readonly patch: Patch;
    }
  | {
      /** Puts the file back that a run saved before its edit: bytes, owner, mode and ACL. */
      readonly kind: "conf.restore";
      readonly path: AbsPath;
      /** Whose backup. */
      readonly run: RunId;
      /** SHA-256 of the file as that run left it, and as it found it. */
      readonly from: Digest;
      readonly to: Digest;
      /** As that run found them; `mode` in the letters of `ls`. */
      readonly owner: string;
      readonly group: string;
      readonly mode: string;
      /** The cache directory that was in force; absent: it could not be worked out. */
      readonly directory?: AbsPath;
    }
  | {
      readonly kind: "compute.restart";
      readonly service: string;
      /** Why: the edit of this plan, or one of an earlier run that is still owed. */
      readonly because: "edit" | "owed";
      readonly timeoutS: Seconds;
      readonly soakS: Seconds;
    }
  | ({
      /** Takes the images out of a cache of the past, as its owner, and the files that were named besides. */
      readonly kind: "legacy.remove";
      readonly path: AbsPath;
      /** Where it really lies, and its inode there. */
      readonly real: AbsPath;
      readonly inode: string;
      readonly owner: string;
      readonly dataset: string;
      readonly include: readonly string[];
    } & Trash)
  | ({
      /** Runs the cleaner's own text on the directory in force. */
      readonly kind: "cache.evict";
      readonly directory: AbsPath;
      readonly dataset: string;
      readonly owner: string;
      readonly flags: readonly string[];
    } & Trash)
  | {
      readonly kind: "boot-environment.destroy";
      readonly name: string;
      readonly uuid: string;
      readonly created: NodeSeconds;
      /** How many bootable ones must remain. */
      readonly keep: number;
      readonly bytes: Bytes;
      readonly freed: FreedRange;
      /** What of `freed.mostBytes` is held by the snapshots of the file systems it was cloned from, by file system: others may share them. */
      readonly origins: Readonly<Record<string, Bytes>>;
    };

/** Files that go, and what becomes of the bytes their blocks take. */
interface Trash {
  readonly files: number;
  readonly bytes: Bytes;
  /** What will be free, as the node counts. */
  readonly freed: FreedRange;
  readonly heldBytes: Bytes;
  readonly heldBy: readonly Holder[];
}

export type ChangeKind = Change["kind"];

/** The changes of a purge. */
export type PurgeKind = "legacy.remove" | "cache.evict" | "boot-environment.destroy";
export type PurgeChange = Extract<Change, { kind: PurgeKind }>;

/** Whether a change takes something out. */
export const isPurge = (change: Change): change is PurgeChange =>
  change.kind === "legacy.remove" || change.kind === "cache.evict" || change.kind === "boot-environment.destroy";

/** Whether nova-compute may be broken from this change on, until a restart is proved. */
export const mayBreakCompute = ({ kind }: Change): boolean =>
  kind === "conf.set" || kind === "conf.restore" || kind === "compute.restart";

/** What it is taken from: a directory, or the boot environment itself. */
export const purgeTarget = (change: PurgeChange): string => {
  switch (change.kind) {
    case "legacy.remove":
      return change.path;
    case "cache.evict":
      return change.directory;
    case "boot-environment.destroy":
      return change.name;
  }
};

/** What an apply script reports the beginning and the end of: its changes, and what it does besides. */
export type StepKind = ChangeKind | "idle-wait" | "write-proof" | "restore";
