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

/** Decided by the host's time, which the restart may need: minutes. */
export const slowOutputs: readonly Trouble[] = [
  {
    name: "a-byte-a-second",
    spec: between,
    more: ["--host-timeout", "5m"],
    make: () =>
      put(`mkdir /.node/at 2>/dev/null || slow=1
[ -n "$slow" ] || exec $SSH_ORIGINAL_COMMAND
eval "$SSH_ORIGINAL_COMMAND" | while IFS= read -r -d '' -n 1 byte; do
  printf %s "\${byte:-\n}"
  sleep 1
done`),
    lift,
    ends: changed,
  },
];
