/** `novasweep rollout` and `novasweep status`: one run over the selected hosts. */
import type { Host } from "../../domain/host.ts";
import type { Plan } from "../../domain/plan.ts";
import { visibleSafe } from "../../domain/safe-text.ts";
import { JournalLost } from "../../engine/emitter.ts";
import { Fleet } from "../../engine/fleet.ts";
import { askBecomePassword, becomeComplaint } from "../become-password.ts";
import { composeRun, type FleetRequest, type Hands, noRecord, openRecord, type Secrets } from "../compose.ts";
import { confirmChanges } from "../confirm.ts";
import { BAD_INPUT, complain, INTERRUPTED, type Io, isInteractive } from "../io.ts";
import { openKeys } from "../keys.ts";
import { createLiveView, type LiveView } from "../screen.ts";
import { selectFor } from "../select.ts";
import { version } from "../version.ts";

/** Exit status when the journal is lost: see the reference. */
const STOPPED = 5;

/** Selects, runs and prints; resolves with the exit status. */
export const fleetCommand = async (request: FleetRequest, io: Io): Promise<number> => {
  const selected = await selectFor(request, io);
  if (!selected.ok) return complain(io, selected.error);
  if (needsTerminal(request) && !isInteractive(io))
    return complain(io, [
      {
        code: "E_USAGE",
        what: "there is no terminal to ask on before hosts are changed",
        try: "--yes accepts the plan unseen, --check shows it and changes nothing",
      },
    ]);
  const hosts = selected.value.hosts.map(({ host }) => host);
  const unfit = becomeComplaint(request, io, hosts);
  if (unfit !== undefined) return complain(io, [unfit]);
  const keys = await openKeys(
    io,
    hosts.flatMap((host) => [...host.jump, host]),
    request,
  );
  if (keys === undefined) return INTERRUPTED;
  const asked = await askBecomePassword(request, io, hosts);
  if (!asked.ok) return asked.error;
  try {
    return await recorded(request, io, hosts, { keys, becomePassword: asked.value });
  } finally {
    asked.value?.fill(0);
  }
};

/** Opens the record of the run and runs it. */
const recorded = async (request: FleetRequest, io: Io, hosts: readonly Host[], secrets: Secrets): Promise<number> => {
  const record = await openRecord(request.stateDir, io);
  if (!record.ok) {
    complain(io, [record.error]);
    if (request.command === "rollout" && !request.check) return BAD_INPUT;
  }
  return runOver(request, io, hosts, secrets, record.ok ? record.value : noRecord());
};

const needsTerminal = (request: FleetRequest): boolean =>
  request.command === "rollout" && !request.yes && !request.check;

const runOver = async (
  request: FleetRequest,
  io: Io,
  hosts: readonly Host[],
  secrets: Secrets,
  record: ReturnType<typeof noRecord>,
): Promise<number> => {
  const view = await createLiveView(request, io, Date.now);
  const signals = listenToSignals(io, view);
  const context = composeRun(
    request,
    io,
    hosts,
    secrets,
    record,
    view,
    { ...signals, accept: acceptor(request, io, view, signals.stopping) },
    version(),
  );
  signals.onStop(() => context.emitter.emit({ type: "operator.acted", action: "stopped" }));
  signals.onCut(() => context.emitter.emit({ type: "operator.acted", action: "cut" }));
  const deadline = setTimeout(() => signals.stop("the run's time is over (--run-timeout)"), request.runTimeoutS * 1000);
  try {
    const result = await new Fleet(context).run();
    await view.close();
    await print(request, io, view, new Map(hosts.map(({ name, address }) => [name, address])));
    return result.exit;
  } catch (error) {
    await view.close();
    if (!(error instanceof JournalLost)) throw error;
    return journalLost(io, error);
  } finally {
    clearTimeout(deadline);
    signals.forget();
    await context.transport.close();
    await record
      .release()
      .catch((cause: unknown) =>
        io.stderr.write(
          `novasweep: warning: ${visibleSafe(cause instanceof Error ? cause.message : String(cause))}; what is not in it is not known later\n`,
        ),
      );
  }
};

const journalLost = (io: Io, error: JournalLost): number => {
  const cause = error.cause instanceof Error ? error.cause.message : String(error.cause);
  complain(io, [
    {
      code: "E_JOURNAL",
      what: `${error.message}: ${cause}; the run stopped, no further host was touched`,
      try: "make room for --state-dir, then run again: hosts are looked at first",
    },
  ]);
  return STOPPED;
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

/** Shows the plan and asks, unless `--yes` answered already. Whoever is asked sees the changed lines. */
const acceptor =
  (request: FleetRequest, io: Io, view: LiveView, signal: AbortSignal): Hands["accept"] =>
  async (plan: Plan) => {
    if (request.command !== "rollout") return undefined;
    await view.suspend();
    if (request.output !== "ndjson")
      io.stderr.write(`${await planText(plan, { diff: request.diff || !request.yes })}\n`);
    const changing = plan.waves.flat().length;
    const answer = request.yes
      ? ({ ok: true, value: true } as const)
      : await confirmChanges(changing, { input: io.stdin, output: io.stderr, terminal: isInteractive(io), signal });
    view.resume();
    if (!answer.ok || !answer.value) return undefined;
    return request.yes ? "--yes" : "typed";
  };

interface Signals extends Pick<Hands, "stopping" | "cutting"> {
  stop(reason: string): void;
  onStop(tell: () => void): void;
  onCut(tell: () => void): void;
  forget(): void;
}

/** First signal: no new host starts. Second: connections are cut. Third: the process ends where it is. */
const listenToSignals = (io: Io, view: LiveView): Signals => {
  const [stopping, cutting] = [new AbortController(), new AbortController()];
  const tell: { stop: () => void; cut: () => void } = { stop: () => undefined, cut: () => undefined };
  const forget = io.onSignal(() => {
    if (!stopping.signal.aborted) {
      stopping.abort("the operator stopped the run");
      tell.stop();
    } else if (!cutting.signal.aborted) {
      cutting.abort("the operator cut the connections");
      tell.cut();
    } else {
      forget();
      void view.suspend().finally(() => io.exitNow());
    }
  });
  return {
    stopping: stopping.signal,
    cutting: cutting.signal,
    stop: (reason) => stopping.abort(reason),
    onStop: (act) => {
      tell.stop = act;
    },
    onCut: (act) => {
      tell.cut = act;
    },
    forget,
  };
};
