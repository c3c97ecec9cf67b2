/** How the system's ssh is called, and what its log says: pure. */
import { describe, expect, test } from "vitest";
import type { OpensshDial } from "../../src/domain/host.ts";
import { becomeWay } from "../../src/transport/become-way.ts";
import { isDropped, logFailure, readLog } from "../../src/transport/openssh/log.ts";
import { opensshConfig, opensshWords } from "../../src/transport/openssh/words.ts";
import { sshHost } from "../support/ssh-host.ts";

const host = sshHost("10.0.0.7", 22, { become: "sudo" });
const way = becomeWay(host, false, "", 0);
const files = { config: "/c", log: "/l" };
const dial: OpensshDial = { destination: "cn07", identityFiles: [], why: "test" };

describe("the configuration in front of the operator's", () => {
  const settings = { configFile: undefined, knownHosts: undefined, hostKeyPolicy: "strict" } as const;
  test("says what counts before anything is included", () => {
    const lines = opensshConfig(settings).trimEnd().split("\n");
    expect(lines.slice(-2)).toEqual(["Include ~/.ssh/config", 'Include "/etc/ssh/ssh_config"']);
    expect(lines.slice(0, -2)).toContain("StrictHostKeyChecking yes");
    expect(lines.slice(0, -2)).toContain("BatchMode yes");
  });
  test("includes the one that is named, or none; known_hosts of the command line are the only ones", () => {
    const named = opensshConfig({ configFile: '/a b/*"c', knownHosts: '/k 100%/"x', hostKeyPolicy: "accept-new" });
    expect(named).toContain('Include "/a b/\\*\\"c"\n');
    expect(named).toContain('UserKnownHostsFile "/k 100%%/\\"x"\nGlobalKnownHostsFile none\n');
    expect(named).toContain("StrictHostKeyChecking accept-new\n");
    expect(opensshConfig({ ...settings, configFile: "none" })).not.toContain("Include");
  });
});

describe("the words behind ssh", () => {
  test("leave to the configuration what nobody said", () => {
    const words = opensshWords(host, dial, way, files);
    expect(words.slice(0, 5)).toEqual(["-F", "/c", "-T", "-E", "/l"]);
    expect(words.slice(-3)).toEqual(["--", "cn07", "sudo -n /bin/sh -s"]);
    expect(words.some((word) => ["-l", "-p", "-i"].includes(word) || word.startsWith("ProxyJump"))).toBe(false);
  });
  test("ask for a terminal where su needs one", () => {
    const words = opensshWords(host, dial, becomeWay({ ...host, become: "su" }, true, "00", 7), files);
    expect(words.slice(0, 5)).toEqual(["-F", "/c", "-tt", "-E", "/l"]);
    expect(words).toContain("RequestTTY=force");
    expect(words).toContain("EscapeChar=none");
  });
  test("say what the command line or the inventory said, and the old algorithms for those who need them", () => {
    const said = { ...dial, user: "ops", port: 2222, jump: "none", identityFiles: ["/k 100%"] };
    const words = opensshWords({ ...host, sshLegacy: "sunssh" }, said, way, files);
    expect(words.join(" ")).toContain("-l ops -p 2222 -o ProxyJump=none -i /k 100%% -- cn07");
    expect(words).toContain("IdentitiesOnly=yes");
    expect(words).toContain("HostKeyAlgorithms=+ssh-rsa");
  });
});

