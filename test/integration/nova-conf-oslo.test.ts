import { existsSync, readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { applyPatch } from "../../src/domain/nova-conf-patch.ts";
import { parseConf } from "../../src/domain/nova-conf-read.ts";
import { valueInForce } from "../../src/domain/nova-conf-value.ts";
import { bytesOf, confCases, edit, textOf } from "../support/nova-conf-cases.ts";
import { Oslo, type OsloAnswer } from "../support/oslo.ts";

let oslo: Oslo;
beforeAll(async () => {
  oslo = new Oslo();
  // a missing package fails the suite here, once, with what to do about it
  await oslo.read(new Uint8Array());
});
afterAll(() => oslo.close());

const key = "glancecache_dirname";
const to = "/export/nova/images";

/** Our reading in the shape of oslo.config's answer. */
const ourAnswer = (bytes: Uint8Array): Omit<OsloAnswer, "inForce"> => {
  const conf = parseConf(bytes);
  if (!conf.ok) return { error: { line: conf.error.line, reason: conf.error.reason } };
  return { options: conf.value.options.map((option) => [option.section, option.key, option.value] as const) };
};

/** oslo.config notices the missing header only where the value ends; we name the assignment's own line. */
const lineOfItsOwn = "Section must be started before assignment";

/** Both accept the file and read the same, or both refuse it at the same line for the same reason. */
const expectSameReading = async (bytes: Uint8Array): Promise<boolean> => {
  const theirs = await oslo.read(bytes);
  const ours = ourAnswer(bytes);
  if (theirs.error?.reason === lineOfItsOwn) expect(ours.error?.reason).toBe(lineOfItsOwn);
  else expect({ error: ours.error, options: ours.options }).toEqual({ error: theirs.error, options: theirs.options });
  return theirs.error === undefined;
};

/** Every assignment but the one in force, as oslo.config reads them. */
const others = (answer: OsloAnswer, section: string) => {
  const options = answer.options ?? [];
  const last = options.findLastIndex((option) => option[0] === section && option[1] === key);
  return options.filter((_, index) => index !== last);
};

/** After an edit the real oslo.config gives Nova the new value, and everything else as before; returns the new bytes. */
const expectGoodEdit = async (before: Uint8Array, section: string): Promise<Uint8Array | undefined> => {
  const patch = edit(before, section, to);
  if (!patch.ok) return undefined;
  const after = applyPatch(before, patch.value);
  const { offset, length } = patch.value;
  const end = after.length - (before.length - offset - length);
  expect(textOf(after.subarray(0, offset))).toBe(textOf(before.subarray(0, offset)));
  expect(textOf(after.subarray(end))).toBe(textOf(before.subarray(offset + length)));
  const was = await oslo.read(before);
  const is = await oslo.read(after, section, "/nowhere");
  expect(is.inForce).toEqual({ value: to });
  expect(others(is, section)).toEqual(others(was, section));
  return after;
};

describe("every case of the editor reads the same in the real oslo.config", () => {
  test.each(confCases)("$name", async (one) => {
    const bytes = bytesOf(one.file);
    await expectSameReading(bytes);
    if (one.edit?.file !== undefined) await expectSameReading(bytesOf(one.edit.file));
    // Nova registers fewer options than the oracle does, so only values are compared, not refusals
    if (one.inForce?.value === undefined) return;
    const { section, builtInDefault, value } = one.inForce;
    expect((await oslo.read(bytes, section, builtInDefault)).inForce).toEqual({ value });
  });
});

/** Lines that meet every rule, in nasty company. */
const confLine = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom(key, "a", "B", "c d", "state_path", "rem x", key.toUpperCase()).chain(assignmentOf),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom("DEFAULT", "solariszones", "solariszones", "default", "a]b").map((n) => `[${n}]`),
  },
  { weight: 3, arbitrary: fc.constantFrom(`#${key}=/x`, `# ${key} = /x`, "# note", "; note", "", "", " ", "\t") },
  { weight: 2, arbitrary: fc.constantFrom("  more", "\tmore = x", " # more", " [more]") },
  {
    weight: 1,
    arbitrary: fc.constantFrom("[]", "[x", "[x] # y", "=", ": x", "word", "\fa=1", "\u00a0a=1", "\u0085", "\u001c x=1"),
  },
  { weight: 1, arbitrary: fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((n) => String.fromCharCode(n)) }) },
);
function assignmentOf(name: string) {
  const value = fc.constantFrom(
    "/x",
    "/var/lib/nova",
    "",
    '"/x y"',
    "'",
    "/x  # y",
    "/x ;y",
    "$a/i",
    "$$",
    "a=b:c",
    "\u00e9",
  );
  return fc.tuple(fc.constantFrom("=", " = ", ":", " :\t", "= "), value).map(([by, what]) => `${name}${by}${what}`);
}
const ending = fc.constantFrom("\n", "\n", "\n", "\n", "\r\n", " \n");
const confFile = fc
  .tuple(
    fc.constantFrom("[DEFAULT]\n", "[DEFAULT]\n", "[solariszones]\r\n", "# top\n[DEFAULT]\n", ""),
    fc.array(
      fc.tuple(confLine, ending).map((pair) => pair.join("")),
      { maxLength: 12 },
    ),
    fc.boolean(),
  )
  .map(([head, lines, cut]) => bytesOf([cut ? (head + lines.join("")).replace(/\r?\n$/, "") : head + lines.join("")]));
