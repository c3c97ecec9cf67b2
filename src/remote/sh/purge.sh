# What a purge looks at besides the probe, and what it takes out: docs/remote-protocol.md, "The purge scripts". Behind
# lib.sh and probe.sh, and for the second half behind apply.sh.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2153,SC2154 # state and inputs are shared across the files, see lib.sh
# shellcheck disable=SC2016 # single quotes hold nawk programs and text for another shell

# Whoever wrote to a file so lately may be at it still, seconds.
PLACE_BUSY_S=120
# Links that are followed on the way to a directory; a system follows fewer (SYMLOOP_MAX).
LINKS_MAX=40
# Names of each sort that are told: enough to see what they are.
PLACE_NAMES=20
# Names of one call: about 40 KB, less than any system takes.
PLACE_BATCH=500
# Most entries of a directory: no cache comes near it, and whoever fills one with more keeps this script from its work.
PLACE_MOST=20000
# Most snapshots that are named, those that hold most.
HOLDERS_MOST=20
# Files that go together: what changes between the last look and the removal is a matter of milliseconds.
REMOVE_BATCH=200
# ZFS accounts what was freed this much later, seconds (zfs(1M): "within a few seconds"; a busy pool takes longer).
FREED_WAIT_S=60
# What else is written to the dataset meanwhile, bytes.
PURGE_SLACK=1048576

# --- the look ---

# purge_look: called by the probe, before its lock is read.
purge_look() {
  say "fact purge.now $("$DATE" +%Y-%m-%dT%H:%M:%S)"
  case $PURGE in
    boot-environments) be_look ;;
    *) places_look ;;
  esac
}

# places_look: what Nova keeps, then each directory that files may go from.
places_look() {
  top=''
  [ -z "$R" ] || top=$(cd -P "$R" && pwd -P)
  path_of "$inforce"
  [ -n "$inforce" ] || path=''
  # A nova.conf that was not read says nothing.
  force_path=$path conf_kept=${conf_text-}
  for places_list in kept odd links places foreign open busy holders mounts eviction clones; do list "purge.$places_list"; done
  kept_look
  places_candidates
  places_real=''
  for place_dir in $candidates; do place_look "$place_dir"; done
  mounts_look
  clones_look
}

# real_of PATH: `real`, where it leads; status 1 when it cannot be entered.
real_of() {
  real=$(cd -P "$R$1" 2>/dev/null && pwd -P) || return 1
  real=${real#"$top"}
  real=${real:-/}
}

# kept_look: what must never be touched, as it really lies. What is not there is kept by its name.
kept_look() {
  if [ -z "$force_path" ]; then
    unseen purge.inforce failed 'the value in force is not known'
  elif ! exists "$R$force_path"; then
    why_missing "$R$force_path"
    unseen purge.inforce "$why"
  elif real_of "$force_path"; then
    say "fact purge.inforce $real"
  else
    unseen purge.inforce failed 'it cannot be entered'
  fi
  for kept_name in state_path instances_path; do
    case $conf_kept in
      *"@$N fact conf.$kept_name "*)
        kept_path=${conf_kept##*"@$N fact conf.$kept_name "}
        kept_row "$kept_name" "${kept_path%%"$NL"*}"
        ;;
      *) unseen "purge.kept:$kept_name" failed "$CONF does not say" ;;
    esac
  done
  kept_home=''
  while IFS=: read -r kept_user kept_x kept_x kept_x kept_x kept_dir kept_x; do
    [ "$kept_user" != nova ] || kept_home=$kept_dir
  done <"$R/etc/passwd"
  [ -z "$kept_home" ] || kept_row home "$kept_home"
}

kept_row() {
  path_of "$2"
  real_of "$path" || real=$path
  row purge.kept "$1$TAB$real"
}

NOT_PLAIN='it is a path with characters that novasweep puts into no command'

