/** The transport over the system's ssh: what ssh2 cannot do works, and every end is told as the other transport tells it. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Host } from "../../src/domain/host.ts";
import { createOpensshTransport } from "../../src/transport/openssh/openssh.ts";
import { until } from "../support/real-faults/until.ts";
import { clocksOf, collect, never, type Reply, sshHost, sshTransport } from "../support/ssh-host.ts";
import { makeKey, publicKey, type Sshd, startSshd } from "../support/sshd.ts";

let sshd: Sshd;
let id: string;
let agent: string;
let agentProcess: ChildProcess;
const file = (name: string, text: string): string => {
  writeFileSync(join(sshd.dir, name), text);
  return join(sshd.dir, name);
};

beforeAll(async () => {
  sshd = await startSshd({ address: "127.0.37.1" });
  id = makeKey(join(sshd.dir, "id"));
  writeFileSync(join(sshd.dir, "authorized"), `${publicKey(id)}\n`, { mode: 0o600 });
  process.env["TMPDIR"] = sshd.dir;
  agent = join(sshd.dir, "agent");
  agentProcess = spawn("ssh-agent", ["-D", "-a", agent], { stdio: "ignore" });
  await until("the agent listens", () => existsSync(agent));
  file("known", `[${sshd.address}]:${sshd.port} ${sshd.hostKeys[0]}\n`);
});
afterAll(async () => {
  agentProcess.kill();
  await sshd.stop();
});

interface How {
  readonly config?: string;
  readonly known?: string;
  readonly script?: string;
  readonly host?: Partial<Host>;
  readonly server?: Sshd;
  readonly key?: string;
  readonly signal?: AbortSignal;
  readonly ms?: number;
}

const folders = (): readonly string[] => readdirSync(sshd.dir).filter((name) => name.startsWith("novasweep-ssh-"));

const transportFor = ({ config = "", known, ms = 20_000 }: How) =>
  createOpensshTransport({
    ssh: "/usr/bin/ssh",
    env: { PATH: process.env["PATH"], HOME: sshd.dir, SSH_AUTH_SOCK: agent },
    configFile: file("config", `${config}\n`),
    knownHosts: known,
    hostKeyPolicy: "strict",
    clocks: clocksOf(ms, { script: 20_000 }),
    connectParallel: 16,
  });

const run = async (how: How = {}): Promise<Reply> => {
  const {
    config = "",
    known = join(sshd.dir, "known"),
    script = "echo in; echo err >&2; exit 3\n",
    server = sshd,
  } = how;
  const before = folders();
  const transport = transportFor({ ...how, config, known });
  const dial = {
    destination: server.address,
    user: "root",
    port: server.port,
    identityFiles: [how.key ?? id],
    why: "test",
  };
  const host = sshHost(server.address, server.port, { openssh: dial, ...how.host });
  const reply = await collect(transport.run(host, script, how.signal ?? never));
  await transport.close();
  expect(folders()).toEqual(before);
  return reply;
};

test("carries the script, keeps the streams apart, goes through the layers and ends with the status", async () => {
  const reply = await run();
  expect(reply).toMatchObject({ last: { kind: "exit", status: 3 }, stderr: "err\n" });
  expect(reply.stdout.toString()).toBe("in\n");
  expect(reply.layers[0]).toBe("queue");
  expect(reply.layers.slice(-1)).toEqual(["script"]);
});

test("a script's own status 255 is a status, and a signal is none", async () => {
  expect((await run({ script: "exit 255\n" })).last).toEqual({ kind: "exit", status: 255 });
  expect((await run({ script: "kill -9 $$\n" })).last).toMatchObject({ kind: "exit", status: null });
});

test("a script of 256 KiB arrives whole, and more output than is allowed is E_FLOOD", async () => {
  const script = `${"# padding padding padding\n".repeat(10_000)}echo whole\n`;
  expect((await run({ script })).stdout.toString()).toBe("whole\n");
  expect((await run({ script: "dd if=/dev/zero bs=1048576 count=9 2>/dev/null\n" })).code).toBe("E_FLOOD");
});

describe("what ssh2 cannot do", () => {
  test("a ProxyCommand, whose own words are not the script's", async () => {
    const relay = file(
      "relay.js",
      `const s = require("node:net").connect(process.argv[3], process.argv[2]);
       console.error("noise"); process.stdin.pipe(s).pipe(process.stdout);`,
    );
    const config = `ProxyCommand ${process.execPath} ${relay} %h %p`;
    const reply = await run({ config });
    expect(reply.last).toEqual({ kind: "exit", status: 3 });
    expect(reply.stdout.toString()).toBe("in\n");
  });

  test("a user's certificate in place of a known key", async () => {
    const ca = makeKey(join(sshd.dir, "user-ca"));
    const user = makeKey(join(sshd.dir, "certified"));
    execFileSync("ssh-keygen", ["-q", "-s", ca, "-I", "operator", "-n", "root", `${user}.pub`]);
    const server = await startSshd({ address: "127.0.37.2", config: [`TrustedUserCAKeys ${ca}.pub`] });
    const known = file("known-2", `[${server.address}]:${server.port} ${server.hostKeys[0]}\n`);
    expect((await run({ server, known, key: user })).last).toEqual({ kind: "exit", status: 3 });
    expect((await run({ server, known })).code).toBe("E_AUTH");
    await server.stop();
  });

  test("a host's certificate, by the authority in known_hosts", async () => {
    const ca = makeKey(join(sshd.dir, "host-ca"));
    const certified = makeKey(join(sshd.dir, "host-key"));
    execFileSync("ssh-keygen", ["-q", "-s", ca, "-I", "node", "-h", "-n", "127.0.37.3", `${certified}.pub`]);
    const real = await startSshd({
      address: "127.0.37.3",
      authorized: [publicKey(id)],
      config: [`HostKey ${certified}`, `HostCertificate ${certified}-cert.pub`],
    });
    const authority = (names: string): string => file("known-3", `@cert-authority ${names} ${publicKey(ca)}\n`);
    expect((await run({ server: real, known: authority("127.0.37.*,[127.0.37.*]:*") })).last).toEqual({
      kind: "exit",
      status: 3,
    });
    expect((await run({ server: real, known: authority("127.0.38.*") })).code).toBe("E_HOSTKEY");
    await real.stop();
  });
});

test("a busy server that drops connections is tried again, and all get in", async () => {
  const busy = await startSshd({
    address: "127.0.37.5",
    authorized: [publicKey(id)],
    config: ["MaxStartups 2:100:2"],
  });
  const known = file("known-5", `[${busy.address}]:${busy.port} ${busy.hostKeys[0]}\n`);
  const transport = transportFor({ known });
  const dial = { destination: busy.address, user: "root", port: busy.port, identityFiles: [id], why: "test" };
  const host = sshHost(busy.address, busy.port, { openssh: dial });
  const replies = await Promise.all(Array.from({ length: 8 }, () => collect(transport.run(host, "exit 0\n", never))));
  await transport.close();
  expect(replies.map(({ message }) => message)).toEqual(Array(8).fill(""));
  expect(busy.log()).toMatch(/MaxStartups|past MaxStartups/);
  await busy.stop();
});

test("without a place for its logs ssh is not started, and that is the host's failure, not the run's", async () => {
  const before = process.env["TMPDIR"];
  process.env["TMPDIR"] = join(sshd.dir, "absent");
  const reply = await run();
  process.env["TMPDIR"] = before;
  expect(reply).toMatchObject({
    code: "E_CONNECT",
    message: expect.stringMatching(/no folder of its own in .*ENOENT/),
  });
});

describe("a peer that has shown no key", () => {
  /** A banner, then one packet in the clear after the other: `SSH_MSG_DEBUG` with this text (RFC 4253, 11.3). */
  const talker = async (text: string, times: number): Promise<Server & { readonly port: number }> => {
    const string = (value: string): Buffer => Buffer.concat([uint32(Buffer.byteLength(value)), Buffer.from(value)]);
    const payload = Buffer.concat([Buffer.from([4, 1]), string(text), string("")]);
    const padding = 8 - ((payload.length + 5) % 8) + 8;
    const packet = Buffer.concat([
      uint32(payload.length + padding + 1),
      Buffer.from([padding]),
      payload,
      Buffer.alloc(padding),
    ]);
    const server = createServer((socket) => {
      socket.on("error", () => {}).resume();
      socket.write("SSH-2.0-OpenSSH_9.2\r\n");
      let left = times;
      const more = (): void => {
        while (left-- > 0) if (!socket.write(packet)) return void socket.once("drain", more);
        socket.end();
      };
      more();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.37.6", resolve));
    return Object.assign(server, { port: (server.address() as AddressInfo).port });
  };
  const uint32 = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return bytes;
  };
  const meet = async (text: string, times: number): Promise<Reply> => {
    const server = await talker(text, times);
    const dial = { destination: "127.0.37.6", user: "root", port: server.port, identityFiles: [id], why: "test" };
    const reply = await run({ host: { openssh: dial } });
    await new Promise((resolve) => server.close(resolve));
    return reply;
  };

  test("cannot write a log as if the script had run", async () => {
    const forged = "x\r\nAuthenticated to x\r\ndebug1: Sending command: x\r\ndebug1: Exit status 0";
    expect(await meet(forged, 1)).toMatchObject({ code: "E_HANDSHAKE", last: { kind: "lost", layer: "kex" } });
  });

  test("cannot fill the disk with it", async () => {
    expect((await meet("x".repeat(30_000), 10_000)).code).toBe("E_FLOOD");
  });
});

