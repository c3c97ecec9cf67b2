/**
 * Text only, never sends: joins the shell files into the scripts that a node runs.
 * May import domain; knows nothing of connections.
 */
import { readFileSync } from "node:fs";
import { type Change, mayBreakCompute } from "../domain/change.ts";
import { unreachable } from "../domain/result.ts";
import type { Settings } from "../domain/settings.ts";
import { quote } from "./quote.ts";
import { call } from "./step-calls.ts";

/** A file of sh/ without its comment lines: they are for us, not for the wire. */
const asset = (name: string): string =>
  readFileSync(new URL(`./sh/${name}`, import.meta.url), "utf8").replaceAll(/^[ \t]*#.*\n/gm, "");

export const CLEANER_FMRI = "svc:/site/nova-cache-cleanup:default";
export const METHOD_PATH = "/lib/svc/method/nova-cache-cleanup";
export const MANIFEST_PATH = "/lib/svc/manifest/site/nova-cache-cleanup.xml";

/** One tool of a node: `NAME TAB PATH TAB OPTIONS TAB SOURCE` in sh/tools.txt. */
export interface Tool {
  readonly name: string;
  readonly path: string;
  readonly options: string;
  readonly source: string;
}

/** Reads tools.txt; a path that is not absolute is a bug of ours. */
export const parseTools = (text: string): readonly Tool[] =>
  text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const [name = "", path = "", options = "", source = ""] = line.split("\t");
      if (!/^[A-Z][A-Z0-9_]*$/.test(name) || !/^\/[A-Za-z0-9/._-]+$/.test(path))
        throw new Error(`tools.txt: not NAME TAB /PATH: ${JSON.stringify(line)}`);
      return { name, path, options, source };
    });

const once = <T>(make: () => T): (() => T) => {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
};

const prelude = once(() => {
  const tools = parseTools(asset("tools.txt")).map(({ name, path }) => `${name}=${path}`);
  return ["# prelude", ...tools, "R=", "# end prelude"].join("\n");
});
const library = once(() => `${asset("lib.sh")}\n${asset("probe.sh")}`);
const applyLibrary = once(() => asset("apply.sh"));

/** Who asks: what every script is told, whatever it is for. */
export interface ScriptIds {
  readonly nonce: string;
  readonly run: string;
  readonly controller: string;
  readonly operator: string;
  /** The script of this run of which the probe shall say what it said. */
  readonly resultOf?: string;
}

/** What a probe is told. `wantUid` is `0`, or `any` for a read-only command that does not become root. */
export interface ScriptInputs extends ScriptIds {
  readonly wantUid: "0" | "any";
  readonly settings: Settings;
  /** Whether the probe shall send nova.conf when the value in force is not acceptable. */
  readonly sendConf: boolean;
}

/** Who asks for a change. */
export interface ChangeIds extends ScriptIds {
  /** What this script is called: its words are kept on the node under that name. */
  readonly script: string;
  /** What the record calls each of its steps. */
  readonly numbers: readonly number[];
}

/** What a script that changes a host is told besides. */
export interface TransactionInputs extends ScriptInputs, ChangeIds {
  readonly cacheDir: string;
  readonly expect: {
    readonly confDigest: string;
    readonly bootedAt: string;
    readonly serviceState: string;
    /** Digests of the cleaner's files; `-`: not there, empty: not looked at. */
    readonly method?: string;
    readonly manifest?: string;
  };
  readonly hostTimeoutS: number;
  readonly stepTimeoutS: number;
  readonly breakLock: boolean;
}

/** What a rollout's is told besides that. */
export interface ApplyInputs extends TransactionInputs {
  readonly changes: readonly Change[];
  readonly soakS: number;
  /** Seconds the node waits until nothing is being deployed on it. */
  readonly waitIdleS: number;
  readonly method: string;
  readonly manifest: string;
}

/** The script that looks and touches nothing. */
export const probeScript = (inputs: ScriptInputs, more: More = {}): string =>
  wrap([prelude(), values(common(inputs), more), library(), ...ownFiles(more), "begin", "probe"]);

/** What a script has besides the probe's own: variables by name, any text, and files of sh/. */
export interface More {
  readonly values?: Readonly<Record<string, string>>;
  readonly files?: readonly string[];
}

const values = (own: Readonly<Record<string, string>>, more: More): string => assignments({ ...own, ...more.values });
const ownFiles = ({ files = [] }: More): readonly string[] => files.map(asset);

/** The script that carries out one host's changes and looks again. */
export const applyScript = (inputs: ApplyInputs): string =>
  transactionScript(inputs, ["idle_check", ...calls(inputs)], { values: applyOnly(inputs) });

/** A script that changes a host: lock, preconditions, these calls, commit, and the probe whatever happened. */
export const transactionScript = (inputs: TransactionInputs, calls: readonly string[], more: More): string =>
  wrap([
    prelude(),
    values({ ...common(inputs), ...transactionOnly(inputs) }, more),
    library(),
    applyLibrary(),
    ...ownFiles(more),
    "begin",
    "apply_begin",
    ...calls,
    "commit",
  ]);

/** Line 1 is the umask; the wrapper (and the braces of the last line) makes a truncated upload run nothing; the trap comes after main (ksh93 scopes some traps). */
const wrap = (parts: readonly string[], onExit = "on_exit"): string =>
  ["umask 077", "main() {", ...parts, "}", `trap '${onExit} $?' EXIT`, "{ main </dev/null; }", ""].join("\n");

/** What a script is made of besides the prelude, `lib.sh` and its `begin`. */
export interface ScriptParts {
  /** Variables, by name; any text. */
  readonly values: Readonly<Record<string, string>>;
  /** Its own file of sh/. */
  readonly file: string;
  readonly calls: readonly string[];
  /** The function that gets the exit status on every way out, and calls `on_exit`. */
  readonly onExit: string;
}

