import { type Change, isPurge, purgeTarget, type StepKind } from "../domain/change.ts";
import type { EventBody, Purged } from "../domain/event.ts";
import type { Host } from "../domain/host.ts";
import type { Numbering } from "../domain/numbering.ts";
import type { Failure } from "../domain/outcome.ts";
import type { Changing } from "../domain/plan.ts";
import { parseLine, type ReplyLine } from "../remote/reply.ts";
import type { RunContext } from "./context.ts";
import { codeOf } from "./survey.ts";

/** What the record has already of what a script said. */
export interface Known {
  /** Events of lines that the node keeps too. */
  readonly said?: number;
  readonly purged?: readonly Purged[];
}

/** Follows the steps of one script: reports each as an event and keeps what the ending needs. */
export class StepWatch {
  readonly #context: RunContext;
  readonly #host: Host;
  readonly #plan: Changing;
  readonly #numbering: Numbering;
  failed: Failure | undefined;
  restored: "ok" | "fail" | undefined;
  restoreWords = "";
  unknown: string | undefined;
  committed = false;
  done = 0;
  /** The change under way. */
  #now: Change | undefined;
  /** What the steps say of themselves. */
  readonly results: string[] = [];
  /** What they say they took out. */
  readonly purged: Purged[] = [];
  /** Lines that the node keeps too, taken in so far. */
  #heard = 0;
  /** Events that come of the first of them, and are on record already. */
  #onRecord: number;
  #removedFiles = 0;
  readonly #did = new Set<Change>();

  constructor(
    context: RunContext,
    host: Host,
    plan: Changing,
    numbering: Numbering,
    { said = 0, purged = [] }: Known = {},
  ) {
    this.#context = context;
    this.#host = host;
    this.#plan = plan;
    this.#numbering = numbering;
    this.#onRecord = said;
    this.purged.push(...purged);
  }

  get plan(): Changing {
    return this.#plan;
  }

  /** It edited nova.conf, and what its EXIT path made of that is not known. */
  get leftEdit(): boolean {
    return (
      this.restored === undefined && [...this.#did].some(({ kind }) => kind === "conf.set" || kind === "conf.restore")
    );
  }

  /** Its script did something that stands: what it put back counts as not done. */
  get didSomething(): boolean {
    const isBack = ({ kind }: Change): boolean => this.restored === "ok" && putBack.has(kind);
    return this.purged.some(({ files }) => files > 0) || [...this.#did].some((change) => !isBack(change));
  }

  /** Changes that were accepted. */
  get of(): number {
    return this.#numbering.of;
  }

  /**
   * What the node kept of what its script said: the lines that did not come through are taken in now, and those before
   * this watch are gone through, for a line means something after the ones before it.
   */
  collect(lines: readonly string[]): void {
    for (; this.#heard < lines.length; this.#heard += 1) this.#take(lines[this.#heard] ?? "");
  }

  #take(text: string): void {
    const line = parseLine(`@n ${text}`, "@n ");
    if (kept.has(line.kind)) this.#understand(line);
  }

  get restarts(): boolean {
    return this.#plan.changes.some(({ kind }) => kind === "compute.restart");
  }

  accept(line: ReplyLine): void {
    if (kept.has(line.kind)) this.#heard += 1;
    this.#understand(line);
  }

  #understand(line: ReplyLine): void {
    switch (line.kind) {
      case "step":
        this.#step(line);
        return;
      case "restore":
        this.#report("restore", this.done, line);
        if (line.state !== "start") this.restored = line.state;
        this.restoreWords = line.text;
        return;
      case "unknown":
        this.unknown = line.text;
        return;
      case "commit":
        this.committed = true;
        this.#emit({ type: "host.phase", host: this.#host.name, phase: "verifying" });
        return;
      case "removed":
        this.#removed(line);
        return;
      case "purged":
        this.#purged(line);
        return;
      case "lock":
        this.#emit({ type: "lock.taken", host: this.#host.name, from: line.text });
        return;
      default:
        return;
    }
  }

  /** The change that is under way takes something out of a directory; its files are gone now. */
  #removed({ files }: Extract<ReplyLine, { kind: "removed" }>): void {
    const change = this.#now;
    if (change === undefined || !isPurge(change) || change.kind === "boot-environment.destroy") return;
    // A node that claims more than was there is not believed: the journal is not its to fill.
    this.#removedFiles += files.length;
    if (this.#removedFiles > this.#numbering.files) return;
    this.#emit({
      type: "host.removed",
      host: this.#host.name,
      directory: purgeTarget(change),
      files,
    });
  }

  #purged({ step, files, bytes, freed }: Extract<ReplyLine, { kind: "purged" }>): void {
    const change = this.#changeOf(step);
    if (change === undefined || !isPurge(change)) return;
    const purged: Purged = {
      change: change.kind,
      target: purgeTarget(change),
      files,
      bytes: change.kind === "boot-environment.destroy" ? change.bytes : bytes,
      announced: change.freed,
      ...(freed === undefined ? {} : { freedBytes: freed }),
    };
    // What is on record of it was given with it.
    if (this.#onRecord === 0) this.purged.push(purged);
    this.#emit({ type: "host.purged", host: this.#host.name, ...purged });
  }

  #changeOf(number: string): Change | undefined {
    return this.#plan.changes[this.#numbering.numbers.indexOf(Number(number))];
  }

  #step(line: Extract<ReplyLine, { kind: "step" }>): void {
    const change = this.#changeOf(line.step);
    const name = asides.get(line.step) ?? change?.kind;
    if (name === undefined) return;
    const at = asides.has(line.step) ? this.done : Number(line.step);
    this.#now = change;
    if (line.state === "ok" && line.text !== "") this.results.push(line.text);
    if (line.state === "ok") this.done = Math.max(this.done, at);
    if (line.state === "ok" && change !== undefined) this.#did.add(change);
    if (line.state === "fail") this.failed ??= { code: codeOf(line.code), message: line.text };
    this.#report(name, at, line);
  }

  #report(
    change: Parameters<typeof stepEvent>[2],
    step: number,
    line: { state: "start" | "ok" | "fail"; code: string; text: string },
  ): void {
    this.#emit(stepEvent(this.#host.name, [step, this.#numbering.of], change, line));
  }

  #emit(event: EventBody): void {
    if (this.#onRecord > 0) this.#onRecord -= 1;
    else this.#context.emitter.emit(event);
  }
}

/** What the node keeps of what its script says, for whoever comes back when the line broke. */
const kept: ReadonlySet<ReplyLine["kind"]> = new Set(["step", "removed", "purged", "restore"]);

/** What the EXIT path of a script undoes: nova.conf, and what nova-compute has read of it. */
const putBack: ReadonlySet<StepKind> = new Set(["conf.set", "conf.restore", "compute.restart"]);

/** Steps that are no change of the plan. */
const asides: ReadonlyMap<string, StepKind> = new Map([
  ["w", "write-proof"],
  ["i", "idle-wait"],
]);

const stepEvent = (
  host: string,
  [step, of]: readonly [number, number],
  change: StepKind,
  { state, code, text }: { state: "start" | "ok" | "fail"; code: string; text: string },
) =>
  ({
    type: "host.step",
    host,
    step,
    of,
    change,
    state,
    ...(state === "fail" ? { code } : {}),
    ...(text === "" ? {} : { message: text }),
  }) as const;
