#!/bin/sh
# The service repository of a simulated node, sourced by svcs, svcadm, svcprop and svccfg.
# $S/smf/names: "NAME DIR" a line (NAME without svc:/). In each DIR below $S/smf:
#   current   "pg/name type value" a line, values escaped as svcprop prints them
#   running   the same, as of the last refresh: what svcprop shows
#   timeline  "MS STATE NEXT CONTRACT AUX" a line, times in milliseconds: the last line that is not in the future
#             holds. A restart writes its whole future at once, so nothing has to run in the background.
#             STATE `flapping`: from then on the process starts and dies every FLAP_MS.
#   depends   names of instances that must be online before this one goes online
# shellcheck disable=SC2034 # variables set here are read by the simulators that source this file

STOP_MS=200   # online -> offline: the method's kill
START_MS=1200 # until the start method has returned, counted from the restart
FLAP_MS=2000  # start, live, die: shorter than any soak
# Looks, 0.1 s apart, until an import that another command does is over; one that was killed is waited for in vain.
IMPORT_LOOKS=100

# smf_find PATTERN: FOUND, "NAME DIR" lines of the instances it names; status 1 when there is none.
smf_find() {
  FOUND=
  case $1 in
    svc:/*) sf_full=${1#svc:/} sf_part=/nothing ;;
    svc:*) sf_full=${1#svc:} sf_part=/nothing ;;
    *) sf_full=$1 sf_part=$1 ;;
  esac
  while read -r sf_name sf_dir; do
    # shellcheck disable=SC2254 # the operand is a pattern
    case $sf_name in
      $sf_full | $sf_full:* | */$sf_part | */$sf_part:*) FOUND=$FOUND$sf_name' '$sf_dir$NL ;;
    esac
  done <"$S/smf/names"
  [ -n "$FOUND" ]
}

# smf_now DIR: STATE NEXT CONTRACT AUX and SINCE_MS at NOW. The first line holds in any case: it is later than NOW when
# it was written after this command had looked at the clock.
smf_now() {
  STATE=disabled NEXT=none CONTRACT=- AUX=none SINCE_MS=''
  while read -r sn_at sn_state sn_next sn_contract sn_aux; do
    [ -z "$SINCE_MS" ] || [ "$sn_at" -le "$NOW" ] || break
    SINCE_MS=$sn_at STATE=$sn_state NEXT=$sn_next CONTRACT=$sn_contract AUX=$sn_aux
  done <"$S/smf/$1/timeline"
  SINCE_MS=${SINCE_MS:-0}
  case $STATE in
    flapping)
      if cmp -s "$R/etc/nova/nova.conf" "$S/nova.conf.made"; then
        # It dies of the new nova.conf: with the old one back, the next start stays.
        CONTRACT=$((CONTRACT + (NOW - SINCE_MS) / FLAP_MS + 1)) NEXT=none STATE=online SINCE_MS=$NOW
        printf '%s online none %s dependencies_satisfied\n' "$NOW" "$CONTRACT" >"$S/smf/$1/timeline.flap" &&
          mv -f "$S/smf/$1/timeline.flap" "$S/smf/$1/timeline"
        return 0
      fi
      sn_round=$(((NOW - SINCE_MS) / FLAP_MS))
      sn_start=$((SINCE_MS + sn_round * FLAP_MS))
      CONTRACT=$((CONTRACT + sn_round)) NEXT=none STATE=online SINCE_MS=$sn_start
      if [ $((NOW - sn_start)) -ge $((FLAP_MS * 3 / 5)) ]; then
        STATE=offline NEXT=online CONTRACT=- SINCE_MS=$((sn_start + FLAP_MS * 3 / 5))
      fi
      ;;
    offline) [ "$NEXT" = none ] && smf_dependencies "$1" && smf_goes_online "$1" ;;
  esac
  return 0
}

# smf_dependencies DIR: whether everything it depends on is online (read without its own dependencies: one level).
smf_dependencies() {
  [ -f "$S/smf/$1/depends" ] || return 0
  while read -r sd_name; do
    sd_dir=
    while read -r sd_n sd_d; do
      case $sd_n in "$sd_name" | "$sd_name":*) sd_dir=$sd_d ;; esac
    done <"$S/smf/names"
    [ -n "$sd_dir" ] || return 1
    sd_state=''
    while read -r sd_at sd_s sd_next _; do
      [ -z "$sd_state" ] || [ "$sd_at" -le "$NOW" ] || break
      sd_state=$sd_s
    done <"$S/smf/$sd_dir/timeline"
    [ "$sd_state" = online ] || return 1
  done <"$S/smf/$1/depends"
  return 0
}

# smf_goes_online DIR: an instance that waited for a dependency.
smf_goes_online() {
  smf_contract
  sg_aux=dependencies_satisfied
  smf_periodic "$1" && CONTRACT=- && sg_aux=scheduled
  printf '%s online none %s %s\n' "$NOW" "$CONTRACT" "$sg_aux" >>"$S/smf/$1/timeline"
  STATE=online NEXT=none AUX=$sg_aux SINCE_MS=$NOW
}

