# The probe: looks, says facts, writes nothing on the node, not even a temporary file.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2153,SC2154 # state and inputs are shared across the files, see lib.sh
# shellcheck disable=SC2016 # single quotes hold nawk programs

# Largest nova.conf that is read, bytes: the longest one shipped has 0.35 MiB.
CONF_MAX=4194304
# Most notes reported: the oldest is kept for ever, and the newest four; more is somebody else's.
NOTES_MAX=50
# Most lines of the cleaner's log that are searched for its last summary.
LOG_LINES=500
# Names shown per busy cache: enough to see why.
BUSY_MAX=5
# A marker nobody wrote to for this long belongs to no download, seconds: as the cleaner has it.
MARKER_STALE_S=86400
# For nawk: seconds since 1970 of a UTC day and a time of day, by the civil calendar.
NAWK_SECONDS='
function seconds(date, time,   y, m, d) {
  y = substr(date, 1, 4) + 0
  m = substr(date, 6, 2) + 0
  d = substr(date, 9, 2) + 0
  if (m < 3) { y--; m += 12 }
  d += 365 * y + int(y / 4) - int(y / 100) + int(y / 400) + int((153 * (m - 3) + 2) / 5) - 719469
  return d * 86400 + substr(time, 1, 2) * 3600 + substr(time, 4, 2) * 60 + substr(time, 7, 2)
}'
# Images named as the first to go: more than a quota has room for, as a rule.
OLDEST_MAX=40

# ask KEY TOOL…: `got`, what the tool printed; else says why KEY was not seen.
ask() {
  ask_key=$1
  shift
  got=''
  if [ ! -x "$1" ]; then
    unseen "$ask_key" unsupported "there is no $1"
    return 1
  fi
  got=$("$@" 2>&1)
  ask_status=$?
  [ $ask_status -ne 0 ] || return 0
  why_failed $ask_status "$got"
  unseen "$ask_key" "$why" "$got"
  return 1
}

# why_failed STATUS WORDS: `why`, and `got` when the tool had no words.
why_failed() {
  case $2 in
    *[Pp]'ermission denied'* | *'not permitted'* | *'nsufficient privilege'* | *'Not owner'*) why=denied ;;
    *"doesn't match any"* | *'does not exist'* | *'No such file'*) why=absent ;;
    *) why=failed ;;
  esac
  [ "$1" -le 128 ] || got="it did not answer in time${got:+: $got}"
  [ -n "$got" ] || got="exit status $1"
}

# ask_fact KEY TOOL…
ask_fact() {
  ask "$@" || return 1
  one_line "$got"
  say "fact $1 $one"
}

