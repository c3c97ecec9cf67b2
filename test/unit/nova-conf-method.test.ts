import { expect, test } from "vitest";
import { readAsStartMethod } from "../../src/domain/nova-conf-method.ts";

/** Each answer is that of ConfigParser.RawConfigParser in Python 2.7.18. */
test.each<[string, string, string | undefined]>([
  ["the last of duplicates", "[s]\nk=1\nk=2\n", "2"],
  ["sections with the same name merged", "[s]\nk=1\n[t]\nk=2\n[s]\nj=3\n", "1"],
  ["keys in any case", "[s]\nK = 1\n", "1"],
  ["DEFAULT through every section", "[DEFAULT]\nk=1\n[s]\n", "1"],
  ["its own section before DEFAULT", "[s]\nk=2\n[DEFAULT]\nk=1\n", "2"],
  ["no key", "[s]\nj=1\n", undefined],
  ["a comment behind a blank and a semicolon", "[s]\nk = /a ;note\n", "/a"],
  ["a semicolon without a blank", "[s]\nk = /a;b ;c\n", "/a;b ;c"],
  ["a leading semicolon, judged by the last character", "[s]\nk = ;a \n", ""],
  ["a leading semicolon before a character", "[s]\nk = ;a\n", ";a"],
  ["a hash as part of the value", "[s]\nk = /a # note\n", "/a # note"],
  ["quotes as part of the value", "[s]\nk = '/a'\n", "'/a'"],
  ["two double quotes as nothing", '[s]\nk = ""\n', ""],
  ["continuation across comments and blank lines", "[s]\nk = 1\n# note\n\n  2\n", "1\n2"],
  ["continuation after any white space", "[s]\nk = 1\n\f2 = 3\n", "1\n2 = 3"],
  ["rem lines as comments", "[s]\nk = 1\nREM k = 2\nrem\nremark = 3\n", "1"],
  ["a header that ends at its first bracket", "[t]\n[s] # k = 0\nk = 1\n[t]s]\nk = 2\n", "1"],
])("the start method reads %s", (_, text, value) => {
  expect(readAsStartMethod(text, "s", "k")).toEqual({ ok: true, value });
});

test.each([
  ["a file without the section", "[t]\nk=1\n", "no section [s]"],
  ["a key before any section", "k=1\n", "line 1"],
  ["a line that assigns nothing", "[s]\nk\n", "line 2"],
  ["a line without a key", "[s]\n= 1\n", "line 2"],
  ["an indented line below a header", "[s]\n k = 1\n", "line 2"],
])("the start method fails on %s", (_, text, reason) => {
  const got = readAsStartMethod(text, "s", "k");
  expect(got.ok ? "" : got.error).toContain(reason);
});
