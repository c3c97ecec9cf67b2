/** The known_hosts files of a command. */
import type { Io } from "./io.ts";
import type { Connection } from "./request.ts";

/** What ssh reads where its configuration says nothing (ssh_config(5), UserKnownHostsFile, GlobalKnownHostsFile), else `--known-hosts`. */
export const knownHostsOf = (
  { knownHosts }: Pick<Connection, "knownHosts">,
  { home }: Pick<Io, "home">,
): { readonly knownHostsFiles: readonly string[]; readonly knownHostsForAll: boolean } => ({
  knownHostsFiles:
    knownHosts === undefined
      ? [
          ...[`${home}/.ssh/known_hosts`, `${home}/.ssh/known_hosts2`],
          ...["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"],
        ]
      : [knownHosts],
  knownHostsForAll: knownHosts !== undefined,
});
