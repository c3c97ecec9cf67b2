/** What OpenSSH's configuration is asked about a host, and what it may answer: a source weaker than the inventory. */
import { type Endpoint, SSH_PORT } from "../domain/host.ts";
import { type Complaint, ok, type Result } from "../domain/result.ts";
import type { JumpWord } from "./jump.ts";

/** As one would say it to ssh: what stronger sources have settled already decides which of its sections match. */
export interface SshQuestion {
  readonly destination: string;
  readonly user?: string;
  readonly port?: number;
  /** The bastions that a stronger source names; empty: none, whatever ssh's configuration says. */
  readonly jump?: readonly JumpWord[];
}

/** Fields are absent where the configuration says nothing. */
export interface SshAnswer extends Partial<Omit<Endpoint, "sshLegacy">> {
  /** Those of the question, or of the configuration, each with its own settings. */
  readonly jump: readonly Endpoint[];
  /** What it asks for that only ssh itself can do: a phrase. */
  readonly needsOpenssh?: string;
}

/** Answers in the order of the questions. */
export type AskSsh = (questions: readonly SshQuestion[]) => Promise<Result<readonly SshAnswer[], readonly Complaint[]>>;

/** A bastion of which only the words are known. It has nothing of the host's own: as with ssh, `--user` and `--identity` are the destination's. */
export const plainBastion = ({ address, user, port }: JumpWord, loginUser: string): Endpoint => ({
  address,
  port: port ?? SSH_PORT,
  user: user ?? loginUser,
  identityFiles: [],
  sshLegacy: "none",
});

/** The answers of an empty configuration. */
export const withoutSsh =
  (loginUser: string): AskSsh =>
  async (questions) =>
    ok(questions.map(({ jump = [] }) => ({ jump: jump.map((word) => plainBastion(word, loginUser)) })));
