import { existsSync, readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { applyPatch } from "../../src/domain/nova-conf-patch.ts";
import { bytesOf, confCases, edit, textOf } from "../support/nova-conf-cases.ts";
import { confText, features } from "../support/nova-conf-files.ts";
import { judge, readingObjection, smallest, to, type Verdict } from "../support/nova-conf-judge.ts";
import { Oslo, type OsloAnswer } from "../support/oslo.ts";

let oslo: Oslo;
beforeAll(async () => {
  oslo = new Oslo();
  // a missing package fails the suite here, once, with what to do about it
  await oslo.read(new Uint8Array());
});
afterAll(() => oslo.close());

/** Both accept the file and read the same, or both refuse it at the same line for the same reason. */
const expectSameReading = async (bytes: Uint8Array): Promise<void> => {
  const where = "DEFAULT";
  expect(readingObjection([textOf(bytes), where], await oslo.read(bytes, where))).toBeUndefined();
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

/** Files a run: enough to meet each rule in each neighbourhood many times; `npm run test:long` asks for more. */
const runs = Number(process.env["NOVASWEEP_RUNS"] ?? 2000);
const FIXED_SEED = 20_261_125;
/** Files in one question to the readers: few exchanges, and answers of some hundred kilobytes. */
const batch = 250;

describe(`${runs} generated files`, () => {
  const verdicts: Verdict[] = [];

  test("are read alike, edited so that every reader finds the new value and all else as it was, or refused", {
    timeout: 60_000 + 100 * runs,
  }, async () => {
    // The same files at every `npm test`, so that a red run is the change's doing; new ones whenever more are asked for.
    const seed = process.env["NOVASWEEP_RUNS"] === undefined ? FIXED_SEED : Date.now() | 0;
    const section = fc.constantFrom("DEFAULT", "solariszones");
    const files = fc.sample(fc.tuple(confText, section), { numRuns: runs, seed });
    for (let at = 0; at < files.length; at += batch) {
      const judged = await judge(oslo, files.slice(at, at + batch));
      const wrong = judged.find((verdict) => verdict.wrong !== undefined);
      if (wrong !== undefined) {
        const { file, wrong: what } = await smallest(oslo, wrong);
        throw new Error(`${what}\nsection ${file[1]} of ${JSON.stringify(file[0])}\n(seed ${seed})`);
      }
      verdicts.push(...judged);
    }
  });

  test("hold every nasty thing, in files that are edited too", () => {
    expect(verdicts.length, "files judged").toBeGreaterThanOrEqual(runs);
    const edited = verdicts.filter(({ ended }) => ended === "edited");
    const few = features.flatMap(({ name, editable, isIn }) => {
      const all = verdicts.filter(({ file }) => isIn(file[0])).length;
      const among = edited.filter(({ file }) => isIn(file[0])).length;
      // A feature no file can have and be edited must not be among the edited either: then we do not know what it is.
      const wanted = all > 0 && (editable ? among > 0 : among === 0);
      return wanted ? [] : [`${name}: in ${all} files, ${among} of them edited`];
    });
    expect(few).toEqual([]);
  });

  test("are edited, refused for oslo.config and refused for the readers' disagreement, each often", () => {
    const share = (wanted: (verdict: Verdict) => boolean) => verdicts.filter(wanted).length / verdicts.length;
    expect(share(({ ended }) => ended === "edited")).toBeGreaterThan(0.5);
    expect(share(({ ended }) => ended === "E_CONF_PARSE")).toBeGreaterThan(0.05);
    expect(share(({ ended }) => ended === "E_CONF_VALUE")).toBeGreaterThan(0.01);
    // What the other readers say of the edited files is not waved through by the exceptions made for them.
    const edited = verdicts.filter(({ ended }) => ended === "edited");
    expect(edited.filter(({ after }) => after?.method?.value === to).length).toBeGreaterThan(edited.length * 0.95);
    expect(edited.filter(({ after }) => after?.iniparse?.value === to).length).toBeGreaterThan(edited.length * 0.8);
    expect(share(({ before }) => before.recipe === "sets")).toBeGreaterThan(0.2);
  });

  test("would be damaged or missed by the published recipe now and then", () => {
    const recipe = (ends: readonly OsloAnswer["recipe"][]) =>
      verdicts.filter(({ ended, before }) => ended === "edited" && ends.includes(before.recipe)).length;
    expect(recipe(["breaks", "misses", "damages"])).toBeGreaterThan(runs / 50);
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
      const [verdict] = await judge(oslo, [[textOf(bytes), where]]);
      expect(verdict).toMatchObject({ wrong: undefined, ended: "edited" });
      const patch = edit(bytes, where, to);
      const once = patch.ok ? applyPatch(bytes, patch.value) : bytes;
      expect(patch.ok && patch.value.length, "bytes replaced: every sample has it commented out or not at all").toBe(0);
      // and in place, over the value just written
      const back = edit(once, where, "/var/share/nova/images");
      expect(back.ok && back.value).toMatchObject({
        length: to.length,
        oldLine: patch.ok ? patch.value.newLine.split("\n").at(-1) : "",
      });
    },
  );
});
