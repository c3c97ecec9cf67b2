/** A node that goes down hard and comes up again. */
import type { RealNode } from "../fleet/node.ts";

/**
 * Every process of the node dies at once, but for the one that listens, which hangs up until the node is there again; what Solaris keeps in memory is gone, the kernel
 * has another boot time, and nova-compute is started as at any boot. manifest-import runs at each, so that one which was
 * cut short is done again; and every dataset is mounted, the one too that `zfs create` had made and not mounted yet.
 */
export const reboot = (node: RealNode): void =>
  void node.sh(`printf '#!/usr/bin/dash\\n' >/.node/down && chmod 755 /.node/down && mv /.node/down /.node/serve
kill -9 -1
rm -rf /system/volatile/* /system/volatile/.[!.]*
date +%s >/.node/state/booted
rm -f /.node/state/importing
echo 0 >/.node/state/import-at
if grep -q '^rpool/export/nova	mounted	no' /.node/state/zfs; then
  mkdir -p /export/nova
  sed -i '/^rpool\\/export\\/nova	mounted	/s/	no	/	yes	/' /.node/state/zfs
fi
rm -f /.node/state/compute.pid /.node/state/startd.pid
/.node/boot
rm /.node/serve`);
