/** Whoever evaluates ssh's configuration: ssh itself, or where there is none, this program. */
import type { Result } from "../domain/result.ts";
import type { SshQuestion } from "../inventory/ssh-defaults.ts";
import type { Dump } from "./dump.ts";
import type { Surroundings } from "./tokens.ts";

/** What decides which sections match. */
export type Destination = {
  readonly [field in "destination" | "user" | "port"]: SshQuestion[field];
};

/** Errors are phrases. */
export interface Evaluator {
  /** The dump of any destination without a configuration. */
  without(): Promise<Result<Dump, string>>;
  of(destination: Destination): Promise<Result<Dump, string>>;
  /** What to do about an error of this destination: the beginning of a sentence. */
  advice(destination: string): string;
}

export interface EvaluatorOptions extends Surroundings {
  /** A configuration in place of ssh's own files (ssh -F); `none`; undefined: ssh's own. */
  readonly file: string | undefined;
  readonly signal: AbortSignal;
}

/** ssh's own files, the stronger first (ssh_config(5)). */
export const SYSTEM_FILE = "/etc/ssh/ssh_config";
export const ownFile = (home: string): string => `${home}/.ssh/config`;
