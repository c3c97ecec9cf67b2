/** Passwords over real sshd, sudo, su and PAM, under the shells a node may have: told once, right or wrong, and seen by nobody. */
import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Become, Host, OpensshDial } from "../../src/domain/host.ts";
import { byHost } from "../../src/transport/by-host.ts";
import { createOpensshTransport } from "../../src/transport/openssh/openssh.ts";
import { PasswordGate } from "../../src/transport/password-gate.ts";
import type { Transport } from "../../src/transport/transport.ts";
import { type RealFleet, startRealFleet } from "../support/fleet/fleet.ts";
import type { RealNode } from "../support/fleet/node.ts";
import { isLong, takesShell } from "../support/long.ts";
import { clocksOf, collect, never, sshHost, sshTransport } from "../support/ssh-host.ts";

/** What a shell, a prompt or a terminal might stumble over: 505 bytes, of which crypt(3) takes 511 at most. */
const SECRET = ` it's "hard" \\ $(id) \`id\` %s %% ; # \u00fc\u20ac\u{1f511} ${"a b".repeat(150)} `;
const WRONG = "not the right one";
/** In the long run as many as would lock an account four times over. */
const WRONG_NODES = isLong ? 20 : 6;
const shells = (["ksh93", "dash"] as const).filter((name) => takesShell(name));

let fleet: RealFleet;
const transports: Transport[] = [];

/**
 * Debian's own PAM, with the wrong passwords it was given in a file of the node: there is no syslog. (`expose_authtok`: the
 * second prompt, at which we hang up, gives none.)
 */
const audit = (service: string): string =>
  [
    ...(service === "su" ? ["auth sufficient pam_rootok.so"] : []),
    "auth [success=2 default=ignore] pam_unix.so",
    "auth optional pam_exec.so expose_authtok seteuid /.node/bin/count-wrong",
    "auth requisite pam_deny.so",
    "auth required pam_permit.so",
    "account required pam_unix.so",
    "session required pam_permit.so",
    "",
  ].join("\n");

const prepare = (node: RealNode, shell: string): void => {
  node.write("/.node/bin/count-wrong", '#!/usr/bin/dash\necho "$PAM_SERVICE $PAM_USER" >>/.node/wrong\n');
  node.sh("chmod 755 /.node/bin/count-wrong; : >/.node/wrong");
  for (const service of ["sudo", "su"]) node.write(`/etc/pam.d/${service}`, audit(service));
  // The lecture and what use_pty does stand between us and the shell, as they do on a machine nobody has tuned.
  node.sh(
    "sed -e '/^ops ALL=(ALL)/d' -e 's/^Defaults .*/Defaults lecture=always, !syslog, !mail_no_user, use_pty, secure_path=\\/usr\\/bin:\\/usr\\/sbin/' -i /etc/sudoers; echo 'ops ALL=(root) /bin/sh' >>/etc/sudoers",
  );
  node.sh(`ln -sf ${shell} /usr/bin/sh`);
  node.run(["/usr/sbin/chpasswd", "-c", "YESCRYPT"], {
    input: Buffer.from(`ops:${SECRET}\nroot:${SECRET}\n`).toString("latin1"),
  });
};

beforeAll(async () => {
  const names = [...shells, ...Array.from({ length: WRONG_NODES }, (_, at) => `wrong${at + 1}`)];
  fleet = await startRealFleet(names.map((name) => ({ name, release: "juno", layout: "legacy" })));
  for (const node of fleet.nodes) prepare(node, node.name === "dash" ? "dash" : "ksh93");
});
afterAll(async () => {
  for (const transport of transports) await transport.close();
  await fleet?.stop();
});

/** Both ways to a host, with one gate, as a run has them. */
const transportWith = (password: string | undefined): Transport => {
  const gate = password === undefined ? undefined : new PasswordGate(Buffer.from(password));
  const transport = byHost(
    sshTransport({ knownHostsFiles: [fleet.knownHostsPath], identityFiles: [fleet.keyPath], gate }),
    createOpensshTransport({
      ssh: "/usr/bin/ssh",
      env: { PATH: process.env["PATH"], HOME: "/nonexistent" },
      configFile: "none",
      knownHosts: fleet.knownHostsPath,
      hostKeyPolicy: "strict",
      clocks: clocksOf(20_000),
      connectParallel: 16,
      gate,
    }),
  );
  transports.push(transport);
  return transport;
};
const ways = ["ssh2", "openssh"] as const;
const hostOf = (node: RealNode, become: Become, way: (typeof ways)[number] = "ssh2"): Host => ({
  ...sshHost(node.address, node.port, { user: "ops", become }),
  name: node.name,
  ...(way === "openssh" ? { openssh: dialOf(node) } : {}),
});
const dialOf = ({ address, port }: RealNode): OpensshDial => ({
  destination: address,
  user: "ops",
  port,
  identityFiles: [fleet.keyPath],
  why: "test",
});
const wrongTries = (nodes: readonly RealNode[]): readonly string[] =>
  nodes.flatMap((node) => node.read("/.node/wrong").split("\n").filter(Boolean));

