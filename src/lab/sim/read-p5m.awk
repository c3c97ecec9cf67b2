# Reads a package manifest (pkg(5), "Actions"; sheet 5.1) and prints each action as one line:
# NAME TAB PAYLOAD TAB KEY=VALUE TAB KEY=VALUE..., quotes taken off. An action the real tools cannot read ends it with
# status 1 and one line that begins with "!".
function bad(what) {
  printf "!Malformed action at position: %d: %s:\n", at, what
  failed = 1
  exit 1
}
# word(): WORD, the next attribute or payload of `rest`; 0 when there is none. Quotes stand around a value only.
function word(    c, quote, done) {
  while (at <= length(rest) && substr(rest, at, 1) ~ /[ ]/) at++
  if (at > length(rest)) return 0
  WORD = ""
  quote = ""
  done = 0
  while (at <= length(rest) && !done) {
    c = substr(rest, at, 1)
    if (quote != "") {
      if (c == "\\" && substr(rest, at + 1, 1) ~ /["'\\]/) {
        at++
        WORD = WORD substr(rest, at, 1)
      } else if (c == quote) {
        quote = ""
        if (at < length(rest) && substr(rest, at + 1, 1) != " ") bad("quoted values must be followed by a space")
      } else WORD = WORD c
    } else if (c == " ") done = 1
    else if (c ~ /["']/ && (WORD == "" || WORD ~ /=$/)) quote = c
    else WORD = WORD c
    at++
  }
  if (quote != "") bad("unfinished quoted value")
  return 1
}
function action(text,    name, payload, line, key, n, seen, need) {
  rest = text
  at = 1
  word()
  name = WORD
  if (name !~ /^(set|file|dir|link|hardlink|license|depend|user|group|driver|legacy|signature)$/) bad("unknown action type '" name "'")
  payload = ""
  line = ""
  n = 0
  while (word()) {
    if (index(WORD, "=") == 0) {
      if (n > 0 || payload != "" || name !~ /^(file|license|signature)$/) bad("attribute expected, not '" WORD "'")
      payload = WORD
      n++
      continue
    }
    n++
    key = substr(WORD, 1, index(WORD, "=") - 1)
    if (key !~ /^[A-Za-z0-9_.:+-]+$/) bad("invalid attribute name '" key "'")
    if (length(WORD) == length(key) + 1 && key != "value") bad("missing value for attribute '" key "'")
    seen[key] = 1
    line = line "\t" WORD
  }
  need = name == "set" ? "name value" : name == "file" ? "path owner group mode" : name == "dir" ? "path owner group mode" : \
    name == "license" ? "license" : name == "depend" ? "type fmri" : ""
  n = split(need, wanted, " ")
  for (i = 1; i <= n; i++) if (!(wanted[i] in seen)) bad("required attribute '" wanted[i] "' was not provided")
  if (name == "file" && payload == "") bad("missing payload")
  print name "\t" payload line
}
/\t/ { gsub(/\t/, " ") }
/\\$/ { held = held substr($0, 1, length($0) - 1) " "; next }
{
  text = held $0
  held = ""
  sub(/^ +/, "", text)
  sub(/ +$/, "", text)
  if (text == "" || text ~ /^#/) next
  action(text)
}
END { if (!failed && held != "") { at = 0; bad("the manifest ends in the middle of an action") } }
