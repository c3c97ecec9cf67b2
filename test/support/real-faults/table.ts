/** How each fault of the demo's table is made on a real node. */
import type { FaultName } from "../../../src/lab/faults.ts";
import { fleetSpecs } from "../../../src/lab/node-spec.ts";
import type { RealSpec } from "../fleet/fleet.ts";
import type { RealNode } from "../fleet/node.ts";
import { between, putSession } from "./session.ts";

interface Making {
  /** What the node has beyond the lab's record of the fault. */
  readonly spec?: Partial<RealSpec>;
  /** Done to the running node before the rollout. */
  readonly arm?: (node: RealNode) => void;
}

/** What stands between sshd and the script does. */
const session = (text: string): Making => ({ spec: between, arm: (node) => putSession(node, text) });

/** The script's output line by line, until one whose first word is this: then its sshd session is killed, and nobody reads on. */
const killAt = (word: string, once: string): string =>
  `eval "$SSH_ORIGINAL_COMMAND" | while IFS= read -r line; do
  printf '%s\\n' "$line"
  case \${line#* } in "${word} "*) ${once} kill -9 $PPID && exit ;; esac
done`;

/** There once the session was killed; it is the login user's to make. */
export const DROPPED = "/tmp/dropped";

const escapes = [
  `printf '\\033]0;owned by a node\\007\\033[2J\\033[31mstray red line\\r\\n\\342\\200\\256right to left\\000\\010\\n'`,
  `printf '\\033[?1049h\\033]8;;http://example.invalid\\007link\\033]8;;\\007\\n' >&2`,
  "exec $SSH_ORIGINAL_COMMAND",
].join("\n");

const anotherKey = (node: RealNode): void => {
  node.sh("rm /etc/ssh/node_key && ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/node_key");
};

/** Faults that the lab's records make as they are (release, service states, zones) need nothing here. */
const makings: { readonly [name in FaultName]?: Making } = {
  unreachable: { spec: { refuse: true } },
  "silent-banner": { spec: { serve: "exec /usr/bin/sleep infinity" } },
  hostkey: { arm: anotherKey },
  auth: { spec: { sshd: ["AuthorizedKeysFile none"] } },
  hang: session("cat >/dev/null; exec sleep infinity"),
  cut: session(killAt("fact", "")),
  garbage: session("head -c 3000 /dev/urandom"),
  flood: session("exec yes 'all work and no play makes a dull node'"),
  escapes: session(escapes),
  drop: { ...session(killAt("step", `mkdir ${DROPPED} 2>/dev/null &&`)), spec: { ...between, realCompute: true } },
  "no-become": {
    arm: (node) =>
      node.write("/etc/sudoers", "Defaults runas_default=nova, !syslog\nops ALL=(nova) NOPASSWD: /bin/sh -s\n"),
  },
  "not-writable": { arm: (node) => void node.sh("chown root:root /var/share/nova && chmod 700 /var/share/nova") },
  "restart-fails": { spec: { realCompute: true } },
  flapping: { spec: { realCompute: true } },
  stuck: { spec: { realCompute: true } },
};

/** The node called `name` that has a fault. */
export const faultySpec = (fault: FaultName, name: string): RealSpec => {
  const [, spec] = fleetSpecs(2, [{ name: fault, count: 1 }]);
  if (spec === undefined) throw new Error("two nodes make two");
  return { ...spec, ...makings[fault]?.spec, name };
};

export const arm = (fault: FaultName, node: RealNode): void => makings[fault]?.arm?.(node);
