/** What another hand does between the plan and a file's removal. */
import { CANARY, CONF, image, OLD, type Situation, STATE } from "./situation.ts";

const seen = "The directory is entered, and must have the path and the inode that were planned, before each batch";
const relative =
  "Files are removed by names relative to the directory that was entered, wherever its path leads by then";
const again = "Each file is looked at again, by inode, size and time, right before its batch goes";
const expects = "The script does nothing but on the node that was looked at";
const planned = "What was not planned does not go: the count, and that nothing is fresh, are asked again";
const now = "The value in force is read again before the first file";
const swapForLink = `mv ${OLD} ${OLD}.away && ln -s ${CANARY} ${OLD}`;
const swapForDirectory = `mv ${OLD} ${OLD}.away && mkdir ${OLD} && cp -p ${[1, 2, 3].map((n) => `${CANARY}/${image(n)}`).join(" ")} ${OLD} && chown nova ${OLD}`;
const conf = (text: string): string => `printf '[DEFAULT]\\n${text}\\n' >>${CONF}`;
/** What goes from the old cache, which has another name by then. */
const away = [1, 2, 3].map((n) => `${OLD}.away/${image(n)}`);
/** The removal itself, in the owner's shell. */
const removal = { tool: "rm", when: "'-f -- ./'*" } as const;
const notSeen = `${OLD} is not the directory that was seen`;

