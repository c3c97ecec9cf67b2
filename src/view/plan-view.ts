/** A plan for a person: equal host plans folded, so that 212 hosts are one paragraph. */
import { isPurge, mayBreakCompute } from "../domain/change.ts";
import { foldHosts } from "../domain/host-set.ts";
import type { HostName } from "../domain/ids.ts";
import type { Changing, GateRule, HostPlan, Plan } from "../domain/plan.ts";
import { visibleSafe } from "../domain/safe-text.ts";
import { foldCauses, type Trouble } from "./causes.ts";
import { placeOf, purgesWords } from "./purge-words.ts";
import { duration } from "./quantities.ts";
import { causeLines } from "./summary.ts";
import { changeWords, hostsWords, ordinal } from "./words.ts";

/** Wave sizes named before the rest is counted. */
const maxWavesNamed = 8;

/** The plan as lines, the same for screen, lines and `--check`; `diff` adds the changed lines of files. */
export const renderPlan = (plan: Plan, { diff }: { readonly diff: boolean }): readonly string[] => {
  const changing = plan.hosts.filter((host): host is Changing => host.verdict === "change");
  const inSync = plan.hosts.filter(({ verdict }) => verdict === "in-sync").map(({ host }) => host);
  const paragraphs: readonly (readonly string[])[] = [
    [`plan of run ${plan.run} for ${hostsWords(plan.hosts.length)}`],
    ...foldChanges(changing, diff),
    inSync.length === 0 ? [] : [`in sync ${on(inSync)}`],
    untouched(plan),
    noteParagraph(plan.hosts),
    changing.length === 0 ? ["nothing to change"] : orderWords(plan, changing.length),
  ];
  return paragraphs
    .filter((paragraph) => paragraph.length > 0)
    .flatMap((paragraph, at) => (at === 0 ? paragraph : ["", ...paragraph]));
};

const on = (hosts: readonly HostName[]): string => `on ${hostsWords(hosts.length)}: ${foldHosts(hosts)}`;

/** Largest group first: what most hosts get is read first, the odd ones stand out below. */
const foldChanges = (hosts: readonly Changing[], diff: boolean): readonly (readonly string[])[] => {
  const groups = new Map<string, Changing[]>();
  for (const host of hosts) {
    // Hardly two nodes have the same trash: what is taken out is summed where it is taken from the same place.
    const key = host.changes
      .flatMap((change) => (isPurge(change) ? [placeOf(change)] : changeWords(change, diff)))
      .join("\n");
    groups.set(key, [...(groups.get(key) ?? []), host]);
  }
  return [...groups.values()]
    .sort((a, b) => b.length - a.length)
    .map((group) => [
      `change ${on(group.map(({ host }) => host))}`,
      ...groupLines(group, diff).map((line) => `  ${line}`),
    ]);
};

const groupLines = (group: readonly Changing[], diff: boolean): readonly string[] => {
  const purges = group.map(({ changes }) => changes.filter(isPurge)).filter((list) => list.length > 0);
  const others = group[0]?.changes.filter((change) => !isPurge(change)) ?? [];
  return [...others.flatMap((change) => changeWords(change, diff)), ...purgesWords(purges)];
};

const untouched = (plan: Plan): readonly string[] => {
  const lines = causeLines(foldCauses(plan.hosts.flatMap(troubles)));
  return lines.length === 0 ? [] : ["left alone", ...lines.map((line) => `  ${line}`)];
};

const troubles = (plan: HostPlan): readonly Trouble[] => {
  const note = undefined;
  if (plan.verdict === "unreachable") return [{ host: plan.host, outcome: "unreachable", what: plan.failure, note }];
  if (plan.verdict !== "refuse") return [];
  return plan.refusals.map((what) => ({ host: plan.host, outcome: "refused", what, note }));
};

/** Notes that differ only in their numbers are one line with the first as the example: what is rare must not be buried. */
const noteParagraph = (hosts: readonly HostPlan[]): readonly string[] => {
  const groups = new Map<string, { readonly first: string; same: boolean; readonly names: HostName[] }>();
  for (const plan of hosts) {
    if (plan.verdict !== "change" && plan.verdict !== "in-sync") continue;
    for (const note of plan.notes) {
      const shape = note.replaceAll(/\d+(\.\d+)?( [KMGT]iB| B)?/g, "#");
      const group = groups.get(shape) ?? { first: note, same: true, names: [] };
      group.same &&= group.first === note;
      group.names.push(plan.host);
      groups.set(shape, group);
    }
  }
  const lines = [...groups.values()].map(
    ({ first, same, names }) => `  ${visibleSafe(first)}${same ? "" : " (numbers differ by host)"}, ${on(names)}`,
  );
  return lines.length === 0 ? [] : ["notes", ...lines];
};

const orderWords = ({ waves, gate, hosts }: Plan, changing: number): readonly string[] => [
  `order: ${wavesWords(waves)}`,
  `gate:  ${gateWords(gate, changing, (waves[0] ?? []).length, hosts.some(isRisky))}`,
];

/** Only between an edit of nova.conf or a restart and its proof a host may be broken. */
const isRisky = (plan: HostPlan): boolean => plan.verdict === "change" && plan.changes.some(mayBreakCompute);

const wavesWords = (waves: Plan["waves"]): string => {
  const sizes = waves.slice(0, maxWavesNamed).map((wave) => wave.length);
  const rest = waves.length > maxWavesNamed ? `, … (${waves.length} waves)` : "";
  const canary = foldHosts(waves[0] ?? [], 60);
  return waves.length <= 1
    ? `one wave, ${canary}`
    : `waves of ${sizes.join(", ")}${rest}; the first is the canary, ${canary}`;
};

/** `stops at the 5th bad host of 80, or any in the canary wave; at most 5 at once between edit and proof, …`. */
export const gateWords = (
  { maxBad, parallel, soakS }: GateRule,
  changing: number,
  canary: number,
  risky = true,
): string => {
  const atRisk = Math.min(maxBad + 1, parallel, changing);
  const bound =
    maxBad + 1 > changing
      ? `${canary < changing ? "only a bad host of the canary wave stops the run" : "one wave, so nothing is left to stop"}`
      : `stops at the ${ordinal(maxBad + 1)} bad host of ${changing}`;
  const or = canary > 0 && maxBad > 0 && maxBad + 1 <= changing ? ", or any in the canary wave" : "";
  if (!risky) return `${bound}${or}; ${Math.min(parallel, changing)} at once`;
  return `${bound}${or}; at most ${atRisk} at once between edit and proof, ${Math.min(parallel, changing)} applied at once; each held for ${duration(soakS * 1000)}`;
};
