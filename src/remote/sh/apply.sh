# The apply script's transaction: docs/remote-protocol.md, "The apply script". `set -e` is never used: a lost line must
# not end it in the middle, and every failure is looked at where it happens.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2153,SC2154 # state and inputs are shared across the files, see lib.sh
# shellcheck disable=SC2016 # single quotes hold text for another shell

# The controller takes 30 s of silence for a lost line.
ALIVE_S=10
# Added to stop + start + soak for a restart, and its least deadline (design: nova-compute's own limits are 60 to 600).
RESTART_SLACK_S=60
RESTART_LEAST_S=240
# Newest backups kept beside the oldest.
BACKUPS_KEPT=4
# What the write proof writes: more than any buffer hides, less than any quota.
PROOF_BYTES=1048576
# While it must hold: each restart changes contract and time for good, so a look less often misses none.
HOLD_LOOK_S=2
# A reading of the service that fails now and then decides nothing; so many in a row do.
MISSES_MAX=3
# What keeps Solaris' time slider from snapshots of a dataset: they would hold the space of evicted images.
AUTO_SNAPSHOT=com.sun:auto-snapshot
# Before each of these svcprop puts a backslash (sheet 2.7); a line break or a TAB is in no value of ours.
SVCPROP_ESCAPES=";&()|^<> \\\"'\`"
# What a copy is called until it is whole: no image's name, so that neither Nova nor the cleaner takes it for one.
MIGRATE_TEMP=.novasweep-migrate
MIGRATE_STAMP=.novasweep-migrate-times
# More images than any cache has.
MIGRATE_MAX=100000
# An image that was changed so lately may still be downloaded, seconds.
BUSY_S=120
# Between two looks whether the node is idle: a deployment takes minutes.
IDLE_LOOK_S=10
# A step of pkg: it reads catalogs and rebuilds indexes, minutes on an old node; and how long another pkg is waited for.
PKG_STEP_S=600
PKG_LOCKED_S=240
PKG_LOCKED_NAP_S=5
# How often nova.conf is read before a restore gives up, a second apart: one failing read decides nothing.
READS_MAX=3

# apply_begin: deaf to a lost line, then lock, limits, expects.
apply_begin() {
  applying=1
  step_id='' rc=0 code='' words='' edited='' built='' noted='' committed='' hands_off='' restart_asked='' edit_after='' paid_since=''
  edit_since='' edit_contract='' state='' next='' since='' contract=''
  idle_left=$WAIT_IDLE idle_spent='' migrate_by=''
  undone='' ticker='' limit_serial=0 step_serial='' owner_dir='' proof_by='' driver_section='' deadline=''
  LOCK=$R/system/volatile/novasweep.lock
  trap '' HUP PIPE
  boot_time
  lock_take
  ticker_start "$HOST_TIMEOUT"
  limit "$STEP_TIMEOUT"
  expects
  limit 0
}

# --- limits in time ---

# ticker_start SECONDS: the one watcher of this script: says `alive`, keeps the limit of the step, and ends the script
# with TERM at the deadline.
ticker_start() {
  [ -z "$in_trap" ] || return 0
  beside=1
  tick "$1" </dev/null 2>/dev/null &
  ticker=$! beside=''
}

# limit SECONDS: from then on no command of this script outlives two looks of the ticker; 0: no limit. Told through a
# file: a subshell beside each step would cost more processes than most steps. The number tells limits apart, so that
# what the ticker does late is not taken for the next step's.
limit() {
  [ -n "$ticker" ] || return 0
  limit_serial=$((limit_serial + 1))
  { printf '%s %s\n' "$limit_serial" "$1" >"$T/limit"; } 2>/dev/null
}

tick() {
  aside
  tick_host=$1 tick_quiet=0 tick_serial='' tick_limit=0 tick_left=0
  while :; do
    tick_nap=$NAP_MAX_S
    if [ "$tick_host" -eq 1 ] || [ "$tick_left" -eq 1 ]; then tick_nap=1; fi
    nap "$tick_nap"
    main_lives
    tick_quiet=$((tick_quiet + tick_nap))
    if [ $tick_quiet -ge $ALIVE_S ]; then
      tick_quiet=0
      say alive
    fi
    tick_host=$((tick_host - tick_nap))
    # It goes on: what main is in may hang, and main hears the signal only then.
    if [ $tick_host -le 0 ] && [ $((tick_host + tick_nap)) -gt 0 ]; then
      : >"$T/expired"
      kill $$
    fi
    tick_step
  done
}

# tick_step: a new limit counts from the moment it is seen, so it is kept up to 2 s late, never early.
tick_step() {
  tick_new='' tick_word=''
  read -r tick_new tick_word <"$T/limit"
  case $tick_new in
    stop) exit 0 ;;
    # Empty: main is just writing it.
    '' | "$tick_serial") ;;
    *)
      tick_serial=$tick_new tick_limit=$tick_word tick_left=$tick_word watch_seen=' '
      return
      ;;
  esac
  [ "$tick_limit" -gt 0 ] || return 0
  tick_left=$((tick_left - tick_nap))
  [ $tick_left -gt 0 ] || watch_look
}

# ticker_stop: the signal ends it at once; one that it lost costs until it reads the file, 2 s at most.
ticker_stop() {
  [ -n "$ticker" ] || return 0
  { printf 'stop\n' >"$T/limit"; } 2>/dev/null
  kill -s "$ASIDE_SIGNAL" "$ticker" 2>/dev/null
  # A signal of ours may end a wait.
  wait "$ticker" 2>/dev/null || wait "$ticker" 2>/dev/null
  ticker=''
}

# run TOOL…: in the background, so that a signal is served at once; output in $T/out, words in $T/err. Sets rc. Whatever
# decides is read this way: in ksh93 even a HUP it ignores may cut a command substitution short.
run() {
  "$@" >"$T/out" 2>"$T/err" </dev/null &
  child=$!
  wait "$child" 2>/dev/null
  rc=$?
  [ -z "$stopped" ] || stop_now
  # A signal that ksh93 ignores may still end its wait; the child's own status is told once more, or not at all (127).
  while [ $rc -gt 128 ]; do
    wait "$child" 2>/dev/null
    run_again=$?
    [ -z "$stopped" ] || stop_now
    [ $run_again -ne 127 ] || break
    [ $run_again -ne $rc ] || kill -s 0 "$child" 2>/dev/null || break
    rc=$run_again
  done
  child=''
  return $rc
}

# first_line: `line`, the first one of $T/out.
first_line() {
  line=''
  read -r line <"$T/out"
  [ -n "$line" ]
}

# said: `words`, what the last tool said, on one line; dd's counts are no words.
said() {
  words=''
  for said_file in "$T/err" "$T/out"; do
    while read -r said_line || [ -n "$said_line" ]; do
      case $said_line in
        '' | *' records in' | *' records out' | *' copied, '*) ;;
        *) words="$words${words:+ }$said_line" ;;
      esac
    done <"$said_file"
    [ -z "$words" ] || break
  done
  one_line "${words:-exit status $rc}"
  words=$one
}

# fail CODE TEXT: why a step ends; status 1.
fail() {
  code=$1 words=$2
  return 1
}

# tool_failed [TEXT]: the last tool did not do it; its own words.
tool_failed() {
  said
  fail E_STEP "${1:+$1: }$words"
}

# step I FUNCTION ARGUMENT…: one change. A failing one ends main.
step() {
  [ -z "$stopped" ] || stop_now
  step_id=$1
  shift
  say "step $step_id start"
  case $1 in
    # Have a deadline of their own.
    compute_restart | cache_migrate | legacy_remove | cache_evict | be_destroy) step_limit=$HOST_TIMEOUT ;;
    cleaner_package | cleaner_uninstall)
      step_limit=$PKG_STEP_S
      [ "$step_limit" -ge "$STEP_TIMEOUT" ] || step_limit=$STEP_TIMEOUT
      ;;
    *) step_limit=$STEP_TIMEOUT ;;
  esac
  limit "$step_limit"
  step_serial=$limit_serial
  code=E_STEP words='' result=''
  if "$@"; then
    limit 0
    say "step $step_id ok${result:+ $result}"
    step_id=''
    return 0
  fi
  limit 0
  step_failed
  leave 1
}

