/** The schemas of a plan and of what it is made of: changes, drift, failures and refusals. */
import type { Change, Patch } from "../../../src/domain/change.ts";
import { type Failure, type FailureCode, failureCodes, type Refusal } from "../../../src/domain/outcome.ts";
import type { Aspect, Drift, GateRule, HostPlan, Plan } from "../../../src/domain/plan.ts";
import type { FreedRange, Holder } from "../../../src/domain/purge/space.ts";
import { digest } from "./facts.ts";
import {
  atLeast,
  count,
  type Definitions,
  formed,
  integer,
  list,
  literal,
  map,
  nonEmptyList,
  number,
  object,
  optional,
  type Schema,
  text,
  union,
  word,
} from "./kit.ts";

export const host = formed("^\\S+$");
export const runId = formed("^\\d{8}-\\d{6}-[0-9a-f]{6}$");

const code: Schema<FailureCode> = { json: { enum: failureCodes } };

const patch = object<Patch>(
  {
    offset: count,
    length: count,
    rangeDigest: digest,
    replacement: formed("^[A-Za-z0-9+/]*={0,2}$"),
    before: digest,
    after: digest,
    line: atLeast(1),
    oldLine: optional(text),
    newLine: text,
  },
  "A byte-exact edit of one range of one file; replacement is base64, the digests are SHA-256.",
);

type ChangeOf<K extends Change["kind"]> = Extract<Change, { kind: K }>;

/** What a purge will free, as the node counts. */
export const freed = object<FreedRange>({ leastBytes: count, mostBytes: count });

const trash = {
  files: count,
  bytes: count,
  freed,
  heldBytes: count,
  heldBy: list(object<Holder>({ snapshot: text, bytes: count, bootEnvironments: list(text) })),
};

const change = union<Change, "kind">("kind", {
  "dataset.create": object<ChangeOf<"dataset.create">>({
    kind: literal("dataset.create"),
    dataset: text,
    mountpoint: text,
    quotaBytes: count,
  }),
  "dataset.quota": object<ChangeOf<"dataset.quota">>({
    kind: literal("dataset.quota"),
    dataset: text,
    from: count,
    to: count,
  }),
  "dataset.set": object<ChangeOf<"dataset.set">>({
    kind: literal("dataset.set"),
    dataset: text,
    property: word<ChangeOf<"dataset.set">["property"]>({ canmount: true, "com.sun:auto-snapshot": true }),
    from: text,
    to: text,
  }),
  "directory.own": object<ChangeOf<"directory.own">>({
    kind: literal("directory.own"),
    path: text,
    dataset: text,
    owner: text,
    group: text,
    mode: text,
  }),
  "cleaner.install": object<ChangeOf<"cleaner.install">>({
    kind: literal("cleaner.install"),
    method: digest,
    manifest: digest,
  }),
  "cleaner.package": object<ChangeOf<"cleaner.package">>({
    kind: literal("cleaner.package"),
    fmri: text,
    origin: optional(text),
    method: digest,
    manifest: digest,
  }),
  "cleaner.uninstall": object<ChangeOf<"cleaner.uninstall">>({
    kind: literal("cleaner.uninstall"),
    package: text,
    version: text,
  }),
  "cleaner.configure": object<ChangeOf<"cleaner.configure">>({
    kind: literal("cleaner.configure"),
    properties: map(text),
  }),
  "cleaner.enable": object<ChangeOf<"cleaner.enable">>({ kind: literal("cleaner.enable") }),
  "cleaner.disable": object<ChangeOf<"cleaner.disable">>({ kind: literal("cleaner.disable") }),
  "cleaner.remove": object<ChangeOf<"cleaner.remove">>({ kind: literal("cleaner.remove") }),
  "cache.migrate": object<ChangeOf<"cache.migrate">>({
    kind: literal("cache.migrate"),
    from: text,
    to: text,
    owner: text,
    dataset: text,
    quotaBytes: count,
    headroomBytes: count,
    timeoutS: count,
  }),
  "conf.set": object<ChangeOf<"conf.set">>({
    kind: literal("conf.set"),
    path: text,
    section: text,
    key: literal("glancecache_dirname"),
    to: text,
    patch,
  }),
  "conf.restore": object<ChangeOf<"conf.restore">>({
    kind: literal("conf.restore"),
    path: text,
    run: runId,
    from: digest,
    to: digest,
    owner: text,
    group: text,
    mode: text,
    directory: optional(text),
  }),
  "compute.restart": object<ChangeOf<"compute.restart">>({
    kind: literal("compute.restart"),
    service: text,
    because: word<ChangeOf<"compute.restart">["because"]>({ edit: true, owed: true }),
    timeoutS: count,
    soakS: count,
  }),
  "legacy.remove": object<ChangeOf<"legacy.remove">>({
    kind: literal("legacy.remove"),
    path: text,
    real: text,
    inode: text,
    owner: text,
    dataset: text,
    include: list(text),
    ...trash,
  }),
  "cache.evict": object<ChangeOf<"cache.evict">>({
    kind: literal("cache.evict"),
    directory: text,
    dataset: text,
    owner: text,
    flags: list(text),
    ...trash,
  }),
  "boot-environment.destroy": object<ChangeOf<"boot-environment.destroy">>({
    kind: literal("boot-environment.destroy"),
    name: text,
    uuid: text,
    created: number,
    keep: count,
    bytes: count,
    freed,
    origins: map(count, "by file system"),
  }),
});

const aspect = word<Aspect>({
  dataset: true,
  quota: true,
  canmount: true,
  "auto-snapshot": true,
  snapshots: true,
  owner: true,
  cleaner: true,
  "cleaner-package": true,
  "cleaner-files": true,
  "cleaner-properties": true,
  "cleaner-state": true,
  conf: true,
  restart: true,
  legacy: true,
  images: true,
  "boot-environments": true,
});

const gate = object<GateRule>({ maxBad: count, maxMissing: count, parallel: count, soakS: count });

/** Files the schemas of this file among the definitions, and returns those that events use. */
export const definePlan = (definitions: Definitions) => {
  const failure = definitions.define(
    "failure",
    object<Failure>({ code, message: text, try: optional(text) }, "Why a host did not end well."),
  );
  const refusal = definitions.define(
    "refusal",
    object<Refusal>({ code, message: text, try: optional(text) }, "A reason not to act on a host."),
  );
  const drift = definitions.define(
    "drift",
    object<Drift>({ aspect, have: text, want: text }, "One difference between what is and what should be."),
  );
  const changes = nonEmptyList(definitions.define("change", change));
  type Verdict<V extends HostPlan["verdict"]> = Extract<HostPlan, { verdict: V }>;
  const hostPlan = union<HostPlan, "verdict">("verdict", {
    "in-sync": object<Verdict<"in-sync">>({ verdict: literal("in-sync"), host, notes: list(text) }),
    change: object<Verdict<"change">>({
      verdict: literal("change"),
      host,
      basis: integer,
      drift: list(drift),
      changes,
      notes: list(text),
    }),
    refuse: object<Verdict<"refuse">>({
      verdict: literal("refuse"),
      host,
      drift: list(drift),
      refusals: nonEmptyList(refusal),
    }),
    unreachable: object<Verdict<"unreachable">>({ verdict: literal("unreachable"), host, failure }),
  });
  const plan = definitions.define(
    "plan",
    object<Plan>(
      { run: runId, hosts: list(definitions.define("hostPlan", hostPlan)), waves: list(list(host)), gate },
      "Everything that is decided before anything is done.",
    ),
  );
  return { failure, refusal, drift, plan };
};
