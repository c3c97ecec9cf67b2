/** Host keys as a person sees them: whatever the names are, the fingerprint is there. */
import { expect, test } from "vitest";
import type { SeenKey } from "../../src/domain/host-key.ts";
import { newKeyLines } from "../../src/view/key-table.ts";

const key = (blob: string): SeenKey => ({
  verdict: "unknown",
  name: "n",
  blob,
  type: "ssh-ed25519",
  fingerprint: `SHA256:${blob}`,
  line: "",
});

test("one key for many irregular names: the names are cut, the fingerprint never", () => {
  const keys = Array.from({ length: 60 }, (_, at) => ({ host: `${(at * 7919).toString(36)}x${at}`, key: key("same") }));
  const [head, line, ...rest] = newKeyLines(keys, "accept-new");
  expect(head).toMatch(/^host keys nobody knows yet, 60 hosts: /);
  expect(line).toMatch(/^ {2}\S.{0,260} {2}SHA256:same \(ssh-ed25519\), one key for 60 hosts$/);
  expect(rest).toEqual([]);
});

test("names and types of a hostile host are made visible", () => {
  const [, line] = newKeyLines([{ host: "cn\u001b[2J", key: { ...key("k"), type: "a\u202eb" } }], "strict");
  expect(line).toBe("  cn␛[2J  SHA256:k (a<U+202E>b)");
});
