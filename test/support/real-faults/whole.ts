/** What must hold on a node after every trouble: nothing half done, nothing left behind. */
import { readdirSync, statSync } from "node:fs";
import { expect } from "vitest";
import { NOVA } from "../fleet/layers.ts";
import type { RealNode } from "../fleet/node.ts";
import { scriptsOf } from "./processes.ts";
import { until } from "./until.ts";

export const CONF = "/etc/nova/nova.conf";
export const LOCK = "/system/volatile/novasweep.lock";
const OLD_DIR = "/var/lib/nova/images";
const NEW_DIR = "/export/nova/images";
const LINE = `glancecache_dirname=${NEW_DIR}\n`;
const COMPUTE = "application/openstack/nova/nova-compute:default ";

/** nova.conf as a rollout makes it of one that does not set the option. */
export const edited = (before: string): string => {
  const at = before.indexOf("\n", before.indexOf("#glancecache_dirname")) + 1;
  return before.slice(0, at) + LINE + before.slice(at);
};

/** Starts of nova-compute's process since the node's own, by what asked for them. */
export const startsOf = (node: RealNode): readonly string[] =>
  node
    .read("/.node/state/starts")
    .trim()
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "")
    .filter((verb) => verb !== "boot");

/** The directory that the nova-compute which runs now has read; undefined while there is none. */
const directoryRead = (node: RealNode): string | undefined => {
  if (!node.has("/.node/state/compute.pid") || !node.has("/var/lib/nova/read.log")) return undefined;
  const pid = node.read("/.node/state/compute.pid").trim();
  const [reader, directory] = node.read("/var/lib/nova/read.log").trim().split("\n").at(-1)?.split(" ") ?? [];
  return pid !== "" && reader === pid && node.has(`/proc/${pid}`) ? directory : undefined;
};

/** STATE and NEXT of nova-compute as startd has written them: read without a process, for it is asked again and again. */
const stateOf = (node: RealNode): string => {
  const smf = "/.node/state/smf";
  const dir = node
    .read(`${smf}/names`)
    .split("\n")
    .find((line) => line.startsWith(COMPUTE))
    ?.split(" ")[1];
  return node.read(`${smf}/${dir}/timeline`).trim().split("\n").at(-1)?.split(" ").slice(1, 3).join(" ") ?? "";
};

/** Resolves when nova-compute is online and has read its configuration. */
export const computeUp = (node: RealNode): Promise<void> =>
  until(
    `nova-compute of ${node.name} is up`,
    () => directoryRead(node) !== undefined && stateOf(node) === "online none",
  );

const notOurs = (name: string): boolean =>
  !/^nova\.conf(\.novasweep-[0-9]{8}-[0-9]{6}-[0-9a-f]{6}(\.json)?)?$/.test(name);

/** Temporary files of a run, wherever one is ever made. */
export const temporary = (node: RealNode): readonly string[] =>
  ["/etc/nova", "/lib/svc/method", "/lib/svc/manifest/site", OLD_DIR, NEW_DIR]
    .filter((dir) => node.has(dir))
    .flatMap((dir) =>
      readdirSync(node.at(dir))
        .filter((name) => name.startsWith(".novasweep-"))
        .map((name) => `${dir}/${name}`),
    );

const tidy = (node: RealNode, is: "old" | "new"): void => {
  // A backup or a note of an edit that is not there would tell of nothing.
  if (is === "old") expect(readdirSync(node.at("/etc/nova")), `${node.name}: beside nova.conf`).toEqual(["nova.conf"]);
  expect(temporary(node), `${node.name}: temporary files`).toEqual([]);
  expect(readdirSync(node.at("/etc/nova")).filter(notOurs), `${node.name}: beside nova.conf`).toEqual([]);
  expect(
    readdirSync(node.at("/system/volatile")).filter((name) => name.startsWith("novasweep.lock")),
    `${node.name}: locks`,
  ).toEqual([]);
};

/** nova.conf is the old or the new text, with its owner and mode; the one that runs has read it. */
export const expectWhole = async (node: RealNode, before: string, is: "old" | "new"): Promise<void> => {
  expect(node.read(CONF) === before ? "old" : node.read(CONF) === edited(before) ? "new" : node.read(CONF)).toBe(is);
  const { uid, gid, mode } = statSync(node.at(CONF));
  expect([uid, gid, (mode & 0o7777).toString(8)], `${node.name}: owner and mode`).toEqual([NOVA, NOVA, "644"]);
  tidy(node, is);
  // One whose line broke gives its lock back first and ends with a look that nobody waits for.
  await until(`the scripts of ${node.name} have ended`, () => scriptsOf(node).length === 0);
  await computeUp(node);
  expect(directoryRead(node), `${node.name}: what nova-compute has read`).toBe(is === "old" ? OLD_DIR : NEW_DIR);
};
