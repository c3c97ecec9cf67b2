/** Host keys for a person: the result of `novasweep hosts keys`, and the new ones of a run before it logs in anywhere. */
import type { KeyVerdict, NewKey, SeenKey } from "../domain/host-key.ts";
import { foldHosts } from "../domain/host-set.ts";
import type { Failure } from "../domain/outcome.ts";
import { visibleSafe } from "../domain/safe-text.ts";
import { hostsWords } from "./words.ts";

/** One host: its key, or why none was seen. */
export interface Looked {
  readonly host: string;
  readonly address: string;
  readonly port: number;
  readonly key?: SeenKey;
  readonly failure?: Failure;
}

/** Longest set of hosts before a key. */
const MAX_SET_CHARS = 200;

const verdicts: readonly KeyVerdict[] = ["revoked", "changed", "unknown", "match"];
const titles: Readonly<Record<KeyVerdict, string>> = {
  revoked: "revoked",
  changed: "changed",
  unknown: "not known",
  match: "known",
};

const policies = {
  strict: "no login there (--host-key-policy strict)",
  "accept-new": "each is accepted and recorded at its first login (--host-key-policy accept-new)",
} as const;

/** The new keys of a run. Lines of text, safe for a terminal. */
export const newKeyLines = (keys: readonly NewKey[], policy: keyof typeof policies): readonly string[] => [
  `host keys nobody knows yet, ${hostsWords(keys.length)}: ${policies[policy]}`,
  ...newKeys(keys),
  ...(policy === "strict"
    ? [
        "to accept them: compare them with the nodes' own, then add what novasweep hosts keys --format known_hosts prints, or --host-key-policy accept-new",
      ]
    : []),
];

/** Lines of text, safe for a terminal; the worst first. */
export const renderKeys = (all: readonly Looked[]): readonly string[] => [
  ...verdicts.flatMap((verdict) =>
    section(
      verdict,
      all.filter(({ key }) => key?.verdict === verdict),
    ),
  ),
  ...unseen(all.filter(({ key }) => key === undefined)),
];

const counted = (title: string, hosts: readonly Looked[]): string => `${title} ${hostsWords(hosts.length)}`;

const section = (verdict: KeyVerdict, hosts: readonly Looked[]): readonly string[] => {
  if (hosts.length === 0) return [];
  const title = counted(titles[verdict], hosts);
  if (verdict === "match") return [`${title}: ${foldHosts(hosts.map(({ host }) => host))}`];
  const keys = hosts.flatMap(({ host, key }) => (key === undefined ? [] : [{ host, key }]));
  return [title, ...(verdict === "unknown" ? newKeys(keys) : keys.map(({ host, key }) => keyLine(host, key)))];
};

/** A line a key. Hosts that show the same one stand together: they are copies of one machine, or one machine. */
const newKeys = (keys: readonly NewKey[]): readonly string[] => {
  const byKey = new Map<string, NewKey[]>();
  for (const one of keys) {
    const same = byKey.get(one.key.blob);
    if (same === undefined) byKey.set(one.key.blob, [one]);
    else same.push(one);
  }
  return [...byKey.values()].flatMap((same) => {
    const hosts = same.map(({ host }) => host);
    const line = same[0] && keyLine(foldHosts(hosts, MAX_SET_CHARS), same[0].key);
    return line === undefined ? [] : [hosts.length > 1 ? `${line}, one key for ${hosts.length} hosts` : line];
  });
};

/** The host set is cut, never the fingerprint behind it. */
const keyLine = (host: string, { type, fingerprint, known }: SeenKey): string => {
  const before = known === undefined ? "" : `, known: ${known.fingerprint} (${known.type}) in ${known.place}`;
  return `  ${visibleSafe(host, MAX_SET_CHARS)}  ${visibleSafe(`${fingerprint} (${type})${before}`)}`;
};

const unseen = (hosts: readonly Looked[]): readonly string[] =>
  hosts.length === 0
    ? []
    : [
        counted("unreachable", hosts),
        ...hosts.map(({ host, failure }) => visibleSafe(`  ${host}  ${failure?.code}  ${failure?.message}`)),
      ];

/** As JSON, one object. */
export const keysJson = (all: readonly Looked[]): string =>
  `${JSON.stringify(
    {
      v: 1,
      hosts: all.map(({ host, address, port, key, failure }) => ({
        host,
        address,
        port,
        verdict: key === undefined ? "unreachable" : key.verdict === "match" ? "known" : key.verdict,
        ...(key && { type: key.type, fingerprint: key.fingerprint, known: key.known ?? null }),
        ...(failure && { code: failure.code, message: failure.message }),
      })),
    },
    null,
    2,
  )}\n`;

/** Lines for a known_hosts file: the keys that nobody knows yet, and no others. */
export const keysAsKnownHosts = (all: readonly Looked[]): string =>
  all.flatMap(({ key }) => (key?.verdict === "unknown" ? [key.line] : [])).join("");

/** 4: a host was not reached; 6: a key changed or is revoked; 3: a key is not known; 0: all are known. */
export const keysExit = (all: readonly Looked[]): number => {
  if (all.some(({ key }) => key === undefined)) return 4;
  if (all.some(({ key }) => key?.verdict === "changed" || key?.verdict === "revoked")) return 6;
  return all.some(({ key }) => key?.verdict === "unknown") ? 3 : 0;
};
