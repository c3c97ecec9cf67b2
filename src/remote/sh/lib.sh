# What the probe and the apply script share: marker lines, the uid proof, limits in time, the EXIT path.
# Functions and limits only; script.ts joins the files. POSIX sh: ksh93 (the node's own), dash, bash --posix, busybox.
# Every variable is global (no `local` in POSIX): those of a function begin with its name where calls nest.
# shellcheck shell=sh
# shellcheck disable=SC2034 # set here, read in probe.sh and apply.sh
# shellcheck disable=SC2016 # single quotes hold nawk programs
# shellcheck disable=SC2153 # DIGEST is a tool, digest what it printed
# shellcheck disable=SC2154 # inputs and prelude are assigned by script.ts, lower-case state by begin

# A probe's command may hang (pkg, zfs on a sick pool): from this second on each gets two looks, 2 s apart. The
# controller takes 30 s of silence for a lost line, so a hung command must be gone, and reported, before.
PROBE_GRACE_S=20
# A watcher sleeps in pieces of this many seconds: a signal that meets the moment before its wait costs no more.
NAP_MAX_S=2
# Moments a watcher has to end by itself, each the start of a process, some milliseconds; it needs one or two.
MOMENTS_MAX=100
# Ends a watcher. Main has no trap for it: a TERM that met the watcher before its own trap would be lost in main's.
ASIDE_SIGNAL=USR1
# Longest text of a tool that a line carries, characters: enough for its message, short enough for a screen.
WORDS_MAX=400
# Longest text of any line, characters: no path, property or note of ours comes near it.
LINE_MAX=2000
# Most rows of a list: a node has tens; more is an accident, or somebody's mischief.
ROWS_MAX=1000

# say TEXT: one marker line; while `gathering`, kept for `flush`. Nobody listens any more: go on in silence, the
# transaction must end in order.
say() {
  said_text=$1
  [ ${#said_text} -le $LINE_MAX ] || said_text=$(printf "%.${LINE_MAX}s" "$said_text")
  # For whoever comes back when the line broke.
  if [ -n "$result_file" ]; then
    case $said_text in
      'step '* | 'removed '* | 'purged '* | 'restore '*)
        { printf '%s\n' "$said_text" >>"$result_file"; } 2>/dev/null
        ;;
    esac
  fi
  if [ -n "$gathering" ]; then
    held="$held@$N $said_text$NL"
  else
    printf '@%s %s\n' "$N" "$said_text" || { unheard=1 && exec >/dev/null 2>&1; }
  fi
}

# list KEY: its rows follow.
list() {
  rows_left=$ROWS_MAX
  say "list $1"
}

# row KEY TEXT: one row of the list that was begun last, as long as there is room.
row() {
  [ "$rows_left" -gt 0 ] || return 0
  rows_left=$((rows_left - 1))
  say "row $1 $2"
}

# line_of FILE: `text`, the first line of a plain file. Read by a child, and no more of it than a line may have:
# `read` would take a line of any length into this shell.
line_of() {
  text=''
  [ -f "$1" ] && [ -r "$1" ] || return 0
  # bash warns of a NUL.
  { text=$("$DD" "if=$1" bs=$((LINE_MAX + 1)) count=1 2>/dev/null); } 2>/dev/null
  text=${text%%"$NL"*}
}

# flush: what was kept, in one write: each write is a packet of its own, and a probe says some ninety lines.
flush() {
  [ -z "$held" ] || printf '%s' "$held" || exec >/dev/null 2>&1
  held=''
}

# unseen KEY WHY [TEXT]
unseen() {
  one_line "${3:-}"
  say "unseen $1 $2${one:+ $one}"
  # Something may have hung: word of it must not wait behind the next thing that hangs.
  [ "$2" != failed ] || flush
}

# one_line TEXT: `one`, the text with its line breaks as blanks, bounded.
one_line() {
  one=$1
  case $one in
    *"$NL"*)
      set -f
      IFS=$NL
      # shellcheck disable=SC2086 # one word a line
      set -- $one
      IFS=' '
      one="$*"
      IFS=$BLANKS
      set +f
      ;;
  esac
  [ ${#one} -le "$WORDS_MAX" ] || one=$(printf "%.${WORDS_MAX}s" "$one")
}

# begin: proves the uid, says `begin`, sets all state. Nothing has run when it refuses.
begin() {
  set -u
  LC_ALL=C TZ=UTC0
  export LC_ALL TZ
  BLANKS=' 	
' NL='
' TAB='	'
  IFS=$BLANKS
  watcher='' child='' T='' applying='' quiet='' gathering='' held='' stopped='' in_trap='' beside='' leaving='' unheard='' result_file=''
  began=1
  trap 'exit 129' HUP
  trap 'exit 141' PIPE
  trap 'on_term' TERM INT
  uid=$("$ID" -u 2>/dev/null) || uid=''
  say begin
  case $WANT_UID in any | "$uid") return 0 ;; esac
  quiet=1
  refuse E_BECOME "the script runs with uid ${uid:-unknown} and needs $WANT_UID"
}

# refuse CODE TEXT: a precondition does not hold; ends main.
refuse() {
  one_line "$2"
  say "refuse $1 $one"
  leave 3
}

# leave STATUS: ends main. What there is to put in order is done here, in the ordinary flow: ksh93 confuses a
# subshell that is started inside a trap with the shell that is about to exit.
leave() {
  [ -z "$applying" ] || apply_exit
  exit "$1"
}

# nap SECONDS: sleeps so that a signal is served at once.
nap() {
  "$SLEEP" "$1" >/dev/null 2>&1 &
  child=$!
  wait "$child" 2>/dev/null
  [ -z "$stopped" ] || stop_now
  child=''
}

# processes MAIN SKIP SEEN: line 1: children of MAIN that are not in SKIP; line 2: those of them in SEEN, and all
# that descends from them.
processes() {
  "$PS" -e -o pid= -o ppid= | "$NAWK" -v main="$1" -v skip=" $2 " -v seen=" $3 " '
    { parent[$1] = $2 }
    END {
      for (pid in parent) {
        if (parent[pid] == main && !index(skip, " " pid " ")) { now = now " " pid }
        at = pid
        for (n = 0; n < 64 && (at in parent) && parent[at] != main; n++) at = parent[at]
        if (parent[at] == main && index(seen, " " at " ") && !index(skip, " " at " ")) old = old " " pid
      }
      print now
      print old
    }'
}

# end_tree PID: ends a child of this shell and all below it. Stopped first, so that none forks away meanwhile.
end_tree() {
  for end_signal in STOP KILL; do
    end_found=$(processes $$ '' "$1")
    case $end_found in *"$NL"*) ;; *) return 0 ;; esac
    # shellcheck disable=SC2086 # a list of pids
    kill -s $end_signal ${end_found#*"$NL"} 2>/dev/null
  done
}

