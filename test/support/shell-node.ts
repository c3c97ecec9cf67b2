/** One simulated node that runs a remote script under a chosen shell, without a server between. */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Change } from "../../src/domain/change.ts";
import type { Facts } from "../../src/domain/facts.ts";
import type { PurgeAsked } from "../../src/domain/purge/asked.ts";
import { defaultSettings, type Settings } from "../../src/domain/settings.ts";
import { createNode } from "../../src/lab/node.ts";
import type { NodeSpec } from "../../src/lab/node-spec.ts";
import { replacePrelude } from "../../src/lab/prelude.ts";
import { readFacts } from "../../src/remote/facts-reply.ts";
import { cleanerPackage } from "../../src/remote/payload/package.ts";
import { type PublishInputs, publishScript } from "../../src/remote/publish-script.ts";
import { purgeLookScript, purgeScript } from "../../src/remote/purge-script.ts";
import { parseLine } from "../../src/remote/reply.ts";
import { ReplyStore } from "../../src/remote/reply-store.ts";
import { rollbackScript } from "../../src/remote/rollback-script.ts";
import {
  type ApplyInputs,
  applyScript,
  probeScript,
  type ScriptInputs,
  transactionScript,
} from "../../src/remote/script.ts";

/** The target's own shell first, then the three that stand for "POSIX". */
export const shells: readonly (readonly [string, readonly string[]])[] = [
  ["ksh93", ["/usr/bin/ksh93"]],
  ["dash", ["/usr/bin/dash"]],
  ["bash --posix", ["/usr/bin/bash", "--posix"]],
  ["busybox sh", ["/usr/bin/busybox", "sh"]],
];

export const NONCE = "00c0ffee";
export const RUN = "20261122-101500-ab12cd";
/** The script of the run that changes the node. */
export const SCRIPT = "0a1b2c3d";
export const digestOf = (bytes: string | Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
  /** Lines of ours, without the nonce. */
  readonly lines: readonly string[];
}

export interface Running {
  readonly child: ChildProcess;
  /** Settles when a line of ours begins with the text; fails when the script ends first. */
  until(start: string): Promise<void>;
  readonly ended: Promise<Ended>;
}

export interface StartOptions {
  /** Identity the simulators act with. */
  readonly as?: string;
  /** A real uid to run with, when the tests run as root. */
  readonly uid?: number;
}

export interface ShellNode {
  readonly dir: string;
  /** The node's file tree, `R` of a script. */
  readonly root: string;
  readonly state: string;
  read(path: string): string;
  write(path: string, text: string): void;
  /** Puts a program of the test in a tool's place; `real` in its text stands for the tool it replaces. */
  replaceTool(name: string, text: string): void;
  start(shell: readonly string[], script: string, options?: StartOptions): Running;
  run(shell: readonly string[], script: string, options?: StartOptions): Promise<Ended>;
  remove(): void;
}

const simSource = fileURLToPath(new URL("../../src/lab/sim", import.meta.url));

const prefix = `@${NONCE} `;
const ours = (out: string): readonly string[] =>
  out
    .split("\n")
    .filter((line) => line.startsWith(prefix))
    .map((line) => line.slice(prefix.length));

/** No tool is found by name: whatever a script runs must come from its prelude. */
const NO_PATH = "/nonexistent";

const watch = (child: ChildProcess): Running => {
  let out = "";
  let err = "";
  const waiting: { readonly start: string; resolve(): void; reject(cause: Error): void }[] = [];
  const look = (): void => {
    for (const one of waiting) if (ours(out).some((line) => line.startsWith(one.start))) one.resolve();
  };
  child.stdout?.setEncoding("latin1").on("data", (text: string) => {
    out += text;
    look();
  });
  child.stderr?.setEncoding("latin1").on("data", (text: string) => {
    err += text;
  });
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (status, signal) => {
      resolve({ status, signal, out, err, lines: ours(out) });
      for (const one of waiting) one.reject(new Error(`ended before "${one.start}": ${out}\n${err}`));
    });
  });
  const until = (start: string): Promise<void> =>
    new Promise((resolve, reject) => {
      waiting.push({ start, resolve, reject });
      look();
    });
  return { child, until, ended };
};

