import { assess, decide } from "../domain/decide.ts";
import type { Facts } from "../domain/facts.ts";
import type { Host } from "../domain/host.ts";
import type { Seconds } from "../domain/ids.ts";
import { snapshotsWords } from "../domain/notes.ts";
import type { Changing } from "../domain/plan.ts";
import type { Accepted } from "../domain/refusals.ts";
import type { Settings } from "../domain/settings.ts";
import { applyScript, type ChangeIds, probeScript } from "../remote/script.ts";
import type { Deadlines } from "./context.ts";
import type { Ending, Job } from "./job.ts";
import type { CleanerFiles } from "./payload.ts";

/** What a rollout was told on the command line, and a status not. */
export interface RolloutOptions {
  readonly command: "rollout" | "status";
  readonly accepted: Accepted;
  /** How long a host may copy the images of its old cache; 0: none are copied. */
  readonly migrateS: Seconds;
  readonly soakS: Seconds;
  readonly deadlines: Deadlines;
  readonly cleanerFiles: (settings: Settings) => CleanerFiles;
}

/** The job of `rollout`, and of `status`, which asks the same question and acts on nothing. */
export const rolloutJob = (options: RolloutOptions): Job => {
  const { command, accepted, migrateS, soakS, deadlines, cleanerFiles: files } = options;
  const assessed = ({ settings }: Host, facts: Facts) => assess(facts, settings, files(settings).payload, accepted);
  return {
    look: ({ settings, become }, ids) =>
      probeScript({
        ...ids,
        wantUid: command === "status" && become === "none" ? "any" : "0",
        settings,
        sendConf: command === "rollout",
      }),
    stands: (host, facts) => {
      const { outcome, drift, refusals } = assessed(host, facts);
      return { outcome, drift, refusals };
    },
    decide: ({ name, settings }, { facts, edit }) =>
      decide(facts, { host: name, settings, payload: files(settings).payload, accepted, migrateS, soakS, edit }),
    carryOut: (host, plan, basis, ids) => {
      const { desired } = assessed(host, basis);
      if (desired === undefined) throw new Error(`${host.name}: to be changed, and nothing desired`);
      return applyScript({
        ...applyInputs(host, plan, basis, ids, { deadlines, soakS, files: files(host.settings) }),
        cacheDir: desired.cacheDir,
        breakLock: accepted.breakStaleLock,
        waitIdleS: accepted.waitIdleS,
      });
    },
    proved: (host, facts) => proved(facts, assessed(host, facts)),
  };
};

interface Carrying {
  readonly deadlines: Deadlines;
  readonly soakS: Seconds;
  readonly files: CleanerFiles;
}

/** What a script that edits a node is told of it, whichever way it goes. */
export const applyInputs = (
  { settings }: Host,
  { changes }: Changing,
  basis: Facts,
  ids: ChangeIds,
  { deadlines, soakS, files: { method, manifest } }: Carrying,
) => ({
  ...ids,
  wantUid: "0" as const,
  settings,
  sendConf: false,
  changes,
  expect: {
    ...expectations(basis),
    method: digestOf(basis.cleanerFiles.method),
    manifest: digestOf(basis.cleanerFiles.manifest),
  },
  hostTimeoutS: deadlines.hostS,
  stepTimeoutS: deadlines.stepS,
  soakS,
  method,
  manifest,
});

/** What must still be as it was seen when the script begins; `-`: it was not seen, and does not matter. */
export const expectations = (basis: Facts) => ({
  confDigest: basis.conf.seen ? basis.conf.value.digest : "-",
  bootedAt: basis.system.bootedAt.seen ? String(basis.system.bootedAt.value) : "-",
  serviceState: basis.service.seen ? basis.service.value.state : "-",
});

const digestOf = (file: Facts["cleanerFiles"]["method"]): string => {
  if (file.seen) return file.value;
  return file.why === "absent" ? "-" : "";
};

/** From facts alone: changed when nothing drifts and nova-compute is as it should be. */
const proved = (facts: Facts, { drift, mended, desired }: ReturnType<typeof assess>): Ending => {
  const state = facts.service.seen ? facts.service.value.state : "not to be seen";
  const moving = facts.service.seen && facts.service.value.nextState !== "none";
  if (!mended || moving || (state !== "online" && state !== "disabled"))
    return {
      outcome: "failed",
      drift,
      failure: {
        code: "E_NOT_CONVERGED",
        message:
          drift.length > 0
            ? `still drifts: ${drift.map(({ aspect }) => aspect).join(", ")}`
            : `nova-compute is ${state}${moving ? " and in transition" : ""}`,
        try: "look at the node, then run again",
      },
    };
  const left = drift.length > 0 && desired !== undefined ? [snapshotsWords(facts, desired.dataset)] : [];
  const note = [...(state === "disabled" ? ["takes effect when enabled"] : []), ...left].join("; ");
  return { outcome: "changed", ...(note === "" ? {} : { note }) };
};
