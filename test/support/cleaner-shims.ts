/**
 * Strict stand-ins for the tools the cleaner calls: an option or an argument that the fact sheet does not give fails as
 * the real tool would. Each call is one line in $STATE/calls; $STATE/hook-TOOL runs first, to change the world between
 * two looks of the cleaner; $STATE/kill, which defines `step`, is told of each call and of each file that rm removes.
 */
const head = (name: string): string => `#!/bin/sh
STATE=@STATE@
LC_ALL=C
printf '%s\\n' "${name === "nawk" ? name : `${name} $*`}" >>"$STATE/calls"
[ ! -f "$STATE/kill" ] || { . "$STATE/kill" && step; }
[ ! -x "$STATE/hook-${name}" ] || "$STATE/hook-${name}"
`;

/** zfs: one dataset whose properties are what the test wrote; `used` does not move when files go, as on real ZFS. */
const zfs = `
usage() { echo 'usage: zfs get [-rHpe|-d max] [-o field[,...]] property[,...] [filesystem]' >&2; exit 2; }
TAB=$(printf '\\t')
[ ! -f "$STATE/zfs-status" ] || { read -r status <"$STATE/zfs-status"; echo 'internal error: out of memory' >&2; exit "$status"; }
value() { while IFS=$TAB read -r p v; do [ "$p" != "$1" ] || { printf '%s' "$v"; return; }; done <"$STATE/zfs"; }
name=$(value name)
case "$1 $2 $3 $4" in
  'get -Hp -o name,property,value') shift 4; row=full ;;
  'get -pH -o value') shift 4; row=value ;;
  'list -H -o name')
    [ $# -eq 5 ] || usage
    [ -e "$5" ] || { echo "cannot open '$5': No such file or directory" >&2; exit 1; }
    [ ! -f "$STATE/on" ] || { cat "$STATE/on"; exit 0; }
    echo "$name"
    exit 0 ;;
  *) usage ;;
esac
[ $# -eq 2 ] || usage
[ "$2" = "$name" ] || { echo "cannot open '$2': dataset does not exist" >&2; exit 1; }
for property in $(printf %s "$1" | tr , ' '); do
  if [ $row = value ]; then printf '%s\\n' "$(value "$property")"
  else printf '%s\\t%s\\t%s\\n' "$2" "$property" "$(value "$property")"; fi
done
`;

/** ls: options of Solaris; -E prints the whole time, -s counts in 512 bytes. GNU's needs to be told both. */
const ls = `
usage() { echo 'usage: ls -aAbcCdeEfFghHiklLmnopqrRstuvVx1@ [files]' >&2; exit 2; }
full=
while :; do
  case \${1-} in
    --*) usage ;;
    -*)
      case \${1#-} in *[!1dEilnqrstu]*) usage ;; esac
      case $1 in *E*) full=--time-style=full-iso ;; esac
      options="\${options-} $(printf %s "$1" | tr -d E)"
      shift ;;
    *) break ;;
  esac
done
[ ! -f "$STATE/ls-fails" ] || { echo '.: Permission denied' >&2; exit 2; }
POSIXLY_CORRECT=1 exec /bin/ls \${options-} $full "$@"
`;

/** fuser: pids on stdout, names and use codes on stderr; of a file outside the cache who really holds it. */
const fuser = `
[ ! -f "$STATE/fuser-blind" ] || { echo 'fuser: not supported' >&2; exit 1; }
case $1 in -*) echo 'Usage: fuser [-[c|d|f]kn[s sig]] [-[c|d|f]u] files' >&2; exit 1 ;; esac
[ ! -f "$STATE/open" ] || open="
$(cat "$STATE/open")
"
exec 3>&1 >&2
for file in "$@"; do
  [ -e "$file" ] || { echo "$file: No such file or directory"; continue; }
  printf '%s: ' "$file"
  case $file in
    /*) /usr/bin/fuser "$file" 2>/dev/null >&3 && printf o ;;
    *) case \${open-} in *"
\${file#./}
"*) printf '%7d' 1 >&3; printf o ;; esac ;;
  esac
  echo
done
`;

const zoneadm = `
[ "$*" = 'list -cp' ] || { echo "usage: zoneadm list [-cip]" >&2; exit 2; }
[ ! -f "$STATE/zoneadm-fails" ] || { echo 'zoneadm: could not open /dev/zfs' >&2; exit 1; }
cat "$STATE/zones"
`;

const svcprop = `
if [ $# -ne 3 ] || [ "$1 $2" != '-p config' ]; then echo 'Usage: svcprop [-fqtv] [-p [name/]name]... {FMRI | pattern}...' >&2; exit 2; fi
[ -f "$STATE/svcprop" ] || { echo "svcprop: Pattern '$3' doesn't match any entities" >&2; exit 1; }
cat "$STATE/svcprop"
`;

/** rm: options of Solaris only; a name in $STATE/rm-refuses (or every one, for \`*\`) is not removed. */
const rm = `
force=
while :; do
  case \${1-} in
    --) shift; break ;;
    -*[!firR-]*) echo "rm: illegal option -- \${1#-}" >&2; echo 'usage: rm [-fiRr] file ...' >&2; exit 2 ;;
    -*) force=-f; shift ;;
    *) break ;;
  esac
done
if [ -f "$STATE/kill" ]; then
  for file in "$@"; do /bin/rm $force -- "$file" && step; done
  exit
fi
if [ ! -f "$STATE/rm-refuses" ]; then
  for file in "$@"; do echo "gone \${file##*/}"; done >>"$STATE/gone"
  exec /bin/rm $force -- "$@"
fi
for file in "$@"; do
  if grep -qxF -e "\${file##*/}" -e '*' "$STATE/rm-refuses" && [ "\${file%.lock}" = "$file" ]; then
    echo "rm: $file not removed: Permission denied" >&2
  else
    printf 'gone %s\\n' "\${file##*/}" >>"$STATE/gone"
    /bin/rm $force -- "$file"
  fi
done
`;

/** date: one operand, the format; so many seconds from the true time as the test says. */
const date = `
case $#,\${1-} in 1,+*) ;; *) echo 'usage: date [-u] [+format]' >&2; exit 1 ;; esac
[ ! -f "$STATE/clock-offset" ] || read -r offset <"$STATE/clock-offset"
exec /bin/date -d "now \${offset:-0} seconds" "$1"
`;

const pass = (path: string): string => `exec ${path} "$@"\n`;

/** Every tool of the cleaner's prelude, as text with @STATE@ for the state folder. `nawk` is the awk that plays it. */
export const shims = (nawk: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries({
      zfs,
      ls,
      fuser,
      zoneadm,
      svcprop,
      rm,
      nawk: pass(nawk),
      date,
      du: pass("/usr/bin/du"),
      find: pass("/usr/bin/find"),
      ln: pass("/bin/ln"),
      ps: pass("/usr/bin/ps"),
    }).map(([name, body]) => [name, head(name) + body]),
  );