# smf_periodic DIR: whether svc.periodicd runs it (no process between runs).
smf_periodic() {
  while read -r sp_line; do
    case $sp_line in periodic/*) return 0 ;; esac
  done <"$S/smf/$1/running"
  return 1
}

# smf_runs DIR: LAST_RUN and NEXT_RUN, in milliseconds or empty, of an instance that svc.periodicd runs, as it is now.
smf_runs() {
  LAST_RUN='' NEXT_RUN=''
  if smf_periodic "$1" && [ "$STATE" = online ]; then
    smf_get "$1" running periodic/delay || VALUE=0
    NEXT_RUN=$((SINCE_MS + VALUE * 1000))
  fi
}

# smf_contract: CONTRACT, a new contract id.
smf_contract() {
  read -r CONTRACT <"$S/contract"
  CONTRACT=$((CONTRACT + 1))
  printf '%s\n' "$CONTRACT" >"$S/contract"
}

# smf_future DIR LINE...: replaces what was still to come, keeps the state that holds now.
smf_future() {
  sf_dir=$1
  shift
  {
    printf '%s %s %s %s %s\n' "$SINCE_MS" "$STATE" "$NEXT" "$CONTRACT" "$AUX"
    [ $# -eq 0 ] || printf '%s\n' "$@"
  } >"$S/smf/$sf_dir/timeline.new"
  mv -f "$S/smf/$sf_dir/timeline.new" "$S/smf/$sf_dir/timeline"
}

# smf_start_line DIR NAME AT: LINE, how a start that begins now will have ended AT. nova-compute reads its
# configuration: what oslo.config refuses ends in maintenance; so do the faults restart-fails and flapping when
# the file is not the one the node was made with.
smf_start_line() {
  if ! smf_dependencies "$1"; then
    LINE="$3 offline none - dependencies_unsatisfied"
    return
  fi
  sl_contract=$CONTRACT
  smf_contract
  LINE="$3 online none $CONTRACT dependencies_satisfied"
  if smf_periodic "$1"; then LINE="$3 online none - scheduled"; fi
  case $2 in
    application/openstack/nova/nova-compute:*)
      sl_conf=$R/etc/nova/nova.conf
      if ! "$LAB_SIM/oslo-reads" "$sl_conf"; then
        LINE="$3 maintenance none - method_failed"
      elif [ -f "$S/restart-fault" ] && ! cmp -s "$sl_conf" "$S/nova.conf.made"; then
        read -r sl_fault <"$S/restart-fault"
        case $sl_fault in
          maintenance) LINE="$3 maintenance none - method_failed" ;;
          flapping) LINE="$3 flapping none $CONTRACT dependencies_satisfied" ;;
          stuck) LINE="$3 offline online - dependencies_satisfied" ;;
        esac
      fi
      ;;
  esac
  CONTRACT=$sl_contract
}

# smf_get DIR FILE PROPERTY: TYPE and VALUE; status 1 when there is none.
smf_get() {
  while read -r sm_name TYPE VALUE; do
    [ "$sm_name" = "$3" ] && return 0
  done <"$S/smf/$1/$2"
  TYPE='' VALUE=''
  return 1
}

# smf_has FILE LINE: whether a file that may not be there has the line.
smf_has() {
  [ -f "$1" ] || return 1
  while IFS= read -r sh_line; do
    [ "$sh_line" = "$2" ] && return 0
  done <"$1"
  return 1
}

# smf_put DIR FILE PROPERTY TYPE VALUE: sets one property.
smf_put() {
  {
    while read -r sm_name sm_rest; do
      [ "$sm_name" = "$3" ] || printf '%s %s\n' "$sm_name" "$sm_rest"
    done <"$S/smf/$1/$2"
    printf '%s %s %s\n' "$3" "$4" "$5"
  } >"$S/smf/$1/$2.new"
  mv -f "$S/smf/$1/$2.new" "$S/smf/$1/$2"
}

# smf_import_due: runs a manifest-import whose time has come: new manifests in site/ become instances, and an
# instance whose manifest file is gone is removed. One command does it, whoever comes meanwhile waits: a repository
# never shows half an import, and two would write over what was set between them.
smf_import_due() {
  [ -z "${LAB_IMPORTS:-}" ] || return 0
  if [ -f "$S/import-at" ]; then
    read -r si_at <"$S/import-at"
    [ "${si_at:-$NOW}" -le "$NOW" ] || return 0
    if mv "$S/import-at" "$S/importing" 2>/dev/null; then
      smf_import
      rm -f "$S/importing"
      return 0
    fi
  fi
  si_left=$IMPORT_LOOKS
  while [ -f "$S/importing" ] && [ "$si_left" -gt 0 ]; do
    si_left=$((si_left - 1))
    sleep 0.1
  done
}

smf_import() {
  for si_file in "$R"/lib/svc/manifest/site/*.xml; do
    [ -f "$si_file" ] && LAB_IMPORTS=1 "$LAB_SIM/import-manifest" "$si_file" 2>/dev/null
  done
  while read -r si_name si_dir; do
    [ -f "$S/smf/$si_dir/manifest" ] || continue
    read -r si_file <"$S/smf/$si_dir/manifest"
    [ -f "$R$si_file" ] || smf_delete "$si_dir"
  done <"$S/smf/names"
}

# smf_delete DIR
smf_delete() {
  while read -r sx_name sx_dir; do
    [ "$sx_dir" = "$1" ] || printf '%s %s\n' "$sx_name" "$sx_dir"
  done <"$S/smf/names" >"$S/smf/names.new"
  mv -f "$S/smf/names.new" "$S/smf/names"
  rm -rf "$S/smf/${1:?}"
}

# smf_seconds MS: SECONDS_NS as svcprop prints a time.
smf_seconds() {
  ss_ms=$(($1 % 1000))
  case ${#ss_ms} in 1) ss_ms=00$ss_ms ;; 2) ss_ms=0$ss_ms ;; esac
  SECONDS_NS=$(($1 / 1000)).${ss_ms}000000
}