# watch_start SECONDS: from then on no command of this probe outlives two looks. An apply script has its ticker.
watch_start() {
  [ -z "$in_trap" ] || return 0
  # bash runs the EXIT trap of a subshell that is ended before it could put its own in place: not ours to run there.
  beside=1
  watch "$1" </dev/null >/dev/null 2>&1 &
  watcher=$! beside=''
}

watch() {
  aside
  watch_left=$1 watch_seen=' '
  while [ "$watch_left" -gt 0 ]; do
    watch_nap=$NAP_MAX_S
    [ "$watch_left" -ge "$NAP_MAX_S" ] || watch_nap=$watch_left
    watch_left=$((watch_left - watch_nap))
    nap "$watch_nap"
    main_lives
  done
  while :; do
    main_lives
    watch_look
    nap "$NAP_MAX_S"
  done
}

# watch_look: ends what this script had begun at the last look, in `watch_seen`, and still runs.
watch_look() {
  # POSIX has no other way for a subshell to learn its own pid.
  # shellcheck disable=SC2016 # that shell's
  [ -n "$watch_self" ] || watch_self=$(exec "$SH" -c 'echo "$PPID"')
  watch_found=$(processes $$ "$watch_self" "$watch_seen")
  watch_seen=${watch_found%%"$NL"*}
  case $watch_found in
    *"$NL"*)
      # The limit's number: whose step it was.
      [ -z "$T" ] || printf '%s\n' "$tick_serial" >"$T/late"
      main_lives
      # shellcheck disable=SC2086 # a list of pids
      kill -s KILL ${watch_found#*"$NL"} 2>/dev/null
      ;;
  esac
}

# main_lives: else this watcher ends: the pids it knows may be anybody's by now.
main_lives() { kill -s 0 $$ 2>/dev/null || exit 0; }

watch_stop() {
  [ -n "$watcher" ] || return 0
  put_away "$watcher"
  watcher=''
}

# aside: this subshell watches beside the script until put_away.
aside() {
  # What $! was in main; from the first sleep on it is that sleep, also before any assignment could say so.
  set +u
  child='' stopped='' watch_self='' aside_before=$!
  trap aside_end "$ASIDE_SIGNAL"
  trap '' HUP PIPE
  trap - EXIT INT TERM
}

aside_end() {
  [ "$!" = "$aside_before" ] || kill -s KILL "$!" 2>/dev/null
  exit 0
}

# put_away PID: ends a watcher. After some moments for its own trap, which ends its sleep as well, with KILL: it has
# nothing to save, and a signal it lost must not keep us waiting.
put_away() {
  kill -s "$ASIDE_SIGNAL" "$1" 2>/dev/null
  away_left=$MOMENTS_MAX
  while [ "$away_left" -gt 0 ] && kill -s 0 "$1" 2>/dev/null; do
    away_left=$((away_left - 1))
    "$SLEEP" 0 </dev/null >/dev/null 2>&1
  done
  [ "$away_left" -gt 0 ] || kill -s KILL "$1" 2>/dev/null
  wait "$1" 2>/dev/null
}

# on_term: a look ends at once; a change is ended by whoever waits for its child, in the ordinary flow.
on_term() {
  [ -n "$applying" ] || exit 143
  [ -n "$leaving" ] || stopped=1
}

# on_exit STATUS: the last line is `end`. An exit nobody planned gets here with the lock held; it is put in order
# without watchers, see leave.
on_exit() {
  [ -n "${began:-}" ] && [ -z "$beside" ] || return 0
  trap ':' TERM INT
  in_trap=1
  {
    watch_stop
    [ -z "$applying" ] || apply_exit
    say "end $1"
  } </dev/null
}
