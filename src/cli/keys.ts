/** The keys of a run, opened before the first connection and before the screen has the terminal. */
import type { Endpoint } from "../domain/host.ts";
import { visibleSafe } from "../domain/safe-text.ts";
import { type AskPassphrase, KeyRing } from "../transport/key-ring.ts";
import { type Io, isInteractive } from "./io.ts";
import { askPassphrase } from "./passphrase.ts";

/** Default key files below `~/.ssh`, in the order they are offered. */
const defaultNames = ["id_ed25519", "id_ecdsa", "id_rsa"] as const;

export const defaultIdentityFiles = ({ home }: Pick<Io, "home">): readonly string[] =>
  defaultNames.map((name) => `${home}/.ssh/${name}`);

/**
 * The keys for these servers, bastions among them, with every passphrase asked for that is needed; undefined when the person stopped at a question,
 * or `runTimeoutS` passed over it, which is said. Without a terminal nothing is asked.
 */
export const openKeys = async (
  io: Io,
  servers: readonly Endpoint[],
  { runTimeoutS }: { readonly runTimeoutS: number },
): Promise<KeyRing | undefined> => {
  const keys = new KeyRing({
    identityFiles: defaultIdentityFiles(io),
    agentSocket: io.env["SSH_AUTH_SOCK"],
    homeDir: io.home,
  });
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  const forget = io.onSignal(stop);
  const deadline = setTimeout(stop, runTimeoutS * 1000);
  const ask: AskPassphrase = (path, wrong) => {
    if (wrong > 0) io.stderr.write("That does not open it. (Enter alone goes on without it.)\n");
    const shown = path.startsWith(`${io.home}/`) ? `~${path.slice(io.home.length)}` : path;
    const question = `Passphrase of ${visibleSafe(shown, 200)}: `;
    return askPassphrase(question, { input: io.stdin, output: io.stderr, signal: stopping.signal });
  };
  try {
    const unlocked = await keys.unlock(servers, isInteractive(io) ? ask : undefined);
    if (unlocked !== "stopped" && !stopping.signal.aborted) return keys;
    io.stderr.write("novasweep: stopped at a passphrase; no host was contacted\n");
    return undefined;
  } finally {
    clearTimeout(deadline);
    forget();
  }
};
