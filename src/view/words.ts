/** The words every view uses: one word for one thing, as in docs/vocabulary.md. May import domain only. */
import type { Change, StepKind } from "../domain/change.ts";
import type { Asked, CommandName, Publication } from "../domain/event.ts";
import type { Bytes } from "../domain/ids.ts";
import type { Outcome, Phase } from "../domain/outcome.ts";
import type { Aspect, Drift } from "../domain/plan.ts";
import type { CacheChoice, PurgeAsked } from "../domain/purge/asked.ts";
import { unreachable } from "../domain/result.ts";
import { visibleSafe } from "../domain/safe-text.ts";
import { size } from "../domain/size.ts";
import type { Tally } from "../domain/tally.ts";
import { purgeWords } from "./purge-words.ts";
import { duration } from "./quantities.ts";

/** An outcome as it is written for a person. */
export const outcomeWords: Readonly<Record<Outcome, string>> = {
  "in-sync": "in sync",
  changed: "changed",
  drifted: "drifted",
  refused: "refused",
  failed: "failed",
  unreachable: "unreachable",
  unknown: "unknown",
  skipped: "skipped",
};

/** The same for a host of one command: what a command of the operator's changed nobody knows, it ran. */
export const outcomeWord = (outcome: Outcome, command: CommandName | undefined): string => {
  if (command === "exec" && outcome === "changed") return "ran";
  return (command === "package" ? publishingWords[outcome] : undefined) ?? outcomeWords[outcome];
};

/** What became of a package, told by the one host it went through. */
const publishingWords: Readonly<Partial<Record<Outcome, string>>> = {
  changed: "published",
  "in-sync": "already published",
  drifted: "not published",
};

/** What accepting a run lets it do to its hosts, `3 hosts to change`. */
export const purposeWords: Readonly<Record<CommandName, string>> = {
  rollout: "to change",
  rollback: "to roll back",
  purge: "to purge",
  status: "to look at",
  exec: "to run it on",
  package: "to publish through",
};

/** What `package` publishes where. */
export const publicationWords = ({ fmri, repository, digest }: Publication): string =>
  visibleSafe(`${fmri} to ${repository} (content ${digest.slice(0, 12)})`);

/** What `purge` takes out. */
export const purgeAskedWords = (asked: PurgeAsked): string => {
  switch (asked.subject) {
    case "legacy":
      return ["image caches no longer in force", ...asked.includeForeign].join(", with ");
    case "cache":
      return `images in the directory in force: ${choiceWords(asked.choice)}`;
    case "boot-environments":
      return `boot environments older than ${duration(asked.olderThanS * 1000)}, keeping ${asked.keep}`;
  }
};

const choiceWords = (choice: CacheChoice): string => {
  switch (choice.kind) {
    case "policy":
      return "by the cleaner's policy";
    case "to-limit":
      return "down to the limit";
    case "older-than":
      return `unused for ${duration(choice.seconds * 1000)}`;
    case "image":
      return choice.images.join(", ");
    case "all-unused":
      return "all that may go";
  }
};

/** What `exec` was asked to run. */
export const askedWords = (asked: Asked): string =>
  asked.kind === "command"
    ? visibleSafe(asked.text)
    : `${visibleSafe(asked.file)} (${size(asked.bytes)}, SHA-256 ${asked.digest.slice(0, 12)})`;

/** Outcomes in the order they are read: what needs a person first. */
export const worstFirst: readonly Outcome[] = [
  "failed",
  "unknown",
  "unreachable",
  "refused",
  "skipped",
  "drifted",
  "changed",
  "in-sync",
];

/** What a host is at, as the screen says it. */
export const phaseWords: Readonly<Record<Phase, string>> = {
  queued: "queued",
  connecting: "connecting",
  probing: "probing",
  planned: "planned",
  running: "running",
  waiting: "waiting",
  applying: "applying",
  verifying: "verifying",
  settled: "settled",
};

/** A step as it is said while it runs. */
export const stepWords: Readonly<Record<StepKind, string>> = {
  "dataset.create": "creating the dataset",
  "dataset.quota": "setting the quota",
  "dataset.set": "setting the dataset's properties",
  "directory.own": "setting owner and mode",
  "idle-wait": "waiting until the node is idle",
  "write-proof": "proving that nova can write",
  "cleaner.install": "installing the cleaner",
  "cleaner.package": "installing the cleaner's package",
  "cleaner.uninstall": "uninstalling the cleaner's package",
  "cleaner.configure": "setting the cleaner's policy",
  "cleaner.enable": "enabling the cleaner",
  "cleaner.disable": "disabling the cleaner",
  "cleaner.remove": "removing the cleaner",
  "cache.migrate": "copying images",
  "conf.set": "editing nova.conf",
  "conf.restore": "putting nova.conf back",
  "compute.restart": "restarting nova-compute",
  "legacy.remove": "emptying an old cache",
  "cache.evict": "evicting images",
  "boot-environment.destroy": "destroying a boot environment",
  restore: "restoring nova.conf",
};

/** What a drift is about. */
export const aspectWords: Readonly<Record<Aspect, string>> = {
  dataset: "dataset",
  quota: "quota",
  canmount: "canmount",
  "auto-snapshot": "com.sun:auto-snapshot",
  snapshots: "snapshots",
  owner: "owner and mode",
  cleaner: "cleaner",
  "cleaner-package": "cleaner's package",
  "cleaner-files": "cleaner's files",
  "cleaner-properties": "cleaner's policy",
  "cleaner-state": "cleaner's state",
  conf: "glancecache_dirname",
  restart: "restart",
  legacy: "old cache",
  images: "images",
  "boot-environments": "boot environment",
};

