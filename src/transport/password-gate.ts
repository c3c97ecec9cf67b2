/**
 * Whether sudo or su may be started on a host. Accounts are locked after a few wrong passwords, and a fleet asks hundreds of
 * times at once: the first host goes alone. The others wait before they start it, not at its prompt: a prompt that nobody
 * answers counts as a wrong try with PAM modules that count. Pure but for the password itself, which the caller wipes.
 */
import type { Host } from "../domain/host.ts";
import { accountOf } from "./become-way.ts";

/** Whether a connection may go on, or on which host the password was wrong. */
export type Answer = { readonly kind: "go" } | { readonly kind: "hold"; readonly wrongOn: string };

/** One connection. Whatever becomes of it, `leave` ends its turn. */
export interface Turn {
  /**
   * To be called before sudo or su is started; `onAnswer` is called once, at once or later, or never after `leave`. Who is
   * `connected` already goes before those that may be dead.
   */
  ask(onAnswer: (answer: Answer) => void, connected: boolean): void;
  /** It became root; `told`: with the password, not without being asked. */
  accepted(told: boolean): void;
  /** The password was told and did not open the way. */
  rejected(): void;
  /** It is gone and said nothing about the password. No effect after the other two. */
  leave(): void;
}

interface Waiting {
  readonly host: string;
  readonly connected: boolean;
  readonly onAnswer: (answer: Answer) => void;
}

/** What is known of the password of one account. */
class Account {
  /** The first host that did not take it, before any did. */
  wrongOn: string | undefined;
  right = false;
  readonly passed = new Set<string>();
  readonly failed = new Set<string>();
  first: Waiting | undefined;
  readonly waiting = new Set<Waiting>();
  #answering = false;
  #changed = false;

  /** What is known for a host; undefined: nothing yet. */
  answerFor(host: string): Answer | undefined {
    if (this.failed.has(host)) return { kind: "hold", wrongOn: host };
    if (this.right || this.passed.has(host)) return { kind: "go" };
    return this.wrongOn === undefined ? undefined : { kind: "hold", wrongOn: this.wrongOn };
  }

  /** Answers those who wait as far as they can be: all, or the one who is the next first. An answer may end turns, and so call this again. */
  goOn(): void {
    this.#changed = true;
    if (this.#answering) return;
    this.#answering = true;
    while (this.#changed) {
      this.#changed = false;
      this.#answerOnce();
    }
    this.#answering = false;
  }

  #answerOnce(): void {
    for (const one of [...this.waiting].sort((a, b) => Number(b.connected) - Number(a.connected))) {
      // An answer may end other turns.
      if (!this.waiting.has(one)) continue;
      const known = this.answerFor(one.host);
      if (known === undefined && this.first !== undefined) continue;
      this.waiting.delete(one);
      if (known === undefined) this.first = one;
      one.onAnswer(known ?? { kind: "go" });
    }
  }
}

export class PasswordGate {
  readonly password: Buffer;
  readonly #accounts = new Map<string, Account>();

  constructor(password: Buffer) {
    this.password = password;
  }

  /** The host where the password was wrong, when that means that this one is not even to be asked for it. */
  wrongOn(host: Host): string | undefined {
    const answer = this.#account(host)?.answerFor(host.name);
    return answer?.kind === "hold" ? answer.wrongOn : undefined;
  }

  /** The turn of one connection to a host; undefined: nobody asks for a password there. */
  turn(host: Host): Turn | undefined {
    const account = this.#account(host);
    if (account === undefined) return undefined;
    let mine: Waiting | undefined;
    let over = false;
    const end = (note: () => void): void => {
      if (over) return;
      over = true;
      note();
      if (mine !== undefined) account.waiting.delete(mine);
      if (account.first === mine) account.first = undefined;
      account.goOn();
    };
    return {
      ask: (onAnswer, connected) => {
        mine = { host: host.name, connected, onAnswer };
        account.waiting.add(mine);
        account.goOn();
      },
      accepted: (told) =>
        end(() => {
          account.passed.add(host.name);
          if (told) account.right = true;
        }),
      rejected: () =>
        end(() => {
          account.failed.add(host.name);
          if (!account.right) account.wrongOn ??= host.name;
        }),
      leave: () => end(() => {}),
    };
  }

  #account(host: Host): Account | undefined {
    const name = accountOf(host);
    if (name === undefined) return undefined;
    const key = `${host.become} ${name}`;
    const known = this.#accounts.get(key) ?? new Account();
    this.#accounts.set(key, known);
    return known;
  }
}
