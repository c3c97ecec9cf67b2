/** The tools that start one ssh a host: xargs, clush, pssh. Each gets the script on standard input and the same ssh_config. */

import type { Command } from "./meter.ts";
import type { Files } from "./nodes.ts";
import { AT_ONCE } from "./novasweep.ts";

const REMOTE = "sudo -n /bin/sh -s";

/** xargs gives its children one standard input to share, so a shell opens the script for each and becomes ssh. */
export const xargs = (files: Files, script: string): Command => ({
  words: [
    ...["xargs", "-a", files.hosts, "-P", AT_ONCE, "-I{}"],
    ...["sh", "-c", `exec ssh -F ${files.sshConfig} "$1" '${REMOTE}' <${script}`, "sh", "{}"],
  ],
});

/** -S: its exit status is the hosts'. */
export const clush = (files: Files, script: string): Command => ({
  words: ["clush", "-S", "--hostfile", files.hosts, "-f", AT_ONCE, "-o", `-F ${files.sshConfig}`, REMOTE],
  input: script,
});

/** -I: hands on its standard input; -i: prints what came; -t 0: no limit in time. */
export const pssh = (files: Files, script: string): Command => ({
  words: [
    ...["parallel-ssh", "-h", files.hosts, "-p", AT_ONCE, "-t", "0", "-I", "-i"],
    ...["-x", `-F ${files.sshConfig}`, REMOTE],
  ],
  input: script,
});
