/** What a node looks like when changes were carried out there: facts in, facts out. As little as the decisions look at. */
import type { Change } from "../../src/domain/change.ts";
import type { CleanerFacts, DatasetFacts, Facts, Observed, ServiceFacts } from "../../src/domain/facts.ts";
import type { RunId } from "../../src/domain/ids.ts";
import { absent, dataset, directory, seen } from "./facts.ts";

/** The facts after these changes of a run; times are of no consequence but for nova.conf and nova-compute. */
export const carriedOut = (facts: Facts, changes: readonly Change[], run: RunId): Facts =>
  changes.reduce((now, change) => one(now, change, run), facts);

const one = (facts: Facts, change: Change, run: RunId): Facts => {
  switch (change.kind) {
    case "dataset.create": {
      const made = dataset(change.dataset, change.mountpoint, { quotaBytes: change.quotaBytes });
      return {
        ...facts,
        datasets: { ...facts.datasets, [change.dataset]: made },
        directories: {
          ...facts.directories,
          [change.mountpoint]: directory(change.dataset, { owner: "root", group: "root" }),
        },
      };
    }
    case "dataset.quota":
      return withDataset(facts, change.dataset, { quotaBytes: change.to });
    case "dataset.set":
      return withDataset(
        facts,
        change.dataset,
        change.property === "canmount" ? { canmount: change.to } : { autoSnapshot: change.to },
      );
    case "directory.own": {
      const { path, owner, group, mode } = change;
      const made = directory(change.dataset, { owner, group, mode: lettersOf(mode) });
      return { ...facts, directories: { ...facts.directories, [path]: made } };
    }
    case "cleaner.install":
      return {
        ...facts,
        cleaner: facts.cleaner.seen ? facts.cleaner : seen(installed),
        cleanerFiles: { method: seen(change.method), manifest: seen(change.manifest) },
      };
    case "cleaner.configure":
      return withCleaner(facts, (cleaner) => ({
        ...cleaner,
        properties: { ...cleaner.properties, ...change.properties },
      }));
    case "cleaner.enable":
      return withCleaner(facts, (cleaner) => ({ ...cleaner, service: { ...cleaner.service, state: "online" } }));
    case "cleaner.disable":
      return withCleaner(facts, (cleaner) => ({ ...cleaner, service: { ...cleaner.service, state: "disabled" } }));
    case "cleaner.remove":
      return { ...facts, cleaner: absent, cleanerFiles: { method: absent, manifest: absent } };
    case "conf.set":
      return withConf(facts, run, change.patch.before, change.patch.after, change.to);
    case "conf.restore":
      return withConf(facts, run, change.from, change.to, change.directory ?? "");
    case "compute.restart":
      return restarted(facts);
    default:
      throw new Error(`${change.kind} is none of these`);
  }
};

const withDataset = (facts: Facts, name: string, patch: Partial<DatasetFacts>): Facts => {
  const field = facts.datasets[name];
  if (!field?.seen) throw new Error(`${name} is not there`);
  return { ...facts, datasets: { ...facts.datasets, [name]: seen({ ...field.value, ...patch }) } };
};

const withCleaner = (facts: Facts, change: (cleaner: CleanerFacts) => CleanerFacts): Facts => {
  if (!facts.cleaner.seen) throw new Error("there is no cleaner");
  return { ...facts, cleaner: seen(change(facts.cleaner.value)) };
};

/** The note says that a restart is owed, the file is newer than the process. */
const withConf = (facts: Facts, run: RunId, before: string, after: string, inForce: string): Facts => {
  if (!facts.conf.seen || facts.conf.value.digest !== before) throw new Error("another nova.conf");
  const mtime = Math.max(facts.conf.value.mtime, sinceOf(facts.service)) + 10;
  const others = facts.notes.seen ? facts.notes.value : [];
  return {
    ...facts,
    conf: seen({ ...facts.conf.value, digest: after, mtime, inForce: seen(inForce) }),
    notes: seen([...others, { run, before, after, restart: "owed" }]),
  };
};

const restarted = (facts: Facts): Facts => {
  if (!facts.service.seen || !facts.conf.seen || !facts.notes.seen) throw new Error("nothing to restart");
  return {
    ...facts,
    service: seen({ ...facts.service.value, since: String(facts.conf.value.mtime + 10) }),
    notes: seen(facts.notes.value.map((note) => ({ ...note, restart: "paid" as const }))),
  };
};

const sinceOf = (service: Observed<ServiceFacts>): number => (service.seen ? Number(service.value.since) : 0);

const lettersOf = (mode: string): string =>
  `d${[...mode.slice(1)].map((digit) => ["---", "--x", "-w-", "-wx", "r--", "r-x", "rw-", "rwx"][Number(digit)]).join("")}`;

/** As its manifest says, before anything was set. */
const installed: CleanerFacts = {
  service: {
    state: "disabled",
    nextState: "none",
    since: "1442404800.0",
    contract: "",
    startTimeoutS: 0,
    stopTimeoutS: 0,
  },
  properties: { "config/dataset": "", "config/directory": "" },
  lastRun: null,
  nextRun: null,
  lastEvictedBytes: null,
  version: null,
};
