/** What lies in the old cache: odd names, odd kinds, and files in use. */
import { CACHE, CANARY, cacheAt, image, OLD, type Situation } from "./situation.ts";

const kinds = "Only plain files named like an image, or like an image's marker, are ever chosen";
const names = "A name is chosen only when it is an image's, letter for letter; no other goes into a command";
const open = "What is open, or was written a moment ago, keeps the whole cache";

/** More than there are odd files beside them, or the directory would look like no cache. */
const fortyImages = [1, 2, 3, ...Array.from({ length: 37 }, (_, at) => 41 + at)];

/** One situation of files that must stay where images go. */
const stays = (id: string, danger: string, arrange: string, because: string): Situation => ({
  id,
  on: "many-files",
  danger,
  arrange: `cd ${OLD} && { ${arrange}\n}\n`,
  comes: { outcome: "changed" },
  because,
});

export const oddFiles: readonly Situation[] = [
  {
    id: "plain",
    on: "many-files",
    danger: "none: forty images, and nothing odd of their own",
    arrange: cacheAt(OLD, fortyImages),
    comes: { outcome: "changed" },
    because: "They are what a purge is for",
  },
  stays("name-newline", "a name is an image's and a line break", `echo x >"${image(11)}\n"`, names),
  stays("name-lines", "a name is two images' with a line break between", `echo x >"${image(1)}\n${image(2)}"`, names),
  stays("name-dash", "a name is an option: -rf", "echo x >./-rf", names),
  stays("name-dash-image", "a name is a dash and an image's", `echo x >./-${image(12)}`, names),
  stays("name-blank", "a name is an image's, a blank and another's", `echo x >"${image(1)} ${image(2)}"`, names),
  stays("name-blank-end", "a name is an image's and a blank", `echo x >"${image(13)} "`, names),
  stays("name-star", "a name is a star", "echo x >'*'", names),
  stays("name-command", "a name is a command", `echo x >'$(rm -rf .)' && echo y >'; rm -rf . #' && echo z >"'"`, names),
  stays(
    "name-like-row",
    "a name looks like a row of ls",
    `echo x >"1 1 -rw-r--r-- 1 85 85 1 2015-01-01 00:00:00.0 +0000 ${image(14)}"`,
    names,
  ),
  stays("name-arrow", "a name has an arrow in it", `echo x >"${image(15)} -> ${image(5)}"`, names),
  stays("name-latin1", "a name is no UTF-8", `echo x >"$(printf '${image(16)}\\351')"`, names),
  stays("name-hidden", "a hidden file is named like an image", `echo x >.${image(17)}`, names),
  stays(
    "name-longer",
    "a name is an image's and more",
    `echo x >${image(18)}.qcow2 && echo x >${image(18)}.part`,
    names,
  ),
  stays(
    "directory-named-so",
    "a directory with files is named like an image",
    `mkdir ${image(19)} && echo x >${image(19)}/${image(1)}`,
    kinds,
  ),
  stays(
    "marker-directory",
    "a directory is named like a marker",
    `mkdir ${image(20)}.downloading && echo x >${image(20)}.downloading/${image(1)}`,
    kinds,
  ),
  stays(
    "link-named-so",
    "a link to a file elsewhere is named like an image",
    `ln -s ${CANARY}/${image(1)} ${image(21)}`,
    kinds,
  ),
  stays(
    "link-to-directory",
    "a link to a directory of images is named like an image",
    `ln -s ${CANARY} ${image(22)}`,
    kinds,
  ),
  stays(
    "link-to-above",
    "a link to the directory above is named like a marker",
    `ln -s .. ${image(23)}.downloading`,
    kinds,
  ),
  stays("pipe-named-so", "a named pipe is named like an image", `mkfifo ${image(24)}`, kinds),
  stays(
    "sub-directory",
    "a directory full of images lies in the old cache",
    `mkdir -p a/b && cp -p ${CANARY}/*-* a/b/`,
    "Removal is one level deep",
  ),
  stays(
    "hard-link",
    "an image has a second name elsewhere",
    `ln ${image(1)} /var/lib/nova/second`,
    "Only the name in the old cache goes; the file stays under the other",
  ),
  stays(
    "foreign",
    "files that are no images lie beside them",
    "echo x >README && echo y >backing.vmdk",
    "Other files stay unless --include-foreign names them, and are listed",
  ),
  {
    id: "named-foreign",
    danger: "--include-foreign names a file here, and a directory and a link have the other names it gives",
    arrange: `cd ${OLD} && echo x >notes.txt && touch -d '40 days ago' notes.txt && mkdir shelf && echo x >shelf/notes.txt && ln -s ${CANARY}/${image(1)} shortcut`,
    comes: { outcome: "changed" },
    goes: [...[1, 2, 3].map((n) => `${OLD}/${image(n)}`), `${OLD}/notes.txt`],
    because: "Only a plain file of exactly that name, at the first level",
  },
  {
    id: "old-marker",
    danger: "a marker of a download that ended long ago lies there",
    arrange: `cd ${OLD} && echo x >${image(1)}.downloading && touch -d '3 days ago' ${image(1)}.downloading && chown nova ${image(1)}.downloading`,
    comes: { outcome: "changed" },
    goes: [...[1, 2, 3].map((n) => `${OLD}/${image(n)}`), `${OLD}/${image(1)}.downloading`],
    because: "A marker nobody wrote to for a day belongs to no download",
  },
  {
    id: "roots-image",
    danger: "one of the images is root's and not to be written",
    arrange: `cd ${OLD} && chown root:root ${image(1)} && chmod 400 ${image(1)}`,
    comes: { outcome: "changed" },
    because: "It lies in nova's directory and is named like an image",
  },
  {
    id: "closed-directory",
    danger: "nova may not write in the old cache",
    arrange: `chmod 555 ${OLD}`,
    comes: { outcome: "failed", code: "E_STEP", says: "3 of its files could not be removed" },
    because: "Removal has the rights of the directory's owner, no more",
  },
];