# plain_path PATH: absolute, of characters that mean nothing to any shell, without `..`.
plain_path() {
  case $1 in
    *[!A-Za-z0-9._/-]* | */../* | */..) return 1 ;;
    /*) return 0 ;;
    *) return 1 ;;
  esac
}

# candidate PATH: to `candidates`, once; the directory in force is never one, and what is no plain path is told.
candidate() {
  [ -n "$1" ] || return 0
  plain_path "$1" || { row purge.odd "$1" && return; }
  path_of "$1"
  [ "$path" != "$force_path" ] || return 0
  case " $candidates " in *" $path "*) ;; *) candidates="$candidates $path" ;; esac
}

# places_candidates: `candidates`. `auto`: where Nova keeps images by itself, and what our backups of nova.conf had.
places_candidates() {
  candidates=''
  if [ "$PURGE" = cache ]; then
    # It goes into commands, a shell's of another user among them.
    if plain_path "$force_path"; then candidates=$force_path; else unseen purge.eviction failed "$NOT_PLAIN"; fi
    return
  fi
  if [ "$LEGACY" != auto ]; then
    for candidate_path in $LEGACY; do candidate "$candidate_path"; done
    return
  fi
  candidate /var/lib/nova/images
  candidate_path=${conf_kept##*"@$N fact conf.state_path "}
  case $driver_default in
    '$state_path'/*) candidate "${candidate_path%%"$NL"*}${driver_default#'$state_path'}" ;;
    *) candidate "$driver_default" ;;
  esac
  for conf_of in "$R$CONF".novasweep-*; do
    case $conf_of in *.json) continue ;; esac
    if [ ! -f "$conf_of" ] || [ -L "$conf_of" ]; then continue; fi
    conf_look
    candidate "$inforce"
  done
  conf_of=''
}

# place_look DIR
place_look() {
  if ! exists "$R$1"; then
    why_missing "$R$1"
    unseen "purge.place:$1" "$why"
    return
  fi
  place_links "$1"
  if ! real_of "$1"; then
    unseen "purge.place:$1" failed 'it is no directory that can be entered'
    return
  fi
  plain_path "$real" || { unseen "purge.place:$1" failed "$NOT_PLAIN" && return; }
  # A link that was turned there meanwhile is in no row.
  if [ "$real" != "$links_at" ]; then
    unseen "purge.place:$1" failed "it leads to $real now, and led to $links_at"
    return
  fi
  # The same directory by another name.
  case " $places_real " in *" $real "*) return ;; esac
  ask "purge.place:$1" "$ZFS" list -H -o name "$R$real" || return
  place_real=$real place_dataset=$got
  case $got in *[!A-Za-z0-9._:/-]*) unseen "purge.place:$1" failed "its dataset's name goes into no command" && return ;; esac
  places_real="$places_real $real"
  snapshots_of "$1" "$place_dataset" || return
  place_list "$1" || return
  place_only=''
  [ "$PURGE" != cache ] || eviction_look "$1"
  place_say "$1" facts
  [ "$PURGE" = cache ] || place_open "$1"
}

# place_links DIR: rows of the components of its name that are links, and of the links that those lead through; `links_at`,
# where all that leads.
place_links() {
  links_rest=${1#/}/ links_at='' links_left=$LINKS_MAX
  while [ -n "$links_rest" ] && [ $links_left -gt 0 ]; do
    links_part=${links_rest%%/*}
    links_rest=${links_rest#*/}
    case $links_part in
      '' | .) continue ;;
      ..) links_at=${links_at%/*} && continue ;;
    esac
    links_at=$links_at/$links_part
    [ -L "$R$links_at" ] || continue
    links_left=$((links_left - 1))
    links_row=$("$LS" -dE "$R$links_at" 2>&1)
    set -f
    # shellcheck disable=SC2086 # columns
    set -- "$1" $links_row
    set +f
    row purge.links "$1$TAB$links_at$TAB${4:-?}"
    links_to=${links_row#*' -> '}
    case $links_at$links_to in
      # Where the arrow is nobody can say for certain.
      *[!A-Za-z0-9._/-]*) row purge.links "$1$TAB$links_at${TAB}somebody" && return ;;
      *) links_rest=$links_to/$links_rest ;;
    esac
    case $links_to in
      /*) links_at='' links_rest=${links_rest#"$R"} ;;
      *) links_at=${links_at%/*} ;;
    esac
  done
}

# snapshots_of DIR DATASET: `snapshots_made`, lines NAME TAB creation TAB SECONDS of whatever may hold what lies there:
# its own snapshots, and the one it was cloned from.
snapshots_of() {
  snapshots_made=''
  ask "purge.place:$1" "$ZFS" list -H -r -t snapshot -o name "$2" || return 1
  snapshots_names=''
  for snapshots_name in $got; do
    case $snapshots_name in "$2@"*) snapshots_names="$snapshots_names $snapshots_name" ;; esac
  done
  ask "purge.place:$1" "$ZFS" get -Hp -o value origin "$2" || return 1
  case $got in *@*) snapshots_names="$snapshots_names $got" ;; esac
  [ -n "$snapshots_names" ] || return 0
  # shellcheck disable=SC2086 # names of snapshots hold no blanks
  ask "purge.place:$1" "$ZFS" get -Hp -o name,property,value creation $snapshots_names || return 1
  snapshots_made=$got
}

# place_list DIR: `place_listing`: the directory itself, its files with the times of their content, and once more with those
# of their inodes; status 1 when it cannot be had, or is longer than any cache. Whatever the path leads to meanwhile, of
# the directory that has it: ksh93 works out the name of where it went after it went there, by the links as they are by
# then, so another process is asked.
place_list() {
  if place_listing=$(place_ls) && [ -n "$place_listing" ]; then
    case $place_listing in *"$NL--more") ;; *) return 0 ;; esac
    unseen "purge.place:$1" failed "it has more than $PLACE_MOST entries"
    return 1
  fi
  unseen "purge.place:$1" failed 'it could not be listed'
  return 1
}

place_ls() {
  (
    cd -P "$R$place_real" && [ "$("$GETCWD" -P)" = "$top$place_real" ] && "$LS" -diE . && "$LS" -lniqsAE . &&
      echo --changed && "$LS" -lniqsAcE . && echo --whole
  ) | "$NAWK" -v most=$((2 * PLACE_MOST)) '
    NR > most { print "--more"; more = 1; exit }
    $0 == "--whole" { whole = 1; exit }
    { print }
    END { if (!whole && !more) exit 1 }'
}

# Reads what place_read sends. `want`: `facts` says rows; `names` prints the files that would go; `total` how many, and one
# that was written a moment ago (a marker: within a day, as the cleaner has it); `rows` prints of each NAME INODE SIZE STAMP BYTES SECONDS LINKS. A file holds its blocks after it went where a snapshot was taken after its inode
# last changed; it may where one was taken after its content did.
PLACE='
function uuid(name) {
  gsub(/[0-9A-Fa-f]/, "h", name)
  return name == "hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh"
}
function chosen(name) { return only ? (name in picked) : sort[name] != "" }
function count(kind, name) { counted[kind]++; sum[kind] += bytes[name] }
function held(name,   i) {
  if (changed[name] < last) {
    taken += bytes[name]
    for (i = 1; i <= snapshots; i++) if (changed[name] < made[i]) holds[i] += bytes[name]
  # Another name of it elsewhere keeps its blocks.
  } else if (written[name] <= last || links[name] > 1) maybe += bytes[name]
  else free += bytes[name]
}
NR == 1 { now = seconds($1, $2); next }
!files && $1 == "snapshot" { split($0, part, "\t"); made[++snapshots] = part[4] + 0; named[snapshots] = part[2]; if (part[4] + 0 > last) last = part[4] + 0; next }
!files && $1 == "only" { only = 1; picked[$2] = 1; next }
!files && $1 == "include" { wanted[$2] = 1; next }
$0 == "--only" { only = 1; next }
$0 == "--files" { files = 1; next }
$0 == "--changed" { again = 1; next }
{
  if (!match($0, / [-+][0-9][0-9][0-9][0-9] /)) next
  name = substr($0, RSTART + 7)
  fields = split(substr($0, 1, RSTART - 1), f, " ")
  if (again) { if (inode[name] == f[1]) changed[name] = seconds(f[fields - 1], f[fields]); next }
  if (here == "") { here = f[1]; owner = f[4]; next }
  kind = substr(f[3], 1, 1)
  if (kind == "l") sub(/ -> .*/, "", name)
  inode[name] = f[1]; bytes[name] = f[2] * 512; links[name] = f[4] + 0; size[name] = f[7]
  stamp[name] = f[fields - 1] "T" f[fields]; written[name] = changed[name] = seconds(f[fields - 1], f[fields])
  base = name
  marks = sub(/\.downloading$/, "", base)
  sort[name] = ""
  if (kind == "-" && uuid(base)) sort[name] = marks ? "marker" : "image"
  else if (kind == "-" && (name in wanted)) sort[name] = "included"
  letter[name] = kind
  all[++n] = name
}
function fresh(name, kind) { return now - written[name] < (kind == "marker" ? stale_s : busy_s) }
function pass(kind,   i) {
  for (i = 1; i <= n; i++) {
    name = all[i]
    if (sort[name] != kind || !chosen(name)) continue
    if (want == "names") {
      line = line " ./" name
      if (++listed % batch == 0) { print line; line = "" }
    }
    else if (want == "total") { total++; if (fresh(name, kind)) busy = name }
    else if (want == "rows") printf "%s %s %s %s %.0f %.0f %d\n", name, inode[name], size[name], stamp[name], bytes[name], written[name], links[name]
    else {
      count(kind, name)
      held(name)
      if (fresh(name, kind) && busy++ < most) print n_busy dir "\t" name
      if (kind == "image") {
        day = stamp[name]
        if (oldest == "" || day < oldest) oldest = day
        if (day > newest) newest = day
      }
    }
  }
}
END {
  n_row = mark "row purge."; n_busy = n_row "busy "
  pass("image"); pass("marker"); pass("included")
  if (want == "names" && line != "") print line
  if (want == "total") print total + 0, busy
  if (want != "facts") exit
  for (i = 1; i <= n; i++) {
    name = all[i]
    if (sort[name] != "" || only) continue
    foreign++
    if (foreign > most) continue
    kind = letter[name] == "-" ? "file" : letter[name] == "d" ? "directory" : letter[name] == "l" ? "link" : "other"
    printf "%sforeign %s\t%s\t%.0f\t%s\n", n_row, dir, kind, bytes[name], substr(name, 1, 120)
  }
  for (; holders > 0; holders--) {
    best = 0
    for (i = 1; i <= snapshots; i++) if (holds[i] > 0 && (best == 0 || holds[i] > holds[best])) best = i
    if (best == 0) break
    printf "%sholders %s\t%s\t%.0f\n", n_row, dir, named[best], holds[best]
    holds[best] = 0
  }
  printf "%splaces %s\t%s\t%s\t%s\t%s\t%d\t%.0f\t%d\t%.0f\t%d\t%.0f\t%d\t%s\t%s\t%.0f\t%.0f\t%.0f\n", n_row, dir, real, here, owner, \
    dataset, counted["image"], sum["image"], counted["marker"], sum["marker"], counted["included"], sum["included"], foreign, \
    (oldest == "" ? "-" : substr(oldest, 1, 19)), (newest == "" ? "-" : substr(newest, 1, 19)), free, maybe, taken
}'

