/** rollback: what undoes a run on one host. This file: what the run did there. */
import type { Change } from "../change.ts";
import type { Facts } from "../facts.ts";
import type { HostState } from "../host-state.ts";
import { rowsOf } from "../host-table.ts";
import type { HostName, RunId } from "../ids.ts";
import type { Refusal } from "../outcome.ts";
import type { Drift } from "../plan.ts";
import { isNonEmpty } from "../result.ts";
import type { RunState } from "../run-state.ts";
import type { Settings } from "../settings.ts";

/** What a run did to a host, as far as its journal knows: what was accepted for it, and what was seen before. */
export interface Touched {
  readonly run: RunId;
  readonly changes: readonly Change[];
  readonly before: Facts;
}

/** What one part of a host needs to be as it was. */
export interface Part {
  /** Somebody else's hand, or what is missing to undo it. */
  readonly refusals: readonly Refusal[];
  readonly changes: readonly Change[];
  readonly drift: readonly Drift[];
  /** What stays as the run made it, in words. */
  readonly left: readonly string[];
}

export const nothing: Part = { refusals: [], changes: [], drift: [], left: [] };

export const joined = (parts: readonly Part[]): Part => ({
  refusals: parts.flatMap(({ refusals }) => refusals),
  changes: parts.flatMap(({ changes }) => changes),
  drift: parts.flatMap(({ drift }) => drift),
  left: parts.flatMap(({ left }) => left),
});

/** The accepted changes of one kind. */
export const changesOf = <K extends Change["kind"]>({ changes }: Touched, kind: K): readonly ChangeOf<K>[] =>
  changes.filter((change): change is ChangeOf<K> => change.kind === kind);

type ChangeOf<K extends Change["kind"]> = Extract<Change, { kind: K }>;

/** Somebody else was there since the run. */
export const stale = (
  message: string,
  hint = "see who changed it and why: rollback puts back only what is as the run left it",
): Part => ({
  ...nothing,
  refusals: [{ code: "E_STALE", message, try: hint }],
});

/**
 * Whether something may have been done there. What its scripts refused before any step is left as it was; of a run that
 * was taken up again not every step may have been heard.
 */
const mayBeTouched = ({ begun, spoke, outcome }: HostState, resumed: boolean): boolean =>
  begun === true && (resumed || spoke === true || (outcome !== "refused" && outcome !== "unreachable"));

/**
 * Every host that a run may have touched, with what was accepted for it. `seen` are the last facts of each host before
 * the plan was made: the plan rests on those.
 */
export const touchedBy = (state: RunState, seen: ReadonlyMap<HostName, Facts>): ReadonlyMap<HostName, Touched> => {
  const { run, plan } = state;
  if (run === undefined || plan === undefined || state.accepted === undefined) return new Map();
  const touched = new Set(
    [...rowsOf(state.hosts)].filter((row) => mayBeTouched(row, state.resumed.length > 0)).map(({ host }) => host),
  );
  return new Map(
    plan.hosts.flatMap((one) => {
      const before = seen.get(one.host);
      return one.verdict === "change" && isNonEmpty(one.changes) && before !== undefined && touched.has(one.host)
        ? [[one.host, { run, changes: one.changes, before }] as const]
        : [];
    }),
  );
};

/** A host's settings, with the places that the run acted on: an inventory that moved on must not turn the look elsewhere. */
export const settingsThen = (settings: Settings, touched: Touched): Settings => {
  const [conf] = changesOf(touched, "conf.set");
  const [restart] = changesOf(touched, "compute.restart");
  const dataset = touched.changes.flatMap((change) => ("dataset" in change ? [change.dataset] : []))[0];
  const owned = changesOf(touched, "directory.own").map(({ path }) => path);
  const legacy = settings.legacyDirs === "auto" ? [] : settings.legacyDirs;
  return {
    ...settings,
    ...(conf === undefined ? {} : { novaConf: conf.path, novaSection: conf.section }),
    ...(restart === undefined ? {} : { novaService: restart.service }),
    ...(dataset === undefined ? {} : { cacheDataset: dataset }),
    legacyDirs: [...legacy, ...owned],
  };
};
