/** Completion in the real shells: what they offer, and what a Tab makes of a line. dist has to be there. */
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commands } from "../../src/cli/options.ts";
import { isLong } from "../support/long.ts";
import { bashOffers, type Desk, fishOffers, newDesk, openShell, tabbed } from "../support/shells-with-completion.ts";
import type { Terminal } from "../support/terminal.ts";

let desk: Desk;

const run = "20260102-030405-0a0b0c";

beforeAll(() => {
  desk = newDesk();
  const put = (path: string, text: string) => writeFileSync(join(desk.dir, path), text);
  for (const folder of ["inventory", "elsewhere", ".local/state/novasweep/runs", "statedir/runs"])
    mkdirSync(join(desk.dir, folder), { recursive: true });
  put("inventory/hosts.ini", "[web]\ncn[01:02].example.com\nodd_host-9\n[rack1]\ncn01.example.com\n");
  put("elsewhere/my hosts.ini", "[blue]\nother1\n");
  // Names that would do something, if any shell ever took them for code; blanks cannot stand in the name of a group.
  put("nasty.ini", "[$(>pwned)]\nn1\n[`>pwned`]\nn2\n[it's\"odd;&|\\x]\nn3\n[a\u202eb]\nn4\n");
  put("program.ini", "#!/bin/sh\ntouch executed\n");
  chmodSync(join(desk.dir, "program.ini"), 0o755);
  put("broken.ini", "[web\n");
  put(`.local/state/novasweep/runs/${run}.ndjson`, "");
  put("statedir/runs/20270102-030405-0a0b0c.ndjson", "");
});
afterAll(() => rmSync(desk.dir, { recursive: true, force: true }));

/** What stands before the cursor, word by word, and what is offered. */
const offers: readonly (readonly [string, string, readonly string[]])[] = [
  ["commands", "", [...commands]],
  ["a command begun", "sta", ["status"]],
  ["a subcommand", "runs ", ["show"]],
  ["what to do with a package", "package ", ["build", "publish"]],
  ["the options of one of them", "package build --", ["--out", "--help"]],
  ["the host to publish through", "package publish --via odd", ["odd_host-9"]],
  ["the shells", "completion ", ["bash", "zsh", "fish"]],
  ["an option", "status --form", ["--format"]],
  ["no option of another command", "inventory --exit", []],
  ["choices of a value", "status --output ", ["tui", "lines", "ndjson"]],
  ["choices, begun", "status --host-key-policy acc", ["accept-new"]],
  ["settings", "rollout all --set cache_qu", ["cache_quota="]],
  ["faults", "demo --faults auth,han", ["auth,hang"]],
  ["hosts and groups", "status c", ["cn01.example.com", "cn02.example.com"]],
  ["hosts whose keys are wanted", "hosts keys odd", ["odd_host-9"]],
  ["what is exported", "export ", ["puppet"]],
  ["hosts of an export", "export puppet odd", ["odd_host-9"]],
  ["hosts within a limit", "status --limit odd", ["odd_host-9"]],
  ["hosts behind --", "status -- odd", ["odd_host-9"]],
  ["no option behind --", "status -- --form", []],
  ["hosts of an exec", "exec odd", ["odd_host-9"]],
  ["nothing behind the -- of an exec", "exec all -- odd", []],
  ["hosts of the inventory on the line", "status -i 'elsewhere/my hosts.ini' oth", ["other1"]],
  ["groups of the inventory on the line", "status --inventory=nasty.ini n", ["n1", "n2", "n3", "n4"]],
  ["runs", "runs show 2026", [run]],
  ["the run to undo", "rollback --run 2026", [run]],
  ["runs of the state directory on the line", "runs show --state-dir statedir 2", ["20270102-030405-0a0b0c"]],
  ["nothing where there is no list", "status --port ", []],
  ["nothing behind a command that takes nothing", "demo x", []],
  ["nothing from a broken inventory", "status -i broken.ini w", []],
  ["nothing from a missing inventory", "status -i none.ini w", []],
  ["nothing from a program", "status -i program.ini w", []],
  ["nothing behind a word that is no command", "frobnicate ", []],
];

/** The words are the program's, which the shells only show: in npm test bash has them all, the others a third and what might run something. */
const takes =
  (shell: string) =>
  (row: readonly unknown[], at: number): boolean =>
    isLong || shell === "bash" || at % 3 === 0 || String(row).includes("nasty.ini");

