/** The cleaner that a rollout left on a real node, run as SMF would: by user nova, with the service's properties. */
import type { RealNode } from "./node.ts";

export interface Cleaned {
  readonly status: number | null;
  readonly out: string;
  /** The last line: what it did, in one sentence. */
  readonly summary: string;
  /** UUIDs that went. */
  readonly evicted: readonly string[];
}

const METHOD = "/lib/svc/method/nova-cache-cleanup";

/** What one run said. */
export const readCleaned = (status: number | null, out: string): Cleaned => ({
  status,
  out,
  summary: out.trimEnd().split("\n").at(-1) ?? "",
  evicted: [...out.matchAll(/^evicted (\S+) /gm)].map(([, name = ""]) => name),
});

/** One run; flags win over the properties. */
export const clean = (node: RealNode, ...flags: readonly string[]): Cleaned => {
  const ran = node.run(["/bin/sh", METHOD, ...flags], { user: "nova" });
  return readCleaned(ran.status, ran.out + ran.err);
};

/** Two runs at the same moment. */
export const cleanTwiceAtOnce = (node: RealNode): readonly Cleaned[] => {
  const [first = "", second = ""] = node
    .run(
      ["/bin/sh", "-c", `{ ${METHOD} >one 2>&1; } & ${METHOD} >two 2>&1; wait; cat one; echo ----; cat two`].map(
        (word) => word.replaceAll(/\b(one|two)\b/g, "/var/lib/nova/cleaned.$1"),
      ),
      { user: "nova" },
    )
    .out.split("----\n");
  return [readCleaned(0, first), readCleaned(0, second)];
};
