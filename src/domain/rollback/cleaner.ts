import type { Change } from "../change.ts";
import { CLEANER_PACKAGE, type Payload } from "../desired.ts";
import type { CleanerFacts, Facts, Observed } from "../facts.ts";
import type { Drift } from "../plan.ts";
import { changesOf, joined, nothing, type Part, stale, type Touched } from "./touched.ts";

/** The cleaner: its files, package, policy and state. `payload`: the files that we could install. */
export const cleanerPart = (touched: Touched, facts: Facts, payload: Payload): Part => {
  const [removal] = changesOf(touched, "cleaner.remove");
  if (removal !== undefined) return removedPart(touched, facts, payload);
  const [put] = [...changesOf(touched, "cleaner.install"), ...changesOf(touched, "cleaner.package")];
  if (put === undefined) return joined([policyPart(touched, facts), statePart(touched, facts)]);
  const foreign = foreignFiles(touched, facts, put);
  if (foreign.refusals.length > 0) return foreign;
  if (isBare(touched.before) && changesOf(touched, "cleaner.uninstall").length === 0) return takeOut(touched, facts);
  return joined([
    filesLeft(touched, facts, put),
    packageLeft(touched, facts, put),
    policyPart(touched, facts),
    statePart(touched, facts),
  ]);
};

/** Nothing of a cleaner was there. */
const isBare = (facts: Facts): boolean => !(facts.cleaner.seen || filesThere(facts) || packageOf(facts).seen);

const filesThere = ({ cleanerFiles: { method, manifest } }: Facts): boolean => method.seen || manifest.seen;

const packageOf = ({ nova }: Facts): Observed<{ readonly name: string; readonly version: string }> =>
  nova.seen ? nova.value.cleanerPackage : nova;

const textOf = (field: Observed<string>): string => (field.seen ? field.value : "-");

type Put = Extract<Change, { kind: "cleaner.install" | "cleaner.package" }>;

/** Files or a package that are neither the run's nor those of before. */
const foreignFiles = ({ before }: Touched, facts: Facts, put: Put): Part => {
  const files = (["method", "manifest"] as const).filter((file) => {
    const now = textOf(facts.cleanerFiles[file]);
    return now !== put[file] && now !== textOf(before.cleanerFiles[file]);
  });
  const is = nameOf(packageOf(facts));
  const known = [nameOf(packageOf(before)), "none", ...(put.kind === "cleaner.package" ? [fmriName(put.fmri)] : [])];
  return joined([
    ...files.map((file) => stale(`the cleaner's ${file} file is neither the run's nor the one that was there`)),
    ...(known.includes(is) ? [] : [stale(`the cleaner's package is ${is}, which is not the run's`)]),
  ]);
};

const nameOf = (field: ReturnType<typeof packageOf>): string =>
  field.seen ? `${field.value.name} ${field.value.version}` : "none";

/** `pkg://site/nova-cache-cleanup@1.0` as `pkg list` has it. */
const fmriName = (fmri: string): string => `${CLEANER_PACKAGE} ${fmri.slice(fmri.lastIndexOf("@") + 1)}`;

/** A cleaner of the run's goes as a whole, whatever state it is in: one that we began to take out is disabled too. */
const takeOut = (touched: Touched, facts: Facts): Part => {
  if (isBare(facts)) return nothing;
  const policy = facts.cleaner.seen ? policyPart(touched, facts) : nothing;
  if (policy.refusals.length > 0) return { ...nothing, refusals: policy.refusals };
  const found = packageOf(facts);
  return {
    ...nothing,
    changes: [
      ...(found.seen
        ? [{ kind: "cleaner.uninstall", package: found.value.name, version: found.value.version } as const]
        : []),
      { kind: "cleaner.remove" },
    ],
    drift: [{ aspect: "cleaner", have: "installed", want: "none" }],
  };
};

/** We have no bytes of another version's files. */
const filesLeft = ({ run, before }: Touched, facts: Facts, put: Put): Part => {
  const replaced = (["method", "manifest"] as const).some(
    (file) => textOf(facts.cleanerFiles[file]) === put[file] && textOf(before.cleanerFiles[file]) !== put[file],
  );
  return replaced
    ? { ...nothing, left: [`the cleaner's files of run ${run} stay: those before are not kept`] }
    : nothing;
};

const packageLeft = (touched: Touched, facts: Facts, put: Put): Part => {
  const is = nameOf(packageOf(facts));
  const ours = put.kind === "cleaner.package" && is === fmriName(put.fmri) && is !== nameOf(packageOf(touched.before));
  const gone = changesOf(touched, "cleaner.uninstall").map(
    ({ package: name, version }) => `package ${name} ${version}, which the run uninstalled, is not installed again`,
  );
  return { ...nothing, left: [...(ours ? [`package ${is} stays`] : []), ...gone] };
};

/** A cleaner that the run removed comes back where its files were those we have. */
const removedPart = (touched: Touched, facts: Facts, payload: Payload): Part => {
  const { before } = touched;
  const { method, manifest } = before.cleanerFiles;
  if (isBare(before)) return nothing;
  if (facts.cleaner.seen && filesThere(facts)) return broughtBack(before, facts, facts.cleaner.value);
  const ours = textOf(method) === payload.method && textOf(manifest) === payload.manifest && before.cleaner.seen;
  if (!ours || packageOf(before).seen || changesOf(touched, "cleaner.uninstall").length > 0)
    return { ...nothing, left: ["the cleaner that the run removed is not kept: a rollout installs this version's"] };
  return {
    ...nothing,
    changes: [
      { kind: "cleaner.install", method: payload.method, manifest: payload.manifest },
      { kind: "cleaner.configure", properties: policyOf(before.cleaner.value, POLICY) },
      { kind: isEnabled(before.cleaner) ? "cleaner.enable" : "cleaner.disable" },
    ],
    drift: [{ aspect: "cleaner", have: "none", want: "installed" }],
  };
};

