# Prints the rows of ls: from standard input "INODE PATH" of the directories above, `--files`, then what ls gives of each
# file. LS_ROOT is the node's root, LS_STATE its state, LS_CWD the directory relative names begin in.
# -v form= acl= listing= number= inodes= blocks= quiet= total=
function ids(file, at,   f, line) {
  while ((getline line < file) > 0) { split(line, f, ":"); id[at, f[1]] = f[3] }
}
function whole(path) {
  if (path ~ /^\//) return path
  if (path == ".") return cwd
  sub(/^\.\//, "", path)
  return cwd "/" path
}
# The recorded owner of the file, or of the nearest directory above that has one.
function own(inode, path,   key) {
  owner_ = group_ = "root"
  key = inode
  for (;;) {
    if ((key in owner) && owner[key] != "-") { owner_ = owner[key]; group_ = group[key]; break }
    if (path == root || path !~ /\//) break
    sub(/\/[^\/]*$/, "", path)
    key = (path in inode_of) ? inode_of[path] : ""
  }
  if (number == "") return
  if (("u", owner_) in id) owner_ = id["u", owner_]
  if (("g", group_) in id) group_ = id["g", group_]
}
function shown_name(path, target) {
  if (listing == 1) sub(/^.*\//, "", path)
  if (target != "") path = path " -> " target
  if (quiet != "") gsub(/[^ -~]/, "?", path)
  else gsub(/\001/, "\n", path)
  return path
}
BEGIN {
  root = ENVIRON["LS_ROOT"]; cwd = ENVIRON["LS_CWD"]
  while ((getline line < (ENVIRON["LS_STATE"] "/owners")) > 0) {
    split(line, f, " ")
    owner[f[1]] = f[2]; group[f[1]] = f[3]
  }
  ids(root "/etc/passwd", "u")
  ids(root "/etc/group", "g")
  split("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec", month, " ")
}
!files && $0 == "--files" { files = 1; next }
!files { above = $1; sub(/^[^ ]* /, ""); inode_of[$0] = above; next }
{
  split(substr($0, 1, index($0, "\002") - 1), f, " ")
  rest = substr($0, index($0, "\002") + 1)
  target = form == "" ? "" : substr(rest, 1, index(rest, "\002") - 1)
  path = substr(rest, index(rest, "\002") + 1)
  own(f[2], whole(path))
  units = int((f[5] + 511) / 512)
  sum += units
  # find has ten digits of a second, ls nine.
  if (form == "E") when = f[6] " " substr(f[7], 1, 18) " " f[8]
  else when = sprintf("%s %2d %s", month[substr(f[6], 6, 2) + 0], substr(f[6], 9, 2), substr(f[7], 1, 5))
  line = inodes != "" ? sprintf("%10s ", f[2]) : ""
  if (blocks != "") line = line sprintf("%4.0f ", units)
  if (form != "") line = line sprintf("%s %3d %-8s %-8s %7.0f %s ", f[3], f[4], owner_, group_, f[5], when)
  printed[++rows] = line shown_name(path, target)
}
END {
  if (total) printf "total %.0f\n", sum
  for (i = 1; i <= rows; i++) {
    print printed[i]
    if (acl == 1) print "                 owner@:rw-p--aARWcCos:-------:allow\n                 group@:r-----a-R-c--s:-------:allow\n              everyone@:r-----a-R-c--s:-------:allow"
  }
}
