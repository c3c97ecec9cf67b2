import { isPurge, purgeTarget, type StepKind } from "../domain/change.ts";
import type { Facts } from "../domain/facts.ts";
import type { Host } from "../domain/host.ts";
import type { EpochMs } from "../domain/ids.ts";
import type { Failure, FailureCode, Refusal } from "../domain/outcome.ts";
import { readFacts } from "../remote/facts-reply.ts";
import type { ReplyLine } from "../remote/reply.ts";
import { idsFor, type RunContext } from "./context.ts";
import { type Conversation, converse } from "./converse.ts";
import type { Changing, Ending } from "./job.ts";
import { listenFor } from "./listen.ts";
import { recover } from "./recover.ts";
import { codeOf, failureOf, refusalOf } from "./survey.ts";

/** Carries out one host's changes, proves them from new facts, and says how the host ended. */
export const applyHost = async (context: RunContext, host: Host, plan: Changing, basis: Facts): Promise<Ending> => {
  const ids = idsFor(context);
  const watch = new StepWatch(context, host, plan);
  const since = context.clock();
  const listener = listenFor(context, host, "applying", (line) => watch.accept(line));
  const script = context.job.carryOut(host, plan, basis, ids);
  const talk = await converse(context.transport, host, script, ids.nonce, context.cutting, listener);
  return settle(context, host, talk, watch, since);
};

/** Follows the steps of one script: reports each as an event and keeps what the ending needs. */
class StepWatch {
  readonly #context: RunContext;
  readonly #host: Host;
  readonly #plan: Changing;
  failed: Failure | undefined;
  restored: "ok" | "fail" | undefined;
  restoreWords = "";
  unknown: string | undefined;
  committed = false;
  done = 0;
  /** The change under way, 1-based. */
  #now = 0;
  /** What the steps say of themselves. */
  readonly results: string[] = [];

  constructor(context: RunContext, host: Host, plan: Changing) {
    this.#context = context;
    this.#host = host;
    this.#plan = plan;
  }

  get restarts(): boolean {
    return this.#plan.changes.some(({ kind }) => kind === "compute.restart");
  }

  accept(line: ReplyLine): void {
    switch (line.kind) {
      case "step":
        this.#step(line);
        return;
      case "restore":
        this.#report("restore", this.done, line);
        if (line.state !== "start") this.restored = line.state;
        this.restoreWords = line.text;
        return;
      case "unknown":
        this.unknown = line.text;
        return;
      case "commit":
        this.committed = true;
        this.#context.emitter.emit({ type: "host.phase", host: this.#host.name, phase: "verifying" });
        return;
      case "removed":
        this.#removed(line);
        return;
      case "purged":
        this.#purged(line);
        return;
      case "lock":
        this.#context.emitter.emit({ type: "lock.taken", host: this.#host.name, from: line.text });
        return;
      default:
        return;
    }
  }

  /** The change that is under way takes something out of a directory; its files are gone now. */
  #removed({ files }: Extract<ReplyLine, { kind: "removed" }>): void {
    const change = this.#plan.changes[this.#now - 1];
    if (change === undefined || !isPurge(change)) return;
    this.#context.emitter.emit({
      type: "host.removed",
      host: this.#host.name,
      directory: purgeTarget(change),
      files,
    });
  }

  #purged({ step, files, bytes, freed }: Extract<ReplyLine, { kind: "purged" }>): void {
    const change = this.#plan.changes[Number(step) - 1];
    if (change === undefined || !isPurge(change)) return;
    this.#context.emitter.emit({
      type: "host.purged",
      host: this.#host.name,
      change: change.kind,
      target: purgeTarget(change),
      files,
      bytes: change.kind === "boot-environment.destroy" ? change.bytes : bytes,
      announced: change.freed,
      ...(freed === undefined ? {} : { freedBytes: freed }),
    });
  }

  #step(line: Extract<ReplyLine, { kind: "step" }>): void {
    const change = this.#plan.changes[Number(line.step) - 1];
    const name = asides.get(line.step) ?? change?.kind;
    if (name === undefined) return;
    const at = asides.has(line.step) ? this.done : Number(line.step);
    this.#now = at;
    if (line.state === "ok" && line.text !== "") this.results.push(line.text);
    if (line.state === "ok") this.done = Math.max(this.done, at);
    if (line.state === "fail") this.failed ??= { code: codeOf(line.code), message: line.text };
    this.#report(name, at, line);
  }

  #report(
    change: Parameters<typeof stepEvent>[2],
    step: number,
    line: { state: "start" | "ok" | "fail"; code: string; text: string },
  ): void {
    this.#context.emitter.emit(stepEvent(this.#host.name, [step, this.#plan.changes.length], change, line));
  }
}