/** Says who it is, shows that it was read to its end and that nothing of a terminal is in the way, and stays for a look. */
const script = `umask 077
main() {
  /usr/xpg4/bin/id -u
  printf 'tab\\there, \\\\n, \\003\\004\\021\\r\\n'
  echo "stderr" >&2
  cat
  : ${"padding ".repeat(5_000)}
  /bin/sleep 1
  exit 7
}
{ main </dev/null; }
`;

/** Every command line and environment of the node's processes at this moment. */
const processesOf = (node: RealNode): string =>
  readdirSync(node.at("/proc"))
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return (
          readFileSync(node.at(`/proc/${pid}/cmdline`), "latin1") +
          readFileSync(node.at(`/proc/${pid}/environ`), "latin1")
        );
      } catch {
        return ""; // It has ended.
      }
    })
    .join("\n");

describe.each(shells)("with %s as /bin/sh", (shell) => {
  const both = ways.flatMap((way) => (["sudo", "su"] as const).map((become) => [become, way] as const));
  it.each(both)("%s over %s takes the password, then the script as it is", async (become, way) => {
    const node = fleet.node(shell);
    let processes = "";
    const look = setInterval(() => {
      processes += processesOf(node);
    }, 100);
    const reply = await collect(transportWith(SECRET).run(hostOf(node, become, way), script, never));
    clearInterval(look);
    expect([reply.message, reply.last]).toEqual(["", { kind: "exit", status: 7 }]);
    const said = "0\ntab\there, \\n, \u0003\u0004\u0011\r\n";
    if (become === "sudo") expect([reply.stdout.toString(), reply.stderr]).toEqual([said, "stderr\n"]);
    else expect(reply.stdout.toString()).toBe(`${said}stderr\n`);
    expect(processes).toContain("sleep");
    expect(processes).not.toContain(SECRET.slice(5, 20));
    expect(wrongTries([node])).toEqual([]);
  });
});

it.each(["sudo", "su"] as const)(
  "%s: a wrong password is one try on one node, whichever way each is reached",
  async (become) => {
    const nodes = fleet.nodes.filter(({ name }) => name.startsWith("wrong"));
    for (const node of nodes) node.write("/.node/wrong", "");
    const transport = transportWith(WRONG);
    const hosts = nodes.map((node, at) => hostOf(node, become, ways[at % 2]));
    const replies = await Promise.all(hosts.map((host) => collect(transport.run(host, script, never))));
    expect(replies.map(({ code }) => code)).toEqual(Array(WRONG_NODES).fill("E_BECOME"));
    const tried = replies.filter(({ message }) =>
      message.startsWith(`${become} did not take the password, which was tried once`),
    );
    expect(tried).toHaveLength(1);
    expect(
      replies.filter(({ message }) => message.startsWith("not tried here: the password was wrong on wrong")),
    ).toHaveLength(WRONG_NODES - 1);
    expect(JSON.stringify(replies)).not.toContain(WRONG);
    await expect.poll(() => wrongTries(nodes)).toEqual([`${become} ${become === "su" ? "root" : "ops"}`]);
  },
);

it("without a password sudo is not let ask, and says so", async () => {
  const reply = await collect(transportWith(undefined).run(hostOf(fleet.node("ksh93"), "sudo"), script, never));
  expect(reply.last).toEqual({ kind: "exit", status: 1 });
  expect(reply.stderr).toContain("a password is required");
});

it("a rule that lets sudo ask nothing is told nothing", async () => {
  const node = fleet.node("ksh93");
  node.sh("echo 'ops ALL=(root) NOPASSWD: /bin/sh' >>/etc/sudoers");
  const reply = await collect(transportWith(WRONG).run(hostOf(node, "sudo"), script, never));
  expect(reply.last).toEqual({ kind: "exit", status: 7 });
  expect(wrongTries([node])).toEqual([]);
});

it("root's own su asks nothing, with a password or without", async () => {
  for (const password of [WRONG, undefined]) {
    const host = { ...hostOf(fleet.node("ksh93"), "su"), user: "root" };
    const reply = await collect(transportWith(password).run(host, script, never));
    expect([reply.message, reply.last]).toEqual(["", { kind: "exit", status: 7 }]);
  }
});
