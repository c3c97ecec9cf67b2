/** Reads the values of options: each method returns what it accepts, or keeps a complaint and returns a stand-in nobody uses. */
import type { Seconds } from "../domain/ids.ts";
import type { Complaint, Result } from "../domain/result.ts";
import { parseShare, type Share } from "../domain/waves.ts";
import type { Assignment } from "./request.ts";

/** Longest deadline: a timer of Node holds 24 days, and nobody waits a week for a rollout. */
const maxDurationS = 7 * 24 * 3600;
const secondsPer: Readonly<Record<string, number>> = { "": 1, s: 1, m: 60, h: 3600, d: 86_400 };

/** More waves than anybody writes; the last one repeats. */
const maxWaves = 100;

export class OptionValues {
  readonly #given: Readonly<Record<string, unknown>>;
  #complaint: Complaint | undefined;

  constructor(given: Readonly<Record<string, unknown>>) {
    this.#given = given;
  }

  /** The first thing that was wrong, if anything was. */
  get complaint(): Complaint | undefined {
    return this.#complaint;
  }

  flag(name: string): boolean | undefined {
    const given = this.#given[name];
    const last: unknown = Array.isArray(given) ? given.at(-1) : given;
    if (last === undefined || typeof last === "boolean") return last;
    this.#complain(name, "takes no value");
    return undefined;
  }

  texts(name: string): readonly string[] {
    const given = this.#given[name];
    const list: readonly unknown[] = given === undefined ? [] : Array.isArray(given) ? given : [given];
    if (list.some((text) => typeof text !== "string" || text === "")) this.#complain(name, "needs a value");
    return list.map(String);
  }

  text(name: string): string | undefined {
    const [text, ...more] = this.texts(name);
    if (more.length > 0) this.#complain(name, "was given more than once");
    return text;
  }

  choice<const C extends string>(name: string, choices: readonly C[]): C | undefined {
    const text = this.text(name);
    const found = choices.find((choice) => choice === text);
    if (text !== undefined && found === undefined) this.#reject(name, text, `one of ${choices.join(", ")}`);
    return found;
  }

  /** A whole number between `min` and `max`, both included. */
  count(name: string, min: number, max: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const count = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (count >= min && count <= max) return count;
    this.#reject(name, text, `a whole number from ${min} to ${max}`);
    return undefined;
  }

  /** Whether it was given at all. */
  has(name: string): boolean {
    return this.#given[name] !== undefined;
  }

  /** Seconds, from `60`, `60s`, `2m`, `1h` or `1d`, from `min` to `max`. */
  duration(name: string, min: Seconds, max: Seconds = maxDurationS): Seconds | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const [, digits = "", unit = ""] = /^(\d{1,7})([smhd]?)$/.exec(text) ?? [];
    const seconds = digits === "" ? Number.NaN : Number(digits) * (secondsPer[unit] ?? Number.NaN);
    if (seconds >= min && seconds <= max) return seconds;
    this.#reject(name, text, `a duration from ${min}s to ${max / 86_400}d, such as 90, 90s, 2m or 1h`);
    return undefined;
  }

  share(name: string): Share | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    return this.#accepted(parseShare(text), name, text, "a number of hosts or a percentage, such as 5 or 20%");
  }

  /** Sizes of waves; an empty one is none. */
  waves(name: string): readonly Share[] | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const sizes = text.split(",", maxWaves + 1).map((size) => parseShare(size));
    const shares = sizes.flatMap((size) => (size.ok && !isNothing(size.value) ? [size.value] : []));
    if (shares.length === sizes.length && shares.length <= maxWaves) return shares;
    this.#reject(name, text, "sizes from 1 or above 0% on, separated by commas, such as 1,5,25%");
    return undefined;
  }

  /** Names separated by commas; repeatable. */
  names(name: string): readonly string[] {
    const names = this.texts(name).flatMap((text) => text.split(",").map((part) => part.trim()));
    if (names.includes("")) this.#complain(name, "has an empty name in its list");
    return names;
  }

  assignments(name: string): readonly Assignment[] {
    return this.texts(name).map((text) => {
      const [, key = "", value = ""] = /^([a-z][a-z0-9_]*)=(.*)$/s.exec(text) ?? [];
      if (key === "") this.#reject(name, text, "KEY=VALUE, such as cache_quota=20G");
      return { key, value };
    });
  }

  #accepted<T>(result: Result<T, string>, name: string, text: string, accepted: string): T | undefined {
    if (result.ok) return result.value;
    this.#reject(name, text, accepted);
    return undefined;
  }

  #reject(name: string, text: string, accepted: string): void {
    this.#complain(name, `does not take ${JSON.stringify(text)}`, accepted);
  }

  #complain(name: string, what: string, accepted?: string): void {
    this.#complaint ??= {
      code: "E_USAGE",
      what: `--${name} ${what}`,
      ...(accepted === undefined ? {} : { try: accepted }),
    };
  }
}

const isNothing = (share: Share): boolean => (share.kind === "count" ? share.count === 0 : share.percent === 0);