/** Steps that are no change of the plan. */
const asides: ReadonlyMap<string, StepKind> = new Map([
  ["w", "write-proof"],
  ["i", "idle-wait"],
]);

const stepEvent = (
  host: string,
  [step, of]: readonly [number, number],
  change: StepKind,
  { state, code, text }: { state: "start" | "ok" | "fail"; code: string; text: string },
) =>
  ({
    type: "host.step",
    host,
    step,
    of,
    change,
    state,
    ...(state === "fail" ? { code } : {}),
    ...(text === "" ? {} : { message: text }),
  }) as const;

/** A script ended from outside says `refuse` when no step was under way; that is no refusal. */
const endings: readonly FailureCode[] = ["E_HOST_TIMEOUT", "E_STOPPED", "E_STEP"];

/** What a step finds when another hand was there since the plan was made: nothing of it was done. */
const preconditions: readonly FailureCode[] = [
  "E_STALE",
  "E_BUSY",
  "E_LOCKED",
  "E_CONF_LINK",
  "E_CONF_OWNER",
  "E_PATH_LINK",
  "E_OVERLAP",
  "E_QUOTA_BELOW_USE",
  "E_PACKAGED",
];

const settle = async (
  context: RunContext,
  host: Host,
  talk: Conversation,
  watch: StepWatch,
  since: EpochMs,
): Promise<Ending> => {
  const refusal = refusalOf(talk, host);
  if (refusal !== undefined && !endings.includes(refusal.code)) return refused(refusal, watch);
  if (watch.unknown !== undefined)
    return { outcome: "unknown", failure: { code: "E_IN_TRANSITION", message: watch.unknown } };
  const wrong = watch.failed ?? refusal;
  if (wrong !== undefined && talk.reply.ended !== undefined)
    return preconditions.includes(wrong.code) && watch.restored === undefined
      ? refused(wrong, watch)
      : failed(wrong, watch);
  const failure = failureOf(talk);
  // Nothing began and nothing can begin: nothing was done, whatever the reason.
  if (failure !== undefined && !talk.reply.begun && !talk.scriptSent) return { outcome: "unreachable", failure };
  if (failure !== undefined)
    return recover(context, host, { failure, begun: talk.reply.begun, restarts: watch.restarts, since });
  if (!watch.committed)
    return failed(
      { code: "E_STEP", message: `the script ended with status ${talk.reply.ended} and did not commit` },
      watch,
    );
  return withResults(prove(context, host, talk), watch.results);
};

/** What steps said of themselves stands in the note of a host that was changed. */
const withResults = (ending: Ending, results: readonly string[]): Ending =>
  ending.outcome !== "changed" || results.length === 0
    ? ending
    : { ...ending, note: [...new Set([...results, ...(ending.note === undefined ? [] : [ending.note])])].join("; ") };

const refused = (refusal: Refusal, watch: StepWatch): Ending => ({
  outcome: "refused",
  refusals: [refusal],
  ...(watch.done > 0 ? { note: "what comes before nova.conf is done, the configuration waits" } : {}),
});

const failed = (failure: Failure, watch: StepWatch): Ending => ({
  outcome: "failed",
  failure,
  ...(watch.restored === undefined
    ? {}
    : { note: watch.restored === "ok" ? "restored" : `not restored: ${watch.restoreWords}` }),
});

/** The script says it is done; only new facts without drift make that true. */
const prove = (context: RunContext, host: Host, talk: Conversation): Ending => {
  const facts = readFacts(talk.reply, context.clock(), host.settings.novaConf);
  if (!facts.ok)
    return {
      outcome: "failed",
      failure: { code: "E_GARBAGE", message: `the closing look makes no sense: ${facts.error}` },
    };
  context.emitter.emit({ type: "host.facts", host: host.name, facts: facts.value });
  return context.job.proved(host, facts.value);
};
