import type { Facts } from "../domain/facts.ts";
import type { Host } from "../domain/host.ts";
import type { HostName, Seconds } from "../domain/ids.ts";
import type { HostPlan } from "../domain/plan.ts";
import type { Accepted } from "../domain/refusals.ts";
import { cacheThen, decideRollback } from "../domain/rollback/decide.ts";
import type { Touched } from "../domain/rollback/touched.ts";
import type { Settings } from "../domain/settings.ts";
import { rollbackScript } from "../remote/rollback-script.ts";
import { probeScript } from "../remote/script.ts";
import type { Deadlines } from "./context.ts";
import type { Ending, Job } from "./job.ts";
import type { CleanerFiles } from "./payload.ts";
import { standing } from "./purge-job.ts";
import { applyInputs } from "./rollout-job.ts";

/** What a rollback undoes, and what it was told on the command line. */
export interface RollbackOptions {
  readonly undone: ReadonlyMap<HostName, Touched>;
  readonly accepted: Pick<Accepted, "thisBootEnvironment" | "breakStaleLock">;
  readonly soakS: Seconds;
  readonly deadlines: Deadlines;
  readonly cleanerFiles: (settings: Settings) => CleanerFiles;
}

/** The job of `rollback`. */
export const rollbackJob = ({ undone, accepted, soakS, deadlines, cleanerFiles: files }: RollbackOptions): Job => {
  const touchedOn = ({ name }: Host): Touched => {
    const touched = undone.get(name);
    if (touched === undefined) throw new Error(`${name}: to be rolled back, and the run did not touch it`);
    return touched;
  };
  const decided = (host: Host, facts: Facts): HostPlan =>
    decideRollback(facts, {
      host: host.name,
      settings: host.settings,
      touched: touchedOn(host),
      payload: files(host.settings).payload,
      accepted,
      soakS,
    });
  return {
    look: ({ settings }, ids) => probeScript({ ...ids, wantUid: "0", settings, sendConf: false }),
    stands: (host, facts) => standing(decided(host, facts)),
    decide: (host, { facts }) => decided(host, facts),
    carryOut: (host, plan, basis, ids) =>
      rollbackScript({
        ...applyInputs(host, plan, basis, ids, { deadlines, soakS, files: files(host.settings) }),
        cacheDir: cacheThen(basis, touchedOn(host)),
        breakLock: accepted.breakStaleLock,
        waitIdleS: 0,
      }),
    proved: (host, facts) => proved(facts, decided(host, facts)),
  };
};

/** From facts alone: as it was before the run, with nova-compute as it should be. */
const proved = ({ service }: Facts, now: HostPlan): Ending => {
  const state = service.seen ? service.value.state : "not to be seen";
  const moving = service.seen && service.value.nextState !== "none";
  if (now.verdict === "in-sync" && !moving && (state === "online" || state === "disabled"))
    return { outcome: "changed", ...(now.notes.length === 0 ? {} : { note: now.notes.join("; ") }) };
  return {
    outcome: "failed",
    failure: { code: "E_NOT_CONVERGED", message: doubtOf(now, state), try: "look at the node, then run again" },
    ...("drift" in now ? { drift: now.drift } : {}),
  };
};

const doubtOf = (now: HostPlan, state: string): string => {
  switch (now.verdict) {
    case "change":
      return `not as it was: ${now.drift.map(({ aspect }) => aspect).join(", ")}`;
    case "refuse":
      return now.refusals.map(({ message }) => message).join("; ");
    default:
      return `nova-compute is ${state}`;
  }
};
