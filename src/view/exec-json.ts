/** `exec --format json`: every output once with the hosts that gave it, then every host with how it ended. */
import { foldHosts } from "../domain/host-set.ts";
import { rowsOf } from "../domain/host-table.ts";
import type { KeptTexts } from "../domain/kept-texts.ts";
import type { Ran, StreamSum } from "../domain/ran.ts";
import type { RunState } from "../domain/run-state.ts";
import { safeJson, visibleSafe } from "../domain/safe-text.ts";
import { ranAlike } from "./exec-text.ts";

/** The document as pieces of text, so that nobody has to hold all outputs at once; each group on a line of its own. */
export function* execJson(state: RunState, texts: KeptTexts): Generator<string> {
  const { run, exec, tally } = state;
  const at = state.ended?.at ?? state.lastAt ?? null;
  yield `{"v":1,"run":${safeJson(run ?? null)},"at":${safeJson(at)},"exec":${safeJson(exec ?? null)},\n"outputs":[`;
  yield* listed(ranAlike(state), ({ hosts, ran }) => ({
    hosts,
    hostSet: foldHosts(hosts, Number.POSITIVE_INFINITY),
    ...endOf(ran),
    stdout: streamOf(ran.stdout, texts),
    stderr: streamOf(ran.stderr, texts),
  }));
  yield '],\n"hosts":[';
  yield* listed(rowsOf(state.hosts), (host) => {
    const reason = host.failure ?? host.refusals[0];
    return {
      name: host.host,
      outcome: host.outcome ?? null,
      status: host.ran?.status ?? null,
      failure: reason === undefined ? null : { code: reason.code, message: visibleSafe(reason.message) },
      note: host.note === undefined ? null : visibleSafe(host.note),
      tookMs: host.tookMs ?? null,
    };
  });
  yield `],\n"tally":${safeJson(tally)}}\n`;
}

const listed = function* <T>(all: Iterable<T>, shown: (one: T) => unknown): Generator<string> {
  let comma = "";
  for (const one of all) {
    yield `${comma}\n${safeJson(shown(one))}`;
    comma = ",";
  }
};

const endOf = ({ status, signal, partial }: Ran) => ({
  status: status ?? null,
  signal: signal ?? null,
  partial: partial ?? false,
});

/** `text` is what was kept, `keptBytes` how much of the stream that is; bytes that are no UTF-8 are U+FFFD in it. */
const streamOf = ({ bytes, digest }: StreamSum, texts: KeptTexts) => {
  const kept = texts.get(digest);
  return { text: kept?.text ?? (bytes === 0 ? "" : null), keptBytes: kept?.bytes ?? 0, bytes, digest };
};