export const between: readonly Situation[] = [
  {
    id: "then-in-force",
    danger: "the value in nova.conf becomes the old cache",
    between: { tool: "digest", does: conf(`glancecache_dirname=${OLD}`) },
    comes: { outcome: "refused", code: "E_STALE", says: `${CONF} was changed` },
    because: expects,
  },
  {
    id: "then-conf-link",
    danger: "nova.conf becomes a link to a file that says the same",
    between: { tool: "digest", does: `mv ${CONF} ${CONF}.real && ln -s nova.conf.real ${CONF}` },
    comes: { outcome: "refused", code: "E_STALE", says: `${CONF} is no regular file any more` },
    because: now,
  },
  {
    id: "then-conf-gone",
    danger: "nova.conf is removed",
    between: { tool: "digest", does: `rm ${CONF}` },
    comes: { outcome: "refused", code: "E_STALE", says: `${CONF} was changed` },
    because: expects,
  },
  {
    id: "then-force-moves",
    danger: "the directory in force becomes a link to the old cache, and nova.conf stays as it is",
    between: { tool: "digest", does: `mv /var/share/nova/images /srv/was && ln -s ${OLD} /var/share/nova/images` },
    comes: { outcome: "refused", code: "E_STALE", says: `${OLD} is in force now` },
    because: now,
  },
  {
    id: "then-maintenance",
    danger: "nova-compute goes into maintenance",
    between: {
      tool: "digest",
      does: `dir=$(sed -n 's/^application.*nova-compute:default //p' ${STATE}/smf/names)
echo "$(($(date +%s) * 1000)) maintenance none - method_failed" >>${STATE}/smf/$dir/timeline`,
    },
    comes: { outcome: "refused", code: "E_STALE", says: "is maintenance, not online" },
    because: expects,
  },
  {
    id: "then-zone",
    danger: "a zone begins to install, before the script looks at the directory",
    between: { tool: "mount", does: `sed -i 's/ running \\/system/ incomplete \\/system/' ${STATE}/zones` },
    comes: { outcome: "refused", code: "E_BUSY", says: "a zone is being installed: instance-0000002a" },
    because: "Zones are asked again before the first file",
  },
  {
    id: "then-zone-late",
    danger: "a zone begins to install, after the script has listed the directory",
    between: { tool: "fuser", does: `sed -i 's/ running \\/system/ incomplete \\/system/' ${STATE}/zones` },
    comes: { outcome: "refused", code: "E_BUSY", says: "a zone is being installed: instance-0000002a" },
    because: "Zones are asked again before each batch",
  },
  {
    id: "then-mounted",
    danger: "a directory full of images is mounted in the old cache",
    between: { tool: "digest", does: `mkdir ${OLD}/inside && mount --bind ${CANARY} ${OLD}/inside` },
    comes: { outcome: "refused", code: "E_STALE", says: `${OLD}/inside is mounted in it now` },
    because: "Mounts are asked again before the first file",
  },
  {
    id: "then-mounted-over",
    danger: "a directory full of images is mounted over the old cache, after mounts were asked",
    between: { tool: "su", does: `mount --bind ${CANARY} ${OLD}` },
    comes: { outcome: "refused", code: "E_STALE", says: notSeen },
    because: seen,
  },
  ...(["digest", "zoneadm", "fuser", "zfs", "su"] as const).map(
    (tool): Situation => ({
      id: `then-link-${tool}`,
      danger: `the old cache is swapped for a link to a directory full of images, before the script calls ${tool}`,
      between: { tool, does: swapForLink },
      comes: {
        outcome: "refused",
        code: "E_STALE",
        says: /is not the directory that was seen|cannot be listed any more/,
      },
      because: seen,
    }),
  ),
  {
    id: "then-link-rm",
    danger: "the old cache is swapped for a link to a directory full of images, in the moment of the removal",
    between: { ...removal, does: swapForLink },
    comes: { outcome: "changed" },
    goes: away,
    because: relative,
  },
  ...(["zoneadm", "su"] as const).map(
    (tool): Situation => ({
      id: `then-other-${tool}`,
      danger: `the old cache is swapped for another directory full of images, before the script calls ${tool}`,
      between: { tool, does: swapForDirectory },
      comes: { outcome: "refused", code: "E_STALE", says: notSeen },
      because: seen,
    }),
  ),
  {
    id: "then-other-rm",
    danger: "the old cache is swapped for another directory with the same names, in the moment of the removal",
    between: { ...removal, does: swapForDirectory },
    comes: { outcome: "changed" },
    goes: away,
    because: relative,
  },
  {
    id: "then-away",
    danger: "the old cache is moved to another place",
    between: { tool: "su", does: `mv ${OLD} ${CANARY}/moved` },
    comes: { outcome: "refused", code: "E_STALE", says: notSeen },
    because: seen,
  },
  {
    id: "then-parent",
    danger: "the directory above the old cache is swapped for a link to one that has images too",
    between: { tool: "su", does: `mv /var/lib/nova /var/lib/nova.away && ln -s ${CANARY} /var/lib/nova` },
    comes: { outcome: "refused", code: "E_STALE", says: notSeen },
    because: seen,
  },
  {
    id: "then-fresh",
    danger: "a new image appears",
    between: { tool: "digest", does: `echo new >${OLD}/${image(6)}; chown nova ${OLD}/${image(6)}` },
    comes: { outcome: "refused", code: "E_BUSY", says: `written a moment ago in ${OLD}: ${image(6)}` },
    because: planned,
  },
  {
    id: "then-more",
    danger: "an image that was changed long ago is moved into the old cache",
    between: { tool: "digest", does: `cp -p ${CANARY}/${image(4)} ${OLD}/${image(6)}` },
    comes: { outcome: "refused", code: "E_STALE", says: `4 files would go from ${OLD} now, 3 were planned` },
    because: planned,
  },
  {
    id: "then-marker",
    danger: "a download begins: the marker of an image appears",
    between: { tool: "digest", does: `echo >${OLD}/${image(2)}.downloading` },
    comes: { outcome: "refused", code: "E_BUSY", says: `${image(2)}.downloading` },
    because: planned,
  },
  {
    id: "then-written",
    danger: "somebody writes to an image, before the script lists the directory",
    between: { tool: "digest", does: `echo more >>${OLD}/${image(2)}` },
    comes: { outcome: "refused", code: "E_BUSY", says: `written a moment ago in ${OLD}: ${image(2)}` },
    because: planned,
  },
  {
    id: "then-written-late",
    danger: "somebody writes to an image, after the script has listed the directory",
    between: { tool: "su", does: `echo more >>${OLD}/${image(2)}` },
    comes: { outcome: "changed" },
    goes: [1, 3].map((n) => `${OLD}/${image(n)}`),
    because: again,
  },
  {
    id: "then-replaced",
    danger: "an image is replaced by another file of the same name, size and time",
    between: { tool: "su", does: `cd ${OLD} && cp -p ${image(2)} x && mv x ${image(2)}` },
    comes: { outcome: "changed" },
    goes: [1, 3].map((n) => `${OLD}/${image(n)}`),
    because: again,
  },
  {
    id: "then-file-link",
    danger: "an image is replaced by a link to one elsewhere",
    between: { tool: "su", does: `cd ${OLD} && ln -sf ${CANARY}/${image(2)} ${image(2)}` },
    comes: { outcome: "changed" },
    goes: [1, 3].map((n) => `${OLD}/${image(n)}`),
    because: again,
  },
  {
    id: "then-file-link-rm",
    danger: "an image is replaced by a link to one elsewhere, in the moment of the removal",
    between: { ...removal, does: `cd ${OLD} && ln -sf ${CANARY}/${image(2)} ${image(2)}` },
    comes: { outcome: "changed" },
    goes: [1, 2, 3].map((n) => `${OLD}/${image(n)}`),
    because: "Removing a link removes the link",
  },
  {
    id: "then-directory-rm",
    danger: "an image is replaced by a directory with a file, in the moment of the removal",
    between: { ...removal, does: `cd ${OLD} && rm ${image(2)} && mkdir ${image(2)} && echo x >${image(2)}/x` },
    comes: { outcome: "failed", code: "E_STEP", says: "1 of its files could not be removed" },
    goes: [1, 3].map((n) => `${OLD}/${image(n)}`),
    because: "No directory is ever removed, and nothing in one",
  },
  {
    id: "then-open",
    danger: "a process opens an image, after the script has listed the directory",
    between: { tool: "su", does: `exec 3<${OLD}/${image(2)}; /usr/bin/setsid /usr/bin/sleep 1000 >/dev/null 2>&1 &` },
    comes: { outcome: "changed" },
    goes: [1, 3].map((n) => `${OLD}/${image(n)}`),
    because: "fuser is asked again right before each batch",
  },
  {
    id: "then-gone",
    danger: "somebody else removes the images first",
    between: { tool: "su", does: `rm ${OLD}/*` },
    comes: { outcome: "failed", code: "E_NOT_CONVERGED", says: `nothing went from ${OLD}` },
    goes: [],
    because: again,
  },
];
