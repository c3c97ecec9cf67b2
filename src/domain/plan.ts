import type { Change } from "./change.ts";
import type { Bytes, EpochMs, HostName, NodeSeconds, RunId } from "./ids.ts";
import type { Failure, Refusal } from "./outcome.ts";
import type { NonEmpty } from "./result.ts";

/** One difference between facts and desired. `have` and `want` are words for a person, already safe to show. */
export interface Drift {
  readonly aspect: Aspect;
  readonly have: string;
  readonly want: string;
}

export type Aspect =
  | "dataset"
  | "quota"
  | "canmount"
  | "auto-snapshot"
  | "snapshots"
  | "owner"
  | "cleaner"
  | "cleaner-package"
  | "cleaner-files"
  | "cleaner-properties"
  | "cleaner-state"
  | "conf"
  | "restart"
  | "legacy"
  | "images"
  | "boot-environments";

/** What only a person may mend: novasweep destroys no snapshot. */
export const leftToOperator: ReadonlySet<Aspect> = new Set(["snapshots"]);

/** One host's verdict. */
export type HostPlan =
  | { readonly verdict: "in-sync"; readonly host: HostName; readonly notes: readonly string[] }
  | {
      readonly verdict: "change";
      readonly host: HostName;
      /** When the facts were seen that this rests on. */
      readonly basis: EpochMs;
      readonly drift: readonly Drift[];
      readonly changes: NonEmpty<Change>;
      /** Warnings and remarks for the person who accepts: "headroom is smaller than the largest image". */
      readonly notes: readonly string[];
    }
  | {
      readonly verdict: "refuse";
      readonly host: HostName;
      readonly drift: readonly Drift[];
      readonly refusals: NonEmpty<Refusal>;
    }
  | { readonly verdict: "unreachable"; readonly host: HostName; readonly failure: Failure };

/** Everything that is decided before anything is done. Immutable once accepted. */
export interface Plan {
  readonly run: RunId;
  readonly hosts: readonly HostPlan[];
  /** Hosts to change, in the order they are acted on; the first wave is the canary. */
  readonly waves: readonly (readonly HostName[])[];
  readonly gate: GateRule;
}

export interface GateRule {
  /** Hosts that may become failed, unknown or unreachable after acceptance. */
  readonly maxBad: number;
  /** Hosts that may be unreachable or refused in the survey before the plan is not offered. */
  readonly maxMissing: number;
  /** Hosts applied at once, at most. */
  readonly parallel: number;
  readonly soakS: number;
}

/** What the first run of the cleaner will evict: 7 images, 9.2 GiB, oldest 2015-06-02. */
export interface Eviction {
  readonly images: number;
  readonly bytes: Bytes;
  /** When the first of them was last used, or changed. */
  readonly oldest: NodeSeconds | null;
  /** More than the node named. */
  readonly more: boolean;
  /** What is missing to the target when all that may go has gone. */
  readonly shortBytes: Bytes;
}

/** The verdict of a host that is to be changed. */
export type Changing = Extract<HostPlan, { verdict: "change" }>;

/** What a plan does to whom. */
export const changingOf = (plan: Plan): ReadonlyMap<HostName, Changing> =>
  new Map(plan.hosts.flatMap((one) => (one.verdict === "change" ? [[one.host, one] as const] : [])));
