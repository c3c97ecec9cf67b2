# The publish script's own part, behind lib.sh: docs/remote-protocol.md, "The publish script". Looks before it
# publishes: a version that is there is never published again, for clients would take that for an update.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2153,SC2154 # state and inputs are shared across the files, see lib.sh
# shellcheck disable=SC2016 # single quotes hold nawk programs

# Lines of pkglint that are shown: one finding is one line, and ours has three actions.
LINT_ROWS=50

# publish_begin DIR...: deaf to a lost line, then a private place with these directories, parents first. Its name is the
# nonce's and known before it is made, so that no moment leaves it behind; mkdir fails on whatever has that name already.
# Names below the place are our own, without blanks.
publish_begin() {
  trap '' HUP PIPE
  for begin_tool in "$PKGLINT" "$PKGREPO" "$PKGSEND"; do
    [ -x "$begin_tool" ] || refuse E_UNSUPPORTED "there is no ${begin_tool##*/}: it comes with package/pkg"
  done
  case $REPOSITORY in /*) repository=$R$REPOSITORY ;; *) repository=$REPOSITORY ;; esac
  watch_start "$HOST_TIMEOUT"
  dirs='' files='out err line rows'
  place=$R/tmp/novasweep-publish.$N
  "$MKDIR" -m 700 "$place" 2>/dev/null || {
    place=''
    publish_failed E_STEP "/tmp/novasweep-publish.$N cannot be made"
  }
  for begin_dir in "$@"; do
    dirs="$begin_dir $dirs"
    set -- "$@" "$place/$begin_dir"
    shift
  done
  "$MKDIR" -m 700 "$@" 2>/dev/null || publish_failed E_STEP 'there is no room in /tmp'
}

# publish_file PATH TEXT
publish_file() {
  files="$files $1"
  { printf '%s' "$2" >"$place/$1"; } 2>/dev/null || publish_failed E_STEP "$1 cannot be written to /tmp"
}

publish() {
  publish_lint
  publish_look
  [ "$CHECK" = 1 ] || publish_send
  say facts
}

# publish_failed CODE WORDS: the one step of this script failed; ends main.
publish_failed() {
  one_line "$2"
  say "step 1 fail $1 $one"
  leave 1
}

# publish_run TOOL WORD...: `rc`, and what it says in the files out and err.
publish_run() {
  "$@" >"$place/out" 2>"$place/err"
  rc=$?
  case $rc in
    # Ended with KILL, as ksh93 and as others count: by the watcher.
    137 | 265) publish_failed E_HOST_TIMEOUT "${1##*/} did not end within $HOST_TIMEOUT s" ;;
  esac
}

# publish_words: `words`, what the tool that failed wrote to stderr, in one line.
publish_words() {
  "$NAWK" -v max="$WORDS_MAX" '
    NF { text = text (text == "" ? "" : " ") $0 }
    length(text) > max { exit }
    END { print substr(text, 1, max) }' "$place/err" >"$place/line"
  line_of "$place/line"
  words="${text:-exit status $rc}"
}

publish_lint() {
  publish_run "$PKGLINT" "$place/$PACKAGE.p5m"
  list lint
  "$NAWK" -v rows="$LINT_ROWS" -v max="$WORDS_MAX" '
    /^(INFO|WARNING|ERROR|CRITICAL) / && rows > 0 {
      rows--
      gsub(/  +/, " ")
      print substr($0, 1, max)
    }' "$place/err" >"$place/rows"
  while IFS= read -r lint_row; do row lint "$lint_row"; done <"$place/rows"
  [ "$rc" -eq 0 ] || publish_words
  case $rc in
    0) ;;
    1) refuse E_LINT "$words" ;;
    *) publish_failed E_STEP "pkglint: $words" ;;
  esac
}

# publish_look: whether the repository has the version. A list that could not be had is never an empty one: without a
# pattern the exit status tells them apart. Columns of tsv: publisher, name, O, release, build, branch, date, FMRI.
publish_look() {
  publish_run "$PKGREPO" list -H -F tsv -s "$repository"
  [ "$rc" -eq 0 ] || publish_no_repository
  "$NAWK" -v publisher="$PUBLISHER" -v name="$PACKAGE" -v release="$RELEASE" '
    BEGIN { FS = "\t" }
    $1 == publisher && $2 == name && $4 == release && $7 >= date { date = $7; fmri = $8 }
    END { print fmri }' "$place/out" >"$place/line"
  line_of "$place/line"
  [ -n "$text" ] || return 0
  there=$text
  publish_run "$PKGREPO" contents -t set -s "$repository" "$there"
  [ "$rc" -eq 0 ] || publish_no_repository
  "$NAWK" -v name="name=$ATTRIBUTE" -v value="value=$CONTENT" '
    {
      named = valued = 0
      for (i = 2; i <= NF; i++) {
        if ($i == name) named = 1
        if ($i == value) valued = 1
      }
      if (named && valued) same = 1
    }
    END { print same ? "same" : "other" }' "$place/out" >"$place/line"
  line_of "$place/line"
  [ "$text" = same ] || refuse E_PUBLISHED "$there is in the repository, with another content"
  say "fact there $there"
  say facts
  leave 0
}

publish_no_repository() {
  publish_words
  refuse E_REPOSITORY "$words"
}

publish_send() {
  publish_run "$PKGSEND" publish -s "$repository" -d "$place/proto" "$place/$PACKAGE.p5m"
  [ "$rc" -eq 0 ] || {
    publish_words
    publish_failed E_STEP "$words"
  }
  "$NAWK" '/^pkg:/ { print; exit }' "$place/out" >"$place/line"
  line_of "$place/line"
  say "fact published ${text:-$FMRI}"
}

# publish_exit STATUS: on every way out: the place goes before `end` is said. A watcher's shell may get here too.
publish_exit() {
  [ -n "${began:-}" ] && [ -z "$beside" ] || return 0
  exit_status=$1
  [ -z "${place:-}" ] || {
    set --
    for exit_name in $files; do set -- "$@" "$place/$exit_name"; done
    "$RM" -f "$@"
    set --
    for exit_name in $dirs; do set -- "$@" "$place/$exit_name"; done
    "$RMDIR" "$@" "$place" 2>/dev/null
  }
  on_exit "$exit_status"
}
