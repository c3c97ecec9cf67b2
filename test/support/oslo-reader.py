"""Reads nova.conf texts with the real oslo.config and its neighbours: one JSON request, one JSON answer a line, until stdin ends.

Request:  a list of {"bytes": BASE64, "section": NAME or null, "default": TEXT or null}
Answer:   a list, for each
          {"error": {"line": N, "reason": TEXT}}, with "method" all the same
     or   {"options": [[section, key, value], ...], "sections": [...], "inForce": {"value": TEXT} or {"cannot": TEXT},
           "method": ..., "iniparse": ..., "recipe": ...}; the second line with a section only, "inForce" and "recipe"
          with a default only: following references may take for ever
     or   {"missing": TEXT} once, when a package is not there.

The nodes run oslo.config on Python 2, where a file is bytes and only six of them are white space. Python 3 would take a
few more characters for white space and a lone carriage return for a line's end. So the lines are cut here, at newlines,
and the bytes in question travel through the parsers as characters of the private use area, which no rule of theirs knows.
"""
import base64
import json
import sys

try:
    from oslo_config import cfg, iniparser
    import other_readers
except ImportError as problem:
    print(json.dumps({"missing": str(problem)}), flush=True)
    sys.exit(0)

KEY = "glancecache_dirname"
OTHERS = [code for code in range(256) if code not in b"\t\n\v\f\r" and (code < 32 or code > 126)]
HIDE = {code: 0xE000 + code for code in OTHERS}
SHOW = {0xE000 + code: code for code in OTHERS}


class Lines(cfg.ConfigParser):
    """oslo.config's own parser, fed with text instead of a file's name; notes assignments in order."""

    def __init__(self, text):
        super().__init__("nova.conf", {})
        self._add_normalized({})
        self.text = text
        self.options = []

    def parse(self):
        return iniparser.BaseParser.parse(self, self.text.split("\n") if self.text else [])

    def assignment(self, key, value):
        super().assignment(key, value)
        self.options.append((self.section, key, "\n".join(value)))


def in_force(parser, section, default):
    """What Nova would get: every option of the file registered as a string, the way Nova registers its own."""
    conf = cfg.ConfigOpts()
    for group, key in {(group.lower() if group != "DEFAULT" else group, key) for group, key, _ in parser.options}:
        if key != KEY:
            conf.register_opt(cfg.StrOpt(key), group=None if group == "DEFAULT" else group)
    group = None if section == "DEFAULT" else section
    conf.register_opt(cfg.StrOpt(KEY, default=default), group=group)
    conf([], project="nova", default_config_files=[], default_config_dirs=[])
    conf._namespace._add_parsed_config_file("nova.conf", parser.sections, parser._normalized)
    try:
        return {"value": conf._get(KEY, group=conf._get_group(group) if group else None)}
    except (cfg.Error, RecursionError) as problem:
        return {"cannot": type(problem).__name__}


def but_the_last(options, section):
    """Every assignment but the one that counts."""
    counts = [at for at, option in enumerate(options) if option[0] == section and option[1] == KEY]
    return [option for at, option in enumerate(options) if at not in counts[-1:]]


def recipe(parser, section):
    """What oslo.config makes of the file that the published recipe would write."""
    text = other_readers.recipe(parser.text, section, KEY, "/export/nova/images")
    if text is None:
        return "refuses"
    after = Lines(text)
    try:
        after.parse()
    except iniparser.ParseError:
        return "breaks"
    if in_force(after, section, "") != {"value": "/export/nova/images"}:
        return "misses"
    return "sets" if but_the_last(after.options, section) == but_the_last(parser.options, section) else "damages"


def shown(value):
    return value.translate(SHOW) if isinstance(value, str) else value


def answer(request):
    text = base64.b64decode(request["bytes"]).decode("latin-1").translate(HIDE)
    section = request["section"]
    method = {"method": {k: shown(v) for k, v in other_readers.start_method(text, section, KEY).items()}} if section else {}
    parser = Lines(text)
    try:
        parser.parse()
    except iniparser.ParseError as problem:
        return {"error": {"line": problem.lineno, "reason": problem.msg}, **method}
    found = {
        "options": [[shown(part) for part in option] for option in parser.options],
        "sections": [shown(name) for name in parser.sections],
    }
    if section:
        found |= method
        found["iniparse"] = {k: shown(v) for k, v in other_readers.iniparse_value(text, section, KEY).items()}
    if section and request["default"] is not None:
        found["inForce"] = {k: shown(v) for k, v in in_force(parser, section, request["default"]).items()}
        found["recipe"] = recipe(parser, section)
    return found


for line in sys.stdin:
    print(json.dumps([answer(request) for request in json.loads(line)]), flush=True)
