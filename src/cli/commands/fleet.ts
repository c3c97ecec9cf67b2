/** `novasweep rollout` and `novasweep status`: one run over the selected hosts. */
import type { Host } from "../../domain/host.ts";
import type { Plan } from "../../domain/plan.ts";
import { JournalLost } from "../../engine/emitter.ts";
import { Fleet } from "../../engine/fleet.ts";
import { KnownFiles } from "../../transport/known-files.ts";
import { type Access, withAccess } from "../access.ts";
import { composeRun, type FleetRequest, type Hands, noRecord, openRecord } from "../compose.ts";
import { confirm } from "../confirm.ts";
import { BAD_INPUT, complain, type Io, isInteractive } from "../io.ts";
import { journalLost, releaseRecord } from "../journal-ends.ts";
import { createLiveView, type LiveView } from "../screen.ts";
import { selectFor } from "../select.ts";
import { listenToSignals } from "../signals.ts";
import { version } from "../version.ts";
import { chooseWays } from "../ways.ts";

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
  const knownFiles = new KnownFiles();
  const ways = await chooseWays(selected.value.hosts, request, io, knownFiles);
  if (!ways.ok) return complain(io, ways.error);
  const hosts = ways.value;
  return withAccess(request, io, hosts, knownFiles, (access) => recorded(request, io, hosts, access));
};

/** Opens the record of the run and runs it. */
const recorded = async (request: FleetRequest, io: Io, hosts: readonly Host[], access: Access): Promise<number> => {
  const record = await openRecord(request.stateDir, io);
  if (!record.ok) {
    complain(io, [record.error]);
    if (request.command !== "status" && !request.check) return BAD_INPUT;
  }
  return runOver(request, io, hosts, access, record.ok ? record.value : noRecord());
};

const needsTerminal = (request: FleetRequest): boolean =>
  request.command !== "status" && !request.yes && !request.check;

const runOver = async (
  request: FleetRequest,
  io: Io,
  hosts: readonly Host[],
  access: Access,
  record: ReturnType<typeof noRecord>,
): Promise<number> => {
  const view = await createLiveView(request, io, Date.now);
  const signals = listenToSignals(io, view);
  const context = composeRun(
    request,
    io,
    hosts,
    access,
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
    await releaseRecord(record, io);
  }
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

/** Shows the plan and asks, unless `--yes` answered already. Whoever is asked sees the changed lines. */
const acceptor =
  (request: FleetRequest, io: Io, view: LiveView, signal: AbortSignal): Hands["accept"] =>
  async (plan: Plan) => {
    if (request.command === "status") return undefined;
    await view.suspend();
    const diff = request.command === "rollout" && (request.diff || !request.yes);
    if (request.output !== "ndjson") io.stderr.write(`${await planText(plan, { diff })}\n`);
    const changing = plan.waves.flat().length;
    const answer = request.yes
      ? ({ ok: true, value: true } as const)
      : await confirm(changing, request.command === "purge" ? "purge" : "change", {
          input: io.stdin,
          output: io.stderr,
          terminal: isInteractive(io),
          signal,
        });
    view.resume();
    if (!answer.ok || !answer.value) return undefined;
    return request.yes ? "--yes" : "typed";
  };
