/** A script of the test's between a node's sshd and the shell that the controller asks for. */
import { chmodSync } from "node:fs";
import type { RealNode } from "../fleet/node.ts";

const PATH = "/.node/session";

/** What the node's sshd must be told. */
export const between = { sshd: [`ForceCommand ${PATH}`] } as const;

/** `$SSH_ORIGINAL_COMMAND` is what the controller asks for, `$PPID` the sshd process of the session. */
export const putSession = (node: RealNode, text: string): void => {
  node.write(PATH, `#!/usr/bin/bash\n${text}\n`);
  chmodSync(node.at(PATH), 0o755);
};