# why_missing PATH: `why`: absent, or denied when a directory above may not be searched.
why_missing() {
  missing_up=$1
  while :; do
    missing_up=${missing_up%/*}
    [ -e "${missing_up:-/}" ] || continue
    why=denied
    [ ! -x "${missing_up:-/}" ] || why=absent
    return
  done
}

# exists PATH: a link that leads nowhere is there.
exists() { [ -e "$1" ] || [ -L "$1" ]; }

probe() {
  gathering=1
  watch_start "$PROBE_GRACE_S"
  probe_system
  LOCK=$R/system/volatile/novasweep.lock
  if [ "$kernel" = SunOS ]; then
    # The lock itself is read last: a script that ends meanwhile would leave facts of its middle, and no lock.
    ! exists "$LOCK" || say 'fact lock.before 1'
    probe_packages
    probe_driver
    probe_service svc.nova "$SERVICE"
    probe_service svc.cleaner "$CLEANER"
    probe_files
    probe_zfs
    probe_caches
    probe_zones
    probe_boot_environments
    probe_cleaner
    probe_notes
    [ -z "$PURGE" ] || purge_look
    probe_lock
    [ -z "$RESULT_OF" ] || probe_result
  fi
  watch_stop
  say facts
  gathering=''
  flush
}

probe_system() {
  say "fact uid ${uid:-0}"
  kernel=$("$UNAME" -s 2>/dev/null) || kernel=unknown
  version=$("$UNAME" -v 2>/dev/null) || version=unknown
  say "fact kernel $kernel"
  say "fact version $version"
  release=''
  if [ -r "$R/etc/release" ]; then
    read -r release <"$R/etc/release"
    say "fact release $release"
  else
    unseen release absent
  fi
  ask_fact zone "$ZONENAME"
  boot_time && say "fact booted $booted"
}

# boot_time: `booted`, seconds since 1970.
boot_time() {
  booted=-
  ask booted "$KSTAT" -p unix:0:system_misc:boot_time || return 1
  booted=${got##*[!0-9]}
  [ -n "$booted" ] && return 0
  unseen booted failed "$got"
  booted=-
  return 1
}

# One call for both packages: pkg takes a second of CPU each time.
probe_packages() {
  if [ ! -x "$PKG" ]; then
    unseen nova.version unsupported "there is no $PKG"
    unseen pkg.cleaner unsupported
    return
  fi
  got=$("$PKG" list -H cloud/openstack/nova nova-cache-cleanup 2>&1)
  packages_status=$? packages_nova='' packages_cleaner='' packages_all=$got
  set -f
  IFS=$NL
  for packages_row in $got; do
    IFS=$BLANKS
    # shellcheck disable=SC2086 # columns: name, perhaps (publisher), version, flags
    set -- $packages_row
    [ $# -ge 3 ] || continue
    packages_name=$1
    case $2 in '('*) shift ;; esac
    [ $# -eq 3 ] || continue
    case $3 in *o*) continue ;; i*) ;; *) continue ;; esac
    case $packages_name in
      */openstack/nova) packages_nova=$2 ;;
      nova-cache-cleanup | */nova-cache-cleanup) packages_cleaner="$packages_name $2" ;;
    esac
  done
  IFS=$BLANKS
  set +f
  why_failed $packages_status "$packages_all"
  # 1: none of them, 3: one of them is not installed (sheet 5.3).
  case $packages_status$packages_all in
    0* | [13]*'no packages matching'*) why=absent got='' ;;
  esac
  if [ -n "$packages_nova" ]; then say "fact nova.version $packages_nova"; else unseen nova.version "$why" "$got"; fi
  if [ -n "$packages_cleaner" ]; then say "fact pkg.cleaner $packages_cleaner"; else unseen pkg.cleaner "$why" "$got"; fi
}

# probe_driver: what driver_look found, said.
probe_driver() {
  driver_look
  if [ -n "$driver_section" ]; then say "fact nova.section $driver_section"; else unseen nova.section "$why" "$driver_words"; fi
  if [ -n "$driver_default" ]; then say "fact nova.default $driver_default"; else unseen nova.default "$why" "$driver_words"; fi
}

