/** Equal troubles are one line with a host set: `E_AUTH  cn[014-022,040]  authentication failed`. */

import type { HostState } from "../domain/host-state.ts";
import type { HostName } from "../domain/ids.ts";
import type { Failure, FailureCode, Outcome, Refusal } from "../domain/outcome.ts";
import { visibleSafe } from "../domain/safe-text.ts";
import { failureWords } from "./failure-words.ts";
import { worstFirst } from "./words.ts";

export interface Cause {
  readonly outcome: Outcome;
  readonly code: FailureCode | undefined;
  readonly hosts: readonly HostName[];
  /** Safe to show. */
  readonly message: string;
  readonly try: string | undefined;
}

/** One host's trouble, before it is folded. */
export interface Trouble {
  readonly host: HostName;
  readonly outcome: Outcome;
  readonly what: Failure | Refusal | undefined;
  readonly note: string | undefined;
}

/** Distinct messages of one code that stay apart; with more of them the code's own sentence stands for all. */
const maxMessagesPerCode = 4;
const maxMessageChars = 300;

/** Outcomes that are a trouble: they never fold away. */
const troubled: ReadonlySet<Outcome> = new Set(["failed", "unknown", "unreachable", "refused"]);

/** The troubles a settled host has: its failure, else its refusals; one without either has its note. */
export const troublesOf = (host: HostState): readonly Trouble[] => {
  const { outcome, failure, refusals, note } = host;
  if (outcome === undefined || !troubled.has(outcome)) return [];
  const reasons: readonly (Failure | Refusal | undefined)[] = failure === undefined ? refusals : [failure];
  return (reasons.length === 0 ? [undefined] : reasons).map((what) => ({ host: host.host, outcome, what, note }));
};

/** Folds troubles by outcome, code and message; the worst outcome first, then the cause with most hosts. */
export const foldCauses = (troubles: Iterable<Trouble>): readonly Cause[] => {
  const byCode = new Map<string, Map<string, Trouble[]>>();
  for (const trouble of troubles) {
    const code = `${trouble.outcome} ${trouble.what?.code ?? ""}`;
    const messages = byCode.get(code) ?? new Map<string, Trouble[]>();
    const message = messageOf(trouble);
    const same = messages.get(message) ?? [];
    same.push(trouble);
    messages.set(message, same);
    byCode.set(code, messages);
  }
  const causes = [...byCode.values()].flatMap((messages) =>
    messages.size <= maxMessagesPerCode
      ? [...messages].map(([message, same]) => causeOf(message, same))
      : [causeOf(undefined, [...messages.values()].flat())],
  );
  return causes.sort(
    (a, b) => worstFirst.indexOf(a.outcome) - worstFirst.indexOf(b.outcome) || b.hosts.length - a.hosts.length,
  );
};

/** The message without the host's own name, so that one cause on many hosts reads the same. */
const messageOf = ({ host, what, note }: Trouble): string => {
  const message = what === undefined ? (note ?? "no reason was given") : withNote(what.message, note);
  return visibleSafe(withoutName(message, host), maxMessageChars);
};

const withoutName = (message: string, host: HostName): string =>
  message
    .split(/([A-Za-z0-9._-]+)/)
    .map((word) => (word === host ? "the host" : word))
    .join("");

/** A failure's message behind the host's note, unless it says so already: "restored" must not be cut off a long one. */
export const withNote = (message: string, note: string | undefined): string =>
  note === undefined || message.includes(note) ? message : `${note}; ${message}`;

const causeOf = (message: string | undefined, same: readonly Trouble[]): Cause => {
  const first = same[0];
  const code = first?.what?.code;
  const words = code === undefined ? undefined : failureWords[code];
  const advice = first?.what?.try ?? words?.try;
  return {
    outcome: first?.outcome ?? "unknown",
    code,
    hosts: same.map(({ host }) => host),
    message: message ?? `${words?.what ?? "many reasons"}, e.g. ${first === undefined ? "" : messageOf(first)}`,
    try: advice === undefined ? undefined : visibleSafe(advice, maxMessageChars),
  };
};