# place_read DIR WANT: PLACE over the listing.
place_read() {
  {
    "$DATE" '+%Y-%m-%d %H:%M:%S'
    [ -z "$snapshots_made" ] || printf '%s\n' "$snapshots_made" | "$NAWK" '{ print "snapshot\t" $0 }'
    # The rows of a cache are all of it: what went is told from them.
    case $PURGE,$2 in cache,rows) ;; cache,*) printf '%s\n' --only "$place_only" ;; esac
    for place_name in $INCLUDE; do printf 'include %s\n' "$place_name"; done
    printf '%s\n' --files "$place_listing"
  } | "$NAWK" -v want="$2" -v mark="@$N " -v dir="$1" -v real="$place_real" -v dataset="$place_dataset" \
    -v busy_s=$PLACE_BUSY_S -v stale_s="$MARKER_STALE_S" -v most=$PLACE_NAMES -v batch=$PLACE_BATCH -v holders=$HOLDERS_MOST \
    "$NAWK_SECONDS$PLACE"
}

# place_say DIR: its facts; without them it was not looked at.
place_say() {
  if ! place_facts=$(place_read "$1" facts) || [ -z "$place_facts" ]; then
    unseen "purge.place:$1" failed 'its listing could not be read'
    return
  fi
  held=$held$place_facts$NL
}

