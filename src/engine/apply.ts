import type { Facts } from "../domain/facts.ts";
import type { Host } from "../domain/host.ts";
import type { Numbering } from "../domain/numbering.ts";
import type { FailureCode } from "../domain/outcome.ts";
import type { Changing } from "../domain/plan.ts";
import { readFacts } from "../remote/facts-reply.ts";
import { idsFor, type RunContext } from "./context.ts";
import { type Conversation, converse } from "./converse.ts";
import { endingOf, failed, refused } from "./ending.ts";
import type { Ending } from "./job.ts";
import { listenFor } from "./listen.ts";
import { type Lost, recover } from "./recover.ts";
import type { StepWatch } from "./step-watch.ts";
import { failureOf, refusalOf } from "./survey.ts";

/** One script for one host, and what it rests on. */
export interface Errand {
  readonly host: Host;
  readonly plan: Changing;
  readonly numbering: Numbering;
  readonly facts: Facts;
}

/** A script that changes a host, by its name in the record, and whoever follows it. */
export interface Script {
  readonly name: string;
  readonly watch: StepWatch;
}

/** Carries out one host's changes, proves them from new facts, and says how the host ended. */
export const applyHost = async (
  context: RunContext,
  { host, plan, numbering, facts: basis }: Errand,
  { name, watch }: Script,
): Promise<Ending> => {
  const ids = { ...idsFor(context), script: name, numbers: numbering.numbers };
  const since = context.elapsed();
  const listener = listenFor(context, host, "applying", (line) => watch.accept(line));
  const script = context.job.carryOut(host, plan, basis, ids);
  const talk = await converse(context.transport, host, script, ids.nonce, context.cutting, listener);
  return settle(context, host, talk, watch, { since, basis, script: name });
};

/** A script ended from outside says `refuse` when no step was under way; that is no refusal. */
const endings: readonly FailureCode[] = ["E_HOST_TIMEOUT", "E_STOPPED", "E_STEP"];

const settle = async (
  context: RunContext,
  host: Host,
  talk: Conversation,
  watch: StepWatch,
  from: Pick<Lost, "since" | "basis" | "script">,
): Promise<Ending> => {
  const refusal = refusalOf(talk, host);
  if (refusal !== undefined && !endings.includes(refusal.code)) return refused(refusal, watch);
  if (watch.unknown !== undefined)
    return { outcome: "unknown", failure: { code: "E_IN_TRANSITION", message: watch.unknown } };
  const wrong = watch.failed ?? refusal;
  if (wrong !== undefined && talk.reply.ended !== undefined) return endingOf(wrong, watch);
  const failure = failureOf(talk);
  // Nothing began and nothing can begin: nothing was done, whatever the reason.
  if (failure !== undefined && !talk.reply.begun && !talk.scriptSent) return { outcome: "unreachable", failure };
  if (failure !== undefined)
    return recover(context, host, { failure, begun: talk.reply.begun, restarts: watch.restarts, watch, ...from });
  if (!watch.committed)
    return failed(
      { code: "E_STEP", message: `the script ended with status ${talk.reply.ended} and did not commit` },
      watch,
    );
  return withResults(prove(context, host, talk, watch), watch.results);
};

/** What steps said of themselves stands in the note of a host that was changed. */
const withResults = (ending: Ending, results: readonly string[]): Ending =>
  ending.outcome !== "changed" || results.length === 0
    ? ending
    : { ...ending, note: [...new Set([...results, ...(ending.note === undefined ? [] : [ending.note])])].join("; ") };

/** The script says it is done; only new facts without drift make that true. */
const prove = (context: RunContext, host: Host, talk: Conversation, watch: StepWatch): Ending => {
  const facts = readFacts(talk.reply, context.clock(), host.settings.novaConf);
  if (!facts.ok)
    return {
      outcome: "failed",
      failure: { code: "E_GARBAGE", message: `the closing look makes no sense: ${facts.error}` },
    };
  context.emitter.emit({ type: "host.facts", host: host.name, facts: facts.value });
  return context.job.proved(host, facts.value, watch);
};
