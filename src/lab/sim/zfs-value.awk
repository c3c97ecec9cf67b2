# Answers `zfs get` and `zfs list` from the node's table (NAME TAB PROPERTY TAB VALUE TAB SOURCE), the sizes of the
# files that are there (lines "SIZE PATH" of find), and the sizes shown so far. ZFS accounts for a change a little
# later (sheet 3.6): a new size is shown only LAG_MS after the first look that found it.
# -v table= shown= newshown= now= root= poolfree= columns= names= exact= header= pairs=
BEGIN {
  FS = "\t"
  LAG_MS = 1500
  while ((getline line < table) > 0) {
    split(line, f, "\t")
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
  at = index($0, " ")
  bytes = substr($0, 1, at - 1)
  path = substr($0, at + 1)
  if (path in counted) next
  counted[path] = 1
  best = ""; length_ = -1
  for (i = 1; i <= datasets; i++) {
    mount = value[order[i], "mountpoint"]
    if (value[order[i], "measured"] != "yes" || substr(mount, 1, 1) != "/") continue
    if (index(path, root mount "/") == 1 && length(mount) > length_) { best = order[i]; length_ = length(mount) }
  }
  if (best != "") actual[best] += bytes
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
function used(name,   i, sum) {
  sum = 0
  for (i = 1; i <= datasets; i++)
    if (order[i] == name || index(order[i], name "/") == 1) sum += own(order[i]) + value[order[i], "snap"]
  return sum
}
function available(name,   free, i, left) {
  free = poolfree
  for (i = 1; i <= datasets; i++) free -= size[order[i]]
  for (left = name; left != ""; left = left ~ /\// ? substr(left, 1, match(left, /\/[^\/]*$/) - 1) : "")
    if (value[left, "quota"] > 0 && value[left, "quota"] - used(left) < free) free = value[left, "quota"] - used(left)
  return free < 0 ? 0 : free
}
function property(name, p) {
  src = "-"
  if (p == "name") return name
  if (p == "type") return "filesystem"
  if (p == "used") return bytes_(used(name))
  if (p == "available" || p == "avail") return bytes_(available(name))
  if (p == "referenced" || p == "refer" || p == "usedbydataset" || p == "usedds") return bytes_(own(name))
  if (p == "usedbysnapshots" || p == "usedsnap") return bytes_(value[name, "snap"])
  if (p == "usedbychildren" || p == "usedchild") return bytes_(used(name) - own(name) - value[name, "snap"])
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
END {
  for (i = 1; i <= datasets; i++) {
    name = order[i]
    if (value[name, "measured"] != "yes") continue
    actual[name] += 0
    if (!(name in size)) size[name] = actual[name]
    else if (actual[name] == size[name]) pending[name] = ""
    else if (pending[name] == "") { pending[name] = actual[name]; since[name] = now }
    else if (now - since[name] >= LAG_MS) { size[name] = actual[name]; pending[name] = "" }
    printf "%s\t%.0f\t%s\t%s\n", name, size[name], pending[name], since[name] > newshown
  }
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
