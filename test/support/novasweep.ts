/** Runs the built program as a person would: dist has to be there (`npm test` builds it). */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunEvent } from "../../src/domain/event.ts";
import type { Outcome } from "../../src/domain/outcome.ts";
import type { Lab } from "../../src/lab/start.ts";
import { validated } from "./valid-events.ts";

const bin = new URL("../../bin/novasweep.js", import.meta.url).pathname;
const built = new URL("../../dist/main.js", import.meta.url).pathname;

export interface Ran {
  status: number | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** Called with all of stdout so far, whenever more came. */
  onStdout?: (text: string, kill: (signal: NodeJS.Signals) => void) => void;
}

export const scratch = (name = "test"): string => mkdtempSync(join(tmpdir(), `novasweep-${name}-`));

export const novasweep = (args: readonly string[], options: RunOptions = {}): Promise<Ran> => {
  if (!existsSync(built)) throw new Error("dist is missing: npm run build");
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [bin, ...args], {
      cwd: options.cwd ?? tmpdir(),
      env: { PATH: process.env["PATH"] ?? "", HOME: options.cwd ?? "/nonexistent", LANG: "C.UTF-8", ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (data) => {
      stdout += data;
      options.onStdout?.(stdout, (signal) => child.kill(signal));
    });
    child.stderr.on("data", (data) => {
      stderr += data;
    });
    child.on("error", reject);
    child.on("close", (status) => resolve({ status, stdout, stderr }));
  });
};

/** The options that point a command at a lab, or at a fleet of real parts. */
export const against = (
  lab: Pick<Lab, "inventoryPath" | "knownHostsPath" | "keyPath">,
  stateDir: string,
): readonly string[] => [
  "-i",
  lab.inventoryPath,
  "--known-hosts",
  lab.knownHostsPath,
  "--identity",
  lab.keyPath,
  "--ssh-config",
  "none",
  "--state-dir",
  stateDir,
];

/** The events a run printed; each has to be one of docs/events.schema.json. */
export const eventsOf = (ran: Ran): RunEvent[] =>
  validated(
    ran.stdout
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line)),
  );

/** How each host settled, by name. */
export const outcomesOf = (events: readonly RunEvent[]): Record<string, Outcome> =>
  Object.fromEntries(events.flatMap((event) => (event.type === "host.settled" ? [[event.host, event.outcome]] : [])));

export const codesOf = (events: readonly RunEvent[], host: string): string[] =>
  events.flatMap((event) =>
    event.type === "host.settled" && event.host === host
      ? [...(event.failure ? [event.failure.code] : []), ...(event.refusals ?? []).map(({ code }) => code)]
      : [],
  );