const section = fc.constantFrom("DEFAULT", "solariszones");

/** For what Nova gets the oracle opens the file itself, as Python 3: what both Pythons read alike. */
const isPlain = (bytes: Uint8Array): boolean => /^(?:[\t\n -~]|\r\n)*$/.test(textOf(bytes));

/** Enough to meet each rule in each neighbourhood many times, within seconds; `npm run test:long` asks for more. */
const runs = Number(process.env["NOVASWEEP_RUNS"] ?? 300);

describe("any file", () => {
  test("is accepted or refused, and read, as the real oslo.config does", async () => {
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(confFile, async (bytes) => {
        accepted += (await expectSameReading(bytes)) ? 1 : 0;
      }),
      { numRuns: runs },
    );
    expect(accepted, "files accepted: the generator must not only make broken ones").toBeGreaterThan(runs / 5);
  });

  test("has the value in force that the real oslo.config gives Nova, when one can be told", async () => {
    await fc.assert(
      fc.asyncProperty(confFile, section, async (bytes, where) => {
        fc.pre(isPlain(bytes));
        const conf = parseConf(bytes);
        const ours = conf.ok ? valueInForce(conf.value, where, "$state_path/images") : undefined;
        fc.pre(ours?.ok === true);
        const theirs = await oslo.read(bytes, where, "$state_path/images");
        expect(theirs.inForce).toEqual({ value: ours?.ok ? ours.value.value : undefined });
      }),
      { numRuns: runs },
    );
  });

  test("keeps every other byte and value in an edit, and a second edit has nothing to do", async () => {
    let edited = 0;
    await fc.assert(
      fc.asyncProperty(confFile, section, async (bytes, where) => {
        fc.pre(isPlain(bytes));
        const after = await expectGoodEdit(bytes, where);
        if (after === undefined) return;
        edited += 1;
        expect(edit(after, where, to)).toMatchObject({ ok: false, error: { code: "E_CONF_VALUE" } });
      }),
      { numRuns: runs },
    );
    expect(edited, "files edited").toBeGreaterThan(runs / 5);
  });
});

const shared = new URL("../../../shared/data/", import.meta.url);
const samples = existsSync(shared) ? readdirSync(shared).filter((name) => name.startsWith("nova.conf.")) : [];

/** Real files, as Solaris and Debian shipped them; too large to be part of the project. */
describe.skipIf(samples.length === 0)("shared-data", () => {
  test("has the five sample files", () => {
    expect(samples).toHaveLength(5);
  });

  test.each(samples.flatMap((name) => ["DEFAULT", "solariszones"].map((where) => [name, where] as const)))(
    "%s, section %s",
    async (name, where) => {
      const bytes = new Uint8Array(readFileSync(new URL(name, shared)));
      await expectSameReading(bytes);
      const once = await expectGoodEdit(bytes, where);
      expect(once, "an edit").toBeDefined();
      const patch = edit(bytes, where, to);
      expect(patch.ok && patch.value.length, "bytes replaced: every sample has it commented out or not at all").toBe(0);
      // and in place, over the value just written
      const back = edit(once ?? bytes, where, "/var/share/nova/images");
      expect(back.ok && back.value).toMatchObject({
        length: to.length,
        oldLine: patch.ok ? patch.value.newLine.split("\n").at(-1) : "",
      });
    },
  );
});
