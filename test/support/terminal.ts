/** A person at a terminal: a shell in a tmux of its own, keys in, what stands on the screen out. */
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { expect } from "vitest";

const run = promisify(execFile);

/** How long anything may take to appear: the slowest scenario takes 20 s, on a machine four times too busy. */
const APPEAR_MAX_MS = 90_000;
/** Between two looks at the screen. */
const LOOK_EVERY_MS = 60;
/** The shell ends by itself after this, seconds, and its tmux with it: even when the test process is killed. */
const LIFE_MAX_S = 300;
const SCROLLBACK_LINES = 2000;

export interface TerminalOptions {
  /** Where the shell starts. */
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly columns?: number;
  readonly rows?: number;
}

/** What stands on the screen at one moment, lines without trailing blanks. */
export interface Shot {
  readonly lines: readonly string[];
  readonly text: string;
}

let opened = 0;
const open = new Set<Terminal>();
process.once("exit", () => {
  for (const terminal of open) terminal.close();
});

/** One terminal. */
export class Terminal {
  readonly #socket: string;
  readonly #tmuxDir: string;
  #commands = 0;
  readonly #rawPath: string;
  #size: { readonly columns: number; readonly rows: number };

  private constructor(socket: string, tmuxDir: string, size: { columns: number; rows: number }) {
    this.#socket = socket;
    this.#tmuxDir = tmuxDir;
    this.#rawPath = join(tmuxDir, "raw");
    this.#size = size;
  }

  static async open({ dir, env, columns = 80, rows = 24 }: TerminalOptions): Promise<Terminal> {
    opened += 1;
    const name = `novasweep-test-${process.pid}-${opened}`;
    // Of its own, because the path of a socket may not be longer than 107 bytes.
    const tmuxDir = mkdtempSync(join(tmpdir(), "novasweep-tty-"));
    const terminal = new Terminal(name, tmuxDir, { columns, rows });
    open.add(terminal);
    const shell = ["timeout", "--foreground", "-k", "5", String(LIFE_MAX_S), "env", "-i"];
    const variables = { PATH: process.env["PATH"] ?? "", LANG: "C.UTF-8", TERM: "screen-256color", PS1: "$ ", ...env };
    shell.push(...Object.entries(variables).map(([key, value]) => `${key}=${value}`), "sh", "-i");
    await terminal.#tmux(
      ...["set-option", "-g", "history-limit", String(SCROLLBACK_LINES), ";"],
      ...["set-option", "-g", "status", "off", ";"],
      ...["new-session", "-d", "-x", String(columns), "-y", String(rows), "-c", dir, "--", ...shell, ";"],
      ...["set-option", "-g", "window-size", "manual", ";"],
      ...["pipe-pane", "-O", `exec cat >'${terminal.#rawPath}'`],
    );
    await terminal.waitFor(/^\$/m);
    return terminal;
  }

  get columns(): number {
    return this.#size.columns;
  }
  get rows(): number {
    return this.#size.rows;
  }

  /** Types text as it is; `enter` ends it with Return. */
  async type(text: string, enter: "enter" | "no enter" = "enter"): Promise<void> {
    await this.#tmux("send-keys", "-l", "--", text);
    if (enter === "enter") await this.key("Enter");
  }

  /** Presses a key by tmux's name of it: `C-c`, `Enter`. */
  async key(name: string): Promise<void> {
    await this.#tmux("send-keys", name);
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#tmux("resize-window", "-x", String(columns), "-y", String(rows));
    this.#size = { columns, rows };
  }

  /** The visible screen, or with `all` what has scrolled away too; wrapped lines as the terminal shows them. */
  async look(all = false): Promise<Shot> {
    const text = await this.#tmux("capture-pane", "-p", ...(all ? ["-S", "-"] : []));
    const lines = text.replace(/\n$/, "").split("\n");
    return { lines, text: lines.join("\n") };
  }

  /** Everything on the terminal with wrapped lines joined again: what the programs wrote. */
  async history(): Promise<string> {
    return this.#tmux("capture-pane", "-p", "-J", "-S", "-");
  }

  /** Looks until the screen shows the pattern (or passes); throws with the last screen when it never does. */
  async waitFor(wanted: RegExp | ((shot: Shot) => boolean), maxMs = APPEAR_MAX_MS): Promise<Shot> {
    const until = Date.now() + maxMs;
    const shown = typeof wanted === "function" ? wanted : ({ text }: Shot) => wanted.test(text);
    let shot: Shot = { lines: [], text: "" };
    do {
      shot = await this.look();
      if (shown(shot)) return shot;
      await pause(LOOK_EVERY_MS);
    } while (Date.now() < until);
    throw new Error(`never on the screen: ${String(wanted)}; at the end it showed\n${shot.text}`);
  }

  /** Types a command line; `ended` waits for its end. */
  async start(line: string): Promise<void> {
    this.#commands += 1;
    await this.type(`${line}; echo "ended ${this.#commands}: $?"`);
  }

  /** Waits for the end of the last command line started, prompt included; resolves with its exit status. */
  async ended(): Promise<number> {
    const end = new RegExp(`^ended ${this.#commands}: (\\d+)\\n\\$`, "m");
    const { text } = await this.waitFor(end);
    return Number(end.exec(text)?.[1]);
  }

  /** `alternate`: a program has the other screen; `cursor`: it is shown. */
  async modes(): Promise<{ readonly alternate: boolean; readonly cursor: boolean }> {
    const [alternate, cursor] = (await this.#tmux("display-message", "-p", "#{alternate_on} #{cursor_flag}")).split(
      " ",
    );
    return { alternate: alternate?.trim() === "1", cursor: cursor?.trim() === "1" };
  }

  /** What programs sent so far, byte for byte. */
  raw(): string {
    return readFileSync(this.#rawPath, "latin1");
  }

  /** Takes the terminal away, as a closed window does: its tmux ends by its own socket, what runs in it gets SIGHUP. */
  close(): void {
    if (!open.delete(this)) return;
    try {
      execFileSync("tmux", ["-L", this.#socket, "kill-server"], { env: this.#env(), stdio: "ignore" });
    } catch {
      // It has ended by itself.
    }
    rmSync(this.#tmuxDir, { recursive: true, force: true });
  }

  async #tmux(...args: string[]): Promise<string> {
    const { stdout } = await run("tmux", ["-L", this.#socket, "-f", "/dev/null", ...args], {
      env: this.#env(),
      maxBuffer: 1 << 24,
    });
    return stdout;
  }

  #env(): NodeJS.ProcessEnv {
    return { PATH: process.env["PATH"], LANG: "C.UTF-8", TMUX_TMPDIR: this.#tmuxDir };
  }
}

/** The terminal is the shell's again: its own screen, the cursor, echo and line editing; what is typed runs. */
export const expectGivenBack = async (terminal: Terminal): Promise<void> => {
  expect(await terminal.modes()).toEqual({ alternate: false, cursor: true });
  await terminal.start("stty -a | grep -o -w -e -echo -e -icanon -e -isig -e -opost; echo back-$((40 + 2))");
  expect(await terminal.ended()).toBe(0);
  const text = (await terminal.history()).split("stty -a").at(-1) ?? "";
  expect(text, "what is typed is echoed").toContain("echo back-$((40 + 2))");
  expect(text).toMatch(/^back-42$/m);
  expect(text).not.toMatch(/^-(echo|icanon|isig|opost)$/m);
};
