# Boot environments: what destroying them would free, and the step that destroys one.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2153,SC2154 # state and inputs are shared across the files, see lib.sh
# shellcheck disable=SC2016 # single quotes hold nawk programs

# Bootable ones that remain whatever is asked for: domain/boot-environments has the same law.
BE_KEEP_LEAST=2

# be_look: rows BE UNIQUE SNAPSHOTS of the list be.space and BE FILESYSTEM BYTES of be.origins, the snapshots of each
# filesystem that one of BE's came from. Where others came from BE, nothing is its own for certain. One whose origin or
# figures are not known has no row. `pool` is probe_zfs's.
be_look() {
  if [ -z "$pool" ]; then
    unseen be.space failed 'the root pool is not known'
    return
  fi
  ask be.space "$ZFS" get -Hp -r -o name,property,value usedbydataset,usedbysnapshots,origin "$pool/ROOT" || return
  be_look_rows=$(printf '%s\n' "$got" | "$NAWK" -v root="$pool/ROOT/" '
    BEGIN { FS = "\t" }
    # Of a snapshot -r tells too.
    index($1, root) != 1 || index($1, "@") { next }
    {
      value[$1, $2] = $3
      if ($1 in be_of) next
      name = substr($1, length(root) + 1)
      sub(/\/.*/, "", name)
      be_of[$1] = name
      filesystem[++count] = $1
      if (!(name in unique)) { bes[++be_count] = name; unique[name] = 0; snapshots[name] = 0 }
    }
    function bytes(at, property) {
      if (value[at, property] !~ /^[0-9]+$/) lost[be_of[at]] = 1
      return value[at, property] + 0
    }
    END {
      for (i = 1; i <= count; i++) {
        at = filesystem[i]
        unique[be_of[at]] += bytes(at, "usedbydataset")
        snapshots[be_of[at]] += bytes(at, "usedbysnapshots")
        from = value[at, "origin"]
        if (from == "-") continue
        sub(/@.*/, "", from)
        if (!(from in be_of)) { lost[be_of[at]] = 1; continue }
        if (be_of[from] == be_of[at]) continue
        came_from[be_of[from]] = 1
        if (!((be_of[at], from) in told)) {
          told[be_of[at], from] = 1
          origins[be_of[at]] = origins[be_of[at]] sprintf("origin %s\t%s\t%.0f\n", be_of[at], from, bytes(from, "usedbysnapshots"))
        }
      }
      for (i = 1; i <= be_count; i++) {
        name = bes[i]
        if (name in lost) continue
        if (name in came_from) { snapshots[name] += unique[name]; unique[name] = 0 }
        printf "space %s\t%.0f\t%.0f\n%s", name, unique[name], snapshots[name], origins[name]
      }
    }' 2>&1) || {
    unseen be.space failed "$be_look_rows"
    return
  }
  be_look_list space be.space
  be_look_list origin be.origins
}

# be_look_list WORD KEY: the rows of `be_look_rows` that begin with WORD.
be_look_list() {
  list "$2"
  set -f
  IFS=$NL
  for be_look_row in $be_look_rows; do
    case $be_look_row in "$1 "*) row "$2" "${be_look_row#"$1 "}" ;; esac
  done
  IFS=$BLANKS
  set +f
}

