/** Host keys and logging in, against real sshds and a real ssh-agent. */
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Host } from "../../src/domain/host.ts";
import { collect, never, type Reply, sshHost, sshTransport, type TransportOptions } from "../support/ssh-host.ts";
import { makeKey, publicKey, type Sshd, startSshd } from "../support/sshd.ts";

let sshd: Sshd;
let host: Host;
let key: string;
let stranger: string;
let knownHosts: string;
let name: string;

beforeAll(async () => {
  sshd = await startSshd({ address: "127.0.22.1", hostKeys: ["ed25519", "rsa"] });
  key = makeKey(join(sshd.dir, "id"));
  stranger = makeKey(join(sshd.dir, "stranger"));
  writeFileSync(join(sshd.dir, "authorized"), `${publicKey(key)}\n`);
  knownHosts = join(sshd.dir, "known_hosts");
  name = `[${sshd.address}]:${sshd.port}`;
  host = sshHost(sshd.address, sshd.port);
});
afterAll(() => sshd.stop());

const ok = { kind: "exit", status: 0 };
const fingerprintOf = (file: string) => execFileSync("ssh-keygen", ["-lf", file], { encoding: "utf8" }).split(" ")[1];
const login = (options: Partial<TransportOptions>, to: Host = host): Promise<Reply> =>
  collect(sshTransport({ identityFiles: [key], knownHostsFiles: [knownHosts], ...options }).run(to, "exit 0\n", never));
const accepted = (replied: number): string => sshd.log().slice(replied);

