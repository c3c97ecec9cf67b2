/** One node of a real fleet, looked at and touched from outside its namespaces. */
import { type ChildProcessByStdio, execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import type { RealSpec } from "./fleet.ts";

export interface NodeRan {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

export class RealNode {
  readonly spec: RealSpec;
  readonly address: string;
  readonly port: number;
  /** The node's init, as this machine numbers it. */
  readonly pid: number;

  constructor(spec: RealSpec, address: string, port: number, pid: number) {
    this.spec = spec;
    this.address = address;
    this.port = port;
    this.pid = pid;
  }

  get name(): string {
    return this.spec.name;
  }

  /** Where a path of the node lies for this process. */
  at(path: string): string {
    return `/proc/${this.pid}/root${path}`;
  }

  /** A file's text, one character a byte. */
  read(path: string): string {
    return readFileSync(this.at(path), "latin1");
  }

  has(path: string): boolean {
    return existsSync(this.at(path));
  }

  write(path: string, text: string): void {
    writeFileSync(this.at(path), text, "latin1");
  }

  /** Runs a command in the node's namespaces, as `user`. */
  run(words: readonly string[], { user = "root", input = "" }: { user?: string; input?: string } = {}): NodeRan {
    const as = user === "root" ? [] : ["setpriv", "--reuid", user, "--regid", user, "--init-groups", "--"];
    const ran = spawnSync("nsenter", this.#enter([...as, ...words]), { encoding: "latin1", input, timeout: 120_000 });
    return { status: ran.status, out: ran.stdout, err: ran.stderr };
  }

  /** Starts a command as `user` and does not wait for it; it is killed when what this returns is. */
  start(words: readonly string[], user: string): ChildProcessByStdio<Writable, Readable, Readable> {
    const as = ["setpriv", "--reuid", user, "--regid", user, "--init-groups", "--pdeathsig", "KILL", "--"];
    return spawn("nsenter", this.#enter([...as, ...words]), { stdio: ["pipe", "pipe", "pipe"] });
  }

  /** Runs a text of shell that must go well; its standard output. */
  sh(text: string): string {
    return execFileSync("nsenter", this.#enter(["/usr/bin/dash", "-c", text]), {
      encoding: "latin1",
      timeout: 120_000,
    });
  }

  /** The words of nsenter for a command in the node. */
  #enter(words: readonly string[]): readonly string[] {
    const target = String(this.pid);
    return [
      "-t",
      target,
      "-m",
      "-p",
      "-u",
      "-r",
      "-w",
      "/usr/bin/env",
      "-i",
      "PATH=/usr/bin:/usr/sbin",
      "HOME=/",
      ...words,
    ];
  }
}
