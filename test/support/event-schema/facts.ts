/** The schema of what a probe saw. */

import type { BootEnvironmentSpace } from "../../../src/domain/boot-environments.ts";
import type {
  BootEnvironment,
  Candidate,
  CleanerFacts,
  CleanerPackage,
  ConfFacts,
  ConfValue,
  DatasetFacts,
  DirectoryFacts,
  Facts,
  ImagesFacts,
  LockFacts,
  Note,
  NovaFacts,
  Observed,
  ServiceFacts,
  SystemFacts,
  Unseen,
} from "../../../src/domain/facts.ts";
import type {
  EvictionFacts,
  ForeignFile,
  PlaceFacts,
  PurgeFacts,
  SpaceFacts,
  Sum,
} from "../../../src/domain/purge/facts.ts";
import {
  atLeast,
  count,
  type Definitions,
  flag,
  formed,
  integer,
  list,
  literal,
  map,
  number,
  object,
  optional,
  orNull,
  type Schema,
  text,
  word,
} from "./kit.ts";

export const digest = formed("^[0-9a-f]{64}$");

const unseen = object<Extract<Observed<unknown>, { seen: false }>>({
  seen: literal(false),
  why: word<Unseen>({ absent: true, denied: true, unsupported: true, failed: true }),
  detail: optional(text),
});

const observed = <T>(value: Schema<T>): Schema<Observed<T>> => ({
  json: { oneOf: [object<{ seen: true; value: T }>({ seen: literal(true), value }).json, { $ref: "#/$defs/unseen" }] },
});

const system = object<SystemFacts>({
  kernel: text,
  version: text,
  release: text,
  zone: text,
  bootedAt: observed(number),
});

const nova = object<NovaFacts>({
  version: text,
  section: observed(text),
  builtInDefault: observed(text),
  cleanerPackage: observed(object<CleanerPackage>({ name: text, version: text })),
});

const service = object<ServiceFacts>({
  state: text,
  nextState: text,
  since: text,
  contract: text,
  startTimeoutS: count,
  stopTimeoutS: count,
});

const conf = object<ConfFacts>({
  path: text,
  // Empty: what is no regular file was not read.
  digest: formed("^([0-9a-f]{64})?$"),
  size: count,
  owner: text,
  group: text,
  mode: text,
  mtime: number,
  directoryOwner: text,
  directoryMode: text,
  values: list(object<ConfValue>({ section: text, key: text, value: text })),
  sections: list(text),
  parseError: optional(object<NonNullable<ConfFacts["parseError"]>>({ line: atLeast(1), reason: text })),
  inForce: observed(text),
});

const dataset = object<DatasetFacts>({
  name: text,
  mountpoint: text,
  mounted: flag,
  quotaBytes: count,
  usedBytes: count,
  usedByDatasetBytes: count,
  usedBySnapshotsBytes: count,
  availableBytes: count,
  atime: flag,
  readonly: flag,
  canmount: text,
  autoSnapshot: text,
});

const images = object<ImagesFacts>({
  count,
  bytes: count,
  oldest: orNull(number),
  newest: orNull(number),
  largestBytes: count,
  partial: count,
  busy: list(text),
  entries: count,
  firstEntry: text,
  evictedFirst: list(object<Candidate>({ bytes: count, at: number })),
});

const directory = object<DirectoryFacts>({
  owner: text,
  group: text,
  mode: text,
  dataset: observed(text),
  images: optional(observed(images)),
});

const cleaner = object<CleanerFacts>({
  service,
  properties: map(text),
  lastRun: orNull(number),
  nextRun: orNull(number),
  lastEvictedBytes: orNull(count),
  version: orNull(text),
});

const bootEnvironment = object<BootEnvironment>({
  name: text,
  uuid: text,
  active: flag,
  onReboot: flag,
  bootable: flag,
  mountpoint: text,
  bytes: count,
  policy: list(text),
  created: number,
});

const note = object<Note>({
  run: text,
  before: digest,
  after: digest,
  restart: word<Note["restart"]>({ owed: true, paid: true }),
  since: optional(text),
});

const lock = object<LockFacts>({
  run: text,
  controller: text,
  user: text,
  pid: count,
  bootedAt: text,
  since: text,
  alive: flag,
});

const sum = object<Sum>({ count, bytes: count });
const space = object<SpaceFacts>({
  freeBytes: count,
  maybeBytes: count,
  heldBytes: count,
  holders: list(object<SpaceFacts["holders"][number]>({ snapshot: text, bytes: count })),
});
const foreign = object<ForeignFile>({
  kind: word<ForeignFile["kind"]>({ file: true, directory: true, link: true, other: true }),
  bytes: count,
  name: text,
});
const place = object<PlaceFacts>({
  real: text,
  inode: text,
  owner: text,
  dataset: text,
  links: list(object<PlaceFacts["links"][number]>({ path: text, owner: text })),
  images: sum,
  markers: sum,
  included: sum,
  foreign: object<PlaceFacts["foreign"]>({ count, first: list(foreign) }),
  oldest: orNull(number),
  newest: orNull(number),
  open: observed(list(text)),
  busy: list(text),
  space,
});
const eviction = object<EvictionFacts>({
  images: count,
  bytes: count,
  leftovers: count,
  leftoverBytes: count,
  words: text,
  notes: list(text),
  space,
});
const taken = object<BootEnvironmentSpace>({
  uniqueBytes: count,
  snapshotBytes: count,
  origins: map(count, "by filesystem"),
  originBytes: count,
});
const purge = object<PurgeFacts>({
  inForce: observed(text),
  kept: map(observed(text), "by name"),
  mounts: observed(list(text)),
  places: map(observed(place), "by path"),
  odd: list(text),
  clones: observed(map(list(text), "by snapshot")),
  eviction: optional(observed(eviction)),
  now: optional(observed(number)),
  spaces: optional(observed(map(taken, "by boot environment"))),
});

/** Files the schema of the facts among the definitions. */
export const defineFacts = (definitions: Definitions): Schema<Facts> => {
  definitions.define("unseen", unseen);
  return definitions.define(
    "facts",
    object<Facts>(
      {
        at: integer,
        uid: count,
        system,
        nova: observed(nova),
        service: observed(service),
        conf: observed(conf),
        rootPool: observed(text),
        rootDataset: observed(text),
        poolAvailableBytes: observed(count),
        datasets: map(observed(dataset), "by name"),
        snapshots: observed(map(count, "by dataset")),
        directories: map(observed(directory), "by path"),
        cleaner: observed(cleaner),
        cleanerFiles: object<Facts["cleanerFiles"]>({ method: observed(digest), manifest: observed(digest) }),
        bootEnvironments: observed(list(bootEnvironment)),
        incompleteZones: observed(list(text)),
        notes: observed(list(note)),
        lock: observed(lock),
        purge: optional(purge),
      },
      "What a probe saw on one host at one moment. What could not be looked at has seen: false and says why.",
    ),
  );
};
