/** What a run gets in with, asked for and shown before its first login: the operator's keys, the new host keys, the password that becomes root. */
import type { Host } from "../domain/host.ts";
import type { KnownFiles } from "../transport/known-files.ts";
import { openWays, type SshOptions } from "../transport/ssh.ts";
import { askBecomePassword, becomeComplaint } from "./become-password.ts";
import { clocksFor } from "./clocks.ts";
import { complain, INTERRUPTED, type Io } from "./io.ts";
import { openKeys } from "./keys.ts";
import { knownHostsOf } from "./known-hosts.ts";
import { showNewKeys } from "./new-keys.ts";
import type { Connection } from "./request.ts";
import { loginsOf } from "./ways.ts";

export interface Access extends Pick<SshOptions, "keys" | "knownFiles" | "shownKeys" | "ways"> {
  /** For sudo and su; wiped when the run is over. */
  readonly becomePassword: Buffer | undefined;
}

/** Asks for what these hosts need and wipes it after `use`. Resolves with the exit status: that of `use`, or why nothing was used. */
export const withAccess = async (
  request: Connection,
  io: Io,
  hosts: readonly Host[],
  knownFiles: KnownFiles,
  use: (access: Access) => Promise<number>,
): Promise<number> => {
  const unfit = becomeComplaint(request, io, hosts);
  if (unfit !== undefined) return complain(io, [unfit]);
  const keys = await openKeys(io, loginsOf(hosts), request);
  if (keys === undefined) return INTERRUPTED;
  const shownKeys = new Map<string, string>();
  const { hostKeyPolicy, connectParallel } = request;
  const common = { clocks: clocksFor(request), ...knownHostsOf(request, io), hostKeyPolicy, connectParallel };
  const trusted = { keys, knownFiles, shownKeys };
  const ways = openWays({ ...common, ...trusted });
  try {
    if (!(await showNewKeys(hosts, request, io, { ...common, ...trusted, ways }, shownKeys))) return INTERRUPTED;
    return await withPassword(request, io, hosts, (becomePassword) => use({ ...trusted, ways, becomePassword }));
  } finally {
    ways.close();
  }
};

const withPassword = async (
  request: Connection,
  io: Io,
  hosts: readonly Host[],
  use: (password: Buffer | undefined) => Promise<number>,
): Promise<number> => {
  const asked = await askBecomePassword(request, io, hosts);
  if (!asked.ok) return asked.error;
  try {
    return await use(asked.value);
  } finally {
    asked.value?.fill(0);
  }
};
