import { describe, expect, test } from "vitest";
import { parseArgs } from "../../src/cli/args.ts";
import { commands, optionsOf, subcommandsOf } from "../../src/cli/options.ts";
import type { Surroundings } from "../../src/cli/request.ts";

const around: Surroundings = { version: "1.2.3", env: {}, home: "/home/op", terminal: true, columns: 200 };

const parse = (line: string, changed: Partial<Surroundings> = {}) =>
  parseArgs(
    line.split(" ").filter((word) => word !== ""),
    { ...around, ...changed },
  );

const request = async (line: string, changed: Partial<Surroundings> = {}) => {
  const result = await parse(line, changed);
  if (!result.ok) throw new Error(`${line}: ${result.error.what}`);
  return result.value;
};

const IMAGE = "6c2b1d9e-4f0a-4b6e-9a55-0d3c1f2e7a10";
const count = (value: number) => ({ kind: "count", count: value });
const percent = (value: number) => ({ kind: "percent", percent: value });

describe("what is accepted", () => {
  test("a rollout carries the documented defaults", async () => {
    expect(await request("rollout all")).toEqual({
      command: "rollout",
      patterns: ["all"],
      limits: [],
      inventories: [],
      sets: [],
      overrides: { user: undefined, port: undefined, become: undefined, identityFiles: [] },
      askBecomePass: false,
      knownHosts: undefined,
      hostKeyPolicy: "strict",
      parallel: 32,
      connectParallel: 16,
      connectTimeoutS: undefined,
      stepTimeoutS: 120,
      hostTimeoutS: 1200,
      runTimeoutS: 86_400,
      check: false,
      diff: false,
      yes: false,
      waves: [count(1), count(5), percent(25)],
      maxBad: undefined,
      maxMissing: percent(20),
      soakS: 60,
      breakStaleLock: false,
      waitIdleS: 0,
      migrateCache: false,
      activatePending: false,
      thisBootEnvironment: false,
      output: "tui",
      stateDir: "/home/op/.local/state/novasweep",
    });
  });

  test.each([
    ["rollout web db:!old 007 1e3", { patterns: ["web", "db:!old", "007", "1e3"] }],
    ["rollout web -- -odd", { patterns: ["web", "-odd"] }],
    ["status", { patterns: ["all"], format: "table", exitCode: false }],
    ["status -- -odd", { patterns: ["-odd"] }],
    ["status --become su --ask-become-pass", { overrides: { become: "su", identityFiles: [] }, askBecomePass: true }],
    ["status -i a.ini --inventory b.ini", { inventories: ["a.ini", "b.ini"] }],
    ["status -ia.ini -lweb -j8", { inventories: ["a.ini"], limits: ["web"], parallel: 8 }],
    ["status -l web -l !db web", { limits: ["web", "!db"], patterns: ["web"] }],
    [
      "status -e a=1 --set b=x=y -ec=",
      {
        sets: [
          { key: "a", value: "1" },
          { key: "b", value: "x=y" },
          { key: "c", value: "" },
        ],
      },
    ],
    [
      "status --user op --port 22 --become pfexec",
      { overrides: { user: "op", port: 22, become: "pfexec", identityFiles: [] } },
    ],
    [
      "status --identity=~/k --known-hosts ~/kh",
      { overrides: { identityFiles: ["/home/op/k"] }, knownHosts: "/home/op/kh" },
    ],
    ["status --format json --exit-code", { format: "json", exitCode: true }],
    ["status --host-key-policy accept-new --connect-parallel 4", { hostKeyPolicy: "accept-new", connectParallel: 4 }],
    [
      "status --connect-timeout 5 --step-timeout 60s --host-timeout 2m --run-timeout 1h",
      { connectTimeoutS: 5, stepTimeoutS: 60, hostTimeoutS: 120, runTimeoutS: 3600 },
    ],
    ["rollout all --check", { check: true, diff: true }],
    ["rollout all --check --no-diff", { check: true, diff: false }],
    ["rollout --yes all", { yes: true, patterns: ["all"] }],
    [
      "rollout all --waves 2,10% --max-bad 0 --max-missing 3 --soak 0",
      { waves: [count(2), percent(10)], maxBad: count(0), maxMissing: count(3), soakS: 0 },
    ],
    [
      "rollout all --break-stale-lock --activate-pending --this-boot-environment",
      { breakStaleLock: true, activatePending: true, thisBootEnvironment: true },
    ],
    ["rollout all --wait-idle 30m --migrate-cache", { waitIdleS: 1800, migrateCache: true }],
    ["rollout all --output ndjson --state-dir /s", { output: "ndjson", stateDir: "/s" }],
    [
      "rollback --run 2026",
      { command: "rollback", undoes: "2026", everyHost: true, patterns: ["all"], soakS: 60, check: false },
    ],
    ["rollback --run 2026 web --soak 0", { everyHost: false, patterns: ["web"], soakS: 0 }],
    ["rollback --run 2026 -l web", { everyHost: false, patterns: ["all"], limits: ["web"] }],
    [
      "purge all",
      { command: "purge", asked: { subject: "legacy", includeForeign: [] }, format: "table", check: false },
    ],
    [
      "purge all --legacy --include-foreign a.gz --include-foreign b",
      { asked: { subject: "legacy", includeForeign: ["a.gz", "b"] } },
    ],
    ["purge all --cache", { asked: { subject: "cache", choice: { kind: "policy" } } }],
    ["purge all --cache --to-limit", { asked: { subject: "cache", choice: { kind: "to-limit" } } }],
    [
      "purge all --cache --all-unused --yes",
      { yes: true, asked: { subject: "cache", choice: { kind: "all-unused" } } },
    ],
    ["purge all --cache --older-than 30d", { asked: { choice: { kind: "older-than", seconds: 2_592_000 } } }],
    [
      `purge all --cache --image ${IMAGE} --image ${IMAGE.toUpperCase()}`,
      { asked: { choice: { kind: "image", images: [IMAGE, IMAGE.toUpperCase()] } } },
    ],
    [
      "purge cn01 --boot-environments --keep 3",
      { patterns: ["cn01"], asked: { subject: "boot-environments", keep: 3, olderThanS: 2_592_000 } },
    ],
    [
      "purge all --boot-environments --keep 2 --older-than 0 --this-boot-environment --break-stale-lock",
      { asked: { olderThanS: 0 }, thisBootEnvironment: true, breakStaleLock: true },
    ],
    [
      "purge all --check --format json --waves 2 --max-bad 0",
      { check: true, format: "json", waves: [count(2)], maxBad: count(0) },
    ],
    [
      "exec web -l rack1 -- df -h /",
      { command: "exec", patterns: ["web"], limits: ["rack1"], what: { kind: "command", text: "df -h /" } },
    ],
    [
      "exec all --become pfexec --record --diff --yes -- -odd --yes -- x",
      { yes: true, record: true, diff: true, what: { text: "-odd --yes -- x" } },
    ],
    [
      "exec all --script ~/s.sh --format json",
      { what: { kind: "script", file: "/home/op/s.sh" }, format: "json", yes: false },
    ],
    ["exec all --format stream -- x", { format: "stream", output: "lines" }],
    ["exec all --format stream --output ndjson -- x", { format: "stream", output: "ndjson" }],
    ["inventory", { command: "inventory", patterns: ["all"], format: "table" }],
    [
      "hosts keys cn* --format known_hosts --jump ops@b,c:22 --ssh-config ~/f --known-hosts k",
      {
        command: "hosts",
        patterns: ["cn*"],
        format: "known_hosts",
        sshConfig: "/home/op/f",
        knownHosts: "k",
        overrides: { jump: "ops@b,c:22" },
      },
    ],
    ["hosts keys", { command: "hosts", patterns: ["all"], format: "table", sshConfig: undefined }],
    ["export puppet", { command: "export", patterns: ["all"], sshConfig: "none" }],
    [
      "export puppet web -l rack1 -ia.ini -e a=1",
      {
        command: "export",
        patterns: ["web"],
        limits: ["rack1"],
        inventories: ["a.ini"],
        sets: [{ key: "a", value: "1" }],
      },
    ],
    ["export puppet -- -odd", { command: "export", patterns: ["-odd"] }],
    ["status --ssh-config none", { sshConfig: "none" }],
    ["runs", { command: "runs", show: undefined }],
    ["runs show 2026 --state-dir /s", { command: "runs", show: "2026", stateDir: "/s" }],
    ["package build", { command: "package build", out: "nova-cache-cleanup-package" }],
    ["package build --out ~/p", { command: "package build", out: "/home/op/p" }],
    [
      "package publish --via build1 --repo http://pkg.example.com/site",
      {
        command: "package publish",
        patterns: ["build1"],
        limits: [],
        repository: "http://pkg.example.com/site",
        check: false,
        yes: false,
        output: "lines",
        overrides: { become: undefined, identityFiles: [] },
      },
    ],
    [
      "package publish --repo /export/repo --via=b -i x --check --become sudo --host-timeout 5m --output ndjson",
      {
        patterns: ["b"],
        inventories: ["x"],
        repository: "/export/repo",
        check: true,
        overrides: { become: "sudo", identityFiles: [] },
        hostTimeoutS: 300,
        output: "ndjson",
      },
    ],
    ["demo", { command: "demo", nodes: 12, faults: [], soakS: 3 }],
    [
      "demo --nodes 200 --faults hang,auth --faults busy --soak 1",
      { nodes: 200, faults: ["hang", "auth", "busy"], soakS: 1 },
    ],
  ])("%s", async (line, expected) => {
    expect(await request(line)).toMatchObject(expected);
  });

  test.each([
    [{ env: {} }, "tui"],
    [{ terminal: false }, "lines"],
    [{ env: { CI: "true" } }, "lines"],
    [{ env: { TERM: "dumb" } }, "lines"],
  ])("progress in %j is shown as %s", async (changed, output) => {
    expect(await request("status", changed)).toMatchObject({ output });
  });

  test("the environment names an inventory and a state directory, and options win", async () => {
    const env = { NOVASWEEP_INVENTORY: "~/fleet.ini", XDG_STATE_HOME: "/var/state" };
    expect(await request("rollout all", { env })).toMatchObject({
      inventories: ["/home/op/fleet.ini"],
      stateDir: "/var/state/novasweep",
    });
    expect(await request("status -i x", { env })).toMatchObject({ inventories: ["x"] });
    expect(await request("status", { env: { XDG_STATE_HOME: "relative" } })).toMatchObject({
      stateDir: "/home/op/.local/state/novasweep",
    });
  });
});