# be_destroy NAME UUID CREATED KEEP LEAST: destroys the one that was looked at, if all that was true of it still is and
# KEEP bootable ones remain; says how many bytes are free since, for which LEAST is what there is to wait for.
be_destroy() {
  be_destroy_name=$1 be_destroy_uuid=$2 be_destroy_created=$3 be_destroy_keep=$4 be_destroy_least=$5
  case $1 in
    '' | [!A-Za-z0-9]* | *[!A-Za-z0-9._:-]*)
      fail E_STEP 'a name that does not go into a command'
      return 1
      ;;
  esac
  { run "$ZFS" list -H -o name "$R/" && first_line; } || { tool_failed 'the root pool'; return 1; }
  be_destroy_root=${line%%/*}/ROOT
  be_destroy_used || { tool_failed "the space of $be_destroy_root"; return 1; }
  be_destroy_before=$be_destroy_now
  be_destroy_check before || { tool_failed 'the boot environments cannot be listed'; return 1; }
  [ -z "$line" ] || { fail E_STALE "${line#* }"; return 1; }
  run "$BEADM" destroy -F "$1" || { tool_failed; return 1; }
  # What was done is done: one failing look does not make it unknown.
  be_destroy_reads=$READS_MAX
  until be_destroy_check after; do
    be_destroy_reads=$((be_destroy_reads - 1))
    [ $be_destroy_reads -gt 0 ] || { tool_failed "whether $1 is gone cannot be seen"; return 1; }
    nap 1
  done
  be_destroy_words=$line
  case $be_destroy_words in there*) fail E_STEP "${be_destroy_words#* }"; return 1 ;; esac
  be_destroy_await
  say "purged $step_id 1 - $be_destroy_freed"
  # Another hand was at it in that moment. The step did its part; no further one may.
  [ -z "$be_destroy_words" ] || fail E_STALE "${be_destroy_words#* }"
}

# be_destroy_used: `be_destroy_now`, bytes that all boot environments use.
be_destroy_used() {
  run "$ZFS" get -Hp -o value used "$be_destroy_root" && first_line || return 1
  case $line in *[!0-9]*) return 1 ;; esac
  be_destroy_now=$line
}

# be_destroy_await: `be_destroy_freed`, by how much that fell once ZFS had LEAST of it; 0 when it grew, - when nobody can say.
be_destroy_await() {
  be_destroy_left=$FREED_WAIT_S be_destroy_freed=-
  # Waiting has time of its own: the step is done.
  limit $((FREED_WAIT_S + STEP_TIMEOUT))
  while :; do
    if be_destroy_used; then
      be_destroy_freed=$((be_destroy_before - be_destroy_now))
      [ $be_destroy_freed -gt 0 ] || be_destroy_freed=0
      [ $be_destroy_freed -eq 0 ] || [ $be_destroy_freed -lt "$be_destroy_least" ] || return 0
    fi
    [ "$be_destroy_left" -gt 0 ] || return 0
    be_destroy_left=$((be_destroy_left - 1))
    nap 1
  done
}

# be_destroy_check before|after: `line`, what forbids the destroy, or what is wrong after it; empty: nothing. Status 1: the
# list cannot be had.
be_destroy_check() {
  line='law they cannot be listed'
  run be_destroy_judge "$1" || return 1
  first_line || :
}

# be_destroy_judge before|after: one line, `there` or `law` and words; in a subshell. Fields: sheet 4. What is no flag
# of theirs counts as not bootable, and what is no word of theirs in a policy as protection, as in domain/boot-environments.
be_destroy_judge() {
  { "$BEADM" list -H || printf 'failed\n'; } | "$NAWK" -v when="$1" -v name="$be_destroy_name" \
    -v uuid="$be_destroy_uuid" -v created="$be_destroy_created" -v keep="$be_destroy_keep" -v least=$BE_KEEP_LEAST '
    BEGIN { FS = ";" }
    function stop(words) { print "law " words; said = 1; exit }
    $0 == "failed" { lost = 1; exit }
    $0 == "" { next }
    NF < 7 { stop("a row of beadm cannot be read: " substr($0, 1, 120)) }
    $1 in row { stop("boot environment " $1 " is listed twice") }
    {
      row[$1] = 1
      bootable = ($3 !~ /[^NR-]/)
      if (index($3, "N")) { running++; current = $1 }
      if (index($3, "R")) { next_++; later = $1 }
      if (index($3, "N") && index($3, "R") && bootable) settled = 1
      if (bootable) remain++
    }
    $1 == name {
      if ($2 "" != uuid "" || $7 "" != created "") other = 1
      flags = $3
      mounted = $4
      count = split($6, word, ",")
      for (i = 1; i <= count; i++) if (word[i] !~ /^(static|auto|volatile)?$/) policy = word[i]
      if (bootable) remain--
    }
    END {
      if (lost) exit 1
      if (said) exit
      if (when == "after" && (name in row)) {
        print "there " name " is still there after beadm destroyed it"
        exit
      }
      must = keep + 0 > least ? keep + 0 : least
      if (when == "before") {
        if (!(name in row)) stop(name " is not there any more")
        if (other) stop(name " is another one now")
        if (flags != "" && flags != "-") stop(name " has the flags " flags " now")
        if (mounted != "" && mounted != "-") stop(name " is mounted at " mounted " now")
        if (policy != "") stop("its policy protects " name " now: " policy)
      }
      if (running != 1) stop(running + 0 " boot environments are active now")
      if (next_ != 1) stop(next_ + 0 " boot environments are active on reboot")
      if (current != later) stop(later " is active on reboot now, and " current " runs")
      if (!settled) stop(current " runs and is marked as not bootable")
      if (remain < must) stop(remain + 0 " bootable boot environments would remain, and " must " must")
    }'
}
