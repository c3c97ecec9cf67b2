import type { Change } from "../change.ts";
import type { Facts, Observed } from "../facts.ts";
import type { HostName } from "../ids.ts";
import { type Refusal, refusal, some } from "../outcome.ts";
import type { Drift } from "../plan.ts";
import { type Accepted, blind } from "../refusals.ts";
import type { Settings } from "../settings.ts";
import type { PurgeAsked, PurgeSubject } from "./asked.ts";
import type { PurgeFacts } from "./facts.ts";

/** What a decision rests on besides the facts. */
export interface PurgeQuestion<S extends PurgeSubject = PurgeSubject> {
  readonly host: HostName;
  readonly settings: Settings;
  readonly asked: Extract<PurgeAsked, { subject: S }>;
  readonly accepted: Pick<Accepted, "thisBootEnvironment" | "breakStaleLock">;
}

/** What one subject comes to on one host. */
export interface Findings {
  readonly refusals: readonly Refusal[];
  readonly changes: readonly Change[];
  readonly drift: readonly Drift[];
  readonly notes: readonly string[];
}

export const nothing: Findings = { refusals: [], changes: [], drift: [], notes: [] };

/** The look of a purge; a purge without it is a bug of ours. */
export const lookOf = ({ purge }: Facts): PurgeFacts => {
  if (purge === undefined) throw new Error("a purge without its look");
  return purge;
};

/** "Could not look" never counts as "absent": name, field, whether "absent" is an answer. */
export const blindness = (
  needed: readonly (readonly [name: string, field: Observed<unknown> | undefined, mayBeAbsent: boolean])[],
): readonly Refusal[] => needed.flatMap(([name, field, mayBeAbsent]) => blind(name, field, mayBeAbsent));

/** An image is opened by path while a zone is installed from it, at a time nobody can foresee. */
export const zoneRefusal = ({ incompleteZones }: Facts): readonly Refusal[] =>
  incompleteZones.seen && incompleteZones.value.length > 0
    ? [refusal("E_BUSY", `a zone is being installed: ${some(incompleteZones.value)}`, "run again when it is installed")]
    : [];