/** One drift as a sentence: `quota: none, wanted 15.0 GiB`. */
export const driftWords = ({ aspect, have, want }: Drift): string =>
  `${aspectWords[aspect]}: ${visibleSafe(have, 120)}, wanted ${visibleSafe(want, 120)}`;

/** `1 host`, `212 hosts`. */
export const hostsWords = (count: number): string => `${count} ${count === 1 ? "host" : "hosts"}`;

/** `1st`, `2nd`, `5th`, `11th`. */
export const ordinal = (count: number): string => {
  const teen = count % 100 >= 11 && count % 100 <= 13;
  const ending = teen ? "th" : (["th", "st", "nd", "rd"][count % 10] ?? "th");
  return `${count}${ending}`;
};

/** Every outcome that occurred with its count, what needs a person first: `failed 2, changed 98`. `nothing` when none did. */
export const tallyWords = (tally: Tally, command: CommandName | undefined): string =>
  worstFirst
    .filter((outcome) => tally[outcome] > 0)
    .map((outcome) => `${outcomeWord(outcome, command)} ${tally[outcome]}`)
    .join(", ") || "nothing settled";

/** One intended effect as lines for a person; with `diff` those of a file's change follow, beginning with `-` and `+`. */
export const changeWords = (change: Change, diff: boolean): readonly string[] => {
  switch (change.kind) {
    case "dataset.create":
      return [`create dataset ${change.dataset}, mounted at ${change.mountpoint}, quota ${size(change.quotaBytes)}`];
    case "dataset.quota":
      return [`set quota of ${change.dataset}: ${quotaWords(change.from)} -> ${quotaWords(change.to)}`];
    case "dataset.set":
      return [`set ${change.property} of ${change.dataset}: ${valueWords(change.from)} -> ${valueWords(change.to)}`];
    case "directory.own":
      return [`own ${change.path}: ${change.owner}:${change.group} ${change.mode}`];
    case "cleaner.install":
      return [`install the cleaner (method ${change.method.slice(0, 12)}, manifest ${change.manifest.slice(0, 12)})`];
    case "cleaner.package":
      return [
        `install ${change.fmri}${change.origin === undefined ? "" : ` from ${change.origin}`}, in this boot environment`,
      ];
    case "cleaner.uninstall":
      return [`uninstall package ${visibleSafe(change.package, 120)} ${visibleSafe(change.version, 40)}`];
    case "cleaner.configure":
      return ["set the cleaner's policy", ...Object.entries(change.properties).map(policyWords)];
    case "cleaner.enable":
      return ["enable the cleaner"];
    case "cleaner.disable":
      return ["disable the cleaner"];
    case "cleaner.remove":
      return ["remove the cleaner"];
    case "cache.migrate":
      return [
        `copy images from ${change.from} to ${change.to}, newest first, as far as ${size(Math.max(0, change.quotaBytes - change.headroomBytes))} and ${duration(change.timeoutS * 1000)} go`,
      ];
    case "conf.set":
      return [
        `set ${change.key} in [${change.section}] of ${change.path} to ${change.to}`,
        ...(diff ? confDiff(change) : []),
      ];
    case "conf.restore":
      return [
        `put ${change.path} back as run ${change.run} found it: ${change.owner}:${change.group} ${change.mode}${change.directory === undefined ? "" : `, images in ${visibleSafe(change.directory, 120)}`}`,
      ];
    case "compute.restart":
      return [
        `restart nova-compute, ready within ${duration(change.timeoutS * 1000)}, then held ${duration(change.soakS * 1000)}${
          change.because === "owed" ? " (the restart an earlier run still owes)" : ""
        }`,
      ];
    case "legacy.remove":
    case "cache.evict":
    case "boot-environment.destroy":
      return purgeWords(change);
    default:
      return unreachable(change);
  }
};

const quotaWords = (bytes: Bytes): string => (bytes === 0 ? "none" : size(bytes));
const valueWords = (value: string): string => (value === "-" ? "unset" : value);

const policyWords = ([name, value]: readonly [string, string]): string => {
  const label = name.replace(/^(config|periodic)\//, "");
  if (/headroom|target_free/.test(name) && /^[0-9]+$/.test(value)) return `  ${label}: ${size(Number(value))}`;
  if (/min_age|period$|jitter/.test(name) && /^[0-9]+$/.test(value))
    return `  ${label}: ${duration(Number(value) * 1000)}`;
  return `  ${label}: ${visibleSafe(value, 120)}`;
};

/** Only our option and section headers are shown; any other line of nova.conf may hold a secret. */
const confDiff = ({ key, patch }: Extract<Change, { kind: "conf.set" }>): readonly string[] => [
  ...(patch.oldLine === undefined ? [] : confLines("-", key, patch.oldLine)),
  ...confLines("+", key, patch.newLine),
];

const confLines = (sign: "-" | "+", key: string, text: string): readonly string[] =>
  text
    .replace(/\r?\n$/, "")
    .split(/\r?\n/)
    .map(
      (line) => `  ${sign} ${isShown(key, line) ? visibleSafe(line, 200) : "(a line of another option, not shown)"}`,
    );

const isShown = (key: string, line: string): boolean =>
  new RegExp(`^\\s*(?:[#;]\\s*)*${key}\\s*[:=]`).test(line) || /^\s*\[[^\]]*\]\s*$/.test(line) || line.trim() === "";
