/** A node's clock that is put forward or back in the middle of a change, as ntpd or an operator does. */
import { moments } from "./hold.ts";
import { changed, type Trouble } from "./trouble.ts";

const DATE = "/usr/bin/date";
const KEPT = "/.node/kept-date";

/** Moves the clock that the simulators have, and every timetable but nova-compute's, which is a process. */
const clockBy = (seconds: number): string => `cd /.node/state
read -r began <clock && echo $((began + ${seconds} * 1000)) >clock
while read -r name dir; do
  case $name in *nova-compute:*) continue ;; esac
  awk -v by=${seconds}000 '{ $1 += by; print }' OFMT=%.0f CONVFMT=%.0f smf/$dir/timeline >smf/$dir/timeline.by && mv smf/$dir/timeline.by smf/$dir/timeline
done <smf/names`;

/**
 * What `date` says and SMF stamps is so many seconds off from now on; files keep this machine's time. The records of the
 * services that are no processes are those of a timetable: it moves along, for what has happened has happened.
 */
const jump = (seconds: number): string => `cp -p ${DATE} ${KEPT}
printf '#!/usr/bin/dash\\nexec ${KEPT} -d "${seconds} seconds" "$@"\\n' >${DATE}.new
chmod 755 ${DATE}.new && mv ${DATE}.new ${DATE}
${clockBy(seconds)}`;

/** The clock is right again: what SMF stamped meanwhile stays as it is. */
const back = (seconds: number): string => `mv ${KEPT} ${DATE}
${clockBy(-seconds)}`;

const jumps = [
  ["a-day-on", 86_400],
  ["a-day-back", -86_400],
  ["ten-minutes-back", -600],
] as const;

const at = [
  ["before-the-rename", moments.noted],
  ["after-the-rename", moments.renamed],
  ["after-the-restart", moments.restartAsked],
] as const;

export const clockTroubles: readonly Trouble[] = jumps.flatMap(([jumped, seconds]) =>
  at.map(([when, moment]) => ({
    name: `${jumped}-${when}`,
    isVariant: true,
    at: moment,
    make: () => jump(seconds),
    lift: back(seconds),
    ends: changed,
  })),
);
