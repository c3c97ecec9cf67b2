import type { HostName } from "./ids.ts";

/** How a host ended. Every selected host settles exactly once. */
export type Outcome = "in-sync" | "changed" | "drifted" | "refused" | "failed" | "unreachable" | "unknown" | "skipped";

export const outcomes: readonly Outcome[] = [
  "in-sync",
  "changed",
  "drifted",
  "refused",
  "failed",
  "unreachable",
  "unknown",
  "skipped",
];

/** Where a host is. */
export type Phase =
  | "queued"
  | "connecting"
  | "probing"
  | "running"
  | "planned"
  | "waiting"
  | "applying"
  | "verifying"
  | "settled";

/** Why a host did not end well: a stable code of docs/errors.md, a sentence, what to do. `message` may hold remote text, made visible-safe. */
export interface Failure {
  readonly code: FailureCode;
  readonly message: string;
  readonly try?: string;
}

/** Every stable code. docs/errors.md has a paragraph for each; a test compares. */
export const failureCodes = [
  // no complete answer: unreachable
  "E_RESOLVE",
  "E_CONNECT",
  "E_TIMEOUT",
  "E_HANDSHAKE",
  "E_HOSTKEY",
  "E_AUTH",
  "E_LOST",
  "E_GARBAGE",
  "E_FLOOD",
  "E_SHELL",
  // looked, but may not act: refused
  "E_BECOME",
  "E_UNSUPPORTED",
  "E_NOT_GLOBAL",
  "E_NO_NOVA",
  "E_BLIND",
  "E_BUSY",
  "E_STALE",
  "E_PENDING_BOOT",
  "E_PENDING_FOREIGN_CHANGE",
  "E_PACKAGED",
  "E_SERVICE_STATE",
  "E_LOCKED",
  "E_CONF_PARSE",
  "E_CONF_VALUE",
  "E_CONF_OWNER",
  "E_CONF_LINK",
  "E_CONF_ABSENT",
  "E_DATASET",
  "E_OVERLAP",
  "E_SNAPSHOTS",
  "E_QUOTA_BELOW_USE",
  "E_PATH_LINK",
  "E_IN_USE",
  "E_NOT_CACHE",
  "E_NOT_IN_FORCE",
  "E_LINT",
  "E_REPOSITORY",
  "E_PUBLISHED",
  // in apply: failed or unknown
  "E_NOT_WRITABLE",
  "E_EXIT",
  "E_STEP",
  "E_STEP_TIMEOUT",
  "E_HOST_TIMEOUT",
  "E_RESTART",
  "E_FLAPPING",
  "E_NOT_CONVERGED",
  "E_IN_TRANSITION",
  "E_STOPPED",
  // input: exit 2
  "E_USAGE",
  "E_INVENTORY",
  "E_SETTING",
  "E_PATTERN",
  "E_JOURNAL",
] as const;
export type FailureCode = (typeof failureCodes)[number];

/** A reason not to act on a host although it drifts. */
export interface Refusal {
  readonly code: FailureCode;
  readonly message: string;
  readonly try?: string;
}

export interface Settled {
  readonly host: HostName;
  readonly outcome: Outcome;
  readonly failure?: Failure;
  /** A sentence for a person: "takes effect when enabled", "restored". */
  readonly note?: string;
}

/** A refusal, with what to do about it. */
export const refusal = (code: FailureCode, message: string, hint: string): Refusal => ({ code, message, try: hint });

/** Names from a node are as many and as long as it likes: the first few say enough. */
export const some = (names: readonly string[]): string => {
  const shown = names.slice(0, 5).map((name) => (name.length > 120 ? `${name.slice(0, 120)}…` : name));
  return [...shown, ...(names.length > 5 ? [`${names.length - 5} more`] : [])].join(", ");
};
