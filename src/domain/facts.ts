import type { AbsPath, Bytes, Digest, EpochMs, NodeSeconds, Seconds } from "./ids.ts";
import type { PurgeFacts } from "./purge/facts.ts";

/**
 * One field a probe looked at. "Could not look" never counts as "absent":
 * `absent` was looked at and is not there, `denied` the login may not read, `unsupported` this system has not,
 * `failed` the tool ended with an error nobody expected (its words are in `detail`).
 */
export type Unseen = "absent" | "denied" | "unsupported" | "failed";
export type Observed<T> =
  | { readonly seen: true; readonly value: T }
  | { readonly seen: false; readonly why: Unseen; readonly detail?: string };

/** What a probe saw on one host at one moment. Immutable. */
export interface Facts {
  /** When the reply was complete, controller's clock. */
  readonly at: EpochMs;
  readonly uid: number;
  readonly system: SystemFacts;
  readonly nova: Observed<NovaFacts>;
  readonly service: Observed<ServiceFacts>;
  readonly conf: Observed<ConfFacts>;
  /** First component of the dataset mounted at `/`. */
  readonly rootPool: Observed<string>;
  /** Dataset mounted at `/`, e.g. `rpool/ROOT/solaris`. */
  readonly rootDataset: Observed<string>;
  /** Bytes the root pool has available. */
  readonly poolAvailableBytes: Observed<Bytes>;
  /** Every dataset the probe asked for by name, plus the one each directory lies on; a name asked for and not there is `absent`. */
  readonly datasets: Readonly<Record<string, Observed<DatasetFacts>>>;
  /** How many snapshots each of those datasets has; none of the shared ones and of boot environments was counted. */
  readonly snapshots: Observed<Readonly<Record<string, number>>>;
  /** Directories asked for: the candidates of every layout, the value in force, the known legacy caches. */
  readonly directories: Readonly<Record<AbsPath, Observed<DirectoryFacts>>>;
  /** The cleaner's instance; absent: SMF knows none. */
  readonly cleaner: Observed<CleanerFacts>;
  /** SHA-256 of the installed method and manifest files. */
  readonly cleanerFiles: { readonly method: Observed<Digest>; readonly manifest: Observed<Digest> };
  readonly bootEnvironments: Observed<readonly BootEnvironment[]>;
  /** Zones in state `incomplete` (being installed), by name. */
  readonly incompleteZones: Observed<readonly string[]>;
  /** Our backups of nova.conf and what their notes say, oldest first. */
  readonly notes: Observed<readonly Note[]>;
  /** The host's lock, when somebody holds it. */
  readonly lock: Observed<LockFacts>;
  /** Only where a purge looked. */
  readonly purge?: PurgeFacts;
}

export interface SystemFacts {
  /** `uname -s`: `SunOS`. */
  readonly kernel: string;
  /** `uname -v`: `11.3`, `11.4.0.15.0`, `illumos-…`, `omnios-…`. */
  readonly version: string;
  /** First line of /etc/release, trimmed. */
  readonly release: string;
  /** `zonename`: `global` on a compute node. */
  readonly zone: string;
  /** Boot time, epoch seconds of the node (kstat unix:0:system_misc:boot_time). */
  readonly bootedAt: Observed<NodeSeconds>;
}

export interface NovaFacts {
  /** `pkg list -H cloud/openstack/nova`, third column: `0.2014.2.2`. */
  readonly version: string;
  /** The section the installed driver reads: `DEFAULT` or `solariszones`. */
  readonly section: Observed<string>;
  /** The driver's built-in default of glancecache_dirname, as written: `$state_path/images`. */
  readonly builtInDefault: Observed<string>;
  /** The installed package that carries a cleaner at our paths: ours, or the published recipe's 0.1. */
  readonly cleanerPackage: Observed<CleanerPackage>;
}

/** A package as `pkg list` names it. */
export interface CleanerPackage {
  readonly name: string;
  /** `1.0`. */
  readonly version: string;
}

/** An SMF instance as its `restarter` property group describes it. */
export interface ServiceFacts {
  /** online, offline, disabled, maintenance, degraded, uninitialized. */
  readonly state: string;
  /** `none` when not in transition. */
  readonly nextState: string;
  /** `restarter/state_timestamp`, as printed: `seconds.nanoseconds`. */
  readonly since: string;
  /** `restarter/contract`, as printed; empty when no process runs. */
  readonly contract: string;
  readonly startTimeoutS: Seconds;
  readonly stopTimeoutS: Seconds;
}

