/** What `exec` shows, as text and as JSON, of runs made of events. */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { EventBody } from "../../src/domain/event.ts";
import { KeptTexts } from "../../src/domain/kept-texts.ts";
import type { Ran } from "../../src/domain/ran.ts";
import { execJson } from "../../src/view/exec-json.ts";
import { execLines } from "../../src/view/exec-text.ts";
import { renderRun } from "../../src/view/run-report.ts";
import { summary } from "../../src/view/summary.ts";
import { names, numbered, runStarted } from "../support/fleet-events.ts";
import { folded } from "../support/journals.ts";

type Given = readonly [hosts: readonly string[], stdout: string, stderr?: string, end?: Partial<Ran>];

/** A run in which each group of hosts wrote this; `most` bytes of a stream are kept. */
const made = (given: readonly Given[], most = 1000) => {
  const texts = new KeptTexts(1e6);
  const sum = (text: string) => {
    const digest = createHash("sha256").update(text).digest("hex");
    const bytes = Buffer.byteLength(text);
    const kept = Math.min(bytes, most);
    if (kept > 0 && texts.take(kept)) texts.keep(digest, { text: text.slice(0, kept), bytes: kept });
    return { bytes, digest };
  };
  const bodies = given.flatMap(([hosts, stdout, stderr = "", end = { status: 0 }]) =>
    hosts.flatMap((host): EventBody[] => {
      const good = end.status === 0;
      const failure = { code: "E_EXIT", message: `exit status ${end.status}` } as const;
      return [
        { type: "host.ran", host, ...end, stdout: sum(stdout), stderr: sum(stderr) },
        { type: "host.settled", host, tookMs: 1, ...(good ? { outcome: "changed" } : { outcome: "failed", failure }) },
      ];
    }),
  );
  const hosts = given.flatMap(([each]) => each);
  const exec = { kind: "command", text: "uname -v" } as const;
  const state = folded(numbered([runStarted(hosts, { command: "exec", exec }), ...bodies]));
  return { state, texts };
};

const text = (given: readonly Given[], diff = false, most?: number): readonly string[] => {
  const { state, texts } = made(given, most);
  return [...execLines(state, texts, { diff, maxSetChars: 800 })];
};

