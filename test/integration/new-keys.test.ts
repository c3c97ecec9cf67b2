/** Host keys nobody knows yet: shown once and together before any login, and what was shown is what is accepted. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { novasweep, type Ran, scratch } from "../support/novasweep.ts";
import { collect, never, sshHost, sshTransport } from "../support/ssh-host.ts";
import { makeKey, publicKey, type Sshd, startSshd } from "../support/sshd.ts";

const dir = scratch("new-keys");
const knownHosts = join(dir, "known_hosts");
let key: string;
/** `twin1` and `twin2` are one server under two addresses; `inner` is behind `bastion`. */
let servers: Readonly<Record<"known" | "fresh" | "twin" | "bastion" | "inner", Sshd>>;

const nameOf = ({ address, port }: Sshd): string => `[${address}]:${port}`;
const fingerprintOf = ({ dir: of }: Sshd): string =>
  execFileSync("ssh-keygen", ["-lf", join(of, "host-ed25519.pub")], { encoding: "utf8" }).split(" ")[1] ?? "";
const contacts = ({ log }: Sshd): number => log().match(/^Connection from /gm)?.length ?? 0;
const logins = ({ log }: Sshd): number => log().match(/^Accepted publickey/gm)?.length ?? 0;

beforeAll(async () => {
  // A default key: --identity would be the destination's alone, not the bastion's.
  mkdirSync(join(dir, ".ssh"), { mode: 0o700 });
  key = makeKey(join(dir, ".ssh/id_ed25519"));
  const start = (last: number): Promise<Sshd> =>
    startSshd({
      address: `127.0.62.${last}`,
      authorized: [publicKey(key)],
      config: [`ListenAddress 127.0.63.${last}`],
    });
  const [known, fresh, twin, bastion, inner] = await Promise.all([1, 2, 3, 4, 5].map(start));
  servers = { known, fresh, twin, bastion, inner } as typeof servers;
  const at = (name: string, { address, port }: Sshd, more = ""): string =>
    `${name} ansible_host=${address} ansible_port=${port} ${more}`;
  const jump = `novasweep_jump=root@${servers.bastion.address}:${servers.bastion.port}`;
  const lines = [
    at("known", servers.known),
    at("fresh", servers.fresh),
    at("twin1", servers.twin),
    `twin2 ansible_host=127.0.63.3 ansible_port=${servers.twin.port}`,
    at("inner", servers.inner, jump),
    "gone ansible_host=127.0.62.99 ansible_port=1",
  ];
  writeFileSync(join(dir, "hosts"), `${lines.join("\n")}\n`);
}, 60_000);
beforeEach(() => writeFileSync(knownHosts, `${nameOf(servers.known)} ${servers.known.hostKeys[0]}\n`));
afterAll(async () => {
  await Promise.all(Object.values(servers ?? {}).map((server) => server.stop()));
  rmSync(dir, { recursive: true, force: true });
});

const run = (pattern: string, ...words: readonly string[]): Promise<Ran> =>
  novasweep(
    [
      ...["exec", pattern, "-i", join(dir, "hosts"), "--known-hosts", knownHosts, "--ssh-config", "none"],
      ...["--user", "root", "--state-dir", join(dir, "state"), "--yes", ...words],
      ...["--", "echo in"],
    ],
    { cwd: dir },
  );
const table = ({ stderr }: Ran): readonly string[] =>
  stderr.split("\n").filter((line) => /^(host keys nobody| {2}\S+ {2}SHA256:|to accept them)/.test(line));

