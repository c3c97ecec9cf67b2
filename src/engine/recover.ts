import { setTimeout as sleep } from "node:timers/promises";
import type { Host } from "../domain/host.ts";
import type { EpochMs } from "../domain/ids.ts";
import type { Failure } from "../domain/outcome.ts";
import type { RunContext } from "./context.ts";
import { type Ending, proved } from "./prove.ts";
import { surveyHost } from "./survey.ts";

/** Between two looks at a host whose line broke. */
const LOOK_AGAIN_MS = 2_000;
/** After a cut (second Ctrl-C), or when the host has used up its time, one last look may take this long. */
const LAST_LOOK_MS = 20_000;

/**
 * A lost line is not an outcome: the script goes on without us and holds the host's lock until it ends. Connects
 * again, waits for the lock, and settles from what is then to be seen; unknown when that cannot be seen in time.
 * The host's time counts from `since`, when it was first connected to for this.
 */
export const recover = async (context: RunContext, host: Host, lost: Failure, since: EpochMs): Promise<Ending> => {
  const cut = context.cutting.aborted;
  const leftMs = since + context.deadlines.hostS * 1000 - context.clock();
  const budgetMs = cut ? LAST_LOOK_MS : Math.max(leftMs, LAST_LOOK_MS);
  const signal = cut
    ? AbortSignal.timeout(LAST_LOOK_MS)
    : AbortSignal.any([context.cutting, AbortSignal.timeout(budgetMs)]);
  const until = context.clock() + budgetMs;
  let last = lost.message;
  while (!signal.aborted && context.clock() < until) {
    const survey = await surveyHost(context, host, signal);
    if (survey.kind === "facts") {
      const { lock } = survey.facts;
      const running = lock.seen && lock.value.run === context.run && lock.value.alive;
      if (!running) {
        context.emitter.emit({ type: "host.facts", host: host.name, facts: survey.facts });
        return fromFacts(proved(context, host, survey.facts), lost);
      }
      last = `its script still runs there (pid ${lock.value.pid})`;
    } else {
      last = survey.kind === "refused" ? survey.refusal.message : survey.failure.message;
    }
    await sleep(LOOK_AGAIN_MS, undefined, { signal }).catch(() => undefined);
  }
  return {
    outcome: "unknown",
    failure: {
      code: lost.code,
      message: `the line broke (${lost.message}) and the host could not be looked at again: ${last}`,
      try: "run status on the host, then the rollout again: it looks first and goes on from what it finds",
    },
  };
};

const fromFacts = (ending: Ending, lost: Failure): Ending =>
  ending.outcome === "changed"
    ? {
        ...ending,
        note: [`the line broke (${lost.code}); proved by a new look`, ending.note].filter(Boolean).join("; "),
      }
    : {
        ...ending,
        failure: {
          ...(ending.failure ?? lost),
          message: `the line broke (${lost.message}); ${ending.failure?.message ?? ""}`,
        },
      };
