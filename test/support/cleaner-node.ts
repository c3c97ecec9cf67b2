/** A node as the cleaner sees one: a private directory with a cache, strict tools, and a shell to run the script in. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pLimit from "p-limit";
import { cleanerMethod } from "../../src/remote/payload/payload.ts";
import { shims } from "./cleaner-shims.ts";

/** The target's shell first. The awk beside each plays nawk, so that two of them are tried. */
export const SHELLS = [
  { name: "ksh93", command: ["ksh93"], nawk: "/usr/bin/mawk" },
  { name: "dash", command: ["dash"], nawk: "/usr/bin/mawk" },
  { name: "bash --posix", command: ["bash", "--posix"], nawk: "/usr/bin/busybox awk" },
  { name: "busybox sh", command: ["busybox", "sh"], nawk: "/usr/bin/busybox awk" },
] as const;
export type Shell = (typeof SHELLS)[number];

export const GIB = 1024 ** 3;
/** Bytes of one test image; whole blocks on any file system. */
export const IMAGE = 64 * 1024;
const HOUR_S = 3600;
export const DATASET = "rpool/export/nova";
export const DIRECTORY = "/export/nova/images";
/** The published script had no other headroom. */
export const HEADROOM = 2 * GIB;

/** The UUID of the n-th test image. */
export const uuid = (n: number): string => `${n.toString(16).padStart(8, "0")}-aaaa-4bbb-8ccc-dddddddddddd`;

export interface Result {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
  readonly timedOut: boolean;
  readonly summary: string;
}

/** Two scripts at a time: the machine is shared. */
const atMostTwo = pLimit(2);

/** Whether a process is of the group, and not yet dead. */
const livesIn = (group: number, name: string): boolean => {
  try {
    const [state, , pgrp] = readFileSync(`/proc/${name}/stat`, "latin1")
      .replace(/^.*\) /s, "")
      .split(" ");
    return Number(pgrp) === group && state !== "Z";
  } catch {
    return false;
  }
};

const untilGroupEnds = async (group: number): Promise<void> => {
  const look = (): boolean => readdirSync("/proc").some((name) => /^\d+$/.test(name) && livesIn(group, name));
  while (look()) await new Promise((resolve) => setTimeout(resolve, 5));
};

