/** New host keys, shown once and together before a run logs in anywhere. */
import type { Host } from "../domain/host.ts";
import { type LookOptions, lookAtNewKeys } from "../transport/new-keys.ts";
import { newKeyLines } from "../view/key-table.ts";
import type { Io } from "./io.ts";
import type { Connection } from "./request.ts";

/**
 * Shows them on stderr and adds them to `shown`. False when the person stopped it or `runTimeoutS` passed, which is said. Of a fleet that is
 * known nobody is asked.
 */
export const showNewKeys = async (
  hosts: readonly Host[],
  { hostKeyPolicy, runTimeoutS }: Connection,
  io: Io,
  options: LookOptions,
  shown: Map<string, string>,
): Promise<boolean> => {
  const stopping = new AbortController();
  const stop = (): void => (stopping.signal.aborted ? io.exitNow() : stopping.abort());
  const forget = io.onSignal(stop);
  const deadline = setTimeout(() => stopping.abort(), runTimeoutS * 1000);
  const say = (line: string): unknown => io.stderr.write(`${line}\n`);
  try {
    const events = {
      // Dead hosts take their time: somebody who watches is told what is waited for.
      onLook: (servers: number): void => {
        if (io.stderr.isTTY) say(`looking at host keys that are not known yet: ${servers}`);
      },
      onKeys: (keys: Parameters<typeof newKeyLines>[0]): void => newKeyLines(keys, hostKeyPolicy).forEach(say),
    };
    await lookAtNewKeys(hosts, options, shown, events, stopping.signal);
    if (!stopping.signal.aborted) return true;
    say("novasweep: stopped while host keys were looked at; nothing was done on any host");
    return false;
  } finally {
    clearTimeout(deadline);
    forget();
  }
};
