/** One run over hosts that are known how to reach: its view, its signals, its end, and what it leaves on stdout. */

import type { EventOf } from "../../domain/event.ts";
import type { Host } from "../../domain/host.ts";
import type { Plan } from "../../domain/plan.ts";
import { initialState, type RunState } from "../../domain/run-state.ts";
import { visibleSafe } from "../../domain/safe-text.ts";
import type { RunContext } from "../../engine/context.ts";
import { type Command, Controls } from "../../engine/controls.ts";
import { JournalLost } from "../../engine/emitter.ts";
import type { RunResult } from "../../engine/ledger.ts";
import type { Access } from "../access.ts";
import { composeRun, type FleetRequest, type Hands, type noRecord, type Origin } from "../compose.ts";
import { confirm } from "../confirm.ts";
import { openControlSocket } from "../control-socket.ts";
import { noticeSink } from "../health-command.ts";
import { type Io, isInteractive } from "../io.ts";
import { journalLost, releaseRecord } from "../journal-ends.ts";
import { type RunKeys, runKeys } from "../run-keys.ts";
import { createLiveView, type LiveView } from "../screen.ts";
import { listenToSignals } from "../signals.ts";
import { version } from "../version.ts";

/** What a run starts from, and how. */
export interface Start extends Origin {
  readonly record: ReturnType<typeof noRecord>;
  /** What its journal says so far. */
  readonly past?: RunState;
  readonly go: (context: RunContext) => Promise<RunResult>;
  readonly planMade?: Hands["planMade"];
}

/** Runs and prints; resolves with the exit status. */
export const runOver = async (
  request: FleetRequest,
  io: Io,
  hosts: readonly Host[],
  access: Access,
  { record, past = initialState, go, planMade = async () => undefined, ...origin }: Start,
): Promise<number> => {
  const view = await createLiveView(request, io, Date.now, past);
  const signals = listenToSignals(io, view);
  const controls = new Controls(
    request.parallel,
    (command, by) => context.emitter.emit({ type: "operator.acted", ...recorded(command), by }),
    () => signals.stop("the operator aborted the run"),
  );
  const keys = runKeys(io, controls, signals.interrupt);
  const notices =
    request.command === "rollout" && request.onEvent !== undefined ? [noticeSink(request.onEvent, io.env)] : [];
  const context = composeRun(
    request,
    io,
    hosts,
    access,
    record,
    view,
    { ...signals, controls, planMade, accept: acceptor(request, io, view, signals.stopping, keys) },
    version(),
    { ...origin, notices },
  );
  signals.onStop(() => context.emitter.emit({ type: "operator.acted", action: "stopped" }));
  signals.onCut(() => context.emitter.emit({ type: "operator.acted", action: "cut" }));
  const deadline = setTimeout(() => signals.stop("the run's time is over (--run-timeout)"), request.runTimeoutS * 1000);
  const socket = await controlSocket(request, record.run, controls);
  if (request.output === "tui" && request.command !== "status") keys.listen();
  try {
    const result = await go(context);
    keys.rest();
    await view.close();
    // Not before: what is written beside the screen tears it.
    if (socket.why !== undefined)
      io.stderr.write(
        `novasweep: warning: there was no control socket for \`runs hold\`: ${visibleSafe(socket.why)}\n`,
      );
    await print(request, io, view, new Map(hosts.map(({ name, address }) => [name, address])));
    return result.exit;
  } catch (error) {
    keys.rest();
    await view.close();
    if (!(error instanceof JournalLost)) throw error;
    return journalLost(io, error);
  } finally {
    clearTimeout(deadline);
    await socket.close();
    for (const notice of notices) await notice.close();
    await context.transport.close();
    await releaseRecord(record, io);
    // Not before: a signal that comes late must not end the process while its record is being closed.
    signals.forget();
  }
};

/** A command of the operator's as the record has it. */
const recorded = (command: Command): Pick<EventOf<"operator.acted">, "action" | "parallel"> => {
  switch (command.kind) {
    case "hold":
      return { action: "held" };
    case "go":
      return { action: "went-on" };
    case "abort":
      return { action: "stopped" };
    case "skip":
      return { action: "skipped" };
    case "retry":
      return { action: "retried" };
    case "parallel":
      return { action: "parallel", parallel: command.parallel };
  }
};

/** Only what changes hosts is worth holding. Without a socket the run goes on, and `why` there is none is said in the end. */
const controlSocket = async (
  request: FleetRequest,
  run: string,
  controls: Controls,
): Promise<{ readonly why?: string; readonly close: () => Promise<void> }> => {
  const none = async (): Promise<void> => undefined;
  if (request.command === "status" || request.check) return { close: none };
  const opened = await openControlSocket(request.stateDir, run, controls).catch((cause: unknown) => String(cause));
  return typeof opened === "string" ? { why: opened, close: none } : opened;
};

/** What a run leaves on stdout. With ndjson the events are the result. Only the form that is asked for is loaded. */
const print = async (
  request: FleetRequest,
  io: Io,
  view: LiveView,
  addresses: ReadonlyMap<string, string>,
): Promise<void> => {
  if (request.output === "ndjson") return;
  const state = view.state();
  if (request.command === "rollout") {
    if (request.check && state.plan !== undefined) io.stdout.write(await planText(state.plan, request));
  } else if (request.command === "rollback") {
    if (request.check && state.plan !== undefined) io.stdout.write(await planText(state.plan, { diff: false }));
  } else if (request.command === "purge") {
    const { renderPurgeJson, renderPurgeTable } = await import("../../view/purge-result.ts");
    if (request.check && request.format === "table" && state.plan !== undefined)
      io.stdout.write(await planText(state.plan, { diff: false }));
    const table = () => `${renderPurgeTable(state, io.stdout.isTTY ? io.stdout.columns : undefined).join("\n")}\n`;
    io.stdout.write(request.format === "json" ? renderPurgeJson(state) : table());
  } else if (request.format === "json") {
    const { renderStatusJson } = await import("../../view/status-json.ts");
    io.stdout.write(renderStatusJson(state, addresses));
  } else {
    const { renderStatusTable } = await import("../../view/status-table.ts");
    io.stdout.write(`${renderStatusTable(state, io.stdout.isTTY ? io.stdout.columns : undefined).join("\n")}\n`);
  }
};

const planText = async (plan: Plan, shown: { readonly diff: boolean }): Promise<string> => {
  const { renderPlan } = await import("../../view/plan-view.ts");
  return `${renderPlan(plan, shown).join("\n")}\n`;
};

const acts = { rollout: "change", rollback: "roll back", purge: "purge" } as const;

/** Shows the plan and asks, unless `--yes` answered already. Whoever is asked sees the changed lines. */
const acceptor =
  (request: FleetRequest, io: Io, view: LiveView, signal: AbortSignal, keys: RunKeys): Hands["accept"] =>
  async (plan: Plan) => {
    if (request.command === "status") return undefined;
    const reading = request.output === "tui";
    keys.rest();
    await view.suspend();
    const diff = request.command === "rollout" && (request.diff || !request.yes);
    if (request.output !== "ndjson") io.stderr.write(`${await planText(plan, { diff })}\n`);
    const changing = plan.waves.flat().length;
    const answer = request.yes
      ? ({ ok: true, value: true } as const)
      : await confirm(changing, acts[request.command], {
          input: io.stdin,
          output: io.stderr,
          terminal: isInteractive(io),
          signal,
        });
    view.resume();
    if (reading) keys.listen();
    if (!answer.ok || !answer.value) return undefined;
    return request.yes ? "--yes" : "typed";
  };
