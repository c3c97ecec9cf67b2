/** What `purge` was asked for: one subject, and only the options that belong to it. */
import { KEEP_LEAST } from "../domain/boot-environments.ts";
import type { CacheChoice, PurgeAsked, PurgeSubject } from "../domain/purge/asked.ts";
import { type Complaint, err, ok, type Result } from "../domain/result.ts";
import { formats } from "./option-groups.ts";
import type { OptionValues } from "./option-values.ts";
import type { PurgeRequest, Surroundings } from "./request.ts";
import { connection, output, planned, selection, stateDir } from "./shared-values.ts";

/** Ten years: older than any image, and still a number of seconds a shell can hold. */
const maxAgeS = 3650 * 24 * 3600;
/** An old boot environment that nobody said the age of is a month old. */
const oldAgeS = 30 * 24 * 3600;
/** What one command line may name: more is another job. */
const maxNames = 100;
const maxKept = 1000;

export const buildPurgeRequest = (
  values: OptionValues,
  words: readonly string[],
  around: Surroundings,
): Result<PurgeRequest> => {
  const asked = askedFor(values);
  if (!asked.ok) return asked;
  return ok({
    command: "purge",
    ...selection(values, words, around),
    ...connection(values, around),
    ...planned(values),
    asked: asked.value,
    format: values.choice("format", formats) ?? "table",
    output: output(values, around),
    stateDir: stateDir(values, around),
  });
};

const subjects: readonly PurgeSubject[] = ["legacy", "cache", "boot-environments"];

/** Options that belong to some subjects only. */
const belongs: Readonly<Record<string, readonly PurgeSubject[]>> = {
  "include-foreign": ["legacy"],
  "to-limit": ["cache"],
  image: ["cache"],
  "all-unused": ["cache"],
  "older-than": ["cache", "boot-environments"],
  keep: ["boot-environments"],
};

const askedFor = (values: OptionValues): Result<PurgeAsked> => {
  const named = subjects.filter((subject) => values.flag(subject) === true);
  if (named.length > 1)
    return err(usage(`--${named.join(" and --")} are two purges`, "one at a time, each with its own plan"));
  const subject = named[0] ?? "legacy";
  const stray = Object.entries(belongs).find(([name, of]) => values.has(name) && !of.includes(subject));
  if (stray !== undefined)
    return err(usage(`--${stray[0]} goes with --${stray[1].join(" or --")}`, "novasweep purge --help"));
  switch (subject) {
    case "legacy":
      return legacy(values);
    case "cache":
      return cache(values);
    case "boot-environments":
      return bootEnvironments(values);
  }
};

/** A name that goes into a command, and is neither a path nor an option. */
const legacy = (values: OptionValues): Result<PurgeAsked> => {
  const includeForeign = values.texts("include-foreign");
  const bad = includeForeign.find((name) => !/^[A-Za-z0-9_.][A-Za-z0-9_.-]{0,127}$/.test(name) || /^\.\.?$/.test(name));
  if (bad !== undefined)
    return err(
      usage(
        `--include-foreign does not take ${JSON.stringify(bad)}`,
        "one file's name, of letters, digits, dot, dash and underscore; any other has to be removed by hand",
      ),
    );
  if (includeForeign.length > maxNames) return err(tooMany("include-foreign"));
  return ok({ subject: "legacy", includeForeign });
};

const cache = (values: OptionValues): Result<PurgeAsked> => {
  const given = ["to-limit", "older-than", "image", "all-unused"].filter((name) => values.has(name));
  if (given.length > 1) return err(usage(`--${given.join(" and --")} choose in two ways`, "one of them"));
  const choice = choiceOf(values, given[0]);
  return choice.ok ? ok({ subject: "cache", choice: choice.value }) : choice;
};

const choiceOf = (values: OptionValues, given: string | undefined): Result<CacheChoice> => {
  if (given === "to-limit" || given === "all-unused")
    return ok({ kind: values.flag(given) === true ? given : "policy" });
  if (given === "older-than")
    return ok({ kind: "older-than", seconds: values.duration("older-than", 0, maxAgeS) ?? 0 });
  if (given === undefined) return ok({ kind: "policy" });
  const images = values.texts("image");
  const bad = images.find((image) => !/^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$/.test(image));
  if (bad !== undefined)
    return err(usage(`--image does not take ${JSON.stringify(bad)}`, "an image's id, as glance image-list prints it"));
  return images.length > maxNames ? err(tooMany("image")) : ok({ kind: "image", images });
};

const bootEnvironments = (values: OptionValues): Result<PurgeAsked> => {
  if (!values.has("keep"))
    return err(usage("--boot-environments needs --keep N", `how many bootable ones stay, ${KEEP_LEAST} at least`));
  return ok({
    subject: "boot-environments",
    keep: values.count("keep", KEEP_LEAST, maxKept) ?? KEEP_LEAST,
    olderThanS: values.duration("older-than", 0, maxAgeS) ?? oldAgeS,
  });
};

const usage = (what: string, tryThis: string): Complaint => ({ code: "E_USAGE", what, try: tryThis });
const tooMany = (name: string): Complaint =>
  usage(`--${name} was given more than ${maxNames} times`, "fewer at a time, or another choice");
