# shellcheck shell=sh disable=SC2034,SC2154 # the simulator that sources this reads what is set here, and has set the rest
# Appended to smf.sh on a node: where svc.periodicd is a process, when an instance ran and will run is what that noted.
smf_runs() {
  if [ ! -e "$S/periodic-scale" ]; then
    recorded_runs "$1"
    return 0
  fi
  LAST_RUN='' NEXT_RUN=''
  [ -f "$S/smf/$1/runs" ] || return 0
  read -r LAST_RUN NEXT_RUN sr_aux <"$S/smf/$1/runs"
  [ "$LAST_RUN" != - ] || LAST_RUN=''
  if [ "$STATE" = online ]; then AUX=$sr_aux; else NEXT_RUN=''; fi
}
