/**
 * Runs one received script for one SSH channel, as a real sshd without a terminal would: its own session, the pipes
 * closed when the client is gone, the script itself never ended by that.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { StringDecoder } from "node:string_decoder";
import type { ServerChannel } from "ssh2";
import type { FaultName } from "./faults.ts";
import { type PreludeTable, replacePrelude } from "./prelude.ts";

/** Largest script, bytes: a rollout's is some 200 KiB. */
const SCRIPT_MAX_BYTES = 8 * 1024 ** 2;
/** A script that runs longer is ended: the longest host timeout is 20 minutes. */
const SCRIPT_LIFE_MS = 30 * 60 * 1000;
/** What the fault `flood` sends at most. */
const FLOOD_MAX_BYTES = 512 * 1024 ** 2;
const FLOOD_CHUNK_BYTES = 64 * 1024;

export interface ScriptRun {
  readonly channel: ServerChannel;
  /** The words before `/bin/sh -s`. */
  readonly become: "" | "sudo -n" | "pfexec";
  readonly login: string;
  readonly nodeDir: string;
  readonly table: PreludeTable;
  readonly fault: FaultName | undefined;
  /** Cuts the connection; the fault `drop` does it once in a node's life. */
  readonly cut: () => void;
  readonly mayDrop: () => boolean;
}

/** The identity a script runs with: `no-become` is a sudoers entry or a profile that grants nothing. */
const identity = (run: ScriptRun): string => (run.become === "" || run.fault === "no-become" ? run.login : "root");

const environment = (run: ScriptRun): Record<string, string> => ({
  LAB_NODE: run.nodeDir,
  LAB_SIM: run.table.simDir,
  LAB_USER: identity(run),
  PATH: `${run.table.simDir}:/usr/bin:/bin`,
  HOME: `${run.table.root}/export/home`,
  SHELL: "/bin/sh",
});

/** Cuts the line when the script says what the fault waits for. */
const watchOutput = (run: ScriptRun, child: ChildProcess): void => {
  const pattern = run.fault === "cut" ? /^@\S+ fact /m : /^@\S+ step \S+ start/m;
  if (run.fault !== "cut" && run.fault !== "drop") return;
  const decoder = new StringDecoder("utf8");
  let tail = "";
  child.stdout?.on("data", (bytes: Buffer) => {
    tail = `${tail}${decoder.write(bytes)}`;
    if (pattern.test(tail) && (run.fault === "cut" || run.mayDrop())) run.cut();
    tail = tail.slice(tail.lastIndexOf("\n") + 1).slice(-FLOOD_CHUNK_BYTES);
  });
};

const strewEscapes = (channel: ServerChannel): void => {
  channel.write("\x1b]0;owned by a node\x07\x1b[2J\x1b[31mstray red line\r\n\u202eright to left\u202c\x00\x08\n");
  channel.stderr.write("\x1b[?1049h\x1b]8;;http://example.invalid\x07link\x1b]8;;\x07\n");
};

const start = (run: ScriptRun, received: string): void => {
  const { channel } = run;
  const child = spawn(run.table.shell, ["-s"], {
    cwd: "/",
    env: environment(run),
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const life = setTimeout(() => child.kill("SIGKILL"), SCRIPT_LIFE_MS);
  child.on("error", () => clearTimeout(life));
  // A script that ends before it was read closes the pipe: nothing to say about it.
  child.stdin.on("error", () => {});
  child.stdin.end(replacePrelude(received, run.table), "latin1");
  watchOutput(run, child);
  if (run.fault === "escapes") strewEscapes(channel);
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  let gone = false;
  channel.once("close", () => {
    gone = true;
    // The script's next write meets a closed pipe, as below a real sshd; nothing else happens to it.
    child.stdout.destroy();
    child.stderr.destroy();
  });
  child.on("close", (status, signal) => {
    clearTimeout(life);
    if (gone) return;
    if (signal === null) channel.exit(status ?? 1);
    else channel.exit(signal.slice("SIG".length));
    channel.end();
  });
};

const answerGarbage = (channel: ServerChannel): void => {
  const bytes = Buffer.from(Array.from({ length: 3000 }, (_, i) => (i * 193 + (i >> 3) * 7 + 5) & 0xff));
  channel.write(bytes);
  channel.exit(0);
  channel.end();
};

const answerFlood = (channel: ServerChannel): void => {
  const chunk = Buffer.alloc(FLOOD_CHUNK_BYTES, "all work and no play makes a dull node\n");
  let left = FLOOD_MAX_BYTES;
  let open = true;
  channel.once("close", () => {
    open = false;
  });
  const more = (): void => {
    while (open && left > 0) {
      left -= chunk.length;
      if (!channel.write(chunk)) {
        channel.once("drain", more);
        return;
      }
    }
    if (open) channel.end();
  };
  more();
};

/** Collects the script from the channel, then runs it (or does what the node's fault says). */
export const runScript = (run: ScriptRun): void => {
  const { channel } = run;
  const chunks: Buffer[] = [];
  let bytes = 0;
  let begun = false;
  channel.on("error", () => {});
  channel.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= SCRIPT_MAX_BYTES) chunks.push(chunk);
  });
  const begin = (): void => {
    if (begun) return;
    begun = true;
    if (run.fault === "hang") return;
    if (run.fault === "garbage") answerGarbage(channel);
    else if (run.fault === "flood") answerFlood(channel);
    else if (bytes > SCRIPT_MAX_BYTES) {
      channel.stderr.write("/bin/sh: out of memory\n");
      channel.exit(1);
      channel.end();
    } else start(run, Buffer.concat(chunks).toString("latin1"));
  };
  // A real shell reads as it goes: an upload that is cut runs as far as it is complete.
  channel.on("end", begin);
  channel.on("close", begin);
};
