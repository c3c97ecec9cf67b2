# What changes the image: pkg install, uninstall, fix (pkg(1), sheet 5.3). Sourced by pkg, behind lib.sh and repo.sh.
# Of what was installed here, state/pkg/NAME has the manifest, its version and the payloads; what a node was made with
# has only its line of state/packages. Lines of state/publishers: PREFIX ORIGIN. state/pkg-locked: so many times more
# another pkg holds the image. state/actuators-hang: an actuator that does not end.
# shellcheck shell=sh
# shellcheck disable=SC2153,SC2154 # set by lib.sh and repo.sh

# options WORD...: ORIGINS, SYNC, LIMIT, and OPERAND; a word the verb does not know is a usage error.
options() {
  ORIGINS='' SYNC='' LIMIT='' OPERAND=''
  while [ $# -gt 0 ]; do
    case $verb,$1 in
      install,-g)
        [ $# -gt 1 ] || usage
        ORIGINS=$ORIGINS$2$NL
        shift
        ;;
      install,--accept | fix,--accept) ;;
      install,--sync-actuators | uninstall,--sync-actuators) SYNC=1 ;;
      install,--sync-actuators-timeout | uninstall,--sync-actuators-timeout)
        case ${2:-} in '' | *[!0-9]*) usage ;; esac
        SYNC=1 LIMIT=$2
        shift
        ;;
      install,--deny-new-be | uninstall,--deny-new-be | install,--no-backup-be | uninstall,--no-backup-be) ;;
      *,-*) usage ;;
      *)
        [ -z "$OPERAND" ] || usage
        OPERAND=$1
        ;;
    esac
    shift
  done
  [ -n "$OPERAND" ] || usage
  [ "$LAB_USER" = root ] || fail 1 "pkg $verb: Insufficient permissions"
  [ -f "$S/pkg-locked" ] || return 0
  read -r times <"$S/pkg-locked"
  if [ "$times" -gt 1 ]; then printf '%s\n' $((times - 1)) >"$S/pkg-locked"; else rm -f "$S/pkg-locked"; fi
  fail 7 'pkg: The image cannot be modified as it is currently in use by another package client: pkg on cn, pid 3141.'
}

# installed NAME: LINE of state/packages.
installed() {
  while IFS= read -r LINE; do
    case $LINE in "$1 "*) return 0 ;; esac
  done <"$S/packages"
  LINE=''
  return 1
}

# forget NAME, note LINE: in state/packages.
forget() {
  while IFS= read -r line; do
    case $line in "$1 "*) ;; *) printf '%s\n' "$line" ;; esac
  done <"$S/packages" >"$S/packages.new"
  mv -f "$S/packages.new" "$S/packages"
}
note() { printf '%s\n' "$1" >>"$S/packages"; }

