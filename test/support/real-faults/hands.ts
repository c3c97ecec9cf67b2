/** What other hands do to a node's nova.conf and to user nova, before a rollout or in the middle of one. */
import type { RealNode } from "../fleet/node.ts";
import { moments } from "./hold.ts";
import { changed, failed, refused, type Trouble } from "./trouble.ts";
import { CONF } from "./whole.ts";

const KEPT = "/.node/kept-conf";
const PASSWD = "/etc/passwd";

const makeLink = (node: RealNode): void => void node.sh(`mv ${CONF} ${KEPT} && ln -s ${KEPT} ${CONF}`);
const change = (node: RealNode): void => void node.sh(`cp -p ${CONF} ${KEPT} && echo '# another hand' >>${CONF}`);
/** With its old time: a younger file would be a change that nova-compute has not read. */
const putBack = (node: RealNode): void => void node.sh(`rm ${CONF} && mv ${KEPT} ${CONF}`);

const changeUser = (node: RealNode, edit: string): void =>
  void node.sh(`cp -p ${PASSWD} ${PASSWD}.kept && sed -i '${edit}' ${PASSWD}`);
const noUser = (node: RealNode): void => changeUser(node, "/^nova:/d");
const noShell = (node: RealNode): void => changeUser(node, "/^nova:/s,/bin/sh$,/bin/false,");
const userBack = (node: RealNode): void => void node.sh(`mv ${PASSWD}.kept ${PASSWD}`);

const link = { make: makeLink, lift: putBack };
const stale = { make: change, lift: putBack };

export const handTroubles: readonly Trouble[] = [
  { name: "link", ...link, ends: refused("it is a link", "E_CONF_LINK") },
  {
    name: "link-after-survey",
    at: "after the survey",
    ...link,
    ends: refused("is no plain file in a plain directory", "E_CONF_LINK"),
  },
  { name: "link-at-last", at: moments.noted, ...link, ends: refused("became a link", "E_CONF_LINK") },
  { name: "stale", at: "after the survey", ...stale, ends: refused("was changed", "E_STALE") },
  { name: "stale-at-last", at: moments.noted, ...stale, ends: refused("changed at the last moment", "E_STALE") },
  { name: "no-user", make: noUser, lift: userBack, ends: failed("nova") },
  {
    name: "no-user-late",
    at: moments.cleanerEnabled,
    make: noUser,
    lift: userBack,
    ends: failed("was not built: su: "),
  },
  {
    name: "no-shell",
    at: moments.cleanerEnabled,
    make: noShell,
    lift: userBack,
    ends: failed("was not built: exit status 1"),
  },
  { name: "no-shell-after-rename", at: moments.renamed, make: noShell, lift: userBack, ends: changed },
];
