#!/bin/sh
# What many programs print: _meta, lists, groups in groups.
[ "$1" = --list ] || exit 3
cat <<'JSON'
{
  "_meta": {
    "hostvars": {
      "cn01": {"ansible_host": "10.0.0.1", "port": 2222, "list": [1], "none": "", "samedepth": "own"},
      "cn02.example.com": {"ansible_host": "10.0.0.2"},
      "listed-nowhere": {"x": 1}
    }
  },
  "all": {"children": ["ungrouped", "web", "top"], "vars": {"s": "all", "only_all": "1"}},
  "ungrouped": {"hosts": ["loose"]},
  "web": {"hosts": ["cn01", "cn02.example.com"], "vars": {"s": "web", "flag": "True"}},
  "db": ["db1", "cn01"],
  "top": {"children": ["web", "db"], "vars": {"s": "top", "p": "top"}},
  "solo": {"ansible_host": "10.0.0.7", "x": 1},
  "zed": {"hosts": ["cn01"], "vars": {"samedepth": "zed"}},
  "bare": {"hosts": []}
}
JSON
