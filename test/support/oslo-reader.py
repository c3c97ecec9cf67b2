"""Reads nova.conf texts with the real oslo.config, one JSON request and one JSON answer a line, until stdin ends.

Request:  {"bytes": BASE64, "section": NAME or null, "default": TEXT}
Answer:   {"error": {"line": N, "reason": TEXT}}
     or   {"options": [[section, key, value], ...], "inForce": {"value": TEXT} or {"cannot": TEXT} or null}
     or   {"missing": TEXT} once, when oslo.config is not there.

The nodes run oslo.config on Python 2, where a file is bytes and only six of them are white space. Python 3 would take a
few more characters for white space and a lone carriage return for a line's end. So the lines are cut here, at newlines,
and the bytes in question travel through the parser as characters of the private use area, which no rule of its knows.
"""
import base64
import json
import sys
import tempfile

try:
    from oslo_config import cfg, iniparser
except ImportError as problem:
    print(json.dumps({"missing": str(problem)}), flush=True)
    sys.exit(0)

OTHERS = [code for code in range(256) if code not in b"\t\n\v\f\r" and (code < 32 or code > 126)]
HIDE = {code: 0xE000 + code for code in OTHERS}
SHOW = {0xE000 + code: code for code in OTHERS}


class Lines(cfg.ConfigParser):
    """oslo.config's own parser, fed with lines instead of a file's name; notes assignments in order."""

    def __init__(self, data):
        super().__init__("nova.conf", {})
        self.data = data
        self.options = []

    def parse(self):
        text = self.data.decode("latin-1").translate(HIDE)
        return iniparser.BaseParser.parse(self, text.split("\n") if text else [])

    def assignment(self, key, value):
        super().assignment(key, value)
        self.options.append([part.translate(SHOW) for part in (self.section, key, "\n".join(value))])


def in_force(data, options, section, default):
    """What Nova would get: every option of the file registered as a string, the way Nova registers its own."""
    conf = cfg.ConfigOpts()
    for group, key in {(group.lower() if group != "DEFAULT" else group, key) for group, key, _ in options}:
        if key != "glancecache_dirname":
            conf.register_opt(cfg.StrOpt(key), group=None if group == "DEFAULT" else group)
    group = None if section == "DEFAULT" else section
    conf.register_opt(cfg.StrOpt("glancecache_dirname", default=default), group=group)
    with tempfile.NamedTemporaryFile(suffix=".conf") as file:
        file.write(data)
        file.flush()
        conf([], project="nova", default_config_files=[file.name], default_config_dirs=[])
        try:
            return {"value": conf._get("glancecache_dirname", group=conf._get_group(group) if group else None)}
        except (cfg.Error, RecursionError) as problem:
            return {"cannot": type(problem).__name__}


def answer(request):
    data = base64.b64decode(request["bytes"])
    parser = Lines(data)
    try:
        parser.parse()
    except iniparser.ParseError as problem:
        return {"error": {"line": problem.lineno, "reason": problem.msg}}
    section = request["section"]
    return {
        "options": parser.options,
        "inForce": in_force(data, parser.options, section, request["default"]) if section else None,
    }


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
