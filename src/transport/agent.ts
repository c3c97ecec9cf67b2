/** The operator's ssh-agent: its list asked for once a run, and only the keys we mean to offer shown to ssh2. */
import type { IdentityCallback, ParsedKey, SignCallback, SigningRequestOptions } from "ssh2";
import { BaseAgent, OpenSSHAgent } from "./ssh2.ts";

export interface AgentKey {
  readonly key: ParsedKey;
  /** base64. */
  readonly blob: string;
}

export class Agent {
  readonly #agent: SystemAgent;
  #keys: Promise<readonly AgentKey[]> | undefined;

  constructor(socketPath: string) {
    this.#agent = new OpenSSHAgent(socketPath);
  }

  /** Keys the agent holds, certificates and types ssh2 cannot use left out; rejects when the agent does not answer. */
  keys(): Promise<readonly AgentKey[]> {
    this.#keys ??= new Promise((resolve, reject) => {
      const timer = setTimeout(reject, LIST_MS, new Error("no answer"));
      this.#agent.getIdentities((error, keys) => {
        clearTimeout(timer);
        if (error) reject(error);
        else resolve((keys ?? []).flatMap((key) => ("getPublicSSH" in key ? [{ key, blob: blobOf(key) }] : [])));
      });
    });
    return this.#keys;
  }

  /** An agent for one connection that holds this one key. */
  only(key: ParsedKey): OneKeyAgent {
    return new OneKeyAgent(this.#agent, key);
  }
}

/** A local socket answers in milliseconds; an agent on a forwarded one may need a slow link's round trip. */
const LIST_MS = 5_000;

const blobOf = (key: ParsedKey): string => key.getPublicSSH().toString("base64");

type SystemAgent = InstanceType<typeof OpenSSHAgent>;

class OneKeyAgent extends BaseAgent<ParsedKey> {
  readonly #agent: SystemAgent;
  readonly #key: ParsedKey;

  constructor(agent: SystemAgent, key: ParsedKey) {
    super();
    this.#agent = agent;
    this.#key = key;
  }

  override getIdentities(callback: IdentityCallback<ParsedKey>): void {
    callback(undefined, [this.#key]);
  }

  override sign(
    key: ParsedKey,
    data: Buffer,
    options: SigningRequestOptions | SignCallback,
    callback?: SignCallback,
  ): void {
    if (typeof options === "function") this.#agent.sign(key, data, options);
    else this.#agent.sign(key, data, options, callback);
  }
}
