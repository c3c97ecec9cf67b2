"""The other readers of nova.conf: the ConfigParser of nova-compute's start method, and iniparse, which the published recipe used.

The start method runs on Python 2.7; here is the ConfigParser of Python 3 with the settings and the two expressions of 2.7.
Blank lines, comments and `rem` lines are left out before it reads, because 2.7 passes over them wherever they stand, also
between a key and its continuation. What still differs from 2.7, so that nothing is concluded from files with it:
- 2.7 cuts a value at its first semicolon, if a blank stands before that one, and never a continuation line; 3 cuts at any
  semicolon behind a blank, and at one that begins a line of the value;
- 2.7 refuses an indented line when no key is open; 3 reads it as if it were not indented;
- 2.7 reads the value "" (two quotes) as empty.
Interpolation is that of 2.7's SafeConfigParser; ConfigParser of 2.7 is laxer, and the same for a value without `%`.
"""
import configparser
import io
import re

import iniparse


class StartMethod(configparser.ConfigParser):
    SECTCRE = re.compile(r"\[(?P<header>[^]]+)\]")
    OPTCRE = re.compile(r"(?P<option>[^:=\s][^:=]*)\s*(?P<vi>[:=])\s*(?P<value>.*)$")


def is_passed_over(line):
    return not line.strip() or line[0] in "#;" or re.match(r"rem(\s|$)", line, re.IGNORECASE)


def start_method(text, section, key):
    """{"value": TEXT or None} or {"error": NAME}, as nova-compute's start method would fare."""
    parser = StartMethod(comment_prefixes=(), inline_comment_prefixes=(";",), strict=False)
    try:
        parser.read_file(line for line in text.split("\n") if not is_passed_over(line))
        return {"value": parser.get(section, key)}
    except configparser.NoOptionError:
        return {"value": None}
    except configparser.Error as problem:
        return {"error": type(problem).__name__}


def read_with_iniparse(text):
    parser = iniparse.ConfigParser()
    parser.readfp(io.StringIO(text, newline="\n"))
    return parser


def iniparse_value(text, section, key):
    """{"value": TEXT or None} or {"error": NAME}."""
    try:
        return {"value": read_with_iniparse(text).get(section, key)}
    except Exception as problem:  # it has no class of its own for them
        return {"error": type(problem).__name__}


def recipe(text, section, key, value):
    """The file that `set` and `write` of iniparse make of this one, None where they fail."""
    try:
        parser = read_with_iniparse(text)
        parser.set(section, key, value)
        out = io.StringIO(newline="\n")
        parser.write(out)
        return out.getvalue()
    except Exception:
        return None