/** Runs a command in a process group of its own and kills the group at the deadline: an endless loop is a result here. */
const run = (
  command: string,
  args: readonly string[],
  env: Record<string, string>,
  deadlineMs: number,
): Promise<Result> =>
  atMostTwo(
    () =>
      new Promise((resolve, reject) => {
        const child: ChildProcess = spawn(command, args, { env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
        let out = "";
        let err = "";
        let timedOut = false;
        const clock = setTimeout(() => {
          timedOut = true;
          if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
        }, deadlineMs);
        child.stdout?.on("data", (bytes: Buffer) => {
          if (out.length < 4_000_000) out += bytes.toString();
        });
        child.stderr?.on("data", (bytes: Buffer) => {
          if (err.length < 1_000_000) err += bytes.toString();
        });
        child.on("error", reject);
        child.on("close", async (status) => {
          clearTimeout(clock);
          // Of a shell that was killed, the tool it had started goes on.
          if (status === null) await untilGroupEnds(child.pid ?? 0);
          const summary = out.split("\n").findLast((line) => /^nova-cache-cleanup [0-9.]+: /.test(line)) ?? "";
          resolve({ status, out, err, timedOut, summary });
        });
      }),
  );

export interface Image {
  /** Hours since the last change. */
  readonly age?: number;
  /** Hours since the last use; as `age` unless given. */
  readonly idle?: number;
  readonly bytes?: number;
}

export class Node {
  readonly home = mkdtempSync(join(tmpdir(), "cleaner-"));
  readonly root = join(this.home, "root");
  readonly state = join(this.home, "state");
  readonly cache = join(this.root, DIRECTORY);
  readonly #script = join(this.home, "nova-cache-cleanup");
  readonly shell: Shell;

  constructor(shell: Shell) {
    this.shell = shell;
    for (const folder of [
      this.cache,
      this.state,
      join(this.root, "var/lib/nova"),
      join(this.root, "etc"),
      join(this.home, "bin"),
    ])
      mkdirSync(folder, { recursive: true });
    const tools = Object.entries(shims(shell.nawk)).map(([name, text]) => {
      const path = join(this.home, "bin", name);
      writeFileSync(path, text.replaceAll("@STATE@", this.state), { mode: 0o755 });
      return `${name.toUpperCase()}=${path}`;
    });
    const prelude = ["# prelude", ...tools, `R=${this.root}`, "# end prelude"].join("\n");
    writeFileSync(this.#script, cleanerMethod().replace(/^# prelude\n[\s\S]*?^# end prelude$/m, prelude));
    writeFileSync(join(this.root, "etc/passwd"), "nova:x:85:85::/var/lib/nova:/usr/bin/sh\n");
    // Bytes of the dataset that are no images: another file on it, beside the cache.
    writeFileSync(join(this.root, "export/nova/other"), Buffer.alloc(16 * IMAGE, "x"));
    this.write("zones", "0:global:running:/:::native:shared\n3:web:running:/zones/web:u:solaris:excl\n");
    this.write("calls", "");
    this.zfs({});
  }

  write(file: string, text: string): void {
    writeFileSync(join(this.state, file), text);
  }

  /** Puts a script of the test in a tool's place. */
  tool(name: string, script: string): void {
    writeFileSync(join(this.home, "bin", name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }

  /** A script that runs once, when the tool is called for the `nth` time with words that hold `words`. */
  hook(tool: string, script: string): void {
    const path = join(this.state, `hook-${tool}`);
    writeFileSync(path, `#!/bin/sh\ncd '${this.cache}' || exit\n${script}\n`, { mode: 0o755 });
  }

  /**
   * Has the cleaner killed at its n-th step: before it starts a tool, or after rm removed a file. `group`: with every tool
   * it had started; `shell`: alone. Step 0 is never reached.
   */
  killAt(step: number, whom: "group" | "shell"): void {
    this.write("steps", "");
    const words = whom === "group" ? "-$pgrp" : "$pgrp";
    const text = `step() {
  count=1
  while read -r _; do count=$((count + 1)); done <"$STATE/steps"
  echo "\${0##*/}" >>"$STATE/steps"
  [ $count -ne ${step} ] || { read -r _ _ _ _ pgrp _ <"/proc/$$/stat" && kill -9 ${words}; }
}
`;
    this.write("kill", text);
  }

  /** The tool of each step so far. */
  get steps(): readonly string[] {
    return this.read("steps").split("\n").slice(0, -1);
  }

  /** Nobody is killed any more. */
  spare(): void {
    rmSync(join(this.state, "kill"));
  }

  /** A file in the cache, times in hours before now. */
  put(name: string, { age = 100, idle = age, bytes = IMAGE }: Image = {}): string {
    const path = join(this.cache, name);
    writeFileSync(path, Buffer.alloc(bytes, name));
    const now = Date.now() / 1000;
    utimesSync(path, now - idle * HOUR_S, now - age * HOUR_S);
    return name;
  }

  /** `count` images, the first the oldest by change and by use. */
  images(count: number): readonly string[] {
    return Array.from({ length: count }, (_, n) => this.put(uuid(n + 1), { age: 1000 - n }));
  }

  /** Bytes of the dataset's files, as ZFS will account them once it has caught up. */
  get onDisk(): number {
    const [kib = "0"] = execFileSync("/usr/bin/du", ["-sk", join(this.root, "export/nova")], {
      encoding: "utf8",
    }).split("\t");
    return Number(kib) * 1024;
  }

  /** Writes what zfs answers from now on: the files as they are, and `free` bytes below the quota. */
  zfs(given: Record<string, string | number>, free = HEADROOM - IMAGE): void {
    const own = this.onDisk;
    const snapshots = Number(given["usedbysnapshots"] ?? 0);
    const children = Number(given["children"] ?? 0);
    const used = own + snapshots + children;
    const quota = Number(given["quota"] ?? used + free);
    const values: Record<string, string | number> = {
      name: DATASET,
      mountpoint: "/export/nova",
      mounted: "yes",
      quota,
      used,
      usedbydataset: own,
      usedbysnapshots: snapshots,
      available: Math.max(quota - used, 0),
      atime: "on",
      readonly: "off",
      ...given,
    };
    this.write(
      "zfs",
      `${Object.entries(values)
        .map(([property, value]) => `${property}\t${value}\n`)
        .join("")}`,
    );
    // A cache that nothing changed for hours, unless the test says otherwise.
    this.#backdate();
  }

  #backdate(): void {
    const then = Date.now() / 1000 - 5 * HOUR_S;
    utimesSync(this.cache, then, then);
  }

  /** Runs the cleaner with the test's dataset and directory, a headroom of 2 GiB and room for `more` images above it. */
  clean(more: number, ...flags: string[]): Promise<Result> {
    return this.run(
      "--dataset",
      DATASET,
      "--directory",
      DIRECTORY,
      "--headroom",
      String(HEADROOM),
      "--target-free",
      String(HEADROOM + more * IMAGE),
      ...flags,
    );
  }

  /** Runs the cleaner with these flags only. */
  run(...flags: string[]): Promise<Result> {
    return this.runWith({}, ...flags);
  }

  runWith(env: Record<string, string>, ...flags: string[]): Promise<Result> {
    const [command, ...args] = this.shell.command;
    return run(command, [...args, this.#script, ...flags], { PATH: "/usr/bin:/bin", ...env }, 40_000);
  }

  /** Runs the published script on the same node; killed after `deadlineMs`, as nothing else would end its loops. */
  published(deadlineMs: number, rm = "rm"): Promise<Result> {
    const script = fileURLToPath(new URL("./published-cleaner.sh", import.meta.url));
    const env = { PATH: `${join(this.home, "bin")}:/usr/bin:/bin`, CACHEDS: DATASET, CACHEDIR: this.cache, RM: rm };
    return run("ksh93", [script], env, deadlineMs);
  }

  get files(): readonly string[] {
    return readdirSync(this.cache).sort();
  }

  has(name: string): boolean {
    return existsSync(join(this.cache, name));
  }

  read(file: string): string {
    const path = join(this.state, file);
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  }

  /** Names in the order they were removed. */
  get gone(): readonly string[] {
    return this.read("gone")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => line.replace("gone ", ""));
  }

  /** Calls of tools so far: the processes the cleaner started. */
  get calls(): readonly string[] {
    return this.read("calls")
      .split("\n")
      .filter((line) => line !== "");
  }

  remove(): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}
