/** `novasweep rollout`, `novasweep rollback`, `novasweep purge` and `novasweep status`: one run over the selected hosts. */
import { resolve } from "node:path";
import type { Given } from "../../domain/event.ts";
import type { Host } from "../../domain/host.ts";
import { foldHosts } from "../../domain/host-set.ts";
import type { Plan } from "../../domain/plan.ts";
import { err, ok, type Result } from "../../domain/result.ts";
import { Fleet } from "../../engine/fleet.ts";
import type { ResolvedHost } from "../../inventory/settle.ts";
import { KnownFiles } from "../../transport/known-files.ts";
import { type Access, withAccess } from "../access.ts";
import { type FleetRequest, noRecord, type Origin, openRecord } from "../compose.ts";
import { tellOfDeadRuns } from "../dead-runs.ts";
import { BAD_INPUT, complain, type Io, isInteractive } from "../io.ts";
import { inventoriesRead, selectFor } from "../select.ts";
import { readUndone, undoneHosts } from "../undone.ts";
import { version } from "../version.ts";
import { chooseWays } from "../ways.ts";
import { runOver } from "./run-over.ts";

/** Selects, runs and prints; resolves with the exit status. `words` are those of the command line, where there was one. */
export const fleetCommand = async (request: FleetRequest, io: Io, words?: readonly string[]): Promise<number> => {
  const saved = await savedPlan(request);
  if (!saved.ok) return complain(io, [saved.error]);
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
  const undone = request.command === "rollback" ? await readUndone(request, io) : ok(undefined);
  if (!undone.ok) return complain(io, [undone.error]);
  const planned = plannedHosts(selected.value.hosts, saved.value);
  if (!planned.ok) return complain(io, [planned.error]);
  const chosen = undoneHosts(planned.value, undone.value, request);
  if (!chosen.ok) return complain(io, [chosen.error]);
  const ways = await chooseWays(chosen.value, request, io, knownFiles);
  if (!ways.ok) return complain(io, ways.error);
  const hosts = ways.value;
  const origin: Origin = {
    ...(saved.value === undefined ? {} : { saved: saved.value }),
    ...(undone.value === undefined ? {} : { undone: undone.value }),
    ...(request.command === "status" || words === undefined ? {} : { given: givenBy(request, io, words) }),
  };
  if (request.command !== "status") await tellOfDeadRuns(request.stateDir, io);
  // Its gate, its waves and its bounds are the plan's own.
  const bounded = bounds(request, saved.value);
  return withAccess(bounded, io, hosts, knownFiles, (access) => recorded(bounded, io, hosts, access, origin));
};

const bounds = (request: FleetRequest, saved: Plan | undefined): FleetRequest => {
  if (saved === undefined || request.command !== "rollout") return request;
  const { parallel, soakS } = saved.gate;
  return { ...request, parallel, soakS };
};

/** The plan that is to be carried out, when one was named. */
const savedPlan = async (request: FleetRequest): Promise<Result<Plan | undefined>> => {
  if (request.command !== "rollout" || request.plan === undefined) return ok(undefined);
  const { readPlanFile } = await import("../plan-file.ts");
  return readPlanFile(request.plan);
};

/** Of the selected hosts those that the plan changes. */
const plannedHosts = (hosts: readonly ResolvedHost[], saved: Plan | undefined): Result<readonly ResolvedHost[]> => {
  if (saved === undefined) return ok(hosts);
  const planned = new Set(saved.waves.flat());
  const both = hosts.filter(({ host }) => planned.has(host.name));
  return both.length > 0
    ? ok(both)
    : err({
        code: "E_PATTERN",
        what: "the plan changes none of the selected hosts",
        try: `it changes ${foldHosts([...planned])}`,
      });
};

const givenBy = (request: FleetRequest, io: Io, words: readonly string[]): Given => ({
  words,
  inventories: inventoriesRead(request, io).map((path) => resolve(io.workingDirectory, path)),
  directory: io.workingDirectory,
});

/** Opens the record of the run and runs it. */
const recorded = async (
  request: FleetRequest,
  io: Io,
  hosts: readonly Host[],
  access: Access,
  origin: Origin,
): Promise<number> => {
  const record = await openRecord(request.stateDir, io);
  if (!record.ok) {
    complain(io, [record.error]);
    if (request.command !== "status" && !request.check) return BAD_INPUT;
  }
  return runOver(request, io, hosts, access, {
    ...origin,
    record: record.ok ? record.value : noRecord(),
    planMade: planSaver(request),
    go: (context) => new Fleet(context).run(),
  });
};

/** Writes the plan to the file of `--plan-out`, before anybody is asked. */
const planSaver =
  (request: FleetRequest) =>
  async (plan: Plan): Promise<string | undefined> => {
    if (request.command !== "rollout" || request.planOut === undefined) return undefined;
    const { writePlanFile } = await import("../plan-file.ts");
    return writePlanFile(request.planOut, plan, version());
  };

const needsTerminal = (request: FleetRequest): boolean =>
  request.command !== "status" && !request.yes && !request.check;
