import type { BootEnvironment, DatasetFacts, Facts, LockFacts, Note, NovaFacts, Observed } from "../domain/facts.ts";
import type { EpochMs } from "../domain/ids.ts";
import { err, ok, type Result } from "../domain/result.ts";
import { conf, directories, lsEntries } from "./facts-files.ts";
import { purgeFacts } from "./facts-purge.ts";
import { cleaner, properties, service } from "./facts-smf.ts";
import { BadReply, columns, json, Lookup, number } from "./reply-lookup.ts";
import type { ReplyStore } from "./reply-store.ts";
import { MANIFEST_PATH, METHOD_PATH } from "./script.ts";

/**
 * Turns the text of one complete probe into facts. An answer that cannot be understood is an error in words, never a
 * fact: a number that is no number, a missing key, a row of the wrong shape.
 */
export const readFacts = (reply: ReplyStore, at: EpochMs, confPath: string): Result<Facts, string> => {
  if (!reply.complete) return err("the probe's answer is not complete");
  if (reply.tooMuch) return err("it says more than any node has to say");
  try {
    return ok(factsOf(new Lookup(reply), at, confPath));
  } catch (cause) {
    if (cause instanceof BadReply) return err(cause.message);
    throw cause;
  }
};

/** The bytes of nova.conf, when the probe sent them. */
export const confBytes = (reply: ReplyStore): Uint8Array | undefined => {
  const rows = reply.lists.get("conf.bytes");
  return rows === undefined ? undefined : Buffer.from(rows.join("").replaceAll(/[^0-9a-fA-F]/g, ""), "hex");
};

const factsOf = (read: Lookup, at: EpochMs, confPath: string): Facts => {
  const entries = lsEntries(read);
  const purge = purgeFacts(read);
  return {
    at,
    uid: number(read.need("uid"), "uid"),
    system: {
      kernel: read.need("kernel"),
      version: read.need("version"),
      release: read.text("release"),
      zone: read.text("zone"),
      bootedAt: read.fact("booted", (text) => number(text, "booted")),
    },
    nova: nova(read),
    service: read.list("svc.nova", (rows) => service(properties(rows))),
    conf: conf(read, entries, confPath),
    rootPool: read.fact("root", (text) => text.split("/")[0] ?? text),
    rootDataset: read.fact("root", (text) => text),
    poolAvailableBytes: read.fact("pool.available", (text) => number(text, "pool.available")),
    datasets: datasets(read),
    snapshots: read.list("snapshots", snapshots),
    directories: directories(read, entries, confPath),
    cleaner: read.list("svc.cleaner", (rows) => cleaner(properties(rows), read)),
    cleanerFiles: {
      method: read.fact(`digest:${METHOD_PATH}`, (text) => text),
      manifest: read.fact(`digest:${MANIFEST_PATH}`, (text) => text),
    },
    bootEnvironments: read.list("be", (rows) => rows.map(bootEnvironment)),
    incompleteZones: read.list("zones", (rows) => rows),
    notes: read.list("notes", (rows) => rows.flatMap(note)),
    lock: lock(read),
    ...(purge === undefined ? {} : { purge }),
  };
};

const nova = (read: Lookup): Observed<NovaFacts> =>
  read.fact("nova.version", (version) => ({
    version,
    section: read.fact("nova.section", (text) => text),
    builtInDefault: read.fact("nova.default", (text) => text),
    cleanerPackage: read.fact("pkg.cleaner", (text) => {
      const [name = "", version = ""] = text.split(" ");
      return { name, version };
    }),
  }));

const datasets = (read: Lookup): Readonly<Record<string, Observed<DatasetFacts>>> => {
  const byName = new Map<string, Map<string, string>>();
  for (const row of read.rows("datasets")) {
    const [name = "", property = "", value = ""] = columns(row, 3);
    const values = byName.get(name) ?? new Map<string, string>();
    byName.set(name, values.set(property, value));
  }
  const seen = [...byName].map(([name, values]) => [name, { seen: true, value: dataset(name, values) }] as const);
  const unseen = read.unseenBelow("dataset:").map((name) => [name, read.unseen(`dataset:${name}`)] as const);
  return Object.fromEntries([...unseen, ...seen]);
};

const dataset = (name: string, values: ReadonlyMap<string, string>): DatasetFacts => {
  const bytes = (property: string): number => number(values.get(property) ?? "", `${property} of ${name}`);
  return {
    name,
    mountpoint: values.get("mountpoint") ?? "",
    mounted: values.get("mounted") === "yes",
    quotaBytes: bytes("quota"),
    usedBytes: bytes("used"),
    usedByDatasetBytes: bytes("usedbydataset"),
    usedBySnapshotsBytes: bytes("usedbysnapshots"),
    availableBytes: bytes("available"),
    atime: values.get("atime") === "on",
    readonly: values.get("readonly") === "on",
    canmount: values.get("canmount") ?? "",
    autoSnapshot: values.get("com.sun:auto-snapshot") ?? "",
  };
};

/** Rows DATASET COUNT; a dataset may come twice. */
const snapshots = (rows: readonly string[]): Readonly<Record<string, number>> => {
  const counts = new Map<string, number>();
  for (const row of rows) {
    const [name = "", count = ""] = columns(row, 2);
    counts.set(name, (counts.get(name) ?? 0) + number(count, `the snapshots of ${name}`));
  }
  return Object.fromEntries(counts);
};

/** `beadm list -H`: name;uuid;flags;mountpoint;bytes;policy;created (sheet 4); what is empty there is `-` in the table for people. */
const bootEnvironment = (row: string): BootEnvironment => {
  const [name = "", uuid = "", flags = "", mountpoint = "", bytes = "", policy = "", created = ""] = row.split(";");
  return {
    name,
    uuid,
    active: flags.includes("N"),
    onReboot: flags.includes("R"),
    bootable: !/[^NR-]/.test(flags),
    mountpoint: mountpoint === "-" ? "" : mountpoint,
    bytes: number(bytes, `the size of boot environment ${name}`),
    policy: policy.split(",").filter((word) => word !== ""),
    created: number(created, `the creation of boot environment ${name}`),
  };
};

/** A note nobody can read owes nothing: the file's times still tell that a restart is pending. */
const note = (row: string): readonly Note[] => {
  const [, content = ""] = columns(row, 2);
  const { run, before, after, restart, since } = json(content);
  return typeof run === "string" &&
    typeof before === "string" &&
    typeof after === "string" &&
    (restart === "owed" || restart === "paid")
    ? [{ run, before, after, restart, ...(typeof since === "string" ? { since } : {}) }]
    : [];
};

/** An absent lock is believed only when it was absent first and last: a script may end while the probe looks. */
const lock = (read: Lookup): Observed<LockFacts> =>
  read.text("lock.before") === "1" && read.unseen("lock").why === "absent"
    ? { seen: false, why: "failed", detail: "a script ended while the probe looked" }
    : read.fact("lock", (content) => lockRecord(content, read.text("lock.alive") === "1"));

const lockRecord = (content: string, alive: boolean): LockFacts => {
  const record = json(content);
  const word = (name: string): string => (typeof record[name] === "string" ? record[name] : "?");
  return {
    run: word("run"),
    controller: word("controller"),
    user: word("user"),
    pid: typeof record["pid"] === "number" ? record["pid"] : 0,
    bootedAt: String(record["bootedAt"] ?? "?"),
    since: word("since"),
    alive,
  };
};
