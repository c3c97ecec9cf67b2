/** What commands write: taken in, kept once, folded, compared. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { foldHosts } from "../../src/domain/host-set.ts";
import { KeptTexts } from "../../src/domain/kept-texts.ts";
import { diffLines } from "../../src/domain/line-diff.ts";
import { foldRan, type Ran } from "../../src/domain/ran.ts";
import { Capture, MAX_KEPT_BYTES } from "../../src/engine/capture.ts";
import { expectLinear } from "../support/linear.ts";

const sha256 = (bytes: Buffer | string): string => createHash("sha256").update(bytes).digest("hex");
const sum = (text: string) => ({ bytes: Buffer.byteLength(text), digest: sha256(text) });
const ran = (stdout: string, more: Partial<Ran> = {}): Ran => ({
  status: 0,
  stdout: sum(stdout),
  stderr: sum(""),
  ...more,
});

describe("equal ends and outputs", () => {
  test("are one group, told by both streams, status, signal and whether it is all", () => {
    const all: readonly Ran[] = [
      ran("a\n"),
      ran("b\n"),
      ran("b\n"),
      ran("b\n", { status: 1 }),
      ran("b\n", { stderr: sum("b\n") }),
      ran("b\n", { partial: true }),
      ran("b"),
      { signal: "KILL", stdout: sum("b\n"), stderr: sum("") },
      ran("b\n"),
    ];
    const groups = foldRan(all.map((each, at) => ({ host: `cn${at}`, ran: each })));
    expect(groups.map(({ hosts }) => hosts.join())).toEqual(["cn1,cn2,cn8", "cn0", "cn3", "cn4", "cn5", "cn6", "cn7"]);
  });

  test("of hosts whose names do not fold cost no more than their number", () => {
    const fleet = (count: number) =>
      Array.from({ length: count }, (_, at) => ({
        host: at % 2 === 0 ? `h${((at * 2654435761) >>> 0).toString(36)}x${at}y` : `cn${at * 3}`,
        ran: ran(at % 50 === 0 ? `${at}\n` : "same\n"),
      }));
    expectLinear(12_500, (count) => {
      const hosts = fleet(count);
      return () => {
        const groups = foldRan(hosts);
        expect(groups[0]?.hosts.length).toBeGreaterThan(count / 2);
        for (const group of groups) foldHosts(group.hosts, Number.POSITIVE_INFINITY);
      };
    });
    const began = process.threadCpuUsage();
    for (const { hosts } of foldRan(fleet(5000))) foldHosts(hosts, Number.POSITIVE_INFINITY);
    const { user, system } = process.threadCpuUsage(began);
    expect((user + system) / 1e6, "seconds of CPU for 5,000 hosts").toBeLessThan(1);
  }, 60_000);
});

describe("a stream that is taken in", () => {
  const marker = "@0a0b begin\n";
  const taken = (parts: readonly (string | Buffer)[], texts = new KeptTexts(64 * MAX_KEPT_BYTES)) => {
    const capture = new Capture(marker, texts);
    for (const part of parts) capture.push(Buffer.from(part));
    return { capture, stream: capture.finish(), texts };
  };

  test.each<readonly [string, readonly string[], string, string]>([
    ["whole", [`${marker}out\n`], "out\n", ""],
    ["cut anywhere", ["@0a0", "b beg", "in", "\no", "ut\n"], "out\n", ""],
    ["behind a talking login", ["motd\n", `no newline${marker}out`], "out", "motd\nno newline"],
    ["that says nothing", [marker], "", ""],
    ["byte by byte", [..."motd\n", ...marker, ..."out"], "out", "motd"],
    ["behind a login that talks on and on", ["x".repeat(100_000), "y@0a0b beg", "in\nout"], "out", "x".repeat(4096)],
    ["that says the line once more", [`${marker}${marker}`], marker, ""],
  ])("%s", (_, parts, text, noise) => {
    const { capture, stream } = taken(parts);
    expect(capture.begun).toBe(true);
    expect(capture.noise).toBe(noise);
    expect(stream).toEqual({ ...sum(text), text });
  });

  test("without the line is nothing but noise", () => {
    const { capture, stream } = taken(["bash: line 1: no\n", "@0a0c begin\nx"]);
    expect(capture.begun).toBe(false);
    expect(capture.noise).toContain("bash: line 1: no");
    expect(stream.bytes).toBe(0);
  });

  test("is kept up to its bound; what comes after is counted and digested", () => {
    const long = Buffer.alloc(20 * MAX_KEPT_BYTES, "0123456789abcde\n");
    const chunks = Array.from({ length: 20 * 16 }, (_, at) => long.subarray(at * 65_536, (at + 1) * 65_536));
    const { stream, texts } = taken([marker, ...chunks]);
    expect([stream.bytes, stream.digest, stream.text.length]).toEqual([long.length, sha256(long), MAX_KEPT_BYTES]);
    expect(texts.get(stream.digest)?.bytes).toBe(MAX_KEPT_BYTES);
  });

  test("has bytes that are no text replaced, in the text alone", () => {
    const bytes = Buffer.from([0x61, 0x00, 0xff, 0x0a]);
    const { stream } = taken([marker, bytes]);
    expect(stream).toEqual({ bytes: 4, digest: sha256(bytes), text: "a\u0000\ufffd\n" });
  });

  test("shares its room: equal ones are kept once, and when there is none nothing is kept behind the gap", () => {
    const texts = new KeptTexts(10);
    for (let host = 0; host < 1000; host += 1) expect(taken([marker, "same 8 B"], texts).stream.text).toBe("same 8 B");
    const other = taken([marker, "ab", "cdef", "g"], texts);
    expect(other.stream).toEqual({ ...sum("abcdefg"), text: "ab" });
    expect(texts.get(other.stream.digest)).toEqual({ text: "ab", bytes: 2 });
    expect(texts.take(1)).toBe(false);
  });

  test("of equal ones the longest beginning stays", () => {
    const texts = new KeptTexts(100);
    for (const bytes of [2, 5, 3]) if (texts.take(bytes)) texts.keep("d", { text: "x".repeat(bytes), bytes });
    expect(texts.get("d")?.bytes).toBe(5);
    expect([texts.take(95), texts.take(1)]).toEqual([true, false]);
  });
});

describe("the line diff", () => {
  const shown = (before: string, after: string) =>
    diffLines(before.split(""), after.split(""))?.map(
      ({ line, lines }) =>
        `${line}:${lines.map(({ kind, text }) => ({ same: "", gone: "-", new: "+" })[kind] + text).join("")}`,
    );

  test.each([
    ["equal", "abc", "abc", []],
    ["one line of many", "abcdefghi", "abcdXfghi", ["3:cd-e+Xfg"]],
    ["at the beginning", "abcd", "Xbcd", ["1:-a+Xbc"]],
    ["at the end", "abcd", "abcX", ["2:bc-d+X"]],
    ["added", "abcd", "abXcd", ["1:ab+Xcd"]],
    ["taken away", "abcd", "abd", ["1:ab-cd"]],
    ["two places", "abcdefghijklmno", "aXcdefghijklmYo", ["1:a-b+Xcd", "12:lm-n+Yo"]],
    ["from nothing", "", "ab", ["1:+a+b"]],
    ["to nothing", "ab", "", ["1:-a-b"]],
  ] as const)("%s", (_, before, after, expected) => {
    expect(shown(before, after)).toEqual(expected);
  });

  test("gives up on what has nothing in common, soon", () => {
    const lines = (word: string) => Array.from({ length: 100_000 }, (_, at) => `${word}${at}`);
    expect(diffLines(lines("a"), lines("b"))).toBeUndefined();
    expect(diffLines(lines("a"), [...lines("a"), "new"])).toHaveLength(1);
  });

  test("leads from the one to the other, whatever they are", () => {
    const text = fc.array(fc.constantFrom<string>("a", "b", "c"), { maxLength: 12 });
    fc.assert(
      fc.property(text, text, (before, after) => {
        const hunks = diffLines(before, after) ?? [];
        const result = [...before];
        for (const { line, lines } of [...hunks].reverse()) {
          const [olds, news] = [
            lines.filter(({ kind }) => kind !== "new"),
            lines.filter(({ kind }) => kind !== "gone"),
          ];
          expect(result.splice(line - 1, olds.length, ...news.map((each) => each.text))).toEqual(
            olds.map((each) => each.text),
          );
        }
        expect(result).toEqual(after);
      }),
    );
  });
});
