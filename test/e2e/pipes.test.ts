/** `novasweep` in scripts and pipes, on bad command lines, and against nodes that send hostile text. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commandSays, commands, optionsOf } from "../../src/cli/options.ts";
import { type Lab, startLab } from "../../src/lab/start.ts";
import { isLong } from "../support/long.ts";
import { novasweep, scratch } from "../support/novasweep.ts";
import { inShell, type Operator, operatorOf, sceneNode } from "../support/operator.ts";
import { Terminal } from "../support/terminal.ts";

const dir = scratch("pipes");
const terminals: Terminal[] = [];
let lab: Lab;
let plain: Operator;

beforeAll(async () => {
  const specs = [
    ...[1, 2, 3].map((at) => sceneNode("plain", at)),
    sceneNode("hostile", 1, "escapes"),
    sceneNode("hostile", 2),
    sceneNode("shown", 1, "escapes"),
    sceneNode("shown", 2),
  ];
  lab = await startLab({ nodes: specs.length, specs, parentDir: dir });
  plain = operatorOf(lab, "plain");
});
afterAll(async () => {
  for (const terminal of terminals) terminal.close();
  await lab?.stop();
  rmSync(dir, { recursive: true, force: true });
});

const sit = async (operator: Operator, env: Readonly<Record<string, string>> = {}): Promise<Terminal> => {
  const terminal = await Terminal.open({ dir: operator.dir, env: { ...operator.env, ...env } });
  terminals.push(terminal);
  return terminal;
};

/** Control characters but the newline, C1 controls, and what reverses or hides text. */
const unsafe = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;

describe.concurrent("without a terminal", () => {
  it("a rollout needs --yes: exit 2 before any connection, and no journal", async () => {
    let connections = 0;
    const server = createServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const home = join(dir, "unasked");
    mkdirSync(home);
    writeFileSync(join(home, "hosts.ini"), `cn01 ansible_host=127.0.0.1 ansible_port=${port}\n`);
    const ran = await novasweep(["rollout", "all", "-i", "hosts.ini"], { cwd: home });
    server.close();
    expect(ran.status).toBe(2);
    expect(ran.stderr).toMatch(/^novasweep: there is no terminal to ask on.*\n {2}try: --yes/);
    expect(ran.stdout).toBe("");
    expect(connections).toBe(0);
    expect(existsSync(join(home, ".local"))).toBe(false);
  });

  it("a rollout whose answer comes from a pipe is not asked: exit 2", async () => {
    const terminal = await sit(plain);
    await terminal.start("echo 3 | novasweep rollout all");
    expect(await terminal.ended()).toBe(2);
    expect(await terminal.history()).toMatch(/^novasweep: there is no terminal to ask on/m);
  });

  it("the result goes to stdout alone and progress to stderr, as lines", async () => {
    const ran = await inShell(plain, "novasweep status --format json >result.json");
    expect(ran).toMatchObject({ status: 0, stdout: "" });
    expect(ran.stderr).toMatch(/^\d\d:\d\d:\d\d run \S+: status of 3 hosts by /);
    expect(ran.stderr).toMatch(/^status \S+: drifted 3 of 3 hosts in .*, exit 0$/m);
    expect(ran.stderr).not.toMatch(unsafe);
    const result: { hosts: { name: string }[] } = JSON.parse(readFileSync(join(plain.dir, "result.json"), "utf8"));
    expect(result.hosts.map(({ name }) => name)).toEqual(["plain1", "plain2", "plain3"]);
  });

  it("a result in a file is whole and plain while the screen shows progress", async () => {
    const terminal = await sit(plain);
    await terminal.start("novasweep status --format json >shown.json");
    expect(await terminal.ended()).toBe(0);
    expect(terminal.raw()).toContain("\u001b[?1049h");
    const text = readFileSync(join(plain.dir, "shown.json"), "utf8");
    expect(text).not.toMatch(unsafe);
    expect(JSON.parse(text).hosts).toHaveLength(3);
  });

  it.each([
    ["stdout", "{ novasweep status --output ndjson; echo status $? >&2; } | head -n 1"],
    ["the table", "{ novasweep status; echo status $? >&2; } | true"],
    ["stderr too", "{ novasweep status --output ndjson 2>&1; echo status $? >&3; } 3>&2 | head -n 1"],
  ])("a reader that goes away ends the writing, not the run: %s", async (_, line) => {
    const ran = await inShell(plain, line);
    expect(ran.stderr).toMatch(/^status 0$/m);
    expect(ran.stderr).not.toMatch(/bug in novasweep|EPIPE/);
  });
});

