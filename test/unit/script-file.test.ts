import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readScript } from "../../src/cli/script-file.ts";

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "novasweep-script-"));
});
afterAll(() => rmSync(dir, { recursive: true }));

const read = (content: string | Buffer) => {
  writeFileSync(join(dir, "s.sh"), content);
  return readScript("s.sh", dir);
};

test.each([
  ["no first line of its own", "echo a\n", ""],
  ["sh", "#!/bin/sh\necho a\n", ""],
  ["sh with options", "#! /bin/sh -eu\necho a\n", "-eu"],
  ["Solaris' own", "#!/usr/xpg4/bin/sh\necho a\n", ""],
  ["ksh93", "#!/usr/bin/ksh93 -e\necho a\n", "-e"],
  ["env", "#!/usr/bin/env sh\necho a\n", ""],
  ["what is no ASCII, a byte-order mark too", "\ufeffecho gr\u00fcn 'a", ""],
])("a script for %s is taken as it is", (_, content, shellOptions) => {
  expect(read(content)).toMatchObject({
    ok: true,
    value: { text: content, shellOptions, asked: { kind: "script", file: "s.sh", bytes: Buffer.byteLength(content) } },
  });
});

test.each<readonly [string, string | Buffer, string]>([
  ["another interpreter", "#!/usr/bin/python3\n", "is not /bin/sh"],
  ["bash", "#!/bin/bash\n", "is not /bin/sh"],
  ["perl by env", "#!/usr/bin/env perl\n", "is not /bin/sh"],
  ["options no shell runs a script with", "#!/bin/sh -c\n", "is not /bin/sh"],
  ["the line ends of another system", "#!/bin/sh\r\necho a\r\n", "is not /bin/sh"],
  ["bytes that are no UTF-8", Buffer.from([0x65, 0xff, 0x0a]), "no UTF-8 text"],
  ["a NUL", "echo\u0000\n", "no UTF-8 text"],
  ["nothing", " \n", "is empty"],
  ["too much", "x".repeat(102_401), "longer than 100 KiB"],
])("%s is refused", (_, content, what) => {
  expect(read(content)).toMatchObject({ ok: false, error: { code: "E_USAGE", what: expect.stringContaining(what) } });
});

test("a file that is not there, or a folder, is refused; a device without an end ends", () => {
  for (const file of ["none.sh", "."])
    expect(readScript(file, dir)).toMatchObject({
      ok: false,
      error: { where: file, what: expect.stringContaining("cannot be read") },
    });
  expect(readScript("/dev/zero", dir)).toMatchObject({ ok: false, error: { what: expect.stringContaining("longer") } });
});
