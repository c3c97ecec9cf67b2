/** What ssh's configuration says: its dump, the tokens in file names, and whether there is anything to ask about. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { readAnswer } from "../../src/ssh-config/answer.ts";
import { saysAnything } from "../../src/ssh-config/content.ts";
import { difference, readDump } from "../../src/ssh-config/dump.ts";
import { expandPath, type Standing } from "../../src/ssh-config/tokens.ts";

const variable = (name: string): string => `\${${name}}`;

const standing: Standing = {
  home: "/home/op",
  localUser: "op",
  uid: 1000,
  localHost: "controller.example.org",
  original: "cn01",
  address: "10.0.0.1",
  port: 2222,
  user: "ops",
  alias: undefined,
  env: { KEYS: "/keys" },
};

describe("the names of files", () => {
  it.each([
    ["/plain", "/plain"],
    ["~/.ssh/id", "/home/op/.ssh/id"],
    ["~other/id", "~other/id"],
    ["/a~", "/a~"],
    [
      "/%d/%h/%i/%k/%L/%l/%n/%p/%r/%u",
      "//home/op/10.0.0.1/1000/cn01/controller/controller.example.org/cn01/2222/ops/op",
    ],
    ["/100%%", "/100%"],
    ["/%%h", "/%h"],
    [`${variable("KEYS")}/id`, "/keys/id"],
    ["/$KEYS", "/$KEYS"],
    [`${variable("ABSENT")}/id`, undefined],
    ["/%C", undefined],
    ["/%x", undefined],
  ])("%s", (path, expanded) => {
    expect(expandPath(path, standing)).toBe(expanded);
  });
});

describe("a dump", () => {
  const without = readDump(
    "host x\nuser op\nport 22\nidentityfile ~/.ssh/id_rsa\nidentityfile ~/.ssh/id_ed25519\nproxyjump none\n",
  );

  it("differs where the configuration says something, lists as a whole", () => {
    const said = difference(
      readDump("User op\nPort 2222\nidentityfile ~/.ssh/id_rsa\nproxycommand nc %h %p\nforwardagent no\nnonsense\n"),
      without,
    );
    expect(Object.fromEntries(said)).toEqual({
      port: ["2222"],
      identityfile: ["~/.ssh/id_rsa"],
      proxycommand: ["nc %h %p"],
      forwardagent: ["no"],
    });
  });

  const answer = (text: string, question = {}) =>
    readAnswer({ destination: "cn01", ...question }, readDump(`hostname cn01\nuser op\nport 22\n${text}`), without, {
      home: "/home/op",
      localUser: "op",
      uid: 1000,
      localHost: "controller",
      env: {},
    });

  it("of which nothing is said answers nothing", () => {
    expect(answer("identityfile ~/.ssh/id_rsa\nidentityfile ~/.ssh/id_ed25519\n")).toEqual({
      ok: true,
      value: { jump: [] },
    });
  });

  it("answers with a name in lower case as the same host", () => {
    expect(answer("", { destination: "CN01" })).toEqual({ ok: true, value: { jump: [] } });
  });

  it.each([
    ["proxycommand nc %h %p\n", "ProxyCommand in ssh's configuration"],
    ["certificatefile ~/.ssh/cert\n", "CertificateFile in ssh's configuration"],
    ["pkcs11provider /lib/p11.so\n", "PKCS11Provider in ssh's configuration"],
    ["revokedhostkeys /r\n", "RevokedHostKeys in ssh's configuration"],
    ["knownhostscommand /k\n", "KnownHostsCommand in ssh's configuration"],
    ["addressfamily inet\n", "AddressFamily in ssh's configuration"],
    ["bindaddress 10.0.0.9\n", "BindAddress in ssh's configuration"],
    ["pubkeyauthentication false\n", "PubkeyAuthentication in ssh's configuration"],
    ["preferredauthentications keyboard-interactive\n", "PreferredAuthentications in ssh's configuration"],
    ["preferredauthentications gssapi-with-mic,publickey\n", undefined],
    ["connecttimeout 0\n", undefined],
    ["proxycommand none\n", undefined],
  ])("that only ssh itself can follow says so: %s", (text, needsOpenssh) => {
    expect(answer(text)).toEqual({ ok: true, value: { jump: [], ...(needsOpenssh && { needsOpenssh }) } });
  });

  it("has a time limit for the connection", () => {
    expect(answer("connecttimeout 7\n")).toEqual({ ok: true, value: { jump: [], connectTimeoutS: 7 } });
    expect(answer("connecttimeout none\n")).toEqual({ ok: true, value: { jump: [] } });
  });

  it("gives way to what stronger sources say", () => {
    const text = "user root\nport 2222\nproxyjump bastion\nproxycommand nc\n";
    const said = { user: "ops", port: 22, jump: [] };
    expect(answer(text, said)).toEqual({ ok: true, value: { jump: [] } });
  });

  it.each([
    ["proxyjump a,b,c,d,e\n", /^ProxyJump a,b,c,d,e is not none, or up to 4/],
    ["identityfile /%x\n", /^IdentityFile \/%x holds a variable/],
    ["identityagent $ABSENT\n", /^IdentityAgent \$ABSENT names nothing/],
  ])("that cannot be followed is refused: %s", (text, why) => {
    expect(answer(text)).toEqual({ ok: false, error: expect.stringMatching(why) });
  });
});

describe("whether there is anything to ask about", () => {
  const made: string[] = [];
  afterEach(() => {
    for (const dir of made.splice(0)) rmSync(dir, { recursive: true });
  });
  const says = (files: Readonly<Record<string, string>>): boolean => {
    const home = mkdtempSync(join(tmpdir(), "novasweep-ssh-config-"));
    made.push(home);
    mkdirSync(join(home, ".ssh/more"), { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(home, ".ssh", name), text);
    return saysAnything(join(home, ".ssh/config"), home);
  };

  it.each([
    ["no file", {}, false],
    ["an empty one", { config: "" }, false],
    [
      "Debian's",
      { config: "Include more/*.conf\nHost *\n#   Port 22\n    SendEnv LANG LC_*\n    HashKnownHosts yes\n" },
      false,
    ],
    ["a comment", { config: "# ProxyJump bastion\n" }, false],
    ["a line of ours, in any case and form", { config: "host *\n\tHOSTNAME=cn%h\n" }, true],
    ["a keyword in quotes", { config: '"UserKnownHostsFile" /k\n' }, true],
    [
      "a line of ours in a file that is included",
      { config: "Include more/*\n", "more/a": "", "more/b": "user x\n" },
      true,
    ],
    ["one in a file under the home directory", { config: "include ~/.ssh/more/b\n", "more/b": "user x\n" }, true],
    ["an include that only ssh understands", { config: 'Include "more/a b"\n' }, true],
    ["a file that includes itself", { config: "Include ~/.ssh/config\n" }, true],
  ] as const)("%s", (_, files, expected) => {
    expect(says(files)).toBe(expected);
  });

  it("a file that cannot be read may say anything", () => {
    const home = mkdtempSync(join(tmpdir(), "novasweep-ssh-config-"));
    made.push(home);
    mkdirSync(join(home, ".ssh/config"), { recursive: true });
    expect(saysAnything(join(home, ".ssh/config"), home)).toBe(true);
  });
});