export const inUseFiles: readonly Situation[] = [
  {
    id: "open-nova",
    danger: "a process of nova's has an image open",
    beside: `exec 3<${OLD}/${image(2)}; echo ready; exec sleep 1000`,
    comes: { outcome: "refused", code: "E_BUSY", says: `open in ${OLD}: ${image(2)}` },
    because: open,
  },
  {
    id: "open-writing",
    danger: "a process writes to an image, slowly: it changed long ago",
    beside: `exec 3>>${OLD}/${image(2)}; echo ready; exec sleep 1000`,
    comes: { outcome: "refused", code: "E_BUSY", says: `open in ${OLD}: ${image(2)}` },
    because: open,
  },
  {
    id: "fuser-blind",
    danger: "fuser cannot tell what is open",
    arrange: "printf '#!/usr/bin/dash\\nexit 0\\n' >/usr/sbin/fuser",
    comes: { outcome: "refused", code: "E_BLIND", says: "fuser cannot tell which files are open" },
    because: "fuser is tried on a file the script itself has open; without its word nothing goes",
  },
  {
    id: "fresh-image",
    danger: "an image was written a moment ago",
    arrange: `touch ${OLD}/${image(2)}`,
    comes: { outcome: "refused", code: "E_BUSY", says: `written a moment ago in ${OLD}: ${image(2)}` },
    because: open,
  },
  {
    id: "future-image",
    danger: "an image's time lies in the future",
    arrange: `touch -d 'tomorrow' ${OLD}/${image(2)}`,
    comes: { outcome: "refused", code: "E_BUSY", says: `written a moment ago in ${OLD}: ${image(2)}` },
    because: open,
  },
  {
    id: "fresh-marker",
    danger: "an image is being downloaded",
    arrange: `echo >${OLD}/${image(2)}.downloading`,
    comes: {
      outcome: "refused",
      code: "E_BUSY",
      says: `an image is being downloaded to ${OLD}: ${image(2)}.downloading`,
    },
    because: open,
  },
  {
    id: "slow-download",
    danger: "an image is being downloaded so slowly that nothing was written for an hour",
    arrange: `touch -d '1 hour ago' ${OLD}/${image(2)}.downloading`,
    comes: {
      outcome: "refused",
      code: "E_BUSY",
      says: `an image is being downloaded to ${OLD}: ${image(2)}.downloading`,
    },
    because: "A marker of the last day is a download's",
  },
  {
    id: "fresh-here-only",
    danger: "the cache in use is busy with the same images",
    arrange: `touch ${CACHE}/${image(4)} ${CACHE}/${image(1)}.downloading; chown nova ${CACHE}/*`,
    comes: { outcome: "changed" },
    because: "Nothing of the cache in use is touched",
  },
];