describe("host keys", () => {
  test("a known key lets us in; ours is the type that is known, though the server prefers another", async () => {
    const logged = sshd.log().length;
    writeFileSync(knownHosts, `${name} ${sshd.hostKeys[1]}\n`);
    expect((await login({})).last).toEqual(ok);
    expect(accepted(logged)).toContain("Accepted publickey");
  });

  test("an unknown key is refused before any authentication, with the fingerprint to compare", async () => {
    writeFileSync(knownHosts, "");
    const logged = sshd.log().length;
    const reply = await login({});
    expect(reply).toMatchObject({ code: "E_HOSTKEY", last: { layer: "kex" } });
    expect(reply.message).toContain(
      `offered ${fingerprintOf(join(sshd.dir, "host-ed25519.pub"))} (ssh-ed25519), known: none`,
    );
    expect(reply.try).toContain("--host-key-policy accept-new");
    expect(accepted(logged)).not.toMatch(/publickey/);
  });

  test("a changed key is refused with both fingerprints, file and line; accept-new does not accept it", async () => {
    writeFileSync(knownHosts, `# mine\n${name} ${publicKey(stranger)}\n`);
    for (const hostKeyPolicy of ["strict", "accept-new"] as const) {
      const { code, message } = await login({ hostKeyPolicy });
      expect(code).toBe("E_HOSTKEY");
      expect(message).toContain(`offered ${fingerprintOf(join(sshd.dir, "host-ed25519.pub"))}`);
      expect(message).toContain(`known ${fingerprintOf(stranger)} (ssh-ed25519, ${knownHosts}:2)`);
    }
    expect(readFileSync(knownHosts, "utf8").split("\n")).toHaveLength(3);
  });

  test("entries hashed by ssh-keygen are found", async () => {
    writeFileSync(knownHosts, `other ${publicKey(stranger)}\n${name} ${sshd.hostKeys[0]}\n`);
    execFileSync("ssh-keygen", ["-q", "-H", "-f", knownHosts], { stdio: "ignore" });
    expect(readFileSync(knownHosts, "utf8")).not.toContain(sshd.address);
    expect((await login({})).last).toEqual(ok);
  });

  test("the second file counts too, and a revoked key in it is refused", async () => {
    const system = join(sshd.dir, "ssh_known_hosts");
    writeFileSync(knownHosts, `${name} ${sshd.hostKeys[0]}\n`);
    writeFileSync(system, `@revoked * ${sshd.hostKeys[0]}\n`);
    const { code, message } = await login({ knownHostsFiles: [knownHosts, system] });
    expect(code).toBe("E_HOSTKEY");
    expect(message).toContain(`revoked in ${system}:1`);
    expect((await login({ knownHostsFiles: [join(sshd.dir, "absent"), knownHosts] })).last).toEqual(ok);
  });

  test("a certificate authority gives no trust", async () => {
    writeFileSync(knownHosts, `@cert-authority * ${sshd.hostKeys[0]}\n`);
    expect((await login({})).code).toBe("E_HOSTKEY");
  });

  test("accept-new writes the key down, 0600, as ssh-keygen finds it, once, and strict then accepts it", async () => {
    const fresh = join(sshd.dir, "new", "known_hosts");
    const transport = sshTransport({ identityFiles: [key], knownHostsFiles: [fresh], hostKeyPolicy: "accept-new" });
    const replies = await Promise.all([1, 2, 3].map(() => collect(transport.run(host, "exit 0\n", never))));
    expect(replies.map(({ last }) => last)).toEqual([ok, ok, ok]);
    expect(statSync(fresh).mode & 0o777).toBe(0o600);
    expect(readFileSync(fresh, "utf8")).toBe(`${name} ${sshd.hostKeys[0]}\n`);
    expect(execFileSync("ssh-keygen", ["-F", name, "-f", fresh], { encoding: "utf8" })).toContain("line 1");
    expect((await login({ knownHostsFiles: [fresh] })).last).toEqual(ok);
  });

  test("accept-new hides the name in a hashed file, and ends an unfinished last line", async () => {
    const hashed = join(sshd.dir, "hashed");
    writeFileSync(hashed, `other ${publicKey(stranger)}\n`);
    execFileSync("ssh-keygen", ["-q", "-H", "-f", hashed], { stdio: "ignore" });
    writeFileSync(hashed, readFileSync(hashed, "utf8").trimEnd());
    expect((await login({ knownHostsFiles: [hashed], hostKeyPolicy: "accept-new" })).last).toEqual(ok);
    const text = readFileSync(hashed, "utf8");
    expect(text).not.toContain(sshd.address);
    expect(execFileSync("ssh-keygen", ["-F", name, "-f", hashed], { encoding: "utf8" })).toContain("line 2");
  });

  test("a new key that cannot be written down is not accepted", async () => {
    const { code, message } = await login({
      knownHostsFiles: ["/proc/novasweep/known_hosts"],
      hostKeyPolicy: "accept-new",
    });
    expect(code).toBe("E_HOSTKEY");
    expect(message).toContain("/proc/novasweep/known_hosts");
  });

  test("a known_hosts that cannot be read stops everybody, instead of losing its revoked keys", async () => {
    const { code, layers } = await login({ knownHostsFiles: [sshd.dir] });
    expect(code).toBe("E_HOSTKEY");
    expect(layers).not.toContain("tcp");
  });
});