describe("the text", () => {
  test.each<readonly [string, readonly Given[], readonly string[]]>([
    [
      "one line each",
      [
        [names(112), "11.3\n"],
        [["db1"], "11.4\n"],
      ],
      ["cn[001-112]: 11.3", "db1: 11.4"],
    ],
    ["several lines", [[["a", "b"], "one\ntwo\n"]], ["a,b (2 hosts):", "   one", "   two"]],
    ["nothing", [[["a"], ""]], ["a: (no output)"]],
    ["both streams", [[["a"], "out\n", "no\nway\n"]], ["a:", "   out", "2> no", "2> way"]],
    ["a bad end", [[["a"], "", "no\n", { status: 3 }]], ["a (exit status 3):", "2> no"]],
    ["a signal", [[["a"], "", "", { signal: "KILL" }]], ["a (signal KILL):", "   (no output)"]],
    [
      "a line that ended",
      [[["a"], "so far\n", "", { partial: true }]],
      ["a (partial: the line ended first):", "   so far"],
    ],
    ["no newline at the end", [[["a"], "one"]], ["a:", "   one", "   (no newline at the end)"]],
    ["blank lines", [[["a"], "\n\n"]], ["a:", "   ", "   "]],
    ["a table", [[["a"], "x\ty\n"]], ["a: x\ty"]],
  ])("of %s", (_, given, lines) => {
    expect(text(given)).toEqual(lines);
  });

  test("says what was not kept", () => {
    const lines = text([[["a"], "x".repeat(3 * 1024 ** 2 + 3)]], false, 3);
    expect(lines).toEqual([
      "a:",
      "   xxx",
      expect.stringMatching(/^ {3}\(3\.0 MiB more not kept, SHA-256 of all [0-9a-f]{12}\)$/),
    ]);
    expect(text([[["a"], "abc"]], false, 0)).toEqual([expect.stringMatching(/^a: \(3 B not kept, SHA-256/)]);
  });

  test("compares with the commonest on request", () => {
    const lines = (changed: string) => `${["a", "b", "c", "d", changed, "f", "g", "h"].join("\n")}\n`;
    expect(
      text(
        [
          [["x1"], lines("E")],
          [names(3), lines("e")],
        ],
        true,
      ).slice(9),
    ).toEqual(["x1, compared with cn[001-003]:", "@@ line 3 @@", "    c", "    d", "-   e", "+   E", "    f", "    g"]);
    expect(
      text(
        [
          [names(2), "a\n"],
          [["x1"], "a\n", "", { status: 1 }],
        ],
        true,
      ).slice(1),
    ).toEqual(["x1 (exit status 1), compared with cn[001-002]:", "   the same lines"]);
  });

  test("names every host in a pipe, and as many as fit on a terminal", () => {
    const { state, texts } = made([[names(200).map((name) => `${name}${name}`), "x\n"]]);
    const [cut = ""] = execLines(state, texts, { diff: false, maxSetChars: 60 });
    expect(cut).toMatch(/ \+\d+ more: x$/);
    const [whole = ""] = execLines(state, texts, { diff: false, maxSetChars: Number.POSITIVE_INFINITY });
    expect(whole).toContain("cn200");
  });
});

/** Everything that could move a cursor, hide or turn text. */
const unsafe = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;
const hostile = "\u001b[2Jx\u001b]0;owned\u0007\u009b31m\u202egnp\u202c\u200b\u0000\r\nsecond\u2028third\n";

describe("hostile output", () => {
  test("is visible in the text, and moves nothing", () => {
    const lines = text([[["a"], hostile, hostile, { status: 1 }]]);
    expect(lines.join("")).not.toMatch(unsafe);
    expect(lines).toHaveLength(5);
    expect(lines[1]).toContain("␛[2Jx␛]0;owned");
  });

  test("is escaped in JSON, and whole", () => {
    const { state, texts } = made([[["a"], hostile]]);
    const json = [...execJson(state, texts)].join("");
    expect(json).not.toMatch(unsafe);
    expect(JSON.parse(json).outputs[0].stdout.text).toBe(hostile);
  });
});

test("the JSON has every output once and every host", () => {
  const { state, texts } = made([
    [names(3), "same\n"],
    [["x"], "", "no\n", { status: 2 }],
  ]);
  const document = JSON.parse([...execJson(state, texts)].join(""));
  expect(document).toMatchObject({
    v: 1,
    exec: { kind: "command", text: "uname -v" },
    outputs: [
      { hosts: names(3), hostSet: "cn[001-003]", status: 0, partial: false, stdout: { text: "same\n", bytes: 5 } },
      { hosts: ["x"], status: 2, stdout: { text: "", bytes: 0 }, stderr: { text: "no\n", keptBytes: 3 } },
    ],
    tally: { changed: 3, failed: 1 },
  });
  expect(document.hosts).toHaveLength(4);
  expect(document.hosts[3]).toMatchObject({ name: "x", outcome: "failed", status: 2, failure: { code: "E_EXIT" } });
});

test("the last words call a command that ended well ran, and fold bad ends by cause", () => {
  const { state } = made([
    [names(3), "same\n"],
    [["x1", "x2"], "", "no\n", { status: 2 }],
  ]);
  expect(summary(state)).toEqual([
    expect.stringMatching(/^failed {2}E_EXIT {2}x\[1-2\] {2}exit status 2$/),
    expect.stringContaining("try: "),
    expect.stringMatching(/^exec \S+: failed 2, ran 3 of 5 hosts/),
  ]);
  expect(renderRun(state)).toContain("runs     uname -v");
  expect(renderRun(state)).toContain("ran 3 hosts: cn[001-003]");
});