/** It is there again: by our own hand, which may not have come to its policy, or by another's. */
const broughtBack = ({ cleaner: then, cleanerFiles }: Facts, facts: Facts, now: CleanerFacts): Part => {
  if (!then.seen) return nothing;
  const was = policyOf(then.value, POLICY);
  const is = policyOf(now, POLICY);
  const differ = Object.keys(was).filter((name) => is[name] !== was[name]);
  if (!sameFiles({ cleanerFiles }, facts) || (isSettled(is) && differ.length > 0))
    return stale("the cleaner that is there was installed by somebody else since the run removed it");
  const policy: Part =
    differ.length === 0
      ? nothing
      : {
          ...nothing,
          changes: [{ kind: "cleaner.configure", properties: was }],
          drift: [propertiesDrift(differ, is, was)],
        };
  return joined([policy, stateBack(isEnabled(then), isEnabled(facts.cleaner))]);
};

const sameFiles = (a: Pick<Facts, "cleanerFiles">, b: Facts): boolean =>
  (["method", "manifest"] as const).every((file) => textOf(a.cleanerFiles[file]) === textOf(b.cleanerFiles[file]));

/** What a rollout sets: see `cleanerProperties`. */
const POLICY = [
  "periodic/period",
  "periodic/jitter",
  "config/dataset",
  "config/directory",
  "config/headroom",
  "config/target_free",
  "config/min_age",
  "config/order",
];

const policyOf = ({ properties }: CleanerFacts, names: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    names.flatMap((name) => {
      const value = properties[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );

/** Properties that the run set, where each is still as it set it, or as it was. */
const policyPart = (touched: Touched, facts: Facts): Part => {
  const [set] = changesOf(touched, "cleaner.configure");
  const { cleaner: then } = touched.before;
  if (set === undefined) return nothing;
  if (!facts.cleaner.seen) return then.seen ? stale("the cleaner's service is not there any more") : nothing;
  const was = then.seen ? then.value.properties : {};
  const is = facts.cleaner.value.properties;
  // What was not set before is judged where all of it was: a new one has its manifest's values until then.
  const judged = (name: string): boolean => (then.seen ? was[name] !== undefined : isSettled(is));
  const strange = Object.entries(set.properties).filter(
    ([name, left]) => judged(name) && is[name] !== left && is[name] !== was[name],
  );
  if (strange.length > 0) return joined(strange.map(([name, left]) => strangeProperty(name, left, is, was)));
  const changed = Object.keys(set.properties).filter((name) => is[name] !== was[name]);
  const back = changed.filter((name) => was[name] !== undefined);
  const left = changed
    .filter((name) => was[name] === undefined)
    .map((name) => `the cleaner's ${name}, which was not set, stays ${is[name]}`);
  if (!then.seen || back.length === 0) return { ...nothing, left };
  return {
    ...nothing,
    // All of them: what is still to be done of an accepted plan must be the same change.
    changes: [{ kind: "cleaner.configure", properties: policyOf(then.value, Object.keys(set.properties)) }],
    drift: [propertiesDrift(back, is, was)],
    left,
  };
};

type Properties = Readonly<Record<string, string>>;

/** The manifest leaves it empty, and all are set in one call. */
const isSettled = (properties: Properties): boolean => (properties["config/dataset"] ?? "") !== "";

const strangeProperty = (name: string, left: string, is: Properties, was: Properties): Part =>
  stale(
    `the cleaner's ${name} is ${is[name] ?? "not set"}: the run set it to ${left}, it was ${was[name] ?? "not set"}`,
  );

const propertiesDrift = (names: readonly string[], is: Properties, was: Properties): Drift => {
  const words = (values: Properties): string => names.map((name) => `${name}=${values[name] ?? "unset"}`).join(" ");
  return { aspect: "cleaner-properties", have: words(is), want: words(was) };
};

const isEnabled = (cleaner: Observed<CleanerFacts>): boolean =>
  cleaner.seen && cleaner.value.service.state !== "disabled";

/** Whether it is enabled; how it does besides (offline, in maintenance) is nobody's will. */
const statePart = (touched: Touched, facts: Facts): Part => {
  const { cleaner: then } = touched.before;
  const [enable] = changesOf(touched, "cleaner.enable");
  const [disable] = changesOf(touched, "cleaner.disable");
  if (!then.seen || !facts.cleaner.seen || (enable === undefined && disable === undefined)) return nothing;
  return stateBack(isEnabled(then), isEnabled(facts.cleaner));
};

const stateBack = (was: boolean, is: boolean): Part => {
  if (is === was) return nothing;
  const words = (on: boolean): string => (on ? "enabled" : "disabled");
  return {
    ...nothing,
    changes: [{ kind: was ? "cleaner.enable" : "cleaner.disable" }],
    drift: [{ aspect: "cleaner-state", have: words(is), want: words(was) }],
  };
};
