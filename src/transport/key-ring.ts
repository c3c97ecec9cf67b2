/** The operator's keys for one run: those of files, opened before the first connection, and those of ssh-agent. */
import type { ParsedKey } from "ssh2";
import type { Endpoint } from "../domain/host.ts";
import { Agent } from "./agent.ts";
import { Identities, type Identity, type LockedIdentity } from "./identities.ts";

/** What a person answers: the passphrase (wiped after use), Enter alone, or Ctrl-C. */
export type PassphraseAnswer = Buffer | "skip" | "stop";

/** Asks a person for the passphrase of a key file; `wrong` of them were given before. */
export type AskPassphrase = (path: string, wrong: number) => Promise<PassphraseAnswer>;

export interface KeyRingOptions {
  /** Offered for hosts that name none of their own. */
  readonly identityFiles: readonly string[];
  /** The agent's socket (`SSH_AUTH_SOCK`), if there is one. */
  readonly agentSocket: string | undefined;
  /** What `~/` in the name of an identity file stands for. */
  readonly homeDir: string;
}

/** How often ssh asks (NumberOfPasswordPrompts). */
const MAX_PASSPHRASES = 3;

const unasked = "is encrypted, and there is no terminal to ask for its passphrase on";
const ungiven = "is encrypted, and its passphrase was not given";
const unfit = `is encrypted, and ${MAX_PASSPHRASES} passphrases did not open it`;
const unneeded = "is encrypted, and was not asked for because there were other keys to try";

export class KeyRing {
  /** Keys that a host of this run has taken. */
  readonly taken: Set<ParsedKey> = new Set();
  readonly #identities: Identities;
  readonly #defaults: readonly string[];
  readonly #agentSocket: string | undefined;
  /** By their sockets. */
  readonly #agents = new Map<string, Agent>();

  constructor({ identityFiles, agentSocket, homeDir }: KeyRingOptions) {
    this.#agentSocket = agentSocket;
    this.#identities = new Identities(homeDir);
    this.#defaults = identityFiles;
  }

  /** The agent a server is logged in to with, if any. */
  agentOf({ agentSocket = this.#agentSocket }: Pick<Endpoint, "agentSocket">): Agent | undefined {
    if (agentSocket === undefined || agentSocket === "none") return undefined;
    const agent = this.#agents.get(agentSocket) ?? new Agent(agentSocket);
    this.#agents.set(agentSocket, agent);
    return agent;
  }

  /** The keys of a host's files, or of the default ones, in the order they are offered. */
  of({ identityFiles }: Pick<Endpoint, "identityFiles">): Promise<readonly Identity[]> {
    return this.#identities.load(identityFiles.length > 0 ? identityFiles : this.#defaults);
  }

  /**
   * Asks for the passphrases these servers need, once for each file, before anything is connected to. Files that were named
   * are asked for. A default file only when there would be nothing else to offer, and then no more than one is opened: ssh
   * asks when the server has agreed to the key, which nobody knows before. What ssh-agent holds is asked for by nobody.
   * Without `ask` (no terminal) the files stay closed, and the failures of their hosts say so.
   */
  async unlock(hosts: readonly Endpoint[], ask: AskPassphrase | undefined): Promise<"done" | "stopped"> {
    for (const host of hosts) this.agentOf(host);
    const named = await this.#closed(hosts.flatMap(({ identityFiles }) => identityFiles));
    for (const identity of named) if ((await this.#open(identity, ask)) === "stopped") return "stopped";
    if (hosts.every(({ identityFiles }) => identityFiles.length > 0)) return "done";
    const defaults = await this.#closed(this.#defaults);
    for (const identity of defaults) {
      if (await this.#hasDefault()) this.#identities.leave(identity, unneeded);
      else if ((await this.#open(identity, ask)) === "stopped") return "stopped";
    }
    return "done";
  }

  /** The encrypted ones of these files that a passphrase would open and ssh-agent does not hold. */
  async #closed(files: readonly string[]): Promise<readonly LockedIdentity[]> {
    // One file is one object, however often and in whatever way it was named.
    const distinct = new Set(await this.#identities.load([...new Set(files)]));
    const locked = [...distinct].filter(
      (identity): identity is LockedIdentity => identity.kind === "locked" && identity.opens,
    );
    if (locked.length === 0) return locked;
    const held = await this.#held();
    return locked.filter(({ blob }) => blob === undefined || !held.has(blob));
  }

  /** Whether a host without files of its own could be offered anything. */
  async #hasDefault(): Promise<boolean> {
    const identities = await this.#identities.load(this.#defaults);
    return identities.some(({ kind }) => kind === "key") || (await this.#held()).size > 0;
  }

  /** Public halves (base64) of what the agents hold; one that does not answer holds nothing. */
  async #held(): Promise<ReadonlySet<string>> {
    const lists = await Promise.all([...this.#agents.values()].map((agent) => agent.keys().catch(() => [])));
    return new Set(lists.flat().map(({ blob }) => blob));
  }

  async #open(identity: LockedIdentity, ask: AskPassphrase | undefined): Promise<"opened" | "closed" | "stopped"> {
    if (ask === undefined) this.#identities.leave(identity, unasked);
    for (let wrong = 0; ask !== undefined && wrong < MAX_PASSPHRASES; wrong++) {
      const answer = await ask(identity.path, wrong);
      if (answer === "stop") return "stopped";
      this.#identities.leave(identity, answer === "skip" ? ungiven : unfit);
      if (answer === "skip") return "closed";
      const opened = await this.#identities.unlock(identity, answer);
      answer.fill(0);
      if (opened) return "opened";
    }
    return "closed";
  }
}
