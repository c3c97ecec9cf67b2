/** The password that sudo or su asks for: whether any host may ask, and asking for it once, before the first connection. */
import type { Host } from "../domain/host.ts";
import { type Complaint, err, ok, type Result } from "../domain/result.ts";
import { visibleSafe } from "../domain/safe-text.ts";
import { accountOf } from "../transport/become-way.ts";
import { complain, INTERRUPTED, type Io, isInteractive } from "./io.ts";
import { askPassphrase } from "./passphrase.ts";
import type { Connection } from "./request.ts";

type Asking = Pick<Connection, "askBecomePass">;

/** Accounts named in a question; a fleet has one or two. */
const MAX_NAMED = 3;

const usage = (what: string, hint: string): Complaint => ({ code: "E_USAGE", what, try: hint });

/** Why the selected hosts cannot be become root on as it was asked for; undefined when they can. */
export const becomeComplaint = (
  { askBecomePass }: Asking,
  io: Pick<Io, "stdin" | "stderr">,
  hosts: readonly Host[],
): Complaint | undefined => {
  const [first, ...more] = hosts.filter((host) => host.become === "su" && accountOf(host) !== undefined);
  if (!askBecomePass && first !== undefined)
    return usage(
      `${first.name}${more.length === 0 ? "" : ` and ${more.length} more`}: su asks for root's password`,
      "--ask-become-pass, or another --become",
    );
  if (!askBecomePass || isInteractive(io) || !hosts.some((host) => accountOf(host) !== undefined)) return undefined;
  return usage(
    "--ask-become-pass: there is no terminal to ask on",
    "run it in a terminal, or let sudo ask nothing: docs/how-to/become-root.md",
  );
};

/**
 * The password, which the caller wipes; undefined when it was not to be asked for or no selected host would want it. The
 * error is the exit status, after it was said why: Ctrl-C, the run's time was over, or nothing was typed.
 */
export const askBecomePassword = async (
  { askBecomePass, runTimeoutS }: Asking & Pick<Connection, "runTimeoutS">,
  io: Io,
  hosts: readonly Host[],
): Promise<Result<Buffer | undefined, number>> => {
  const asking = hosts.filter((host) => accountOf(host) !== undefined);
  if (!askBecomePass || asking.length === 0) return ok(undefined);
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  const forget = io.onSignal(stop);
  const deadline = setTimeout(stop, runTimeoutS * 1000);
  try {
    const dialogue = { input: io.stdin, output: io.stderr, signal: stopping.signal };
    const answer = await askPassphrase(questionFor(asking), dialogue);
    if (answer === "skip") {
      const hint = "without --ask-become-pass sudo asks for none; an empty one is not tried";
      return err(complain(io, [usage("no password was typed; no host was contacted", hint)]));
    }
    if (answer !== "stop" && !stopping.signal.aborted) return ok(answer);
    io.stderr.write("novasweep: stopped at a password; no host was contacted\n");
    return err(INTERRUPTED);
  } finally {
    clearTimeout(deadline);
    forget();
  }
};

/** Says whose password it is, and what for: `Password of deploy (sudo, 12 hosts): `. */
const questionFor = (hosts: readonly Host[]): string => {
  const counts = new Map<string, { account: string; become: string; hosts: number }>();
  for (const host of hosts) {
    const account = accountOf(host) ?? "";
    const key = `${host.become} ${account}`;
    const known = counts.get(key) ?? { account, become: host.become, hosts: 0 };
    counts.set(key, { ...known, hosts: known.hosts + 1 });
  }
  const named = [...counts.values()].map(
    ({ account, become, hosts: count }) =>
      `${visibleSafe(account, 40)} (${become}, ${count} ${count === 1 ? "host" : "hosts"})`,
  );
  const more = named.length - MAX_NAMED;
  return `Password of ${named.slice(0, MAX_NAMED).join(", ")}${more > 0 ? ` and ${more} more` : ""}: `;
};
