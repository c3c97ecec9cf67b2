/** What one host's end costs a run of ten thousand until the next may start: the record, the gate, the view, the disk. Needs no root. */
import { join } from "node:path";
import { Budget } from "../../src/engine/budget.ts";
import type { RunContext } from "../../src/engine/context.ts";
import { Emitter } from "../../src/engine/emitter.ts";
import { Ledger } from "../../src/engine/ledger.ts";
import { openJournal } from "../../src/journal/write.ts";
import { createLinesSink } from "../../src/view/lines.ts";
import { names, planOf, restart, runId, runStarted } from "../../test/support/fleet-events.ts";
import { median } from "./costs.ts";
import { atMost, type Figure } from "./figures.ts";

const HOSTS = 10_000;
/** Every so many hosts one fails: what the gate decides on. */
const FAILS_EVERY = 20;

interface Decisions {
  /** Of each host, ms: until the gate has said whether another may start. */
  readonly decided: readonly number[];
  /** And until that is on disk, which another host's start waits for. */
  readonly durable: readonly number[];
}

const decide = async (dir: string): Promise<Decisions> => {
  const hosts = names(HOSTS);
  const plan = { ...planOf(hosts, () => "changed"), gate: { maxBad: HOSTS, maxMissing: 0, parallel: 32, soakS: 0 } };
  const journal = await openJournal(join(dir, "gate"), runId);
  if (!journal.ok) throw new Error(journal.error.what);
  const emitter = new Emitter(runId, Date.now, journal.value, [createLinesSink(() => undefined)]);
  const context = { emitter, stopping: new AbortController().signal } as unknown as RunContext;
  const [budget, ledger] = [new Budget(context, plan, { bad: 0, badCanaries: 0 }), new Ledger(context)];
  for (const body of [
    runStarted(hosts),
    { type: "plan.made", plan },
    { type: "plan.accepted", by: "--yes", changing: HOSTS },
    { type: "wave.opened", wave: 1, of: 1, hosts },
  ] as const)
    emitter.emit(body);
  await emitter.durable();
  const decided: number[] = [];
  const durable: number[] = [];
  for (const [at, name] of hosts.entries()) {
    budget.started(true);
    const began = performance.now();
    const fails = at % FAILS_EVERY === 0;
    budget.settled(true, fails ? "failed" : "changed", false);
    ledger.settle({ name }, fails ? { outcome: "failed", failure: restart } : { outcome: "changed" }, 1);
    if (!budget.mayStart(true)) throw new Error("the gate closed");
    decided.push(performance.now() - began);
    await emitter.durable();
    durable.push(performance.now() - began);
  }
  await journal.value.close();
  return { decided, durable };
};

export const gateFigures = async (dir: string): Promise<readonly Figure[]> => {
  const { decided, durable } = await decide(dir);
  const [most, typical] = [Math.max(...durable), median(decided)];
  console.log(
    `gate decision of a ${HOSTS}-host run: ${typical.toFixed(3)} ms, ${Math.max(...decided).toFixed(1)} ms at most;` +
      ` until it is on disk ${median(durable).toFixed(2)} ms, ${most.toFixed(1)} ms at most`,
  );
  return [
    {
      what: `a host's end in a run of ${HOSTS} until the gate has decided and that is on disk, the longest, s`,
      ours: `${(most / 1000).toFixed(3)} s`,
      beside: `median ${median(durable).toFixed(2)} ms`,
      value: most / 1000,
      wanted: atMost(2),
    },
  ];
};
