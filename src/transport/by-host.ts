/** One transport out of two: each host goes the way it says. */
import type { Transport } from "./transport.ts";

/** Hosts with `openssh` go through the system's ssh, all others over ssh2. */
export const byHost = (ssh2: Transport, openssh: Transport): Transport => ({
  run: (host, script, signal) => (host.openssh === undefined ? ssh2 : openssh).run(host, script, signal),
  close: async () => {
    await Promise.all([ssh2.close(), openssh.close()]);
  },
});
