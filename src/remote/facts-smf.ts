import type { CleanerFacts, ServiceFacts } from "../domain/facts.ts";
import type { NodeSeconds } from "../domain/ids.ts";
import { BadReply, type Lookup, number } from "./reply-lookup.ts";

/** `svcprop` rows `group/name type value`, values unescaped. */
export const properties = (rows: readonly string[]): ReadonlyMap<string, string> =>
  new Map(
    rows.map((row) => {
      const [name = "", , ...value] = row.split(" ");
      return [name, unescaped(value.join(" "))];
    }),
  );

/** svcprop escapes shell metacharacters with a backslash and prints an empty string as `""` (sheet 2.7). */
const unescaped = (text: string): string => {
  if (text === '""') return "";
  return text.includes("\\") ? text.replaceAll(/\\(.)/g, "$1") : text;
};

export const service = (values: ReadonlyMap<string, string>): ServiceFacts => {
  const need = (name: string): string => {
    const value = values.get(name);
    if (value === undefined) throw new BadReply(`svcprop printed no ${name}`);
    return value;
  };
  return {
    state: need("restarter/state"),
    nextState: values.get("restarter/next_state") ?? "none",
    since: timestamp(need("restarter/state_timestamp")),
    contract: values.get("restarter/contract") ?? "",
    startTimeoutS: timeout(values.get("start/timeout_seconds")),
    stopTimeoutS: timeout(values.get("stop/timeout_seconds")),
  };
};

/** Kept as printed: two of them are compared as text. */
const timestamp = (text: string): string => {
  number(text, "restarter/state_timestamp");
  return text;
};

/** 0 and -1 mean no limit; the restart's own deadline then rests on its least. */
const timeout = (text: string | undefined): number => (text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : 0);

/** The cleaner's closing line: see docs/reference/cleaner.md. */
const summaryLine = /nova-cache-cleanup (\S+): evicted \d+ images?, (\d+) bytes/;

export const cleaner = (values: ReadonlyMap<string, string>, read: Lookup): CleanerFacts => {
  const time = (name: string): NodeSeconds | null => {
    const text = values.get(name);
    return text === undefined || text === "" ? null : number(text, name);
  };
  const [, version, evicted] = summaryLine.exec(read.text("cleaner.log")) ?? [];
  return {
    service: service(values),
    properties: Object.fromEntries([...values].filter(([name]) => /^(config|periodic)\//.test(name))),
    lastRun: time("periodic_restarter/last_run"),
    nextRun: time("periodic_restarter/next_run"),
    lastEvictedBytes: evicted === undefined ? null : number(evicted, "cleaner.log"),
    version: version ?? null,
  };
};
