/** A situation in which a purge could take what it must not, as data: what is dangerous, how a node comes to be in it, what must come. */

import type { RealNode } from "../fleet/node.ts";

/** What must have become of the host. */
export type Comes =
  /** Nothing was done: each reason with its code and its sentence. */
  | { readonly outcome: "refused"; readonly code: string; readonly says: string | RegExp }
  /** Something changed after the plan: it was begun, and not all of it was done. */
  | { readonly outcome: "failed"; readonly code: string; readonly says: string | RegExp }
  /** What may go went, and nothing else. */
  | { readonly outcome: "changed" | "in-sync" };

/** What another hand does once the plan is accepted: the first time the script, in its lock, calls the tool so. */
export interface Between {
  readonly tool: "beadm" | "digest" | "fuser" | "mount" | "rm" | "su" | "zfs" | "zoneadm";
  /** Pattern of its arguments, as the shell's `case` has it; any when left out. */
  readonly when?: string;
  /** Shell, as the user who calls the tool. */
  readonly does: string;
}

export interface Situation {
  readonly id: string;
  /** The node's name, where situations share one: each with a directory of its own, or each with its file. */
  readonly on?: string;
  /** One sentence, for a person who reads the table. */
  readonly danger: string;
  /** Why nothing else can go, for the same person. */
  readonly because: string;
  /** The node has a real pool, and the old cache lies on it. */
  readonly pool?: true;
  /** Host variables, without their prefix. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Shell, as root on the node, which is `usual` already. */
  readonly arrange?: string;
  /** A program of user nova that runs as long as the node does, and has begun when it printed a line. */
  readonly beside?: string;
  readonly between?: Between;
  readonly comes: Comes;
  /** Paths that have gone, where it is not all of the old cache's images after `changed` and none otherwise. */
  readonly goes?: readonly string[];
}

export const OLD = "/var/lib/nova/images";
export const CACHE = "/var/share/nova/images";
export const CONF = "/etc/nova/nova.conf";
export const STATE = "/.node/state";
/** Files beside every path: named like images, and nova's, so that no owner and no mode saves them. */
export const CANARY = "/srv/canary";

/** Names of images. */
export const image = (n: number): string => `${String(n).padStart(8, "0")}-aaaa-4bbb-8ccc-dddddddddddd`;
const isImage = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
export const oldImages: readonly string[] = [1, 2, 3].map((n) => `${OLD}/${image(n)}`);

/** Shell: makes DIR an image cache of nova's with these images, changed long ago. */
export const cacheAt = (dir: string, images: readonly number[] = [1, 2, 3]): string =>
  `mkdir -p '${dir}' && (cd '${dir}' && ${images.map((n) => `echo '${dir}' ${n} >${image(n)}`).join(" && ")} && touch -d '40 days ago' ${images.map(image).join(" ")}) && chown -R nova:nova '${dir}'
`;

/** The node that is in the situation. */
export const nodeOf = ({ id, on = id }: Situation): string => on;

/**
 * Shell: how every node is before it is arranged, in directories made anew (overlayfs renames no others): an old cache, the one in force, and canaries above, beside, below and
 * elsewhere. The simulated zfs does not measure what lies in this machine's /var.
 */
export const usual = `rm -rf /var/lib/nova /var/share/nova && mkdir -m 700 /var/lib/nova
${cacheAt(OLD)}${cacheAt(CACHE, [4, 5])}${cacheAt(CANARY, [1, 2, 3, 4, 5])}${cacheAt("/var/lib/nova/images-2")}${cacheAt(`${CANARY}/images`)}
echo above >/var/lib/nova/${image(7)}; echo beside >/var/lib/beside; echo instances >/var/lib/nova/beside
mkdir -p /var/lib/nova/instances /opt/kept; echo kept >/opt/kept/${image(1)}
chown -R nova:nova /var/lib/nova
sed -i 's/measured\\(.\\)yes/measured\\1no/' ${STATE}/zfs
`;