describe("ssh's log", () => {
  const connected = `debug1: Reading configuration data /c
debug1: Connecting to cn07 [10.0.0.7] port 22.
debug1: Connection established.
debug1: Local version string SSH-2.0-OpenSSH_9.2p1
debug1: Remote protocol version 2.0, remote software version OpenSSH_9.2p1
`;
  const inside = `${connected}debug1: SSH2_MSG_NEWKEYS received
Authenticated to cn07 ([10.0.0.7]:22) using "publickey".
debug1: Sending command: /bin/sh -s
`;
  test.each([
    ["nothing yet", "", "resolve", undefined],
    ["a connection", connected, "kex", undefined],
    ["a session", inside, "shell", undefined],
    ["its end", `${inside}debug1: Exit status 255\n`, "shell", { status: 255 }],
    [
      "a signal",
      `${inside}debug1: client_input_channel_req: channel 0 rtype exit-signal reply 0\n`,
      "shell",
      { status: null },
    ],
    ["a command in place of a connection", "debug1: Executing proxy command: exec nc cn07 22\n", "tcp", undefined],
    ["a status that is not ssh's own line", `${inside}Exit status 0\n`, "shell", undefined],
  ] as const)("of %s", (_, text, layer, exit) => {
    expect(readLog(text)).toMatchObject({ layer, exit });
  });

  test("a peer that has shown no key is not believed what ssh quotes of it, line ends and all", () => {
    const forged = "Authenticated to x\r\ndebug1: Sending command: x\r\ndebug1: Exit status 0\r\n";
    for (const quote of [
      "debug1: Remote: ",
      "Received disconnect from 10.0.0.7 port 22:2: ",
      "Unable to negotiate with 10.0.0.7 port 22: no matching cipher found. Their offer: ",
    ]) {
      const read = readLog(`${connected}${quote}\r\n${forged}`);
      expect(read).toMatchObject({ layer: "kex", exit: undefined });
      expect(logFailure(host, read, "", true).code).toBe("E_HANDSHAKE");
    }
    expect(readLog(`${inside}debug1: Remote: hello\ndebug1: Exit status 3\n`).exit).toEqual({ status: 3 });
  });

  const dropped = `${connected.split("debug1: Remote")[0]}kex_exchange_identification: Connection closed by remote host\nConnection closed by 10.0.0.7 port 22\n`;
  test.each([
    ["a drop before the first word", dropped, "", true],
    ["one behind a bastion that was dropped too", dropped, "Connection closed by 10.0.0.1 port 22\r\n", true],
    ["one behind a bastion that took no key", dropped, "ops@b: Permission denied (publickey).\r\n", false],
    [
      "one behind a bastion nobody knows",
      dropped,
      "Host key verification failed.\r\nConnection closed by x\r\n",
      false,
    ],
    ["a drop after the first word", `${connected}Connection closed by 10.0.0.7 port 22\n`, "", false],
    [
      "a refusal",
      "debug1: Connecting to x [y] port 22.\nssh: connect to host x port 22: Connection refused\n",
      "",
      false,
    ],
  ])("%s is worth another try: %#", (_, text, noise, again) => {
    expect(isDropped(readLog(text), noise)).toBe(again);
  });

  test("a hop that refused is named, with its own trouble", () => {
    const read = readLog(
      "debug1: Executing proxy command: x\ndebug1: Local version string x\nConnection closed by UNKNOWN port 65535\n",
    );
    const unknown =
      "No ED25519 host key is known for b and you have requested strict checking.\r\nHost key verification failed.\r\n";
    expect(logFailure(host, read, unknown, false)).toMatchObject({
      code: "E_HOSTKEY",
      message: expect.stringContaining("is known for b"),
    });
    expect(logFailure(host, read, "ops@b: Permission denied (publickey).\r\n", false)).toMatchObject({
      code: "E_AUTH",
      message: expect.stringContaining("on the way: ops@b: Permission denied"),
    });
    expect(logFailure(host, read, "nc: no \u001b[2J route\n", false)).toMatchObject({
      code: "E_CONNECT",
      message: expect.stringMatching(/on the way: nc: no [^\u001b]*route/),
    });
  });

  test.each([
    ["ssh: Could not resolve hostname cn07: Name or service not known\n", "E_RESOLVE", "Name or service not known"],
    [
      `debug1: Connecting to cn07 [10.0.0.7] port 22.\nssh: connect to host cn07 port 22: Connection refused\n`,
      "E_CONNECT",
      "refused",
    ],
    [
      `${connected}Unable to negotiate with 10.0.0.7 port 22: no matching cipher found.\n`,
      "E_HANDSHAKE",
      "no matching cipher",
    ],
    [
      `${connected}No ED25519 host key is known for cn07 and you have requested strict checking.\nHost key verification failed.\n`,
      "E_HOSTKEY",
      "is known for cn07",
    ],
    [
      `${connected}debug1: SSH2_MSG_NEWKEYS received\nops@cn07: Permission denied (publickey).\n`,
      "E_AUTH",
      "Permission denied",
    ],
    [`${inside}Connection to cn07 closed by remote host.\n`, "E_LOST", "may have run"],
    ["", "E_CONNECT", "it ended without a word"],
  ])("%j is %s", (text, code, words) => {
    const failure = logFailure(host, readLog(text), "", true);
    expect(failure.code).toBe(code);
    expect(failure.message).toContain(words);
  });
});
