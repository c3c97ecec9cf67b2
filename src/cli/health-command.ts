/** The operator's own commands on the controller: a health check after each wave, and a listener to what the gate decides. */
import { type ChildProcess, spawn } from "node:child_process";
import { kill } from "node:process";
import type { RunEvent } from "../domain/event.ts";
import type { HostName } from "../domain/ids.ts";
import type { Sink } from "../domain/sink.ts";
import type { ProbeVerdict } from "../engine/context.ts";
import { eventLine } from "../journal/event-line.ts";

/** Of what a health check writes, this much is kept for its first line. */
const MAX_WORDS = 400;
/** What a listener has not read yet, bytes; beyond them it misses events: a run waits for nobody. */
const MAX_PENDING = 1024 ** 2;
/** Hosts in an environment variable, bytes: an operating system takes 128 KiB of one string. */
const MAX_NAMES = 100_000;
/** What a health check wrote last is waited for so long after its end, whoever else holds its output. */
const LAST_WORDS_MS = 500;
/** A listener that goes on after the run is left to itself. */
const LAST_WAIT_MS = 2_000;

/** A shell of its own process group, so that all of it can be ended. */
const shell = (text: string, env: Readonly<Record<string, string | undefined>>): ChildProcess =>
  spawn("/bin/sh", ["-c", text], { detached: true, env, stdio: ["pipe", "pipe", "ignore"] });

const end = ({ pid }: ChildProcess): void => {
  try {
    if (pid !== undefined) kill(-pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
};

/**
 * Runs `--probe CMD` after a wave. NOVASWEEP_RUN and NOVASWEEP_WAVE say for what; its hosts stand on its standard input, a
 * line each, and in NOVASWEEP_HOSTS, blank-separated, where they fit. 0: go on, 2: ask, anything else, no end within
 * `timeoutS` or before the run is stopped, or not to be started: stop.
 */
export const probeCommand =
  (text: string, run: string, timeoutS: number, env: Readonly<Record<string, string | undefined>>) =>
  (wave: number, hosts: readonly HostName[], stopping: AbortSignal): Promise<ProbeVerdict> =>
    new Promise((resolve) => {
      const about = { NOVASWEEP_RUN: run, NOVASWEEP_WAVE: String(wave) };
      const names = hosts.join(" ");
      let child: ChildProcess;
      try {
        child = shell(text, { ...env, ...about, ...(names.length > MAX_NAMES ? {} : { NOVASWEEP_HOSTS: names }) });
      } catch (cause) {
        resolve({ verdict: "stop", words: `it cannot be started: ${cause instanceof Error ? cause.message : cause}` });
        return;
      }
      let words = "";
      const done = (verdict: ProbeVerdict["verdict"], said: string): void => {
        clearTimeout(clock);
        stopping.removeEventListener("abort", stopped);
        // Whoever still holds its output is not waited for.
        child.stdout?.destroy();
        resolve({ verdict, words: said });
      };
      const cut = (said: string): void => {
        end(child);
        done("stop", said);
      };
      const stopped = (): void => cut("it was ended with the run");
      const clock = setTimeout(() => cut(`it did not end within ${timeoutS} s`), timeoutS * 1000);
      const ended = (status: number | null): void => {
        const [line = ""] = words.split("\n");
        if (status === 0) done("go", line);
        else done(status === 2 ? "ask" : "stop", line === "" ? `exit status ${status ?? "none"}` : line);
      };
      if (stopping.aborted) stopped();
      else stopping.addEventListener("abort", stopped);
      child.stdin?.on("error", () => undefined).end(hosts.map((host) => `${host}\n`).join(""));
      child.stdout?.setEncoding("utf8").on("data", (more: string) => {
        words = `${words}${more}`.slice(0, MAX_WORDS);
      });
      child.on("error", (cause) => done("stop", `it cannot be started: ${cause.message}`));
      child.on("close", ended);
      child.on("exit", (status) => setTimeout(ended, LAST_WORDS_MS, status).unref());
    });

/** What `--on-event CMD` is told of. */
const told: ReadonlySet<RunEvent["type"]> = new Set(["gate.decided", "operator.acted", "run.settled"]);

/** A view that hands the gate's decisions and the end, one event a line, to a command of the operator's; it can slow and fail nothing. */
export const noticeSink = (text: string, env: Readonly<Record<string, string | undefined>>): Sink => {
  const child = spawn("/bin/sh", ["-c", text], { detached: true, env, stdio: ["pipe", "ignore", "ignore"] });
  let gone = false;
  child.on("error", () => {
    gone = true;
  });
  child.on("exit", () => {
    gone = true;
  });
  child.stdin.on("error", () => undefined);
  child.unref();
  return {
    accept: (event) => {
      if (gone || !told.has(event.type) || child.stdin.writableLength > MAX_PENDING) return;
      child.stdin.write(eventLine(event));
    },
    close: async () => {
      if (gone) return;
      child.stdin.end();
      await new Promise<void>((resolve) => {
        const clock = setTimeout(() => {
          // What it never read would keep the process.
          child.stdin.destroy();
          resolve();
        }, LAST_WAIT_MS);
        child.once("exit", () => {
          clearTimeout(clock);
          resolve();
        });
      });
    },
  };
};
