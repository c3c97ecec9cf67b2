/** What a run knows that nobody else may: the operator's keys, and the password that becomes root. */
import type { Host } from "../domain/host.ts";
import type { KeyRing } from "../transport/key-ring.ts";
import { askBecomePassword, becomeComplaint } from "./become-password.ts";
import { complain, INTERRUPTED, type Io } from "./io.ts";
import { openKeys } from "./keys.ts";
import type { Connection } from "./request.ts";
import { loginsOf } from "./ways.ts";

export interface Secrets {
  readonly keys: KeyRing;
  /** For sudo and su; wiped when the run is over. */
  readonly becomePassword: Buffer | undefined;
}

/** Asks for what these hosts need, before the first connection, and wipes it afterwards. Resolves with the exit status: that of `use`, or why nothing was used. */
export const withSecrets = async (
  request: Pick<Connection, "askBecomePass" | "runTimeoutS">,
  io: Io,
  hosts: readonly Host[],
  use: (secrets: Secrets) => Promise<number>,
): Promise<number> => {
  const unfit = becomeComplaint(request, io, hosts);
  if (unfit !== undefined) return complain(io, [unfit]);
  const keys = await openKeys(io, loginsOf(hosts), request);
  if (keys === undefined) return INTERRUPTED;
  const asked = await askBecomePassword(request, io, hosts);
  if (!asked.ok) return asked.error;
  try {
    return await use({ keys, becomePassword: asked.value });
  } finally {
    asked.value?.fill(0);
  }
};