/** Parameters of every SGR sequence. */
const sgrOf = (raw: string): readonly string[] =>
  [...raw.matchAll(/\u001b\[([0-9;]*)m/g)].map(([, codes = ""]) => codes);
const isColour = (codes: string): boolean => codes.split(";").some((code) => /^(3|4|9|10)[0-9]$/.test(code));

describe.concurrent("colour", () => {
  it("is used on a terminal", async () => {
    const terminal = await sit(plain);
    await terminal.start("novasweep status");
    expect(await terminal.ended()).toBe(0);
    expect(sgrOf(terminal.raw()).some(isColour)).toBe(true);
  });

  it("is not used with NO_COLOR", async () => {
    const terminal = await sit(plain, { NO_COLOR: "1" });
    await terminal.start("novasweep status");
    expect(await terminal.ended()).toBe(0);
    expect(terminal.raw()).toContain("\u001b[?1049h");
    expect(sgrOf(terminal.raw()).filter(isColour)).toEqual([]);
  });

  it.each([
    ["TERM", "dumb"],
    ["CI", "true"],
  ])("and screen are not used with %s=%s", async (name, value) => {
    const terminal = await sit(plain, { [name]: value });
    await terminal.start("novasweep status");
    expect(await terminal.ended()).toBe(0);
    expect(terminal.raw()).not.toContain("\u001b");
  });
});

/** What the screen itself sends: modes, cursor moves, erasing, and the letters of its own tones. */
const ownSequence = /^\u001b(?:\[\?(?:25|1049|2004|2026)[hl]|\[[0-9;]*[A-HJKGdfr]|\[(?:[0-9;]*)m)/;

describe.concurrent("a node that sends terminal escape codes", () => {
  it("reaches neither stdout nor stderr with them", async () => {
    const operator = operatorOf(lab, "hostile");
    for (const line of [
      "novasweep status",
      "novasweep status --format json",
      "novasweep rollout all --check",
      "novasweep rollout all --yes --soak 1s --waves 2",
      "novasweep runs",
    ]) {
      const ran = await inShell(operator, line);
      expect([0, 3], `${line}\n${ran.stderr}`).toContain(ran.status);
      expect(ran.stdout, line).not.toMatch(unsafe);
      expect(ran.stderr, line).not.toMatch(unsafe);
    }
  });

  it("reaches no screen with them", async () => {
    const terminal = await sit(operatorOf(lab, "shown"));
    await terminal.start("novasweep rollout all --yes --soak 1s --waves 2; novasweep status");
    expect(await terminal.ended()).toBe(0);
    const raw = Buffer.from(terminal.raw(), "latin1").toString("utf8");
    const foreign = [...raw.matchAll(/\u001b/g)]
      .map(({ index }) => raw.slice(index, index + 24))
      .filter((text) => !ownSequence.test(text));
    expect(foreign).toEqual([]);
    expect(raw.replaceAll("\u001b", "").replaceAll("\r", "")).not.toMatch(unsafe);
    expect(raw).not.toMatch(/\u001b\[31m(stray|red)/);
  });
});

describe.concurrent("a bad command line ends with 2, says what to try, and contacts nobody:", () => {
  const lines = [
    ["nothing at all", [], /one of rollout, rollback, purge, status/],
    ["a mistyped command", ["rolout", "all"], /novasweep rollout/],
    ["an unknown command", ["frobnicate"], /one of rollout, rollback, purge, status/],
    ["a mistyped option", ["rollout", "all", "--wawes", "1"], /--waves/],
    ["an option of another command", ["status", "--yes"], /novasweep status --help/],
    ["an option without its value", ["status", "--limit"], undefined],
    ["a flag with a value", ["rollout", "all", "--check=no"], /--check alone/],
    ["a bad number", ["status", "--parallel", "many"], /a whole number from 1 to 1000/],
    ["a number out of range", ["status", "--port", "70000"], /from 1 to 65535/],
    ["a bad duration", ["status", "--connect-timeout", "1w"], /a duration from 1s to 7d/],
    ["bad waves", ["rollout", "all", "--waves", "0"], /1,5,25%/],
    ["a bad format", ["status", "--format", "xml"], /one of table, json/],
    ["no pattern for a rollout", ["rollout"], /novasweep rollout all/],
    ["a pattern that matches nothing", ["status", "plian1"], /plain1/],
    ["a bad setting", ["status", "--set", "cache_quota=lots"], undefined],
    ["an unknown setting", ["status", "--set", "cache_quoat=1G"], /cache_quota/],
    ["a bad part of runs", ["runs", "shwo", "x"], /novasweep runs show ID/],
    ["a screen without a terminal", ["status", "--output", "tui"], /--output lines/],
    ["an unknown fault", ["demo", "--faults", "gremlins"], /one of: unreachable, .*restart-fails/],
  ] as const;
  // In `npm test` a third: args.test.ts and the inventory's tests have their like without a process.
  it.each(lines.filter((_, at) => isLong || at % 3 === 0))("%s", async (_, words, hint) => {
    const ran = await novasweep(words, { cwd: plain.dir });
    expect(ran.status, ran.stderr).toBe(2);
    expect(ran.stdout).toBe("");
    expect(ran.stderr).toMatch(/^novasweep: \S/);
    if (hint !== undefined) expect(/^ {2}try: .*$/m.exec(ran.stderr)?.[0]).toMatch(hint);
    expect(ran.stderr).not.toMatch(/^\s+at .*\.js:\d+/m);
  });
});

describe.concurrent("help", () => {
  it("names the version the package has", async () => {
    const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    expect(await novasweep(["--version"])).toEqual({ status: 0, stdout: `novasweep ${version}\n`, stderr: "" });
  });

  it("of the program names every command", async () => {
    const ran = await novasweep(["--help"]);
    expect(ran).toMatchObject({ status: 0, stderr: "" });
    for (const command of commands) expect(ran.stdout).toContain(`  ${command} `);
  });

  // The others' are read by args.test.ts, without a process.
  const some = commands.filter((command) => isLong || ["rollout", "package", "completion"].includes(command));
  it.each(some)("of %s names every option and fits 100 columns, with --help and with -h", async (command) => {
    const [long, short] = await Promise.all([novasweep([command, "--help"]), novasweep([command, "x", "-h"])]);
    expect(long).toMatchObject({ status: 0, stderr: "" });
    expect(short).toEqual(long);
    expect(long.stdout).toContain(commandSays[command]);
    for (const { name } of optionsOf[command]) expect(long.stdout).toMatch(new RegExp(`^ .*--${name}( |$)`, "m"));
    expect(long.stdout.split("\n").filter((line) => line.length > 100)).toEqual([]);
  });
});