describe("what is refused, with what helps", () => {
  test.each([
    ["", "a command is needed", "rollout, rollback, purge"],
    ["rollot all", 'no command "rollot"', "novasweep rollout"],
    ["frobnicate all", 'there is no command "frobnicate"', "one of rollout"],
    ["--check rollout all", "--check stands before the command", "COMMAND"],
    ["rollout", "at least one PATTERN", "rollout all"],
    ["rollout --check", "at least one PATTERN", "rollout all"],
    ["rollout all --wavs 1", "no option --wavs", "--waves"],
    ["rollout all --xyzzy", "no option --xyzzy", "rollout --help"],
    ["rollout all --transport telnet", "--transport does not take", "ssh2, openssh"],
    ["rollout all -q", "no option -q", "rollout --help"],
    ["rollout all --check false", "--check takes no value", undefined],
    ["rollout all --yes true", "--yes takes no value", undefined],
    ["rollout all --exit-code", "rollout does not take --exit-code", "rollout --help"],
    ["status --yes", "status does not take --yes", "status --help"],
    ["status --constructor=1", "no option --constructor", "status --help"],
    ["status --__proto__.x=1", "no option --__proto__", "status --help"],
    ["rollout all --check=yes", "--check takes no value", "--check alone"],
    ["rollout all --no-check=false", "--no-check takes no value", "alone"],
    ["rollback", "rollback needs the run", "rollback --run ID"],
    ["rollback web", "rollback needs the run", "rollback --run ID"],
    ["rollback --run 2026 --diff", "rollback does not take --diff", "rollback --help"],
    ["rollback --run 2026 --wait-idle 3", "rollback does not take --wait-idle", "rollback --help"],
    ["purge", "purge needs at least one PATTERN", "purge all"],
    ["purge all --legacy --cache", "--legacy and --cache are two purges", "one at a time"],
    ["purge all --to-limit", "--to-limit goes with --cache", "purge --help"],
    ["purge all --keep 2", "--keep goes with --boot-environments", "purge --help"],
    ["purge all --older-than 3d", "--older-than goes with --cache or --boot-environments", "purge --help"],
    ["purge all --cache --include-foreign x", "--include-foreign goes with --legacy", "purge --help"],
    ["purge all --boot-environments", "--boot-environments needs --keep N", "2 at least"],
    ["purge all --boot-environments --keep 1", "--keep does not take", "from 2 to"],
    ["purge all --boot-environments --keep 2 --older-than 11y", "--older-than does not take", "3650d"],
    ["purge all --cache --to-limit --all-unused", "--to-limit and --all-unused choose in two ways", "one of them"],
    ["purge all --cache --image x", "--image does not take", "glance image-list"],
    ["purge all --include-foreign ../x", "--include-foreign does not take", "by hand"],
    ["purge all --include-foreign ..", "--include-foreign does not take", "by hand"],
    ["purge all --include-foreign=-rf", "--include-foreign does not take", "by hand"],
    ["purge all --soak 1", "purge does not take --soak", "purge --help"],
    ["purge all --diff", "purge does not take --diff", "purge --help"],
    ["export", "export needs a word more", "export puppet"],
    ["export puppets", '"export puppets"', "export puppet"],
    ["export puppet --become su", "export does not take --become", "export --help"],
    ["hosts", "hosts needs a word more", "hosts keys"],
    ["hosts kyes", '"hosts kyes"', "hosts keys"],
    ["hosts keys --yes", "hosts does not take --yes", "hosts --help"],
    ["runs shwo", '"runs shwo"', "runs show ID"],
    ["runs show", "takes one run's id", "novasweep runs"],
    ["runs show a b", "takes one run's id", "novasweep runs"],
    ["runs -- a", '"runs a"', "runs show ID"],
    ["package", "package needs a word more", "package build"],
    ["package --yes publish --via x --repo /r", "package needs a word more", "package publish"],
    ["package biuld", '"package biuld"', "package build"],
    ["package build extra", "extra", "package --help"],
    ["package build -- extra", "too many words", "package --help"],
    ["package build --via x", "package build does not take --via", "package --help"],
    ["package publish --out x", "package publish does not take --out", "package --help"],
    ["package publish --yes", "package publish needs --via HOST", "the host"],
    ["package publish --via x", "package publish needs --repo REPO", "/export/repo"],
    ["package publish --via x --repo repo", "neither a URI nor an absolute path", "/export/repo"],
    ["package publish --via x --via y --repo /r", "--via was given more than once", undefined],
    ["package publish --via x --repo /r --limit y", "package does not take --limit", "package --help"],
    ["package publish --via x --repo /r --output tui", "--output does not take", "lines, ndjson"],
    ["package publish x --via x --repo /r", "x", "package --help"],
    ["demo extra", "extra", "demo --help"],
    ["demo -- extra", "too many words", "demo --help"],
    ["demo --faults a,,b", "--faults has an empty name", undefined],
    ["demo --nodes 0", "--nodes does not take", "from 1 to"],
    ["status -i", "--inventory needs a value", undefined],
    ["status --user --port 22", "--user needs a value", undefined],
    ["status --user= web", "--user needs a value", undefined],
    ["status --no-user", "--user needs a value", undefined],
    ["status --user a --user b", "--user was given more than once", undefined],
    ["status --port 65536", "--port does not take", "from 1 to 65535"],
    ["status -j 0", "--parallel does not take", "from 1 to"],
    ["status -j 1e2", "--parallel does not take", "from 1 to"],
    ["status --become doas", "--become does not take", "none, sudo, su, pfexec"],
    ["status --ask-become-pass=hunter2", "--ask-become-pass", undefined],
    ["inventory --ask-become-pass", "ask-become-pass", undefined],
    ["status --format csv", "--format does not take", "table, json"],
    ["status --host-timeout 0", "--host-timeout does not take", "2m"],
    ["status --host-timeout 8d", "--host-timeout does not take", "7d"],
    ["rollout all --soak 1.5h", "--soak does not take", "2m"],
    ["rollout all --soak -1", "--soak", undefined],
    ["rollout all --waves 1,,5", "--waves does not take", "1,5,25%"],
    ["rollout all --waves 0", "--waves does not take", "1,5,25%"],
    ["rollout all --waves 0%", "--waves does not take", "1,5,25%"],
    [`rollout all --waves ${"1,".repeat(200)}1`, "--waves does not take", "1,5,25%"],
    ["rollout all --max-bad 101%", "--max-bad does not take", "20%"],
    ["rollout all --max-bad some", "--max-bad does not take", "20%"],
    ["exec all --format stream --diff -- x", "--format stream compares nothing", "leave out --diff"],
    ["exec all --format stream --output tui -- x", "leaves no room for a screen", "and --output tui"],
    ["status --format stream", "--format does not take", "table, json"],
    ["exec", "exec needs at least one PATTERN", "novasweep exec all --"],
    ["exec -- true", "exec needs at least one PATTERN", "novasweep exec all --"],
    ["exec all", "exec needs a command", "-- uname -a"],
    ["exec all --", "exec needs a command", "--script FILE"],
    ["exec all --script f -- true", "exec takes a command or --script, not both", "exec --help"],
    [`exec all -- ${"x".repeat(102_401)}`, "the command is longer than 100 KiB", undefined],
    ["exec all --step-timeout 5 -- true", "exec does not take --step-timeout", "novasweep exec --help"],
    ["status --set quota", "--set does not take", "KEY=VALUE"],
    ["status --set =1", "--set does not take", "KEY=VALUE"],
  ])("%s", async (line, what, tryThis) => {
    const result = await parse(line);
    if (result.ok) throw new Error(`accepted: ${JSON.stringify(result.value)}`);
    expect(result.error).toMatchObject({ code: "E_USAGE", what: expect.stringContaining(what) });
    if (tryThis !== undefined) expect(result.error.try).toContain(tryThis);
  });

  test("a screen where there is no terminal", async () => {
    const result = await parse("status --output tui", { terminal: false });
    expect(result).toMatchObject({ ok: false, error: { code: "E_USAGE", try: "--output lines" } });
  });
});

