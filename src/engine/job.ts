import type { Patch } from "../domain/change.ts";
import type { Desired } from "../domain/desired.ts";
import type { Purged } from "../domain/event.ts";
import type { Facts } from "../domain/facts.ts";
import type { Host } from "../domain/host.ts";
import type { Failure, Outcome, Refusal } from "../domain/outcome.ts";
import type { Changing, Drift, HostPlan } from "../domain/plan.ts";
import type { Result } from "../domain/result.ts";
import type { ChangeIds, ScriptIds } from "../remote/script.ts";

/** How one host ended, with the reasons. */
export interface Ending {
  readonly outcome: Outcome;
  readonly failure?: Failure;
  readonly refusals?: readonly Refusal[];
  readonly drift?: readonly Drift[];
  readonly note?: string;
}

/** What was to be done on a host, and what its script says it took out. */
export interface Done {
  readonly plan: Changing;
  readonly purged: readonly Purged[];
}

/** What was seen on one host. */
export interface Seen {
  readonly facts: Facts;
  /** The edit of nova.conf that puts a directory in force; undefined: the node did not send its file. */
  readonly edit: (desired: Desired) => Result<Patch, Refusal> | undefined;
}

/** What one command asks of a host; the engine carries it there, in order, and believes only what is seen afterwards. */
export interface Job {
  /** The script that looks. */
  readonly look: (host: Host, ids: ScriptIds) => string;
  /** How a host stands, without a plan. */
  readonly stands: (host: Host, facts: Facts) => Ending;
  readonly decide: (host: Host, seen: Seen) => HostPlan;
  /** The script that carries out one host's plan and looks again. */
  readonly carryOut: (host: Host, plan: Changing, basis: Facts, ids: ChangeIds) => string;
  /** How a host ended, from new facts; what its script says it took out is what only it can know. */
  readonly proved: (host: Host, facts: Facts, done: Done) => Ending;
}
