import type { Host } from "../domain/host.ts";
import type { HostName } from "../domain/ids.ts";
import type { Failure, Refusal } from "../domain/outcome.ts";
import type { Ran } from "../domain/ran.ts";
import { beginLine, commandScript, refusalPrefix } from "../remote/command-script.ts";
import type { Chunk } from "../transport/transport.ts";
import { Capture } from "./capture.ts";
import type { ExecContext } from "./exec.ts";
import type { Ending } from "./job.ts";
import { LineCutter } from "./line-cutter.ts";
import { watchLayers } from "./listen.ts";

/** How a command went on one host; `ran` is absent when it did not begin. */
export interface CommandRun {
  readonly ending: Ending;
  readonly ran?: Omit<Ran, "stdout" | "stderr"> & Record<"stdout" | "stderr", ReturnType<Capture["finish"]>>;
}

type End = Extract<Chunk, { kind: "exit" | "lost" }>;
type Streams = Readonly<Record<"stdout" | "stderr", Capture>>;

/** Runs the operator's command on one host and takes in what it writes. Never throws for the host's trouble. */
export const runCommand = async (context: ExecContext, host: Host): Promise<CommandRun> => {
  const { transport, emitter, texts, text, shellOptions, cutting } = context;
  const nonce = context.nonce();
  const script = commandScript({ nonce, text, shellOptions, asRoot: host.become !== "none" });
  const streams: Streams = {
    stdout: new Capture(beginLine(nonce), texts),
    stderr: new Capture(beginLine(nonce), texts),
  };
  const live = readAlong(context, host.name);
  const watch = watchLayers(context, host.name);
  let end: End | undefined;
  for await (const chunk of transport.run(host, script, cutting)) {
    if (chunk.kind === "layer") {
      watch.enter(chunk.layer);
      if (chunk.layer === "script") emitter.emit({ type: "host.phase", host: host.name, phase: "running" });
    } else if ("bytes" in chunk) live.push(chunk.kind, streams[chunk.kind].push(chunk.bytes));
    else end = chunk;
  }
  live.end();
  watch.stop();
  return understand(end ?? noEnd, streams, host, refusalPrefix(nonce));
};

/** Passes on lines as they end, where somebody reads along. */
const readAlong = ({ onLine }: ExecContext, host: HostName) => {
  const cutters = { stdout: new LineCutter(), stderr: new LineCutter() };
  const tell = (stream: keyof typeof cutters, lines: readonly string[]): void => {
    for (const text of lines) onLine?.({ host, stream, text });
  };
  return {
    push: (stream: keyof typeof cutters, bytes: Buffer): void => {
      if (onLine !== undefined) tell(stream, cutters[stream].push(bytes));
    },
    end: (): void => {
      tell("stdout", cutters.stdout.end());
      tell("stderr", cutters.stderr.end());
    },
  };
};

const noEnd: End = {
  kind: "lost",
  failure: { code: "E_LOST", message: "the connection ended without an exit status" },
  layer: "script",
  scriptSent: true,
};

const understand = (end: End, streams: Streams, host: Host, refusing: string): CommandRun => {
  const begun = streams.stdout.begun || streams.stderr.begun;
  const [stdout, stderr] = [streams.stdout.finish(), streams.stderr.finish()];
  if (end.kind === "lost") {
    const sent = begun || end.scriptSent === true;
    const ending = lostEnding(end.failure, sent);
    return begun ? { ending, ran: { partial: true, stdout, stderr } } : { ending };
  }
  if (!begun) return { ending: notBegun(end.status, streams, host, refusing) };
  const { status, signal } = end;
  return {
    ending: endingOf(status, signal),
    ran: { ...(status === null ? {} : { status }), ...(signal === undefined ? {} : { signal }), stdout, stderr },
  };
};

const endingOf = (status: number | null, signal: string | undefined): Ending => {
  if (status === 0) return { outcome: "changed" };
  const how = status === null ? `ended by signal ${signal ?? "unknown"}` : `exit status ${status}`;
  return { outcome: "failed", failure: { code: "E_EXIT", message: how } };
};

/** A command whose text was on its way may have run, and may still run. */
const lostEnding = (failure: Failure, sent: boolean): Ending => {
  if (failure.code === "E_BECOME") return { outcome: "refused", refusals: [failure] };
  if (!sent) return { outcome: "unreachable", failure };
  return { outcome: "unknown", failure: { ...failure, try: adviceOnLost[failure.code] ?? goLook } };
};

const goLook = "look on the host whether the command still runs, and what it did";
const adviceOnLost: Readonly<Partial<Record<Failure["code"], string>>> = {
  E_FLOOD: "send what it writes to a file on the host, or through head",
};

/** The text was not run: a shell or a become that said no, or a login that runs something else. */
const notBegun = (status: number | null, { stdout, stderr }: Streams, host: Host, refusing: string): Ending => {
  const refusal = stdout.noise.split("\n").find((line) => line.startsWith(refusing));
  if (refusal !== undefined) return refused({ code: "E_BECOME", message: refusal.slice(refusing.length) });
  const said = stderr.noise === "" ? "" : `: ${stderr.noise}`;
  const ended = `(exit status ${status ?? "none"})`;
  if (host.become !== "none" && status !== 0 && stdout.noise === "")
    return refused({
      code: "E_BECOME",
      message: `${host.become} did not start the command ${ended}${said}`,
      try: `let ${host.user} run /bin/sh as root without a password (${host.become}), or choose another --become`,
    });
  const begins = stdout.noise === "" ? "" : `, the answer begins: ${stdout.noise.split("\n")[0] ?? ""}`;
  return {
    outcome: "unreachable",
    failure: { code: "E_SHELL", message: `the command did not begin ${ended}${said}${begins}` },
  };
};

const refused = (refusal: Refusal): Ending => ({ outcome: "refused", refusals: [refusal] });
