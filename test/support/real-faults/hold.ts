/** Makes a node's script wait at one moment of its work, so that something can be done to it just then. */
import { readdirSync } from "node:fs";
import type { RealNode } from "../fleet/node.ts";
import { putSession } from "./session.ts";
import type { Ended } from "./trial.ts";
import { until } from "./until.ts";

/** Each waits at most so long; the step it stands in has 120 s. */
const HOLD_MAX_S = 100;

export interface Moment {
  /** Absolute path of the tool that is held, once. */
  readonly tool: string;
  /** A shell pattern for its words. */
  readonly words: string;
  readonly when: "before" | "after";
}

export const moments = {
  dataset: { tool: "/usr/sbin/zfs", words: "create*", when: "before" },
  cleanerEnabled: { tool: "/usr/sbin/svcadm", words: "enable*nova-cache-cleanup*", when: "after" },
  noted: { tool: "/usr/bin/mv", words: "*nova.conf.novasweep-*.json", when: "after" },
  renamed: { tool: "/usr/bin/mv", words: "*' /etc/nova/nova.conf'", when: "after" },
  restartAsked: { tool: "/usr/sbin/svcadm", words: "restart*nova-compute*", when: "after" },
} as const satisfies Record<string, Moment>;

/** Anybody's in the node: who is held may be root, nova or the login user. */
const PLACE = "/.node/at";
const HELD = `${PLACE}/held`;
const GO = `${PLACE}/go`;

const makePlace = (node: RealNode): void => void node.sh(`mkdir -p ${PLACE} && chmod 1777 ${PLACE}`);

/** Waits where it stands in a script; the first one that comes, and no other. */
const wait = `mkdir ${HELD} 2>/dev/null && for try in $(seq ${HOLD_MAX_S}0); do
    [ ! -e ${GO} ] || break
    sleep 0.1
  done`;

/** Puts a program before the tool that waits when its words match. */
export const holdAt = (node: RealNode, { tool, words, when }: Moment): void => {
  makePlace(node);
  const real = `/.node/held-${tool.slice(tool.lastIndexOf("/") + 1)}`;
  const hold = `case "$*" in ${words}) ${wait} ;; esac`;
  const call = `${real} "$@"`;
  const body = when === "before" ? `${hold}\nexec ${call}` : `${call}\nstatus=$?\n${hold}\nexit $status`;
  node.write("/.node/holder", `#!/usr/bin/dash\n${body}\n`);
  // By rename: the tool may be running. This machine's mv lies there under another name too.
  node.sh(
    `chmod 755 /.node/holder && cp -p ${tool} ${real} && cp -p /usr/bin/mv /.node/mv && /.node/mv /.node/holder ${tool}`,
  );
};

/** Counts the connections: the first one is the survey's, the second one the script's. */
const count = `at=1
until mkdir ${PLACE}/connection-$at 2>/dev/null; do at=$((at + 1)); done`;

/** For a session (see session.ts): the script waits before anything of it is read. */
export const holdSecondConnection = `${count}
[ $at -ne 2 ] || { ${wait}; }
exec $SSH_ORIGINAL_COMMAND`;

/** A session that runs a text as root between the survey and the script. */
export const beforeSecondConnection = (node: RealNode, text: string): string => {
  node.write("/.node/trouble", `${text}\n`);
  return `${count}
[ $at -ne 2 ] || sudo -n /bin/sh -s </.node/trouble
exec $SSH_ORIGINAL_COMMAND`;
};

/** The same, with the whole script read: what a slow sudo or a loaded node does. */
export const holdReceivedScript = `${count}
[ $at -eq 2 ] || exec $SSH_ORIGINAL_COMMAND
cat >${PLACE}/script
{ ${wait}; }
exec $SSH_ORIGINAL_COMMAND <${PLACE}/script`;

/** For a session: what the script says is passed on line by line; it waits after the line that is the marker number `at`. */
export const holdAtLine = (markers: readonly string[], at: number): string => {
  // The first word is the run's own, and the number of a step any.
  const words = new Set(markers.map((marker) => `'${marker.replace(/[0-9]+/, "'[0-9]*'")}'*`));
  return `${count}
[ $at -eq 2 ] || exec $SSH_ORIGINAL_COMMAND
set -o pipefail
eval "$SSH_ORIGINAL_COMMAND" | {
  at=0
  while IFS= read -r line; do
    printf '%s\\n' "$line"
    case \${line#* } in ${[...words].join(" | ")}) ;; *) continue ;; esac
    printf '%s\\n' "$line" >>${PLACE}/markers
    [ $at -ne ${at} ] || { ${wait}; }
    at=$((at + 1))
  done
}`;
};

/** A session that is held. sudo would die of a warning about the node's name, which nobody reads any more. */
export const putHeldSession = (node: RealNode, text: string): void => {
  makePlace(node);
  node.sh(`echo 127.0.0.1 ${node.name} >>/etc/hosts`);
  putSession(node, text);
};

/** Connections that a held session has counted. */
export const connectionsOf = (node: RealNode): number =>
  readdirSync(node.at(PLACE)).filter((name) => name.startsWith("connection-")).length;

/** Resolves when the script has come to the moment; rejects when the rollout ends before. */
export const held = async (node: RealNode, rollout: Promise<Pick<Ended, "said">>): Promise<void> => {
  let over: Pick<Ended, "said"> | undefined;
  rollout.then(
    (ended) => {
      over = ended;
    },
    () => {},
  );
  await until(`${node.name} is held`, () => node.has(HELD) || over !== undefined);
  if (!node.has(HELD)) throw new Error(`${node.name} was never held: ${over?.said}`);
};

export const letGo = (node: RealNode): void => node.write(GO, "");