step_failed() {
  [ -n "$step_id" ] && [ -z "$hands_off" ] || return 0
  step_late=''
  [ ! -f "$T/late" ] || read -r step_late <"$T/late"
  if [ "$step_late" = "$step_serial" ]; then
    code=E_STEP_TIMEOUT
    words="not done in $step_limit s${words:+: $words}"
  fi
  one_line "$words"
  say "step $step_id fail $code $one"
  step_id=''
}

# stop_now: TERM came, from the ticker at the host's deadline or from outside; ends what runs, then main. `undone` is the
# function that tells what a step had done by then, where it is more than its failure says.
stop_now() {
  end_tree "$child"
  wait "$child" 2>/dev/null
  child=''
  limit 0
  if [ -n "$undone" ]; then
    stop_account=$undone undone='' stopped=''
    $stop_account
  fi
  code=E_STOPPED words='ended by a signal'
  [ ! -f "$T/expired" ] || { code=E_HOST_TIMEOUT; words="not done in $HOST_TIMEOUT s"; }
  if [ -n "$step_id" ]; then
    step_failed
    leave 1
  fi
  refuse $code "$words"
}

# --- lock ---

# lock_take: one script a node. T is the lock's directory: root's, and empty after a boot.
lock_take() {
  lock_since=$("$DATE" +%Y-%m-%dT%H:%M:%SZ)
  if ! lock_words=$("$MKDIR" -m 700 "$LOCK" 2>&1); then
    [ -d "$LOCK" ] || refuse E_STEP "no lock: $lock_words"
    lock_read
    # Its owner may be between mkdir and the record.
    [ -n "$lock_record" ] || { nap 2 && lock_read; }
    [ -z "$lock_alive" ] || refuse E_LOCKED "held $lock_record"
    # One of this very run: its controller died, and another goes on with it.
    case $lock_record in
      *"\"run\":\"$RUN\""*) ;;
      *) [ "$BREAK_LOCK" = 1 ] || refuse E_LOCKED "stale $lock_record" ;;
    esac
    lock_break
  fi
  T=$LOCK
  # Only the last script's is of use to anybody.
  for old_result in "$R"/system/volatile/novasweep.result-*; do
    [ ! -f "$old_result" ] || "$RM" -f "$old_result"
  done
  result_file=$R/system/volatile/novasweep.result-$RUN-$SCRIPT
  json_word "$CONTROLLER" && lock_controller=$json
  json_word "$OPERATOR" && lock_operator=$json
  printf '{"run":"%s","controller":"%s","user":"%s","pid":%s,"bootedAt":"%s","since":"%s"}\n' "$RUN" \
    "$lock_controller" "$lock_operator" $$ "$booted" "$lock_since" >"$T/record" ||
    refuse E_STEP 'the record of the lock could not be written'
}

# lock_break: takes a stale lock out of the way. Of two that try, the rename lets one through; what was renamed must
# still be the record that was judged.
lock_break() {
  lock_judged=$lock_record lock_aside=$LOCK.stale.$RUN.$$
  "$MV" "$LOCK" "$lock_aside" 2>/dev/null || refuse E_LOCKED "held by another that took it over"
  line_of "$lock_aside/record"
  lock_record=$text
  if [ "$lock_record" != "$lock_judged" ] || ! "$MKDIR" -m 700 "$LOCK" 2>/dev/null; then
    [ -d "$LOCK" ] || "$MV" "$lock_aside" "$LOCK"
    refuse E_LOCKED "held $lock_record"
  fi
  lock_clear "$lock_aside"
  one_line "$lock_judged"
  say "lock taken $one"
}

lock_clear() {
  "$RM" -f "$1/record" "$1/out" "$1/err" "$1/late" "$1/expired" "$1/range" "$1/limit" "$1/svccfg" \
    "$1/images" "$1/rows" "$1/batch" "$1/said"
  "$RMDIR" "$1" 2>/dev/null
}

# json_word TEXT: `json`, TEXT if it needs no escape, else `?`.
json_word() {
  json=$1
  case $1 in *[!A-Za-z0-9._@:+-]*) json='?' ;; esac
}

# --- what must still be true ---

expects() {
  expects_node
  expect_file "$METHOD" "${EXPECT_METHOD:-}"
  expect_file "$MANIFEST" "${EXPECT_MANIFEST:-}"
}

# expects_node: the boot, nova.conf and nova-compute.
expects_node() {
  if [ "$EXPECT_BOOT" != - ] && [ "$booted" != "$EXPECT_BOOT" ]; then
    refuse E_STALE "the node booted at $booted, not at $EXPECT_BOOT"
  fi
  if [ "$EXPECT_CONF" != - ]; then
    digest_of "$R$CONF"
    [ "$digest" = "$EXPECT_CONF" ] || refuse E_STALE "$CONF was changed: $digest"
  fi
  if [ "$EXPECT_STATE" != - ]; then
    service_read "$SERVICE"
    [ "$state" = "$EXPECT_STATE" ] || refuse E_STALE "$SERVICE is ${state:-not there}, not $EXPECT_STATE"
  fi
}

# expect_file PATH DIGEST: `-` for a file that is not there, nothing for one that does not matter.
expect_file() {
  case $2 in
    '') ;;
    -) ! exists "$R$1" || refuse E_STALE "$1 was not there, and is now" ;;
    *)
      digest=''
      [ ! -f "$R$1" ] || [ -L "$R$1" ] || digest_of "$R$1"
      [ "$digest" = "$2" ] || refuse E_STALE "$1 was changed: ${digest:-it cannot be read}"
      ;;
  esac
}

# idle_check: no zone being installed, no download under way, in the cache in force or in the one to be; waits for that as
# long as the operator said, for both checks together.
idle_check() {
  idle_waited=''
  while :; do
    idle_look
    [ -n "$busy" ] || break
    [ "$idle_left" -gt 0 ] || refuse E_BUSY "$busy${idle_spent:+ (waited $idle_spent s)}"
    [ -n "$idle_waited" ] || { idle_waited=1 && one_line "$busy" && say "step i start $one"; }
    idle_nap=$IDLE_LOOK_S
    [ "$idle_left" -ge "$IDLE_LOOK_S" ] || idle_nap=$idle_left
    idle_left=$((idle_left - idle_nap)) idle_spent=$((${idle_spent:-0} + idle_nap))
    nap "$idle_nap"
    # Nobody to hear of it: what was not begun is not begun behind anybody's back.
    say alive
    [ -z "$unheard" ] || refuse E_STOPPED 'the line was cut while the node was waited for'
  done
  [ -n "$idle_waited" ] || return 0
  say 'step i ok'
  # Others had time too. Only our own files may differ by now.
  expects_node
}

