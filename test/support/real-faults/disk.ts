/** What can be wrong with a node's file systems, for real: the kernel refuses. */
import type { RealNode } from "../fleet/node.ts";
import { moments } from "./hold.ts";
import { changed, failed, type Trouble } from "./trouble.ts";
import { CONF } from "./whole.ts";

const DIR = "/etc/nova";

const PAGE_BYTES = 4096;

/** A file system of its own over nova.conf's directory, with room for so many copies of the file. */
const roomFor = (node: RealNode, copies: number): void => {
  const pages = copies * Math.ceil(node.read(CONF).length / PAGE_BYTES);
  node.sh(`cp -a ${DIR} /.node/kept
owner=$(stat -c 'uid=%u,gid=%g,mode=%a' ${DIR})
mount -t tmpfs -o size=${pages * PAGE_BYTES},$owner full ${DIR}
cp -a /.node/kept/. ${DIR}/ && rm -rf /.node/kept`);
};

export const diskTroubles: readonly Trouble[] = [
  {
    name: "disk-full-build",
    make: (node) => roomFor(node, 1),
    lift: (node) => void node.sh(`mount -o remount,size=8m ${DIR}`),
    ends: failed("No space left on device"),
  },
  {
    name: "disk-full-backup",
    make: (node) => roomFor(node, 2),
    lift: (node) => void node.sh(`mount -o remount,size=8m ${DIR}`),
    ends: failed("No space left on device"),
  },
  {
    name: "disk-full-note",
    make: (node) => roomFor(node, 3),
    lift: (node) => void node.sh(`mount -o remount,size=8m ${DIR}`),
    ends: failed("No space left on device"),
  },
  {
    name: "immutable",
    make: (node) => void node.sh(`chattr +i ${CONF}`),
    lift: (node) => void node.sh(`chattr -i ${CONF}`),
    ends: failed("Operation not permitted"),
  },
  {
    name: "busy-mount",
    make: (node) => void node.sh(`mount --bind ${CONF} ${CONF} && mount -o remount,bind,ro ${CONF}`),
    lift: (node) => void node.sh(`umount ${CONF}`),
    ends: failed("Device or resource busy"),
  },
  {
    name: "read-only",
    make: (node) => void node.sh(`mount --bind ${DIR} ${DIR} && mount -o remount,bind,ro ${DIR}`),
    lift: (node) => void node.sh(`umount ${DIR}`),
    ends: failed("Read-only file system"),
  },
  {
    name: "read-only-late",
    at: moments.renamed,
    make: (node) => void node.sh(`mount --bind ${DIR} ${DIR} && mount -o remount,bind,ro ${DIR}`),
    lift: (node) => void node.sh(`umount ${DIR}`),
    ends: changed,
  },
  {
    name: "volatile-read-only",
    make: (node) => void node.sh("mount -t tmpfs -o ro,mode=755 ro /system/volatile"),
    lift: (node) => void node.sh("umount /system/volatile"),
    ends: failed("no lock"),
  },
  {
    name: "volatile-full",
    make: (node) =>
      void node.sh(`mount -t tmpfs -o size=4k,mode=755 full /system/volatile
dd if=/dev/zero of=/system/volatile/filler bs=4096 count=1 2>/dev/null`),
    lift: (node) => void node.sh("umount /system/volatile"),
    ends: failed("the record of the lock could not be written"),
  },
];

/** Decided by the restart's deadline, 240 s: /system/volatile is the script's own place, and swap can fill. */
export const volatileFills: Trouble = {
  name: "volatile-fills",
  prepare: (node) => void node.sh("mount -t tmpfs -o size=64k,mode=755 room /system/volatile"),
  at: moments.renamed,
  make: (node) => void node.sh("dd if=/dev/zero of=/system/volatile/filler bs=4096 2>/dev/null || true"),
  lift: (node) => void node.sh("umount /system/volatile"),
  ends: failed("not restored: /etc/nova/nova.conf could not be read", "E_RESTART"),
  leavesOwed: true,
};
