/** What the node scripts may contain: POSIX alone, and only the tools and options of tools.txt. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parseTools } from "../../src/remote/script.ts";
import {
  applyOf,
  probeOf,
  publishOf,
  purgeLookOf,
  purgeOf,
  rollbackOf,
  shells,
  transactionOf,
} from "../support/shell-node.ts";
import { withoutQuoted } from "../support/shell-quotes.ts";

const sh = fileURLToPath(new URL("../../src/remote/sh/", import.meta.url));
const names = [
  "lib.sh",
  "probe.sh",
  "apply.sh",
  "purge.sh",
  "boot-environments.sh",
  "rollback.sh",
  "publish.sh",
] as const;
const text = (name: string): string => readFileSync(join(sh, name), "utf8");
const tools = parseTools(text("tools.txt"));

/** Without comments and nawk programs, continued lines joined: what is left is shell. */
const shellOnly = (source: string): string =>
  source
    .replace(/^[A-Z_]+='[^']*'$/gm, "PROGRAM=1")
    .replace(/("\$NAWK"[^']*)'[^']*'/g, "$1 PROGRAM")
    .replace(/^\s*#.*$/gm, "")
    .replace(/\s#\s.*$/gm, "")
    .replace(/\\\n/g, " ");

/** Each use of a tool: its name and the words up to the end of the command. */
const uses = (source: string, table = tools): readonly { readonly tool: string; readonly words: readonly string[] }[] =>
  [...shellOnly(source).matchAll(/\$([A-Z]{2,})\b['"]?((?:\\"|[^|;&)\n])*)/g)].flatMap(([, tool = "", rest = ""]) =>
    table.some(({ name }) => name === tool) ? [{ tool, words: rest.trim().split(/\s+/) }] : [],
  );

// A function that calls one tool with its own words counts as the tool.
const all = names
  .map(text)
  .join("\n")
  .replaceAll(/^( *)pkg_do /gm, '$1"$PKG" ');

/** What the cleaner may call: it runs by itself, and as nova. */
const cleanerTools = parseTools(
  [
    "DATE\t/usr/bin/date\t\tdate(1) POSIX",
    "DU\t/usr/bin/du\t-s -k\tdu(1) POSIX",
    "FIND\t/usr/bin/find\t-prune -mmin\tON find.c",
    "FUSER\t/usr/sbin/fuser\t\tsheet 6.1",
    "LN\t/usr/bin/ln\t-s\tln(1) POSIX",
    "LS\t/usr/bin/ls\t-l -n -i -q -s -t -r -u -d -E\tsheet 6.1, 6.5; ls(1) POSIX",
    "NAWK\t/usr/bin/nawk\t-v\tsheet 6.1",
    "PS\t/usr/bin/ps\t-p\tps(1) POSIX",
    "RM\t/usr/bin/rm\t-f\tsheet 6.1",
    "SVCPROP\t/usr/bin/svcprop\t-p\tsheet 2.7",
    "ZFS\t/usr/sbin/zfs\tget list -H -p -o\tsheet 3.1",
    "ZONEADM\t/usr/sbin/zoneadm\tlist -c -p\tsheet 6.1",
  ].join("\n"),
);

const cleanerText = text("../payload/nova-cache-cleanup");

/** Letters after which the next word is a value, so that a `-` in it would mean nothing. */
const optionsOf = (options: string): ReadonlySet<string> => new Set(options.split(" ").filter((word) => word !== ""));

/** Tools whose first word is a verb. */
const verbs = new Set(["BEADM", "PKG", "PKGREPO", "PKGSEND", "SVCADM", "SVCCFG", "ZFS", "ZONEADM"]);

const unknownOptions = (tool: string, words: readonly string[], table = tools): readonly string[] => {
  const allowed = optionsOf(table.find(({ name }) => name === tool)?.options ?? "");
  const dashed = words
    .filter((word) => /^-[A-Za-z0-9]/.test(word))
    .flatMap((word) => (allowed.has(word) ? [] : [...word.slice(1)].map((letter) => `-${letter}`)))
    // od -An -tx1: letters and digits behind the type are its operands.
    .filter((option) => !(tool === "OD" && /^-[nx1]$/.test(option)));
  const long = words.filter((word) => /^--[a-z]/.test(word));
  const plain = words.filter((word) => /^[a-z]+$/.test(word));
  const verb = verbs.has(tool) ? plain.slice(0, 1) : [];
  return [...dashed, ...long, ...verb].filter((word) => !allowed.has(word));
};

test("only the tools of tools.txt are named, with the options it allows", () => {
  expect(uses(all).flatMap(({ tool, words }) => unknownOptions(tool, words).map((word) => `${tool} ${word}`))).toEqual(
    [],
  );
  // A word the check must be able to find.
  expect(unknownOptions("RM", ["-rf", "x"])).toEqual(["-r"]);
  expect(unknownOptions("ZFS", ["destroy", "-R", "x"])).toEqual(["-R", "destroy"]);
  expect(unknownOptions("PKG", ["install", "--accept", "x"])).toEqual(["--accept"]);
});

test("every line of tools.txt is used, names its tool, lies at an absolute path and says where that is known from", () => {
  // The cleaner's text goes with a purge script, and gets its tools from there.
  const called = [...uses(all), ...uses(cleanerText)];
  const used = new Set(called.map(({ tool }) => tool));
  expect(tools.filter(({ name }) => !used.has(name))).toEqual([]);
  for (const { name, path, source } of tools) {
    // PWD is the shell's own.
    expect(path.slice(path.lastIndexOf("/") + 1).toUpperCase()).toBe(name === "GETCWD" ? "PWD" : name);
    expect(source).not.toBe("");
  }
  for (const { tool, options } of tools.map((tool) => ({ tool: tool.name, options: optionsOf(tool.options) }))) {
    const seen = called
      .filter((use) => use.tool === tool)
      .map(({ words }) => ` ${words.join(" ")} `)
      .join(" ");
    for (const option of options) {
      const letter = option.startsWith("-")
        ? new RegExp(`[ +]-[A-Za-z0-9]*${option.slice(1)}`)
        : new RegExp(`\\b${option}\\b`);
      // A verb may come from a variable or stand in a file of commands: then the word itself stands elsewhere.
      expect(
        letter.test(seen) || new RegExp(`=${option}$|printf '${option} `, "m").test(all),
        `${tool} ${option}`,
      ).toBe(true);
    }
  }
});

test("a purge script has every tool of the cleaner's that it brings, at the same path and with its options", () => {
  for (const { name, path, options } of cleanerTools) {
    const tool = tools.find((one) => one.name === name);
    expect(tool?.path, name).toBe(path);
    expect(
      [...optionsOf(options)].filter((option) => !optionsOf(tool?.options ?? "").has(option)),
      name,
    ).toEqual([]);
    // Given to it by name, before its own text.
    expect(text("purge.sh"), name).toMatch(new RegExp(`printf "[^"]*${name}='%s'`));
  }
});

test("the cleaner calls the tools of its prelude alone, with these options, each at its absolute path", () => {
  const cleaner = cleanerText;
  const prelude = new Map(
    [...cleaner.matchAll(/^([A-Z]{2,})=(\/.*)$/gm)].map(([, name, path]) => [name, path] as const),
  );
  expect(prelude).toEqual(new Map(cleanerTools.map(({ name, path }) => [name, path] as const)));
  const called = uses(cleaner, cleanerTools);
  expect(new Set(called.map(({ tool }) => tool))).toEqual(new Set(cleanerTools.map(({ name }) => name)));
  const unknown = called.flatMap(({ tool, words }) =>
    unknownOptions(tool, words, cleanerTools).map((word) => `${tool} ${word}`),
  );
  expect(unknown).toEqual([]);
  expect(unknownOptions("RM", ["-r", "x"], cleanerTools)).toEqual(["-r"]);
  const functions = new Set([...cleaner.matchAll(/^([a-z_]+)\(\)/gm)].map(([, name = ""]) => name));
  const awk = cleaner.replaceAll(/^(?:CHOOSE|JUDGE)='[^']*'$/gm, "PROGRAM=1");
  const patterns = new Set([...awk.matchAll(/^\s*([a-z_ |,-]+)\)/gm)].flatMap(([, list = ""]) => list.split(/[ |,]+/)));
  const more = new Set(["unset", "shift", "."]);
  const bare = commands(awk).filter(
    (word) => !builtins.has(word) && !functions.has(word) && !patterns.has(word) && !more.has(word),
  );
  expect([...new Set(bare)]).toEqual([]);
});

/** Builtins and keywords of a POSIX shell that the scripts use. */
const builtins = new Set(
  "! : [ break case cd continue do done echo elif else esac exec exit export fi for if in kill printf pwd read return set shift then trap umask until wait while { }".split(
    " ",
  ),
);

/** The first word of every simple command, as far as a line shows it. */
const commands = (source: string): readonly string[] => {
  const code = withoutQuoted(shellOnly(source)).replace(/\$\(\(.*?\)\)/g, "NUMBER");
  return code
    .split(/\n|;;|;|&&|\|\||\||\$\(|\bthen\b|\bdo\b|\belse\b|\{ |! /)
    .map((piece) => piece.trim().replace(/^(?:if|elif|while|until)\s+/, ""))
    .map((piece) => piece.replace(/^(?:[A-Za-z_][A-Za-z0-9_]*=\S*\s*)+/, ""))
    .map((piece) => /^[a-z_]+(?=\s|$)/.exec(piece)?.[0] ?? "")
    .filter((word) => word !== "");
};

test("no command is called by its bare name but builtins and functions", () => {
  const functions = new Set([...all.matchAll(/^([a-z_]+)\(\)/gm)].map(([, name = ""]) => name));
  // Words of `case` and `for` lists are no commands.
  const patterns = new Set(
    [...withoutQuoted(shellOnly(all)).matchAll(/^\s*([a-zA-Z_ |]+)\)/gm)].flatMap(([, list = ""]) =>
      list.split(/[ |]+/),
    ),
  );
  const bare = commands(all).filter((word) => !builtins.has(word) && !functions.has(word) && !patterns.has(word));
  expect([...new Set(bare)]).toEqual([]);
  expect(commands("if ls -l; then\n  x=1 grep a | wc\nfi")).toEqual(["ls", "grep", "wc", "fi"]);
});

test("nothing that POSIX, the target or the design forbids is in the scripts", () => {
  const code = shellOnly(all);
  for (const forbidden of [
    /\blocal\s/,
    /<</,
    /\[\[/,
    /\bfunction\s/,
    /\/proc\b/,
    /\bset -e\b/,
    /\brm -rf?\b/,
    /\$RANDOM/,
    /\bSECONDS\b/,
  ]) {
    expect(code).not.toMatch(forbidden);
  }
  // Bytes of a file do not fit nawk's %d, a 32-bit long there; counts of files do.
  const formats = [...all.matchAll(/printf "[^"]*"/g)]
    .map(([format]) => format)
    .filter((format) => format.includes("%d"));
  expect(formats).toEqual([
    'printf "%srow images %s\\t%d\\t%.0f\\t%.0f\\t%d\\t%s\\t%s\\t%d\\t%s\\n"',
    'printf "%s %s %s %s %.0f %.0f %d\\n"',
    'printf "%splaces %s\\t%s\\t%s\\t%s\\t%s\\t%d\\t%.0f\\t%d\\t%.0f\\t%d\\t%.0f\\t%d\\t%s\\t%s\\t%.0f\\t%.0f\\t%.0f\\n"',
    'printf "counts %d %.0f %.0f %d %d %d\\n"',
    'printf "counts %d %.0f %d %s\\n"',
  ]);
});

describe("as a whole", () => {
  const dir = mkdtempSync(join(tmpdir(), "novasweep-lint-"));
  const scripts = {
    probe: probeOf(),
    apply: applyOf([]),
    "look of a purge": purgeLookOf({ subject: "cache", choice: { kind: "policy" } }),
    "purge of old caches": purgeOf({ subject: "legacy", includeForeign: [] }, []),
    "purge of boot environments": transactionOf("boot-environments.sh", ["step 1 be_destroy a b 1 2 0"]),
    rollback: rollbackOf([]),
    publish: publishOf(),
  };
  const run = (command: string, args: readonly string[]) => {
    const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8", timeout: 240_000 });
    if (error !== undefined) throw error;
    return { status, said: stdout + stderr };
  };

  test.each(Object.entries(scripts))(
    "the %s script is clean for shellcheck, checkbashisms and every shell's parser",
    (name, script) => {
      const file = join(dir, `${name}.sh`);
      writeFileSync(file, `#!/bin/sh\n${script}`);
      // This one has the probe, the apply script and the rest of a purge in it, and this takes seconds.
      if (name === "purge of boot environments")
        expect(run("checkbashisms", ["--posix", file])).toEqual({ status: 0, said: "" });
      for (const [, [command = "", ...args]] of shells) {
        // ksh93 -n gives advice on speed besides.
        const { status, said } = run(command, [...args, "-n", file]);
        expect({ status, said: said.replace(/^.*warning: .*\n/gm, "") }).toEqual({ status: 0, said: "" });
      }
    },
  );

  test("the files are clean for shellcheck as POSIX sh", () => {
    expect(run("shellcheck", ["-s", "sh", ...names.map((name) => join(sh, name))])).toEqual({ status: 0, said: "" });
    rmSync(dir, { recursive: true, force: true });
  });
});
