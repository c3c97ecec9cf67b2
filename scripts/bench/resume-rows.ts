/** What `runs resume` takes on a journal of ten thousand hosts until it connects to the first of them. Needs no root. */
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { journalPath, lockPath } from "../../src/journal/runs.ts";
import { startLab } from "../../src/lab/start.ts";
import { names, runId } from "../../test/support/fleet-events.ts";
import { writeBigJournal } from "./big-journal.ts";
import { median } from "./costs.ts";
import { atMost, type Figure } from "./figures.ts";
import type { FoldCost } from "./fold-journal.ts";
import { program } from "./novasweep.ts";

const HOSTS = 10_000;
/** Where the most is to be read and there is still something to go on with. */
const SETTLED = 9_000;
/** Nobody is there: no connection is made. */
const PORT = 22;

const connecting = new URL("first-connection.js", import.meta.url).href;
const folding = fileURLToPath(new URL("fold-journal.ts", import.meta.url));

/** Every host has an address of its own, as in a fleet; all are this machine's. */
const addressOf = (at: number): string => `127.1.${at >> 8}.${at & 255}`;

/** What first-connection.js prints. */
interface ConnectionCost {
  readonly ms: number;
  readonly cpuMs: number;
  readonly mib: number;
}

interface Scene {
  readonly dir: string;
  readonly stateDir: string;
  readonly events: number;
  readonly bytes: number;
}

const PUBLIC = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";

/** A place where a run over so many hosts was cut short. */
const prepare = (parent: string, keyPath: string): Scene => {
  const dir = join(parent, "resume");
  const stateDir = join(dir, "state");
  mkdirSync(dir);
  const hosts = names(HOSTS);
  const [inventory, knownHosts] = [join(dir, "hosts.ini"), join(dir, "known_hosts")];
  const lines = hosts.map((name, at) => `${name} ansible_host=${addressOf(at)} ansible_port=${PORT}`);
  writeFileSync(inventory, ["[compute]", ...lines, ""].join("\n"));
  writeFileSync(knownHosts, hosts.map((_, at) => `${addressOf(at)} ${PUBLIC}\n`).join(""));
  const words = ["rollout", "all", "-i", inventory, "--known-hosts", knownHosts, "--identity", keyPath, "--yes"];
  const given = { words, inventories: [inventory], directory: dir };
  return { dir, stateDir, ...writeBigJournal(journalPath(stateDir, runId), { hosts, settled: SETTLED, given }) };
};

/** One resume from the start of its process to its first connection; then everything is as it was. */
const resume = ({ dir, stateDir, bytes }: Scene): ConnectionCost => {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ["--import", connecting, program, "runs", "resume", runId, "--state-dir", stateDir, "--output", "lines"],
    { cwd: dir, env: { PATH: process.env["PATH"] ?? "", HOME: dir, LANG: "C.UTF-8" }, encoding: "utf8" },
  );
  rmSync(lockPath(stateDir, runId), { force: true });
  truncateSync(journalPath(stateDir, runId), bytes);
  if (stdout === "") throw new Error(`the resume ended without a connection: ${stderr}`);
  return JSON.parse(stdout);
};

const fold = ({ stateDir }: Scene): FoldCost => {
  const { stdout, stderr } = spawnSync(process.execPath, [folding, journalPath(stateDir, runId)], { encoding: "utf8" });
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout);
};

export const resumeFigures = async (parent: string, rounds: number): Promise<readonly Figure[]> => {
  // A lab for its key alone.
  const lab = await startLab({ nodes: 1, parentDir: parent });
  const scene = prepare(parent, lab.keyPath);
  try {
    const folds: FoldCost[] = [];
    const resumes: ConnectionCost[] = [];
    for (let round = 1; round <= rounds; round++) {
      folds.push(fold(scene));
      resumes.push(resume(scene));
    }
    const foldMs = median(folds.map(({ ms }) => ms));
    const [resumeMs, mib] = [median(resumes.map(({ ms }) => ms)), median(resumes.map((it) => it.mib))];
    const all = (values: readonly number[]): string => values.map((it) => it.toFixed(0)).join(" ");
    console.log(
      `resume of a ${HOSTS}-host journal: fold ${foldMs.toFixed(0)} ms, until first connection ${resumeMs.toFixed(0)} ms, RSS ${mib.toFixed(0)} MiB` +
        ` (${scene.events} events, ${(scene.bytes / 1024 ** 2).toFixed(0)} MiB; folds ${all(folds.map(({ ms }) => ms))} ms,` +
        ` of CPU ${all(folds.map(({ cpuMs }) => cpuMs))} ms; resumes ${all(resumes.map(({ ms }) => ms))} ms,` +
        ` of CPU ${all(resumes.map(({ cpuMs }) => cpuMs))} ms)`,
    );
    return [
      {
        what: `\`runs resume\` of ${HOSTS} hosts, ${scene.events} events, until the first connection, s`,
        ours: `${(resumeMs / 1000).toFixed(2)} s`,
        beside: `${(foldMs / 1000).toFixed(2)} s of it the journal`,
        value: resumeMs / 1000,
        wanted: atMost(2),
      },
    ];
  } finally {
    await lab.stop();
  }
};
