/** `novasweep purge` over a real fleet: the result as JSON, what lies in a cache, and a ZFS that writes out sooner. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { RunEvent } from "../../../src/domain/event.ts";
import type { Outcome } from "../../../src/domain/outcome.ts";
import { against, novasweep, type Ran } from "../novasweep.ts";
import { validated } from "../valid-events.ts";
import type { RealFleet } from "./fleet.ts";
import type { RealNode } from "./node.ts";

interface Range {
  readonly leastBytes: number;
  readonly mostBytes: number;
}

/** One thing of `purge --format json`. */
export interface Piece {
  readonly kind: string;
  readonly target: string;
  readonly planned: { readonly files?: number; readonly bytes: number };
  readonly announced: Range;
  readonly done: { readonly files: number; readonly bytes: number; readonly freedBytes: number | null } | null;
  readonly heldBytes: number;
  readonly heldBy: readonly { readonly snapshot: string; readonly bytes: number }[];
}

interface HostResult {
  readonly name: string;
  readonly outcome: Outcome;
  readonly purged: readonly Piece[];
  readonly note?: string;
  readonly refusals?: readonly { readonly code: string; readonly message: string }[];
  readonly failure?: { readonly code: string; readonly message: string };
}

export interface Purged {
  readonly ran: Ran;
  readonly run: string;
  readonly hosts: readonly HostResult[];
  readonly total: Range & { readonly files: number; readonly freedBytes: number; readonly heldBytes: number };
  /** The run's journal; each event is one of the schema. */
  readonly journal: readonly RunEvent[];
  host(name: string): HostResult;
  /** What went from a host, with its range: the node's figure lies in it, or this throws. */
  freed(name: string): Piece;
}

/** Runs it with `--format json`. Whatever it says on standard error is part of what is thrown when there is no result. */
export const purge = async (
  fleet: RealFleet,
  stateDir: string,
  pattern: string,
  ...more: readonly string[]
): Promise<Purged> => {
  const words = ["purge", pattern, ...against(fleet, stateDir), "--waves", "100%", "--max-bad", "100%"];
  const ran = await novasweep([...words, "--max-missing", "100%", "--format", "json", ...more]);
  if (!ran.stdout.startsWith("{")) throw new Error(`no result: ${ran.status}\n${ran.stdout}\n${ran.stderr}`);
  const { run, hosts, total } = JSON.parse(ran.stdout);
  const host = (name: string): HostResult => {
    const found = hosts.find((one: HostResult) => one.name === name);
    if (found === undefined) throw new Error(`no ${name} in ${ran.stdout}`);
    return found;
  };
  return {
    ran,
    run,
    hosts,
    total,
    journal: journalOf(stateDir, run),
    host,
    freed: (name) => {
      const [piece] = host(name).purged;
      const freed = piece?.done?.freedBytes;
      if (piece === undefined || typeof freed !== "number" || !isWithin(freed, piece.announced))
        throw new Error(`${name}: the figure is not in the range: ${JSON.stringify(host(name))}`);
      return piece;
    },
  };
};

export const isWithin = (bytes: number, { leastBytes, mostBytes }: Range): boolean =>
  bytes >= leastBytes && bytes <= mostBytes;

const journalOf = (stateDir: string, run: string): readonly RunEvent[] => {
  const name = readdirSync(join(stateDir, "runs")).find((one) => one.startsWith(run)) ?? "";
  const lines = readFileSync(join(stateDir, "runs", name), "utf8")
    .trimEnd()
    .split("\n");
  return validated(lines.map((line) => JSON.parse(line)));
};

/** Names in a directory of a node. */
export const namesIn = (node: RealNode, dir: string): readonly string[] =>
  node
    .sh(`ls -A1 ${dir}`)
    .split("\n")
    .filter((name) => name !== "");

/** Owner, group, mode and inode of a directory. */
export const standing = (node: RealNode, dir: string): string => node.sh(`stat -c '%U:%G %a %i' ${dir}`);

/** A file of user nova's in `dir`, of random bytes, so many days old by change and by use. */
export const put = (node: RealNode, dir: string, name: string, bytes: number, days = 40, idle = days): void => {
  const path = `${dir}/${name}`;
  node.sh(`head -c ${bytes} /dev/urandom >${path} && chown nova:nova ${path}
touch -m -d '${days} days ago' ${path} && touch -a -d '${idle} days ago' ${path}`);
};

/**
 * Has the nodes' ZFS write out what is pending every second while `act` runs: zfs-fuse does it every 30 s by itself, Solaris
 * every 5. One run of a test should do without, so that the wait is real.
 */
export const hurried = async <T>(
  nodes: readonly RealNode[],
  datasets: readonly string[],
  act: () => Promise<T>,
): Promise<T> => {
  const text = datasets.map((dataset) => `zfs set test:written=yes ${dataset} 2>/dev/null`).join("; ");
  const running = nodes.map((node) => node.start(["/bin/sh", "-c", `while :; do ${text}; sleep 1; done`], "root"));
  try {
    return await act();
  } finally {
    for (const one of running) one.kill("SIGKILL");
  }
};
