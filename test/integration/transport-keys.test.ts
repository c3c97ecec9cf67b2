/** Encrypted key files: who is asked for which, how often, and what a host is told when a file stays closed. */
import { execFileSync, spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Host } from "../../src/domain/host.ts";
import { KeyRing, type PassphraseAnswer } from "../../src/transport/key-ring.ts";
import { collect, never, sshHost, sshTransport } from "../support/ssh-host.ts";
import { makeKey, publicKey, type Sshd, startSshd } from "../support/sshd.ts";

let sshd: Sshd;
let host: Host;
let plain: string;
let locked: string;
let other: string;
let agentSocket: string;
let agentPid: number;

beforeAll(async () => {
  sshd = await startSshd({ address: "127.0.26.1" });
  host = sshHost(sshd.address, sshd.port);
  plain = makeKey(join(sshd.dir, "plain"));
  locked = makeKey(join(sshd.dir, "locked"), "ed25519", "secret");
  other = makeKey(join(sshd.dir, "other"), "ecdsa", "another");
  writeFileSync(join(sshd.dir, "authorized"), [plain, locked, other].map((file) => `${publicKey(file)}\n`).join(""));
  writeFileSync(join(sshd.dir, "known_hosts"), `[${sshd.address}]:${sshd.port} ${sshd.hostKeys[0]}\n`);
  // Its path may not be longer than 107 bytes.
  agentSocket = join(mkdtempSync("/tmp/novasweep-agent-"), "s");
  agentPid = spawn("ssh-agent", ["-D", "-a", agentSocket], { stdio: "ignore" }).pid as number;
  await vi.waitFor(() => expect(existsSync(agentSocket)).toBe(true), 10_000);
});
afterAll(async () => {
  process.kill(agentPid, "SIGTERM");
  rmSync(join(agentSocket, ".."), { recursive: true, force: true });
  await sshd.stop();
});

const inAgent = (file: string | undefined, pass = "") => {
  const env = { ...process.env, SSH_AUTH_SOCK: agentSocket, SSH_ASKPASS_REQUIRE: "force", DISPLAY: ":" };
  execFileSync("ssh-add", ["-q", "-D"], { env, stdio: "ignore" });
  if (file === undefined) return;
  const askpass = join(sshd.dir, "askpass");
  writeFileSync(askpass, `#!/bin/sh\necho '${pass}'\n`, { mode: 0o700 });
  execFileSync("ssh-add", ["-q", file], { env: { ...env, SSH_ASKPASS: askpass }, stdio: "ignore" });
};

const passphrases: Readonly<Record<string, string>> = { locked: "secret", other: "another" };

/** Opens a ring as the cli does; a person who knows every passphrase, or answers what is given. */
const open = async (
  { files = [], agent = false }: { files?: readonly string[]; agent?: boolean },
  hosts: readonly Host[],
  answers?: readonly string[],
) => {
  const keys = new KeyRing({
    identityFiles: files,
    agentSocket: agent ? agentSocket : undefined,
    homeDir: sshd.dir,
  });
  const asked: string[] = [];
  const given: Buffer[] = [];
  const result = await keys.unlock(hosts, async (path, wrong): Promise<PassphraseAnswer> => {
    const name = path.slice(sshd.dir.length + 1);
    asked.push(`${name} ${wrong}`);
    const answer = answers === undefined ? (passphrases[name] ?? "") : (answers[asked.length - 1] ?? "skip");
    if (answer === "skip" || answer === "stop") return answer;
    const bytes = Buffer.from(answer);
    given.push(bytes);
    return bytes;
  });
  return { keys, asked, given, result };
};

const login = (keys: KeyRing, to: Host) =>
  collect(sshTransport({ keys, knownHostsFiles: [join(sshd.dir, "known_hosts")] }).run(to, "exit 0\n", never));
const ok = { kind: "exit", status: 0 };
const naming = (...identityFiles: string[]): Host => ({ ...host, identityFiles });

describe("a file that hosts name", () => {
  test("is asked for once, opened once and shared by all of them", async () => {
    const hosts = [naming(locked), naming(locked, plain), naming("~/locked")];
    const { keys, asked, given } = await open({}, hosts);
    expect(asked).toEqual(["locked 0"]);
    const used = await Promise.all(hosts.map((each) => keys.of(each)));
    expect(new Set(used.map(([first]) => first)).size).toBe(1);
    expect(given.map((bytes) => bytes.every((byte) => byte === 0))).toEqual([true]);
    const replies = await Promise.all(hosts.map((each) => login(keys, each)));
    expect(replies.map(({ last }) => last)).toEqual([ok, ok, ok]);
  });

  test("each distinct one has its own passphrase", async () => {
    const { keys, asked } = await open({}, [naming(locked), naming(other), naming(plain)]);
    expect(asked).toEqual(["locked 0", "other 0"]);
    expect((await login(keys, naming(other))).last).toEqual(ok);
  });

  test("is asked for again after a wrong passphrase, three times in all, then left out", async () => {
    const second = await open({}, [naming(locked)], ["wrong", "secret"]);
    expect(second.asked).toEqual(["locked 0", "locked 1"]);
    expect((await login(second.keys, naming(locked))).last).toEqual(ok);
    const never3 = await open({}, [naming(locked, plain)], ["a", "b", "c", "secret"]);
    expect(never3.asked).toEqual(["locked 0", "locked 1", "locked 2"]);
    expect((await login(never3.keys, naming(locked, plain))).last).toEqual(ok);
    const { code, message, try: hint } = await login(never3.keys, naming(locked));
    expect(code).toBe("E_AUTH");
    expect(message).toBe(`no key to offer for root; ${locked} is encrypted, and 3 passphrases did not open it`);
    expect(hint).toContain("ssh-add");
  });

  test("is left out when nothing is typed, and a stop is a stop", async () => {
    const { keys } = await open({}, [naming(locked)], ["skip"]);
    expect((await login(keys, naming(locked))).message).toContain("its passphrase was not given");
    const stopped = await open({}, [naming(locked), naming(other)], ["stop"]);
    expect(stopped).toMatchObject({ result: "stopped", asked: ["locked 0"] });
  });

  test("is taken from ssh-agent without a question when that holds it", async () => {
    inAgent(locked, "secret");
    const { keys, asked } = await open({ agent: true }, [naming(locked)]);
    expect(asked).toEqual([]);
    expect((await login(keys, naming(locked))).last).toEqual(ok);
    inAgent(plain);
    expect((await open({ agent: true }, [naming(locked)])).asked).toEqual(["locked 0"]);
  });
});

