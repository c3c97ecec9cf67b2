/** A node that goes down hard and comes up again. */
import type { RealNode } from "../fleet/node.ts";

/**
 * Every process of the node dies at once, but for the one that listens; what Solaris keeps in memory is gone, the kernel
 * has another boot time, and nova-compute is started as at any boot. manifest-import runs at each, so that one which was
 * cut short is done again.
 */
export const reboot = (node: RealNode): void =>
  void node.sh(`kill -9 -1
rm -rf /system/volatile/* /system/volatile/.[!.]*
date +%s >/.node/state/booted
rm -f /.node/state/importing
echo 0 >/.node/state/import-at
rm -f /.node/state/compute.pid /.node/state/startd.pid
/.node/boot`);
