/** Looks at host keys without logging in: a connection up to the key, for which none of ours is shown. A bastion on the way is logged in to. */
import type { Host } from "../domain/host.ts";
import type { SeenKey } from "../domain/host-key.ts";
import type { Failure } from "../domain/outcome.ts";
import { err, ok, type Result } from "../domain/result.ts";
import { createSshTransport, type SshOptions } from "./ssh.ts";

/**
 * The key each host shows, or why none was seen, in the order of the hosts. The key is what the
 * host says; that it holds the private half is proved only at a login. Aborting ends the connections with `E_STOPPED`.
 */
export const scanKeys = async (
  hosts: readonly Host[],
  options: Omit<SshOptions, "watch">,
  signal: AbortSignal,
): Promise<readonly Result<SeenKey, Failure>[]> => {
  // How one becomes root there plays no part.
  const looked = hosts.map((host): Host => ({ ...host, become: "none" }));
  const keys = new Map<object, SeenKey>();
  const transport = createSshTransport({
    ...options,
    watch: { only: new Set(looked), onKey: (server, key) => keys.set(server, key) },
  });
  const look = async (host: Host): Promise<Result<SeenKey, Failure>> => {
    if (host.openssh !== undefined) return err(throughSsh(host.openssh.why));
    let failure: Failure = { code: "E_CONNECT", message: "no host key was shown" };
    for await (const chunk of transport.run(host, "", signal)) if (chunk.kind === "lost") failure = chunk.failure;
    const key = keys.get(host);
    return key === undefined ? err(failure) : ok(key);
  };
  try {
    return await Promise.all(looked.map(look));
  } finally {
    await transport.close();
  }
};

/** Another way than ssh's own may end at another server. */
const throughSsh = (why: string): Failure => ({
  code: "E_CONNECT",
  message: `it is reached through the system's ssh (${why}), which shows no key without a login`,
  try: "ssh shows the fingerprint at the first connection",
});
