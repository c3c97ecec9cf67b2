/** ssh's configuration where no ssh is installed: the same answer as `ssh -G` gives, or none. No program is ever run for it. */
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import type { Result } from "../../src/domain/result.ts";
import type { SshAnswer, SshQuestion } from "../../src/inventory/ssh-defaults.ts";
import { sshConfig } from "../../src/ssh-config/ask.ts";
import { isLong } from "../support/long.ts";
import { novasweep, scratch } from "../support/novasweep.ts";
import { agreementCases, filesOf, type Words } from "../support/ssh-agreement/cases.ts";

const dir = scratch("without-ssh");
mkdirSync(join(dir, "sub"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const { homedir, username, uid } = userInfo();
/** An empty folder: in it there is no ssh. */
const NO_SSH = join(dir, "sub");
const ask = async (path: string | undefined, question: SshQuestion): Promise<Result<SshAnswer | undefined, string>> => {
  const asked = await sshConfig({
    file: join(dir, "config"),
    signal: new AbortController().signal,
    // ssh goes by the account, whatever the environment says.
    ...{
      home: homedir,
      localUser: username,
      uid,
      localHost: hostname(),
      env: { PATH: path, NOVASWEEP_TEST_DIR: dir, NOVASWEEP_TEST_AGENT: "/agent" },
    },
  })([question]);
  return asked.ok ? { ok: true, value: asked.value[0] } : { ok: false, error: asked.error[0]?.what ?? "" };
};
/** What ssh says, what we say without it. */
const both = async (config: string, question: SshQuestion) => {
  writeFileSync(join(dir, "config"), config);
  const [withSsh, without] = await Promise.all([ask(process.env["PATH"], question), ask(NO_SSH, question)]);
  return { withSsh, without };
};

const program = (...words: readonly string[]) =>
  novasweep([...words, "-i", join(dir, "hosts"), "--ssh-config", join(dir, "config")], {
    cwd: dir,
    env: { PATH: NO_SSH },
  });
const inventory = (...words: readonly string[]) => program("inventory", ...words);

const host = fc.constantFrom("cn01", "cn02", "CN01", "db.example", "*", "cn*", "c?01", "!cn02", "!cn0*", "none.such");
const value = fc.constantFrom(
  "a",
  "b",
  "A-b_c",
  '"quoted"',
  "'single'",
  "with#hash",
  '"a b"',
  "x\\\\y",
  '"in\\"side"',
  "none",
);
const name = fc.constantFrom(
  "HostName",
  "hostname",
  "User",
  "HostKeyAlias",
  "IdentityFile",
  "IDENTITYFILE",
  "ProxyJump",
);
const blank = fc.constantFrom(" ", "  ", "\t", "=", " = ", " =", "= ");
const line = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(name, blank, value).map((words) => words.join("")) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom("HostName"), blank, fc.constantFrom("%h.example", "%%h", "10.0.0.%h"))
      .map((words) => words.join("")),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      "Port 2222",
      "Port=22",
      'port "2022"',
      "ConnectTimeout 7",
      "IdentitiesOnly yes",
      "IdentitiesOnly false",
      "identitiesonly TRUE",
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      "KexAlgorithms curve25519-sha256",
      "Ciphers aes256-ctr,aes128-ctr",
      "MACs hmac-sha2-256",
      "HostKeyAlgorithms ssh-ed25519",
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      "UserKnownHostsFile ~/k /k2",
      'UserKnownHostsFile "/a" /%h',
      "GlobalKnownHostsFile none",
      "UserKnownHostsFile none",
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "ProxyCommand nc %h %p",
      "ProxyCommand none",
      "CertificateFile /c",
      "AddressFamily ANY",
      "AddressFamily inet",
      "PubkeyAuthentication No",
      "PreferredAuthentications publickey,password",
      "PreferredAuthentications password",
      "RevokedHostKeys /r",
      "ConnectTimeout 0",
      "IdentityAgent none",
      "ProxyJump b1,b2:2200",
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "# a comment",
      "",
      "   ",
      "User op # and a comment",
      "  Compression yes",
      "\tServerAliveInterval 5",
    ),
  },
  {
    weight: 3,
    arbitrary: fc.array(host, { minLength: 1, maxLength: 3 }).map((patterns) => `Host ${patterns.join(" ")}`),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        fc.constantFrom("host", "originalhost", "user", "localuser", "!host", "!user", "Host"),
        fc.constantFrom("cn01", "cn*,!cn02", "CN01", "ops,root", "root", "*", "a"),
      )
      .map(([key, list]) => `Match ${key} ${list}`),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "Match all",
      "Match canonical host cn01",
      "Match host cn01 user root",
      'Match user nobody exec "touch @DIR@/ran"',
      "Include sub/*.conf",
      "Include absent",
    ),
  },
);
const question = fc.record(
  {
    destination: fc.constantFrom("cn01", "cn02", "CN01", "db.example"),
    user: fc.constantFrom("root", "ops"),
    port: fc.constantFrom(22, 2200),
  },
  { requiredKeys: ["destination"] },
);

