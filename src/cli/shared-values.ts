/** What several commands read in the same way: which hosts, how they are reached, how progress is shown, where the journals lie. */

import { becomeWays, hostKeyPolicies, outputModes, transports } from "./option-groups.ts";
import type { OptionValues } from "./option-values.ts";
import type { Connection, OutputMode, Planned, Selection, Surroundings } from "./request.ts";
import { atHome, inventoriesNamed, stateDirOf } from "./surroundings.ts";

/** Hosts at once: beyond this a controller runs out of file descriptors before it runs out of hosts. */
const maxParallel = 1000;

/** Which hosts; `words` are the patterns, none: all. */
export const selection = (values: OptionValues, words: readonly string[], around: Surroundings): Selection => {
  const sshConfig = values.text("ssh-config");
  return {
    patterns: words.length > 0 ? words : ["all"],
    limits: values.texts("limit"),
    inventories: inventoriesNamed(values.texts("inventory"), around),
    sets: values.assignments("set"),
    sshConfig: sshConfig === undefined || sshConfig === "none" ? sshConfig : atHome(sshConfig, around),
    overrides: {
      user: values.text("user"),
      port: values.count("port", 1, 65_535),
      become: values.choice("become", becomeWays),
      jump: values.text("jump"),
      transport: values.choice("transport", transports),
      identityFiles: values.texts("identity").map((path) => atHome(path, around)),
    },
  };
};

/** How they are reached. */
export const connection = (values: OptionValues, around: Surroundings): Connection => {
  const knownHosts = values.text("known-hosts");
  return {
    askBecomePass: values.flag("ask-become-pass") ?? false,
    knownHosts: knownHosts === undefined ? undefined : atHome(knownHosts, around),
    hostKeyPolicy: values.choice("host-key-policy", hostKeyPolicies) ?? "strict",
    parallel: values.count("parallel", 1, maxParallel) ?? 32,
    connectParallel: values.count("connect-parallel", 1, maxParallel) ?? 16,
    connectTimeoutS: values.duration("connect-timeout", 1),
    stepTimeoutS: values.duration("step-timeout", 1) ?? 120,
    hostTimeoutS: values.duration("host-timeout", 1) ?? 1200,
    runTimeoutS: values.duration("run-timeout", 1) ?? 86_400,
  };
};

/** A screen only where it can be drawn and watched: not in CI, not on a terminal that cannot move its cursor. */
export const output = (values: OptionValues, { terminal, env }: Surroundings): OutputMode =>
  values.choice("output", outputModes) ?? (terminal && env["TERM"] !== "dumb" && !env["CI"] ? "tui" : "lines");

/** Where the journals lie. */
export const stateDir = (values: OptionValues, around: Surroundings): string =>
  stateDirOf(values.text("state-dir"), around);

/** What every command that changes hosts by a plan is told. */
export const planned = (values: OptionValues): Planned => ({
  check: values.flag("check") ?? false,
  yes: values.flag("yes") ?? false,
  waves: values.waves("waves") ?? [
    { kind: "count", count: 1 },
    { kind: "count", count: 5 },
    { kind: "percent", percent: 25 },
  ],
  maxBad: values.share("max-bad"),
  maxMissing: values.share("max-missing") ?? { kind: "percent", percent: 20 },
  breakStaleLock: values.flag("break-stale-lock") ?? false,
  thisBootEnvironment: values.flag("this-boot-environment") ?? false,
});
