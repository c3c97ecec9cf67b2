/** Two nodes a try in one lab, a rollout over them one after the other, and what must hold however it ended. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { RunEvent } from "../../../src/domain/event.ts";
import type { Outcome } from "../../../src/domain/outcome.ts";
import type { LabNode } from "../../../src/lab/options.ts";
import type { Lab } from "../../../src/lab/start.ts";
import { against, eventsOf, novasweep, outcomesOf } from "../novasweep.ts";
import { confOf, sceneNode } from "../operator.ts";
import { confIs, expectAgreement, expectNodeWhole, expectOneRestart, scriptEnded } from "./settled.ts";

/** The nodes of every scene: each has its own two. */
export const scenesNodes = (scenes: readonly string[]) =>
  scenes.flatMap((scene) => [1, 2].map((at) => sceneNode(scene, at)));

/** One try: its two nodes, their nova.conf as they were, and where its runs are kept. */
export interface Try {
  readonly lab: Lab;
  readonly scene: string;
  readonly nodes: readonly LabNode[];
  readonly before: readonly string[];
  readonly stateDir: string;
}

/** The nodes of a scene, before anything was done there. */
export const openTry = (lab: Lab, scene: string): Try => {
  const nodes = lab.nodes.filter(({ name }) => name === `${scene}1` || name === `${scene}2`);
  return { lab, scene, nodes, before: nodes.map(confOf), stateDir: join(lab.dir, `state-${scene}`) };
};

/** The words of a rollout of the try's nodes, one a wave. */
export const rolloutOf = (one: Try): readonly string[] => wordsOf(one, one.stateDir, 1);

const wordsOf = ({ lab, nodes }: Try, stateDir: string, wave: number): readonly string[] => [
  ...["rollout", ...nodes.map(({ name }) => name), ...against(lab, stateDir)],
  ...["--yes", "--soak", "1s", "--waves", String(wave), "--output", "ndjson"],
];

/** The id of the only run that is kept there. */
export const onlyRun = (stateDir: string): string => {
  const names = readdirSync(join(stateDir, "runs")).filter((name) => name.endsWith(".ndjson"));
  expect(names).toHaveLength(1);
  return (names[0] ?? "").slice(0, -".ndjson".length);
};

/** What the journal of the only run says, every line of it whole and numbered. */
export const journalIn = (stateDir: string): readonly RunEvent[] => {
  const text = readFileSync(join(stateDir, "runs", `${onlyRun(stateDir)}.ndjson`), "utf8");
  const events = eventsOf({ status: 0, stdout: text, stderr: "" });
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, at) => at + 1));
  return events;
};

/** Names in the directory of the runs that a process which ended takes away: locks, sockets, drafts. */
export const leftBeside = (stateDir: string): readonly string[] =>
  readdirSync(join(stateDir, "runs")).filter((name) => !name.endsWith(".ndjson"));

/** `changed` has the new nova.conf, what was never begun the old one, and whatever went another way one of the two. */
const confOfOutcome = (outcome: Outcome | undefined, node: LabNode, before: string): "old" | "new" => {
  if (outcome === "changed" || outcome === "in-sync") return "new";
  if (outcome === "skipped") return "old";
  return confIs(node, before) === "new" ? "new" : "old";
};

/** When no script is at work any more: each node is whole, and has what the record says. */
export const expectAsRecorded = async (
  { nodes, before }: Try,
  outcomes: Readonly<Record<string, Outcome>>,
): Promise<void> => {
  for (const [at, node] of nodes.entries()) {
    await scriptEnded(node);
    const text = before[at] ?? "";
    expectNodeWhole(node, text, confOfOutcome(outcomes[node.name], node, text));
  }
};

/** A plain rollout with a record of its own agrees, puts right what is missing, and nova-compute was restarted once in all. */
export const expectRightAfter = async (one: Try, outcomes: Readonly<Record<string, Outcome>>): Promise<void> => {
  const ran = await novasweep(wordsOf(one, join(one.stateDir, "again"), one.nodes.length));
  const events = eventsOf(ran);
  expectAgreement(outcomes, events);
  const found = outcomesOf(events);
  for (const [at, node] of one.nodes.entries()) {
    const conf = confOfOutcome(found[node.name], node, one.before[at] ?? "");
    expectNodeWhole(node, one.before[at] ?? "", conf);
    expectOneRestart(node, conf);
  }
  expect(ran.status, ran.stderr).toBe(Object.values(found).includes("refused") ? 6 : 0);
};
