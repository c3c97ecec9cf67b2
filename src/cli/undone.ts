/** What a rollback undoes: read from the journal of the run that did it. */
import type { RunEvent } from "../domain/event.ts";
import type { Facts } from "../domain/facts.ts";
import { foldHosts } from "../domain/host-set.ts";
import type { HostName, RunId } from "../domain/ids.ts";
import { reduceAll } from "../domain/reduce-all.ts";
import { type Complaint, err, ok, type Result } from "../domain/result.ts";
import { settingsThen, type Touched, touchedBy } from "../domain/rollback/touched.ts";
import { initialState, type RunState } from "../domain/run-state.ts";
import type { ResolvedHost } from "../inventory/settle.ts";
import { isAlive, readLock } from "../journal/lock.ts";
import { foldJournal } from "../journal/read.ts";
import { findRun, journalPath, listRuns, lockPath } from "../journal/runs.ts";
import type { FleetRequest } from "./compose.ts";
import type { Io } from "./io.ts";
import type { RollbackRequest } from "./request.ts";

/** A run, and what it did to each host on which it began. */
export interface Undone {
  readonly run: RunId;
  readonly hosts: ReadonlyMap<HostName, Touched>;
}

/** What the journal says that the run did; why it cannot be undone, if so. */
export const readUndone = async ({ undoes, stateDir }: RollbackRequest, io: Io): Promise<Result<Undone>> => {
  const runs = await listRuns(stateDir);
  if (!runs.ok) return runs;
  const found = findRun(runs.value, undoes);
  if (!found.ok) return err({ ...found.error, where: "--run" });
  const run = found.value;
  const folded = await foldJournal(journalPath(stateDir, run), remember, {
    state: { ...initialState, run },
    planned: false,
    seen: new Map<HostName, Facts>(),
  });
  if (!folded.ok) return folded;
  const { state, seen } = folded.value.state;
  const objection = objectionTo(state, run) ?? (await drivenBy(stateDir, run, io));
  if (objection !== undefined) return err(objection);
  const hosts = touchedBy(state, seen);
  return hosts.size > 0
    ? ok({ run, hosts })
    : err(usage(`run ${run} changed no host`, "novasweep runs show says what it did"));
};

interface Memory {
  readonly state: RunState;
  /** From here on facts are no longer what the plan rests on. */
  readonly planned: boolean;
  readonly seen: Map<HostName, Facts>;
}

/** The run's state, and the facts that its plan rests on. */
const remember = ({ state, planned: before, seen }: Memory, events: readonly RunEvent[]): Memory => {
  let planned = before;
  for (const event of events) {
    planned ||= event.type === "plan.made";
    if (event.type === "host.facts" && !planned) seen.set(event.host, event.facts);
  }
  return { state: reduceAll(state, events), planned, seen };
};

const objectionTo = ({ command, check, accepted }: RunState, run: RunId): Complaint | undefined => {
  if (command === "purge")
    return usage(`run ${run} was a purge: what it took out is gone`, "novasweep runs show names it");
  if (command === "rollback") return usage(`run ${run} was a rollback itself`, "novasweep rollout, which looks first");
  if (command !== "rollout") return usage(`run ${run} was no rollout`, "novasweep runs lists them");
  return check || accepted === undefined ? usage(`run ${run} changed nothing`, "novasweep runs lists them") : undefined;
};

/** Of a run that goes on nobody knows yet what there is to undo. */
const drivenBy = async (stateDir: string, run: RunId, io: Io): Promise<Complaint | undefined> => {
  const holder = await readLock(stateDir, run);
  if (holder === undefined) return undefined;
  return (await isAlive(holder, { hostname: io.controller, path: lockPath(stateDir, run) }))
    ? usage(
        `run ${run} goes on: pid ${holder.pid} on ${holder.hostname}, since ${holder.since}`,
        `novasweep runs abort ${run} ends it`,
      )
    : undefined;
};

/** Of the selected hosts those that the run touched. All are meant unless some were named: none may be missed then. */
export const undoneHosts = (
  hosts: readonly ResolvedHost[],
  undone: Undone | undefined,
  request: FleetRequest,
): Result<readonly ResolvedHost[]> => {
  if (undone === undefined || request.command !== "rollback") return ok(hosts);
  const both = asThen(hosts, undone);
  const chosen = new Set(both.map(({ host }) => host.name));
  const touched = [...undone.hosts.keys()];
  if (both.length === 0)
    return err({
      code: "E_PATTERN",
      what: `run ${undone.run} touched none of the selected hosts`,
      try: `it touched ${foldHosts(touched)}`,
    });
  const missed = touched.filter((name) => !chosen.has(name));
  return missed.length > 0 && request.everyHost
    ? err({
        code: "E_PATTERN",
        what: `run ${undone.run} touched hosts that the inventory does not have: ${foldHosts(missed)}`,
        try: "name them in the inventory, or say which hosts are meant: rollback --run ID PATTERN",
      })
    : ok(both);
};

/** Of these hosts those that the run touched, with the places it acted on. */
export const asThen = (hosts: readonly ResolvedHost[], undone: Undone | undefined): readonly ResolvedHost[] =>
  undone === undefined
    ? hosts
    : hosts.flatMap((resolved) => {
        const touched = undone.hosts.get(resolved.host.name);
        return touched === undefined
          ? []
          : [{ ...resolved, host: { ...resolved.host, settings: settingsThen(resolved.host.settings, touched) } }];
      });

const usage = (what: string, tryThis: string): Complaint => ({ code: "E_USAGE", what, where: "--run", try: tryThis });
