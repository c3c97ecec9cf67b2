/** What the tests look at on a real node, in one command each: forks are dear. */
import { expect, vi } from "vitest";
import type { RealNode } from "./node.ts";

/** How long a test waits for what another process does; generous, because the machine is shared. */
export const WAIT_MS = 120_000;

/** Where anything of ours lies on a node, and what a rollout may change there. */
const OURS =
  "/etc/nova /export /var/share /var/lib/nova /lib/svc/method /lib/svc/manifest /system/volatile /tmp /var/tmp";

/** Names, types, modes, owners, sizes and modification times of every file of ours; and each start of nova-compute. */
export const snapshot = (node: RealNode): string =>
  node.sh(
    `for dir in ${OURS}; do [ ! -d $dir ] || find $dir -printf '%p %y %m %u:%g %s %T@\\n'; done | sort
     [ ! -f /.node/state/starts ] || cat /.node/state/starts`,
  );

/** Owner, group, mode and POSIX ACL of a path. */
export const guards = (node: RealNode, path: string): string =>
  node.sh(`stat -c '%U:%G %a' ${path}; getfacl --omit-header --absolute-names ${path}`);

/** nova-compute's starts since the node booted: what caused each, and its contract. */
export const startsOf = (node: RealNode): readonly { readonly verb: string; readonly contract: string }[] =>
  node
    .read("/.node/state/starts")
    .trim()
    .split("\n")
    .map((line) => {
      const [, verb = "", contract = ""] = line.split(" ");
      return { verb, contract };
    });

/** What each nova-compute process read: its pid in the node, and glancecache_dirname as the real oslo.config gave it. */
export const readsOf = (node: RealNode): readonly { readonly pid: string; readonly dir: string }[] =>
  (node.has("/var/lib/nova/read.log") ? node.read("/var/lib/nova/read.log") : "")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [pid = "", dir = ""] = line.split(" ");
      return { pid, dir };
    });

const until = (look: () => void): Promise<void> => vi.waitFor(look, { timeout: WAIT_MS, interval: 200 });

/** Until `count` processes have read nova.conf: SMF says online before Python has got that far. */
export const untilRead = (node: RealNode, count: number): Promise<void> =>
  until(() => expect(readsOf(node), node.name).toHaveLength(count));

/** Until the file is there. */
export const untilThere = (node: RealNode, path: string): Promise<void> =>
  until(() => expect(node.has(path), `${path} on ${node.name}`).toBe(true));

/** The user and the words of a process of the node; empty when it is gone. */
export const processOf = (node: RealNode, pid: string): string =>
  node.sh(`[ ! -d /proc/${pid} ] || { stat -c %U /proc/${pid}; tr '\\000' ' ' </proc/${pid}/cmdline; }`);

/**
 * Until a number of a dataset is as wanted. ZFS shows what was written or removed when it has written it out, up to 30 s
 * later; setting a property makes it do so at once.
 */
export const untilZfs = (
  node: RealNode,
  dataset: string,
  property: "used" | "usedbysnapshots",
  isThere: (bytes: number) => boolean,
): Promise<void> =>
  until(() => {
    const bytes = Number(node.sh(`zfs set test:written=yes ${dataset} && zfs get -Hp -o value ${property} ${dataset}`));
    expect(isThere(bytes), `${property} of ${dataset}: ${bytes}`).toBe(true);
  });