# idle_look: `busy`, what the node is at; empty when it is idle.
idle_look() {
  busy=''
  limit "$STEP_TIMEOUT"
  # A list that cannot be had is not an idle node.
  run "$ZONEADM" list -cp || { said; busy="zones could not be looked at: $words"; : >"$T/out"; }
  while IFS=: read -r idle_id idle_zone idle_state idle_rest; do
    [ "$idle_state" != incomplete ] || busy="zone being installed: $idle_zone"
  done <"$T/out"
  if [ -n "$busy" ]; then
    limit 0
    return
  fi
  # Once a script: no driver is installed meanwhile.
  [ -n "$driver_section" ] || driver_look
  inforce=''
  if [ -f "$R$CONF" ] && [ ! -L "$R$CONF" ]; then
    conf_look
    [ -n "$inforce" ] || conf_look
  fi
  set -- "$CACHE_DIR"
  path_of "$inforce"
  [ "$path" = "$CACHE_DIR" ] || [ "$path" = / ] || set -- "$CACHE_DIR" "$path"
  for idle_dir in "$@"; do
    shift
    [ ! -d "$R$idle_dir" ] || set -- "$@" "$idle_dir"
  done
  if [ $# -gt 0 ]; then
    if ! run caches_look busy "$@"; then
      busy='the caches could not be looked at'
    elif first_line; then
      busy="an image is being downloaded: $line"
    fi
  fi
  limit 0
}

# digest_of FILE: `digest`, empty when it cannot be had.
digest_of() {
  digest=''
  run "$DIGEST" -a sha256 "$1" && first_line && digest=$line
}

# --- files in directories that are not root's ---

# as_user USER TEXT: runs TEXT in a shell of USER; root needs no su.
as_user() {
  if [ "$1" = root ]; then run "$SH" -c "$2"; else run "$SU" "$1" -c "$2"; fi
}

# row_of PATH: `row_mode`, `row_owner`, `row_group` and `row_size` of the path itself.
row_of() {
  row_mode='' row_owner='' row_group='' row_size=''
  run "$LS" -dE "$R$1" && first_line || return 1
  set -f
  # shellcheck disable=SC2086 # columns
  set -- $line
  set +f
  [ $# -ge 9 ] || return 1
  row_mode=$1 row_owner=$3 row_group=$4 row_size=$5
}

# no_link PATH: whether none of its components is a link.
no_link() {
  link_rest=${1#/}/ link_at=''
  while [ -n "$link_rest" ]; do
    link_at=$link_at/${link_rest%%/*}
    link_rest=${link_rest#*/}
    if [ -L "$R$link_at" ]; then
      fail E_PATH_LINK "$link_at is a link"
      return 1
    fi
  done
}

# --- dataset and directory ---

# properties_of NAME PROPERTY,…: `zfs_mountpoint`, `zfs_quota`, `zfs_mounted`, `zfs_canmount`, `zfs_auto_snapshot`, `zfs_available` and
# `zfs_type` as far as they were asked for, sizes in exact bytes; empty when they cannot be had.
properties_of() {
  zfs_mountpoint='' zfs_quota='' zfs_mounted='' zfs_type='' zfs_canmount='' zfs_auto_snapshot='' zfs_available=''
  run "$ZFS" get -Hp -o property,value "$2" "$1" || return 1
  while IFS=$TAB read -r zfs_name zfs_value; do
    case $zfs_name in
      mountpoint) zfs_mountpoint=$zfs_value ;;
      quota) zfs_quota=$zfs_value ;;
      mounted) zfs_mounted=$zfs_value ;;
      type) zfs_type=$zfs_value ;;
      canmount) zfs_canmount=$zfs_value ;;
      available) zfs_available=$zfs_value ;;
      "$AUTO_SNAPSHOT") zfs_auto_snapshot=$zfs_value ;;
    esac
  done <"$T/out"
  # A user property may be set to nothing.
  [ -s "$T/out" ]
}

# property_set NAME PROPERTY VALUE: one property a call (sheet 3.2).
property_set() { run "$ZFS" set "$2=$3" "$1" || tool_failed; }

# property_is NAME PROPERTY WANTED VALUE
property_is() { [ "$4" = "$3" ] || fail E_STEP "$2 of $1 is $4 after it was set to $3"; }

# dataset_create DATASET MOUNTPOINT BYTES
dataset_create() {
  # zfs makes the dataset and then does not mount it over what is there.
  if exists "$R$2"; then
    run "$LS" -A "$R$2" || { tool_failed "$2 cannot be listed"; return 1; }
    if [ -s "$T/out" ]; then
      first_line
      fail E_OVERLAP "$2 is not empty: $line"
      return 1
    fi
  fi
  if ! create_try "$@"; then
    said
    create_words=$words create_parent=${1%/*}
    # What it says of a missing parent differs between releases; that there is none does not.
    if ! properties_of "$create_parent" type; then
      run "$ZFS" create -p "$create_parent" || { tool_failed "$create_parent"; return 1; }
      create_words=''
      create_try "$@" || { said; create_words=$words; }
    fi
    case $create_words in
      '') ;;
      *'dataset already exists'*) fail E_STALE "$create_words"; return 1 ;;
      *'successfully created, but not mounted'*)
        fail E_STEP "$1 exists now and is not mounted: $create_words"
        return 1
        ;;
      *) fail E_STEP "$create_words"; return 1 ;;
    esac
  fi
  properties_of "$1" mountpoint,quota,mounted,$AUTO_SNAPSHOT || { tool_failed; return 1; }
  create_again=''
  [ "$zfs_mountpoint" = "$2" ] || { create_again=1 && property_set "$1" mountpoint "$2"; } || return 1
  [ "$zfs_quota" = "$3" ] || { create_again=1 && property_set "$1" quota "$3"; } || return 1
  [ "$zfs_auto_snapshot" = false ] || { create_again=1 && property_set "$1" $AUTO_SNAPSHOT false; } || return 1
  if [ -n "$create_again" ]; then
    properties_of "$1" mountpoint,quota,mounted,$AUTO_SNAPSHOT || { tool_failed; return 1; }
  fi
  property_is "$1" mountpoint "$2" "$zfs_mountpoint" && property_is "$1" quota "$3" "$zfs_quota" &&
    property_is "$1" $AUTO_SNAPSHOT false "$zfs_auto_snapshot" || return 1
  [ "$zfs_mounted" = yes ] || fail E_STEP "$1 exists now and is not mounted"
}

# create_try DATASET MOUNTPOINT BYTES: not -p here: it takes a dataset that is already there for success, and ignores
# the properties.
create_try() { run "$ZFS" create -o "mountpoint=$2" -o "quota=$3" -o "$AUTO_SNAPSHOT=false" "$1"; }

# dataset_set DATASET PROPERTY FROM TO: one of canmount and com.sun:auto-snapshot.
dataset_set() {
  properties_of "$1" "$2" || { tool_failed; return 1; }
  case $zfs_canmount$zfs_auto_snapshot in
    "$4") return 0 ;;
    "$3") ;;
    *) fail E_STALE "$2 of $1 is $zfs_canmount$zfs_auto_snapshot, not $3"; return 1 ;;
  esac
  property_set "$1" "$2" "$4" || return 1
  properties_of "$1" "$2" || { tool_failed; return 1; }
  property_is "$1" "$2" "$4" "$zfs_canmount$zfs_auto_snapshot"
}

# dataset_quota DATASET FROM TO
dataset_quota() {
  properties_of "$1" quota || { tool_failed; return 1; }
  case $zfs_quota in
    "$3") return 0 ;;
    "$2") ;;
    *) fail E_STALE "the quota of $1 is $zfs_quota, not $2"; return 1 ;;
  esac
  # No quota is none, not 0 (libzfs).
  quota_word=$3
  [ "$3" != 0 ] || quota_word=none
  if ! property_set "$1" quota "$quota_word"; then
    case $words in *'size is less than current used'*) code=E_QUOTA_BELOW_USE ;; esac
    return 1
  fi
  properties_of "$1" quota || { tool_failed; return 1; }
  property_is "$1" quota "$3" "$zfs_quota"
}

# letters_of MODE: `letters`, as ls shows a directory of that mode; with special bits none are known.
letters_of() {
  letters=d
  case $1 in [1-7]???) letters='(special)' && return ;; esac
  letters_rest=${1#0}
  while [ -n "$letters_rest" ]; do
    case $letters_rest in
      0*) letters=$letters--- ;;
      1*) letters=$letters--x ;;
      2*) letters=$letters-w- ;;
      3*) letters=$letters-wx ;;
      4*) letters=${letters}r-- ;;
      5*) letters=${letters}r-x ;;
      6*) letters=${letters}rw- ;;
      *) letters=${letters}rwx ;;
    esac
    letters_rest=${letters_rest#?}
  done
}

# directory_own PATH OWNER GROUP MODE: makes it when missing, corrects only what differs.
directory_own() {
  no_link "$1" || return 1
  own_parent=${1%/*}
  if [ ! -d "$R$1" ]; then
    row_of "${own_parent:-/}" || { fail E_STEP "${own_parent:-/} is not there"; return 1; }
    as_user "$row_owner" "'$MKDIR' '$R$1'" || { tool_failed; return 1; }
  fi
  row_of "$1" || { fail E_STEP "$1 cannot be looked at"; return 1; }
  case $row_mode in d*) ;; *) fail E_PATH_LINK "$1 is no directory"; return 1 ;; esac
  if [ "$row_owner:$row_group" != "$2:$3" ]; then
    run "$CHOWN" -h "$2:$3" "$R$1" || { tool_failed; return 1; }
  fi
  letters_of "$4"
  # As its owner: a link put there meanwhile leads nowhere its owner could not go.
  case $row_mode in
    "$letters"*) ;;
    *) as_user "$2" "'$CHMOD' '$4' '$R$1'" || { tool_failed; return 1; } ;;
  esac
  row_of "$1"
  case "$row_owner:$row_group $row_mode" in
    "$2:$3 $letters"* | "$2:$3 d"*[sStT]*) ;;
    *) fail E_STEP "$1 is $row_owner:$row_group $row_mode after it was set to $2:$3 $4" ;;
  esac
}

# write_proof DIR USER: the one who will write the images writes, and removes what it wrote.
write_proof() {
  proof_file=.novasweep-$RUN proof_by=$2 proof_in=$1
  proof_tidy=:
  # Of proofs that were killed, or went down with the node.
  for proof_temp in "$R$1"/.novasweep-[0-9]*; do
    ! is_temp "$proof_temp" || proof_tidy="$proof_tidy; '$RM' -f ${proof_temp##*/}"
  done
  as_user "$2" "umask 077
cd -P '$R$1' || exit 1
$proof_tidy
'$DD' if=/dev/zero of=$proof_file bs=$PROOF_BYTES count=1
proof=\$?
'$RM' -f $proof_file || exit 1
exit \$proof" && proof_by='' && return 0
  said
  fail E_NOT_WRITABLE "$2 cannot write in $1: $words"
}

