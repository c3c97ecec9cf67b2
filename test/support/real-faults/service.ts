/** What svcadm and a stop of nova-compute can do to a restart. These take minutes. */
import { changed, failed, type Trouble } from "./trouble.ts";

const SVCADM = "/usr/sbin/svcadm";
const KEPT = "/.node/kept-svcadm";
const STOP_TAKES_S = 600;

/** svcadm hangs when it is to restart something, and is itself in every other way. */
const hang = `mv ${SVCADM} ${KEPT}
printf '#!/usr/bin/dash\\ncase $1 in restart) exec /usr/bin/sleep 100000 ;; esac\\nexec ${KEPT} "$@"\\n' >${SVCADM}
chmod 755 ${SVCADM}`;

export const serviceTroubles: readonly Trouble[] = [
  {
    name: "svcadm-hangs",
    more: ["--step-timeout", "20s"],
    make: () => hang,
    lift: `mv ${KEPT} ${SVCADM}`,
    ends: failed("not done in 20 s", "E_STEP_TIMEOUT"),
  },
  {
    name: "slow-stop",
    more: ["--host-timeout", "40m"],
    make: () => `echo ${STOP_TAKES_S} >/.node/state/stop-takes-s
sed -i 's/^stop.timeout_seconds count .*/stop\\/timeout_seconds count 900/' /.node/state/smf/*/current /.node/state/smf/*/running`,
    lift: "rm /.node/state/stop-takes-s",
    ends: changed,
  },
];