describe("with the policy strict", () => {
  it("shows them and logs in to nobody else: one connection to each, and none is recorded", async () => {
    const before = [servers.fresh, servers.twin].map((server) => [contacts(server), logins(server)]);
    const ran = await run("known,fresh,twin1,gone");
    expect(table(ran)).toEqual([
      "host keys nobody knows yet, 2 hosts: no login there (--host-key-policy strict)",
      `  fresh  ${fingerprintOf(servers.fresh)} (ssh-ed25519)`,
      `  twin1  ${fingerprintOf(servers.twin)} (ssh-ed25519)`,
      expect.stringMatching(/^to accept them: compare them /),
    ]);
    expect(ran.stdout).toBe("known: in\n");
    expect(ran.stderr).toMatch(/^unreachable +E_HOSTKEY +fresh +the host key of \[127\.0\.62\.2\]/m);
    expect(ran.stderr).toMatch(/^unreachable +E_CONNECT +gone /m);
    const after = [servers.fresh, servers.twin].map((server) => [contacts(server), logins(server)]);
    expect(after).toEqual(before.map(([contact = 0, login]) => [contact + 1, login]));
    expect(readFileSync(knownHosts, "utf8").split("\n")).toHaveLength(2);
  });

  it("says nothing where all are known, and asks nobody before the run", async () => {
    const before = contacts(servers.known);
    const ran = await run("known");
    expect(table(ran)).toEqual([]);
    expect(contacts(servers.known)).toBe(before + 1);
  });

  it("looks at nothing behind a bastion it may not log in to", async () => {
    const before = contacts(servers.inner);
    const ran = await run("inner");
    expect(table(ran).slice(0, 2)).toEqual([
      "host keys nobody knows yet, 1 host: no login there (--host-key-policy strict)",
      `  ${servers.bastion.address}  ${fingerprintOf(servers.bastion)} (ssh-ed25519)`,
    ]);
    expect([contacts(servers.inner), logins(servers.bastion)]).toEqual([before, 0]);
    expect(ran.status).toBe(4);
  });
});

describe("with the policy accept-new", () => {
  it("shows a bastion's key, then those behind it, each before its login, and records them", async () => {
    const ran = await run("fresh,inner", "--host-key-policy", "accept-new");
    const policy = "each is accepted and recorded at its first login (--host-key-policy accept-new)";
    expect(table(ran)).toEqual([
      `host keys nobody knows yet, 2 hosts: ${policy}`,
      `  fresh  ${fingerprintOf(servers.fresh)} (ssh-ed25519)`,
      `  ${servers.bastion.address}  ${fingerprintOf(servers.bastion)} (ssh-ed25519)`,
      `host keys nobody knows yet, 1 host: ${policy}`,
      `  inner  ${fingerprintOf(servers.inner)} (ssh-ed25519)`,
    ]);
    expect(ran.stdout).toBe("fresh,inner: in\n");
    const recorded = readFileSync(knownHosts, "utf8").trim().split("\n").slice(1).sort();
    const expected = [servers.fresh, servers.bastion, servers.inner];
    expect(recorded).toEqual(expected.map((server) => `${nameOf(server)} ${server.hostKeys[0]}`).sort());
    expect(table(await run("fresh,inner"))).toEqual([]);
  });

  it("a bastion that takes no key of ours is asked once, by the look and by the run together", async () => {
    const refusals = (): number => servers.bastion.log().match(/^Failed publickey/gm)?.length ?? 0;
    const accepted = readFileSync(join(servers.bastion.dir, "authorized"), "utf8");
    writeFileSync(join(servers.bastion.dir, "authorized"), "");
    const [before, contact] = [refusals(), contacts(servers.bastion)];
    const ran = await run("inner", "--host-key-policy", "accept-new");
    writeFileSync(join(servers.bastion.dir, "authorized"), accepted);
    expect(ran.stderr).toMatch(/^unreachable +E_AUTH +inner +bastion /m);
    // One to see its key, one that logs in.
    expect([refusals() - before, contacts(servers.bastion) - contact]).toEqual([1, 2]);
  });

  it("one key under several names is one line", async () => {
    const ran = await run("twin[1-2]", "--host-key-policy", "accept-new");
    expect(table(ran)[1]).toBe(`  twin[1-2]  ${fingerprintOf(servers.twin)} (ssh-ed25519), one key for 2 hosts`);
  });

  it("accepts what was shown and nothing else: another key in the run, or one that could not be looked at", async () => {
    const host = sshHost(servers.fresh.address, servers.fresh.port);
    const name = nameOf(servers.fresh);
    const [, other = ""] = (servers.known.hostKeys[0] ?? "").split(" ");
    const files = {
      identityFiles: [key],
      knownHostsFiles: [join(dir, "nobody")],
      hostKeyPolicy: "accept-new",
    } as const;
    for (const [shownKeys, says] of [
      [new Map([[name, other]]), /showed the host key SHA256:\S+ \(ssh-ed25519\) before the run and SHA256:/],
      [new Map<string, string>(), /could not be shown before the run/],
    ] as const) {
      const transport = sshTransport({ ...files, shownKeys });
      const reply = await collect(transport.run(host, "exit 0\n", never));
      await transport.close();
      expect(reply).toMatchObject({ code: "E_HOSTKEY", message: expect.stringMatching(says) });
    }
    expect(existsSync(join(dir, "nobody"))).toBe(false);
  });
});
