/** Asks ssh what its configuration says of hosts and of the bastions before them, each once. */
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import type { Endpoint } from "../domain/host.ts";
import { type Complaint, err, isNonEmpty, ok, type Result } from "../domain/result.ts";
import type { JumpWord } from "../inventory/jump.ts";
import { type AskSsh, plainBastion, type SshAnswer, type SshQuestion, withoutSsh } from "../inventory/ssh-defaults.ts";
import { type RawAnswer, readAnswer } from "./answer.ts";
import { saysAnything } from "./content.ts";
import type { Dump } from "./dump.ts";
import { type Evaluator, type EvaluatorOptions, ownFile, SYSTEM_FILE } from "./evaluator.ts";
import { readsFiles } from "./reads-files.ts";
import { asksSsh, findSsh } from "./run-ssh.ts";

/** Each is a process, and a `Match exec` may wait for a directory service. */
const AT_ONCE = 16;
/** Bastions of bastions: beyond this they name each other. */
const MAX_DEPTH = 4;
const OWN_FILES = `~/.ssh/config, ${SYSTEM_FILE}`;

/** The way to ask for one run. Complaints: `E_SETTING`, each once however many hosts it concerns. */
export const sshConfig =
  (options: EvaluatorOptions): AskSsh =>
  async (questions) => {
    if (!isInUse(options)) return withoutSsh(options.localUser)(questions);
    const ssh = findSsh(options.env["PATH"]);
    const evaluator = ssh === undefined ? readsFiles(options) : asksSsh(ssh, options);
    return new Asking(evaluator, options).askAll(questions);
  };

const isInUse = ({ file, home }: EvaluatorOptions): boolean => {
  if (file === "none") return false;
  // One that was named and is not there is ssh's to complain about.
  if (file !== undefined) return !existsSync(file) || saysAnything(file, home, `${home}/.ssh`);
  return saysAnything(ownFile(home), home) || saysAnything(SYSTEM_FILE, home, dirname(SYSTEM_FILE));
};

/** `needs`: what one of them asks for that only ssh can do. */
interface Chain {
  readonly endpoints: readonly Endpoint[];
  readonly needs: string | undefined;
}

type Answered = Result<SshAnswer, string>;

/** What is known so far; every pair of words is asked for once. Errors are phrases. */
class Asking {
  readonly #evaluator: Evaluator;
  readonly #options: EvaluatorOptions;
  readonly #dumps = new Map<string, Promise<Result<Dump, string>>>();
  #without: Dump = new Map();

  constructor(evaluator: Evaluator, options: EvaluatorOptions) {
    this.#evaluator = evaluator;
    this.#options = options;
  }

  async askAll(questions: readonly SshQuestion[]): Promise<Result<readonly SshAnswer[], readonly Complaint[]>> {
    const without = await this.#evaluator.without();
    if (!without.ok) return err([this.#complaint(without.error, ["any host"])]);
    this.#without = without.value;
    const answers: Answered[] = [];
    const rest = questions.entries();
    const work = async (): Promise<void> => {
      for (const [at, question] of rest) answers[at] = await this.#answer(question);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    const complaints = this.#complaints(questions, answers);
    return isNonEmpty(complaints)
      ? err(complaints)
      : ok(answers.flatMap((answer) => (answer.ok ? [answer.value] : [])));
  }

  async #answer(question: SshQuestion, depth = 0): Promise<Answered> {
    const raw = await this.#raw(question);
    if (!raw.ok) return raw;
    const jump = await this.#chain(raw.value.jump, depth);
    if (!jump.ok) return jump;
    const { endpoints, needs } = jump.value;
    const needsOpenssh = raw.value.needsOpenssh ?? needs;
    return ok({ ...raw.value, jump: endpoints, ...(needsOpenssh === undefined ? {} : { needsOpenssh }) });
  }

  /** As with ssh -J a,b: only the first bastion may have bastions of its own. */
  async #chain(words: readonly JumpWord[], depth: number): Promise<Result<Chain, string>> {
    if (words.length > 0 && depth === MAX_DEPTH) return err(`bastions have bastions, more than ${MAX_DEPTH} deep`);
    const chain: Endpoint[] = [];
    let needs: string | undefined;
    for (const [at, word] of words.entries()) {
      const { address: destination, ...said } = word;
      const answer = await this.#answer({ destination, ...said, ...(at === 0 ? {} : { jump: [] }) }, depth + 1);
      if (!answer.ok) return answer;
      const { jump, needsOpenssh, ...settings } = answer.value;
      needs ??= needsOpenssh;
      chain.push(...jump, { ...plainBastion(word, this.#options.localUser), ...settings });
    }
    return ok({ endpoints: chain, needs });
  }

  async #raw(question: SshQuestion): Promise<Result<RawAnswer, string>> {
    const { destination, user, port } = question;
    const key = JSON.stringify([destination, user, port]);
    const dump = this.#dumps.get(key) ?? this.#evaluator.of({ destination, user, port });
    this.#dumps.set(key, dump);
    const done = await dump;
    return done.ok ? readAnswer(question, done.value, this.#without, this.#options) : done;
  }

  /** Each once, for it is often the same for all. */
  #complaints(questions: readonly SshQuestion[], answers: readonly Answered[]): readonly Complaint[] {
    const wrong = new Map<string, string[]>();
    for (const [at, { destination }] of questions.entries()) {
      const answer = answers[at];
      if (answer === undefined || answer.ok) continue;
      const those = wrong.get(answer.error);
      if (those === undefined) wrong.set(answer.error, [destination]);
      else those.push(destination);
    }
    return [...wrong].map(([why, destinations]) => this.#complaint(why, destinations));
  }

  #complaint(why: string, destinations: readonly string[]): Complaint {
    const { file } = this.#options;
    const [first, ...others] = destinations;
    const more = others.length > 0 ? ` and ${others.length} more` : "";
    return {
      code: "E_SETTING",
      what: `ssh's configuration for ${first}${more}: ${why}`,
      where: file ?? OWN_FILES,
      try: `${this.#evaluator.advice(first ?? "")}; --ssh-config none does without, and takes all from the inventory`,
    };
  }
}
