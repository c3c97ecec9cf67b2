import { expect, test } from "vitest";
import { readRepository } from "../../src/cli/repository.ts";

test.each([
  "/export/repo",
  '/export/it\'s "$(touch x)"; `y` repo',
  "file:///export/repo",
  "http://pkg.example.com",
  "https://pkg.example.com:10000/site/",
  "http://[2001:db8::1]:80/site",
])("%s is a repository", (text) => {
  expect(readRepository(text)).toEqual({ ok: true, value: text });
});

test.each([
  ["export/repo", "neither a URI nor an absolute path"],
  ["-s", "neither"],
  ["ftp://pkg.example.com/", "neither"],
  ["http://", "no URI"],
  ["http://a b/", "no URI of a repository"],
  ["http://pkg.example.com/?x=1", "no URI of a repository"],
  ["http://ops:secret@pkg.example.com/", "user or a password"],
  ["file://pkg/export/repo", "names no file"],
  ["/export/a\nb", "cannot be seen"],
  ["/export/a\u202eb", "cannot be seen"],
  [`/${"a".repeat(1024)}`, "longer than 1024"],
])("%j is none", (text, why) => {
  const read = readRepository(text);
  expect(read.ok ? "accepted" : read.error).toContain(why);
});
