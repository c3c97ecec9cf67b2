import { exitStatus } from "../domain/exit-status.ts";
import type { Host } from "../domain/host.ts";
import type { Seconds } from "../domain/ids.ts";
import type { Failure } from "../domain/outcome.ts";
import { emptyTally, tallied } from "../domain/tally.ts";
import type { CleanerPackage } from "../remote/payload/package.ts";
import { publishScript } from "../remote/publish-script.ts";
import type { ReplyLine } from "../remote/reply.ts";
import type { RunContext } from "./context.ts";
import { type Conversation, converse } from "./converse.ts";
import type { Ending } from "./job.ts";
import { listenFor } from "./listen.ts";
import { codeOf, failureOf, refusalOf } from "./survey.ts";

type Shared =
  | "run"
  | "patterns"
  | "by"
  | "version"
  | "clock"
  | "elapsed"
  | "nonce"
  | "transport"
  | "emitter"
  | "check"
  | "cutting";

/** Everything one `package publish` needs, made once by the composition root. */
export interface PublishContext extends Pick<RunContext, Shared> {
  /** The one host it goes through; its `become` is how the script becomes root, `none`: the login user publishes. */
  readonly host: Host;
  readonly packaged: CleanerPackage;
  readonly repository: string;
  readonly hostTimeoutS: Seconds;
  /** Asks the person, or answers for `--yes`; undefined: no. Not asked where nothing is published. */
  readonly accept: () => Promise<"typed" | "--yes" | undefined>;
}

/** Asks, publishes through the host, and gives the exit status. Rejects only for a lost journal or a bug of ours. */
export const publishPackage = async (context: PublishContext): Promise<number> => {
  const { emitter, elapsed, host, cutting } = context;
  begin(context);
  const declined = !context.check && !(await accepted(context));
  const began = elapsed();
  // What is about to be done there is on record before it is done.
  if (!declined) await emitter.durable();
  const ending: Ending = declined ? { outcome: "skipped", note: "not reached" } : await through(context);
  const tally = tallied(emptyTally, ending.outcome);
  emitter.emit({ type: "host.settled", host: host.name, tookMs: declined ? 0 : elapsed() - began, ...ending });
  await emitter.durable();
  const exit = exitStatus({ tally, interrupted: cutting.aborted, stopped: declined, driftCounts: context.check });
  emitter.emit({ type: "run.settled", tally, exit, ...(declined ? { reason: "publishing was declined" } : {}) });
  return exit;
};

const begin = ({ emitter, patterns, host, by, version, check, hostTimeoutS, packaged, repository }: PublishContext) =>
  emitter.emit({
    type: "run.started",
    command: "package",
    check,
    patterns,
    hosts: [host.name],
    by,
    version,
    limits: { hostTimeoutS },
    publication: { fmri: packaged.fmri, repository, digest: packaged.content },
  });

const accepted = async ({ accept, emitter }: PublishContext): Promise<boolean> => {
  const by = await accept();
  emitter.emit(
    by === undefined ? { type: "operator.acted", action: "declined" } : { type: "plan.accepted", by, changing: 1 },
  );
  return by !== undefined;
};

const through = async (context: PublishContext): Promise<Ending> => {
  const { host, emitter, transport, cutting, packaged, repository, check, hostTimeoutS } = context;
  const nonce = context.nonce();
  const wantUid = host.become === "none" ? "any" : "0";
  const script = publishScript({ nonce, wantUid, packaged, repository, check, hostTimeoutS });
  let failed: Failure | undefined;
  const hear = (line: ReplyLine): void => {
    if (line.kind === "row" && line.key === "lint")
      emitter.emit({ type: "host.line", host: host.name, stream: "stderr", text: line.text });
    if (line.kind === "step" && line.state === "fail") failed ??= { code: codeOf(line.code), message: line.text };
  };
  const talk = await converse(transport, host, script, nonce, cutting, listenFor(context, host, "running", hear));
  return endingOf(context, talk, failed);
};

const endingOf = (
  { host, emitter, check, packaged }: PublishContext,
  talk: Conversation,
  failed: Failure | undefined,
): Ending => {
  const refusal = refusalOf(talk, host);
  if (refusal !== undefined) return { outcome: "refused", refusals: [refusal] };
  if (failed !== undefined) return { outcome: "failed", failure: failed };
  const failure = failureOf(talk);
  if (failure !== undefined) return unclear(failure, !check && (talk.reply.begun || talk.scriptSent));
  const [there, published] = [talk.reply.facts.get("there"), talk.reply.facts.get("published")];
  const fmri = there ?? published;
  if (fmri === undefined) return { outcome: "drifted", note: `the repository has no ${packaged.fmri}` };
  emitter.emit({ type: "package.published", host: host.name, fmri, before: there !== undefined });
  return { outcome: there === undefined ? "changed" : "in-sync" };
};

/** A script that was on its way may have published, and may still. */
const unclear = (failure: Failure, mayHave: boolean): Ending =>
  mayHave
    ? { outcome: "unknown", failure: { ...failure, try: "run the same command again: it looks before it publishes" } }
    : { outcome: "unreachable", failure };