describe("default files", () => {
  test("are not asked for when all hosts name their own", async () => {
    expect((await open({ files: [locked] }, [naming(plain)])).asked).toEqual([]);
  });

  test("are asked for when there is nothing else to offer, until one opens", async () => {
    const { keys, asked } = await open({ files: [locked, other] }, [host]);
    expect(asked).toEqual(["locked 0"]);
    expect((await login(keys, host)).last).toEqual(ok);
    const skipped = await open({ files: [locked, other] }, [host], ["skip", "another"]);
    expect(skipped.asked).toEqual(["locked 0", "other 0"]);
    expect((await login(skipped.keys, host)).last).toEqual(ok);
  });

  test("are not asked for when one opens by itself", async () => {
    const { keys, asked } = await open({ files: [locked, plain] }, [host]);
    expect(asked).toEqual([]);
    expect((await login(keys, host)).last).toEqual(ok);
  });

  test("are not asked for when ssh-agent holds a key; a failure says so", async () => {
    inAgent(locked, "secret");
    const { keys, asked } = await open({ files: [locked, other], agent: true }, [host]);
    expect(asked).toEqual([]);
    expect((await login(keys, host)).last).toEqual(ok);
    inAgent(makeKey(join(sshd.dir, "stranger")));
    const useless = await open({ files: [locked], agent: true }, [host]);
    expect(useless.asked).toEqual([]);
    const { message, try: hint } = await login(useless.keys, host);
    expect(message).toContain(`${locked} is encrypted, and was not asked for because there were other keys to try`);
    expect(hint).toContain("--identity");
  });

  test("are asked for when the agent holds nothing, or does not answer", async () => {
    inAgent(undefined);
    expect((await open({ files: [locked], agent: true }, [host])).asked).toEqual(["locked 0"]);
    const dead = new KeyRing({ identityFiles: [locked], agentSocket: join(sshd.dir, "none"), homeDir: "/" });
    expect(await dead.unlock([host], async () => Buffer.from("secret"))).toBe("done");
    expect((await login(dead, host)).last).toEqual(ok);
  });
});

test("without a terminal nothing is asked, and the failure says so", async () => {
  const keys = new KeyRing({ identityFiles: [], agentSocket: undefined, homeDir: "/" });
  expect(await keys.unlock([naming(locked)], undefined)).toBe("done");
  const { code, message } = await login(keys, naming(locked));
  expect(code).toBe("E_AUTH");
  expect(message).toContain(`${locked} is encrypted, and there is no terminal to ask for its passphrase on`);
});

describe("forms of encrypted files", () => {
  const remade = (name: string, type: string, ...how: readonly string[]): string => {
    const file = makeKey(join(sshd.dir, name), type);
    execFileSync("ssh-keygen", ["-q", "-p", "-a", "1", "-P", "", "-N", "secret", ...how, "-f", file], {
      stdio: "ignore",
    });
    return file;
  };

  test.for<[type: string, how: readonly string[]]>([
    ["rsa", []],
    ["ecdsa", []],
    ["ed25519", ["-Z", "aes256-gcm@openssh.com"]],
    ["ed25519", ["-Z", "aes128-cbc"]],
    ["rsa", ["-m", "PEM"]],
    ["ecdsa", ["-m", "PEM"]],
  ])("%s %s is opened and logs in", async ([type, how]) => {
    const file = remade(`form-${type}${how.join("")}`, type, ...how);
    writeFileSync(join(sshd.dir, "authorized"), `${publicKey(file)}\n`);
    const { keys, asked } = await open({}, [naming(file)], ["wrong", "secret"]);
    expect(asked).toHaveLength(2);
    expect((await login(keys, naming(file))).last).toEqual(ok);
  });

  test.for<[type: string, how: readonly string[]]>([
    ["ed25519", ["-Z", "chacha20-poly1305@openssh.com"]],
    ["rsa", ["-m", "PKCS8"]],
  ])("%s %s cannot be opened here and is not asked for", async ([type, how]) => {
    const file = remade(`closed-${type}`, type, ...how);
    const { keys, asked } = await open({}, [naming(file)], ["secret"]);
    expect(asked).toEqual([]);
    expect((await login(keys, naming(file))).message).toContain("is encrypted in a form that cannot be opened here");
  });

  test("one that others may read is not asked for either", async () => {
    const file = join(sshd.dir, "open");
    copyFileSync(locked, file);
    execFileSync("chmod", ["644", file]);
    expect((await open({}, [naming(file)])).asked).toEqual([]);
  });
});
