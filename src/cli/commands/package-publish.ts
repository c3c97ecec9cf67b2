/** `novasweep package publish`: the cleaner's package, linted and published through one host. */
import type { Host } from "../../domain/host.ts";
import { foldHosts } from "../../domain/host-set.ts";
import { type Complaint, err, ok, type Result } from "../../domain/result.ts";
import { visibleSafe } from "../../domain/safe-text.ts";
import { JournalLost } from "../../engine/emitter.ts";
import { type PublishContext, publishPackage } from "../../engine/publish.ts";
import type { ResolvedHost } from "../../inventory/settle.ts";
import { cleanerPackage } from "../../remote/payload/package.ts";
import { KnownFiles } from "../../transport/known-files.ts";
import { withAccess } from "../access.ts";
import { composePublish, openRecord, type PublishParts } from "../compose.ts";
import { confirm } from "../confirm.ts";
import { BAD_INPUT, complain, type Io, isInteractive } from "../io.ts";
import { journalLost, releaseRecord } from "../journal-ends.ts";
import type { PackagePublishRequest } from "../request.ts";
import { createLiveView, type LiveView } from "../screen.ts";
import { selectFor } from "../select.ts";
import { listenToSignals } from "../signals.ts";
import { version } from "../version.ts";
import { chooseWays } from "../ways.ts";

/** Selects, asks, publishes and prints; resolves with the exit status. */
export const packagePublishCommand = async (request: PackagePublishRequest, io: Io): Promise<number> => {
  const selected = await selectFor(request, io);
  if (!selected.ok) return complain(io, selected.error);
  const only = theOne(selected.value.hosts);
  if (!only.ok) return complain(io, [only.error]);
  if (!request.yes && !request.check && !isInteractive(io)) return complain(io, [nobodyToAsk]);
  const knownFiles = new KnownFiles();
  const ways = await chooseWays([only.value], request, io, knownFiles);
  if (!ways.ok) return complain(io, ways.error);
  // What the inventory says of becoming root is for nodes: a repository belongs to whoever keeps it, unless told.
  const hosts = ways.value.map((host): Host => ({ ...host, become: request.overrides.become ?? "none" }));
  return withAccess(request, io, hosts, knownFiles, async (access) => {
    const record = await openRecord(request.stateDir, io);
    if (record.ok) return runOn(request, io, hosts, { access, record: record.value });
    complain(io, [record.error]);
    return BAD_INPUT;
  });
};

const theOne = (hosts: readonly ResolvedHost[]): Result<ResolvedHost> => {
  const [host, ...others] = hosts;
  if (host !== undefined && others.length === 0) return ok(host);
  return err({
    code: "E_PATTERN",
    what: `--via names ${hosts.length} hosts: ${foldHosts(hosts.map(({ host: { name } }) => name))}`,
    try: "name one host: the repository is the same whichever it goes through",
  });
};

const nobodyToAsk: Complaint = {
  code: "E_USAGE",
  what: "there is no terminal to ask on before the package is published",
  try: "--yes publishes it unasked, --check only lints and looks",
};

const runOn = async (
  request: PackagePublishRequest,
  io: Io,
  [host]: readonly Host[],
  parts: Pick<PublishParts, "access" | "record">,
): Promise<number> => {
  if (host === undefined) throw new Error("a way for no host");
  const view = await createLiveView(request, io, Date.now);
  const signals = listenToSignals(io, view);
  const packaged = cleanerPackage(host.settings.cleanerPublisher);
  const accept = acceptor(request, io, view, host, packaged.fmri, signals.stopping);
  const hands = { cutting: signals.cutting, accept };
  const context = composePublish(request, io, host, { ...parts, packaged, view, hands, version: version() });
  signals.onStop(() => context.emitter.emit({ type: "operator.acted", action: "stopped" }));
  signals.onCut(() => context.emitter.emit({ type: "operator.acted", action: "cut" }));
  try {
    const exit = await publishPackage(context);
    show(request, io, view);
    return exit;
  } catch (error) {
    if (!(error instanceof JournalLost)) throw error;
    show(request, io, view);
    return journalLost(io, error);
  } finally {
    await view.close();
    await context.transport.close();
    await releaseRecord(parts.record, io);
    signals.forget();
  }
};

/** As pkgsend has it: the FMRI, and what is true of it. With ndjson the events are the result. */
const show = ({ output }: PackagePublishRequest, io: Io, view: LiveView): void => {
  const { published } = view.state();
  if (published === undefined || output === "ndjson") return;
  io.stdout.write(`${visibleSafe(published.fmri)}\n${published.before ? "ALREADY PUBLISHED" : "PUBLISHED"}\n`);
};

/** Says what would be published, as whom and through which host, and asks, unless `--yes` answered already. */
const acceptor =
  (
    request: PackagePublishRequest,
    io: Io,
    view: LiveView,
    host: Host,
    fmri: string,
    signal: AbortSignal,
  ): PublishContext["accept"] =>
  async () => {
    if (request.yes) return "--yes";
    await view.suspend();
    const as = host.become === "none" ? host.user : `root (${host.user}, by ${host.become})`;
    for (const line of [`publish  ${fmri}`, `to       ${request.repository}`, `through  ${host.name}, as ${as}`])
      io.stderr.write(`${visibleSafe(line)}\n`);
    const dialogue = { input: io.stdin, output: io.stderr, terminal: isInteractive(io), signal };
    const answer = await confirm(1, "publish through", dialogue);
    view.resume();
    return answer.ok && answer.value ? "typed" : undefined;
  };
