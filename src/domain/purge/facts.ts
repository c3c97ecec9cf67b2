import type { BootEnvironmentSpace } from "../boot-environments.ts";
import type { Observed } from "../facts.ts";
import type { AbsPath, Bytes, NodeSeconds } from "../ids.ts";

/** What the look of a purge sees besides the probe. Paths are as they really lie, links followed (`pwd -P`). */
export interface PurgeFacts {
  /** The directory in force; absent: it is not there. */
  readonly inForce: Observed<AbsPath>;
  /** What Nova keeps elsewhere, by what it is called: `state_path`, `instances_path`, `home`. */
  readonly kept: Readonly<Record<string, Observed<AbsPath>>>;
  /** Where file systems of any kind are mounted. */
  readonly mounts: Observed<readonly AbsPath[]>;
  /** The directories looked at, by the names they were given: caches of the past, or the one in force. */
  readonly places: Readonly<Record<AbsPath, Observed<PlaceFacts>>>;
  /** What else was named as a cache, and is no path that goes into a command: not looked at. */
  readonly odd: readonly string[];
  /** Which datasets were cloned from a snapshot, below the root pool's ROOT. */
  readonly clones: Observed<Readonly<Record<string, readonly string[]>>>;
  /** What the cleaner would take; only of a purge of the cache. */
  readonly eviction?: Observed<EvictionFacts>;
  /** The node's clock, and what its boot environments take, by name; only of a purge of boot environments. */
  readonly now?: Observed<NodeSeconds>;
  readonly spaces?: Observed<Readonly<Record<string, BootEnvironmentSpace>>>;
}

/** A directory that files may be taken from. */
export interface PlaceFacts {
  readonly real: AbsPath;
  readonly inode: string;
  readonly owner: string;
  readonly dataset: string;
  /** Components of its name that are links, with their owners. */
  readonly links: readonly { readonly path: AbsPath; readonly owner: string }[];
  readonly images: Sum;
  /** Markers of downloads that ended long ago. */
  readonly markers: Sum;
  /** What is neither, and was named to go as well. */
  readonly included: Sum;
  /** What else lies there, and stays: how many, and the first of them. */
  readonly foreign: { readonly count: number; readonly first: readonly ForeignFile[] };
  readonly oldest: NodeSeconds | null;
  readonly newest: NodeSeconds | null;
  /** Names of files a process has open; unseen when fuser cannot tell. */
  readonly open: Observed<readonly string[]>;
  /** Names that were written a moment ago. */
  readonly busy: readonly string[];
  readonly space: SpaceFacts;
}

/** Files, and the bytes their blocks take (`ls -s`). */
export interface Sum {
  readonly count: number;
  readonly bytes: Bytes;
}

export interface ForeignFile {
  readonly kind: "file" | "directory" | "link" | "other";
  readonly bytes: Bytes;
  /** As `ls -q` prints it. */
  readonly name: string;
}

/** What becomes of the blocks of files that go. */
export interface SpaceFacts {
  /** Written after the last snapshot: nothing else holds them. */
  readonly freeBytes: Bytes;
  /** Older content under a newer inode: a snapshot may hold it. */
  readonly maybeBytes: Bytes;
  /** Unchanged since a snapshot was taken: it holds them. */
  readonly heldBytes: Bytes;
  /** The snapshots that do, each with all that it holds of them; several may hold the same. */
  readonly holders: readonly { readonly snapshot: string; readonly bytes: Bytes }[];
}

/** The answer of the cleaner to what it would do. */
export interface EvictionFacts {
  readonly images: number;
  readonly bytes: Bytes;
  readonly leftovers: number;
  readonly leftoverBytes: Bytes;
  /** Its last words: `target reached`. */
  readonly words: string;
  readonly notes: readonly string[];
  readonly space: SpaceFacts;
}
