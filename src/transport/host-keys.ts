/** Whether a host is the one we know: known_hosts files read once a run, a verdict before authentication, `accept-new` recorded. */
import { randomBytes } from "node:crypto";
import { closeSync, existsSync, fstatSync, fsyncSync, mkdirSync, openSync, readSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { type Endpoint, SSH_PORT } from "../domain/host.ts";
import type { SeenKey, ShownKeys } from "../domain/host-key.ts";
import type { Failure } from "../domain/outcome.ts";
import { errorCode } from "./error-code.ts";
import type { Reached } from "./failures.ts";
import { KnownFiles, type KnownList } from "./known-files.ts";
import {
  blobType,
  fingerprint,
  hostPattern,
  type KnownHosts,
  type KnownKey,
  knownHostsLine,
  type Verdict,
} from "./known-hosts.ts";

export type HostKeyPolicy = "strict" | "accept-new";

/** `refused` says why; `record`: accepted as new, to be written down once the server has proved that the key is its own. */
export type HostKeyVerdict = { readonly refused?: Failure; readonly record?: true };

/** Whose keys are only looked at: their connections end at the key, whatever is known of it. */
export interface KeyWatch {
  readonly only: ReadonlySet<object>;
  readonly onKey: (server: object, key: SeenKey) => void;
}

/** What is done with keys besides comparing them. */
export interface KeyNotes {
  readonly watch?: KeyWatch | undefined;
  /** Of the unknown keys these alone may be accepted; absent: any may. */
  readonly shown?: ShownKeys | undefined;
  /** What was read already; absent: nothing. */
  readonly read?: KnownFiles | undefined;
}

/** The known hosts of a run, by the files a server has its own. */
export class HostKeyFiles {
  readonly #files: readonly string[];
  readonly #policy: HostKeyPolicy;
  readonly #forAll: boolean;
  readonly #notes: KeyNotes;
  readonly #read: KnownFiles;
  readonly #made = new Map<KnownList, HostKeys>();

  /** `files`: of a server that names none; with `forAll` of every server. */
  constructor(files: readonly string[], policy: HostKeyPolicy, forAll: boolean, notes: KeyNotes = {}) {
    this.#notes = notes;
    this.#files = files;
    this.#policy = policy;
    this.#forAll = forAll;
    this.#read = notes.read ?? new KnownFiles();
  }

  of(server: Pick<Endpoint, "knownHostsFiles">): HostKeys {
    const files = (this.#forAll ? undefined : server.knownHostsFiles) ?? this.#files;
    const list = this.#read.of(files);
    const hostKeys = this.#made.get(list) ?? new HostKeys(files, list, this.#policy, this.#notes, this.#forAll);
    this.#made.set(list, hostKeys);
    return hostKeys;
  }
}

/** What a server's key is filed under: its alias without a port, else address and port (ssh_config(5), HostKeyAlias). */
const filedAs = ({ address, port, knownAs }: Named): readonly [name: string, port: number] =>
  knownAs === undefined ? [address, port] : [knownAs, SSH_PORT];

type Named = Pick<Reached, "address" | "port" | "knownAs" | "jump" | "newKeys">;

export class HostKeys {
  readonly #files: readonly string[];
  readonly #list: KnownList;
  readonly #forAll: boolean;
  readonly #policy: HostKeyPolicy;
  readonly #notes: KeyNotes;

  /** `files` in the order of trust, and what is in them; new keys go to the first. `forAll`: whatever a server says of its own. */
  constructor(files: readonly string[], list: KnownList, policy: HostKeyPolicy, notes: KeyNotes, forAll: boolean) {
    this.#forAll = forAll;
    this.#files = files;
    this.#list = list;
    this.#policy = policy;
    this.#notes = notes;
  }

  /** Reads the files, once for the run. */
  load(): Promise<Failure | undefined> {
    return this.#list.load();
  }

  get #known(): KnownHosts {
    return this.#list.known;
  }

  /** No key of it is known, and a certificate authority speaks for its name. */
  isOnlyVouchedFor(server: Named): boolean {
    const names = filedAs(server);
    return this.#known.typesOf(...names).size === 0 && this.#known.hasAuthority(...names);
  }

  typesOf(server: Named): ReadonlySet<string> {
    return this.#known.typesOf(...filedAs(server));
  }

  /** What a server of which no key is known would be recorded as; undefined: one is known. */
  nameOfNew(server: Named): string | undefined {
    const names = filedAs(server);
    return this.#known.knows(...names) ? undefined : hostPattern(...names);
  }

  judge(server: Named, key: Buffer): HostKeyVerdict {
    const [address, port] = filedAs(server);
    const blob = key.toString("base64");
    const verdict = this.#known.judge(address, port, blob);
    const { watch } = this.#notes;
    if (watch?.only.has(server)) {
      watch.onKey(server, seenKey(verdict, address, port, blob));
      return { refused: onlyLooked };
    }
    if (verdict.kind === "match") return {};
    if (verdict.kind === "unknown") return this.#judgeNew(server, blob);
    return {
      refused:
        verdict.kind === "revoked"
          ? revoked(address, blob, verdict.known)
          : changed(address, port, blob, verdict.known),
    };
  }

  /** With `strict`: why the key that was shown before the run is not accepted in it either. Nobody need ask the server again. */
  refusedBefore(server: Named): Failure | undefined {
    const [address, port] = filedAs(server);
    const shown = this.#notes.shown?.get(hostPattern(address, port));
    if (shown === undefined || this.#policy !== "strict") return undefined;
    return this.#known.judge(address, port, shown).kind === "unknown" ? this.#unknown(server, shown) : undefined;
  }

  /** What is shown before the run and accepted in it is one key. */
  #judgeNew(server: Named, blob: string): HostKeyVerdict {
    if (this.#policy === "strict") return { refused: this.#unknown(server, blob) };
    const { shown } = this.#notes;
    const name = hostPattern(...filedAs(server));
    const before = shown?.get(name);
    if (shown === undefined || before === blob) return { record: true };
    return { refused: before === undefined ? notShown(name, blob) : notTheShown(name, blob, before) };
  }

  /** Writes a new key down: one write, on disk before we log in. A key that cannot be written is not trusted either. */
  record(server: Named, key: Buffer): Failure | undefined {
    const [address, port] = filedAs(server);
    const blob = key.toString("base64");
    const file = server.newKeys === "nowhere" && !this.#forAll ? undefined : this.#files[0];
    if (file === undefined) return noPlace("no known_hosts file is configured");
    // Another connection to the same host may have been first: then its key is the known one.
    const now = this.#known.judge(address, port, blob);
    if (now.kind === "match") return undefined;
    if (now.kind !== "unknown") return this.judge(server, key).refused;
    try {
      const line = knownHostsLine(address, port, blob, this.#known.isHashed(file) ? randomBytes(20) : undefined);
      append(file, line);
      this.#known.add(line, file);
      return undefined;
    } catch (error) {
      return noPlace(`${file}: ${errorCode(error)}`);
    }
  }

  #unknown(server: Named, blob: string): Failure {
    const { address, port } = server;
    const name = hostPattern(...filedAs(server));
    const type = blobType(blob);
    return {
      code: "E_HOSTKEY",
      message: `the host key of ${name} is not known: offered ${fingerprint(blob)} (${type}), known: none`,
      try:
        `compare the fingerprint with the node's own (ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub on its console), then ` +
        (isKeyscanned(server)
          ? `ssh-keyscan -p ${port} ${address} >>${this.#files[0] ?? "~/.ssh/known_hosts"}; or `
          : "") +
        "--host-key-policy accept-new",
    };
  }
}

/** ssh-keyscan knows no alias and no bastion. */
const isKeyscanned = ({ knownAs, jump = [] }: Named): boolean => knownAs === undefined && jump.length === 0;

/** Nobody is told: whoever only looks has the key. */
const onlyLooked: Failure = { code: "E_HOSTKEY", message: "the key was only looked at" };

const seenKey = (verdict: Verdict, address: string, port: number, blob: string): SeenKey => ({
  verdict: verdict.kind,
  name: hostPattern(address, port),
  blob,
  type: blobType(blob),
  fingerprint: fingerprint(blob),
  line: knownHostsLine(address, port, blob),
  ...("known" in verdict
    ? {
        known: {
          type: verdict.known.type,
          fingerprint: fingerprint(verdict.known.blob),
          place: placeOf(verdict.known),
        },
      }
    : {}),
});

const notShown = (name: string, blob: string): Failure => ({
  code: "E_HOSTKEY",
  message: `the new host key of ${name}, ${fingerprint(blob)} (${blobType(blob)}), could not be shown before the run: the host gave no answer then`,
  try: "run again: what was shown is accepted, and nothing else",
});

const notTheShown = (name: string, blob: string, shown: string): Failure => ({
  code: "E_HOSTKEY",
  message: `${name} showed the host key ${fingerprint(shown)} (${blobType(shown)}) before the run and ${fingerprint(blob)} (${blobType(blob)}) in it`,
  try: "somebody may be in between, or two servers share the address; compare with the node's own key",
});

const changed = (address: string, port: number, blob: string, known: KnownKey): Failure => ({
  code: "E_HOSTKEY",
  message:
    `the host key of ${hostPattern(address, port)} changed: offered ${fingerprint(blob)} (${blobType(blob)}), ` +
    `known ${fingerprint(known.blob)} (${known.type}, ${placeOf(known)})`,
  try: `somebody may be in between. If the node was reinstalled: ssh-keygen -R '${hostPattern(address, port)}' -f ${known.file}, then verify and add the new key`,
});

const revoked = (address: string, blob: string, known: KnownKey): Failure => ({
  code: "E_HOSTKEY",
  message: `${address} shows a revoked host key: ${fingerprint(blob)} (${known.type}, revoked in ${placeOf(known)})`,
  try: "give the node a new host key; a revoked one is never accepted",
});

const placeOf = ({ file, line }: KnownKey): string => (line === 0 ? file : `${file}:${line}`);

const noPlace = (why: string): Failure => ({
  code: "E_HOSTKEY",
  message: `the new host key could not be recorded (${why}), so it is not accepted`,
  try: "name a writable file with --known-hosts",
});

/** Appends a line and waits for the disk; ends an unfinished last line first. */
const append = (file: string, line: string): void => {
  // One level, as ssh makes ~/.ssh; Node's recursive way never ends on a file system that answers ENOENT to mkdir (/proc).
  const directory = dirname(file);
  if (!existsSync(directory)) mkdirSync(directory, { mode: 0o700 });
  const fd = openSync(file, "a+", 0o600);
  try {
    const stat = fstatSync(fd);
    const { size } = stat;
    const isFile = stat.isFile();
    const last = Buffer.alloc(1);
    if (size > 0) readSync(fd, last, 0, 1, size - 1);
    const text = size > 0 && last[0] !== 0x0a ? `\n${line}` : line;
    if (writeSync(fd, text) < Buffer.byteLength(text)) throw Object.assign(new Error("short"), { code: "ENOSPC" });
    // What is no file (/dev/null) has no disk to wait for.
    if (isFile) fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
};