describe("authentication", () => {
  let agent: { readonly socket: string; readonly pid: number } | undefined;
  const startAgent = async (...keys: string[]): Promise<string> => {
    const socket = join(sshd.dir, `agent-${process.pid}`);
    const child = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
    agent = { socket, pid: child.pid as number };
    await expect.poll(() => existsSync(socket)).toBe(true);
    for (const file of keys)
      execFileSync("ssh-add", ["-q", file], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: "ignore" });
    return socket;
  };
  beforeAll(() => writeFileSync(knownHosts, `${name} ${sshd.hostKeys[0]}\n`));
  afterEach(async () => {
    if (agent === undefined) return;
    process.kill(agent.pid, "SIGTERM");
    await expect.poll(() => existsSync(agent?.socket ?? "")).toBe(false);
    agent = undefined;
  });

  test.for(["ed25519", "rsa", "ecdsa"])("a key file of type %s is offered at once, in one attempt", async (type) => {
    const file = makeKey(join(sshd.dir, `typed-${type}`), type);
    writeFileSync(join(sshd.dir, "authorized"), `${publicKey(key)}\n${publicKey(file)}\n`);
    const logged = sshd.log().length;
    expect((await login({ identityFiles: [file] })).last).toEqual(ok);
    expect(accepted(logged)).toContain("Accepted publickey");
    expect(accepted(logged)).not.toContain("Failed none");
  });

  test("a key one host has taken signs at once at the next; an RSA key asks again, and so does a new run", async () => {
    const rsa = makeKey(join(sshd.dir, "asks-rsa"), "rsa");
    writeFileSync(join(sshd.dir, "authorized"), `${publicKey(key)}\n${publicKey(rsa)}\n`);
    const questions = async (file: string): Promise<readonly number[]> => {
      const transport = sshTransport({ identityFiles: [file], knownHostsFiles: [knownHosts] });
      const asked: number[] = [];
      for (let turn = 0; turn < 3; turn++) {
        const logged = sshd.log().length;
        expect((await collect(transport.run(host, "exit 0\n", never))).last).toEqual(ok);
        expect(accepted(logged)).toContain("Accepted publickey");
        asked.push(accepted(logged).match(/Postponed publickey/g)?.length ?? 0);
      }
      return asked;
    };
    expect(await questions(key)).toEqual([1, 0, 0]);
    expect(await questions(key)).toEqual([1, 0, 0]);
    expect(await questions(rsa)).toEqual([1, 1, 1]);
  });

  test("a host that will not have the key another took says so, and gets the next one", async () => {
    const other = makeKey(join(sshd.dir, "other"));
    const transport = sshTransport({ identityFiles: [key, other], knownHostsFiles: [knownHosts] });
    const run = () => collect(transport.run(host, "exit 0\n", never));
    writeFileSync(join(sshd.dir, "authorized"), `${publicKey(key)}\n`);
    expect((await run()).last).toEqual(ok);
    writeFileSync(join(sshd.dir, "authorized"), `${publicKey(other)}\n`);
    expect((await run()).last).toEqual(ok);
    writeFileSync(join(sshd.dir, "authorized"), "\n");
    const { code, message } = await run();
    expect(code).toBe("E_AUTH");
    expect(message).toBe(
      `no key was accepted for root: tried ${key} (${fingerprintOf(key)}), ${other} (${fingerprintOf(other)}); the server accepts publickey`,
    );
    writeFileSync(join(sshd.dir, "authorized"), `${publicKey(key)}\n`);
  });

  test("a wrong key is E_AUTH with its name and what the server accepts", async () => {
    const reply = await login({ identityFiles: [stranger] });
    expect(reply).toMatchObject({ code: "E_AUTH", last: { layer: "auth" } });
    expect(reply.message).toBe(
      `no key was accepted for root: tried ${stranger} (${fingerprintOf(stranger)}); the server accepts publickey`,
    );
  });

  test("a user the node does not have is E_AUTH with that name, whatever the key", async () => {
    const reply = await login({}, { ...host, user: "nobody-here" });
    expect(reply).toMatchObject({ code: "E_AUTH", last: { layer: "auth" } });
    expect(reply.message).toBe(
      `no key was accepted for nobody-here: tried ${key} (${fingerprintOf(key)}); the server accepts publickey`,
    );
  });

  test("a key of the agent lets us in", async () => {
    const agentSocket = await startAgent(stranger, key);
    expect((await login({ identityFiles: [], agentSocket })).last).toEqual(ok);
  });

  test("keys named for the host are the only ones offered", async () => {
    const agentSocket = await startAgent(key);
    const reply = await login({ agentSocket }, { ...host, identityFiles: [stranger] });
    expect(reply.code).toBe("E_AUTH");
    expect(reply.message).not.toContain("ssh-agent");
  });

  test("an encrypted key that nobody opened is said to be so, and taken from the agent when it holds it", async () => {
    const locked = join(sshd.dir, "locked");
    writeFileSync(locked, readFileSync(key), { mode: 0o600 });
    execFileSync("ssh-keygen", ["-q", "-p", "-N", "secret", "-f", locked], { stdio: "ignore" });
    const alone = await login({}, { ...host, identityFiles: [locked] });
    expect(alone.code).toBe("E_AUTH");
    expect(alone.message).toContain(`no key to offer for root; ${locked} is encrypted`);
    expect(alone.try).toContain("ssh-add");
    const agentSocket = await startAgent(stranger, key);
    expect((await login({ agentSocket }, { ...host, identityFiles: [locked] })).last).toEqual(ok);
  });

  test("never more than five keys are offered, so that the server does not cut us off", async () => {
    const many = [1, 2, 3, 4, 5, 6].map((n) => makeKey(join(sshd.dir, `many-${n}`)));
    const reply = await login({ identityFiles: many });
    expect(reply.code).toBe("E_AUTH");
    expect(reply.message.match(/many-\d/g)).toHaveLength(5);
  });

  test("a key others may read, one that is not there and one that is no key are named, not used", async () => {
    const open = makeKey(join(sshd.dir, "open"));
    chmodSync(open, 0o644);
    writeFileSync(join(sshd.dir, "text"), "no key\n", { mode: 0o600 });
    const { code, message } = await login({ identityFiles: [open, join(sshd.dir, "none"), join(sshd.dir, "text")] });
    expect(code).toBe("E_AUTH");
    expect(message).toContain(`${open} may be read by others (mode 644; chmod 600)`);
    expect(message).toContain("none is not there");
    expect(message).toContain("text is not a private key");
  });

  test("a dead agent is named and does not stop a key file", async () => {
    const agentSocket = join(sshd.dir, "no-agent");
    expect((await login({ agentSocket })).last).toEqual(ok);
    expect((await login({ identityFiles: [], agentSocket })).message).toContain("ssh-agent did not answer");
  });

  test("~/ in a file's name is the home directory", async () => {
    expect((await login({ identityFiles: ["~/id"], homeDir: sshd.dir })).last).toEqual(ok);
  });
});

