/** What a real pool has in or around the old cache. */
import { CANARY, CONF, cacheAt, image, OLD, type Situation } from "./situation.ts";

const DATASET = "rpool/ROOT/solaris/var";

/** Shell: how a node with a pool is before it is arranged; its old cache lies on the pool. */
export const usualOnPool = `printf '%s\\n' '[DEFAULT]' glancecache_dirname=/export/nova/images >>${CONF} && touch -d '90 days ago' ${CONF}
${cacheAt("/export/nova/images", [4, 5])}${cacheAt(OLD)}${cacheAt(CANARY, [1, 2, 3])}${cacheAt("/var/lib/nova/images-2")}
echo above >/var/lib/nova/${image(7)}
`;

export const pool: readonly Situation[] = [
  {
    id: "dataset-inside",
    danger: "a dataset is mounted in the old cache, with images in it",
    pool: true,
    arrange: `zfs create -o mountpoint=${OLD}/more rpool/export/more && ${cacheAt(`${OLD}/more`)}`,
    comes: { outcome: "refused", code: "E_IN_USE", says: `${OLD} has a file system mounted in it: ${OLD}/more` },
    because: "What is mounted at it or below it is asked of the kernel",
  },
  {
    id: "snapshot-holds",
    danger: "a snapshot holds the images: removing them frees nothing",
    pool: true,
    arrange: `zfs snapshot ${DATASET}@kept`,
    comes: { outcome: "changed" },
    because: "No snapshot is ever destroyed; the plan says what one holds",
  },
];
