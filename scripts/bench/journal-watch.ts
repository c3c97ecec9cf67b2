/**
 * For `node --import`, around the journal of the built program: how long the run was held up by it, at the end as one line
 * of JSON in the file that JOURNAL_WATCH names.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Journal } from "../../src/journal/write.ts";

export interface JournalCost {
  /** From the first event to the end of the process, ms. */
  readonly wallMs: number;
  /** In which events were made into lines. */
  readonly acceptMs: number;
  readonly events: number;
  /** What hosts waited until they were on disk, all waits together: each kept one host from its work, not the others. */
  readonly waitedMs: number;
  readonly waits: number;
}

const { openJournal } = (await import(
  "../../dist/journal/write.js" as string
)) as typeof import("../../src/journal/write.ts");
// One journal of nobody's: all are of the same class, which has no name outside.
const dir = mkdtempSync(join(tmpdir(), "nsw-"));
const opened = await openJournal(dir, "20260101-000000-000000");
if (!opened.ok) throw new Error(opened.error.what);
await opened.value.close();
rmSync(dir, { recursive: true });
const made: Journal = Object.getPrototypeOf(opened.value);
const { accept, barrier } = made;

let began = Number.NaN;
let [acceptMs, waitedMs, events, waits] = [0, 0, 0, 0];

made.accept = function (event) {
  const now = performance.now();
  if (events === 0) began = now;
  events += 1;
  accept.call(this, event);
  acceptMs += performance.now() - now;
};
made.barrier = async function () {
  const since = performance.now();
  waits += 1;
  await barrier.call(this).finally(() => {
    waitedMs += performance.now() - since;
  });
};

process.on("exit", () => {
  const cost: JournalCost = { wallMs: performance.now() - began, acceptMs, events, waitedMs, waits };
  writeFileSync(process.env["JOURNAL_WATCH"] ?? "", JSON.stringify(cost));
});
