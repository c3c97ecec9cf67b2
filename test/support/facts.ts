import type {
  BootEnvironment,
  DatasetFacts,
  DirectoryFacts,
  Facts,
  ImagesFacts,
  Observed,
} from "../../src/domain/facts.ts";
import { defaultSettings, type Settings } from "../../src/domain/settings.ts";

export const seen = <T>(value: T): Observed<T> => ({ seen: true, value });
export const absent = { seen: false, why: "absent" } as const;

export const images = (patch: Partial<ImagesFacts> = {}): Observed<ImagesFacts> =>
  seen({
    count: 0,
    bytes: 0,
    oldest: null,
    newest: null,
    largestBytes: 0,
    partial: 0,
    busy: [],
    entries: 0,
    firstEntry: "",
    evictedFirst: [],
    ...patch,
  });

export const bootEnvironment = (name: string, patch: Partial<BootEnvironment> = {}): BootEnvironment => ({
  name,
  uuid: `uuid of ${name}`,
  active: false,
  onReboot: false,
  bootable: true,
  mountpoint: "",
  bytes: 7_786_206_208,
  policy: ["static"],
  created: 1_442_000_000,
  ...patch,
});

export const directory = (dataset: string, patch: Partial<DirectoryFacts> = {}): Observed<DirectoryFacts> =>
  seen({ owner: "nova", group: "nova", mode: "drwxr-xr-x", dataset: seen(dataset), images: images(), ...patch });

export const dataset = (name: string, mountpoint: string, patch: Partial<DatasetFacts> = {}): Observed<DatasetFacts> =>
  seen({
    name,
    mountpoint,
    mounted: true,
    quotaBytes: 0,
    usedBytes: 0,
    usedByDatasetBytes: 0,
    usedBySnapshotsBytes: 0,
    availableBytes: 100 * 1024 ** 3,
    atime: true,
    readonly: false,
    canmount: "on",
    autoSnapshot: "false",
    ...patch,
  });

const service = (state = "online") => ({
  state,
  nextState: "none",
  since: "1442404800.000000000",
  contract: state === "online" ? "112" : "",
  startTimeoutS: 120,
  stopTimeoutS: 60,
});

export const payload = { method: "a".repeat(64), manifest: "b".repeat(64), version: "1.0" };

/** A Juno node nobody has touched: cache in the boot environment, no dataset, no cleaner. */
export const juno: Facts = {
  at: 1_700_000_000_000,
  uid: 0,
  system: {
    kernel: "SunOS",
    version: "11.3",
    release: "Oracle Solaris 11.3 X86",
    zone: "global",
    bootedAt: seen(1442400000),
  },
  nova: seen({
    version: "0.2014.2.2",
    section: seen("DEFAULT"),
    builtInDefault: seen("$state_path/images"),
    cleanerPackage: absent,
  }),
  service: seen(service()),
  conf: seen({
    path: "/etc/nova/nova.conf",
    digest: "c".repeat(64),
    size: 9000,
    owner: "nova",
    group: "nova",
    mode: "-rw-r--r--",
    mtime: 1442000000.5,
    directoryOwner: "nova",
    directoryMode: "drwx------",
    values: [],
    sections: ["DEFAULT"],
    inForce: seen("/var/lib/nova/images"),
  }),
  rootPool: seen("rpool"),
  rootDataset: seen("rpool/ROOT/solaris"),
  poolAvailableBytes: seen(100 * 1024 ** 3),
  datasets: {
    "rpool/export": dataset("rpool/export", "/export"),
    "rpool/export/nova": absent,
    "rpool/VARSHARE": dataset("rpool/VARSHARE", "/var/share"),
    "rpool/VARSHARE/nova/images": absent,
    "rpool/ROOT/solaris/var": dataset("rpool/ROOT/solaris/var", "/var"),
  },
  snapshots: seen({}),
  directories: {
    "/var/lib/nova/images": directory("rpool/ROOT/solaris/var", { images: images({ count: 3, bytes: 3 * 1024 ** 3 }) }),
    "/export/nova": absent,
    "/export/nova/images": absent,
    "/var/share/nova/images": absent,
  },
  cleaner: absent,
  cleanerFiles: { method: absent, manifest: absent },
  bootEnvironments: seen([bootEnvironment("solaris", { active: true, onReboot: true, mountpoint: "/" })]),
  incompleteZones: seen([]),
  notes: seen([]),
  lock: absent,
};

const cleaner = (dataset: string, directory: string) => ({
  cleaner: seen({
    service: service(),
    properties: {
      "config/dataset": dataset,
      "config/directory": directory,
      "config/headroom": "2147483648",
      "config/target_free": "4294967296",
      "config/min_age": "86400",
      "config/order": "lru",
      "periodic/period": "3600",
      "periodic/jitter": "300",
    },
    lastRun: null,
    nextRun: null,
    lastEvictedBytes: null,
    version: null,
  }),
  cleanerFiles: { method: seen(payload.method), manifest: seen(payload.manifest) },
});

/** The same node after a rollout. */
export const junoDone: Facts = {
  ...juno,
  ...cleaner("rpool/export/nova", "/export/nova/images"),
  conf: {
    seen: true,
    value: { ...(juno.conf.seen ? juno.conf.value : never()), inForce: seen("/export/nova/images") },
  },
  datasets: {
    ...juno.datasets,
    "rpool/export/nova": dataset("rpool/export/nova", "/export/nova", { quotaBytes: 15 * 1024 ** 3 }),
  },
  directories: {
    ...juno.directories,
    "/export/nova": directory("rpool/export/nova"),
    "/export/nova/images": directory("rpool/export/nova"),
  },
};

/** A Mitaka node nobody has touched: Nova's own dataset, no quota. */
export const mitaka: Facts = {
  ...juno,
  nova: seen({
    version: "13.1.0",
    section: seen("solariszones"),
    builtInDefault: seen("/var/share/nova/images"),
    cleanerPackage: absent,
  }),
  conf: {
    seen: true,
    value: {
      ...(juno.conf.seen ? juno.conf.value : never()),
      sections: ["DEFAULT", "solariszones"],
      inForce: seen("/var/share/nova/images"),
    },
  },
  datasets: {
    ...juno.datasets,
    "rpool/VARSHARE/nova/images": dataset("rpool/VARSHARE/nova/images", "/var/share/nova/images", {
      usedBytes: 1024 ** 3,
    }),
  },
  directories: { ...juno.directories, "/var/share/nova/images": directory("rpool/VARSHARE/nova/images") },
};

function never(): never {
  throw new Error("the base facts have no nova.conf");
}

export const bases = { juno, junoDone, mitaka };

export const accepted = { activatePending: false, thisBootEnvironment: false, breakStaleLock: false, waitIdleS: 0 };

export const settings = (patch: Partial<Settings> = {}): Settings => ({ ...defaultSettings, ...patch });

/** Merges a JSON patch into an object: objects by member, anything else replaced, `null` removes. */
export const merge = <T>(base: T, patch: unknown): T => {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch as T;
  const result: Record<string, unknown> = { ...(base as Record<string, unknown>) };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merge(result[key], value);
  }
  return result as T;
};
