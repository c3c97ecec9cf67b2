/** Ways to have no room at all on a node with a pool, until the test gives it back. */
import type { RealNode } from "./node.ts";

/** Nothing can be made in `dir`, and why: what the tool that tried said. Throws when something can. */
const refusal = (node: RealNode, dir: string): string => {
  const { status, err } = node.run(["/usr/bin/mkdir", `${dir}/room`]);
  if (status === 0) throw new Error(`${dir} on ${node.name} is not full`);
  return err.trim();
};

/** The dataset's quota becomes what it uses. Returns what is said to who makes a file in `dir`, which lies on it. */
export const fillToQuota = (node: RealNode, dataset: string, dir: string): string => {
  // A property that is set has pending changes written out first.
  node.sh(`zfs set test:written=yes ${dataset} && zfs set quota="$(zfs get -Hp -o value used ${dataset})" ${dataset}`);
  return refusal(node, dir);
};

/**
 * /export/filler takes what the pool has left; not even a property can be set then. Returns what is said to who makes a
 * file in `dir`.
 */
export const fillPool = (node: RealNode, dir: string): string => {
  // dd ends with an error: the file's end is the pool's.
  node.sh("! dd if=/dev/urandom of=/export/filler bs=1048576 2>/dev/null && sync");
  return refusal(node, dir);
};