/** Where whatever a purge could reach lies. */
const WATCHED =
  "/var/lib/nova /var/lib/nova.away /var/lib/beside /var/lib/glance /var/share /srv /opt /export /etc/nova /usr/lib/images /mnt /tmp /var/tmp /root /rpool";

/** Shell: every file, directory and link there with its content's digest, apart by NUL; and the boot environments. */
export const listing = `for dir in ${WATCHED}; do [ ! -e $dir ] || find $dir -type f -print0 2>/dev/null; done | LC_ALL=C sort -z | xargs -0 -r sha256sum -z
for dir in ${WATCHED}; do [ ! -e $dir ] || find $dir ! -type f -printf '%y %m %u %l  %p\\0'; done | LC_ALL=C sort -z
sed 's/^\\([^;]*\\);.*/&  be \\1/' ${STATE}/be | tr '\\n' '\\0'
`;

/** The paths of a listing, each with all that is said of it. */
const entries = (text: string): ReadonlyMap<string, string> =>
  new Map(
    text
      .split("\0")
      .filter((row) => row !== "")
      .map((row) => [row.slice(row.indexOf("  ") + 2), row] as const),
  );

/** Who calls the tool, and so does what the situation says. */
const callerOf = ({ tool }: Between): "nova" | "root" => (tool === "rm" ? "nova" : "root");

/** Where a node keeps its listing of the moment after another hand was at it. */
const LISTED = "/.node/hook/listed";

/** Where the scripts have their tools from: src/remote/sh/tools.txt. */
const places: Readonly<Record<Between["tool"], string>> = {
  beadm: "/usr/sbin",
  digest: "/usr/bin",
  fuser: "/usr/sbin",
  mount: "/usr/sbin",
  rm: "/usr/bin",
  su: "/usr/bin",
  zfs: "/usr/sbin",
  zoneadm: "/usr/sbin",
};

/** Shell: has TOOL do what the situation says first, once; what lies there then is what may not change. */
export const hooked = (between: Between): string => `mkdir -m 1777 /.node/hook
at=${places[between.tool]}/${between.tool} && cp -p "$at" /.node/hook/real
cat >/.node/hook/does <<'DOES'
${between.does}
cd /
${listing.replaceAll("\n", " >>/.node/hook/new\n")}mv /.node/hook/new ${LISTED}
DOES
cat >/.node/hook/tool <<'TOOL'
#!/usr/bin/dash
if [ -d /system/volatile/novasweep.lock ] && mkdir /.node/hook/done 2>/dev/null; then
  case "$*" in
    ${between.when ?? "*"}) /usr/bin/dash /.node/hook/does </dev/null >/.node/hook/said 2>&1 ;;
    *) rmdir /.node/hook/done ;;
  esac
fi
exec /.node/hook/real "$@"
TOOL
chmod 755 /.node/hook/tool /.node/hook/does
mv /.node/hook/tool "$at"
`;

export interface Compared {
  readonly gone: readonly string[];
  readonly altered: readonly string[];
  readonly fresh: readonly string[];
}

/** What has become of what lay there: since `before`, or since another hand was at it. */
export const compare = (node: RealNode, before: string, between?: Between): Compared => {
  const user = between === undefined ? "root" : callerOf(between);
  const was = entries(between === undefined ? before : node.read(LISTED));
  const now = entries(node.run(["/usr/bin/dash", "-c", listing], { user }).out);
  return {
    gone: [...was.keys()].filter((path) => !now.has(path)).sort(),
    altered: [...was.keys()].filter((path) => now.has(path) && now.get(path) !== was.get(path)).sort(),
    fresh: [...now.keys()].filter((path) => !was.has(path)).sort(),
  };
};

/** Images that lay in the old cache: plain files that are named so. */
export const imagesOf = (before: string): readonly string[] =>
  [...entries(before)]
    .filter(
      ([path, row]) =>
        /^[0-9a-f]{64} /.test(row) && isImage.test(path.slice(OLD.length + 1)) && path.startsWith(`${OLD}/`),
    )
    .map(([path]) => path);
