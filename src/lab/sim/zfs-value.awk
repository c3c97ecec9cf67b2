# Answers `zfs get` and `zfs list` from the node's table (see datasets.sh), the sizes of the files that are there (lines
# "SIZE INODE PATH" of find), and the sizes shown so far. ZFS accounts for a change a little later (sheet 3.6): a new size,
# of files or of what snapshots hold, is shown only LAG_MS after the first look that found it.
# -v table= shown= newshown= now= root= poolfree= columns= names= exact= header= pairs=
BEGIN {
  FS = "\t"
  LAG_MS = 1500
  while ((getline line < table) > 0) {
    split(line, f, "\t")
    if (f[2] == "snapshot") {
      made[f[1] "@" f[3]] = f[4]
      actual[f[1] "@" f[3]] = f[5] + 0
      continue
    }
    if (!(f[1] in known)) { known[f[1]] = 1; order[++datasets] = f[1] }
    value[f[1], f[2]] = f[3]
    source[f[1], f[2]] = f[4]
  }
  while ((getline line < shown) > 0) {
    split(line, f, "\t")
    size[f[1]] = f[2]; pending[f[1]] = f[3]; since[f[1]] = f[4]
  }
}
{
  split($0, f, " ")
  bytes = f[1]
  # Once by each of its names, and once more where one of the directories lies in another.
  if (f[2] in counted) next
  counted[f[2]] = 1
  path = substr($0, length(f[1] f[2]) + 3)
  best = ""; length_ = -1
  for (i = 1; i <= datasets; i++) {
    mount = value[order[i], "mountpoint"]
    if (substr(mount, 1, 1) != "/") continue
    if (index(path, root mount "/") == 1 && length(mount) > length_) { best = order[i]; length_ = length(mount) }
  }
  if (best != "" && value[best, "measured"] == "yes") actual[best] += bytes
}
function nice(n,   k, i, text) {
  if (n < 1024) return sprintf("%d", n)
  for (k = 0; n >= 1024 && k < 7; k++) n /= 1024
  if (n == int(n)) return sprintf("%d%s", n, substr("KMGTPEZ", k, 1))
  for (i = 2; i >= 0; i--) {
    text = sprintf("%." i "f%s", n, substr("KMGTPEZ", k, 1))
    if (length(text) <= 5) return text
  }
  return text
}
function bytes_(n) { return exact ? sprintf("%.0f", n) : nice(n) }
function own(name) { return value[name, "base"] + size[name] }
function held(name) { return value[name, "measured"] == "yes" ? size[name "@"] : value[name, "snap"] }
function used(name,   i, sum) {
  sum = 0
  for (i = 1; i <= datasets; i++)
    if (order[i] == name || index(order[i], name "/") == 1) sum += own(order[i]) + held(order[i])
  return sum
}
function available(name,   free, i, left) {
  free = poolfree
  for (i = 1; i <= datasets; i++) free -= size[order[i]] + held(order[i])
  for (left = name; left != ""; left = left ~ /\// ? substr(left, 1, match(left, /\/[^\/]*$/) - 1) : "")
    if (value[left, "quota"] > 0 && value[left, "quota"] - used(left) < free) free = value[left, "quota"] - used(left)
  return free < 0 ? 0 : free
}
function property(name, p,   up) {
  src = "-"
  if (p == "name") return name
  if (name in made) {
    if (p == "type") return "snapshot"
    if (p == "used") return bytes_(size[name])
    if (p == "creation") return made[name] != "" ? made[name] : value[substr(name, 1, index(name, "@") - 1), p]
    return "-"
  }
  if (p == "type") return "filesystem"
  if (p == "used") return bytes_(used(name))
  if (p == "available" || p == "avail") return bytes_(available(name))
  if (p == "referenced" || p == "refer" || p == "usedbydataset" || p == "usedds") return bytes_(own(name))
  if (p == "usedbysnapshots" || p == "usedsnap") return bytes_(held(name))
  if (p == "usedbychildren" || p == "usedchild") return bytes_(used(name) - own(name) - held(name))
  if (p == "usedbyrefreservation" || p == "usedrefreserv") return bytes_(0)
  if (p == "mounted" || p == "creation" || p == "origin") return ((name, p) in value) ? value[name, p] : "-"
  if (p == "com.sun:auto-snapshot" && !((name, p) in value)) {
    # A user property comes from whoever above has it (sheet 3.1), or is not set at all.
    for (up = name; up ~ /\//; ) {
      up = substr(up, 1, match(up, /\/[^\/]*$/) - 1)
      if ((up, p) in value) { src = "inherited from " up; return value[up, p] }
    }
    return "-"
  }
  src = source[name, p]
  if (p == "quota" || p == "refquota") return value[name, p] > 0 || exact ? bytes_(value[name, p] + 0) : "none"
  return value[name, p]
}
# Notes what is there now, and shows it, at once where nothing was shown before.
function show(key, now_there) {
  if (!(key in size)) { size[key] = now_there; pending[key] = "" }
  else if (now_there == size[key]) pending[key] = ""
  else if (pending[key] == "") { pending[key] = now_there; since[key] = now }
  else if (now - since[key] >= LAG_MS) { size[key] = now_there; pending[key] = "" }
  printf "%s\t%.0f\t%s\t%s\n", key, size[key], pending[key], since[key] > newshown
}
END {
  for (i = 1; i <= datasets; i++) {
    if (value[order[i], "measured"] != "yes") continue
    show(order[i], actual[order[i]] + 0)
    show(order[i] "@", value[order[i], "snap"] + 0)
  }
  for (name in made) show(name, actual[name])
  close(newshown)
  wanted = split(names, name_, " ")
  count = split(columns, column, ",")
  if (pairs != "") fields = split(pairs, field, ",")
  for (i = 1; i <= wanted; i++) {
    if (name_[i] == "") continue
    if (pairs == "") {
      row = ""
      for (j = 1; j <= count; j++) row = row (j > 1 ? "\t" : "") property(name_[i], column[j])
      print row
      continue
    }
    for (j = 1; j <= count; j++) {
      v = property(name_[i], column[j])
      row = ""
      for (k = 1; k <= fields; k++)
        row = row (k > 1 ? "\t" : "") (field[k] == "name" ? name_[i] : field[k] == "property" ? column[j] : field[k] == "value" ? v : src)
      print row
    }
  }
}
