/** `novasweep exec`: one command on the selected hosts, what they wrote folded on stdout. */
import type { Asked } from "../../domain/event.ts";
import type { Host } from "../../domain/host.ts";
import { foldHosts } from "../../domain/host-set.ts";
import { KeptTexts } from "../../domain/kept-texts.ts";
import { ok, type Result } from "../../domain/result.ts";
import { visibleSafe } from "../../domain/safe-text.ts";
import { JournalLost } from "../../engine/emitter.ts";
import { Exec, type ExecContext } from "../../engine/exec.ts";
import { KnownFiles } from "../../transport/known-files.ts";
import { execJson } from "../../view/exec-json.ts";
import { execLines, streamedLine } from "../../view/exec-text.ts";
import { askedWords, hostsWords } from "../../view/words.ts";
import { withAccess } from "../access.ts";
import { composeExec, type ExecParts, type ExecWork, openRecord } from "../compose.ts";
import { confirm } from "../confirm.ts";
import { BAD_INPUT, complain, type Io, isInteractive } from "../io.ts";
import { journalLost, releaseRecord } from "../journal-ends.ts";
import type { ExecRequest } from "../request.ts";
import { createLiveView, type LiveView } from "../screen.ts";
import { readScript } from "../script-file.ts";
import { selectFor } from "../select.ts";
import { listenToSignals } from "../signals.ts";
import { version } from "../version.ts";
import { chooseWays } from "../ways.ts";

/** All outputs together, those being received included, bytes: a thousand that differ at 256 KiB each. */
const MAX_TEXTS_BYTES = 256 * 1024 ** 2;
/** Host sets on a terminal, characters: ten lines of it. In a pipe they are whole. */
const TERMINAL_SET_CHARS = 800;

/** Selects, asks, runs and prints; resolves with the exit status. */
export const execCommand = async (request: ExecRequest, io: Io): Promise<number> => {
  const work = workOf(request, io);
  if (!work.ok) return complain(io, [work.error]);
  const selected = await selectFor(request, io);
  if (!selected.ok) return complain(io, selected.error);
  if (!request.yes && !isInteractive(io))
    return complain(io, [
      {
        code: "E_USAGE",
        what: "there is no terminal to ask on before the command runs",
        try: "--yes runs it unasked, novasweep inventory shows the hosts",
      },
    ]);
  // What the inventory says of becoming root is for our own scripts: a command runs as who logs in, unless told.
  const become = request.overrides.become ?? "none";
  const knownFiles = new KnownFiles();
  const ways = await chooseWays(selected.value.hosts, request, io, knownFiles);
  if (!ways.ok) return complain(io, ways.error);
  const hosts = ways.value.map((host): Host => ({ ...host, become }));
  return withAccess(request, io, hosts, knownFiles, (access) =>
    recorded(request, io, hosts, { access, work: work.value }),
  );
};

/** Opens the record of the run and runs it; what nobody could look up later does not run. */
const recorded = async (
  request: ExecRequest,
  io: Io,
  hosts: readonly Host[],
  parts: Pick<ExecParts, "access" | "work">,
): Promise<number> => {
  const record = await openRecord(request.stateDir, io);
  if (record.ok) return runOver(request, io, hosts, { ...parts, record: record.value });
  complain(io, [record.error]);
  return BAD_INPUT;
};

const workOf = ({ what }: ExecRequest, { workingDirectory }: Io): Result<ExecWork> =>
  what.kind === "script"
    ? readScript(what.file, workingDirectory)
    : ok({ asked: what, text: what.text, shellOptions: "" });

