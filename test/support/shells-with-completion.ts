/** Shells with novasweep's completion loaded: asked by their own means, and by a Tab in a real terminal. */
import { execFile, execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { shells } from "../../src/cli/option-groups.ts";
import { Terminal } from "./terminal.ts";

const run = promisify(execFile);
const bin = new URL("../../bin/novasweep.js", import.meta.url).pathname;

/** A place to complete in: a directory, and the environment of whoever sits there. */
export interface Desk {
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A fresh directory with `novasweep` as a command of one word. */
export const newDesk = (): Desk => {
  const dir = mkdtempSync(join(tmpdir(), "novasweep-completion-"));
  const commands = join(dir, ".bin");
  mkdirSync(commands);
  writeFileSync(join(commands, "novasweep"), `#!/bin/sh\nexec '${process.execPath}' '${bin}' "$@"\n`);
  chmodSync(join(commands, "novasweep"), 0o755);
  for (const shell of shells) {
    const script = execFileSync(process.execPath, [bin, "completion", shell]);
    writeFileSync(join(dir, `.completion.${shell}`), script);
  }
  return { dir, env: { PATH: `${commands}:/usr/bin:/bin`, HOME: dir, LANG: "C.UTF-8", TERM: "screen" } };
};

const stdoutOf = async (command: string, args: readonly string[], { dir, env }: Desk): Promise<string> => {
  const { stdout, stderr } = await run(command, [...args], { cwd: dir, env: { ...env } });
  if (stderr !== "") throw new Error(`${command} complains: ${stderr}`);
  return stdout;
};

/** What bash would put in place of the last of `words`: its function called as bash calls it, without a prompt. */
export const bashOffers = async (desk: Desk, words: readonly string[]): Promise<readonly string[]> => {
  const script = `
    source ~/.completion.bash
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _novasweep
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const out = await stdoutOf("bash", ["--norc", "-uc", script, "bash", ...words], desk);
  return out.split("\n").slice(0, -1);
};

/** What fish itself would offer at the end of a line, without descriptions. */
export const fishOffers = async (desk: Desk, line: string): Promise<readonly string[]> => {
  const script = "source ~/.completion.fish; complete -C $argv[1]";
  const out = await stdoutOf("fish", ["--no-config", "-c", script, line], desk);
  return out
    .split("\n")
    .slice(0, -1)
    .map((each) => each.replace(/\t.*/, ""));
};

const startOf = {
  bash: "exec bash --noprofile --norc",
  zsh: "exec zsh -f",
  fish: "exec fish --no-config",
} as const;

/** After these a Tab completes as far as it can, beeps never, and nothing is drawn but what was typed. */
const prepare = {
  bash: "bind 'set bell-style none'; source <(novasweep completion bash)",
  zsh: "PS1='$ '; setopt no_beep; autoload -Uz compinit; compinit -D -u; source <(novasweep completion zsh)",
  fish: "set -g fish_autosuggestion_enabled 0; function fish_prompt; echo -n '$ '; end; novasweep completion fish | source",
} as const;

export type Shell = keyof typeof startOf;

/** A person at a prompt who presses Tab. */
export const openShell = async (shell: Shell, desk: Desk): Promise<Terminal> => {
  const terminal = await Terminal.open({ ...desk, columns: 120 });
  await terminal.type(`${startOf[shell]}`);
  await terminal.type(`${prepare[shell]}; clear; printf 'ready-%s\\n' 42`);
  await terminal.waitFor(/^ready-42\n\$/m);
  return terminal;
};

/** How long a Tab may take: a start of Node on a machine ten times too busy. */
const TAB_MAX_MS = 15_000;

/** The command line after `typed`, a Tab and an `X`, which shows where the cursor stood. Leaves an empty prompt. */
export const tabbed = async (terminal: Terminal, typed: string, expected: string): Promise<void> => {
  await terminal.type(typed, "no enter");
  await terminal.key("Tab");
  await terminal.type("X", "no enter");
  try {
    await terminal.waitFor(({ lines }) => lines.includes(`$ ${expected}`), TAB_MAX_MS);
  } finally {
    await terminal.key("C-c");
    await terminal.waitFor(({ lines }) => lines.findLast((line) => line !== "") === "$", TAB_MAX_MS);
  }
};
