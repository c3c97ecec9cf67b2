/** How the system's ssh is called, and what its log says: pure. */
import { describe, expect, test } from "vitest";
import type { OpensshDial } from "../../src/domain/host.ts";
import { becomeWay } from "../../src/transport/become-way.ts";
import { logFailure, readLog } from "../../src/transport/openssh/log.ts";
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
    const failure = logFailure(host, readLog(text), true);
    expect(failure.code).toBe(code);
    expect(failure.message).toContain(words);
  });
});