describe.each(["bash", "fish"] as const)("%s offers", (shell) => {
  const offered = (line: string, words: readonly string[]) =>
    shell === "bash" ? bashOffers(desk, ["novasweep", ...words]) : fishOffers(desk, `novasweep ${line}`);

  test.each(offers.filter(takes(shell)))("%s: %s", async (_name, line, expected) => {
    // bash gets the words with their quotes, as it would cut them; no blank stands in them but within quotes
    const words = line.match(/(?:'[^']*'|\S)+|(?<= )$|^$/g) ?? [];
    const got = (await offered(line, words)).filter((word) => word !== "");
    expect([...got].sort()).toEqual([...expected].sort());
  });

  test("files where a path is wanted, directories where one is", async () => {
    expect(await offered("status -i inv", ["status", "-i", "inv"])).toEqual([expect.stringMatching(/^inventory\/?$/)]);
    expect(await offered("status --state-dir sta", ["status", "--state-dir", "sta"])).toEqual([
      expect.stringMatching(/^statedir\/?$/),
    ]);
    expect(await offered("status --identity nas", ["status", "--identity", "nas"])).toEqual(["nasty.ini"]);
  });

  test("a group's name is never code", async () => {
    const got = await offered("status -i nasty.ini ", ["status", "-i", "nasty.ini", ""]);
    expect(got.join("\n")).toContain("pwned");
    // A name that could turn the order of a terminal's line is left out.
    expect(got.join("\n")).not.toContain("\u202e");
  });
});

test("the environment's inventory is used, and options win", async () => {
  const around = { ...desk, env: { ...desk.env, NOVASWEEP_INVENTORY: "elsewhere/my hosts.ini" } };
  expect(await bashOffers(around, ["novasweep", "status", "oth"])).toEqual(["other1"]);
  expect(await bashOffers(around, ["novasweep", "status", "-i", "inventory/hosts.ini", "oth"])).toEqual([""]);
});

/** A line, and what a Tab and an X behind it make of it. */
const tabs: readonly (readonly [typed: string, becomes: string])[] = [
  ["novasweep sta", "novasweep status X"],
  ["novasweep runs s", "novasweep runs show X"],
  ["novasweep runs show 2", `novasweep runs show ${run} X`],
  ["novasweep status --form", "novasweep status --format X"],
  ["novasweep status --format=js", "novasweep status --format=json X"],
  ["novasweep status odd", "novasweep status odd_host-9 X"],
  ["novasweep status web:ra", "novasweep status web:rack1 X"],
  ["novasweep status 'web:&ra", "novasweep status 'web:&rack1' X"],
  ["novasweep rollout --limit=web:od", "novasweep rollout --limit=web:odd_host-9 X"],
  ["novasweep rollout web --set cache_qu", "novasweep rollout web --set cache_quota=X"],
  ["novasweep demo --faults auth,han", "novasweep demo --faults auth,hangX"],
  ["novasweep status -i elsewhere/m", "novasweep status -i elsewhere/my\\ hosts.ini X"],
  ["novasweep status -i elsewhere/my\\ hosts.ini oth", "novasweep status -i elsewhere/my\\ hosts.ini other1 X"],
  ["novasweep status --state-dir stated", "novasweep status --state-dir statedir/X"],
  ["novasweep status --identity ~/nas", "novasweep status --identity ~/nasty.ini X"],
  ["novasweep status --identity=~/nas", "novasweep status --identity=~/nasty.ini X"],
  ["novasweep status -i nasty.ini '$(>", "novasweep status -i nasty.ini '$(>pwned)' X"],
  ["novasweep status -i nasty.ini it", "novasweep status -i nasty.ini it\\'s\\\"odd\\;\\&\\|\\\\x X"],
];

describe.each(["bash", "zsh", "fish"] as const)("a Tab in %s", (shell) => {
  let terminal: Terminal;
  beforeAll(async () => {
    terminal = await openShell(shell, desk);
    // zsh reads the heads of a thousand functions before its first completion
  }, 180_000);
  afterAll(() => terminal?.close());

  test.each(tabs.filter(takes(shell)))("%s", async (typed, becomes) => {
    // fish puts a blank behind every word that does not end in punctuation
    await tabbed(terminal, typed, shell === "fish" ? becomes.replace("hangX", "hang X") : becomes);
  });
});

test("no Tab ran anything", () => {
  expect(["pwned", "executed"].filter((name) => existsSync(join(desk.dir, name)))).toEqual([]);
});

test("shellcheck has nothing to say about the script for bash", () => {
  execFileSync("shellcheck", [
    "-s",
    "bash",
    new URL("../../src/cli/completion/novasweep.bash", import.meta.url).pathname,
  ]);
});

test("the scripts are what the package ships", () => {
  for (const shell of ["bash", "zsh", "fish"])
    expect(readFileSync(new URL(`../../dist/cli/completion/novasweep.${shell}`, import.meta.url), "utf8")).toBe(
      readFileSync(new URL(`../../src/cli/completion/novasweep.${shell}`, import.meta.url), "utf8"),
    );
});
