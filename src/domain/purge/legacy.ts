import type { Change } from "../change.ts";
import { isConfNewer } from "../drift.ts";
import type { Facts } from "../facts.ts";
import type { AbsPath } from "../ids.ts";
import { type Refusal, refusal, some } from "../outcome.ts";
import { bootRefusal, confRefusal, lockRefusal, serviceRefusal } from "../refusals.ts";
import { size } from "../size.ts";
import { isoTime } from "../time.ts";
import type { PlaceFacts, PurgeFacts } from "./facts.ts";
import { blindness, type Findings, lookOf, nothing, type PurgeQuestion, zoneRefusal } from "./findings.ts";
import { placeRefusals } from "./place-refusals.ts";
import { freedRange, heldWords, holdersOf } from "./space.ts";

/** What goes from the image caches that are no longer in force. */
export const legacyFindings = (facts: Facts, { accepted, asked, settings }: PurgeQuestion<"legacy">): Findings => {
  const purge = lookOf(facts);
  const places = Object.entries(purge.places).flatMap(([path, place]) =>
    place.seen ? [[path, place.value] as const] : [],
  );
  const full = places.filter(([, place]) => place.images.count + place.markers.count + place.included.count > 0);
  // Nobody asked for it by name, and it is not ours to empty: the others go all the same.
  const left = settings.legacyDirs === "auto" ? full.filter(([, place]) => isMountpoint(place, purge)) : [];
  const trash = full.filter((one) => !left.includes(one));
  const notes = [
    ...places.flatMap(([path, place]) => foreignNote(path, place)),
    ...left.map(
      ([path, place]) =>
        `${path} stays, ${filesWords(place)}: it is a file system of its own, ${place.dataset}; zfs destroy is the way when nobody needs it`,
    ),
    ...purge.odd.map((path) => `${path} was a cache once, by a backup of nova.conf: no path that can be looked at`),
  ];
  const refusals = [
    ...blindness([
      ["nova-compute's state", facts.service, false],
      ["nova.conf", facts.conf, false],
      ["the zones being installed", facts.incompleteZones, false],
      ["the boot environments", facts.bootEnvironments, false],
      ["the mounted file systems", purge.mounts, false],
      ["the cache in use", purge.inForce, true],
      ...Object.entries(purge.kept).map(([name, at]) => [name, at, true] as const),
      ...Object.entries(purge.places).map(([path, place]) => [path, place, true] as const),
      ...trash.map(([path, place]) => [`what is open in ${path}`, place.open, false] as const),
      ["the host's lock", facts.lock, true],
    ]),
    ...lockRefusal(facts, accepted),
    ...serviceRefusal(facts),
    ...bootRefusal(facts, accepted),
    ...confRefusal(facts),
    ...notInForce(facts),
    ...zoneRefusal(facts),
    ...trash.flatMap(([path, place]) => placeRefusals(path, place, purge, settings.cacheOwner)),
  ];
  // Where nothing is to be done no reason not to do it matters.
  if (trash.length === 0 && !refusals.some(({ code }) => code === "E_BLIND")) return { ...nothing, notes };
  return {
    refusals,
    changes: trash.map(([path, place]) => removal(path, place, purge, asked.includeForeign)),
    drift: trash.map(([path, place]) => ({ aspect: "legacy", have: `${filesWords(place)} in ${path}`, want: "none" })),
    notes: [
      ...notes,
      ...trash.flatMap(([, place]) => heldWords(place.space.heldBytes, holdersOf(place.space, purge.clones))),
    ],
  };
};

const isMountpoint = ({ real }: PlaceFacts, { mounts }: PurgeFacts): boolean =>
  mounts.seen && mounts.value.includes(real);

const removal = (path: AbsPath, place: PlaceFacts, purge: PurgeFacts, include: readonly string[]): Change => ({
  kind: "legacy.remove",
  path,
  real: place.real,
  inode: place.inode,
  owner: place.owner,
  dataset: place.dataset,
  include,
  files: place.images.count + place.markers.count + place.included.count,
  bytes: place.images.bytes + place.markers.bytes + place.included.bytes,
  freed: freedRange(place.space),
  heldBytes: place.space.heldBytes,
  heldBy: holdersOf(place.space, purge.clones),
});

const filesWords = ({ images, markers, included }: PlaceFacts): string => {
  const others = markers.count + included.count;
  const count = `${images.count} ${images.count === 1 ? "image" : "images"}${others === 0 ? "" : ` and ${others} other files`}`;
  return `${count}, ${size(images.bytes + markers.bytes + included.bytes)}`;
};

const foreignNote = (path: AbsPath, { foreign }: PlaceFacts): readonly string[] =>
  foreign.count === 0
    ? []
    : [
        `${path} keeps ${foreign.count} ${foreign.count === 1 ? "entry that is no image" : "entries that are no images"}: ${some(foreign.first.map(({ name, kind }) => (kind === "directory" ? `${name}/` : name)))}`,
      ];

/** Whoever runs since before the file was changed may still use the old cache, whatever the file says. */
const notInForce = (facts: Facts): readonly Refusal[] => {
  if (facts.service.seen && facts.service.value.state === "disabled") return [];
  if (!isConfNewer(facts)) return [];
  const changed = facts.conf.seen ? isoTime(facts.conf.value.mtime) : "?";
  const started = facts.service.seen ? isoTime(Number(facts.service.value.since)) : "?";
  return [
    refusal(
      "E_NOT_IN_FORCE",
      `nova.conf was changed at ${changed} and nova-compute runs since ${started}: it may still use the old cache`,
      "restart nova-compute first; a rollout does it when it owes the restart",
    ),
  ];
};