# --- cleaner ---

# install_file PATH TEXT OWNER:GROUP MODE: made beside it and renamed, in a directory of root's.
install_file() {
  install_dir=$R${1%/*}
  if [ ! -d "$install_dir" ]; then
    run "$MKDIR" -p -m 755 "$install_dir" || { tool_failed; return 1; }
  fi
  run "$MKTEMP" "$install_dir/.novasweep-$RUN.XXXXXX" || { tool_failed; return 1; }
  first_line
  install_temp=$line
  printf '%s' "$2" >"$install_temp" || { fail E_STEP "$1 could not be written"; return 1; }
  if run "$CHOWN" "$3" "$install_temp" &&
    run "$CHMOD" "$4" "$install_temp" && run "$MV" -f "$install_temp" "$R$1"; then
    return 0
  fi
  tool_failed "$1"
}

# install_tidy: what an installation that was cut short left, in directories of root's.
install_tidy() {
  for tidy_file in "$R${METHOD%/*}"/.novasweep-[0-9]*.* "$R${MANIFEST%/*}"/.novasweep-[0-9]*.*; do
    ! is_temp "$tidy_file" || "$RM" -f "$tidy_file"
  done
}

# is_temp PATH: whether it is a temporary file, of this run or of one whose script was killed or went down with the node:
# while we hold the lock there are no others.
is_temp() {
  # mktemp's own letters: Solaris takes _ too.
  case ${1##*/} in *[!A-Za-z0-9._-]*) return 1 ;; esac
  [ -f "$1" ] && [ ! -L "$1" ]
}

cleaner_install() {
  package_owner || return 1
  install_file "$METHOD" "$METHOD_TEXT" root:bin 0555 || return 1
  install_file "$MANIFEST" "$MANIFEST_TEXT" root:sys 0444 || return 1
  # A manifest this system does not understand (11.2 knows no periodic services) must not reach the import.
  run "$SVCCFG" validate "$R$MANIFEST" || { tool_failed "$MANIFEST"; return 1; }
  cleaner_import
}

# package_owner: whether no package owns what is there already. Files of a package are never written over: its next
# update would, and pkg verify would complain until then. One call, and none where nothing is there.
package_owner() {
  set --
  owner_paths=''
  for owner_path in "$METHOD" "$MANIFEST"; do
    exists "$R$owner_path" || continue
    # Several terms are all wanted of one file, unless it says OR.
    [ $# -eq 0 ] || set -- "$@" OR
    set -- "$@" "path:$owner_path"
    owner_paths="$owner_paths $owner_path"
  done
  [ $# -gt 0 ] || return 0
  run "$PKG" search -l -H -o pkg.name "$@"
  # 1: nobody owns any of them.
  [ $rc -le 1 ] || { tool_failed 'which package owns them cannot be asked'; return 1; }
  if first_line; then
    one_line "package $line owns$owner_paths"
    fail E_PACKAGED "$one"
  fi
}

# pkg_do WORD…: pkg, waiting while another one holds the image (7). Nothing to do (4) is done, and so is what an actuator
# did not end in time (8): what SMF knows is looked at by whoever needs it.
pkg_do() {
  pkg_left=$PKG_LOCKED_S
  while :; do
    run "$PKG" "$@"
    case $rc in
      0 | 4 | 8) return 0 ;;
      7) ;;
      *) tool_failed "pkg $1"; return 1 ;;
    esac
    [ $pkg_left -gt 0 ] || { tool_failed "pkg $1, waited $PKG_LOCKED_S s"; return 1; }
    pkg_left=$((pkg_left - PKG_LOCKED_NAP_S))
    nap $PKG_LOCKED_NAP_S
  done
}

# cleaner_package FMRI ORIGIN METHOD_DIGEST MANIFEST_DIGEST: in this boot environment, without another as a backup.
cleaner_package() {
  package_method=$3 package_manifest=$4
  pkg_do install ${2:+-g "$2"} --sync-actuators-timeout "$STEP_TIMEOUT" --deny-new-be --no-backup-be "$1" || return 1
  # Installed before, and somebody's hand in it.
  if ! package_whole; then
    package_mend "$1" "$2" || return 1
    package_whole || {
      fail E_STEP "$1 as installed is not the one of this version of novasweep: publish it anew, with a version of its own"
      return 1
    }
  fi
  package_left=$((STEP_TIMEOUT / 3))
  until service_read "$CLEANER"; do
    [ $package_left -gt 0 ] || { cleaner_import; return; }
    package_left=$((package_left - 1))
    nap 1
  done
}

