/** New host keys, shown once and together before a run logs in anywhere. */
import type { Host } from "../domain/host.ts";
import type { ShownKeys } from "../domain/host-key.ts";
import type { KeyRing } from "../transport/key-ring.ts";
import type { KnownFiles } from "../transport/known-files.ts";
import { lookAtNewKeys } from "../transport/new-keys.ts";
import { newKeyLines } from "../view/key-table.ts";
import { clocksFor } from "./clocks.ts";
import type { Io } from "./io.ts";
import { knownHostsOf } from "./known-hosts.ts";
import type { Connection } from "./request.ts";

/** What was shown on stderr; undefined when the person stopped it or `runTimeoutS` passed, which is said. Of a fleet that is known nothing is asked. */
export const showNewKeys = async (
  hosts: readonly Host[],
  request: Connection,
  io: Io,
  keys: KeyRing,
  knownFiles: KnownFiles,
): Promise<ShownKeys | undefined> => {
  const { hostKeyPolicy, connectParallel, runTimeoutS } = request;
  const stopping = new AbortController();
  const stop = (): void => (stopping.signal.aborted ? io.exitNow() : stopping.abort());
  const forget = io.onSignal(stop);
  const deadline = setTimeout(() => stopping.abort(), runTimeoutS * 1000);
  const say = (line: string): unknown => io.stderr.write(`${line}\n`);
  try {
    const options = { clocks: clocksFor(request), ...knownHostsOf(request, io) };
    const shown = await lookAtNewKeys(
      hosts,
      { ...options, hostKeyPolicy, keys, connectParallel, knownFiles },
      {
        // Dead hosts take their time: somebody who watches is told what is waited for.
        onLook: (servers) => {
          if (io.stderr.isTTY) say(`looking at host keys that are not known yet: ${servers}`);
        },
        onKeys: (newKeys) => newKeyLines(newKeys, hostKeyPolicy).forEach(say),
      },
      stopping.signal,
    );
    if (!stopping.signal.aborted) return shown;
    say("novasweep: stopped while host keys were looked at; no host was logged in to");
    return undefined;
  } finally {
    clearTimeout(deadline);
    forget();
  }
};
