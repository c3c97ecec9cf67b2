# The steps that only a rollback has, within the apply script's transaction: docs/remote-protocol.md, "The rollback script".
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # state and inputs are shared across the files, see lib.sh
# shellcheck disable=SC2016 # single quotes hold text for another shell

# dataset_inherit DATASET PROPERTY FROM: takes a user property off the dataset; what its parents say of it then counts.
dataset_inherit() {
  properties_of "$1" "$2" || { tool_failed; return 1; }
  case $zfs_auto_snapshot in
    -) return 0 ;;
    "$3") ;;
    *) fail E_STALE "$2 of $1 is $zfs_auto_snapshot, not $3"; return 1 ;;
  esac
  run "$ZFS" inherit "$2" "$1" || { tool_failed; return 1; }
  properties_of "$1" "$2" || { tool_failed; return 1; }
  property_is "$1" "$2" - "$zfs_auto_snapshot"
}

# conf_restore RUN TO MODE OWNER GROUP: the backup that RUN made becomes nova.conf, by the directory's owner, with its own
# owner, mode and ACL. The file in place must be the one that was planned for; it is saved and noted as before any edit, so
# that an interrupted rollback owes its restart, and a failing one is put back.
conf_restore() {
  conf_guard || return 1
  service_read "$SERVICE"
  edit_since=$since edit_contract=$contract edit_after=$2
  restore_from=$CONF.novasweep-$1 restore_row="$3 $4 $5"
  restore_is "$restore_from" "$2" || return 1
  built=1
  # Times of now: whoever looks later sees which came last, the file or the start of nova-compute.
  as_user "$owner_dir" "umask 077
new=\$('$MKTEMP' '$R$conf_dir/.novasweep-$RUN.XXXXXX') || exit 1
'$CP' -p '$R$restore_from' \"\$new\" && '$TOUCH' \"\$new\" && printf '%s\\n' \"\$new\"" || {
    tool_failed "$restore_from was not copied"
    return 1
  }
  first_line
  restore_new=$line
  restore_is "${restore_new#"$R"}" "$2" || return 1
  conf_backup || return 1
  # From here on the EXIT path looks whether there is something to restore.
  edited=1
  conf_rename "$restore_new" && return 0
  # Anything else may have failed after the rename.
  case $code in E_STALE | E_CONF_LINK) edited='' ;; esac
  return 1
}

# restore_is PATH DIGEST: whether it is a plain file of that content, and of the owner and mode that nova.conf had.
restore_is() {
  if [ -L "$R$1" ] || [ ! -f "$R$1" ]; then
    fail E_STALE "$1 is not there, or no plain file"
    return 1
  fi
  digest_of "$R$1"
  [ "$digest" = "$2" ] || { fail E_STALE "$1 is not what was saved: ${digest:-it cannot be read}"; return 1; }
  row_of "$1" || { fail E_STEP "$1 cannot be looked at"; return 1; }
  [ "$row_mode $row_owner $row_group" = "$restore_row" ] ||
    fail E_CONF_OWNER "$1 is $row_mode $row_owner $row_group, nova.conf was $restore_row"
}