# place_open DIR: rows of what a process has open.
place_open() {
  fuser_tells || { unseen "purge.open:$1" failed 'fuser cannot tell which files are open' && return; }
  open_shown=0 open_names=$(place_read "$1" names)
  set -f
  IFS=$NL
  for open_batch in $open_names; do
    IFS=$BLANKS
    # shellcheck disable=SC2086 # a batch of plain names a line
    open_ask "$1" $open_batch
    IFS=$NL
  done
  IFS=$BLANKS
  set +f
}

# open_ask DIR NAME…: Solaris fuser prints a line for each on stderr, the name, a colon and a letter for each use.
open_ask() {
  open_dir=$1
  shift
  got=$(cd -P "$R$place_real" && "$FUSER" "$@" 2>&1 >/dev/null)
  set -f
  IFS=$NL
  for open_row in $got; do
    case $open_row in
      ./*:*[!\ ]*)
        open_name=${open_row%%:*}
        open_shown=$((open_shown + 1))
        [ $open_shown -gt $PLACE_NAMES ] || row purge.open "$open_dir$TAB${open_name#./}"
        ;;
    esac
  done
  IFS=$BLANKS
  set +f
}

# fuser_tells: whether fuser can tell what is open, tried on a file that this shell itself holds.
fuser_tells() {
  [ -r "$R/etc/passwd" ] || return 1
  tells_self=$$
  exec 3<"$R/etc/passwd"
  tells_holders=$("$FUSER" "$R/etc/passwd" 2>/dev/null)
  exec 3<&-
  case " $tells_holders " in *[!0-9]"$tells_self"[!0-9]*) return 0 ;; esac
  return 1
}

# mounts_look: rows of what is mounted at or below a directory that was looked at (mount(1M): -p prints as in vfstab).
mounts_look() {
  ask purge.mounts "$MOUNT" -p || return
  set -f
  IFS=$NL
  for mounts_row in $got; do
    IFS=$BLANKS
    # shellcheck disable=SC2086 # columns
    set -- $mounts_row
    for mounts_place in $places_real; do
      case ${3-} in "$mounts_place" | "$mounts_place"/*) row purge.mounts "$3" ;; esac
    done
    IFS=$NL
  done
  IFS=$BLANKS
  set +f
}

# clones_look: rows SNAPSHOT TAB DATASET: boot environments are clones, and hold what their snapshots have.
clones_look() {
  [ -n "$pool" ] || { unseen purge.clones failed 'the root pool is not known' && return; }
  ask purge.clones "$ZFS" get -Hp -r -o name,value origin "$pool/ROOT" || return
  set -f
  IFS=$NL
  for clones_row in $got; do
    case $clones_row in *"$TAB"*@*) row purge.clones "${clones_row#*"$TAB"}$TAB${clones_row%%"$TAB"*}" ;; esac
  done
  IFS=$BLANKS
  set +f
}

# eviction_look DIR: what the cleaner would take: its own words, and `place_only`, the files.
eviction_look() {
  row_owner=$(cd -P "$R$place_real" && "$LS" -dE .)
  set -f
  # shellcheck disable=SC2086 # columns
  set -- "$1" $row_owner
  set +f
  eviction_said=$(cleaner_feed "${4:-nova}" "--directory $1 --dataset $place_dataset $FLAGS -n" 2>&1 |
    "$NAWK" -v most="$PLACE_MOST" 'NR > most { exit 1 } { print substr($0, 1, 1000) }')
  case $eviction_said in
    *'nova-cache-cleanup '*': would evict '*) ;;
    *)
      unseen purge.eviction failed "the cleaner: ${eviction_said:-it says nothing}"
      return
      ;;
  esac
  set -f
  IFS=$NL
  for eviction_line in $eviction_said; do
    case $eviction_line in
      'would evict '* | 'would remove '*)
        eviction_line=${eviction_line#would * }
        place_only="${place_only}only ${eviction_line%% *}$NL"
        ;;
      nova-cache-cleanup*) row purge.eviction "$eviction_line" ;;
    esac
  done
  IFS=$BLANKS
  set +f
}

# cleaner_feed USER FLAGS: runs the cleaner's own text, which lies in no file here: it comes through a pipe, with this
# script's tools for its own.
cleaner_feed() {
  {
    printf "DATE='%s'\nDU='%s'\nFIND='%s'\nFUSER='%s'\nLN='%s'\nLS='%s'\n" "$DATE" "$DU" "$FIND" "$FUSER" "$LN" "$LS"
    printf "NAWK='%s'\nPS='%s'\nRM='%s'\nSVCPROP='%s'\nZFS='%s'\n" "$NAWK" "$PS" "$RM" "$SVCPROP" "$ZFS"
    printf "ZONEADM='%s'\nR='%s'\n" "$ZONEADM" "$R"
    printf '%s\n' "$CLEANER_TEXT"
  } | cleaner_run "$1" "'$SH' -s -- $2"
}

# cleaner_run USER TEXT: as as_user, but with what comes through the pipe.
cleaner_run() {
  if [ "$1" = root ]; then "$SH" -c "$2"; else "$SU" "$1" -c "$2"; fi
}

# --- what is taken out ---

# inforce_now: `path`, the directory in force as nova.conf has it now.
inforce_now() {
  if [ ! -f "$R$CONF" ] || [ -L "$R$CONF" ]; then
    fail E_STALE "$CONF is no regular file any more"
    return 1
  fi
  [ -n "$driver_section" ] || driver_look
  inforce=''
  conf_look
  path_of "$inforce"
  [ -n "$inforce" ] || fail E_STALE 'the value in force is not known any more'
}

# guard DIR REAL: what may have changed since the plan was accepted.
guard() {
  inforce_now || return 1
  real_of "$path" || real=$path
  case $real/ in "$2"/*) fail E_STALE "$1 is in force now"; return 1 ;; esac
  case $2/ in "$real"/*) fail E_STALE "$1 lies inside the cache in force"; return 1 ;; esac
  run "$MOUNT" -p || { tool_failed 'the mounted file systems'; return 1; }
  while read -r guard_special guard_x guard_mount guard_rest; do
    case $guard_mount in "$2" | "$2"/*) fail E_STALE "$guard_mount is mounted in it now"; return 1 ;; esac
  done <"$T/out"
  guard_zones
}

# guard_zones: an image is opened by path while a zone is installed, at a time nobody can foresee.
guard_zones() {
  run "$ZONEADM" list -cp || { tool_failed 'the zones'; return 1; }
  while IFS=: read -r guard_id guard_zone guard_state guard_rest; do
    [ "$guard_state" != incomplete ] || { fail E_BUSY "a zone is being installed: $guard_zone"; return 1; }
  done <"$T/out"
}

# The text that takes out one batch, run by the owner: enters the directory, makes sure that it is the one that was seen,
# looks at each file again and removes by names relative to where it stands: whatever becomes of the path meanwhile, it
# cannot lead elsewhere. Prints `gone NAME`, `open NAME`, `changed NAME`, `left NAME`.
JUDGE_BATCH='
$0 == "--open" { part = 1; next }
$0 == "--now" { part = 2; next }
part == 0 { row[++n] = $0; next }
part == 1 { at = index($0, ":"); if (substr($0, at + 1) ~ /[^ \t]/) open[substr($0, 1, at - 1)] = 1; next }
$NF == "." { here = $1; next }
$3 ~ /^-/ && NF == 11 { fresh[$11] = $1 " " $7 " " $8 "T" $9 }
END {
  if (here != inode) { print "moved"; exit }
  for (i = 1; i <= n; i++) {
    split(row[i], f, " ")
    name = "./" f[1]
    if (fresh[name] != f[2] " " f[3] " " f[4]) print "changed " f[1]
    else print (name in open ? "open " : "go ") f[1]
  }
}'

# remove_text: `text` for the rows of `remove_rows` and the names of `remove_names`.
remove_text() {
  text="umask 077
set -f
cd -P '$top$remove_real' 2>/dev/null && [ \"\$('$GETCWD' -P)\" = '$top$remove_real' ] || exit 41
rows='$remove_rows'
uses=\$('$FUSER' $remove_names 2>&1 >/dev/null)
now=\$('$LS' -dlniqsE . $remove_names 2>/dev/null)
said=\$(printf '%s\\n' \"\${rows%?}\" --open \"\$uses\" --now \"\$now\" | '$NAWK' -v inode=$remove_inode '$JUDGE_BATCH') || exit 1
[ \"\$said\" != moved ] || exit 41
go=''
IFS='
'
for line in \$said; do
  case \$line in 'go '*) go=\"\$go ./\${line#go }\" ;; *) printf '%s\\n' \"\$line\" ;; esac
done
unset IFS
[ -z \"\$go\" ] || '$RM' -f -- \$go
for name in \$go; do
  if [ -e \"\$name\" ] || [ -h \"\$name\" ]; then echo \"left \${name#./}\"; else echo \"gone \${name#./}\"; fi
done"
}

# legacy_remove PATH REAL INODE DATASET OWNER FILES: takes the images, the markers and the named files out of a cache of the
# past, if there are not more than FILES. Says `removed` lines of what went, and `purged`.
legacy_remove() {
  remove_path=$1 remove_real=$2 remove_inode=$3 remove_owner=$5 remove_most=$6
  place_real=$2 place_dataset=$4 snapshots_made='' place_only=''
  top=''
  [ -z "$R" ] || top=$(cd -P "$R" && pwd -P)
  guard "$1" "$2" || return 1
  fuser_tells || { fail E_BLIND 'fuser cannot tell which files are open'; return 1; }
  used_begin "$4" || return 1
  place_list "$1" || { fail E_STALE "$1 cannot be listed any more"; return 1; }
  remove_planned "$1" || return 1
  run place_read "$1" rows || { tool_failed "$1"; return 1; }
  "$CP" "$T/out" "$T/rows" || { fail E_STEP 'there is no room for a list'; return 1; }
  remove_start
  remove_rows='' remove_names='' remove_count=0
  while read -r remove_name remove_row <&3; do
    remove_rows="$remove_rows$remove_name $remove_row$NL" remove_names="$remove_names ./$remove_name"
    remove_count=$((remove_count + 1))
    [ $remove_count -lt $REMOVE_BATCH ] || remove_batch || { remove_given_up; return 1; }
  done 3<"$T/rows"
  remove_batch || { remove_given_up; return 1; }
  purged "$4"
  remove_kept
  [ $remove_left -eq 0 ] || fail E_STEP "$remove_left of its files could not be removed: $remove_words"
}

remove_start() { removed=0 removed_bytes=0 removed_alone=0 remove_open=0 remove_changed=0 remove_left=0; }

# remove_given_up: at a later batch: what went is told, and that something did is no precondition any more.
remove_given_up() {
  [ "$removed" -gt 0 ] || return 0
  given_up_words=$words
  purged "$place_dataset"
  fail E_STEP "$given_up_words, after $removed of its files had gone"
}

# remove_planned DIR: whether what would go is what was planned: no more of it, and nobody at it.
remove_planned() {
  if ! run place_read "$1" total || ! first_line; then
    tool_failed "$1"
    return 1
  fi
  case $line in *' '?*) fail E_BUSY "written a moment ago in $1: ${line#* }"; return 1 ;; esac
  [ "${line%% *}" -le "$remove_most" ] || fail E_STALE "${line%% *} files would go from $1 now, $remove_most were planned"
}

# remove_kept: `result`, what stayed although it was to go.
remove_kept() {
  [ "$remove_open" -eq 0 ] || result="kept $remove_open that were open"
  [ "$remove_changed" -eq 0 ] || result="$result${result:+; }kept $remove_changed that had changed"
}

remove_batch() {
  [ "$remove_count" -gt 0 ] || return 0
  guard_zones || return 1
  remove_text
  { printf '%s' "$remove_rows" >"$T/batch"; } 2>/dev/null
  undone=remove_cut
  as_user "$remove_owner" "$text"
  case $rc in
    0) ;;
    41)
      fail E_STALE "$remove_path is not the directory that was seen"
      return 1
      ;;
    *)
      tool_failed "$remove_path"
      return 1
      ;;
  esac
  one_line "$("$NAWK" 'NR == 1' "$T/err")"
  remove_words=$one
  "$MV" -f "$T/out" "$T/said"
  remove_tell
  remove_rows='' remove_names='' remove_count=0
}

# remove_cut: a signal met the batch: of its files went whatever is not there any more.
remove_cut() {
  remove_gone >"$T/said"
  remove_tell
  [ "$removed" -eq 0 ] || say "purged $step_id $removed $removed_bytes -"
}

remove_gone() {
  (
    cd -P "$R$remove_real" 2>/dev/null || exit
    while read -r gone_name gone_row; do
      if [ ! -e "./$gone_name" ] && [ ! -h "./$gone_name" ]; then printf 'gone %s\n' "$gone_name"; fi
    done <"$T/batch"
  )
}

# remove_tell: counts what the batch did, and says NAME BYTES SECONDS of what went, as many a line as go into one.
remove_tell() {
  run "$NAWK" -v max="$LINE_MAX" '
    FNR == NR { said[$2] = $1; next }
    said[$1] == "gone" {
      text = " " $1 " " $5 " " $6
      if (length(line) + length(text) > max - 60) { print "removed" line; line = "" }
      line = line text
      gone++; bytes += $5
      if ($7 == 1) alone += $5
      next
    }
    { other[said[$1]]++ }
    END {
      if (line != "") print "removed" line
      printf "counts %d %.0f %.0f %d %d %d\n", gone, bytes, alone, other["open"], other["changed"], other["left"]
    }' "$T/said" "$T/batch"
  undone=''
  while read -r tell_word tell_rest; do
    case $tell_word in
      removed) say "removed $tell_rest" ;;
      counts)
        # shellcheck disable=SC2086 # columns
        set -- $tell_rest
        removed=$((removed + $1)) removed_bytes=$((removed_bytes + $2)) removed_alone=$((removed_alone + $3))
        remove_open=$((remove_open + $4)) remove_changed=$((remove_changed + $5)) remove_left=$((remove_left + $6))
        ;;
    esac
  done <"$T/out"
}

# used_read DATASET: `used`, bytes of the dataset's own files and of its snapshots: what a snapshot takes over from a file
# that went is not free; and `referenced`, bytes of the files that can be reached, whoever else has their blocks.
used_read() {
  run "$ZFS" get -Hp -o value usedbydataset,usedbysnapshots,referenced "$1" || { tool_failed "$1"; return 1; }
  # The last value is `referenced`, those before it make up `used`.
  used=0 referenced=0
  while read -r used_value; do
    case $used_value in '' | *[!0-9]*) fail E_STEP "what $1 takes is not known: $used_value"; return 1 ;; esac
    used=$((used + referenced)) referenced=$used_value
  done <"$T/out"
}

# used_begin DATASET: what it takes before anything goes.
used_begin() {
  used_read "$1" || return 1
  used_before=$used referenced_before=$referenced
}

# purged DATASET: says what went, and what that freed as the node counts it: waits until ZFS does not reach the files that
# went any more, as long as it may take: then it has counted who else holds their blocks.
purged() {
  purged_left=$FREED_WAIT_S freed=-
  [ "$removed_alone" -gt 0 ] || purged_left=0
  while used_read "$1"; do
    freed=$((used_before - used))
    [ $freed -ge 0 ] || freed=0
    purged_counted=$((referenced_before - referenced + PURGE_SLACK))
    if [ $purged_counted -ge "$removed_alone" ] || [ $purged_left -eq 0 ]; then break; fi
    purged_left=$((purged_left - 1))
    nap 1
  done
  say "purged $step_id $removed $removed_bytes $freed"
}

# cache_evict DIR DATASET OWNER FLAGS: the cleaner's own text, at the directory in force.
cache_evict() {
  top=''
  [ -z "$R" ] || top=$(cd -P "$R" && pwd -P)
  guard_zones || return 1
  inforce_now || return 1
  [ "$path" = "$1" ] || { fail E_STALE "$path is in force now, not $1"; return 1; }
  used_begin "$2" || return 1
  evict_list "$1" "$2" || return 1
  undone=remove_cut
  run cleaner_feed "$3" "$4"
  undone=''
  [ "$rc" -eq 0 ] || { tool_failed 'the cleaner'; return 1; }
  one_line "$("$NAWK" 'NR == 1' "$T/err")"
  evict_words=$one
  "$MV" -f "$T/out" "$T/said"
  evict_now=$("$DATE" '+%Y-%m-%d %H:%M:%S')
  run "$NAWK" -v max="$LINE_MAX" -v day="${evict_now% *}" -v time="${evict_now#* }" "$NAWK_SECONDS"'
    BEGIN { now = seconds(day, time) }
    $1 == "evicted" || $1 == "removed" {
      text = sprintf(" %s %s %.0f", $2, $4, now - $6)
      if (length(line) + length(text) > max - 60) { print "removed" line; line = "" }
      line = line text
      gone++; bytes += $4
    }
    /^nova-cache-cleanup [^ ]+: evicted/ { words = $0; sub(/.*: /, "", words); failed = $0; sub(/.*failed /, "", failed) }
    END {
      if (line != "") print "removed" line
      printf "counts %d %.0f %d %s\n", gone, bytes, failed, words
    }' "$T/said" || { tool_failed 'the cleaner'; return 1; }
  remove_start
  while read -r evict_word evict_rest; do
    case $evict_word in
      removed) say "removed $evict_rest" ;;
      counts)
        removed=${evict_rest%% *} evict_rest=${evict_rest#* }
        removed_bytes=${evict_rest%% *} removed_alone=${evict_rest%% *} evict_rest=${evict_rest#* }
        evict_failed=${evict_rest%% *} result=${evict_rest#* }
        ;;
    esac
  done <"$T/out"
  purged "$2"
  [ "$evict_failed" -eq 0 ] || fail E_STEP "$evict_failed of its files could not be removed${evict_words:+: $evict_words}"
}

# evict_list DIR DATASET: what may go, for remove_cut: the cleaner tells of a batch when it is gone.
evict_list() {
  real_of "$1" || { fail E_STALE "$1 cannot be entered any more"; return 1; }
  place_real=$real place_dataset=$2 snapshots_made='' place_only='' remove_real=$real
  remove_start
  place_list "$1" || { fail E_STALE "$1 cannot be listed any more"; return 1; }
  run place_read "$1" rows || { tool_failed "$1"; return 1; }
  "$CP" "$T/out" "$T/batch" || { fail E_STEP 'there is no room for a list'; return 1; }
}
