import type { Change } from "../change.ts";
import { inForceOf } from "../desired.ts";
import type { Facts } from "../facts.ts";
import type { AbsPath } from "../ids.ts";
import type { Drift } from "../plan.ts";
import { confRefusal, lockRefusal } from "../refusals.ts";
import type { Settings } from "../settings.ts";
import { size } from "../size.ts";
import type { CacheChoice } from "./asked.ts";
import { blindness, type Findings, lookOf, nothing, type PurgeQuestion, zoneRefusal } from "./findings.ts";
import { freedRange, heldWords, holdersOf } from "./space.ts";

/** The cleaner's flags: the policy of the settings, and what was chosen instead of what the quota asks for. */
export const cacheFlags = (
  settings: Settings,
  directory: AbsPath,
  dataset: string,
  choice: CacheChoice,
): readonly string[] => [
  ...["--directory", directory, "--dataset", dataset],
  ...policyFlags(settings),
  ...choiceFlags(settings, choice),
];

/** Numbers and words: nothing in them means anything to a shell. */
export const policyFlags = (settings: Settings): readonly string[] => [
  ...["--headroom", String(settings.cacheHeadroomBytes), "--target-free", String(settings.cacheTargetFreeBytes)],
  ...["--min-age", String(settings.cacheMinAgeS), "--order", settings.cacheOrder],
];

/** `--to-limit`: where a quota of that size leaves the headroom free, so that a rollout can set it. */
export const choiceFlags = (settings: Settings, choice: CacheChoice): readonly string[] => {
  switch (choice.kind) {
    case "policy":
      return [];
    case "to-limit":
      return ["--to-limit", String(Math.max(0, settings.cacheQuotaBytes - settings.cacheHeadroomBytes))];
    case "older-than":
      return ["--older-than", String(choice.seconds)];
    case "image":
      return choice.images.flatMap((image) => ["--image", image]);
    case "all-unused":
      return ["--all-unused"];
  }
};

/** What goes from the directory in force: the cleaner said so itself. */
export const cacheFindings = (facts: Facts, question: PurgeQuestion<"cache">): Findings => {
  const purge = lookOf(facts);
  const directory = inForceOf(facts);
  const eviction = purge.eviction;
  const there = directory === undefined ? undefined : facts.directories[directory];
  if (there !== undefined && !there.seen && there.why === "absent")
    return { ...nothing, notes: [`${directory} is not there yet`] };
  const place = directory === undefined ? undefined : purge.places[directory];
  const refusals = [
    ...blindness([
      ["nova.conf", facts.conf, false],
      ["the zones being installed", facts.incompleteZones, false],
      ["the host's lock", facts.lock, true],
      ["the cache in use", place, false],
      ["what the cleaner would take", eviction, false],
    ]),
    ...lockRefusal(facts, question.accepted),
    ...confRefusal(facts),
    ...zoneRefusal(facts),
  ];
  if (refusals.length > 0 || directory === undefined || !place?.seen || !eviction?.seen)
    return { ...nothing, refusals };
  const { images, bytes, leftovers, leftoverBytes, words, notes, space } = eviction.value;
  const held = heldWords(space.heldBytes, holdersOf(space, purge.clones));
  const files = images + leftovers;
  if (files === 0) return { ...nothing, notes: [...notes, words] };
  const change: Change = {
    kind: "cache.evict",
    directory,
    dataset: place.value.dataset,
    owner: place.value.owner,
    flags: cacheFlags(question.settings, directory, place.value.dataset, question.asked.choice),
    files,
    bytes: bytes + leftoverBytes,
    freed: freedRange(space),
    heldBytes: space.heldBytes,
    heldBy: holdersOf(space, purge.clones),
  };
  const drift: Drift = {
    aspect: "images",
    have: `${images} ${images === 1 ? "image" : "images"}${leftovers === 0 ? "" : ` and ${leftovers} leftovers`}, ${size(change.bytes)} to evict from ${directory}`,
    want: "none",
  };
  return {
    refusals: [],
    changes: [change],
    drift: [drift],
    notes: [...notes, ...held, ...(words.startsWith("still ") ? [words] : [])],
  };
};
