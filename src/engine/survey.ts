import type { Facts } from "../domain/facts.ts";
import type { Host } from "../domain/host.ts";
import { editConf } from "../domain/nova-conf.ts";
import { type Failure, type FailureCode, failureCodes, type Refusal } from "../domain/outcome.ts";
import { confBytes, readFacts } from "../remote/facts-reply.ts";
import { RESULT } from "../remote/reply-store.ts";
import { idsFor, type RunContext } from "./context.ts";
import { type Conversation, converse } from "./converse.ts";
import type { Seen } from "./job.ts";
import { listenFor } from "./listen.ts";
import { sha256 } from "./payload.ts";

/** What looking at one host gave: facts, or why there are none. */
export type Survey =
  | ({
      readonly kind: "facts";
      /** What an apply script of this run said there; empty unless it was asked for and ran. */
      readonly result: readonly string[];
    } & Seen)
  | { readonly kind: "refused"; readonly refusal: Refusal }
  | { readonly kind: "unreachable"; readonly failure: Failure };

/** Looks at one host: one connection, one script, nothing left there. `resultOf`: what that script of this run said is wanted too. */
export const surveyHost = async (
  context: RunContext,
  host: Host,
  signal: AbortSignal,
  resultOf?: string,
): Promise<Survey> => {
  const ids = idsFor(context);
  const script = context.job.look(host, { ...ids, ...(resultOf === undefined ? {} : { resultOf }) });
  const listener = listenFor(context, host, "probing");
  return understand(await converse(context.transport, host, script, ids.nonce, signal, listener), context, host);
};

const understand = (talk: Conversation, context: RunContext, host: Host): Survey => {
  const refusal = refusalOf(talk, host);
  if (refusal !== undefined) return { kind: "refused", refusal };
  const failure = failureOf(talk);
  if (failure !== undefined) return { kind: "unreachable", failure };
  const facts = readFacts(talk.reply, context.clock(), host.settings.novaConf);
  if (!facts.ok)
    return {
      kind: "unreachable",
      failure: { code: "E_GARBAGE", message: `the answer makes no sense: ${facts.error}` },
    };
  const result = talk.reply.lists.get(RESULT) ?? [];
  return { kind: "facts", facts: facts.value, result, edit: editOf(talk, facts.value) };
};

/** A node that says no, or a become that never let the script begin: it says so on stderr and nothing on stdout. */
export const refusalOf = ({ refusal, reply, lost, status, stderr }: Conversation, host: Host): Refusal | undefined => {
  if (refusal !== undefined) return { code: codeOf(refusal.code), message: refusal.text };
  if (lost?.code === "E_BECOME") return lost;
  const silent = !reply.begun && reply.strays === 0 && lost === undefined && status !== 0;
  if (!silent || host.become === "none") return undefined;
  return {
    code: "E_BECOME",
    message: `${host.become} did not start the script: ${stderr === "" ? `exit status ${status ?? "none"}` : stderr}`,
    try: `let ${host.user} run /bin/sh as root without a password (${host.become})${host.become === "sudo" ? ", give --ask-become-pass" : ""}, or choose another --become`,
  };
};

/** Codes come over the wire: one we do not know is a step that went wrong. */
export const codeOf = (code: string): FailureCode => failureCodes.find((known) => known === code) ?? "E_STEP";

/** Why an answer is not complete; undefined when it is. */
export const failureOf = ({ reply, lost, status, stderr }: Conversation): Failure | undefined => {
  if (lost !== undefined) return lost;
  const said = stderr === "" ? "" : `: ${stderr}`;
  if (!reply.begun && reply.strays > 0)
    return {
      code: "E_GARBAGE",
      message: `the answer is none of ours (${reply.strays} lines, exit status ${status ?? "none"}), it begins: ${reply.firstStray}`,
    };
  if (!reply.begun)
    return { code: "E_SHELL", message: `the script did not begin (exit status ${status ?? "none"})${said}` };
  if (reply.ended === undefined || !reply.complete)
    return {
      code: "E_GARBAGE",
      message: `the script ended without a complete answer (exit status ${status ?? "none"})${said}`,
    };
  return undefined;
};

/** Holds the bytes of nova.conf until the plan is made; nothing else ever sees them. */
const editOf = (talk: Conversation, facts: Facts): Seen["edit"] => {
  const bytes = confBytes(talk.reply);
  if (bytes === undefined || !facts.conf.seen) return () => undefined;
  const { digest } = facts.conf.value;
  return (desired) =>
    sha256(bytes) === digest
      ? editConf({
          bytes,
          section: desired.section,
          key: "glancecache_dirname",
          to: desired.cacheDir,
          digest: sha256,
          encodeBase64: (part) => Buffer.from(part).toString("base64"),
        })
      : { ok: false, error: { code: "E_STALE", message: "nova.conf changed while it was read", try: "run again" } };
};
