import type { Facts } from "../domain/facts.ts";
import type { Host } from "../domain/host.ts";
import type { Failure } from "../domain/outcome.ts";
import type { RunContext } from "./context.ts";
import { endingOf } from "./ending.ts";
import type { Ending } from "./job.ts";
import type { StepWatch } from "./step-watch.ts";
import { type Survey, surveyHost } from "./survey.ts";

/** Between two looks at a host whose line broke. */
const LOOK_AGAIN_MS = 2_000;
/** After a cut (second Ctrl-C), or when the host has used up its time, one last look may take this long. */
const LAST_LOOK_MS = 20_000;
/** A script that was sent and never said that it began may still begin: sudo, PAM or a loaded node hold it up so long at most. */
const LATE_START_MS = 60_000;

/** What is known of the script whose line broke. */
export interface Lost {
  readonly failure: Failure;
  /** It said that it began. */
  readonly begun: boolean;
  /** It was to restart nova-compute, and owes a proof of that until it commits. */
  readonly restarts: boolean;
  /** When the host was first connected to for it, as `elapsed` has it: the host's time counts from there. */
  readonly since: number;
  /** What was heard of it. */
  readonly watch: StepWatch;
  /** What it is called. */
  readonly script: string;
  /** What the host's plan rests on. */
  readonly basis: Facts;
}

/**
 * A lost line is not an outcome: the script goes on without us and holds the host's lock until it ends. Connects
 * again, waits for the lock, and settles from what is then to be seen; unknown when that cannot be seen in time.
 */
export const recover = async (context: RunContext, host: Host, lost: Lost): Promise<Ending> => {
  const cut = context.cutting.aborted;
  const leftMs = lost.since + context.deadlines.hostS * 1000 - context.elapsed();
  const budgetMs = cut ? LAST_LOOK_MS : Math.max(leftMs, LAST_LOOK_MS);
  const timeout = AbortSignal.timeout(budgetMs);
  const signal = cut ? timeout : AbortSignal.any([context.cutting, timeout]);
  const until = context.elapsed() + budgetMs;
  const lateUntil = context.elapsed() + LATE_START_MS;
  const rest = new Rest(soakOf(lost));
  let last = lost.failure.message;
  let begun = lost.begun;
  while (!signal.aborted && context.elapsed() < until) {
    const late = context.elapsed() > lateUntil;
    const survey = await surveyHost(context, host, signal, lost.script);
    const look = judge(context, survey, lost, begun || late, rest);
    // The node keeps words of a script that has begun: what was seen beside the first of them is no answer yet.
    const began = !begun && look.killed === undefined && survey.kind === "facts" && survey.result.length > 0;
    begun ||= look.begun || began;
    if (began) {
      last = look.words;
      await context.pause(LOOK_AGAIN_MS, signal);
      continue;
    }
    // What it said to nobody is on record before anything rests on it.
    if (survey.kind === "facts" && (look.facts !== undefined || look.killed !== undefined))
      lost.watch.collect(survey.result);
    if (look.facts !== undefined) return settleFrom(context, host, look.facts, { ...lost, begun });
    if (look.killed !== undefined) return unknown(lost.failure, look.killed);
    // A look that our own time cut short says less than the one before.
    if (!signal.aborted) last = look.words;
    await context.pause(LOOK_AGAIN_MS, signal);
  }
  return unknown(lost.failure, last);
};

/** What one look at the host says of the script. */
interface Look {
  /** The script was seen at work. */
  readonly begun: boolean;
  /** It has ended, and this is what it left. */
  readonly facts?: Facts;
  /** It was ended from outside before it could prove or restore anything. */
  readonly killed?: string;
  readonly words: string;
}