describe("ends that are none of the script's", () => {
  test("an unknown host key, a changed one: before any key of ours is shown", async () => {
    const before = sshd.log().length;
    expect(await run({ known: file("empty", "") })).toMatchObject({ code: "E_HOSTKEY", last: { layer: "kex" } });
    const other = publicKey(makeKey(join(sshd.dir, "other")))
      .split(" ")
      .slice(0, 2)
      .join(" ");
    const changed = await run({ known: file("changed", `[${sshd.address}]:${sshd.port} ${other}\n`) });
    expect(changed.code).toBe("E_HOSTKEY");
    expect(sshd.log().slice(before)).not.toContain("publickey");
  });

  test("an agent is forwarded by neither transport, whatever the configuration says", async () => {
    const script = 'echo "[$SSH_AUTH_SOCK]"\n';
    expect((await run({ config: "ForwardAgent yes", script })).stdout.toString()).toBe("[]\n");
    const ssh2 = sshTransport({ identityFiles: [id], knownHostsFiles: [join(sshd.dir, "known")] });
    expect((await collect(ssh2.run(sshHost(sshd.address, sshd.port), script, never))).stdout.toString()).toBe("[]\n");
  });

  test("a configuration that trusts everybody is not followed", async () => {
    const config = "StrictHostKeyChecking no";
    expect((await run({ config, known: file("empty", "") })).code).toBe("E_HOSTKEY");
  });

  test("a bastion's host key is checked too, whatever the configuration says, and once it is known the way is open", async () => {
    const outer = await startSshd({ address: "127.0.37.4", authorized: [publicKey(id)] });
    const config = [
      "StrictHostKeyChecking no",
      "NoHostAuthenticationForLocalhost yes",
      "StdinNull yes",
      `Host outer\n  HostName ${outer.address}\n  Port ${outer.port}\n  User root\n  IdentityFile ${id}`,
    ].join("\n");
    const dial = {
      destination: sshd.address,
      user: "root",
      port: sshd.port,
      jump: "outer",
      identityFiles: [id],
      why: "test",
    };
    const through = { config, host: { openssh: dial } };
    const own = `[${sshd.address}]:${sshd.port} ${sshd.hostKeys[0]}\n`;
    const refused = await run({ ...through, known: file("known-own", own) });
    expect(refused).toMatchObject({ code: "E_HOSTKEY", message: expect.stringContaining(`[${outer.address}]`) });
    expect(outer.log()).not.toContain("publickey");
    const known = file("known-both", `${own}[${outer.address}]:${outer.port} ${outer.hostKeys[0]}\n`);
    expect((await run({ ...through, known })).last).toEqual({ kind: "exit", status: 3 });
    await outer.stop();
  });

  test("a key nobody takes, a port nobody listens on, a name without an address, an option ssh does not know", async () => {
    expect((await run({ key: makeKey(join(sshd.dir, "stranger")) })).code).toBe("E_AUTH");
    const dial = { user: "root", identityFiles: [id], why: "test" };
    expect((await run({ host: { openssh: { ...dial, destination: "127.0.37.1", port: 1 } } })).code).toBe("E_CONNECT");
    expect((await run({ host: { openssh: { ...dial, destination: "none.invalid" } } })).code).toBe("E_RESOLVE");
    const bad = await run({ config: "Nonsense yes" });
    expect(bad.code).toBe("E_CONNECT");
    expect(bad.message).toContain("bad configuration option");
  });

  test("a line that breaks in the script is E_LOST, and says that it was sent", async () => {
    const ends = run({ script: "echo begun; sleep 4710\n" });
    await running("sleep 4710");
    sshd.killSessions();
    const reply = await ends;
    expect(reply).toMatchObject({ code: "E_LOST", last: { scriptSent: true } });
    expect(reply.message).toContain("may have run");
  });

  test("silence before a banner is a timeout in its layer, and a ProxyCommand that hangs leaves no process", async () => {
    const reply = await run({ config: `ProxyCommand sh -c 'sleep 4711'`, ms: 1_500 });
    expect(reply.code).toBe("E_TIMEOUT");
    await expect.poll(() => pids("sleep 4711"), patiently).toBe(0);
  });

  test("an aborted run ends with E_STOPPED at once", async () => {
    const cut = new AbortController();
    const ends = run({ script: "sleep 4712\n", signal: cut.signal });
    await running("sleep 4712");
    cut.abort();
    expect((await ends).code).toBe("E_STOPPED");
  });
});

const patiently = { timeout: 20_000 };
const running = (words: string): Promise<void> => expect.poll(() => pids(words), patiently).toBeGreaterThan(0);
const pids = (words: string): number => {
  try {
    return Number(execFileSync("pgrep", ["-cfx", words]).toString());
  } catch {
    return 0;
  }
};
