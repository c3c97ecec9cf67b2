import type { HostState } from "../../domain/host-state.ts";
import { rowsOf } from "../../domain/host-table.ts";
import type { RunState } from "../../domain/run-state.ts";
import { type Cause, foldCauses, type Trouble, troublesOf } from "../causes.ts";

/** What a frame needs to know of all hosts, gathered in one pass over them. */
export interface Census {
  /** Hosts something is being done to, longest first. */
  readonly running: readonly HostState[];
  /** Hosts not yet asked anything. */
  readonly queued: number;
  /** Hosts looked at that wait for their turn or for the plan. */
  readonly waiting: number;
  /** Hosts whose survey has ended, one way or the other. */
  readonly surveyed: number;
  readonly causes: readonly Cause[];
}

/** Counts, the running hosts and the folded troubles of a run. */
export const census = (state: RunState): Census => {
  const running: HostState[] = [];
  const troubles: Trouble[] = [];
  let queued = 0;
  let waiting = 0;
  let surveyed = 0;
  for (const host of rowsOf(state.hosts)) {
    if (isSurveyed(host)) surveyed++;
    if (host.outcome !== undefined) troubles.push(...troublesOf(host));
    else if (host.phase === "queued") queued++;
    else if (host.phase === "planned" || host.phase === "waiting") waiting++;
    else running.push(host);
  }
  running.sort((a, b) => compare(a.since ?? "", b.since ?? ""));
  return { running, queued, waiting, surveyed, causes: foldCauses(troubles) };
};

/** A host that could not be reached has no facts, but its survey has ended. */
const isSurveyed = ({ outcome, facts, phase }: HostState): boolean =>
  outcome !== undefined || facts !== undefined || phase === "planned";

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