# candidate PATTERN: FOUND, the directory of the newest package that matches in the origins, and PUB NAME RELEASE VERSION.
candidate() {
  FOUND='' newest=''
  if [ -z "$ORIGINS" ] && [ -f "$S/publishers" ]; then
    while read -r _ origin; do ORIGINS=$ORIGINS$origin$NL; done <"$S/publishers"
  fi
  IFS=$NL
  for origin in $ORIGINS; do
    unset IFS
    repo_open "pkg $verb" "$origin"
    for manifest in "$REPO"/publisher/*/pkg/*/*/manifest; do
      [ -f "$manifest" ] || continue
      package_at "$manifest"
      matches "$1" || continue
      key=$(printf %s "$RELEASE" | sed 's/[0-9][0-9]*/000&/g; s/0*\([0-9]\{4\}\)/\1/g').$STAMP
      if [ -z "$newest" ] || [ "$(printf '%s\n%s\n' "$newest" "$key" | sort | tail -n 1)" = "$key" ]; then
        newest=$key FOUND=${manifest%/manifest}
      fi
    done
  done
  unset IFS
  [ -n "$FOUND" ] || return 1
  package_at "$FOUND/manifest"
  FILES=${FOUND%/pkg/*}/file
}

# attribute LINE NAME: VALUE of an action that read-p5m.awk printed.
attribute() {
  VALUE=$(printf '%s\n' "$1" | awk -F "$TAB" -v want="$2=" '{ for (i = 3; i <= NF; i++) if (index($i, want) == 1) { print substr($i, length(want) + 1); exit } }')
}

# actions MANIFEST KIND: those of one kind, one a line.
actions() { awk -f "$LAB_SIM/read-p5m.awk" "$1" | awk -F "$TAB" -v kind="$2" '$1 == kind'; }

# place ACTION FILES: puts one file where its action says, by a rename.
place() {
  attribute "$1" path
  target=$R/$VALUE
  digest=$(printf '%s\n' "$1" | cut -f 2)
  (umask 022 && mkdir -p "${target%/*}")
  cp "$2/$digest" "$target.pkg-new" || fail 1 "pkg $verb: Invalid content for $VALUE"
  attribute "$1" mode
  chmod "$VALUE" "$target.pkg-new"
  attribute "$1" owner
  owner=$VALUE
  attribute "$1" group
  # A node with a root of its own has real owners.
  if [ -n "$R" ]; then record_owner "$owner" "$VALUE" "$target.pkg-new"; else chown "$owner:$VALUE" "$target.pkg-new"; fi
  mv -f "$target.pkg-new" "$target"
}

# actuate NAME VERB MANIFEST: the actuators of its files, each service once; waits where that was asked for.
actuate() {
  [ -f "$3" ] || return 0
  seen=' '
  actions "$3" file | while IFS= read -r action; do
    attribute "$action" "$1"
    case $seen in *" $VALUE "*) continue ;; esac
    [ -n "$VALUE" ] || continue
    seen="$seen$VALUE "
    "$LAB_SIM/svcadm" "$2" ${SYNC:+-s} ${LIMIT:+-T "$LIMIT"} "$VALUE" 2>/dev/null
  done
  [ -n "$SYNC" ] && [ -f "$S/actuators-hang" ] && return 1
  return 0
}

pkg_install() {
  options "$@"
  candidate "$OPERAND" || fail 1 '' "pkg install: The following pattern(s) did not match any allowable packages.  Try" \
    'using a different matching pattern, or refreshing publisher information:' '' "$TAB$OPERAND"
  home=$S/pkg/$NAME version=''
  if installed "$NAME" && [ -f "$home/version" ] && read -r version <"$home/version" && [ "$version" = "$VERSION" ]; then
    echo 'No updates necessary for this image.'
    exit 4
  fi
  before=$LINE
  rm -rf "$home.new"
  mkdir -p "$home.new/file"
  cp "$FOUND/manifest" "$home.new/manifest"
  actions "$FOUND/manifest" file >"$home.new/files"
  paths=''
  while IFS= read -r action; do
    attribute "$action" path
    paths="$paths $VALUE"
    while read -r other _ _ others; do
      [ "$other" != "$NAME" ] || continue
      case " $others " in
        *" $VALUE "*) fail 1 'Creating Plan: Errors have been encountered' "The following packages all deliver file actions to $VALUE:" '' "  $other" "  $NAME" ;;
      esac
    done <"$S/packages"
  done <"$home.new/files"
  while IFS= read -r action; do
    digest=$(printf '%s\n' "$action" | cut -f 2)
    cp "$FILES/$digest" "$home.new/file/$digest" || fail 1 "pkg install: Invalid content"
    place "$action" "$home.new/file"
  done <"$home.new/files"
  printf '%s\n' "$VERSION" >"$home.new/version"
  # shellcheck disable=SC2086 # columns
  set -- $before
  [ $# -lt 3 ] || shift 3
  for path in "$@"; do
    case " $paths " in *" $path "*) ;; *) [ -z "$before" ] || rm -f "$R/$path" ;; esac
  done
  forget "$NAME"
  note "$NAME $PUB $RELEASE$paths"
  rm -rf "$home"
  mv "$home.new" "$home"
  printf '           Packages to install:   1\n        Create boot environment:  No\n'
  actuate restart_fmri restart "$home/manifest" || fail 8 'pkg: The following SMF actuators did not complete within the specified timeout:' "${TAB}svc:/system/manifest-import:default"
}

pkg_uninstall() {
  options "$@"
  split_fmri "$OPERAND"
  installed "$NAME" || fail 1 '' "pkg uninstall: The following pattern(s) did not match any packages installed on this image:" "$TAB$OPERAND"
  home=$S/pkg/$NAME
  # Before the files go: an instance nobody knows any more cannot be disabled.
  actuate disable_fmri disable "$home/manifest"
  # shellcheck disable=SC2086 # columns
  set -- $LINE
  shift 3
  for path in "$@"; do rm -f "$R/$path"; done
  forget "$NAME"
  cp "$home/manifest" "$S/pkg-uninstalled" 2>/dev/null || rm -f "$S/pkg-uninstalled"
  rm -rf "$home"
  printf '            Packages to remove:   1\n        Create boot environment:  No\n'
  actuate restart_fmri restart "$S/pkg-uninstalled" || fail 8 'pkg: The following SMF actuators did not complete within the specified timeout:' "${TAB}svc:/system/manifest-import:default"
}

pkg_fix() {
  options "$@"
  split_fmri "$OPERAND"
  installed "$NAME" || fail 1 "pkg fix: no packages matching '$OPERAND' are installed"
  home=$S/pkg/$NAME fixed=''
  [ -f "$home/files" ] || fail 1 "pkg fix: no content of $NAME"
  while IFS= read -r action; do
    attribute "$action" path
    sum=$(sha256sum <"$R/$VALUE" 2>/dev/null)
    [ "${sum%% *}" != "$(printf '%s\n' "$action" | cut -f 2)" ] || continue
    fixed=1
    place "$action" "$home/file"
  done <"$home/files"
  [ -n "$fixed" ] || fail 4 'No repairs for this image.'
}