# driver_look: `driver_section` and `driver_default` of the installed driver, empty when not seen; then `why`. Reading
# the driver beats a table of versions, because backports do not follow the trunk (sheet 1.1).
driver_look() {
  driver_section='' driver_default='' driver_words='' why=absent
  for driver_python in python2.7 python2.6; do
    driver_file=$R/usr/lib/$driver_python/vendor-packages/nova/virt/solariszones/driver.py
    exists "$driver_file" && break
  done
  if ! exists "$driver_file"; then
    why_missing "$driver_file"
    return
  fi
  if [ ! -r "$driver_file" ]; then
    why=denied
    return
  fi
  got=$("$NAWK" '
    index($0, "CONF.solariszones.glancecache_dirname") { section = "solariszones" }
    section == "" && index($0, "CONF.glancecache_dirname") { section = "DEFAULT" }
    # The option and its default stand within a few lines of each other.
    /["\047]glancecache_dirname["\047]/ && value == "" { near = 6 }
    near > 0 && value == "" {
      near--
      text = $0
      if (match(text, /default[ \t]*=[ \t]*["\047]/)) {
        quote = substr(text, RSTART + RLENGTH - 1, 1)
        text = substr(text, RSTART + RLENGTH)
        if (index(text, quote)) value = substr(text, 1, index(text, quote) - 1)
      }
    }
    END { print section " " value }' "$driver_file" 2>&1) || { why=failed driver_words=$got && return; }
  driver_section=${got%% *} driver_default=${got#* }
  why=failed driver_words="$driver_file does not say"
}

# probe_service KEY FMRI
probe_service() {
  ask "$1" "$SVCPROP" "$2" || return
  list "$1"
  set -f
  IFS=$NL
  for service_row in $got; do
    case $service_row in
      restarter/* | start/* | stop/* | config/* | periodic/* | periodic_restarter/*) row "$1" "$service_row" ;;
    esac
  done
  IFS=$BLANKS
  set +f
}

# probe_files: ls of everything, digests, nova.conf.
probe_files() {
  list ls
  conf_size=''
  # shellcheck disable=SC2086 # blank-separated
  probe_ls "$CONF" "${CONF%/*}" $DIRS "$METHOD" "$MANIFEST"
  inforce=''
  probe_conf
  all_dirs=$DIRS
  case $inforce in
    /*)
      path_of "$inforce"
      case " $DIRS " in
        *" $path "*) ;;
        *)
          # A directory nobody named; what holds blanks cannot be a word of these lists.
          case $path in
            *[!A-Za-z0-9._/+@:=,-]*) ;;
            *)
              all_dirs="$DIRS $path"
              probe_ls "$path"
              ;;
          esac
          ;;
      esac
      ;;
  esac
  for files_path in "$METHOD" "$MANIFEST"; do
    if [ -L "$R$files_path" ]; then
      unseen "digest:$files_path" failed 'it is a link'
    elif [ -f "$R$files_path" ] && [ -r "$R$files_path" ]; then
      ask_fact "digest:$files_path" "$DIGEST" -a sha256 "$R$files_path"
    elif exists "$R$files_path"; then
      why=failed
      [ -r "$R$files_path" ] || why=denied
      unseen "digest:$files_path" "$why"
    else
      why_missing "$R$files_path"
      unseen "digest:$files_path" "$why"
    fi
  done
}

# probe_ls PATH…: rows of those that are there, without R; `conf_size` on the way.
probe_ls() {
  for ls_path in "$@"; do
    shift
    if exists "$R$ls_path"; then
      set -- "$@" "$R$ls_path"
    else
      why_missing "$R$ls_path"
      unseen "path:$ls_path" "$why"
    fi
  done
  [ $# -gt 0 ] || return 0
  got=$("$LS" -dE "$@" 2>&1)
  set -f
  IFS=$NL
  for ls_row in $got; do
    IFS=$BLANKS
    case $ls_row in
      [-dlbcpsD]?????????*" $R/"*) ;;
      *': Permission denied')
        ls_path=${ls_row%": Permission denied"}
        unseen "path:/${ls_path#*/}" denied
        continue
        ;;
      *) continue ;;
    esac
    ls_path=/${ls_row#*" $R/"}
    row ls "${ls_row%%" $R/"*} $ls_path"
    if [ "$ls_path" = "$CONF" ]; then
      # shellcheck disable=SC2086 # columns
      set -- $ls_row
      conf_size=$5
    fi
  done
  IFS=$BLANKS
  set +f
}

# conf_readable: nova.conf is a plain file of bearable size that may be read, and neither it nor its directory is a
# link; else `why` and `got`.
conf_readable() {
  got=''
  if ! exists "$R$CONF"; then
    why_missing "$R$CONF"
    return 1
  fi
  why=failed
  if [ -L "$R$CONF" ] || [ -L "$R${CONF%/*}" ]; then
    got='it is a link'
  elif [ ! -f "$R$CONF" ]; then
    got='it is no regular file'
  elif [ ! -r "$R$CONF" ]; then
    why=denied
  else
    case $conf_size in
      '' | *[!0-9]*) got='its size is not known' ;;
      *) [ "$conf_size" -gt $CONF_MAX ] || return 0 && got='larger than 4 MiB' ;;
    esac
  fi
  return 1
}

probe_conf() {
  if ! conf_readable; then
    conf_words=$got
    unseen conf.digest "$why" "$conf_words"
    unseen conf.inforce "$why" "$conf_words"
    return
  fi
  if ! ask_fact conf.digest "$DIGEST" -a sha256 "$R$CONF"; then
    unseen conf.inforce "$why" "$got"
    return
  fi
  conf_look
  held=$held$conf_text$NL
  [ "$SEND_CONF" = 1 ] || return 0
  conf_accepted || conf_send
}

# conf_accepted: whether the value in force needs no edit, as far as the inputs say.
conf_accepted() {
  case $inforce in /*) ;; *) return 1 ;; esac
  path_of "$inforce"
  case " $ACCEPT " in *" $path "*) return 0 ;; esac
  [ "$path" = "$ACCEPT_DEFAULT" ] && [ "$driver_default" = "$ACCEPT_DEFAULT" ]
}

# path_of TEXT: `path`, without doubled slashes, trailing slashes and `.`; `..` stays and matches nothing.
path_of() {
  set -f
  IFS=/
  # shellcheck disable=SC2086 # components
  set -- $1
  IFS=$BLANKS
  set +f
  path=''
  for path_part in "$@"; do
    case $path_part in '' | .) ;; *) path=$path/$path_part ;; esac
  done
  path=${path:-/}
}

conf_send() {
  list conf.bytes
  flush
  "$OD" -An -v -tx1 <"$R$CONF" | "$NAWK" -v n="@$N row conf.bytes " '
    { gsub(/[ \t]/, ""); row = row $0 }
    length(row) >= 2048 { print n row; row = "" }
    END { if (row != "") print n row }' && return
  unseen conf.bytes failed 'it could not be read'
}

# conf_look: nova.conf as oslo.config reads it (sheet 1.9), in one pass: `conf_text`, the lines to say, and
# `inforce`. A NUL becomes \001 on the way in: nawk ends a line at NUL.
conf_look() {
  conf_section=$SECTION
  [ "$SECTION" != auto ] || conf_section=$driver_section
  conf_text=$("$TR" '\000' '\001' <"${conf_of:-$R$CONF}" | "$NAWK" -v n="@$N " -v section="$conf_section" \
    -v builtin="$driver_default" -v purge="$PURGE" '
    function bad(reason) { error = NR " " reason; exit }
    function strip(s) {
      sub(/^[ \t\r\013\014]+/, "", s)
      sub(/[ \t\r\013\014]+$/, "", s)
      return s
    }
    function visible(s) { gsub(/\n/, "\\n", s); gsub(/\t/, "\\t", s); return substr(s, 1, 1024) }

    # Every key a value refers to, and what those refer to.
    function refer(s,   name) {
      while (match(s, /\$\{?[_a-zA-Z][._a-zA-Z0-9]*/)) {
        name = substr(s, RSTART + 1, RLENGTH - 1)
        s = substr(s, RSTART + RLENGTH)
        sub(/^\{/, "", name)
        sub(/^.*\./, "", name)
        need(name)
      }
    }
    function need(name,   i) {
      if (name in needed) return
      needed[name] = 1
      for (i = 1; i <= count; i++) if (key[i] == name) refer(value[i])
    }

    # The last value wins; a group other than DEFAULT is also found by its lower-case name.
    # Nova knows its own option in the section the driver reads alone, whatever stands elsewhere.
    function lookup(group, name,   i) {
      if (name == "glancecache_dirname" && tolower(group) != tolower(section)) return 0
      for (i = count; i > 0; i--) if (key[i] == name && in_section[i] == group) { found = value[i]; return 1 }
      if (group == "DEFAULT") return 0
      for (i = count; i > 0; i--)
        if (key[i] == name && tolower(in_section[i]) == tolower(group)) { found = value[i]; return 1 }
      return 0
    }
    function resolve(name, group, depth,   dot) {
      if (depth < 9) {
        dot = index(name, ".")
        if (dot && lookup(substr(name, 1, dot - 1), substr(name, dot + 1)))
          return substitute(found, substr(name, 1, dot - 1), depth + 1)
        if (!dot && lookup(group, name)) return substitute(found, group, depth + 1)
        if (lookup("DEFAULT", name)) return substitute(found, "DEFAULT", depth + 1)
      }
      unresolved = name
      return ""
    }
    function substitute(s, group, depth,   out, at, name) {
      out = ""
      while ((at = index(s, "$")) > 0) {
        # oslo.config takes \$ for $$.
        if (at > 1 && substr(s, at - 1, 1) == "\\") {
          out = out substr(s, 1, at - 2) "$"
          s = substr(s, at + 1)
          continue
        }
        out = out substr(s, 1, at - 1)
        s = substr(s, at + 1)
        if (substr(s, 1, 1) == "$") { out = out "$"; s = substr(s, 2) }
        else if (match(s, /^\{[_a-zA-Z][._a-zA-Z0-9]*\}/)) {
          name = substr(s, 2, RLENGTH - 2)
          s = substr(s, RLENGTH + 1)
          out = out resolve(name, group, depth)
        } else if (match(s, /^[_a-zA-Z][._a-zA-Z0-9]*/)) {
          name = substr(s, 1, RLENGTH)
          s = substr(s, RLENGTH + 1)
          out = out resolve(name, group, depth)
        } else out = out "$"
      }
      return out s
    }

    # What else Nova keeps, for whoever removes.
    function keep(name, fallback,   text) {
      text = substitute(lookup("DEFAULT", name) ? found : fallback, "DEFAULT", 0)
      if (unresolved == "" && text != "") print n "fact conf." name " " visible(text)
      unresolved = ""
      return text
    }

    {
      line = $0
      sub(/[ \t\r\013\014]+$/, "", line)
      if (index(line, "\001")) bad("a NUL or control-A byte")
      if (line == "") { open = 0; next }
      first = substr(line, 1, 1)
      if (first == " " || first == "\t") {
        if (!open) bad("unexpected continuation line")
        value[count] = value[count] "\n" strip(line)
        next
      }
      open = 0
      if (first == "[") {
        if (substr(line, length(line), 1) != "]") bad("section header without ] at its end")
        if (length(line) <= 2) bad("section without a name")
        current = substr(line, 2, length(line) - 2)
        if (!(current in known)) { known[current] = 1; sections[++section_count] = current }
        next
      }
      if (first == "#" || first == ";") next
      colon = index(line, ":")
      equal = index(line, "=")
      if (!colon && !equal) bad("neither = nor : in an assignment")
      at = (!colon || (equal && equal < colon)) ? equal : colon
      name = strip(substr(line, 1, at - 1))
      text = strip(substr(line, at + 1))
      if (name == "") bad("assignment without a key")
      if (current == "") bad("assignment before the first section")
      first = substr(text, 1, 1)
      if ((first == "\"" || first == "\047") && substr(text, length(text), 1) == first)
        text = substr(text, 2, length(text) - 2)
      count++
      key[count] = name
      value[count] = text
      in_section[count] = current
      open = 1
    }

    END {
      print n "list conf.sections"
      for (i = 1; i <= section_count && i <= 500; i++) print n "row conf.sections " visible(sections[i])
      need("glancecache_dirname")
      refer(builtin)
      print n "list conf.values"
      for (i = 1; i <= count; i++)
        if (key[i] in needed)
          print n "row conf.values " visible(in_section[i]) "\t" visible(key[i]) "\t" visible(value[i])
      if (error != "") {
        print n "fact conf.error " error
        print n "unseen conf.inforce failed line " error
        exit
      }
      if (purge != "") keep("instances_path", keep("state_path", "/var/lib/nova") "/instances")
      if (section == "") { print n "unseen conf.inforce failed the section is not known"; exit }
      if (lookup(section, "glancecache_dirname")) dir = substitute(found, section, 0)
      else if (builtin == "") { print n "unseen conf.inforce failed not set, and the built-in default is not known"; exit }
      else dir = substitute(builtin, section, 0)
      if (unresolved != "") print n "unseen conf.inforce failed $" unresolved " is not set"
      else if (dir == "") print n "unseen conf.inforce failed the value is empty"
      else print n "fact conf.inforce " visible(dir)
    }' 2>&1) || {
    one_line "$conf_text"
    conf_text="@$N unseen conf.inforce failed nawk: $one"
  }
  inforce=''
  case $conf_text in
    *"@$N fact conf.inforce "*) inforce=${conf_text##*"@$N fact conf.inforce "} ;;
  esac
}

