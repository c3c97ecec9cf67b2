# The zfs simulator's table, read twice, without the datasets of a boot environment. A dataset that was cloned from one of
# them is promoted first, as beadm does (sheet 4): what the clone shared becomes its own, snapshots and all.
# -v be=
BEGIN { FS = OFS = "\t" }
function goes(name,   part) {
  split(name, part, "/")
  return part[2] == "ROOT" && part[3] == be
}
function filesystem(snapshot) { return substr(snapshot, 1, index(snapshot, "@") - 1) }
NR == FNR {
  if (goes($1)) value[$1, $2] = $3
  else if ($2 == "origin" && index($3, "@") && goes(filesystem($3)) && !(filesystem($3) in heir)) {
    heir[filesystem($3)] = $1
    promoted[$1] = filesystem($3)
  }
  next
}
goes($1) {
  if ($2 == "snapshot" && ($1 in heir)) { $1 = heir[$1]; print }
  next
}
$2 == "base" || $2 == "snap" {
  if ($1 in promoted) $3 = sprintf("%.0f", $3 + value[promoted[$1], $2])
}
$2 == "origin" && index($3, "@") && goes(filesystem($3)) {
  if ($1 in promoted) $3 = ((promoted[$1], "origin") in value) ? value[promoted[$1], "origin"] : "-"
  else $3 = heir[filesystem($3)] substr($3, index($3, "@"))
}
{ print }