describe("without ssh", () => {
  it("generated configurations are answered as ssh answers them, or refused where ssh refuses", async () => {
    writeFileSync(join(dir, "sub/1.conf"), "User included\nHost cn02\n  Port 2345\n");
    writeFileSync(join(dir, "sub/2.conf"), "Match user included\n  HostKeyAlias second\n", { mode: 0o600 });
    const counts = { same: 0, refused: 0, onlyHere: 0 };
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 12 }), question, async (lines, asked) => {
        const config = `${lines.join("\n").replaceAll("@DIR@", dir)}\n`.replace("Include sub", `Include ${dir}/sub`);
        const { withSsh, without } = await both(config, asked);
        if (!withSsh.ok) counts.refused++;
        else if (!without.ok) counts.onlyHere++;
        else counts.same++;
        if (without.ok) expect(without).toEqual(withSsh);
        else if (withSsh.ok) expect(without.error).toMatch(/more than one word|takes ssh|ProxyJump .* is not none/);
      }),
      { numRuns: isLong ? 2_000 : 30 },
    );
    expect(counts.same).toBeGreaterThan(counts.refused + counts.onlyHere);
    expect(existsSync(join(dir, "ran"))).toBe(false);
  }, 300_000);

  it.each([
    ['Match exec "touch @DIR@/ran"\n  User op\n', /Match exec takes ssh itself/],
    ["Match final\n  User op\n", /Match final takes ssh itself/],
    ["Match localnetwork 10.0.0.0/8\n  User op\n", /Match localnetwork takes ssh itself/],
    ["CanonicalizeHostname yes\n", /CanonicalizeHostname takes ssh itself/],
    ["Ciphers +aes128-cbc\n", /ciphers \+aes128-cbc takes ssh's own list/],
    ["HostName %n.example\n", /HostName %n\.example holds a token/],
    ["Include %d/x\n", /config:1: only ssh itself can expand Include %d\/x/],
    ["ConnectTimeout 1m\n", /ConnectTimeout 1m is not in seconds/],
    ["Port 0\n", /Port 0 is none/],
    ['User "op\n', /config:1: an open quote behind User/],
    ["User\nPort 22\n", /config:1: nothing behind User/],
    [`Include @DIR@/loop\n`, /files include each other, more than 16 deep/],
    ["Include @DIR@/writable\n", /bad owner or permissions on \S+\/writable/],
  ])("%j is refused, with a way out, and nothing is run", async (config, why) => {
    writeFileSync(join(dir, "loop"), `Include ${dir}/loop\n`);
    writeFileSync(join(dir, "writable"), "User op\n");
    chmodSync(join(dir, "writable"), 0o666);
    const text = config.replaceAll("@DIR@", dir);
    writeFileSync(join(dir, "config"), text);
    writeFileSync(join(dir, "hosts"), "cn01\n");
    const ran = await inventory();
    expect([ran.status, ran.stdout]).toEqual([2, ""]);
    expect(ran.stderr).toMatch(why);
    expect(ran.stderr).toMatch(/install OpenSSH's client, which evaluates it itself; --ssh-config none does without/);
    expect(existsSync(join(dir, "ran"))).toBe(false);
  });

  it("a Match exec behind a criterion that does not hold is not needed, as with ssh", async () => {
    const config = `Match user nobody exec "touch ${dir}/ran"\n  User op\nHost cn*\n  Port 2200\n`;
    const { withSsh, without } = await both(config, { destination: "cn01", user: "root" });
    expect(without).toEqual(withSsh);
    expect(without).toMatchObject({ value: { port: 2200 } });
    expect(existsSync(join(dir, "ran"))).toBe(false);
  });

  it("the program goes by it, and says when ssh itself is needed", async () => {
    writeFileSync(join(dir, "hosts"), "cn01\n");
    writeFileSync(join(dir, "config"), "Host cn*\n  HostName %h.example\n  Port 2200\n");
    const { hosts } = JSON.parse((await inventory("--format", "json")).stdout);
    expect(hosts[0]).toMatchObject({ address: "cn01.example", settings: { port: { value: "2200" } } });
    writeFileSync(join(dir, "config"), "ProxyCommand nc %h %p\n");
    const ran = await program("status", "all", "--state-dir", dir);
    expect(ran.status).toBe(2);
    expect(ran.stderr).toContain(
      "cn01 can only be reached by the system's ssh (ProxyCommand in ssh's configuration), and there is none",
    );
  });

  it("the configurations on which ssh and novasweep agree are read alike, but where ssh alone can", async () => {
    const words = Object.fromEntries(
      "NODE PORT NODE_NAME OUTER OUTER_PORT INNER INNER_PORT ED RSA OTHER DIR KEY STRANGER AGENT NODE_JS ALL_KNOWN"
        .split(" ")
        .map((name) => [
          name,
          /PORT/.test(name) ? "2022" : /DIR|KEY|STRANGER|AGENT/.test(name) ? `${dir}/${name}` : name,
        ]),
    ) as unknown as Words;
    const refused: string[] = [];
    for (const given of agreementCases) {
      const { config = "", ...files } = filesOf(given, words);
      for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text, { mode: 0o600 });
      const { withSsh, without } = await both(config, { destination: "node", user: "root" });
      if (without.ok || !withSsh.ok) expect({ name: given.name, ...without }).toEqual({ name: given.name, ...withSsh });
      else refused.push(`${given.name}: ${without.error.replace(/^.*?: /, "")}`);
    }
    expect(refused).toEqual([
      "Match exec that says yes: Match exec takes ssh itself",
      "Match exec that says no: Match exec takes ssh itself",
    ]);
    expect(existsSync(join(dir, "ran"))).toBe(false);
  });
});