probe_zfs() {
  root='' pool=''
  if ask root "$ZFS" list -H -o name "$R/"; then
    one_line "$got"
    root=$one pool=${one%%/*}
    say "fact root $root"
    ask_fact pool.available "$ZFS" get -Hp -o value available "$pool"
  fi
  [ -x "$ZFS" ] || { unseen datasets unsupported && unseen on unsupported && return; }
  zfs_names=' '
  for zfs_name in $DATASETS; do
    case $zfs_name in
      =*)
        [ -n "$pool" ] || continue
        zfs_name=$pool${zfs_name#=}
        ;;
    esac
    zfs_add "$zfs_name"
  done
  list on
  zfs_on=''
  for zfs_dir in $all_dirs; do
    exists "$R$zfs_dir" || continue
    ask "on:$zfs_dir" "$ZFS" list -H -o name "$R$zfs_dir" || continue
    one_line "$got"
    row on "$zfs_dir$TAB$one"
    zfs_on=$zfs_on$zfs_dir$TAB$one$NL
    zfs_add "$one"
  done
  list datasets
  zfs_properties=mountpoint,mounted,quota,used,usedbydataset,usedbysnapshots,available,atime,readonly,canmount
  zfs_properties=$zfs_properties,com.sun:auto-snapshot
  zfs_own='' zfs_atime=$NL
  # shellcheck disable=SC2086 # names hold no blanks
  got=$("$ZFS" get -Hp -o name,property,value $zfs_properties $zfs_names 2>&1)
  zfs_status=$?
  set -f
  IFS=$NL
  for zfs_row in $got; do
    case $zfs_row in
      *"$TAB"*"$TAB"*)
        row datasets "$zfs_row"
        zfs_name=${zfs_row%%"$TAB"*}
        case $zfs_row in
          *"$TAB"mountpoint"$TAB"*) zfs_note_own ;;
          *"$TAB"atime"$TAB"on) zfs_atime=$zfs_atime$zfs_name$NL ;;
        esac
        continue
        ;;
      "cannot open '"*"does not exist") why=absent ;;
      "cannot open '"*"ermission denied") why=denied ;;
      *) continue ;;
    esac
    zfs_name=${zfs_row#*\'}
    IFS=$BLANKS
    unseen "dataset:${zfs_name%%\'*}" "$why"
    IFS=$NL
  done
  IFS=$BLANKS
  set +f
  [ $zfs_status -le 1 ] || unseen datasets failed "$got"
  probe_snapshots
  zfs_orders
}

# zfs_orders: `cache_orders`, lines DIR use|change for each directory on a dataset of its own: the order in which the
# cleaner takes its images, by use where the policy and the dataset have it so.
zfs_orders() {
  cache_orders=$NL
  set -f
  IFS=$NL
  for zfs_row in $zfs_on; do
    zfs_name=${zfs_row#*"$TAB"}
    case $NL$zfs_own in *"$NL$zfs_name$NL"*) ;; *) continue ;; esac
    case $ORDER$zfs_atime in
      lru*"$NL$zfs_name$NL"*) cache_orders=$cache_orders${zfs_row%%"$TAB"*}${TAB}use$NL ;;
      *) cache_orders=$cache_orders${zfs_row%%"$TAB"*}${TAB}change$NL ;;
    esac
  done
  IFS=$BLANKS
  set +f
}

# zfs_note_own: $zfs_name to `zfs_own`, the datasets whose snapshots are counted: none that everybody shares, and none of
# a boot environment, whose snapshots are how it came to be.
zfs_note_own() {
  case $zfs_name in
    "$pool" | "$pool/export" | "$pool/VARSHARE" | */ROOT | */ROOT/*) ;;
    *) zfs_own="$zfs_own$zfs_name$NL" ;;
  esac
}

# probe_snapshots: rows DATASET COUNT of those that have any.
probe_snapshots() {
  got=''
  set -f
  IFS=$NL
  # shellcheck disable=SC2086 # one name a line
  set -- $zfs_own
  IFS=$BLANKS
  set +f
  if [ $# -gt 0 ]; then
    ask snapshots "$ZFS" list -H -r -t snapshot -o name "$@" || return
  fi
  list snapshots
  snapshots_of='' snapshots_count=0
  set -f
  IFS=$NL
  # Sorted by dataset; without any, zfs has words of its own.
  for snapshots_row in $got ''; do
    case $snapshots_row in *@*) ;; '') ;; *) continue ;; esac
    if [ "${snapshots_row%%@*}" != "$snapshots_of" ]; then
      [ $snapshots_count -eq 0 ] || row snapshots "$snapshots_of$TAB$snapshots_count"
      snapshots_of=${snapshots_row%%@*} snapshots_count=0
    fi
    snapshots_count=$((snapshots_count + 1))
  done
  IFS=$BLANKS
  set +f
}

# zfs_add NAME: to the datasets looked at, once.
zfs_add() {
  case $zfs_names in *" $1 "*) ;; *) zfs_names="$zfs_names$1 " ;; esac
}

# caches_read DIR…: ls of each directory, each behind a line of its own; once more in the order of eviction where facts
# are gathered and the directory has one.
caches_read() {
  for caches_dir in "$@"; do
    printf 'directory %s\n' "$caches_dir"
    "$LS" -AE "$R$caches_dir" 2>&1 || printf 'failed %s\n' "$caches_dir"
    case ${cache_orders-} in
      *"$NL$caches_dir$TAB"*) ;;
      *) continue ;;
    esac
    printf 'order %s\n' "$caches_dir"
    case $cache_orders in
      *"$NL$caches_dir${TAB}use$NL"*) "$LS" -Eutr "$R$caches_dir" 2>&1 || printf 'failed %s\n' "$caches_dir" ;;
      *) "$LS" -Etr "$R$caches_dir" 2>&1 || printf 'failed %s\n' "$caches_dir" ;;
    esac
  done
}

# caches_look SHOW DIR…: what lies in image caches. SHOW `facts` says images and busy; `busy` prints the first busy
# names alone; `finished` prints NAME BYTES DAY TIME of images that no download belongs to, the last in cache_orders first.
# Times are compared on this node's clock.
caches_look() {
  caches_show=$1
  shift
  caches_now=$("$DATE" '+%Y-%m-%d %H:%M:%S')
  caches_read "$@" | "$NAWK" -v n="@$N " -v now="$caches_now" -v most=$BUSY_MAX -v show="$caches_show" \
    -v most_rows="$ROWS_MAX" -v most_oldest=$OLDEST_MAX -v min_age="$MIN_AGE" -v stale=$MARKER_STALE_S "$NAWK_SECONDS"'
    BEGIN {
      split(now, part, " ")
      present = seconds(part[1], part[2])
      h = "[0-9a-fA-F]"
      h4 = h h h h
      uuid = "^" h4 h4 "-" h4 "-" h4 "-" h4 "-" h4 h4 h4 "$"
    }
    $1 == "directory" && NF == 2 { dirs++; dir[dirs] = $2; ordered = 0; next }
    $1 == "order" && NF == 2 { ordered = 1; next }
    $1 == "failed" && NF == 2 { failed[dirs] = 1; lost++; next }
    ordered {
      if (/^-/ && $9 ~ uuid && NF == 9 && (dirs, $9) in age && !((dirs, $9) in marked) && age[dirs, $9] >= min_age && listed[dirs] < most_oldest)
      {
        oldest_of[dirs, ++listed[dirs]] = $5 "\t" $6 "T" substr($7, 1, 8)
        finished[dirs, listed[dirs]] = $9 " " $5 " " $6 " " substr($7, 1, 8)
      }
      next
    }
    /^[-dlbcpsD]/ && NF >= 9 {
      name = $9
      for (i = 10; i <= NF; i++) name = name " " $i
      if (entries[dirs]++ == 0) first[dirs] = substr(name, 1, 120)
    }
    /^-/ && NF >= 9 {
      name = $9
      partial = (name ~ /\.downloading$/)
      if (partial) { partials[dirs]++; marked[dirs, substr(name, 1, length(name) - 12)] = 1 }
      since = present - seconds($6, $7)
      if (name !~ /^[.]/ && (since < 120 || (partial && since < stale)) && busy[dirs]++ < most) names[dirs] = names[dirs] "\n" name
      if (name !~ uuid) next
      age[dirs, name] = present - seconds($6, $7)
      at = $6 "T" substr($7, 1, 8)
      count[dirs]++
      bytes[dirs] += $5
      if ($5 + 0 > largest[dirs] + 0) largest[dirs] = $5
      if (oldest[dirs] == "" || at < oldest[dirs]) oldest[dirs] = at
      if (at > newest[dirs]) newest[dirs] = at
    }
    function or_dash(s) { return s == "" ? "-" : s }
    END {
      # Half a listing is none.
      if (lost && show != "facts") exit 1
      for (i = 1; i <= dirs; i++) {
        if (show == "facts" && i in failed) print n "unseen images:" dir[i] " failed it could not be listed"
        else if (show == "facts" && i <= most_rows)
          printf "%srow images %s\t%d\t%.0f\t%.0f\t%d\t%s\t%s\t%d\t%s\n", n, dir[i], count[i], bytes[i], \
            largest[i], partials[i], or_dash(oldest[i]), or_dash(newest[i]), entries[i], first[i]
      }
      if (show == "facts") {
        print n "list oldest"
        for (i = 1; i <= dirs; i++)
          for (j = 1; j <= listed[i]; j++) print n "row oldest " dir[i] "\t" oldest_of[i, j]
        print n "list busy"
      }
      if (show == "finished") {
        for (i = 1; i <= dirs; i++) for (j = listed[i]; j > 0; j--) print finished[i, j]
        exit
      }
      for (i = 1; i <= dirs; i++) {
        some = split(names[i], part, "\n")
        for (j = 2; j <= some; j++) print (show == "facts" ? n "row busy " dir[i] "\t" : dir[i] "/") part[j]
      }
    }'
}

probe_caches() {
  list images
  set --
  for caches_dir in $all_dirs; do
    exists "$R$caches_dir" || continue
    if [ -L "$R$caches_dir" ]; then
      unseen "images:$caches_dir" failed 'it is a link'
    elif [ ! -d "$R$caches_dir" ]; then
      unseen "images:$caches_dir" failed 'it is no directory'
    elif [ ! -r "$R$caches_dir" ] || [ ! -x "$R$caches_dir" ]; then
      unseen "images:$caches_dir" denied
    else
      set -- "$@" "$caches_dir"
    fi
  done
  flush
  caches_look facts "$@"
}

# zones_incomplete: `incomplete`, the zones being installed, one a line.
zones_incomplete() {
  incomplete=''
  ask zones "$ZONEADM" list -cp || return 1
  set -f
  IFS=$NL
  for zones_row in $got; do
    zones_name=${zones_row#*:}
    case ${zones_name#*:} in incomplete:*) incomplete=$incomplete${zones_name%%:*}$NL ;; esac
  done
  IFS=$BLANKS
  set +f
}

probe_zones() {
  zones_incomplete || return
  list zones
  for zones_name in $incomplete; do row zones "$zones_name"; done
}

probe_boot_environments() {
  ask be "$BEADM" list -H || return
  list be
  set -f
  IFS=$NL
  for be_row in $got; do
    case $be_row in *';'*';'*';'*) row be "$be_row" ;; esac
  done
  IFS=$BLANKS
  set +f
}

# The line is the cleaner's last word of a run: docs/reference/cleaner.md.
probe_cleaner() {
  cleaner_log=$R/var/svc/log/site-nova-cache-cleanup:default.log
  if [ ! -f "$cleaner_log" ] || [ -L "$cleaner_log" ]; then
    why_missing "$cleaner_log"
    unseen cleaner.log "$why"
  elif [ ! -r "$cleaner_log" ]; then
    unseen cleaner.log denied
  else
    got=$("$TAIL" -n $LOG_LINES "$cleaner_log" 2>/dev/null |
      "$NAWK" '/nova-cache-cleanup [^ ]+: evicted [0-9]+ image/ { last = substr($0, 1, 1024) } END { print last }')
    if [ -n "$got" ]; then say "fact cleaner.log $got"; else unseen cleaner.log absent; fi
  fi
}

# Our run ids sort by time, so the names do.
probe_notes() {
  if [ -d "$R${CONF%/*}" ] && [ ! -r "$R${CONF%/*}" ]; then
    unseen notes denied
    return
  fi
  list notes
  notes_left=$NOTES_MAX
  for notes_file in "$R$CONF".novasweep-*.json; do
    # Whoever owns the directory could point a link anywhere: not followed.
    if [ ! -f "$notes_file" ] || [ -L "$notes_file" ] || [ $notes_left -eq 0 ]; then continue; fi
    notes_left=$((notes_left - 1))
    line_of "$notes_file"
    [ ${#text} -le "$LINE_MAX" ] || text=''
    row notes "${notes_file#"$R"}$TAB$text"
  done
}

# probe_result: what the apply script $RESULT_OF, a run and its name in it, said, as far as it has come. Root's directory: nobody else writes it.
probe_result() {
  result_path=$R/system/volatile/novasweep.result-$RESULT_OF
  if [ ! -f "$result_path" ] || [ -L "$result_path" ]; then
    unseen result absent
    return
  fi
  say 'list result'
  while IFS= read -r result_line; do say "row result $result_line"; done <"$result_path"
}

# lock_read: `lock_record`, `lock_pid` and `lock_alive` of the lock that is there.
lock_read() {
  lock_alive=''
  line_of "$LOCK/record"
  lock_record=$text
  lock_pid=${lock_record#*\"pid\":}
  lock_pid=${lock_pid%%[!0-9]*}
  case $lock_record in
    *"\"bootedAt\":\"$booted\""*) [ -n "$lock_pid" ] && kill -s 0 "$lock_pid" 2>/dev/null && lock_alive=1 ;;
  esac
}

probe_lock() {
  if [ ! -d "$LOCK" ]; then
    unseen lock absent
  elif [ ! -x "$LOCK" ]; then
    unseen lock denied
  else
    lock_read
    one_line "$lock_record"
    say "fact lock $one"
    [ -z "$lock_alive" ] || say 'fact lock.alive 1'
  fi
}
