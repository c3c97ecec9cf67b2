import type { Bytes, Digest, HostName } from "./ids.ts";

/** What a command wrote to one of its streams. */
export interface StreamSum {
  readonly bytes: Bytes;
  readonly digest: Digest;
}

/** How a command of the operator's went on one host. What it wrote is known by its digests; the texts are kept elsewhere, once each. */
export interface Ran {
  /** Its exit status; absent: a signal ended it, or nobody heard. */
  readonly status?: number;
  readonly signal?: string;
  /** The line ended before the command did: this is what had come until then. */
  readonly partial?: true;
  readonly stdout: StreamSum;
  readonly stderr: StreamSum;
}

/** Hosts on which a command wrote the same bytes and ended the same way. */
export interface RanAlike {
  readonly hosts: readonly HostName[];
  readonly ran: Ran;
}

/** Folds equal ends and outputs, told by digests; the commonest first, else in the order given. Linear, and one sort of the groups. */
export const foldRan = (all: Iterable<{ readonly host: HostName; readonly ran: Ran }>): readonly RanAlike[] => {
  const groups = new Map<string, { hosts: HostName[]; ran: Ran }>();
  for (const { host, ran } of all) {
    const key = keyOf(ran);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { hosts: [host], ran });
    else group.hosts.push(host);
  }
  return [...groups.values()].sort((a, b) => b.hosts.length - a.hosts.length);
};

const keyOf = ({ status, signal, partial, stdout, stderr }: Ran): string =>
  [status, signal, partial, stdout.digest, stderr.digest].join(" ");
