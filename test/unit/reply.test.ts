import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_LINE_BYTES, parseLine, type ReplyLine, ReplyReader } from "../../src/remote/reply.ts";

const read = (text: string | Buffer, cuts: number[] = []): ReplyLine[] => {
  const lines: ReplyLine[] = [];
  const reader = new ReplyReader("n1", (line) => lines.push(line));
  const bytes = Buffer.from(text as string);
  const at = [0, ...[...cuts].map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  for (let n = 1; n < at.length; n++) reader.push(bytes.subarray(at[n - 1], at[n]));
  reader.finish();
  return lines;
};

describe("a script's answer", () => {
  it.each<[string, ReplyLine]>([
    ["@n1 begin", { kind: "begin" }],
    ["@n1 fact uid 0", { kind: "fact", key: "uid", text: "0" }],
    ["@n1 fact empty ", { kind: "fact", key: "empty", text: "" }],
    ["@n1 fact release Oracle Solaris 11.3 X86", { kind: "fact", key: "release", text: "Oracle Solaris 11.3 X86" }],
    ["@n1 list be", { kind: "list", key: "be" }],
    ["@n1 row be a;b; c", { kind: "row", key: "be", text: "a;b; c" }],
    ["@n1 unseen lock absent", { kind: "unseen", key: "lock", why: "absent", text: "" }],
    [
      "@n1 unseen conf.digest denied Permission denied",
      { kind: "unseen", key: "conf.digest", why: "denied", text: "Permission denied" },
    ],
    [
      "@n1 step 12 fail E_RESTART it did not",
      { kind: "step", step: "12", state: "fail", code: "E_RESTART", text: "it did not" },
    ],
    ["@n1 step w ok", { kind: "step", step: "w", state: "ok", code: "", text: "" }],
    ["@n1 restore fail E_STEP x", { kind: "restore", state: "fail", code: "E_STEP", text: "x" }],
    ["@n1 refuse E_BUSY a zone", { kind: "refuse", code: "E_BUSY", text: "a zone" }],
    ["@n1 end 0", { kind: "end", status: 0 }],
    [
      "@n1 removed a 12 34 b 0 -5",
      {
        kind: "removed",
        files: [
          { name: "a", bytes: 12, at: 34 },
          { name: "b", bytes: 0, at: -5 },
        ],
      },
    ],
    ["@n1 purged 1 3 4096 2048", { kind: "purged", step: "1", files: 3, bytes: 4096, freed: 2048 }],
    ["@n1 purged 12 1 - -", { kind: "purged", step: "12", files: 1, bytes: 0, freed: undefined }],
  ])("reads %j", (line, want) => expect(parseLine(line, "@n1 ")).toEqual(want));

  it.each([
    "",
    "begin",
    "@n2 begin",
    "@n1  begin",
    "@n1 begin now",
    "@n1 end",
    "@n1 end 0 0",
    "@n1 end -1",
    "@n1 end 9999",
    "@n1 step x ok",
    "@n1 step 1 maybe",
    "@n1 unseen k perhaps",
    "@n1 constructor",
    "@n1 __proto__ x",
    " @n1 begin",
    "\u001b[2J@n1 begin",
    "@n1 removed a 12",
    "@n1 removed a 12 x",
    "@n1 removed  12 34",
    "@n1 removed a 1e400 34",
    "@n1 purged 1 3 4096",
    "@n1 purged w 3 4096 1",
    "@n1 purged 1 -3 4096 1",
  ])("believes nothing of %j", (line) => expect(parseLine(line, "@n1 ")).toEqual({ kind: "stray", text: line }));

  it("reads the same whatever pieces it comes in", () => {
    const text = "@n1 begin\nnoise\n@n1 fact k v\u00e9\n@n1 facts\n@n1 end 0\n";
    const whole = read(text);
    fc.assert(
      fc.property(fc.array(fc.nat()), (cuts) => {
        expect(read(text, cuts)).toEqual(whole);
      }),
    );
  });

  it("does not believe a last line without its newline", () => {
    expect(read("@n1 begin\n@n1 end 0").at(-1)).toEqual({ kind: "stray", text: "@n1 end 0" });
  });

  it("bounds a line that never ends, and reads on after it", () => {
    const lines = read(`@n1 fact k ${"x".repeat(3 * MAX_LINE_BYTES)}\n@n1 end 0\n`, [1000, 70_000, 140_000]);
    expect(lines.map(({ kind }) => kind)).toEqual(["stray", "end"]);
    expect(lines[0]).toMatchObject({ kind: "stray" });
    expect((lines[0] as { text: string }).text.length).toBeLessThanOrEqual(MAX_LINE_BYTES);
  });

  it("never throws on garbage", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
        expect(() => read(Buffer.from(bytes))).not.toThrow();
      }),
    );
  });
});
