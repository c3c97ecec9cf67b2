/** What a run gets in with, asked for and shown before its first login: the operator's keys, the new host keys, the password that becomes root. */
import type { Host } from "../domain/host.ts";
import type { ShownKeys } from "../domain/host-key.ts";
import type { KeyRing } from "../transport/key-ring.ts";
import type { KnownFiles } from "../transport/known-files.ts";
import { askBecomePassword, becomeComplaint } from "./become-password.ts";
import { complain, INTERRUPTED, type Io } from "./io.ts";
import { openKeys } from "./keys.ts";
import { showNewKeys } from "./new-keys.ts";
import type { Connection } from "./request.ts";
import { loginsOf } from "./ways.ts";

export interface Access {
  readonly keys: KeyRing;
  readonly knownFiles: KnownFiles;
  readonly shownKeys: ShownKeys;
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
  const shownKeys = await showNewKeys(hosts, request, io, keys, knownFiles);
  if (shownKeys === undefined) return INTERRUPTED;
  const asked = await askBecomePassword(request, io, hosts);
  if (!asked.ok) return asked.error;
  try {
    return await use({ keys, knownFiles, shownKeys, becomePassword: asked.value });
  } finally {
    asked.value?.fill(0);
  }
};
