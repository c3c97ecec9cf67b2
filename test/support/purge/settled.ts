/** What a run said of a host, and what of it belongs to one situation. */
import type { RunEvent } from "../../../src/domain/event.ts";
import type { Comes } from "./situation.ts";

export interface Settled {
  readonly outcome: string;
  /** Codes and sentences: its refusals, or its failure. */
  readonly reasons: readonly { readonly code: string; readonly message: string }[];
}

export const settledOf = (events: readonly RunEvent[], host: string): Settled => {
  const event = events.find((one) => one.type === "host.settled" && one.host === host);
  if (event?.type !== "host.settled") return { outcome: "unheard of", reasons: [] };
  return {
    outcome: event.outcome,
    reasons: [...(event.refusals ?? []), ...(event.failure === undefined ? [] : [event.failure])],
  };
};

const says = (message: string, words: string | RegExp): boolean =>
  typeof words === "string" ? message.includes(words) : words.test(message);

/** What came of one situation: the outcome, with the reason that is the situation's own where there is one. */
export const cameOf = ({ outcome, reasons }: Settled, comes: Comes): string => {
  if (!("code" in comes)) return [outcome, ...reasons.map(({ code, message }) => `${code}: ${message}`)].join("; ");
  const own = reasons.find(({ code, message }) => code === comes.code && says(message, comes.says));
  return own === undefined
    ? [outcome, ...reasons.map(({ code, message }) => `${code}: ${message}`)].join("; ")
    : `${outcome} ${own.code}: ${own.message}`;
};

/** Whether that is what had to come. */
export const isWhatComes = (came: string, comes: Comes): boolean =>
  "code" in comes
    ? came.startsWith(`${comes.outcome} ${comes.code}: `) && says(came, comes.says)
    : came === comes.outcome;
