/** Executable inventories: `FILE --list` prints the hosts, `_meta.hostvars` or `FILE --host NAME` their variables. */
import { visibleSafe } from "../domain/safe-text.ts";
import type { Data } from "./data.ts";
import { addHostVariables, type Listing, readGroupLists } from "./group-lists.ts";
import { jsonData } from "./json-data.ts";
import { type ProgramEnd, runProgram, TOO_LONG } from "./run-program.ts";
import { bad, type Reading } from "./statement.ts";

export interface ExecutableLimits {
  /** For all runs of one file together: a slow API of a cloud answers in less. */
  readonly timeoutMs: number;
  /** Bytes one run may print: 10,000 hosts with 6 KiB of variables each. */
  readonly maxBytes: number;
  /** Hosts asked for one by one when there is no `_meta.hostvars`; each costs a process. */
  readonly maxHostRuns: number;
}

export const defaultLimits: ExecutableLimits = {
  timeoutMs: 120_000,
  maxBytes: 64 * 1024 * 1024,
  maxHostRuns: 500,
};

/** Characters of a program's stderr that a complaint repeats. */
const MAX_STDERR = 400;

/** Runs the program and reads what it prints. `interrupt`, aborted, kills it with everything it started. */
export const readExecutable = async (
  file: string,
  reading: Reading,
  interrupt: AbortSignal,
  limits: ExecutableLimits = defaultLimits,
): Promise<void> => {
  const signal = AbortSignal.any([interrupt, AbortSignal.timeout(limits.timeoutMs)]);
  const ask = async (words: readonly string[]): Promise<Data | undefined> => {
    const end = await runProgram(file, words, { signal, maxBytes: limits.maxBytes });
    return answerOf(end, file, words, reading, limits);
  };
  const root = await ask(["--list"]);
  if (root === undefined) return;
  if (root.kind !== "map") {
    reading.complaints.push(bad(file, "--list printed no JSON object", "it has to print Ansible's inventory JSON"));
    return;
  }
  const listing = readGroupLists(root, file, reading);
  if (reading.complaints.length === 0) await readVariables(listing, file, reading, ask, limits);
};

const readVariables = async (
  { hosts, variables }: Listing,
  file: string,
  reading: Reading,
  ask: (words: readonly string[]) => Promise<Data | undefined>,
  { maxHostRuns }: ExecutableLimits,
): Promise<void> => {
  if (variables === undefined && hosts.size > maxHostRuns) {
    reading.complaints.push(
      bad(
        file,
        `--list prints no _meta.hostvars, so that --host would have to be run for each of its ${hosts.size} hosts; ${maxHostRuns} are the most`,
        'let --list print "_meta": {"hostvars": {...}} with the variables of all hosts',
      ),
    );
    return;
  }
  for (const host of hosts) {
    const data = variables === undefined ? await ask(["--host", host]) : variables.get(host);
    if (data !== undefined) addHostVariables(host, data, file, reading);
    // What fails for one host fails for most.
    if (variables === undefined && reading.complaints.length > 0) return;
  }
};

/** The JSON a run printed; undefined with a complaint. `--host` may print nothing: no variables. */
const answerOf = (
  end: ProgramEnd,
  file: string,
  words: readonly string[],
  reading: Reading,
  { timeoutMs }: ExecutableLimits,
): Data | undefined => {
  const call = words.join(" ");
  const byHand = `run it by hand: ${file.includes("/") ? file : `./${file}`} ${call}`;
  if (end.kind === "failed") {
    const limit = end.why === TOO_LONG ? ` (limit: ${timeoutMs / 1000} s for one file)` : "";
    reading.complaints.push(bad(file, `${call} ${end.why}${limit}${wrote(end.stderr)}`, byHand));
    return undefined;
  }
  if (end.stderr.trim() !== "") reading.warnings.push(`${file} ${call} wrote: ${lastLines(end.stderr)}`);
  const isList = words[0] === "--list";
  const text = new TextDecoder().decode(end.stdout).trim();
  if (text === "" && !isList) return { kind: "nothing", where: file };
  try {
    return jsonData(JSON.parse(text), isList ? file : `${file} ${call}`);
  } catch {
    const printed = text === "" ? "nothing" : "what is not JSON";
    reading.complaints.push(bad(file, `${call} printed ${printed}${wrote(end.stderr)}`, byHand));
    return undefined;
  }
};

const wrote = (stderr: string): string => (stderr.trim() === "" ? "" : `; it wrote: ${lastLines(stderr)}`);

/** The end of what it wrote to stderr: the last lines of a traceback say most. */
const lastLines = (stderr: string): string => {
  const lines = stderr
    .trim()
    .split(/\s*\n\s*/)
    .slice(-5)
    .join(" | ");
  return `${lines.length > MAX_STDERR ? "…" : ""}${visibleSafe(lines.slice(-MAX_STDERR))}`;
};
