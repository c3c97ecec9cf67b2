/** `novasweep hosts keys` against real sshds: every verdict, no login, and what it prints is what ssh then takes. */
import { execFileSync } from "node:child_process";
import { appendFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { novasweep, scratch } from "../support/novasweep.ts";
import { makeKey, publicKey, type Sshd, startSshd } from "../support/sshd.ts";

const dir = scratch("hosts-keys");
const names = ["known", "fresh", "changed", "revoked"] as const;
let servers: readonly Sshd[] = [];
let other: string;

beforeAll(async () => {
  servers = await Promise.all(names.map((_, at) => startSshd({ address: `127.0.33.${at + 1}` })));
  other = publicKey(makeKey(join(dir, "other")));
  const [known, , changed, revoked] = servers.map(({ address, port, hostKeys }) => ({
    name: `[${address}]:${port}`,
    key: hostKeys[0],
  }));
  writeFileSync(
    join(dir, "known_hosts"),
    `${known?.name} ${known?.key}\n${changed?.name} ${other}\n@revoked * ${revoked?.key}\n${revoked?.name} ${revoked?.key}\n`,
  );
  const lines = servers.map(({ address, port }, at) => `${names[at]} ansible_host=${address} ansible_port=${port}`);
  writeFileSync(join(dir, "hosts"), `${lines.join("\n")}\ngone ansible_host=127.0.33.99 ansible_port=1\n`);
}, 60_000);
afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  rmSync(dir, { recursive: true, force: true });
});

const keys = (...words: readonly string[]) =>
  novasweep(
    [
      ...["hosts", "keys", ...words, "-i", join(dir, "hosts"), "--known-hosts", join(dir, "known_hosts")],
      ...["--ssh-config", "none"],
    ],
    { cwd: dir },
  );
const fingerprintOf = (server: Sshd | undefined): string =>
  execFileSync("ssh-keygen", ["-lf", join(server?.dir ?? "", "host-ed25519.pub")], { encoding: "utf8" }).split(
    " ",
  )[1] ?? "";

describe("hosts keys", () => {
  it("says of each host what is known of its key, the worst first, and logs in to none", async () => {
    const ran = await keys();
    expect(ran.stderr).toBe("");
    const [, fresh, changed, revoked] = servers.map(fingerprintOf);
    const otherPrint = execFileSync("ssh-keygen", ["-lf", join(dir, "other.pub")], { encoding: "utf8" }).split(" ")[1];
    expect(ran.stdout.split("\n")).toEqual([
      "revoked 1 host",
      `  revoked  ${revoked} (ssh-ed25519), known: ${revoked} (ssh-ed25519) in ${dir}/known_hosts:3`,
      "changed 1 host",
      `  changed  ${changed} (ssh-ed25519), known: ${otherPrint} (ssh-ed25519) in ${dir}/known_hosts:2`,
      "not known 1 host",
      `  fresh  ${fresh} (ssh-ed25519)`,
      "known 1 host: known",
      "unreachable 1 host",
      "  gone  E_CONNECT  127.0.33.99 port 1: connection refused",
      "",
    ]);
    expect(ran.status).toBe(4);
    for (const server of servers) expect(server.log()).not.toMatch(/publickey|Accepted|Failed/);
  });

  it.each([
    [["known"], 0],
    [["known", "fresh"], 3],
    [["known", "fresh", "changed"], 6],
    [["revoked"], 6],
    [["gone", "changed"], 4],
  ] as const)("%j ends with %i", async (hosts, status) => {
    expect((await keys(...hosts)).status).toBe(status);
  });

  it("as JSON has a verdict for each host", async () => {
    const { hosts } = JSON.parse((await keys("--format", "json")).stdout);
    expect(hosts.map(({ host, verdict }: { host: string; verdict: string }) => [host, verdict])).toEqual([
      ["known", "known"],
      ["fresh", "unknown"],
      ["changed", "changed"],
      ["revoked", "revoked"],
      ["gone", "unreachable"],
    ]);
    expect(hosts[2].known).toEqual({
      type: "ssh-ed25519",
      fingerprint: expect.stringMatching(/^SHA256:/),
      place: `${dir}/known_hosts:2`,
    });
  });

  it("as known_hosts prints the unknown keys alone; once added, the host is known", async () => {
    const ran = await keys("--format", "known_hosts");
    const fresh = servers[1];
    expect(ran.stdout).toBe(`[${fresh?.address}]:${fresh?.port} ${fresh?.hostKeys[0]}\n`);
    appendFileSync(join(dir, "known_hosts"), ran.stdout);
    expect((await keys("fresh")).stdout).toBe("known 1 host: fresh\n");
  });

  it.each([
    [["hosts"], /hosts needs a word more/],
    [["hosts", "key"], /there is no command "hosts key"/],
    [["hosts", "keys", "--become", "none"], /does not take --become/],
  ])("%j is told what to type", async (words, what) => {
    const ran = await novasweep(words, { cwd: dir });
    expect([ran.status, ran.stdout]).toEqual([2, ""]);
    expect(ran.stderr).toMatch(what);
  });
});
