/** Folds a journal as `runs resume` does, once, as the built program: one line of JSON. `node scripts/bench/fold-journal.ts PATH` */
const { skimJournal } = await import("../../dist/journal/read.js" as string);
const { reduceAll } = await import("../../dist/domain/reduce-all.js" as string);
const { skimmable } = await import("../../dist/domain/skimmed.js" as string);
const { initialState } = await import("../../dist/domain/run-state.js" as string);

export interface FoldCost {
  readonly ms: number;
  readonly cpuMs: number;
}

const [cpu, began] = [process.cpuUsage(), performance.now()];
const folded = await skimJournal(process.argv[2] ?? "", reduceAll, initialState, skimmable);
const ms = performance.now() - began;
const { user, system } = process.cpuUsage(cpu);
if (!folded.ok) throw new Error(folded.error.what);
const cost: FoldCost = { ms, cpuMs: (user + system) / 1000 };
console.log(JSON.stringify(cost));
