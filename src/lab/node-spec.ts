/** What one simulated node is: its release, where its cache lies, what is wrong with it. */
import type { FaultName } from "./faults.ts";
import type { Release } from "./image-texts.ts";

/**
 * `legacy`: images in /var/lib/nova/images, inside the boot environment. `varshare`: the driver's own default since
 * Kilo, on a dataset without a quota.
 */
export type Layout = "legacy" | "varshare";

export interface NodeSpec {
  readonly name: string;
  readonly release: Release;
  readonly layout: Layout;
  readonly fault?: FaultName;
}

/** The mixture of a fleet without faults; every one of these needs a change. */
const mixture: readonly Pick<NodeSpec, "release" | "layout">[] = [
  { release: "juno", layout: "legacy" },
  { release: "kilo", layout: "varshare" },
  { release: "juno", layout: "legacy" },
  { release: "mitaka", layout: "varshare" },
  { release: "mitaka", layout: "legacy" },
];

/** Faults that show themselves only when nova.conf is edited: their nodes have a cache that must move. */
const needEdit: ReadonlySet<FaultName> = new Set(["restart-fails", "flapping", "stuck", "disabled", "drop"]);

/**
 * The nodes of a fleet: `cn01`, `cn02`, …; faults go to successive nodes, from the second on when there is one, because
 * the first host of a rollout is its canary.
 */
export const fleetSpecs = (
  nodes: number,
  faults: readonly { readonly name: FaultName; readonly count: number }[],
): readonly NodeSpec[] => {
  const wanted = faults.flatMap((fault) => Array.from({ length: fault.count }, () => fault.name));
  const offset = nodes > wanted.length ? 1 : 0;
  const width = Math.max(2, String(nodes).length);
  return Array.from({ length: nodes }, (_, i) => {
    const name = `cn${String(i + 1).padStart(width, "0")}`;
    const base = mixture[i % mixture.length] ?? { release: "juno", layout: "legacy" };
    const fault = wanted[i - offset];
    if (fault === undefined) return { name, ...base };
    // Its directory is there and nova's: only writing in it fails.
    if (fault === "quota-below-use" || fault === "not-writable")
      return { name, release: "kilo", layout: "varshare", fault };
    if (fault === "solaris-11.2") return { name, release: "havana", layout: "legacy", fault };
    return needEdit.has(fault) ? { name, release: "juno", layout: "legacy", fault } : { name, ...base, fault };
  });
};
