/** `novasweep hosts keys`: the host keys of the selection, compared with known_hosts, without logging in to a host. */
import { scanKeys } from "../../transport/key-scan.ts";
import { keysAsKnownHosts, keysExit, keysJson, type Looked, renderKeys } from "../../view/key-table.ts";
import { clocksFor } from "../clocks.ts";
import { complain, INTERRUPTED, type Io } from "../io.ts";
import { openKeys } from "../keys.ts";
import { knownHostsOf } from "../known-hosts.ts";
import type { HostsKeysRequest } from "../request.ts";
import { selectFor } from "../select.ts";

/** Selects, looks and prints; resolves with the exit status. */
export const hostsKeysCommand = async (request: HostsKeysRequest, io: Io): Promise<number> => {
  const selected = await selectFor(request, io);
  if (!selected.ok) return complain(io, selected.error);
  const hosts = selected.value.hosts.map(({ host }) => host);
  // Only bastions are logged in to.
  const bastions = hosts.flatMap(({ jump }) => jump);
  const keys = await openKeys(io, bastions, request);
  if (keys === undefined) return INTERRUPTED;
  const stopping = new AbortController();
  const forget = io.onSignal(() => (stopping.signal.aborted ? io.exitNow() : stopping.abort()));
  const options = {
    clocks: clocksFor(request),
    ...knownHostsOf(request, io),
    hostKeyPolicy: "strict",
    keys,
    connectParallel: request.connectParallel,
  } as const;
  // Dead hosts take their time: somebody who watches is told what is waited for.
  if (io.stderr.isTTY) io.stderr.write(`looking at the keys of ${hosts.length} hosts\n`);
  try {
    const found = await scanKeys(hosts, options, stopping.signal);
    const looked = hosts.map(({ name: host, address, port }, at): Looked => {
      const one = found[at];
      if (one?.ok === true) return { host, address, port, key: one.value };
      return { host, address, port, ...(one && { failure: one.error }) };
    });
    io.stdout.write(render(looked, request));
    return stopping.signal.aborted ? INTERRUPTED : keysExit(looked);
  } finally {
    forget();
  }
};

const render = (looked: readonly Looked[], { format }: HostsKeysRequest): string => {
  switch (format) {
    case "json":
      return keysJson(looked);
    case "known_hosts":
      return keysAsKnownHosts(looked);
    case "table":
      return `${renderKeys(looked).join("\n")}\n`;
  }
};
