import { expect, test } from "vitest";
import { normalisePath } from "../../src/domain/path.ts";

test.each([
  ["/", "/"],
  ["//", "/"],
  ["/export/nova", "/export/nova"],
  ["/export//nova///", "/export/nova"],
  ["/./export/./nova/.", "/export/nova"],
  ["/export/...", "/export/..."],
])("%s is %s", (text, path) => {
  expect(normalisePath(text)).toEqual({ ok: true, value: path });
});

test.each([
  ["", "empty"],
  ["export/nova", "not absolute"],
  ["./export", "not absolute"],
  ["$state_path/images", "not absolute"],
  ["/export/../nova", "'..'"],
  ["/export/nova/..", "'..'"],
  ["/export\n/nova", "control character"],
  ["/export\u0000", "control character"],
])("%j is no path", (text, reason) => {
  const got = normalisePath(text);
  expect(got.ok ? "" : got.error).toContain(reason);
});
