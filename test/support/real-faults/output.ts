/** What a node says beside the script, or how slowly it says it. */
import { between } from "./session.ts";
import { changed, type Trouble } from "./trouble.ts";

const SESSION = "/.node/session";
const put = (text: string): string => `cat >${SESSION} <<'END'
#!/usr/bin/bash
${text}
END
chmod 755 ${SESSION}`;
const lift = put("exec $SSH_ORIGINAL_COMMAND");

export const outputTroubles: readonly Trouble[] = [
  {
    name: "10000-lines",
    isVariant: true,
    spec: between,
    make: () => put("seq -f 'line %.0f of a chatty profile' 10000\nexec $SSH_ORIGINAL_COMMAND"),
    lift,
    ends: changed,
  },
  {
    name: "10000-lines-of-errors",
    isVariant: true,
    spec: between,
    make: () => put("seq -f 'warning %.0f of a chatty profile' 10000 >&2\nexec $SSH_ORIGINAL_COMMAND"),
    lift,
    ends: changed,
  },
];

/** The connection number `at` of the node (1: the survey's, 2: the script's) passes on a byte a second; the others all at once. */
const slowly = (at: number): string =>
  put(`n=1
until mkdir /tmp/connection-$n 2>/dev/null; do n=$((n + 1)); done
[ $n -eq ${at} ] || exec $SSH_ORIGINAL_COMMAND
eval "$SSH_ORIGINAL_COMMAND" | while IFS= read -r -d '' -n 1 byte; do
  printf %s "$byte"
  sleep 1
done`);

/** Decided by the host's time, which the restart may need: minutes. */
export const slowOutputs: readonly Trouble[] = [
  {
    name: "a-byte-a-second-in-the-survey",
    spec: between,
    more: ["--host-timeout", "5m"],
    make: () => slowly(1),
    lift,
    ends: { outcome: "unreachable", code: "E_HOST_TIMEOUT", says: "was not done after", exit: 4 },
  },
  {
    name: "a-byte-a-second",
    spec: between,
    more: ["--host-timeout", "5m"],
    make: () => slowly(2),
    lift,
    ends: { ...changed, says: "proved by a new look" },
  },
];