/** A node of the lab in a directory of its own. `seed` varies its images. */
export const makeShellNode = (spec: Partial<NodeSpec> = {}): ShellNode => {
  const base = mkdtempSync(join(tmpdir(), "novasweep-shell-"));
  // A script may run with another uid.
  chmodSync(base, 0o755);
  const dir = join(base, "node");
  const sim = join(base, "sim");
  cpSync(simSource, sim, { recursive: true });
  const simulators = new Set(readdirSync(sim));
  for (const name of simulators) chmodSync(join(sim, name), 0o755);
  createNode(dir, { name: "cn01", release: "juno", layout: "legacy", ...spec }, 1, Date.now());
  const root = join(dir, "root");
  const replaced = new Map<string, string>();

  const prepared = (script: string, shell: readonly string[]): string => {
    const table = { root, simDir: sim, simulators, shell: shell.length === 1 ? (shell[0] ?? "") : "/bin/sh" };
    let text = replacePrelude(script, table);
    for (const [name, body] of replaced) {
      text = text.replace(new RegExp(`^${name}=(.*)$`, "m"), (_line, real: string) => {
        const path = join(base, name);
        writeFileSync(path, `#!/bin/sh\nreal=${real}\n${body}\n`, { mode: 0o755 });
        return `${name}='${path}'`;
      });
    }
    return text;
  };

  const start = (shell: readonly string[], script: string, options: StartOptions = {}): Running => {
    const [command = "", ...args] = shell;
    const child = spawn(command, [...args, "-s"], {
      cwd: "/",
      env: { LAB_NODE: dir, LAB_SIM: sim, LAB_USER: options.as ?? "root", PATH: NO_PATH },
      stdio: ["pipe", "pipe", "pipe"],
      ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
    });
    child.stdin.on("error", () => {});
    child.stdin.end(prepared(script, shell), "latin1");
    return watch(child);
  };

  return {
    dir,
    root,
    state: join(dir, "state"),
    read: (path) => readFileSync(join(root, path), "latin1"),
    write: (path, text) => {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text, "latin1");
    },
    replaceTool: (name, body) => {
      replaced.set(name, body);
    },
    start,
    run: (shell, script, options) => start(shell, script, options).ended,
    remove: () => rmSync(base, { recursive: true, force: true }),
  };
};

const inputs = (settings: Partial<Settings>): ScriptInputs => ({
  nonce: NONCE,
  run: RUN,
  controller: "admin01",
  operator: "ops",
  wantUid: "0",
  settings: { ...defaultSettings, ...settings },
  sendConf: false,
});

export const probeOf = (more: Partial<ScriptInputs> = {}): string => probeScript({ ...inputs({}), ...more });

export const publishOf = (more: Partial<PublishInputs> = {}): string =>
  publishScript({
    nonce: NONCE,
    wantUid: "any",
    packaged: cleanerPackage("site"),
    repository: "/repo",
    check: false,
    hostTimeoutS: 60,
    ...more,
  });

/** Fast enough for a test, long enough for the lab's flapping service (it lives 1.2 s). */
const SOAK_S = 2;

const applyInputs = (changes: readonly Change[], more: Partial<ApplyInputs>): ApplyInputs => ({
  ...inputs({}),
  script: SCRIPT,
  numbers: changes.map((_, at) => at + 1),
  changes,
  cacheDir: "/export/nova/images",
  expect: { confDigest: "-", bootedAt: "-", serviceState: "-" },
  hostTimeoutS: 120,
  stepTimeoutS: 30,
  soakS: SOAK_S,
  breakLock: false,
  waitIdleS: 0,
  method: "#!/bin/sh\nexit 0\n",
  manifest: manifestText,
  ...more,
});

