# The node's table of datasets, state/zfs, for zfs and rm. Sourced after lib.sh. A line is NAME TAB PROPERTY TAB VALUE TAB
# SOURCE, or a snapshot's: NAME TAB snapshot TAB SNAP TAB CREATION TAB HELD. CREATION is in seconds; without it the snapshot is
# older than every file. HELD are the bytes that it holds alone, `snap` of the dataset those that its snapshots hold together.
# shellcheck shell=sh disable=SC2034,SC2154 # variables of lib.sh, and for those that source this

# property_of NAME PROPERTY: VALUE, status 1 when there is no such dataset.
property_of() {
  VALUE='' known=1
  while IFS=$TAB read -r t_name t_property t_value _; do
    [ "$t_name" = "$1" ] || continue
    known=0
    [ "$t_property" = "$2" ] && VALUE=$t_value && return 0
  done <"$S/zfs"
  return $known
}

# others NAME PROPERTY: the table without that line.
others() {
  while IFS=$TAB read -r t_name t_property t_rest; do
    [ "$t_name,$t_property" = "$1,$2" ] || printf '%s\t%s\t%s\n' "$t_name" "$t_property" "$t_rest"
  done <"$S/zfs"
}

# drop NAME PROPERTY
drop() { others "$1" "$2" >"$S/zfs.new" && mv -f "$S/zfs.new" "$S/zfs"; }

# put NAME PROPERTY VALUE SOURCE
put() {
  {
    others "$1" "$2"
    printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4"
  } >"$S/zfs.new"
  mv -f "$S/zfs.new" "$S/zfs"
}

# by_path PATH: NAME of the mounted dataset the path lies on.
by_path() {
  unroot "$1"
  [ -e "$R$P" ] || return 1
  mounts='' unmounted=$NL
  while IFS=$TAB read -r t_name t_property t_value _; do
    case $t_property,$t_value in
      mountpoint,/*) mounts=$mounts$t_name$TAB$t_value$NL ;;
      mounted,no) unmounted=$unmounted$t_name$NL ;;
    esac
  done <"$S/zfs"
  NAME='' best=-1
  while IFS=$TAB read -r t_name t_value; do
    [ -n "$t_name" ] || continue
    # Boot environments have the mountpoint of the one that runs.
    case $unmounted in *"$NL$t_name$NL"*) continue ;; esac
    case $t_value in
      /) [ "$best" -lt 1 ] && NAME=$t_name best=1 ;;
      *)
        case $P in
          "$t_value" | "$t_value"/*) [ ${#t_value} -gt "$best" ] && NAME=$t_name best=${#t_value} ;;
        esac
        ;;
    esac
  done <<END
$mounts
END
  [ -n "$NAME" ]
}

# has_snapshot: whether the node has one at all.
has_snapshot() {
  while IFS=$TAB read -r _ t_property _; do
    [ "$t_property" != snapshot ] || return 0
  done <"$S/zfs"
  return 1
}

# hold NAME FILES: what was removed from a measured dataset, a line "BYTES CTIME" a file, is still held by the snapshots made
# since the file last changed; where there are none it is free.
hold() {
  printf '%s\n' "$2" | /usr/bin/nawk -v name="$1" -v table="$S/zfs" '
    { bytes[NR] = $1; changed[NR] = int($2); files = NR }
    END {
      while ((getline line < table) > 0) {
        row[++rows] = line
        split(line, f, "\t")
        if (f[1] != name) continue
        if (f[2] == "measured") measured = f[3] == "yes"
        if (f[2] == "snapshot") { snapshot[++snapshots] = rows; created[snapshots] = f[4] + 0; alone[rows] = f[5] + 0 }
      }
      for (i = 1; measured && i <= files; i++) {
        holders = 0
        for (j = 1; j <= snapshots; j++) if (created[j] >= changed[i]) { holders++; holder = snapshot[j] }
        if (holders > 0) held += bytes[i]
        if (holders == 1) alone[holder] += bytes[i]
      }
      for (i = 1; i <= rows; i++) {
        split(row[i], f, "\t")
        if (i in alone && f[4] != "") printf "%s\tsnapshot\t%s\t%s\t%.0f\n", f[1], f[3], f[4], alone[i]
        else if (f[1] == name && f[2] == "snap") printf "%s\tsnap\t%.0f\t-\n", name, f[3] + held
        else print row[i]
      }
    }' >"$S/zfs.held" && mv -f "$S/zfs.held" "$S/zfs"
}
