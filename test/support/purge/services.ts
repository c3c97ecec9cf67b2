/** What nova-compute, nova.conf, zones, boot environments and other runs are at. */
import { CACHE, CONF, cacheAt, image, OLD, type Situation, STATE } from "./situation.ts";

const smf = "/.node/state/smf";
const blind = "What was not seen stays";
/** Shell: nova-compute's state as SMF has it: STATE NEXT CONTRACT AUX, `ago` seconds before now. */
const compute = (state: string, ago = 3600): string => `read -r dir <<DIR
$(sed -n 's/^application.*nova-compute:default //p' ${smf}/names)
DIR
echo "$((($(date +%s) - ${ago}) * 1000)) ${state}" >${smf}/$dir/timeline
`;
const broken = (tool: string, words = `${tool}: out of memory`): string =>
  `printf '#!/usr/bin/dash\\necho "${words}" >&2\\nexit 1\\n' >/usr/sbin/${tool}`;
const state = "nova-compute must be online or disabled: only then is it known which cache it uses";
const valued = "Without the value in force no directory is known to be another one";

export const services: readonly Situation[] = [
  {
    id: "maintenance",
    danger: "nova-compute is in maintenance",
    arrange: compute("maintenance none - method_failed"),
    comes: { outcome: "refused", code: "E_SERVICE_STATE", says: "nova-compute is maintenance" },
    because: state,
  },
  {
    id: "starting",
    danger: "nova-compute is just being started",
    arrange: compute("offline online - dependencies_satisfied"),
    comes: { outcome: "refused", code: "E_SERVICE_STATE", says: "nova-compute is in transition (offline to online)" },
    because: state,
  },
  {
    id: "disabled",
    danger: "nova-compute is disabled, and its file is newer than its last start",
    arrange: `${compute("disabled none - disabled_by_request")}touch ${CONF}`,
    comes: { outcome: "changed" },
    because: "Nothing runs that could use the old cache; what starts reads the file",
  },
  {
    id: "conf-newer",
    danger: "nova.conf changed after nova-compute started: it still uses the old cache",
    arrange: `touch ${CONF}`,
    comes: { outcome: "refused", code: "E_NOT_IN_FORCE", says: "it may still use the old cache" },
    because: "What runs was started with another file",
  },
  {
    id: "zone-installing",
    danger: "a zone is being installed from an image",
    arrange: `sed -i 's/ running \\/system/ incomplete \\/system/' ${STATE}/zones`,
    comes: { outcome: "refused", code: "E_BUSY", says: "a zone is being installed: instance-0000002a" },
    because: "Images are opened by path at times nobody can foresee",
  },
  {
    id: "zones-unknown",
    danger: "the node cannot list its zones",
    arrange: broken("zoneadm"),
    comes: { outcome: "refused", code: "E_BLIND", says: "could not look at the zones being installed" },
    because: blind,
  },
  {
    id: "conf-link",
    danger: "nova.conf is a link",
    arrange: `mv ${CONF} ${CONF}.real && ln -s nova.conf.real ${CONF}`,
    comes: { outcome: "refused", code: "E_CONF_LINK", says: `${CONF} is no regular file` },
    because: valued,
  },
  {
    id: "conf-absent",
    danger: "nova.conf is not there",
    arrange: `rm ${CONF}`,
    comes: { outcome: "refused", code: "E_BLIND", says: /nova\.conf/ },
    because: valued,
  },
  {
    id: "conf-broken",
    danger: "nova.conf cannot be read to its end: a line is none",
    arrange: `echo 'this line has no separator' >>${CONF}; touch -d '90 days ago' ${CONF}`,
    comes: { outcome: "refused", code: "E_CONF_PARSE", says: "neither = nor" },
    because: valued,
  },
  {
    id: "conf-computed",
    danger: "the value in nova.conf is made of another's",
    arrange: `printf '[DEFAULT]\\nglancecache_dirname=$nowhere/images\\n' >>${CONF}; touch -d '90 days ago' ${CONF}`,
    comes: { outcome: "refused", code: "E_CONF_VALUE", says: "the value in force cannot be worked out" },
    because: valued,
  },
  {
    id: "locked",
    danger: "another run is at work on the host",
    arrange: `mkdir -m 700 /system/volatile/novasweep.lock; echo "{\\"run\\":\\"r\\",\\"user\\":\\"u\\",\\"controller\\":\\"c\\",\\"pid\\":1,\\"since\\":\\"s\\",\\"bootedAt\\":\\"$(cat ${STATE}/booted)\\"}" >/system/volatile/novasweep.lock/record`,
    comes: { outcome: "refused", code: "E_LOCKED", says: "locked by run r" },
    because: "One run at a time changes a host",
  },
  {
    id: "stale-lock",
    danger: "a run ended on the host without taking its lock away",
    arrange: `mkdir -m 700 /system/volatile/novasweep.lock; echo '{"run":"r","user":"u","controller":"c","pid":1,"since":"s","bootedAt":"1"}' >/system/volatile/novasweep.lock/record`,
    comes: { outcome: "refused", code: "E_LOCKED", says: "stale lock of run r" },
    because: "Somebody has to look what it left",
  },
  {
    id: "pending-boot",
    danger: "another boot environment is active on reboot: after it the old cache may be in use again",
    arrange: `sed -i 's/;NR;/;N;/; s/^\\(solaris-backup-1;[^;]*\\);;/\\1;R;/' ${STATE}/be`,
    comes: {
      outcome: "refused",
      code: "E_PENDING_BOOT",
      says: "boot environment solaris-backup-1 is active on reboot",
    },
    because: "What its nova.conf says is not known",
  },
  {
    id: "be-unknown",
    danger: "the node cannot list its boot environments",
    arrange: broken("beadm"),
    comes: { outcome: "refused", code: "E_BLIND", says: "could not look at the boot environments" },
    because: blind,
  },
  {
    id: "zfs-broken",
    danger: "zfs does not answer",
    arrange: broken("zfs"),
    comes: { outcome: "refused", code: "E_BLIND", says: `could not look at ${OLD}` },
    because: blind,
  },
  {
    id: "unknown-owner",
    on: "many-places",
    danger: "the old cache belongs to a user that is no more",
    settings: { legacy_dirs: "/srv/orphan" },
    arrange: `${cacheAt("/srv/orphan")}chown 4711:4711 /srv/orphan`,
    comes: { outcome: "refused", code: "E_NOT_CACHE", says: "/srv/orphan belongs to 4711, not to nova" },
    because: "A cache that nova-compute fills is its user's; nothing is removed as anybody else",
  },
  {
    id: "no-force-dir",
    danger: "the directory in force is not there yet",
    arrange: `rm -rf ${CACHE}`,
    comes: { outcome: "changed" },
    goes: [1, 2, 3].map((n) => `${OLD}/${image(n)}`),
    because: "nova.conf names another directory, and nova-compute was started with it",
  },
];