export const applyOf = (changes: readonly Change[], more: Partial<ApplyInputs> = {}): string =>
  applyScript(applyInputs(changes, more));

export const rollbackOf = (changes: readonly Change[], more: Partial<ApplyInputs> = {}): string =>
  rollbackScript(applyInputs(changes, more));

/** A transaction of steps that stand in another file of sh/. */
export const transactionOf = (file: string, calls: readonly string[], more: Partial<ApplyInputs> = {}): string =>
  transactionScript(applyInputs([], more), calls, { files: ["purge.sh", file] });

export const purgeLookOf = (asked: PurgeAsked, settings: Partial<Settings> = {}): string => {
  const { wantUid: _w, sendConf: _s, settings: all, ...ids } = inputs(settings);
  return purgeLookScript(ids, all, asked);
};

/** A purge that expects nothing of nova.conf and nova-compute; `more` may say it does. */
export const purgeOf = (
  asked: PurgeAsked,
  changes: readonly Change[],
  { settings = {}, ...more }: Partial<Omit<ApplyInputs, "settings">> & { readonly settings?: Partial<Settings> } = {},
): string => purgeScript(applyInputs(changes, { ...inputs(settings), ...more }), asked, changes);

/** A manifest of the cleaner, as short as the simulators take one. */
export const manifestText = `<?xml version="1.0"?>
<!DOCTYPE service_bundle SYSTEM "/usr/share/lib/xml/dtd/service_bundle.dtd.1">
<service_bundle type="manifest" name="site/nova-cache-cleanup">
  <service version="1" type="service" name="site/nova-cache-cleanup">
    <dependency restart_on="none" type="service" name="nova-compute" grouping="require_all">
      <service_fmri value="svc:/application/openstack/nova/nova-compute"/>
    </dependency>
    <instance enabled="false" name="default">
      <periodic_method period="3600" delay="60" jitter="300" exec="/lib/svc/method/nova-cache-cleanup" timeout_seconds="0"/>
      <property_group name="config" type="application">
        <propval name="dataset" type="astring" value=""/>
      </property_group>
    </instance>
  </service>
</service_bundle>
`;

/** The change that puts `line` behind the commented default of glancecache_dirname. */
export const confSet = (
  before: string,
  line = "glancecache_dirname=/export/nova/images\n",
): { readonly change: Change; readonly after: string } => {
  const at = before.indexOf("\n", before.indexOf("#glancecache_dirname")) + 1;
  const after = before.slice(0, at) + line + before.slice(at);
  const bytes = (text: string): Buffer => Buffer.from(text, "latin1");
  return {
    after,
    change: {
      kind: "conf.set",
      path: "/etc/nova/nova.conf",
      section: "DEFAULT",
      key: "glancecache_dirname",
      to: "/export/nova/images",
      patch: {
        offset: at,
        length: 0,
        rangeDigest: digestOf(""),
        replacement: bytes(line).toString("base64"),
        before: digestOf(bytes(before)),
        after: digestOf(bytes(after)),
        line: before.slice(0, at).split("\n").length,
        newLine: line.trimEnd(),
      },
    },
  };
};

/** The answer of a probe, as the controller keeps it. */
export const replyOf = (ended: Ended): ReplyStore => {
  const store = new ReplyStore();
  for (const line of ended.lines) store.accept(parseLine(`@${NONCE} ${line}`, `@${NONCE} `));
  return store;
};

/** What a probe's answer says; throws with the whole of it when it cannot be read. */
export const factsOf = (ended: Ended): Facts => {
  const read = readFacts(replyOf(ended), 0, "/etc/nova/nova.conf");
  if (!read.ok) throw new Error(`${read.error}\n${ended.out}\n${ended.err}`);
  return read.value;
};

/** The change that makes a directory of the cache nova's. */
export const own = (path: string, dataset = "rpool/export/nova"): Change => ({
  kind: "directory.own",
  path,
  dataset,
  owner: "nova",
  group: "nova",
  mode: "0755",
});
