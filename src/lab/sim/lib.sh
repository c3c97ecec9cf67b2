#!/bin/sh
# What every simulator shares. Sourced, never run: LAB_NODE (the node's private directory), LAB_SIM (this
# directory) and LAB_USER (the identity a command runs with) come from the lab's server. State lies in
# $LAB_NODE/state, the node's file tree in $LAB_NODE/root (LAB_ROOT: elsewhere; empty where the node has a root of its own).
# shellcheck disable=SC2034 # variables set here are read by the simulators that source this file
set -u
LC_ALL=C
PATH=/usr/bin:/bin
export LC_ALL PATH
S=$LAB_NODE/state
R=${LAB_ROOT-$LAB_NODE/root}
TAB='	'
NL='
'

# fail STATUS LINE...: the tool's own words on stderr, and its status.
fail() {
  lab_status=$1
  shift
  printf '%s\n' "$@" >&2
  exit "$lab_status"
}

# now_ms: NOW, milliseconds since 1970. Every call of every simulator asks, so it starts no process where the kernel says
# how long it is up (hundredths of a second); state/clock is when that began.
now_ms() {
  if { read -r nm_up _ </proc/uptime && read -r nm_began <"$S/clock"; } 2>/dev/null; then
    nm_hundredths=1${nm_up#*.}
    NOW=$((nm_began + ${nm_up%.*} * 1000 + (nm_hundredths - 100) * 10))
  else
    NOW=$(date +%s%3N)
  fi
}

# unroot PATH: P, the path as the node's own tools know it (scripts say $R$path to everything).
unroot() {
  P=${1#"$R"}
  P=/${P#/}
}

# said PATH: P, as a tool names an operand: as it was given, in the node's own terms.
said() {
  P=$1
  case $1 in "$R" | "$R"/*) unroot "$1" ;; esac
}

# absolute PATH: A, from the directory we are in. Owners are looked up along the whole path.
absolute() {
  case $1 in
    /*) A=$1 ;;
    . | ./) A=$PWD ;;
    ./*) A=$PWD/${1#./} ;;
    *) A=$PWD/$1 ;;
  esac
}

# passwd_line NAME: PW_UID PW_GID of a user of the node, status 1 when there is none.
passwd_line() {
  while IFS=: read -r pw_name _ PW_UID PW_GID _; do
    [ "$pw_name" = "$1" ] && return 0
  done <"$R/etc/passwd"
  return 1
}

# group_name GID: GROUP_NAME; the number itself when the node has no such group.
group_name() {
  GROUP_NAME=$1
  while IFS=: read -r gr_name _ gr_gid _; do
    [ "$gr_gid" = "$1" ] && GROUP_NAME=$gr_name && return 0
  done <"$R/etc/group"
  return 0
}

# my_group: MY_GROUP, the primary group of the identity the command runs with.
my_group() {
  passwd_line "$LAB_USER" || { PW_GID=0; }
  group_name "$PW_GID"
  MY_GROUP=$GROUP_NAME
}

# owner_of PATH: OWNER and GROUP as recorded by inode, of the path or its nearest recorded ancestor (root, when
# nothing is), and MODE (octal) of the path itself. Status 1 when the path is not there.
owner_of() {
  absolute "$1"
  oo_path=$A
  set -- "$oo_path"
  case $oo_path in
    "$R"/*)
      while [ "$oo_path" != "$R" ]; do
        oo_path=${oo_path%/*}
        set -- "$@" "$oo_path"
      done
      ;;
  esac
  oo_found=$(stat -c '%i %a' -- "$@" 2>/dev/null)
  [ -e "$1" ] || [ -L "$1" ] || return 1
  OWNER='' MODE=''
  while read -r oo_inode oo_mode; do
    [ -n "$MODE" ] || MODE=$oo_mode
    while read -r oo_i oo_o oo_g; do
      [ "$oo_i" = "$oo_inode" ] && OWNER=$oo_o GROUP=$oo_g
    done <"$S/owners"
    [ "${OWNER:--}" = - ] || return 0
    OWNER=''
  done <<END
$oo_found
END
  OWNER=root GROUP=root
}

# record_owner OWNER GROUP PATH...: what chown does. `-` forgets.
record_owner() {
  ro_owner=$1 ro_group=$2
  shift 2
  for ro_inode in $(stat -c %i -- "$@" 2>/dev/null); do
    printf '%s %s %s\n' "$ro_inode" "$ro_owner" "$ro_group"
  done >>"$S/owners"
}

# created PATH...: new files belong to the identity that made them.
created() {
  my_group
  record_owner "$LAB_USER" "$MY_GROUP" "$@"
}

# mode_allows PATH DIGIT: whether the recorded owner and the mode grant the present identity that bit (4, 2, 1).
mode_allows() {
  [ "$LAB_USER" = root ] && return 0
  absolute "$1"
  case $A in "$R" | "$R"/*) ;; *) return 0 ;; esac
  owner_of "$1" || return 0
  ma_mode=$((0$MODE))
  my_group
  if [ "$OWNER" = "$LAB_USER" ]; then
    ma_bits=$((ma_mode / 64))
  elif [ "$GROUP" = "$MY_GROUP" ]; then
    ma_bits=$((ma_mode / 8))
  else
    ma_bits=$ma_mode
  fi
  [ $((ma_bits & $2)) -ne 0 ]
}

# may_change DIR: whether the present identity may make and remove files in it (the fault not-writable: nova never).
may_change() {
  [ ! -e "$S/not-writable" ] || [ "$LAB_USER" = root ] || return 1
  mode_allows "$1" 2
}

# may_reach PATH: whether the present identity may search every directory above it.
may_reach() {
  [ "$LAB_USER" = root ] && return 0
  absolute "$1"
  case $A in "$R"/*) ;; *) return 0 ;; esac
  mr_path=${A%/*}
  while [ "$mr_path" != "$R" ] && [ -n "$mr_path" ]; do
    mode_allows "$mr_path" 1 || return 1
    mr_path=${mr_path%/*}
  done
  return 0
}

# parent_of PATH: DIR.
parent_of() {
  absolute "$1"
  DIR=${A%/*}
  [ -n "$DIR" ] || DIR=/
}
