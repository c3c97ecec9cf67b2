/** ssh and novasweep with the same configuration against the same servers: both get in, or neither does, and for the same reason. */
import { execFile, execFileSync, spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { resolveHosts } from "../../src/inventory/resolve.ts";
import { sshConfig } from "../../src/ssh-config/ask.ts";
import { byHost } from "../../src/transport/by-host.ts";
import { createOpensshTransport } from "../../src/transport/openssh/openssh.ts";
import { isLong } from "../support/long.ts";
import { scratch } from "../support/novasweep.ts";
import { until } from "../support/real-faults/until.ts";
import {
  type AgreementCase,
  agreementCases,
  type Decision,
  filesOf,
  type Words,
} from "../support/ssh-agreement/cases.ts";
import { clocksOf, collect, never, sshTransport } from "../support/ssh-host.ts";
import { makeKey, publicKey, type Sshd, startSshd } from "../support/sshd.ts";

vi.setConfig({ maxConcurrency: 4 });

const run = promisify(execFile);
let servers: readonly Sshd[] = [];
let agent: ReturnType<typeof spawn> | undefined;
let words: Words;
let authorities: string;

beforeAll(async () => {
  authorities = scratch("ssh-agreement");
  const authority = makeKey(join(authorities, "authority"));
  const config = [`TrustedUserCAKeys ${authority}.pub`];
  servers = await Promise.all(
    ["127.0.32.1", "127.0.32.2", "127.0.32.3"].map((address) =>
      startSshd({ address, hostKeys: ["ed25519", "rsa"], config }),
    ),
  );
  const [node, outer, inner] = servers as [Sshd, Sshd, Sshd];
  const dir = node.dir;
  const socket = join(dir, "agent");
  const [key, stranger, other, ofAgent] = ["id", "stranger", "other", "in-agent"].map((name) =>
    makeKey(join(dir, name)),
  );
  copyFileSync(key as string, join(dir, `id_root_${node.port}`));
  copyFileSync(key as string, join(dir, "100%"));
  execFileSync("ssh-keygen", ["-q", "-s", authority, "-I", "operator", "-n", "root", `${stranger}.pub`]);
  renameSync(join(dir, "stranger-cert.pub"), join(dir, "certificate"));
  writeFileSync(
    join(dir, "relay.js"),
    'const s = require("node:net").connect(process.argv[3], process.argv[2]); process.stdin.pipe(s).pipe(process.stdout);',
  );
  for (const server of servers)
    writeFileSync(join(server.dir, "authorized"), `${publicKey(key as string)}\n${publicKey(ofAgent as string)}\n`);
  agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
  await until("the agent listens", () => existsSync(socket));
  execFileSync("ssh-add", ["-q", ofAgent as string], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
  const name = ({ address, port }: Sshd): string => `[${address}]:${port}`;
  words = {
    NODE: node.address,
    PORT: String(node.port),
    NODE_NAME: name(node),
    OUTER: outer.address,
    OUTER_PORT: String(outer.port),
    INNER: inner.address,
    INNER_PORT: String(inner.port),
    ED: node.hostKeys[0] ?? "",
    RSA: node.hostKeys[1] ?? "",
    OTHER: publicKey(other as string),
    DIR: "",
    KEY: key as string,
    NODE_JS: process.execPath,
    STRANGER: stranger as string,
    AGENT: socket,
    ALL_KNOWN: servers.map((server) => `${name(server)} ${server.hostKeys[0]}`).join("\n"),
  };
}, 120_000);
afterAll(async () => {
  agent?.kill();
  await Promise.all(servers.map((server) => server.stop()));
  rmSync(authorities, { recursive: true, force: true });
});

/** A folder of its own for one case, with the keys of all. */
const prepare = (given: AgreementCase): { readonly config: string; readonly env: Record<string, string> } => {
  const shared = servers[0]?.dir ?? "";
  const dir = join(shared, `case-${agreementCases.indexOf(given)}`);
  mkdirSync(dir);
  for (const name of ["certificate", "relay.js", "id", `id_root_${words.PORT}`, "100%", "in-agent.pub"])
    copyFileSync(join(shared, name), join(dir, name));
  for (const [name, text] of Object.entries(filesOf(given, { ...words, DIR: dir })))
    writeFileSync(join(dir, name), text);
  if (given.hashed) execFileSync("ssh-keygen", ["-q", "-H", "-f", join(dir, "known_hosts")], { stdio: "ignore" });
  return {
    config: join(dir, "config"),
    env: {
      PATH: process.env["PATH"] ?? "",
      NOVASWEEP_TEST_DIR: dir,
      NOVASWEEP_TEST_AGENT: words.AGENT,
      ...(given.agent ? { SSH_AUTH_SOCK: words.AGENT } : {}),
    },
  };
};

/** The first that ssh says counts: what comes later follows from it. */
const sayings: readonly (readonly [RegExp, Decision])[] = [
  [/Host key verification failed/, "host key"],
  [/Permission denied/, "authentication"],
  [/Could not resolve hostname/, "no address"],
  [/no matching .* found/, "no algorithm"],
  [/Connection refused|open failed|Connection closed by UNKNOWN/, "no connection"],
];

const askSsh = async (destination: string, { config, env }: ReturnType<typeof prepare>): Promise<string> => {
  const options = ["-F", config, "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", "UpdateHostKeys=no"];
  try {
    await run("ssh", [...options, destination, "exit 0"], { env, timeout: 30_000 });
    return "connects";
  } catch (error) {
    const said = String((error as { stderr?: unknown }).stderr);
    return sayings.find(([pattern]) => pattern.test(said))?.[1] ?? said;
  }
};

const decisions: Readonly<Record<string, Decision>> = {
  E_HOSTKEY: "host key",
  E_AUTH: "authentication",
  E_RESOLVE: "no address",
  E_CONNECT: "no connection",
  E_HANDSHAKE: "no algorithm",
};

const askNovasweep = async (destination: string, { config, env }: ReturnType<typeof prepare>): Promise<string> => {
  const resolved = await resolveHosts({
    inventories: ["hosts"],
    settingsFiles: [],
    set: [],
    options: {},
    patterns: ["all"],
    limits: [],
    loginUser: "root",
    home: "/nonexistent",
    workingDirectory: "/",
    readFile: () => ({ kind: "bytes", bytes: Buffer.from(`node ansible_host=${destination} ansible_become=false\n`) }),
    askSsh: sshConfig({
      file: config,
      home: "/nonexistent",
      localUser: "root",
      uid: 0,
      localHost: hostname(),
      env,
      signal: never,
    }),
  });
  if (!resolved.ok) return JSON.stringify(resolved.error);
  const [first] = resolved.value.hosts;
  if (first === undefined) return "no host";
  const transport = byHost(
    sshTransport({ agentSocket: env["SSH_AUTH_SOCK"] }),
    createOpensshTransport({
      ssh: "/usr/bin/ssh",
      env,
      configFile: config,
      knownHosts: undefined,
      hostKeyPolicy: "strict",
      clocks: clocksOf(20_000),
      connectParallel: 16,
    }),
  );
  const reply = await collect(transport.run(first.host, "exit 0\n", never));
  await transport.close();
  if (reply.last.kind === "exit") return "connects";
  return decisions[reply.code ?? ""] ?? `${reply.code}: ${reply.message}`;
};

/** Two of three in `npm test`, 47 of 70. */
const turns = agreementCases.filter((_, at) => isLong || at % 3 !== 2);

describe.concurrent("ssh and novasweep agree on", () => {
  it.each(turns.map((given) => [given.name, given] as const))("%s", async (_, given) => {
    const prepared = prepare(given);
    const destination = given.destination ?? words.NODE;
    expect([await askSsh(destination, prepared), await askNovasweep(destination, prepared)]).toEqual([
      given.decision,
      given.decision,
    ]);
  });
});
