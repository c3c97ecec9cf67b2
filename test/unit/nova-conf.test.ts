import { describe, expect, test } from "vitest";
import { editConf } from "../../src/domain/nova-conf.ts";
import { applyPatch } from "../../src/domain/nova-conf-patch.ts";
import { parseConf } from "../../src/domain/nova-conf-read.ts";
import { valueInForce } from "../../src/domain/nova-conf-value.ts";
import { expectLinear } from "../support/linear.ts";
import { bytesOf, type ConfCase, confCases, edit, sha256, textOf } from "../support/nova-conf-cases.ts";

const checkReading = (one: ConfCase) => {
  const conf = parseConf(bytesOf(one.file));
  if (one.refused !== undefined) {
    expect(conf).toEqual({ ok: false, error: { code: "E_CONF_PARSE", ...one.refused } });
    return;
  }
  if (!conf.ok) throw new Error(JSON.stringify(conf.error));
  const options = conf.value.options.map(({ section, key, value }) => [section, key, value]);
  if (one.reads !== undefined) expect(options).toEqual(one.reads);
};

const checkInForce = (one: ConfCase, want: NonNullable<ConfCase["inForce"]>) => {
  const conf = parseConf(bytesOf(one.file));
  if (!conf.ok) throw new Error(JSON.stringify(conf.error));
  const got = valueInForce(conf.value, want.section, want.builtInDefault);
  if (want.cannot === undefined) {
    expect(got).toMatchObject({ ok: true, value: { value: want.value } });
  } else {
    expect(got).toMatchObject({ ok: false, error: { code: "E_CONF_VALUE" } });
    expect(got.ok ? "" : got.error.message).toContain(want.cannot);
  }
};

const checkEdit = (one: ConfCase, want: NonNullable<ConfCase["edit"]>) => {
  const before = bytesOf(one.file);
  const got = edit(before, want.section, want.to);
  if (want.refused !== undefined) {
    expect(got).toMatchObject({ ok: false, error: { code: want.refused } });
    expect(got.ok ? "" : got.error.message).toContain(want.because ?? "");
    return;
  }
  if (!got.ok) throw new Error(got.error.message);
  const patch = got.value;
  const after = applyPatch(before, patch);
  expect(textOf(after)).toBe(want.file?.join(""));
  expect(patch).toMatchObject({ before: sha256(before), after: sha256(after) });
  expect(patch.rangeDigest).toBe(sha256(before.subarray(patch.offset, patch.offset + patch.length)));
  if (want.line !== undefined) expect(patch.line).toBe(want.line);
  if (want.oldLine !== undefined) expect(patch.oldLine).toBe(want.oldLine);
  if (want.newLine !== undefined) expect(patch.newLine).toBe(want.newLine);
  expect(edit(after, want.section, want.to), "a second edit").toMatchObject({ ok: false });
};

describe("nova.conf", () => {
  test.each(confCases)("$name", (one) => {
    checkReading(one);
    if (one.inForce !== undefined) checkInForce(one, one.inForce);
    if (one.edit !== undefined) checkEdit(one, one.edit);
  });
});

describe("a patch", () => {
  const file = bytesOf(["[DEFAULT]\n", "glancecache_dirname=/a\n"]);

  test.each([1, 2, 3, 4, 5])("applies whatever the length of its base64 (%i bytes)", (length) => {
    const replacement = Buffer.from([0, 255, 128, 10, 61].slice(0, length));
    const patch = { offset: 10, length: 3, replacement: replacement.toString("base64"), line: 2, newLine: "" };
    const digests = { rangeDigest: "", before: "", after: "" };
    const want = `[DEFAULT]\n${replacement.toString("latin1")}ncecache_dirname=/a\n`;
    expect(textOf(applyPatch(file, { ...patch, ...digests }))).toBe(want);
  });

  test.each([
    [-1, 0, ""],
    [0, 99, ""],
    [33, 1, ""],
    [0, -1, ""],
    [0.5, 1, ""],
    [0, 0, "a"],
    [0, 0, "a==="],
    [0, 0, "äöü="],
  ])("of %d+%d '%s' is a bug of ours", (offset, length, replacement) => {
    const patch = { offset, length, replacement, rangeDigest: "", before: "", after: "", line: 1, newLine: "" };
    expect(() => applyPatch(file, patch)).toThrow();
  });
});

describe("a file made to be slow", () => {
  test("with as many headers as lines is edited in linear time", () => {
    expectLinear(25_000, (lines) => {
      const bytes = Buffer.from("[DEFAULT]\n".repeat(lines));
      return () => {
        const patch = editConf({
          bytes,
          section: "DEFAULT",
          key: "glancecache_dirname",
          to: "/export/nova/images",
          digest: () => "0",
          encodeBase64: () => "",
        });
        expect(patch.ok || patch.error.code).toBeTruthy();
      };
    });
  }, 60_000);
});
