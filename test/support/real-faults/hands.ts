/** What other hands do to a node's nova.conf and to user nova, before a rollout or in the middle of one. */
import { moments } from "./hold.ts";
import { changed, failed, refused, type Trouble } from "./trouble.ts";
import { CONF } from "./whole.ts";

const KEPT = "/.node/kept-conf";
const PASSWD = "/etc/passwd";

const makeLink = (): string => `mv ${CONF} ${KEPT} && ln -s ${KEPT} ${CONF}`;
const makeDirectory = (): string => `mv ${CONF} ${KEPT} && mkdir ${CONF}`;
const change = (): string => `cp -p ${CONF} ${KEPT} && echo '# another hand' >>${CONF}`;
/** With its old time: a younger file would be a change that nova-compute has not read. */
const putBack = `rm ${CONF} && mv ${KEPT} ${CONF}`;

const changeUser = (edit: string): string => `cp -p ${PASSWD} ${PASSWD}.kept && sed -i '${edit}' ${PASSWD}`;
const noUser = (): string => changeUser("/^nova:/d");
const noShell = (): string => changeUser("/^nova:/s,/bin/sh$,/bin/false,");
const userBack = `mv ${PASSWD}.kept ${PASSWD}`;

const directoryBack = `rmdir ${CONF} && mv ${KEPT} ${CONF}`;

const directory = { make: makeDirectory, lift: directoryBack };
const link = { make: makeLink, lift: putBack };
const stale = { make: change, lift: putBack };

export const handTroubles: readonly Trouble[] = [
  { name: "link", isVariant: true, ...link, ends: refused("is no regular file", "E_CONF_LINK") },
  {
    name: "link-after-survey",
    at: "after the survey",
    ...link,
    ends: refused("is no plain file in a plain directory", "E_CONF_LINK"),
  },
  { name: "link-at-last", at: moments.noted, ...link, ends: refused("became a link", "E_CONF_LINK") },
  { name: "directory", isVariant: true, ...directory, ends: refused("is no regular file", "E_CONF_LINK") },
  {
    name: "directory-after-survey",
    isVariant: true,
    at: "after the survey",
    ...directory,
    ends: refused("was changed", "E_STALE"),
  },
  {
    name: "directory-at-last",
    isVariant: true,
    at: moments.noted,
    ...directory,
    ends: refused("changed at the last moment", "E_STALE"),
  },
  { name: "stale", isVariant: true, at: "after the survey", ...stale, ends: refused("was changed", "E_STALE") },
  { name: "stale-at-last", at: moments.noted, ...stale, ends: refused("changed at the last moment", "E_STALE") },
  { name: "no-user", make: noUser, lift: userBack, ends: failed("invalid user: 'nova:nova'") },
  {
    name: "no-user-late",
    at: moments.cleanerEnabled,
    make: noUser,
    lift: userBack,
    ends: failed("was not built: su: "),
  },
  {
    name: "no-shell",
    isVariant: true,
    at: moments.cleanerEnabled,
    make: noShell,
    lift: userBack,
    ends: failed("was not built: exit status 1"),
  },
  { name: "no-shell-after-rename", at: moments.renamed, make: noShell, lift: userBack, ends: changed },
];