# package_mend FMRI ORIGIN: with an origin for that once, pkg has nowhere to mend from afterwards.
package_mend() {
  if [ -z "$2" ]; then
    pkg_do fix "$1"
    return
  fi
  mend_name=${1##*/}
  cleaner_uninstall "${mend_name%%@*}" &&
    pkg_do install -g "$2" --sync-actuators-timeout "$STEP_TIMEOUT" --deny-new-be --no-backup-be "$1"
}

# package_whole: whether the files are those of the package that this version makes.
package_whole() {
  digest_of "$R$METHOD" && [ "$digest" = "$package_method" ] && digest_of "$R$MANIFEST" &&
    [ "$digest" = "$package_manifest" ]
}

# cleaner_uninstall PACKAGE: what it runs is stopped before: the published one has nothing that would.
cleaner_uninstall() {
  if service_read "$CLEANER"; then cleaner_disable || return 1; fi
  pkg_do uninstall --sync-actuators-timeout "$STEP_TIMEOUT" --deny-new-be --no-backup-be "$1" || return 1
  for uninstall_path in "$METHOD" "$MANIFEST"; do
    ! exists "$R$uninstall_path" || { fail E_STEP "$uninstall_path is still there"; return 1; }
  done
}

# cleaner_import: by manifest-import, as at boot; by hand when that does not answer in a third of the time.
cleaner_import() {
  import_known='' import_since='' import_left=$((STEP_TIMEOUT / 3))
  if service_read "$CLEANER"; then
    import_known=1
    service_read svc:/system/manifest-import:default && import_since=$since
  fi
  run "$SVCADM" restart svc:/system/manifest-import:default || import_left=0
  while [ $import_left -gt 0 ]; do
    import_left=$((import_left - 1))
    nap 1
    # Known before: only a finished import says that the new manifest was read.
    if [ -z "$import_known" ]; then
      service_read "$CLEANER" && return 0
    elif service_read svc:/system/manifest-import:default; then
      [ "$since" = "$import_since" ] || [ "$state $next" != 'online none' ] || return 0
    else
      break
    fi
  done
  run "$SVCCFG" import "$R$MANIFEST" || { tool_failed; return 1; }
  import_left=$((STEP_TIMEOUT / 3))
  while ! service_read "$CLEANER"; do
    [ $import_left -gt 0 ] || { fail E_STEP "$CLEANER is not there after its import"; return 1; }
    import_left=$((import_left - 1))
    nap 1
  done
}

# cleaner_configure PG/NAME=TYPE:VALUE…: sets all in one call, refreshes, and waits until the running snapshot says so.
cleaner_configure() {
  : >"$T/svccfg"
  configure_groups=' '
  for configure_one in "$@"; do
    configure_parts "$configure_one" || { fail E_STEP "$configure_name cannot be set"; return 1; }
    case $configure_groups in
      *" ${configure_name%%/*} "*) ;;
      *) configure_groups="$configure_groups${configure_name%%/*} " ;;
    esac
    # The form of the type is what svccfg's grammar wants; what is no number is quoted whatever it holds.
    case $configure_type in
      count) ;;
      *)
        escaped "$configure_value" "\\\""
        configure_value="\"$escaped\""
        ;;
    esac
    printf 'setprop %s = %s: %s\n' "$configure_name" "$configure_type" "$configure_value" >>"$T/svccfg"
  done
  if ! run "$SVCCFG" -s "$CLEANER" -f "$T/svccfg"; then
    # A cleaner of another release may lack a group; one that is there makes addpg fail, and setprop decides again.
    for configure_group in $configure_groups; do
      run "$SVCCFG" -s "$CLEANER" addpg "$configure_group" application
    done
    run "$SVCCFG" -s "$CLEANER" -f "$T/svccfg" || { tool_failed; return 1; }
  fi
  run "$SVCADM" refresh "$CLEANER" || { tool_failed; return 1; }
  configure_left=$((STEP_TIMEOUT / 3))
  until configure_done "$@"; do
    [ $configure_left -gt 0 ] || { fail E_STEP "$configure_name is ${configure_seen:-not there} after it was set"; return 1; }
    configure_left=$((configure_left - 1))
    nap 1
  done
}

