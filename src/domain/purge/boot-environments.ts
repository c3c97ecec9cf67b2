import { bootEnvironmentSpace, chooseBootEnvironments } from "../boot-environments.ts";
import type { Change } from "../change.ts";
import type { Facts } from "../facts.ts";
import { lockRefusal } from "../refusals.ts";
import { size } from "../size.ts";
import { blindness, type Findings, lookOf, nothing, type PurgeQuestion } from "./findings.ts";
import { withSlack } from "./space.ts";

/** Which boot environments go, oldest first. */
export const bootEnvironmentFindings = (
  facts: Facts,
  { accepted, asked: { keep, olderThanS } }: PurgeQuestion<"boot-environments">,
): Findings => {
  const { now, spaces } = lookOf(facts);
  const all = facts.bootEnvironments;
  const blindTo = blindness([
    ["the boot environments", all, false],
    ["what the boot environments take", spaces, false],
    ["the node's clock", now, false],
    ["the host's lock", facts.lock, true],
  ]);
  if (blindTo.length > 0 || !all.seen || !now?.seen || !spaces?.seen) return { ...nothing, refusals: blindTo };
  const { destroy, kept, refusal: why } = chooseBootEnvironments(all.value, { keep, olderThanS, now: now.value });
  const notes = kept.map(({ name, why: because }) => `${name} stays: ${because}`);
  if (destroy.length === 0) return { ...nothing, refusals: why === undefined ? [] : [why], notes };
  const changes = destroy.map(({ name, uuid, created, bytes }): Change => {
    const space = spaces.value[name];
    return {
      kind: "boot-environment.destroy",
      name,
      uuid,
      created,
      keep,
      bytes,
      origins: space?.origins ?? {},
      freed: space === undefined ? { leastBytes: 0, mostBytes: bytes } : withSlack(bootEnvironmentSpace([space])),
    };
  });
  return {
    refusals: [...(why === undefined ? [] : [why]), ...lockRefusal(facts, accepted)],
    changes,
    drift: destroy.map(({ name, bytes }) => ({
      aspect: "boot-environments",
      have: `${name}, ${size(bytes)}`,
      want: "none",
    })),
    notes,
  };
};
