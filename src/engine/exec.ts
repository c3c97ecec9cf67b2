import pLimit from "p-limit";
import type { Asked } from "../domain/event.ts";
import { exitStatus } from "../domain/exit-status.ts";
import type { Host } from "../domain/host.ts";
import type { HostName, Seconds } from "../domain/ids.ts";
import type { KeptTexts } from "../domain/kept-texts.ts";
import { emptyTally, type Tally, tallied } from "../domain/tally.ts";
import type { RunContext } from "./context.ts";
import { JournalLost } from "./emitter.ts";
import type { Ending } from "./job.ts";
import { type CommandRun, runCommand } from "./run-command.ts";

type Shared =
  | "run"
  | "patterns"
  | "hosts"
  | "by"
  | "version"
  | "clock"
  | "elapsed"
  | "nonce"
  | "transport"
  | "emitter"
  | "parallel";

/** A line of a command that still runs, as it came: not safe for a terminal. */
export interface LiveLine {
  readonly host: HostName;
  readonly stream: "stdout" | "stderr";
  readonly text: string;
}

/** Everything one `exec` needs, made once by the composition root. */
export interface ExecContext extends Pick<RunContext, Shared | "stopping" | "cutting"> {
  readonly asked: Asked;
  /** What a shell on each host reads. */
  readonly text: string;
  /** Options for that shell; empty: none. */
  readonly shellOptions: string;
  /** Whether the journal gets what the command wrote. */
  readonly record: boolean;
  readonly texts: KeptTexts;
  readonly limits: { readonly hostTimeoutS: Seconds; readonly runTimeoutS: Seconds };
  /** Somebody who reads along; absent: nobody does. */
  readonly onLine?: ((line: LiveLine) => void) | undefined;
  /** Asks the person, or answers for `--yes`; undefined: no. */
  readonly accept: () => Promise<"typed" | "--yes" | undefined>;
}

/** One `exec` from the question to the tally: `parallel` hosts at a time, each on its own. */
export class Exec {
  readonly #context: ExecContext;
  readonly #settled = new Set<HostName>();
  /** One recorded output is on disk before the next is made: they are the only large events. */
  readonly #recording = pLimit(1);
  #tally: Tally = emptyTally;
  #stopped: string | undefined;
  #lost: JournalLost | undefined;

  constructor(context: ExecContext) {
    this.#context = context;
  }

  /** Asks, runs, and gives the exit status. Rejects only for a lost journal or a bug of ours. */
  async run(): Promise<number> {
    this.#begin();
    if (await this.#accepted()) await this.#runAll();
    if (this.#lost !== undefined) throw this.#lost;
    await this.#context.emitter.durable();
    return this.#end();
  }

  #begin(): void {
    const { emitter, patterns, hosts, by, version, parallel, limits, asked } = this.#context;
    emitter.emit({
      type: "run.started",
      command: "exec",
      check: false,
      patterns,
      hosts: hosts.map(({ name }) => name),
      by,
      version,
      limits: { parallel, ...limits },
      exec: asked,
    });
  }

  async #accepted(): Promise<boolean> {
    const { emitter, accept, hosts } = this.#context;
    const by = await accept();
    if (by === undefined) {
      emitter.emit({ type: "operator.acted", action: "declined" });
      this.#stopped = "the command was declined";
      return false;
    }
    emitter.emit({ type: "plan.accepted", by, changing: hosts.length });
    return true;
  }

  async #runAll(): Promise<void> {
    const { hosts, parallel, stopping } = this.#context;
    await pLimit(parallel).map(hosts, async (host) => {
      if (stopping.aborted || this.#lost !== undefined) return;
      try {
        await this.#runOne(host);
      } catch (error) {
        if (!(error instanceof JournalLost)) throw error;
        // Those that run finish; none starts any more.
        this.#lost ??= error;
      }
    });
    if (this.#settled.size < hosts.length && stopping.aborted) this.#stopped = String(stopping.reason);
  }

  async #runOne(host: Host): Promise<void> {
    const { emitter, elapsed } = this.#context;
    const began = elapsed();
    emitter.emit({ type: "host.phase", host: host.name, phase: "connecting" });
    // What is about to be done there is on record before it is done.
    await emitter.durable();
    const { ending, ran } = await runCommand(this.#context, host);
    if (ran !== undefined) await this.#told(host, ran);
    this.#settle(host, ending, elapsed() - began);
  }

  async #told(host: Host, { stdout, stderr, ...ran }: NonNullable<CommandRun["ran"]>): Promise<void> {
    const { emitter, record } = this.#context;
    const shown = ({ text, ...sum }: typeof stdout): typeof sum & { readonly text?: string } =>
      record ? { ...sum, text } : sum;
    const tell = (): void =>
      emitter.emit({ type: "host.ran", host: host.name, ...ran, stdout: shown(stdout), stderr: shown(stderr) });
    if (!record) return tell();
    await this.#recording(async () => {
      tell();
      await emitter.durable();
    });
  }

  #settle(host: Host, ending: Ending, tookMs: number): void {
    this.#settled.add(host.name);
    this.#tally = tallied(this.#tally, ending.outcome);
    this.#context.emitter.emit({ type: "host.settled", host: host.name, tookMs, ...ending });
  }

  #end(): number {
    const { hosts, emitter, cutting } = this.#context;
    const note = this.#stopped ?? "not reached";
    for (const host of hosts) if (!this.#settled.has(host.name)) this.#settle(host, { outcome: "skipped", note }, 0);
    const exit = exitStatus({
      tally: this.#tally,
      interrupted: cutting.aborted,
      stopped: this.#stopped !== undefined,
      driftCounts: false,
    });
    const reason = this.#stopped === undefined ? {} : { reason: this.#stopped };
    emitter.emit({ type: "run.settled", tally: this.#tally, exit, ...reason });
    return exit;
  }
}