describe("help", () => {
  test.each(["--help", "-h", ...commands.map((command) => `${command} --help`), "runs show -h"])(
    "%s is text within 100 columns, whatever else is missing",
    async (line) => {
      const help = await request(line);
      if (help.command !== "help") throw new Error("no help");
      expect(help.text).toMatch(/^novasweep /);
      expect(Math.max(...help.text.split("\n").map((row) => row.length))).toBeLessThanOrEqual(100);
    },
  );

  test.each(commands)("%s names every option it takes", async (command) => {
    const help = await request(`${command} --help`);
    for (const { name } of optionsOf[command])
      expect(help).toMatchObject({ text: expect.stringMatching(new RegExp(`--${name}[ \\n]`)) });
  });

  test("the version is the package's", async () => {
    expect(await request("--version")).toEqual({ command: "help", text: "novasweep 1.2.3" });
  });
});

describe("completion", () => {
  test("takes the name of a shell, which has to be said", async () => {
    expect(await request("completion zsh")).toEqual({ command: "completion", shell: "zsh" });
    for (const line of ["completion", "completion tcsh"])
      expect(await parse(line)).toMatchObject({
        ok: false,
        error: { try: "novasweep completion bash, or zsh, or fish" },
      });
    expect(await parse("completion bash zsh")).toMatchObject({ ok: false });
  });

  const valued = commands.flatMap((command) =>
    optionsOf[command].flatMap((option) => (option.takes === undefined ? [] : [{ command, option }])),
  );

  test.each(valued)("offers exactly what $command --$option.name accepts", async ({ command, option }) => {
    const plain: Readonly<Record<string, string>> = {
      demo: "demo",
      rollback: option.name === "run" ? "rollback" : "rollback --run x",
      runs: option.of === undefined ? "runs" : `runs ${option.of} x`,
      hosts: "hosts keys all",
      export: "export puppet all",
      package: `package ${option.of}${option.of === "publish" && option.name !== "via" ? " --via x" : ""}${option.of === "publish" && option.name !== "repo" ? " --repo /r" : ""}`,
    };
    const words = plain[command] ?? `${command} all`;
    const result = await parse(`${words} --${option.name} no-such-value`);
    const accepted = result.ok ? undefined : /^one of (.*)$/.exec(result.error.try ?? "")?.[1];
    expect(accepted).toBe(option.choices?.join(", "));
  });

  test.each(commands)("offers exactly the subcommands of %s", async (command) => {
    const help = await request(`${command} --help`);
    const usages = help.command === "help" ? help.text.matchAll(/^novasweep [a-z]+ ([a-z|]+)\b/gm) : [];
    expect([...usages].flatMap(([, word = ""]) => word.split("|"))).toEqual(Object.keys(subcommandsOf[command] ?? {}));
  });
});
