# What the lab understands of an SMF manifest: one service, its instances, dependencies, methods and property
# groups. Prints "error TEXT" for what is not well-formed; else, TAB-separated,
#   instance NAME ENABLED | depend FMRI | prop INSTANCE-OR-* PG/NAME TYPE VALUE
# Values come out unescaped (XML entities resolved).
function attr(name,   q, rest, at) {
  rest = tag
  while (match(rest, /[A-Za-z_:]+[ \t\n]*=[ \t\n]*("[^"]*"|'[^']*')/)) {
    at = substr(rest, RSTART, RLENGTH)
    rest = substr(rest, RSTART + RLENGTH)
    q = at
    sub(/[ \t\n]*=.*/, "", q)
    if (q == name) {
      sub(/^[^=]*=[ \t\n]*./, "", at)
      at = substr(at, 1, length(at) - 1)
      gsub(/&lt;/, "<", at); gsub(/&gt;/, ">", at); gsub(/&quot;/, "\"", at); gsub(/&apos;/, "'", at); gsub(/&amp;/, "\\&", at)
      return at
    }
  }
  return ""
}
function put(name, type, value) { print "prop\t" (instance == "" ? "*" : instance) "\t" name "\t" type "\t" value }
function method(kind,   name) {
  if (kind == "exec_method") name = attr("name")
  else {
    name = "start"
    n = split("period jitter delay persistent recover interval frequency", keys, " ")
    for (i = 1; i <= n; i++) if (attr(keys[i]) != "")
      put((kind == "periodic_method" ? "periodic/" : "scheduled/") keys[i], keys[i] ~ /persistent|recover/ ? "boolean" : "count", attr(keys[i]))
    put("general/restarter", "fmri", "svc:/system/svc/periodic-restarter:default")
  }
  put(name "/exec", "astring", attr("exec"))
  put(name "/timeout_seconds", "count", attr("timeout_seconds"))
  put(name "/type", "astring", "method")
  within = name
}
function open(name) {
  if (name == "service") { service = attr("name"); seen = 1 }
  else if (name == "create_default_instance") { print "instance\t" service ":default\t" attr("enabled") }
  else if (name == "instance") { instance = service ":" attr("name"); print "instance\t" instance "\t" attr("enabled") }
  else if (name == "dependency") { hard = attr("grouping") ~ /^require/ }
  else if (name == "service_fmri") { if (hard) print "depend\t" attr("value") }
  else if (name ~ /^(exec|periodic|scheduled)_method$/) method(name)
  else if (name == "method_credential" && within != "") { put(within "/user", "astring", attr("user")); put(within "/group", "astring", attr("group")) }
  else if (name == "property_group") group = attr("name")
  else if (name == "propval" && group != "") put(group "/" attr("name"), attr("type"), attr("value"))
}
function close_(name) {
  if (name == "instance") instance = ""
  if (name == "property_group") group = ""
  if (name == "dependency") hard = 0
  if (name ~ /_method$/) within = ""
}
function error(text) { print "error\t" text; failed = 1; exit 1 }
{ text = text $0 "\n" }
END {
  if (failed) exit 1
  if (text !~ /^[ \t\n]*</) error("couldn't parse document")
  while ((at = index(text, "<!--")) > 0) {
    end = index(substr(text, at), "-->")
    if (!end) error("couldn't parse document")
    text = substr(text, 1, at - 1) substr(text, at + end + 2)
  }
  if (text !~ /<!DOCTYPE/) error("document has no DTD")
  if (text !~ /<!DOCTYPE[ \t\n]+service_bundle/) error("document DTD unknown; not service bundle?")
  while (match(text, /<[^>]*>/)) {
    tag = substr(text, RSTART, RLENGTH)
    text = substr(text, RSTART + RLENGTH)
    if (tag ~ /^<[?!]/) continue
    name = tag
    gsub(/^<\/?|[ \t\n\/>].*$/, "", name)
    if (tag ~ /^<\//) {
      if (depth == 0 || stack[depth] != name) error("couldn't parse document")
      depth--
      close_(name)
    } else {
      open(name)
      if (tag ~ /\/>$/) close_(name)
      else stack[++depth] = name
    }
  }
  if (depth != 0 || text ~ /</ || !seen) error("couldn't parse document")
}
