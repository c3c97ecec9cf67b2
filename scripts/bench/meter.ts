/** What a command costs: meter.py runs it and tells. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** One command line, as each tool makes it for a fleet. */
export interface Command {
  readonly words: readonly string[];
  /** A file for its standard input. */
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What its output has once a host that answered in full; without it the exit status has to do. */
  readonly once?: string;
}

/** meter.py says how each is measured. */
export interface Cost {
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly peakMiB: number;
  readonly largestMiB: number;
  /** CPU of the command, the nodes and the meter together. NaN where no control group could be had. */
  readonly allMs: number;
  /** CPU that other processes of the machine took meanwhile. */
  readonly othersMs: number;
}

const meter = fileURLToPath(new URL("meter.py", import.meta.url));
/** Of a command that failed: its last words. */
const WORDS_MAX = 3000;
/** Debian's own programs, whatever else this machine's PATH has. */
const debian = { PATH: "/usr/bin:/usr/sbin:/bin:/sbin", LC_ALL: "C.UTF-8" };

export class Meter {
  readonly #group: string;
  readonly #dir: string;

  /** `group`: a control group's folder that holds this process, or `-`; `dir`: for outputs. */
  constructor(group: string, dir: string) {
    this.#group = group;
    this.#dir = dir;
  }

  /** Runs a command against `hosts` hosts. Throws when it fails or a host's answer is missing. */
  run({ words, input = "/dev/null", env = {}, once }: Command, hosts: number): Cost {
    const output = `${this.#dir}/output`;
    const ran = spawnSync("/usr/bin/python3", [meter, this.#group, input, output, ...words], {
      encoding: "utf8",
      env: { ...debian, HOME: this.#dir, ...env },
      maxBuffer: 1 << 30,
    });
    const out = readFileSync(output, "utf8");
    const fail = (why: string): never => {
      throw new Error(`${words.slice(0, 6).join(" ")}: ${why}\n${`${out}\n${ran.stderr}`.slice(-WORDS_MAX)}`);
    };
    if (ran.status !== 0) fail(`the meter ended with ${ran.status}`);
    const report = JSON.parse(ran.stdout);
    if (report.status !== 0) fail(`exit status ${report.status}`);
    const answers = once === undefined ? hosts : out.split(once).length - 1;
    if (answers !== hosts) fail(`${answers} of ${hosts} hosts answered`);
    const allMs = report.all_ms ?? Number.NaN;
    return {
      cpuMs: report.cpu_ms,
      wallMs: report.wall_ms,
      peakMiB: report.peak_mib,
      largestMiB: report.largest_mib,
      allMs,
      othersMs: Math.max(0, (report.busy_ms ?? Number.NaN) - allMs),
    };
  }
}
