/** What of a plan made before may still be done: the same, or what is left of it; anything else is a host that moved on. */
import { describe, expect, it } from "vitest";
import type { Change } from "../../src/domain/change.ts";
import { follow } from "../../src/domain/follow.ts";
import type { HostPlan } from "../../src/domain/plan.ts";
import { isNonEmpty } from "../../src/domain/result.ts";
import { changes, trashAt } from "../support/fleet-events.ts";

type Changing = Extract<HostPlan, { verdict: "change" }>;

const planOf = (list: readonly Change[], basis = 1): Changing => {
  if (!isNonEmpty(list)) throw new Error("a plan of nothing");
  return { verdict: "change", host: "cn01", basis, drift: [], changes: list, notes: [] };
};
const rollout = [...changes()];
const planned = planOf(rollout);
const conf = rollout.find(({ kind }) => kind === "conf.set");
if (conf?.kind !== "conf.set") throw new Error("a rollout without an edit");

const trash = trashAt("/var/lib/nova/images");
const environment: Change = {
  kind: "boot-environment.destroy",
  name: "old",
  uuid: "u",
  created: 5,
  keep: 2,
  bytes: 9,
  freed: { leastBytes: 0, mostBytes: 9 },
  origins: {},
};

describe("a host's verdict of now, by the plan of before", () => {
  it.each<[string, Changing, HostPlan]>([
    ["the very same", planned, planOf(rollout, 2)],
    ["less of it", planned, planOf(rollout.slice(-2))],
    ["the restart that an edit owes", planned, planOf([{ ...rollout.at(-1), because: "owed" } as Change])],
    [
      "less trash",
      planOf([trash]),
      planOf([{ ...trash, files: 2, bytes: 200, freed: { leastBytes: 0, mostBytes: 200 } }]),
    ],
    ["a boot environment whose figures moved", planOf([environment]), planOf([{ ...environment, bytes: 10 }])],
  ])("%s is carried out", (_, before, now) => {
    expect(follow(before, now)).toBe(now);
  });

  it.each<[string, HostPlan]>([
    ["in sync", { verdict: "in-sync", host: "cn01", notes: [] }],
    ["unreachable", { verdict: "unreachable", host: "cn01", failure: { code: "E_CONNECT", message: "no" } }],
  ])("%s stays what it is", (_, now) => {
    expect(follow(planned, now)).toBe(now);
  });

  it.each<[string, Changing, HostPlan, string]>([
    [
      "another nova.conf",
      planned,
      planOf([{ ...conf, patch: { ...conf.patch, before: "f".repeat(64) } }]),
      `${conf.path} is not the file that was planned for (${"f".repeat(12)} now)`,
    ],
    ["a change nobody planned", planOf(rollout.slice(-1)), planOf(rollout), "would be beside what was planned"],
    [
      "another cleaner",
      planned,
      planOf([{ kind: "cleaner.install", method: "1", manifest: "2" }]),
      "cleaner.install would be another than was planned",
    ],
    ["more trash", planOf([trash]), planOf([{ ...trash, files: 4 }]), "legacy.remove would be another"],
    ["another directory", planOf([trash]), planOf([{ ...trash, inode: "8" }]), "legacy.remove would be another"],
    [
      "another boot environment of that name",
      planOf([environment]),
      planOf([{ ...environment, uuid: "v" }]),
      "boot-environment.destroy",
    ],
    ["fewer kept", planOf([environment]), planOf([{ ...environment, keep: 1 }]), "boot-environment.destroy"],
  ])("%s is refused", (_, before, now, words) => {
    expect(follow(before, now)).toMatchObject({
      verdict: "refuse",
      refusals: [{ code: "E_STALE", message: expect.stringContaining(words) }],
    });
  });
});
