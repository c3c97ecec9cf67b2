/** novasweep as it is used: the built program, 32 hosts at once. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "./meter.ts";

/** What a fleet of the lab and one of real nodes have in common. */
export interface Reachable {
  readonly inventoryPath: string;
  readonly knownHostsPath: string;
  readonly keyPath: string;
}

export const AT_ONCE = "32";
export const program = fileURLToPath(new URL("../../bin/novasweep.js", import.meta.url));

const against = (fleet: Reachable, dir: string): readonly string[] => [
  "-i",
  fleet.inventoryPath,
  "--known-hosts",
  fleet.knownHostsPath,
  "--identity",
  fleet.keyPath,
  "--state-dir",
  join(dir, "state"),
  "--output",
  "lines",
  "-j",
  AT_ONCE,
  "--connect-parallel",
  AT_ONCE,
];

/** `options` are Node's own. */
export const survey = (fleet: Reachable, dir: string, pattern = "all", options: readonly string[] = []): Command => ({
  words: [process.execPath, ...options, program, "status", pattern, ...against(fleet, dir), "--format", "json"],
});

/** Every host in one wave whatever happens, no soak: the peers have neither. */
export const rollout = (fleet: Reachable, dir: string): Command => ({
  words: [
    process.execPath,
    program,
    "rollout",
    "all",
    ...against(fleet, dir),
    "--yes",
    "--soak",
    "0s",
    "--waves",
    "100%",
    "--max-bad",
    "100%",
  ],
});