const runOver = async (
  request: ExecRequest,
  io: Io,
  hosts: readonly Host[],
  parts: Pick<ExecParts, "access" | "record" | "work">,
): Promise<number> => {
  const view = await createLiveView(request, io, Date.now);
  const signals = listenToSignals(io, view);
  const texts = new KeptTexts(MAX_TEXTS_BYTES);
  const accept = acceptor(request, io, view, hosts, parts.work.asked, signals.stopping);
  const hands = { stopping: signals.stopping, cutting: signals.cutting, accept };
  const onLine = readerFor(request, io, view);
  const context = composeExec(request, io, hosts, { ...parts, view, texts, hands, onLine, version: version() });
  signals.onStop(() => context.emitter.emit({ type: "operator.acted", action: "stopped" }));
  signals.onCut(() => context.emitter.emit({ type: "operator.acted", action: "cut" }));
  const deadline = setTimeout(() => signals.stop("the run's time is over (--run-timeout)"), request.runTimeoutS * 1000);
  try {
    const exit = await new Exec(context).run();
    await show(request, io, view, texts);
    return exit;
  } catch (error) {
    if (!(error instanceof JournalLost)) throw error;
    // What came before the record broke is shown: it stands nowhere else.
    await show(request, io, view, texts);
    return journalLost(io, error);
  } finally {
    await view.close();
    clearTimeout(deadline);
    await context.transport.close();
    await releaseRecord(parts.record, io);
    signals.forget();
  }
};

/** Who reads along: stdout, or the screen. */
const readerFor = ({ format, output }: ExecRequest, io: Io, view: LiveView): ExecContext["onLine"] => {
  const { heard } = view;
  if (format === "stream" && output !== "ndjson")
    return ({ host, stream, text }) => io.stdout.write(`${streamedLine(host, stream, text)}\n`);
  return heard === undefined ? undefined : ({ host, text }) => heard(host, text);
};

/** Results on stdout before the last words on stderr: where both are one terminal, the totals stand last. */
const show = async (request: ExecRequest, io: Io, view: LiveView, texts: KeptTexts): Promise<void> => {
  await view.suspend();
  // With ndjson the events are the result, and a stream has been shown.
  if (request.output === "ndjson" || request.format === "stream") return;
  const state = view.state();
  const maxSetChars = io.stdout.isTTY ? TERMINAL_SET_CHARS : Number.POSITIVE_INFINITY;
  const pieces =
    request.format === "json" ? execJson(state, texts) : execLines(state, texts, { diff: request.diff, maxSetChars });
  writeAll(pieces, request.format === "json" ? "" : "\n", io);
};

/** Characters that go to stdout in one write: a write for every line of a long output costs more than the line. */
const WRITE_CHARS = 64 * 1024;

const writeAll = (pieces: Iterable<string>, end: string, io: Io): void => {
  let text = "";
  for (const piece of pieces) {
    text += piece + end;
    if (text.length < WRITE_CHARS) continue;
    io.stdout.write(text);
    text = "";
  }
  io.stdout.write(text);
};

/** Says what would run, as whom and where, and asks, unless `--yes` answered already. */
const acceptor =
  (request: ExecRequest, io: Io, view: LiveView, hosts: readonly Host[], asked: Asked, signal: AbortSignal) =>
  async (): Promise<"typed" | "--yes" | undefined> => {
    if (request.yes) return "--yes";
    await view.suspend();
    const names = hosts.map(({ name }) => name);
    const lines = [
      `run      ${askedWords(asked)}`,
      `as       ${usersWords(hosts)}`,
      `on       ${hostsWords(hosts.length)}: ${foldHosts(names)}`,
    ];
    for (const line of lines) io.stderr.write(`${line}\n`);
    const dialogue = { input: io.stdin, output: io.stderr, terminal: isInteractive(io), signal };
    const answer = await confirm(hosts.length, "run it on", dialogue);
    view.resume();
    return answer.ok && answer.value ? "typed" : undefined;
  };

/** `deploy`, or `root (deploy, by sudo)`; several logins are all named. */
const usersWords = (hosts: readonly Host[]): string => {
  const users = [...new Set(hosts.map(({ user }) => user))].join(", ");
  const become = hosts[0]?.become ?? "none";
  return visibleSafe(become === "none" ? users : `root (${users}, by ${become})`);
};