const judge = (context: RunContext, survey: Survey, { restarts, basis }: Lost, over: boolean, rest: Rest): Look => {
  if (survey.kind === "refused") return { begun: false, words: survey.refusal.message };
  if (survey.kind === "unreachable") return { begun: false, words: survey.failure.message };
  if (hasRebooted(basis, survey.facts)) return afterReboot(survey.facts, rest, context.elapsed());
  const { lock, notes } = survey.facts;
  const own = lock.seen && lock.value.run === context.run;
  if (own && lock.value.alive) return { begun: true, words: `its script still runs there (pid ${lock.value.pid})` };
  if (own)
    return {
      begun: true,
      words: "",
      killed: "its script was killed and left its lock: nothing was proved, nothing restored",
    };
  if (!lock.seen && lock.why !== "absent")
    return { begun: true, words: lock.detail ?? "its lock could not be looked at" };
  const owes = notes.seen && notes.value.some((note) => note.run === context.run && note.restart === "owed");
  if (owes && restarts)
    return { begun: true, words: "", killed: "its script ended without a proof of the restart it owes" };
  const words = "its script was not seen to begin";
  return over ? { begun: false, words, facts: survey.facts } : { begun: false, words };
};

/** The boot time is the kernel's record, and no script lives longer than its kernel. */
const hasRebooted = ({ system: before }: Facts, { system: now }: Facts): boolean =>
  before.bootedAt.seen && now.bootedAt.seen && before.bootedAt.value !== now.bootedAt.value;

/**
 * Its script is over, its lock went with /system/volatile, and what it owed nova-compute's start may have paid: the facts
 * say, once nova-compute stands as long as it would have had to after the restart.
 */
const afterReboot = (facts: Facts, rest: Rest, nowMs: number): Look => {
  const state = facts.service.seen ? facts.service.value.state : "not to be seen";
  const words = `the node rebooted, and nova-compute is ${state}`;
  return rest.isLongEnough(facts, nowMs) ? { begun: true, words, facts } : { begun: true, words };
};

/** Where a service stays by itself; `offline` without a next state waits for what it depends on, as at every boot. */
const resting: ReadonlySet<string> = new Set(["online", "degraded", "maintenance", "disabled"]);

/** How long nova-compute has stood as it stands now, over looks; one look alone says nothing of that. */
class Rest {
  readonly #soakMs: number;
  #as = "";
  #fromMs = 0;

  constructor(soakMs: number) {
    this.#soakMs = soakMs;
  }

  isLongEnough({ service }: Facts, nowMs: number): boolean {
    if (!service.seen) return false;
    const { state, nextState, since, contract } = service.value;
    const as = nextState === "none" && resting.has(state) ? `${state} ${since} ${contract}` : "";
    if (as === "" || as !== this.#as) {
      this.#as = as;
      this.#fromMs = nowMs;
      return false;
    }
    return nowMs - this.#fromMs >= this.#soakMs;
  }
}

const soakOf = ({ watch }: Lost): number =>
  Math.max(0, ...watch.plan.changes.map((change) => (change.kind === "compute.restart" ? change.soakS * 1000 : 0)));

const settleFrom = (context: RunContext, host: Host, facts: Facts, lostScript: Lost): Ending => {
  const { failure: lost, begun, watch, basis } = lostScript;
  const how = hasRebooted(basis, facts) ? "; the node rebooted" : "";
  context.emitter.emit({ type: "host.facts", host: host.name, facts });
  const ending = context.job.proved(host, facts, watch);
  const line = `the line broke (${lost.message})${how}; `;
  // Heard as it came it would have ended so. What a reboot ended may be anything.
  if (watch.failed !== undefined && how === "")
    return endingOf({ ...watch.failed, message: `${line}${watch.failed.message}` }, watch);
  // What never began may begin yet: only its work done would be an answer.
  if (!begun && ending.outcome !== "changed") return unknown(lost, "its script was not seen to begin");
  // A step that failed stays failed, however right the node looks just now.
  return ending.outcome === "changed" && watch.failed === undefined
    ? {
        ...ending,
        note: [`the line broke (${lost.code})${how}; proved by a new look`, ending.note].filter(Boolean).join("; "),
      }
    : {
        ...ending,
        outcome: "failed",
        failure: {
          ...(watch.failed ?? ending.failure ?? lost),
          message: `${line}${(watch.failed ?? ending.failure)?.message ?? ""}`,
        },
      };
};

const unknown = (lost: Failure, why: string): Ending => ({
  outcome: "unknown",
  failure: {
    code: lost.code,
    message: `the line broke (${lost.message}); ${why}`,
    try: "run status on the host, then the rollout again: it looks first and goes on from what it finds",
  },
});