export interface ConfFacts {
  readonly path: AbsPath;
  readonly digest: Digest;
  readonly size: Bytes;
  readonly owner: string;
  readonly group: string;
  /** `ls` letters, e.g. `-rw-r--r--`, with `+` when there is an ACL. */
  readonly mode: string;
  readonly mtime: NodeSeconds;
  readonly directoryOwner: string;
  readonly directoryMode: string;
  /** Every active value of the keys that matter, in file order: glancecache_dirname in every section and what it refers to by `$`. */
  readonly values: readonly ConfValue[];
  readonly sections: readonly string[];
  /** First line oslo.config would refuse, with its reason. */
  readonly parseError?: { readonly line: number; readonly reason: string };
  /** The value in force as the node worked it out, `$` references substituted; absent: nothing could be worked out. */
  readonly inForce: Observed<string>;
}

export interface ConfValue {
  readonly section: string;
  readonly key: string;
  readonly value: string;
}

export interface DatasetFacts {
  readonly name: string;
  readonly mountpoint: string;
  readonly mounted: boolean;
  /** 0: none. */
  readonly quotaBytes: Bytes;
  readonly usedBytes: Bytes;
  readonly usedByDatasetBytes: Bytes;
  readonly usedBySnapshotsBytes: Bytes;
  readonly availableBytes: Bytes;
  readonly atime: boolean;
  readonly readonly: boolean;
  /** `on`, `off` or `noauto`. */
  readonly canmount: string;
  /** `com.sun:auto-snapshot`, by which Solaris' time slider goes; `-` where nobody set it. */
  readonly autoSnapshot: string;
}

export interface DirectoryFacts {
  readonly owner: string;
  readonly group: string;
  /** `ls` letters, e.g. `drwxr-xr-x`. */
  readonly mode: string;
  /** Dataset the directory lies on. */
  readonly dataset: Observed<string>;
  /** Present for directories that may be image caches. */
  readonly images?: Observed<ImagesFacts>;
}

/** Regular files whose name is an image UUID; `partial` counts `.downloading` names. */
export interface ImagesFacts {
  readonly count: number;
  readonly bytes: Bytes;
  readonly oldest: NodeSeconds | null;
  readonly newest: NodeSeconds | null;
  readonly largestBytes: Bytes;
  readonly partial: number;
  /** Names that make the cache busy: `.downloading`, or changed less than 2 minutes ago. At most 5. */
  readonly busy: readonly string[];
  /** Names of any kind in the directory, and the first of them (empty when there is none). */
  readonly entries: number;
  readonly firstEntry: string;
  /** The first images an eviction would take, in its order; none where the directory shares its dataset. */
  readonly evictedFirst: readonly Candidate[];
}

/** An image older than the age floor. `at`: when it was last used, or changed where the dataset keeps no times of use. */
export interface Candidate {
  readonly bytes: Bytes;
  readonly at: NodeSeconds;
}

/** Most candidates a probe names for one directory. */
export const CANDIDATES_MAX = 40;

export interface CleanerFacts {
  readonly service: ServiceFacts;
  /** `config/*` and `periodic/*` of the running snapshot, unescaped: `config/dataset` -> `rpool/export/nova`. */
  readonly properties: Readonly<Record<string, string>>;
  readonly lastRun: NodeSeconds | null;
  readonly nextRun: NodeSeconds | null;
  /** From the summary line the cleaner last logged, null when it never ran. */
  readonly lastEvictedBytes: Bytes | null;
  readonly version: string | null;
}

/** A row of `beadm list -H`. */
export interface BootEnvironment {
  readonly name: string;
  readonly uuid: string;
  /** Runs now (`N`). */
  readonly active: boolean;
  /** Will run after a reboot (`R`). */
  readonly onReboot: boolean;
  /** No flag but those two: `!` says that it cannot be booted, and what another would say is not known. */
  readonly bootable: boolean;
  /** Where it is mounted now; empty: nowhere. */
  readonly mountpoint: string;
  readonly bytes: Bytes;
  /** The words of its policy: `static`, `noevict`. */
  readonly policy: readonly string[];
  readonly created: NodeSeconds;
}

/** What we wrote beside a backup of nova.conf. */
export interface Note {
  readonly run: string;
  readonly before: Digest;
  readonly after: Digest;
  readonly restart: "owed" | "paid";
  /** `restarter/state_timestamp` of the start that paid it, as printed; notes of older versions have none. */
  readonly since?: string;
}

export interface LockFacts {
  readonly run: string;
  readonly controller: string;
  readonly user: string;
  readonly pid: number;
  readonly bootedAt: string;
  readonly since: string;
  /** Whether a process with that pid still runs (and the node did not boot in between). */
  readonly alive: boolean;
}
