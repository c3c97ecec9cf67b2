import { isInside } from "../desired.ts";
import type { AbsPath } from "../ids.ts";
import { type Refusal, refusal, some } from "../outcome.ts";
import type { PlaceFacts, PurgeFacts } from "./facts.ts";

/** What belongs to the system, whatever lies in it. */
const systemTrees: readonly AbsPath[] = [
  ...["/bin", "/boot", "/dev", "/devices", "/etc", "/kernel", "/lib", "/net", "/platform", "/proc", "/root", "/rpool"],
  ...["/sbin", "/system", "/tmp", "/usr", "/var/adm", "/var/audit", "/var/cores", "/var/crash", "/var/log"],
  ...["/var/mail", "/var/pkg", "/var/run", "/var/sadm", "/var/share/audit", "/var/share/cores", "/var/share/crash"],
  ...["/var/share/mail", "/var/spool", "/var/svc", "/var/tmp"],
];
/** Directories that many share: what lies below one of them may be a cache, they are none. */
const sharedDirectories: readonly AbsPath[] = ["/export/home", "/var/lib", "/var/opt", "/var/share"];

/** Whether a path is the system's own, or shared by many: never a cache. */
export const isSystemDirectory = (path: AbsPath): boolean =>
  path.split("/").length < 3 ||
  sharedDirectories.includes(path) ||
  systemTrees.some((tree) => isInside(path, tree)) ||
  /^\/export\/home\/[^/]+$/.test(path);

/** Why nothing may be taken from a directory of the past; empty when it may. `path` is its name, as it was given. */
export const placeRefusals = (
  path: AbsPath,
  place: PlaceFacts,
  purge: PurgeFacts,
  cacheOwner: string,
): readonly Refusal[] => [
  ...linkRefusal(path, place),
  ...systemRefusal(path, place),
  ...ownerRefusal(path, place, cacheOwner),
  ...useRefusal(path, place, purge),
  ...mountRefusal(path, place, purge),
  ...looksRefusal(path, place),
  ...openRefusal(path, place),
];

const linkRefusal = (path: AbsPath, { links }: PlaceFacts): readonly Refusal[] => {
  const last = links.find((link) => link.path === path);
  if (last !== undefined)
    return [refusal("E_PATH_LINK", `${path} is a link`, "name the directory it leads to in legacy_dirs")];
  const movable = links.find(({ owner }) => owner !== "root");
  return movable === undefined
    ? []
    : [
        refusal(
          "E_PATH_LINK",
          `${movable.path}, on the way to ${path}, is a link that ${movable.owner} may turn elsewhere`,
          "put a directory there, or name the real path in legacy_dirs",
        ),
      ];
};

const systemRefusal = (path: AbsPath, { real }: PlaceFacts): readonly Refusal[] => {
  const bad = [path, real].find(isSystemDirectory);
  return bad === undefined ? [] : [refusal("E_NOT_CACHE", `${bad} is a directory of the system`, "mend legacy_dirs")];
};

/** nova-compute fills its cache as its own user. Files named so of another's, Glance's store say, are no cache of it. */
const ownerRefusal = (path: AbsPath, { owner }: PlaceFacts, cacheOwner: string): readonly Refusal[] =>
  owner === cacheOwner
    ? []
    : [
        refusal(
          "E_NOT_CACHE",
          `${path} belongs to ${owner}, not to ${cacheOwner}`,
          "look what it is; an image cache is of the user that cache_owner names",
        ),
      ];

/** Nova's directories, each with its name and whether what lies inside it belongs to it. */
const inUse = ({ inForce, kept }: PurgeFacts) => [
  { name: "the cache in use", at: inForce, closed: true },
  { name: "the instances path", at: kept["instances_path"], closed: true },
  { name: "state_path", at: kept["state_path"], closed: false },
  { name: "nova's home", at: kept["home"], closed: false },
];

const useRefusal = (path: AbsPath, { real }: PlaceFacts, purge: PurgeFacts): readonly Refusal[] =>
  inUse(purge).flatMap(({ name, at, closed }) => {
    if (!at?.seen) return [];
    if (isInside(at.value, real)) {
      const words = at.value === real ? `${path} is ${name}` : `${path} holds ${name}, ${at.value}`;
      return [refusal("E_IN_USE", words, "mend legacy_dirs")];
    }
    return closed && isInside(real, at.value)
      ? [refusal("E_IN_USE", `${path} lies inside ${name}, ${at.value}`, "mend legacy_dirs")]
      : [];
  });

const mountRefusal = (path: AbsPath, { real }: PlaceFacts, { mounts }: PurgeFacts): readonly Refusal[] => {
  const inside = mounts.seen ? mounts.value.filter((mount) => isInside(mount, real)) : [];
  if (inside.length === 0) return [];
  return [
    inside.includes(real)
      ? refusal("E_IN_USE", `${path} is a file system of its own`, "zfs destroy is the way, when nobody needs it")
      : refusal("E_IN_USE", `${path} has a file system mounted in it: ${some(inside)}`, "unmount it first"),
  ];
};

/** A directory with a stray file that is named like an image is none. */
const looksRefusal = (path: AbsPath, { images, markers, foreign }: PlaceFacts): readonly Refusal[] =>
  // What was named to go was looked at by whoever named it.
  foreign.count <= images.count + markers.count
    ? []
    : [
        refusal(
          "E_NOT_CACHE",
          `${path} does not look like an image cache: ${images.count} images among ${foreign.count} other entries`,
          "look what it is; move away what is no image, or take it out of legacy_dirs",
        ),
      ];

const openRefusal = (path: AbsPath, { open, busy }: PlaceFacts): readonly Refusal[] => [
  ...(open.seen && open.value.length > 0
    ? [refusal("E_BUSY", `open in ${path}: ${some(open.value)}`, "run again when nothing uses it")]
    : []),
  ...busyRefusal(path, busy),
];

/** A marker that is not old enough to be forgotten is a download's, however slow that is. */
const busyRefusal = (path: AbsPath, busy: readonly string[]): readonly Refusal[] => {
  const markers = busy.filter((name) => name.endsWith(".downloading"));
  const others = busy.filter((name) => !name.endsWith(".downloading"));
  const hint = "somebody still uses it: look who";
  return [
    ...(markers.length > 0
      ? [refusal("E_BUSY", `an image is being downloaded to ${path}: ${some(markers)}`, hint)]
      : []),
    ...(others.length > 0 ? [refusal("E_BUSY", `written a moment ago in ${path}: ${some(others)}`, hint)] : []),
  ];
};
