/** Which keys one connection offers, in which order, and how to say that none was taken. */
import type { AnyAuthMethod, AuthHandlerMiddleware } from "ssh2";
import type { Failure } from "../domain/outcome.ts";
import type { Agent, AgentKey } from "./agent.ts";
import type { Identity } from "./identities.ts";
import { fingerprint } from "./known-hosts.ts";
import { printable } from "./server-hello.ts";

/** sshd cuts the connection at MaxAuthTries, 6 by default, and may then block our address: stop one short of it. */
const MAX_ATTEMPTS = 5;

interface Attempt {
  readonly label: string;
  readonly method: AnyAuthMethod;
}

export interface AuthOptions {
  readonly user: string;
  readonly identities: readonly Identity[];
  /** The files were named for this host: offer nothing else, as with OpenSSH's IdentitiesOnly. */
  readonly onlyThese: boolean;
  readonly agent: Agent | undefined;
  /** No key is left and none was accepted. */
  readonly onExhausted: (failure: Failure) => void;
}

/**
 * ssh2's authHandler: keys of files first (parsed already, so no `none` request and no parsing per host), then the agent's.
 * Never asks for a password. Calls `onExhausted` instead of ssh2 when nothing is left.
 */
export const authHandler = (options: AuthOptions): AuthHandlerMiddleware => {
  const attempts = attemptsOf(options);
  const tried: string[] = [];
  const trouble: string[] = [];
  return (methodsLeft: readonly string[] | null, partialSuccess, next) => {
    const proceed = async () => {
      if (methodsLeft === null || methodsLeft.includes("publickey")) {
        const { value } = tried.length < MAX_ATTEMPTS ? await attempts.next() : { value: undefined };
        if (value !== undefined && "method" in value) {
          tried.push(value.label);
          next(value.method);
          return;
        }
        if (value !== undefined) trouble.push(value.trouble);
      }
      options.onExhausted(
        partialSuccess === true
          ? partialFailure(options.user, methodsLeft ?? [])
          : refusedFailure(options, tried, trouble, methodsLeft ?? []),
      );
    };
    void proceed();
  };
};

/** Yields attempts; a trouble of the agent is what it ends with. */
async function* attemptsOf(options: AuthOptions): AsyncGenerator<Attempt, { readonly trouble: string } | undefined> {
  const { user: username, identities, onlyThese, agent } = options;
  const offered = new Set<string>();
  for (const identity of identities) {
    if (identity.kind !== "key") continue;
    const blob = identity.key.getPublicSSH().toString("base64");
    offered.add(blob);
    yield {
      label: `${identity.path} (${fingerprint(blob)})`,
      method: { type: "publickey", username, key: identity.key },
    };
  }
  const locked = new Set(identities.flatMap((identity) => (identity.kind === "locked" ? [identity.blob] : [])));
  if (agent === undefined || (onlyThese && locked.size === 0)) return undefined;
  let keys: readonly AgentKey[];
  try {
    keys = await agent.keys();
  } catch {
    return { trouble: "ssh-agent did not answer" };
  }
  const wanted = keys.filter(({ blob }) => !offered.has(blob) && (!onlyThese || locked.has(blob)));
  for (const { key, blob } of wanted.toSorted((a, b) => Number(locked.has(b.blob)) - Number(locked.has(a.blob)))) {
    const label = `ssh-agent's ${printable(key.comment || key.type, 60)} (${fingerprint(blob)})`;
    yield { label, method: { type: "agent", username, agent: agent.only(key) } };
  }
  return undefined;
}

const troubleOf = (identity: Identity): readonly string[] => {
  switch (identity.kind) {
    case "key":
      return [];
    case "absent":
      return [`${identity.path} is not there`];
    case "locked":
    case "unusable":
      return [`${identity.path} ${identity.why}`];
  }
};

const accepts = (methods: readonly string[]): string =>
  methods.length === 0 ? "" : `; the server accepts ${printable(methods.join(", "))}`;

const partialFailure = (user: string, methodsLeft: readonly string[]): Failure => ({
  code: "E_AUTH",
  message: `a key was accepted for ${user}, but the server asks for more${accepts(methodsLeft)}`,
  try: "let this user in with a key alone",
});

const refusedFailure = (
  { user, identities, onlyThese }: AuthOptions,
  tried: readonly string[],
  trouble: readonly string[],
  methodsLeft: readonly string[],
): Failure => {
  const what =
    tried.length === 0 ? `no key to offer for ${user}` : `no key was accepted for ${user}: tried ${tried.join(", ")}`;
  // A default file that is not there is worth a word only when nothing else was found.
  const worthAWord = identities.filter(({ kind }) => kind !== "absent" || onlyThese || tried.length === 0);
  return {
    code: "E_AUTH",
    message: [`${what}${accepts(methodsLeft)}`, ...worthAWord.flatMap(troubleOf), ...trouble].join("; "),
    try: identities.some(({ kind }) => kind === "locked")
      ? "load the key into ssh-agent (ssh-add), or name it with --identity in a terminal: there its passphrase is asked for"
      : "name the right key with --identity, load it into ssh-agent, or add it to the user's authorized_keys on the node",
  };
};
