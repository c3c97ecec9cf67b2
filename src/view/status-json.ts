/** `status --format json`: what could not be looked at is null with a reason in `unseen`, never 0 and never left out. */
import { octalMode } from "../domain/drift.ts";
import type { CleanerFacts, Facts, Observed } from "../domain/facts.ts";
import type { HostState } from "../domain/host-state.ts";
import { rowsOf } from "../domain/host-table.ts";
import type { HostName } from "../domain/ids.ts";
import type { RunState } from "../domain/run-state.ts";
import { safeJson, visibleSafe } from "../domain/safe-text.ts";
import { nodeTime } from "./quantities.ts";
import { type CacheFacts, cacheFacts, legacyCaches, whyUnseen } from "./status-facts.ts";

/** Reasons by field, `dataset.quotaBytes` style; made safe. */
type Unseen = Record<string, string>;

/** The whole survey as one JSON document, indented. `addresses`: what each host was connected to. */
export const renderStatusJson = (state: RunState, addresses: ReadonlyMap<HostName, string>): string =>
  `${safeJson(statusDocument(state, addresses), 2)}\n`;

/** The document before it is text. */
export const statusDocument = (state: RunState, addresses: ReadonlyMap<HostName, string>): Record<string, unknown> => ({
  v: 1,
  run: state.run ?? null,
  at: state.ended?.at ?? state.lastAt ?? null,
  hosts: [...rowsOf(state.hosts)].map((host) => statusHost(host, addresses.get(host.host) ?? host.host)),
  tally: state.tally,
});

const statusHost = (host: HostState, address: string): Record<string, unknown> => {
  const unseen: Unseen = {};
  const looked = host.facts === undefined ? notLookedAt(host, unseen) : lookedAt(host.facts, unseen);
  return {
    name: host.host,
    address,
    outcome: host.outcome ?? null,
    ...looked,
    drift: driftOf(host, unseen),
    refusals: host.refusals.map(({ code, message }) => ({ code, message: visibleSafe(message) })),
    failure:
      host.failure === undefined ? null : { code: host.failure.code, message: visibleSafe(host.failure.message) },
    note: host.note ?? null,
    unseen,
  };
};

const fields = ["release", "nova", "dataset", "images", "cleaner", "legacy", "bootEnvironments"] as const;

const notLookedAt = (host: HostState, unseen: Unseen): Record<(typeof fields)[number], null> => {
  for (const field of fields) unseen[field] = whyNot(host);
  return {
    release: null,
    nova: null,
    dataset: null,
    images: null,
    cleaner: null,
    legacy: null,
    bootEnvironments: null,
  };
};

const whyNot = ({ failure, refusals, outcome }: HostState): string => {
  const reason = failure ?? refusals[0];
  return reason === undefined ? (outcome ?? "not surveyed") : visibleSafe(`${reason.code}: ${reason.message}`);
};

/** No drift is only said of a host that was compared: one refused before that is not in sync. */
const driftOf = (host: HostState, unseen: Unseen): HostState["drift"] | null => {
  const compared = host.facts !== undefined && !(host.outcome === "refused" && host.drift.length === 0);
  if (!compared) unseen["drift"] = whyNot(host);
  return compared ? host.drift : null;
};

const lookedAt = (facts: Facts, unseen: Unseen): Record<(typeof fields)[number], unknown> => {
  const cache = cacheFacts(facts);
  return {
    release: facts.system.release,
    nova: novaOf(facts, cache, unseen),
    dataset: datasetOf(cache, unseen),
    images: imagesOf(cache, unseen),
    cleaner: cleanerOf(facts.cleaner, unseen),
    legacy: legacyOf(facts, unseen),
    bootEnvironments:
      value(unseen, "bootEnvironments", facts.bootEnvironments)?.map((environment) => ({
        name: environment.name,
        active: environment.active,
        onReboot: environment.onReboot,
        bytes: environment.bytes,
        created: nodeTime(environment.created),
      })) ?? null,
  };
};

/** The value, or null with the reason noted. */
const value = <T>(unseen: Unseen, field: string, observed: Observed<T>): T | null => {
  if (observed.seen) return observed.value;
  unseen[field] = visibleSafe(whyUnseen(observed));
  return null;
};

/** A value that may be null on the node itself, with the reason noted. */
const present = <T>(unseen: Unseen, field: string, found: T | null, reason: string): T | null => {
  if (found === null) unseen[field] = reason;
  return found;
};

const novaOf = (facts: Facts, cache: CacheFacts, unseen: Unseen): unknown => {
  const nova = value(unseen, "nova", facts.nova);
  if (nova === null) return null;
  const service = value(unseen, "nova.service", facts.service);
  if (service === null) unseen["nova.since"] = unseen["nova.service"] ?? "";
  return {
    version: nova.version,
    service: service?.state ?? null,
    since: service === null ? null : present(unseen, "nova.since", nodeTime(Number(service.since)), "not a time"),
    section: value(unseen, "nova.section", nova.section),
    cacheDir: value(unseen, "nova.cacheDir", cache.dir),
  };
};

const datasetOf = (cache: CacheFacts, unseen: Unseen): unknown => {
  const dataset = value(unseen, "dataset", cache.dataset);
  if (dataset === null) return null;
  const { name, mountpoint, quotaBytes, usedBytes, usedBySnapshotsBytes, availableBytes } = dataset;
  const directory = cache.directory.seen ? cache.directory.value : null;
  return {
    name,
    mountpoint,
    quotaBytes,
    usedBytes,
    usedBySnapshotsBytes,
    availableBytes,
    owner: directory?.owner ?? null,
    group: directory?.group ?? null,
    mode: directory === null ? null : octalMode(directory.mode),
  };
};

const imagesOf = (cache: CacheFacts, unseen: Unseen): unknown => {
  const images = value(unseen, "images", cache.images);
  if (images === null) return null;
  const time = (field: "oldest" | "newest"): string | null => {
    const seconds = images[field];
    return present(unseen, `images.${field}`, seconds === null ? null : nodeTime(seconds), "there is no image");
  };
  const { count, bytes, largestBytes, partial } = images;
  return { count, bytes, oldest: time("oldest"), newest: time("newest"), largestBytes, partial };
};

const cleanerOf = (observed: Observed<CleanerFacts>, unseen: Unseen): unknown => {
  const cleaner = value(unseen, "cleaner", observed);
  if (cleaner === null) return null;
  const time = (field: "lastRun" | "nextRun"): string | null => {
    const seconds = cleaner[field];
    return present(unseen, `cleaner.${field}`, seconds === null ? null : nodeTime(seconds), "none is recorded");
  };
  return {
    state: cleaner.service.state,
    version: present(unseen, "cleaner.version", cleaner.version, "none is recorded"),
    lastRun: time("lastRun"),
    nextRun: time("nextRun"),
    lastEvictedBytes: present(unseen, "cleaner.lastEvictedBytes", cleaner.lastEvictedBytes, "it has not run"),
  };
};

const legacyOf = (facts: Facts, unseen: Unseen): unknown =>
  value(unseen, "legacy", legacyCaches(facts))?.map(({ path, images }) => {
    const seen = value(unseen, `legacy.${path}`, images);
    return { path, bytes: seen?.bytes ?? null, images: seen?.count ?? null };
  }) ?? null;