# configure_parts PG/NAME=TYPE:VALUE: `configure_name`, `configure_type`, `configure_value`; status 1 for what no line
# of svccfg's can say.
configure_parts() {
  configure_name=${1%%=*}
  configure_type=${1#*=}
  configure_value=${configure_type#*:}
  configure_type=${configure_type%%:*}
  case $configure_name in *[!A-Za-z0-9_/-]* | */*/* | /* | */) return 1 ;; */*) ;; *) return 1 ;; esac
  case $configure_type,$configure_value in
    *"$NL"* | *"$TAB"* | count, | count,*[!0-9]*) return 1 ;;
    count,* | astring,*) ;;
    *) return 1 ;;
  esac
}

# configure_done PG/NAME=TYPE:VALUE…: whether the running snapshot has them all; else the first that differs in
# `configure_name`, and `configure_seen`.
configure_done() {
  configure_seen=''
  configure_rows=$NL
  for configure_group in $configure_groups; do
    # A group that is not there yet shows no rows.
    run "$SVCPROP" -p "$configure_group" "$CLEANER" || :
    while read -r configure_name configure_type configure_value; do
      configure_rows=$configure_rows$configure_name=$configure_value$NL
    done <"$T/out"
  done
  for configure_one in "$@"; do
    configure_parts "$configure_one"
    # As svcprop prints it (sheet 2.7).
    escaped "$configure_value" "$SVCPROP_ESCAPES"
    escaped=${escaped:-'""'}
    case $configure_rows in
      *"$NL$configure_name=$escaped$NL"*) ;;
      *"$NL$configure_name="*)
        configure_seen=${configure_rows#*"$NL$configure_name="}
        configure_seen=${configure_seen%%"$NL"*}
        return 1
        ;;
      *) return 1 ;;
    esac
  done
}

# escaped TEXT CHARACTERS: `escaped`, TEXT with a backslash before each of CHARACTERS.
escaped() {
  escaped='' escaped_rest=$1
  while [ -n "$escaped_rest" ]; do
    escaped_tail=${escaped_rest#?}
    escaped_one=${escaped_rest%"$escaped_tail"}
    case $2 in *"$escaped_one"*) escaped=$escaped\\ ;; esac
    escaped=$escaped$escaped_one
    escaped_rest=$escaped_tail
  done
}

# cleaner_enable: without -s, which fails when nova-compute is down, and never -r, which would start nova-compute.
cleaner_enable() {
  service_read "$CLEANER"
  if [ "$state" = maintenance ]; then
    run "$SVCADM" clear "$CLEANER" || { tool_failed; return 1; }
  fi
  run "$SVCADM" enable "$CLEANER" || { tool_failed; return 1; }
  enable_left=$((STEP_TIMEOUT / 2))
  while [ $enable_left -gt 0 ]; do
    if service_read "$CLEANER"; then
      case "$state $next" in
        'online none') return 0 ;;
        'maintenance none') break ;;
        'offline none')
          # It waits for nova-compute, which nobody but the operator starts.
          service_read "$SERVICE"
          [ "$state $next" = 'online none' ] || return 0
          state=offline
          ;;
      esac
    fi
    enable_left=$((enable_left - 1))
    nap 1
  done
  service_why "$CLEANER"
  fail E_STEP "$CLEANER is $state: $words"
}

cleaner_disable() {
  run "$SVCADM" disable "$CLEANER" || { tool_failed; return 1; }
  disable_left=$((STEP_TIMEOUT / 2))
  until service_read "$CLEANER" && [ "$state $next" = 'disabled none' ]; do
    [ $disable_left -gt 0 ] || { fail E_STEP "$CLEANER is $state after it was disabled"; return 1; }
    disable_left=$((disable_left - 1))
    nap 1
  done
}

# cleaner_remove: the files first, or manifest-import would bring the service back.
cleaner_remove() {
  if service_read "$CLEANER"; then cleaner_disable || return 1; fi
  run "$RM" -f "$R$MANIFEST" "$R$METHOD" || { tool_failed; return 1; }
  service_read "$CLEANER" || return 0
  run "$SVCCFG" delete -f "${CLEANER%:*}" || { tool_failed; return 1; }
  ! service_read "$CLEANER" || fail E_STEP "$CLEANER is still there"
}

# --- nova.conf ---

# conf_guard: it and its directory are no links, and whoever may write the directory owns it. Sets `owner_dir`, and
# the row of nova.conf.
conf_guard() {
  conf_dir=${CONF%/*}
  if [ -L "$R$CONF" ] || [ -L "$R$conf_dir" ] || [ ! -f "$R$CONF" ]; then
    fail E_CONF_LINK "$CONF is no plain file in a plain directory"
    return 1
  fi
  row_of "$conf_dir" || { fail E_STEP "$conf_dir cannot be looked at"; return 1; }
  owner_dir=$row_owner
  case $owner_dir$row_mode in
    rootd????w* | rootd???????w*)
      fail E_CONF_OWNER "$conf_dir is root's, and others may write in it: $row_mode"
      return 1
      ;;
  esac
  row_of "$CONF" || { fail E_STEP "$CONF cannot be looked at"; return 1; }
  case $owner_dir in
    root | "$row_owner") ;;
    *) fail E_CONF_OWNER "$CONF is $row_owner's, its directory $owner_dir's" ;;
  esac
}

# conf_set OFFSET LENGTH RANGE_DIGEST AFTER_DIGEST OCTAL: the new file is built beside the old one, byte-exactly, by
# the directory's owner: nawk and Solaris sed add a missing last newline, and /usr/bin/tail may lack -c.
conf_set() {
  conf_guard || return 1
  conf_row="$row_mode $row_owner $row_group"
  service_read "$SERVICE"
  edit_since=$since edit_contract=$contract edit_after=$4
  conf_end=$(($1 + $2))
  if [ "$2" -gt 0 ]; then
    run "$DD" "if=$R$CONF" "of=$T/range" bs=1 "skip=$1" "count=$2" || { tool_failed; return 1; }
    digest_of "$T/range"
    [ "$digest" = "$3" ] || { fail E_STALE "the bytes to be replaced in $CONF changed"; return 1; }
  fi
  built=1
  conf_build "$1" "$5" || return 1
  conf_new=$line
  digest_of "$conf_new"
  [ "$digest" = "$4" ] || { fail E_STEP "the new $CONF came out different: $digest"; return 1; }
  # cp -p keeps the group only when the owner is in it.
  row_of "${conf_new#"$R"}"
  if [ "$row_mode $row_owner $row_group" != "$conf_row" ]; then
    fail E_CONF_OWNER "$CONF is $conf_row, and would become $row_mode $row_owner $row_group"
    return 1
  fi
  conf_backup || return 1
  # From here on the EXIT path looks whether there is something to restore.
  edited=1
  conf_rename "$conf_new" && return 0
  # Anything else may have failed after the rename.
  case $code in E_STALE | E_CONF_LINK) edited='' ;; esac
  return 1
}

# conf_build OFFSET OCTAL: `line`, the new file. cp -p gives it mode and ACL, writing in place keeps them.
conf_build() {
  build_head=: build_tail=:
  [ "$1" -eq 0 ] || build_head="'$DD' 'if=$R$CONF' bs=$1 count=1"
  if [ "$conf_end" -eq 0 ]; then
    build_tail="'$DD' 'if=$R$CONF'"
  elif [ "$conf_end" -lt "$row_size" ]; then
    build_tail="'$DD' 'if=$R$CONF' bs=$conf_end skip=1"
  fi
  as_user "$owner_dir" "umask 077
new=\$('$MKTEMP' '$R$conf_dir/.novasweep-$RUN.XXXXXX') || exit 1
'$CP' -p '$R$CONF' \"\$new\" && { $build_head && printf '$2' && $build_tail; } >\"\$new\" && printf '%s\\n' \"\$new\"" &&
    first_line && return 0
  tool_failed "$CONF was not built"
}

# conf_backup: the file as it was, and a note that a restart is owed, before anything changes.
conf_backup() {
  conf_note=$CONF.novasweep-$RUN.json
  if exists "$R$CONF.novasweep-$RUN"; then
    digest_of "$R$CONF.novasweep-$RUN"
    [ "$digest" = "$EXPECT_CONF" ] || { fail E_STEP "there is another $CONF.novasweep-$RUN"; return 1; }
  fi
  noted=1
  as_user "$owner_dir" "umask 077
[ -f '$R$CONF.novasweep-$RUN' ] || '$CP' -p '$R$CONF' '$R$CONF.novasweep-$RUN' || exit 1
new=\$('$MKTEMP' '$R$conf_dir/.novasweep-$RUN.XXXXXX') || exit 1
printf '%s\\n' '{\"run\":\"$RUN\",\"before\":\"$EXPECT_CONF\",\"after\":\"$edit_after\",\"restart\":\"owed\"}' >\"\$new\" &&
  '$MV' -f \"\$new\" '$R$conf_note'" || {
    tool_failed "no backup"
    return 1
  }
  digest_of "$R$CONF.novasweep-$RUN"
  [ "$digest" = "$EXPECT_CONF" ] || fail E_STALE "$CONF changed while it was saved"
}

# conf_rename NEW: looks a last time, in the same breath.
conf_rename() {
  as_user "$owner_dir" "[ ! -h '$R$CONF' ] || exit 21
[ \"\$('$DIGEST' -a sha256 '$R$CONF')\" = '$EXPECT_CONF' ] || exit 22
'$MV' -f '$1' '$R$CONF'" && return 0
  case $rc in
    21) fail E_CONF_LINK "$CONF became a link" ;;
    22) fail E_STALE "$CONF changed at the last moment" ;;
    *) tool_failed ;;
  esac
}

# conf_tidy: temporary files; after a failure or a restore also the backup and the note, which then tell of nothing.
conf_tidy() {
  if [ -z "$owner_dir" ] || [ -z "$built$restart_asked" ]; then return 0; fi
  tidy_text=''
  for tidy_file in "$R${CONF%/*}"/.novasweep-[0-9]*.*; do
    case $tidy_file in *"'"*) continue ;; esac
    ! is_temp "$tidy_file" || tidy_text="$tidy_text '$tidy_file'"
  done
  # A script that built nothing may be a later one of the run that did: its backup and note are that edit's.
  if [ -n "$1" ] && [ -n "$built" ]; then
    tidy_text="$tidy_text '$R$CONF.novasweep-$RUN' '$R$CONF.novasweep-$RUN.json'"
  fi
  [ -z "$tidy_text" ] || as_user "$owner_dir" "'$RM' -f $tidy_text"
}

# --- the images of the old cache ---

# cache_migrate FROM TO USER DATASET HEADROOM SECONDS: copies finished images, newest first, as far as there is room and
# time. Each under a name that is no image's, compared with its source, which must be as it was listed, then renamed: what
# is cut short is begun anew by the next run. `result` says how far it came. Nothing here fails a rollout: what is not
# copied is fetched again when it is needed.
cache_migrate() {
  migrate_images "$@" && return
  one_line "copied no image: $words"
  result=$one
}

migrate_images() {
  migrate_from=$R$1 migrate_to=$R$2 migrate_by=$3
  # What the pool has, where that is less than the quota leaves; the headroom is for downloads in either case.
  properties_of "$4" available || { tool_failed "$4"; return 1; }
  migrate_room=$((zfs_available - $5))
  no_link "$1" && no_link "$2" || return 1
  run migrate_list "$1" || { tool_failed "$1 cannot be listed"; return 1; }
  "$CP" "$T/out" "$T/images" || { fail E_STEP 'there is no room for a list'; return 1; }
  migrate_count=0 migrate_done=0 migrate_bytes=0 migrate_there=0 migrate_full=0 migrate_failed=0 migrate_late=0
  clock_now
  migrate_end=$((clock + $6))
  while read -r migrate_name migrate_size migrate_time <&3; do
    migrate_count=$((migrate_count + 1))
    clock_now
    if [ $clock -ge $migrate_end ]; then
      migrate_late=$((migrate_late + 1))
    elif [ "$migrate_size" -gt "$migrate_room" ]; then
      migrate_full=$((migrate_full + 1))
    else
      limit $((migrate_end - clock))
      migrate_one
      limit "$HOST_TIMEOUT"
    fi
  done 3<"$T/images"
  result="copied $migrate_done of $migrate_count images, $((migrate_bytes / 1048576)) MiB"
  [ $migrate_there -eq 0 ] || result="$result; $migrate_there were there"
  [ $migrate_full -eq 0 ] || result="$result; no room for $migrate_full"
  [ $migrate_late -eq 0 ] || result="$result; no time for $migrate_late"
  [ $migrate_failed -eq 0 ] || result="$result; $migrate_failed failed: $migrate_words"
}

# migrate_remains: a copy of a run that was killed, perhaps with the node: any later one takes it away.
migrate_remains() {
  migrate_to=$R$CACHE_DIR
  if exists "$migrate_to/$MIGRATE_TEMP" || exists "$migrate_to/$MIGRATE_STAMP"; then migrate_by=$CACHE_OWNER; fi
}

# migrate_list DIR: its finished images, newest first; in a subshell.
migrate_list() {
  cache_orders=$NL$1${TAB}change$NL MIN_AGE=$BUSY_S OLDEST_MAX=$MIGRATE_MAX
  [ -r "$R$1" ] && [ -x "$R$1" ] && caches_look finished "$1"
}

# migrate_one: $migrate_name, listed with $migrate_size and $migrate_time. Reading the source moves its time of use, by
# which the cleaner goes: a stamp keeps both times for the copy.
migrate_one() {
  migrate_is="\"\$('$LS' -dE $migrate_name | '$NAWK' '{ print \$5, \$6, substr(\$7, 1, 8) }')\" = '$migrate_size $migrate_time'"
  as_user "$migrate_by" "umask 022
cd -P '$migrate_to' || exit 1
if [ -f $migrate_name ] && [ ! -h $migrate_name ] && [ $migrate_is ]; then exit 30; fi
[ ! -e $migrate_name ] || [ -f $migrate_name ] || exit 31
'$RM' -f $MIGRATE_TEMP $MIGRATE_STAMP
cd -P '$migrate_from' && [ -f $migrate_name ] && [ ! -h $migrate_name ] && [ $migrate_is ] || exit 32
'$TOUCH' -r $migrate_name '$migrate_to/$MIGRATE_STAMP' && [ ! -e '$migrate_to/$MIGRATE_TEMP' ] &&
  '$CP' -p $migrate_name '$migrate_to/$MIGRATE_TEMP' && '$CMP' $migrate_name '$migrate_to/$MIGRATE_TEMP' || exit 1
[ $migrate_is ] && [ ! -e $migrate_name.downloading ] || exit 32
cd -P '$migrate_to' && '$TOUCH' -r $MIGRATE_STAMP $MIGRATE_TEMP && '$RM' -f $MIGRATE_STAMP &&
  '$MV' -f $MIGRATE_TEMP $migrate_name"
  case $rc in
    0)
      migrate_done=$((migrate_done + 1))
      migrate_room=$((migrate_room - migrate_size)) migrate_bytes=$((migrate_bytes + migrate_size))
      return
      ;;
    30)
      migrate_there=$((migrate_there + 1))
      return
      ;;
    31) words="$migrate_name is there and no file" ;;
    32) words="$migrate_name changed" ;;
    *) said ;;
  esac
  migrate_tidy
  if [ $rc -gt 128 ]; then
    migrate_late=$((migrate_late + 1))
  else
    case $words in
      # Nothing else will fit for long: what is left of the pool is not ours to fill.
      *[Qq]'uota exceeded'* | *'o space left'*) migrate_room=0 migrate_full=$((migrate_full + 1)) ;;
      *) migrate_failed=$((migrate_failed + 1)) migrate_words=$words ;;
    esac
  fi
}

# migrate_tidy: a copy that was cut short, by this script or by one that was killed.
migrate_tidy() {
  migrate_rc=$rc
  [ -z "$migrate_by" ] || as_user "$migrate_by" "'$RM' -f '$migrate_to/$MIGRATE_TEMP' '$migrate_to/$MIGRATE_STAMP'"
  rc=$migrate_rc
}

# clock_now: `clock`, seconds that only ever grow: a clock that is put back stands still, and past midnight a day begins.
clock_now() {
  clock_text=$("$DATE" +%H:%M:%S)
  clock_hours=${clock_text%%:*} clock_rest=${clock_text#*:}
  # 1 before it: a leading 0 would be octal.
  clock_day=$(((1$clock_hours - 100) * 3600 + (1${clock_rest%%:*} - 100) * 60 + 1${clock_rest#*:} - 100))
  clock_back=$((${clock_before:-0} - clock_day))
  [ $clock_back -le 43200 ] || clock_days=$((${clock_days:-0} + 1))
  if [ $clock_back -le 0 ] || [ $clock_back -gt 43200 ]; then clock_before=$clock_day; fi
  clock=$((${clock_days:-0} * 86400 + clock_before))
}

# --- nova-compute ---

# service_read FMRI: `state`, `next`, `since` and `contract`, empty when they cannot be had.
service_read() {
  state='' next='' since='' contract=''
  run "$SVCPROP" -p restarter "$1" || return 1
  while read -r service_name service_type service_value; do
    case $service_name in
      restarter/state) state=$service_value ;;
      restarter/next_state) next=$service_value ;;
      restarter/state_timestamp) since=$service_value ;;
      restarter/contract) contract=$service_value ;;
    esac
  done <"$T/out"
  [ -n "$state" ]
}

# service_ask VERB SECONDS: svcadm asks and returns; one that hangs is ended as a step is, where there is a ticker. What
# follows has SECONDS, from then on.
service_ask() {
  limit "$STEP_TIMEOUT"
  ask_serial=$limit_serial
  run "$SVCADM" "$1" "$SERVICE"
  limit "$2"
  step_serial=$limit_serial
  [ $rc -ne 0 ] || return 0
  step_serial=$ask_serial step_limit=$STEP_TIMEOUT
  return 1
}

# service_why FMRI: `words`, the reason SMF gives. Its other lines carry times and paths, by which equal failures of
# many hosts would look different.
service_why() {
  words=$("$SVCS" -x "$1" 2>&1)
  case $words in
    *Reason:*)
      words=${words#*Reason:}
      words=${words%%"$NL"*}
      ;;
    # It is online again, for the moment.
    *State:*) words='SMF gives no reason' ;;
  esac
  one_line "${words# }"
  words=$one
}

# restart_deadline: `deadline`, seconds a restart may take before its soak. Methods without a limit count as 0.
restart_deadline() {
  deadline=0
  # A group that is not there makes it fail, and shows the other all the same.
  run "$SVCPROP" -p stop -p start "$SERVICE" || :
  while read -r deadline_name deadline_type deadline_value; do
    case $deadline_name,$deadline_value in
      *,*[!0-9]* | *,) ;;
      stop/timeout_seconds,* | start/timeout_seconds,*) deadline=$((deadline + deadline_value)) ;;
    esac
  done <"$T/out"
  deadline=$((deadline + RESTART_SLACK_S))
  [ $deadline -ge $((RESTART_LEAST_S - SOAK)) ] || deadline=$((RESTART_LEAST_S - SOAK))
}

# await_online SINCE SECONDS: until nova-compute is online since another moment than SINCE. 1: it ended elsewhere;
# 2: still in transition, or nobody can say.
await_online() {
  await_left=$2
  while :; do
    if service_read "$SERVICE" && [ "$next" = none ] && [ "$since" != "$1" ]; then
      case $state in
        online) return 0 ;;
        maintenance | disabled) return 1 ;;
      esac
    fi
    [ "$await_left" -gt 0 ] || break
    await_left=$((await_left - 1))
    nap 1
  done
  [ "$next" = none ] && return 1
  return 2
}

# hold SECONDS: whether nova-compute stays as it is now: same state, same moment, same contract. A process that dies
# at once is online for moments only.
hold() {
  hold_as="$state $next $since $contract" hold_left=$1 hold_misses=0
  while :; do
    if service_read "$SERVICE"; then
      hold_misses=0
      [ "$state $next $since $contract" = "$hold_as" ] || return 1
    else
      hold_misses=$((hold_misses + 1))
      [ $hold_misses -lt $MISSES_MAX ] || return 1
    fi
    [ "$hold_left" -gt 0 ] || return 0
    hold_nap=$HOLD_LOOK_S
    [ "$hold_left" -ge "$HOLD_LOOK_S" ] || hold_nap=$hold_left
    hold_left=$((hold_left - hold_nap))
    nap "$hold_nap"
  done
}

# compute_restart BECAUSE: `edit`, or `owed` by an earlier run.
compute_restart() {
  restart_deadline
  service_read "$SERVICE" || { fail E_RESTART "$SERVICE cannot be read"; return 1; }
  case $state in
    online | degraded) ;;
    *) fail E_RESTART "$SERVICE is $state before the restart ($1)"; return 1 ;;
  esac
  # What the start will read: what was just put there, or what lies there.
  paid_digest=$edit_after
  if [ -z "$edited" ]; then
    digest_of "$R$CONF"
    paid_digest=$digest
  fi
  restart_asked=1
  service_ask restart "$HOST_TIMEOUT" || { said; fail E_RESTART "$words"; return 1; }
  await_online "$since" "$deadline"
  case $? in
    0) paid_since=$since ;;
    1)
      service_why "$SERVICE"
      fail E_RESTART "$SERVICE is $state: $words"
      return 1
      ;;
    *)
      hands_off=1
      one_line "$SERVICE is ${state:-not readable} and changing to ${next:-?} after $deadline s"
      say "unknown $one"
      return 1
      ;;
  esac
  hold "$SOAK" && return 0
  service_why "$SERVICE"
  fail E_FLAPPING "$SERVICE did not stay online for $SOAK s: $words"
}

# --- commit and the EXIT path ---

# commit: from here on nothing is restored. Then the notes: a restart was done, what was owed is paid.
commit() {
  [ -z "$stopped" ] || stop_now
  committed=1
  say commit
  limit "$STEP_TIMEOUT"
  if [ -n "$restart_asked" ]; then
    if [ -n "$owner_dir" ] || conf_guard; then notes_pay; fi
  fi
  [ -z "$noted" ] || backups_prune
  apply_exit
}

# notes_pay: what was owed is paid. A note of the very file that the start has read gets the moment of that start, which proves
# it whatever the clock does; so does one that was paid by an earlier start.
notes_pay() {
  case $paid_since in '' | *[!0-9.]*) paid_digest='' ;; esac
  for pay_file in "$R$CONF".novasweep-*.json; do
    if [ ! -f "$pay_file" ] || [ -L "$pay_file" ]; then continue; fi
    line_of "$pay_file"
    pay_line=$text
    # The text goes through a shell of the directory's owner: only our own alphabet.
    case $pay_line in
      *[!A-Za-z0-9'{}":,._-']*) continue ;;
      *"\"after\":\"${paid_digest:--}\",\"restart\":"*) pay_since=",\"since\":\"$paid_since\"" ;;
      *'"restart":"owed"'*) pay_since='' ;;
      *) continue ;;
    esac
    case $pay_file in *"'"*) continue ;; esac
    pay_line="${pay_line%%,'"restart"'*},\"restart\":\"paid\"$pay_since}"
    as_user "$owner_dir" "umask 077
new=\$('$MKTEMP' '$R${CONF%/*}/.novasweep-$RUN.XXXXXX') || exit 1
printf '%s\\n' '$pay_line' >\"\$new\" && '$MV' -f \"\$new\" '$pay_file'"
  done
}

# backups_prune: the oldest shows what was there before us and is kept for ever, then the newest few. Run ids sort by
# time, so the names do.
backups_prune() {
  set --
  for prune_file in "$R$CONF".novasweep-*; do
    case ${prune_file#"$R$CONF.novasweep-"} in
      *[!A-Za-z0-9-]*) ;;
      *) [ ! -f "$prune_file" ] || set -- "$@" "$prune_file" ;;
    esac
  done
  [ $# -gt $((BACKUPS_KEPT + 1)) ] || return 0
  shift
  prune_text=''
  while [ $# -gt $BACKUPS_KEPT ]; do
    prune_text="$prune_text '$1' '$1.json'"
    shift
  done
  as_user "$owner_dir" "'$RM' -f $prune_text"
}

# apply_exit: whatever ended the script, once. Restores, gives the lock back, looks a last time.
apply_exit() {
  [ -z "$leaving" ] || return 0
  leaving=1 stopped=''
  # Nothing may cut this short; children inherit it, and are ended with KILL.
  trap '' TERM INT
  if [ -n "$T" ]; then
    exit_restore='' exit_restored=''
    if [ -n "$edited" ] && [ -z "$committed" ] && [ -z "$hands_off" ]; then exit_restore=1; fi
    limit "$STEP_TIMEOUT"
    if [ -n "$exit_restore" ] || [ -n "$in_trap" ]; then
      [ -n "$deadline" ] || restart_deadline
      # Its own limit: everything below waits at most twice for a transition, a restart and a hold.
      exit_limit=$((4 * deadline + 2 * SOAK + STEP_TIMEOUT))
      ticker_stop
      ticker_start $exit_limit
      limit $exit_limit
    fi
    [ -z "$exit_restore" ] || restore
    case $edited$exit_restored in
      '' | *restored) conf_tidy all ;;
      *) conf_tidy '' ;;
    esac
    install_tidy
    [ -n "$migrate_by" ] || migrate_remains
    migrate_tidy
    # A proof that was killed, or that filled the quota, left its file.
    [ -z "$proof_by" ] || as_user "$proof_by" "'$RM' -f '$R$proof_in/.novasweep-$RUN'"
    ticker_stop
    lock_clear "$T"
    T=''
  fi
  [ -n "$quiet" ] || probe
}

# restore: the bytes, owner, mode, ACL and times from the backup, then the service. Only a file that is still ours is
# touched.
restore() {
  say 'restore start'
  if ! conf_digest; then
    restore_words="$CONF could not be read"
    restore_service || restore_words="$restore_words; $words"
    one_line "$restore_words"
    say "restore fail E_STEP $one"
    return
  fi
  if [ "$digest" = "$edit_after" ]; then
    restore_file || {
      one_line "$words"
      say "restore fail $code $one"
      return
    }
  elif [ "$digest" != "$EXPECT_CONF" ]; then
    say "restore fail E_STALE $CONF was changed by somebody else"
    return
  fi
  if restore_service; then
    exit_restored=restored
    say 'restore ok'
  else
    one_line "$words"
    say "restore fail $code $one"
  fi
}

# conf_digest: `digest` of nova.conf, read again while it cannot be had.
conf_digest() {
  reads_left=$READS_MAX
  until digest_of "$R$CONF"; do
    reads_left=$((reads_left - 1))
    [ $reads_left -gt 0 ] || return 1
    nap 1
  done
}

# restore_file: looks a last time, in the same breath. What lies there in the end decides: su may fail after the rename.
restore_file() {
  conf_guard || return 1
  as_user "$owner_dir" "umask 077
new=\$('$MKTEMP' '$R${CONF%/*}/.novasweep-$RUN.XXXXXX') || exit 1
'$CP' -p '$R$CONF.novasweep-$RUN' \"\$new\" || exit 1
[ \"\$('$DIGEST' -a sha256 \"\$new\")\" = '$EXPECT_CONF' ] || exit 1
[ ! -h '$R$CONF' ] && [ \"\$('$DIGEST' -a sha256 '$R$CONF')\" = '$edit_after' ] || exit 22
'$MV' -f \"\$new\" '$R$CONF'"
  restore_status=$rc
  said
  restore_words=$words
  conf_digest && [ "$digest" = "$EXPECT_CONF" ] && return 0
  case $restore_status in
    22) fail E_STALE "$CONF was changed by somebody else" ;;
    *) fail E_STEP "$CONF was not put back: $restore_words" ;;
  esac
}

# restore_service: from the state it is in now, twice if it must be: a restart that meets a transition is dropped.
restore_service() {
  restore_try && return 0
  [ "$code" = E_FLAPPING ] && restore_try
}

# never_stopped: nova-compute runs as it did before the edit, whatever was asked of it since: it has read the old file.
never_stopped() {
  service_read "$SERVICE" && [ "$state $next $since $contract" = "online none $edit_since $edit_contract" ]
}

restore_try() {
  code=E_RESTART words="$SERVICE cannot be read"
  restore_left=$deadline
  until service_read "$SERVICE" && [ "$next" = none ]; do
    if [ "$restore_left" -le 0 ]; then
      fail E_IN_TRANSITION "$SERVICE is ${state:-not readable} and changing to ${next:-?}"
      return 1
    fi
    restore_left=$((restore_left - 1))
    nap 1
  done
  case $state in
    online | degraded)
      # A process that was never restarted never read the edit.
      if [ -z "$restart_asked" ] && [ "$since $contract" = "$edit_since $edit_contract" ]; then return 0; fi
      restore_verb=restart
      ;;
    maintenance) restore_verb=clear ;;
    *) return 0 ;;
  esac
  restore_since=$since
  service_ask $restore_verb "$exit_limit" || { said; never_stopped; return; }
  if ! await_online "$restore_since" "$deadline"; then
    service_why "$SERVICE"
    fail E_RESTART "$SERVICE is $state: $words"
  elif ! hold "$SOAK"; then
    service_why "$SERVICE"
    fail E_FLAPPING "$SERVICE did not stay online for $SOAK s: $words"
  fi
}