/** A script that neither probes nor applies. */
export const ownScript = ({ values, file, calls, onExit }: ScriptParts): string =>
  wrap([prelude(), assignments(values), asset("lib.sh"), asset(file), "begin", ...calls], onExit);

const assignments = (values: Readonly<Record<string, string>>): string =>
  Object.entries(values)
    .map(([name, value]) => `${name}=${quote(value)}`)
    .join("\n");

const common = ({ settings, ...inputs }: ScriptInputs): Record<string, string> => ({
  N: inputs.nonce,
  RUN: inputs.run,
  CONTROLLER: inputs.controller,
  OPERATOR: inputs.operator,
  WANT_UID: inputs.wantUid,
  CONF: settings.novaConf,
  SERVICE: settings.novaService,
  SECTION: settings.novaSection,
  CLEANER: CLEANER_FMRI,
  METHOD: METHOD_PATH,
  MANIFEST: MANIFEST_PATH,
  DATASETS: datasetsToLookAt(settings).join(" "),
  DIRS: directoriesToLookAt(settings).join(" "),
  SEND_CONF: inputs.sendConf ? "1" : "0",
  PURGE: "",
  RESULT_OF: inputs.resultOf === undefined ? "" : `${inputs.run}-${inputs.resultOf}`,
  ORDER: settings.cacheOrder,
  MIN_AGE: String(settings.cacheMinAgeS),
  ...acceptable(settings),
});

const transactionOnly = ({ settings, ...inputs }: TransactionInputs): Record<string, string> => ({
  SCRIPT: inputs.script,
  EXPECT_CONF: inputs.expect.confDigest,
  EXPECT_BOOT: inputs.expect.bootedAt,
  EXPECT_STATE: inputs.expect.serviceState,
  EXPECT_METHOD: inputs.expect.method ?? "",
  EXPECT_MANIFEST: inputs.expect.manifest ?? "",
  HOST_TIMEOUT: String(inputs.hostTimeoutS),
  STEP_TIMEOUT: String(inputs.stepTimeoutS),
  SOAK: "0",
  WAIT_IDLE: "0",
  BREAK_LOCK: inputs.breakLock ? "1" : "0",
  CACHE_DIR: inputs.cacheDir,
  CACHE_OWNER: settings.cacheOwner,
});

/** What only the scripts of `rollout` and `rollback` are told. */
export const applyOnly = (inputs: ApplyInputs): Record<string, string> => ({
  SOAK: String(inputs.soakS),
  WAIT_IDLE: String(inputs.waitIdleS),
  METHOD_TEXT: inputs.method,
  MANIFEST_TEXT: inputs.manifest,
});

/** Every dataset any layout may choose, and the parents that would have to be made. `=` stands for the root pool. */
export const datasetsToLookAt = (settings: Settings): readonly string[] => [
  "=/export",
  "=/export/nova",
  "=/VARSHARE",
  "=/VARSHARE/nova/images",
  ...(settings.cacheDataset === undefined ? [] : [settings.cacheDataset]),
];

/** Every directory a decision may rest on; the one in force is added on the node. */
export const directoriesToLookAt = (settings: Settings): readonly string[] => [
  ...new Set([
    "/export/nova",
    "/export/nova/images",
    "/var/share/nova/images",
    "/var/lib/nova/images",
    ...(settings.cacheMountpoint === undefined ? [] : [settings.cacheMountpoint, `${settings.cacheMountpoint}/images`]),
    ...(settings.cacheDir === undefined ? [] : [settings.cacheDir]),
    ...(settings.legacyDirs === "auto" ? [] : settings.legacyDirs),
  ]),
];

/** The values in force with which nova.conf need not be sent: see the layouts of the reference. */
const acceptable = (settings: Settings): { ACCEPT: string; ACCEPT_DEFAULT: string } => {
  if (settings.cacheDir !== undefined) return { ACCEPT: settings.cacheDir, ACCEPT_DEFAULT: "" };
  if (settings.cacheMountpoint !== undefined)
    return { ACCEPT: `${settings.cacheMountpoint}/images`, ACCEPT_DEFAULT: "" };
  if (settings.cacheDataset !== undefined) return { ACCEPT: "", ACCEPT_DEFAULT: "" };
  switch (settings.cacheLayout) {
    case "auto":
      return { ACCEPT: "/export/nova/images", ACCEPT_DEFAULT: "/var/share/nova/images" };
    case "export":
      return { ACCEPT: "/export/nova/images", ACCEPT_DEFAULT: "" };
    case "varshare":
      return { ACCEPT: "/var/share/nova/images", ACCEPT_DEFAULT: "" };
    default:
      return unreachable(settings.cacheLayout);
  }
};

/** The call that carries out one change. */
export const step = (change: Change, number: number | undefined): string => {
  if (number === undefined) throw new Error(`${change.kind} has no number`);
  return `step ${number} ${call(change)}`;
};

/** The step calls, numbered as the plan's changes are, with the write proof and the second idle check in their places. */
const calls = ({ changes, numbers, cacheDir, settings }: ApplyInputs): readonly string[] => {
  const lines: string[] = [];
  const places = changes.findLastIndex(({ kind }) => kind.startsWith("dataset.") || kind === "directory.own");
  const proof = `step w write_proof ${quote(cacheDir)} ${quote(settings.cacheOwner)}`;
  let idle = false;
  if (places < 0) lines.push(proof);
  changes.forEach((change, at) => {
    if (!idle && mayBreakCompute(change)) {
      idle = true;
      lines.push("idle_check");
    }
    lines.push(step(change, numbers[at]));
    if (at === places) lines.push(proof);
  });
  return lines;
};
