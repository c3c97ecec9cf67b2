/** Progress as lines, for logs and pipes: quiet on what goes well, the totals last. */
import type { CommandName, EventOf, RunEvent } from "../domain/event.ts";
import { layerWords } from "../domain/layer.ts";
import { initialState, type RunState, reduce } from "../domain/run-state.ts";
import { visibleSafe } from "../domain/safe-text.ts";
import type { Sink } from "../domain/sink.ts";
import { withNote } from "./causes.ts";
import { between, clock, dateTime, duration } from "./quantities.ts";
import { summary } from "./summary.ts";
import { hostsWords, outcomeWords, stepWords } from "./words.ts";
import { guardedWrite } from "./write.ts";

/** Selections below this are surveyed without a word on how far it is. */
const progressFromHosts = 20;
const progressSteps = 10;
/** Lines about hosts that are slow to connect; beyond them a failing host says so itself. */
const maxSlowLines = 20;

/** One line a noteworthy event; at the end every trouble again, folded by cause, and the totals. */
export const createLinesSink = (write: (text: string) => unknown, from: RunState = initialState): Sink => {
  let state = from;
  let surveyed = 0;
  let slow = 0;
  const out = guardedWrite(write);
  const say = (text: string): void => out(`${text}\n`);
  return {
    accept: (event) => {
      const before = state;
      state = reduce(state, event);
      for (const line of linesOf(event, before)) say(line);
      const stuck = stuckWords(event);
      if (stuck !== undefined && ++slow <= maxSlowLines)
        say(`${clock(event.at)} ${stuck}${slow < maxSlowLines ? "" : noMore}`);
      if (!endsSurvey(event) || state.plan !== undefined) return;
      const line = progress(surveyed, ++surveyed, state);
      if (line !== undefined) say(`${clock(event.at)} ${line}`);
    },
    close: async () => {
      for (const line of summary(state)) say(line);
    },
  };
};

/** A rollout's host is surveyed when it is planned, one of `status` when it settles. */
const endsSurvey = (event: RunEvent): boolean =>
  event.type === "host.settled" || (event.type === "host.phase" && event.phase === "planned");

const progress = (before: number, now: number, { hosts: { size: total }, command }: RunState): string | undefined => {
  const tenth = (count: number): number => Math.floor((count * progressSteps) / Math.max(1, total));
  return total >= progressFromHosts && now <= total && tenth(now) > tenth(before)
    ? `${command === "exec" ? "settled" : "surveyed"} ${now} of ${total}`
    : undefined;
};

const noMore = "; further slow hosts are not named while they connect";

/** A layer that a slow connection has only gone on to is no news. */
const stuckWords = (event: RunEvent): string | undefined => {
  if (event.type !== "host.phase" || event.layer === undefined) return undefined;
  const ms = between(event.since, event.at);
  return ms < 1000 ? undefined : `${event.host} stuck in ${layerWords[event.layer]}, ${duration(ms)} so far`;
};

const linesOf = (event: RunEvent, before: RunState): readonly string[] => {
  const text = runWords(event, before) ?? hostWords(event, before);
  return text === undefined ? [] : [`${clock(event.at)} ${text}`];
};

const runWords = (event: RunEvent, before: RunState): string | undefined => {
  switch (event.type) {
    case "run.started": {
      const { command, check, by, hosts, run, at } = event;
      const name = `${command}${check ? " --check" : ""} of ${hostsWords(hosts.length)}`;
      return `run ${run}: ${name} by ${visibleSafe(`${by.user}@${by.controller}`, 80)}, ${dateTime(at)}`;
    }
    case "plan.made":
      return `plan: ${planCounts(event)}`;
    case "plan.accepted":
      return acceptedWords(event, before);
    case "wave.opened":
      return `wave ${event.wave} of ${event.of}: ${hostsWords(event.hosts.length)}`;
    case "gate.decided":
      return event.open || before.gate?.open === false
        ? undefined
        : `the gate closed: ${visibleSafe(event.reason)}; no further host starts`;
    case "operator.acted":
      return `operator: ${event.action}${event.by === undefined ? "" : ` (${visibleSafe(event.by, 200)})`}`;
    default:
      return undefined;
  }
};

const acceptedWords = ({ by, changing }: EventOf<"plan.accepted">, { command }: RunState): string => {
  if (command === "exec") return `accepted (${by}): to run on ${hostsWords(changing)}`;
  if (command === "package") return `accepted (${by}): to publish through ${hostsWords(changing)}`;
  return `plan accepted (${by}): ${hostsWords(changing)} to change`;
};

const planCounts = ({ plan }: EventOf<"plan.made">): string => {
  const count = (verdict: string): number => plan.hosts.filter((host) => host.verdict === verdict).length;
  return `change ${count("change")}, in sync ${count("in-sync")}, refuse ${count("refuse")}, unreachable ${count("unreachable")}`;
};

const hostWords = (event: RunEvent, { command }: RunState): string | undefined => {
  switch (event.type) {
    case "host.step":
      return event.state === "fail" || event.change === "restore" || event.message !== undefined
        ? `${event.host} ${stepNews(event)}`
        : undefined;
    case "host.line":
      // What pkglint and pkgsend say concerns who publishes; elsewhere it is a login's talk, for the journal.
      return command === "package" ? `${event.host} ${visibleSafe(event.text)}` : undefined;
    case "lock.taken":
      return `${event.host} took over a stale lock: ${visibleSafe(event.from)}`;
    case "host.settled":
      return settledWords(event, command);
    default:
      return undefined;
  }
};

const stepNews = ({ change, state, code, message }: EventOf<"host.step">): string => {
  const what = stepWords[change];
  if (state !== "fail" && message !== undefined) return `${what}: ${visibleSafe(message)}`;
  if (state !== "fail") return state === "ok" ? `${what}: done` : what;
  return `${what} failed${code === undefined ? "" : `: ${visibleSafe(code, 40)}`}${message === undefined ? "" : ` ${visibleSafe(message)}`}`;
};

/** In sync and drifted are results, not news, as is a command that ran; skipped hosts are named together at the end. */
const settledWords = (
  { host, outcome, failure, refusals, note, tookMs }: EventOf<"host.settled">,
  command: CommandName | undefined,
): string | undefined => {
  if ((command === "exec" || command === "package") && outcome === "changed") return undefined;
  if (outcome === "in-sync" || outcome === "drifted" || outcome === "skipped") return undefined;
  const first = failure ?? refusals?.[0];
  const more =
    failure === undefined && (refusals?.length ?? 0) > 1 ? ` (+${(refusals?.length ?? 0) - 1} more reasons)` : "";
  const why = first === undefined ? "" : ` ${first.code} ${visibleSafe(withNote(first.message, note))}${more}`;
  const remark = first === undefined && note !== undefined ? `, ${visibleSafe(note)}` : "";
  return `${host} ${outcomeWords[outcome]}${why}${remark} (${duration(tookMs)})`;
};
