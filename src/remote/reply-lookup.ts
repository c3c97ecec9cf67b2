import type { Observed, Unseen } from "../domain/facts.ts";
import type { ReplyStore } from "./reply-store.ts";

/** What could not be understood in an answer; leaves this folder only as words. */
export class BadReply extends Error {}

/** Looks keys up in a reply; a key nobody answered is `failed`, never `absent`. */
export class Lookup {
  readonly #reply: ReplyStore;

  constructor(reply: ReplyStore) {
    this.#reply = reply;
  }

  need(key: string): string {
    const text = this.#reply.facts.get(key);
    if (text === undefined) throw new BadReply(`the probe said nothing of ${key}`);
    return text;
  }

  /** For words that decide nothing when they are missing. */
  text(key: string): string {
    return this.#reply.facts.get(key) ?? "";
  }

  fact<T>(key: string, make: (text: string) => T): Observed<T> {
    const text = this.#reply.facts.get(key);
    return text === undefined ? this.unseen(key) : { seen: true, value: make(text) };
  }

  list<T>(key: string, make: (rows: readonly string[]) => T): Observed<T> {
    const rows = this.#reply.lists.get(key);
    return rows === undefined || this.#reply.unseen.has(key) ? this.unseen(key) : { seen: true, value: make(rows) };
  }

  rows(key: string): readonly string[] {
    return this.#reply.lists.get(key) ?? [];
  }

  unseen(key: string): { readonly seen: false; readonly why: Unseen; readonly detail?: string } {
    const entry = this.#reply.unseen.get(key);
    if (entry === undefined) return { seen: false, why: "failed", detail: "the probe did not say" };
    return entry.text === "" ? { seen: false, why: entry.why } : { seen: false, why: entry.why, detail: entry.text };
  }

  /** The rest of each unseen key that begins with `prefix`. */
  unseenBelow(prefix: string): readonly string[] {
    return [...this.#reply.unseen.keys()]
      .filter((key) => key.startsWith(prefix))
      .map((key) => key.slice(prefix.length));
  }
}

/** A decimal number, or the answer is bad. */
export const number = (text: string, what: string): number => {
  if (!/^\d{1,19}(\.\d+)?$/.test(text))
    throw new BadReply(`${what} is no number: ${JSON.stringify(text.slice(0, 40))}`);
  return Number(text);
};

/** A row's TAB-separated columns, at least so many, or the answer is bad. */
export const columns = (row: string, least: number): readonly string[] => {
  const fields = row.split("\t");
  if (fields.length < least) throw new BadReply(`a row with too few columns: ${JSON.stringify(row.slice(0, 80))}`);
  return fields;
};

/** An object's members; of anything else none. */
export const json = (text: string): Record<string, unknown> => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
};
