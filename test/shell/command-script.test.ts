/** The script around a command of the operator's, in the shells of the field: what the command finds, what goes wrong in it, what a cut upload runs. */
import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { commandScript } from "../../src/remote/command-script.ts";
import { takesDashToo } from "../support/long.ts";

const shells: readonly (readonly [string, readonly [string, ...string[]]])[] = [
  ["ksh93", ["/usr/bin/ksh93"]],
  ["dash", ["/usr/bin/dash"]],
  ["bash --posix", ["/usr/bin/bash", "--posix"]],
  ["busybox sh", ["/usr/bin/busybox", "sh"]],
];
const begin = "@0a0b begin\n";

describe.each(shells.filter(([name]) => takesDashToo(name)))("under %s", (_, [file, ...words]) => {
  const send = (script: string) => {
    const { stdout, stderr, status } = spawnSync(file, [...words, "-s"], {
      input: script,
      encoding: "latin1",
      cwd: "/",
    });
    return { stdout, stderr, status };
  };
  const run = (text: string, shellOptions = "", asRoot = false) =>
    send(commandScript({ nonce: "0a0b", text: Buffer.from(text).toString("latin1"), shellOptions, asRoot }));

  test.each<readonly [string, string, string, string, number]>([
    ["both streams and the status", "echo out; echo err >&2; exit 7", "out\n", "err\n", 7],
    ["quotes of every kind", `printf '%s' 'a'"b"\\'c'"'`, `ab'c"`, "", 0],
    ["a here-document", "cat <<'E'\n$x `y` 'z\nE\n", "$x `y` 'z\n", "", 0],
    [
      "lines that look like ours",
      "}\n{ main </dev/null; }\n".replace("}\n", "main() { echo mine; }\n"),
      "mine\n",
      "",
      0,
    ],
    ["nothing on its stdin", "cat; read x; echo $?", "1\n", "", 0],
    ["a percent and a backslash", "echo 100%s '\\055'", /100%s/.source, "", 0],
    ["what is no ASCII", "echo gr\u00fcn", Buffer.from("gr\u00fcn\n").toString("latin1"), "", 0],
    ["no variable of ours", 'echo "[$uid$ID$R]"', "[]\n", "", 0],
    ["an end that traps", "trap 'echo trapped' EXIT; exit 4", "trapped\n", "", 4],
  ])("the command has %s", (name, text, stdout, stderr, status) => {
    const ran = run(text);
    expect(ran.stdout.startsWith(begin) && ran.stderr.startsWith(begin)).toBe(true);
    if (name.startsWith("a percent")) expect(ran.stdout).toMatch(stdout);
    else expect(ran.stdout.slice(begin.length)).toBe(stdout);
    expect([ran.stderr.slice(begin.length), ran.status]).toEqual([stderr, status]);
  });

  test.each([
    ["a quote", "echo 'never"],
    ["a brace", "{ echo never"],
    ["a brace too many", "} ; echo never"],
    ["a parenthesis", "$(echo never"],
  ])("%s that is left open is the command's own syntax error", (_name, text) => {
    const ran = run(text);
    expect(ran.stdout).toBe(begin);
    expect(ran.stderr).toMatch(/^@0a0b begin\n.*(yntax|nterminated|nexpected)/s);
    expect(ran.status).not.toBe(0);
  });

  test("the options of a script's first line hold", () => {
    const ran = run("#!/bin/sh -eu\nfalse\necho never\n", "-eu");
    expect(ran).toEqual({ stdout: begin, stderr: begin, status: 1 });
  });

  test("a command that has to be root's proves it first, and runs nothing otherwise", () => {
    // There is no /usr/xpg4/bin/id here, as on a node where it cannot be run.
    const ran = run("echo never", "", true);
    expect(ran).toEqual({
      stdout: "@0a0b refuse E_BECOME the command would run with uid unknown and needs 0\n",
      stderr: "",
      status: 3,
    });
  });

  test("an upload that is cut runs nothing", () => {
    const whole = commandScript({
      nonce: "0a0b",
      text: "echo 'a\nb'\necho c; touch x",
      shellOptions: "",
      asRoot: true,
    });
    for (let length = whole.length - 2; length > 0; length -= 3) expect(send(whole.slice(0, length)).stdout).toBe("");
  });
});