describe("algorithms of SunSSH", () => {
  /** What Solaris 11.3's default sshd offers, as OpenSSH 9.2 can still be told to. */
  const sunssh = [
    "KexAlgorithms diffie-hellman-group-exchange-sha1",
    "HostKeyAlgorithms ssh-rsa",
    "PubkeyAcceptedAlgorithms ssh-rsa,rsa-sha2-256", // it announces rsa-sha2 whatever is said here, unlike SunSSH
    "Ciphers aes128-ctr",
    "MACs hmac-sha1",
  ];
  let old: Sshd;
  let rsa: string;
  beforeAll(async () => {
    rsa = makeKey(join(sshd.dir, "rsa"), "rsa");
    old = await startSshd({ address: "127.0.22.2", hostKeys: ["rsa"], authorized: [publicKey(rsa)], config: sunssh });
    writeFileSync(knownHosts, `[${old.address}]:${old.port} ${old.hostKeys[0]}\n`);
  });
  afterAll(() => old.stop());

  test("without ssh_legacy the failure names what the server offers and the setting", async () => {
    const reply = await login({ identityFiles: [rsa] }, sshHost(old.address, old.port));
    expect(reply).toMatchObject({ code: "E_HANDSHAKE", last: { layer: "kex" } });
    expect(reply.message).toContain("it offers diffie-hellman-group-exchange-sha1");
    expect(reply.try).toContain("ssh_legacy=sunssh");
  });

  test("with it we log in by group exchange, without the seconds of CPU ssh2 alone would burn", async () => {
    const before = process.cpuUsage();
    const to = sshHost(old.address, old.port, { sshLegacy: "sunssh" });
    expect((await login({ identityFiles: [rsa] }, to)).last).toEqual(ok);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(700); // ms; 1,900 and more without
  });
});
