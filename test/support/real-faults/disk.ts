/** What can be wrong with a node's file systems, for real: the kernel refuses. */
import type { RealNode } from "../fleet/node.ts";
import { moments } from "./hold.ts";
import { changed, failed, type Trouble } from "./trouble.ts";
import { CONF } from "./whole.ts";

const DIR = "/etc/nova";

const PAGE_BYTES = 4096;

/** A file system of its own over nova.conf's directory, with room for so many copies of the file. */
const roomFor = (node: RealNode, copies: number): string => {
  const pages = copies * Math.ceil(node.read(CONF).length / PAGE_BYTES);
  return `cp -a ${DIR} /.node/kept
owner=$(stat -c 'uid=%u,gid=%g,mode=%a' ${DIR})
mount -t tmpfs -o size=${pages * PAGE_BYTES},$owner full ${DIR}
cp -a /.node/kept/. ${DIR}/ && rm -rf /.node/kept`;
};

const MIB = 1024 ** 2;

/** A dataset of the node's real pool over nova.conf's directory, with a quota that leaves room for so many copies of the file. */
const quotaFor = (node: RealNode, copies: number): string => `cp -a ${DIR} /.node/kept-dir
owner=$(stat -c %u:%g ${DIR}) mode=$(stat -c %a ${DIR})
rm -rf ${DIR}
zfs.real create -o mountpoint=${DIR} rpool/conf
chown $owner ${DIR} && chmod $mode ${DIR}
cp -a /.node/kept-dir/. ${DIR}/ && rm -rf /.node/kept-dir
used=0
for try in $(seq 60); do
  used=$(zfs.real get -Hp -o value used rpool/conf)
  [ $used -lt ${node.read(CONF).length} ] || break
  sync && sleep 1
done
zfs.real set quota=$((used + ${Math.round(node.read(CONF).length * copies)})) rpool/conf`;

export const diskTroubles: readonly Trouble[] = [
  {
    name: "quota-exceeded",
    isVariant: true,
    spec: { poolBytes: 64 * MIB, images: [] },
    make: (node) => quotaFor(node, 0.5),
    lift: "zfs.real set quota=none rpool/conf",
    ends: failed("Disk quota exceeded"),
  },
  {
    name: "disk-full-build",
    make: (node) => roomFor(node, 1),
    lift: `mount -o remount,size=8m ${DIR}`,
    ends: failed("No space left on device"),
  },
  {
    name: "disk-full-backup",
    make: (node) => roomFor(node, 2),
    lift: `mount -o remount,size=8m ${DIR}`,
    ends: failed("No space left on device"),
  },
  {
    name: "disk-full-note",
    isVariant: true,
    make: (node) => roomFor(node, 3),
    lift: `mount -o remount,size=8m ${DIR}`,
    ends: failed("No space left on device"),
  },
  {
    name: "immutable",
    make: () => `chattr +i ${CONF}`,
    lift: `chattr -i ${CONF}`,
    ends: failed("Operation not permitted"),
  },
  {
    name: "busy-mount",
    make: () => `mount --bind ${CONF} ${CONF} && mount -o remount,bind,ro ${CONF}`,
    lift: `umount ${CONF}`,
    ends: failed("Device or resource busy"),
  },
  {
    name: "read-only",
    isVariant: true,
    make: () => `mount --bind ${DIR} ${DIR} && mount -o remount,bind,ro ${DIR}`,
    lift: `umount ${DIR}`,
    ends: failed("Read-only file system"),
  },
  {
    name: "read-only-late",
    at: moments.renamed,
    make: () => `mount --bind ${DIR} ${DIR} && mount -o remount,bind,ro ${DIR}`,
    lift: `umount ${DIR}`,
    ends: changed,
  },
  {
    name: "volatile-read-only",
    isVariant: true,
    make: () => "mount -t tmpfs -o ro,mode=755 ro /system/volatile",
    lift: "umount /system/volatile",
    ends: failed("no lock"),
  },
  {
    name: "volatile-full",
    make: () => `mount -t tmpfs -o size=4k,mode=755 full /system/volatile
dd if=/dev/zero of=/system/volatile/filler bs=4096 count=1 2>/dev/null`,
    lift: "umount /system/volatile",
    ends: failed("the record of the lock could not be written"),
  },
];

/** Decided by the restart's deadline, 240 s: /system/volatile is the script's own place, and swap can fill. */
export const volatileFills: Trouble = {
  name: "volatile-fills",
  prepare: "mount -t tmpfs -o size=64k,mode=755 room /system/volatile",
  at: moments.renamed,
  make: () => "dd if=/dev/zero of=/system/volatile/filler bs=4096 2>/dev/null || true",
  lift: "umount /system/volatile",
  ends: failed("not restored: /etc/nova/nova.conf could not be read", "E_RESTART"),
  leavesOwed: true,
};
