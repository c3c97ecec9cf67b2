import { octalMode } from "../drift.ts";
import type { DatasetFacts, DirectoryFacts, Facts } from "../facts.ts";
import { refusal } from "../outcome.ts";
import { size } from "../size.ts";
import { changesOf, joined, nothing, type Part, stale, type Touched } from "./touched.ts";

/** The cache's dataset: its properties go back; what was made stays, for images lie in it. */
export const datasetPart = (touched: Touched, facts: Facts): Part =>
  joined([
    ...changesOf(touched, "dataset.create").map(({ dataset }) => madeDataset(facts, dataset)),
    ...changesOf(touched, "dataset.quota").map(({ dataset, from, to }) => quotaPart(facts, dataset, from, to)),
    ...changesOf(touched, "dataset.set").map((change) => propertyPart(facts, change)),
    ...(changesOf(touched, "dataset.create").length > 0
      ? []
      : changesOf(touched, "cache.migrate").map(({ to }) => ({
          ...nothing,
          left: [`the images copied to ${to} stay`],
        }))),
  ]);

const madeDataset = ({ datasets }: Facts, name: string): Part =>
  datasets[name]?.seen ? { ...nothing, left: [`dataset ${name} stays, with what lies in it`] } : nothing;

const present = ({ datasets }: Facts, name: string): DatasetFacts | undefined => {
  const field = datasets[name];
  return field?.seen ? field.value : undefined;
};

const quotaPart = (facts: Facts, dataset: string, was: number, left: number): Part => {
  const now = present(facts, dataset);
  if (now === undefined) return gone(dataset);
  const { quotaBytes, usedBytes } = now;
  if (quotaBytes === was) return nothing;
  if (quotaBytes !== left)
    return stale(
      `the quota of ${dataset} is ${quota(quotaBytes)}: the run set it to ${quota(left)}, it was ${quota(was)}`,
    );
  if (was > 0 && usedBytes > was)
    return {
      ...nothing,
      refusals: [
        refusal(
          "E_QUOTA_BELOW_USE",
          `${dataset} uses ${size(usedBytes)} (${usedBytes} bytes), more than the quota of ${size(was)} that it had`,
          "remove images from it first",
        ),
      ],
    };
  return {
    ...nothing,
    changes: [{ kind: "dataset.quota", dataset, from: left, to: was }],
    drift: [{ aspect: "quota", have: quota(left), want: quota(was) }],
  };
};

const quota = (bytes: number): string => (bytes === 0 ? "none" : size(bytes));

type Setting = ReturnType<typeof changesOf<"dataset.set">>[number];

const propertyPart = (facts: Facts, { dataset, property, from: was, to: left }: Setting): Part => {
  const now = present(facts, dataset);
  if (now === undefined) return gone(dataset);
  const value = property === "canmount" ? now.canmount : now.autoSnapshot;
  if (value === was) return nothing;
  if (value !== left) return stale(`${property} of ${dataset} is ${value}: the run set it to ${left}, it was ${was}`);
  return {
    ...nothing,
    changes: [{ kind: "dataset.set", dataset, property, from: left, to: was }],
    drift: [
      { aspect: property === "canmount" ? "canmount" : "auto-snapshot", have: left, want: was === "-" ? "unset" : was },
    ],
  };
};

const gone = (dataset: string): Part => stale(`dataset ${dataset} is not there any more`);

/** Owner and mode of directories that were there before; those that lie on a dataset of the run's stay with it. */
export const directoryPart = (touched: Touched, facts: Facts): Part =>
  changesOf(touched, "dataset.create").length > 0
    ? nothing
    : joined(changesOf(touched, "directory.own").map((change) => ownPart(touched, facts, change)));

type Owning = ReturnType<typeof changesOf<"directory.own">>[number];

const ownPart = ({ before }: Touched, facts: Facts, change: Owning): Part => {
  const { path, dataset, owner, group, mode } = change;
  const then = before.directories[path];
  const now = facts.directories[path];
  if (!then?.seen) return now?.seen ? { ...nothing, left: [`${path} stays`] } : nothing;
  if (!now?.seen) return stale(`${path} is not there any more`);
  const was = ownership(then.value);
  const is = ownership(now.value);
  const left = { owner, group, mode };
  if (same(is, was)) return nothing;
  // Owner and mode are set one after the other: a run may have ended between the two.
  const ours = (["owner", "group", "mode"] as const).every((part) => is[part] === left[part] || is[part] === was[part]);
  if (!ours) return stale(`${path} is ${words(is)}: the run made it ${words(left)}, it was ${words(was)}`);
  return {
    ...nothing,
    changes: [{ kind: "directory.own", path, dataset, ...was }],
    drift: [{ aspect: "owner", have: `${path} ${words(is)}`, want: `${path} ${words(was)}` }],
  };
};

interface Ownership {
  readonly owner: string;
  readonly group: string;
  readonly mode: string;
}

const ownership = ({ owner, group, mode }: DirectoryFacts): Ownership => ({ owner, group, mode: octalMode(mode) });
const same = (a: Ownership, b: Ownership): boolean => words(a) === words(b);
const words = ({ owner, group, mode }: Ownership): string => `${owner}:${group} ${mode}`;
