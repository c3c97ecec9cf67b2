/** ssh's configuration on the command line: what came of it is shown with its source, and what cannot be followed stops everything. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { novasweep, scratch } from "../support/novasweep.ts";

const dir = scratch("ssh-config");
afterAll(() => rmSync(dir, { recursive: true, force: true }));

writeFileSync(join(dir, "hosts"), "cn01\ncn02 ansible_user=root ansible_port=22\ncn03 novasweep_jump=none\n");
const inventory = async (config: string | undefined, ...more: readonly string[]) => {
  const file = join(dir, "config");
  if (config !== undefined) writeFileSync(file, config);
  return novasweep(["inventory", "-i", join(dir, "hosts"), "--ssh-config", file, ...more], { cwd: dir });
};

const CONFIG = `Host cn*
  HostName %h.example
  User ops
  Port 2222
  ProxyJump outer,root@inner:2200
  IdentityFile ${dir}/id
Host outer
  HostName 10.0.0.1
  User jump
  ProxyJump none
`;

describe("ssh's configuration", () => {
  it("is weaker than the inventory, which is weaker than the command line; each value names its source", async () => {
    const ran = await inventory(CONFIG, "--format", "json", "--set", "user=admin", "-l", "cn01,cn02");
    expect(ran.stderr).toBe("");
    const [first, second] = JSON.parse(ran.stdout).hosts;
    const ofSsh = (value: string) => ({ value, source: "ssh's configuration" });
    expect(first).toMatchObject({
      address: "cn01.example",
      settings: {
        user: { value: "admin", source: "--set user=admin" },
        port: ofSsh("2222"),
        jump: ofSsh("jump@10.0.0.1:22,root@inner:2200"),
        identity: ofSsh(`${dir}/id`),
        become: { value: "sudo" },
      },
    });
    expect(second).toMatchObject({
      address: "cn02.example",
      settings: { port: { value: "22", source: expect.stringMatching(/hosts:2$/) } },
    });
  });

  it("decides who the login user is, and so how to become root", async () => {
    const ran = await inventory("Host cn01\n  User ops\nHost *\n  User root\n", "--format", "json");
    const hosts: readonly { settings: Record<string, { value: string }> }[] = JSON.parse(ran.stdout).hosts;
    expect(hosts.map(({ settings }) => settings["become"]?.value)).toEqual(["sudo", "none", "none"]);
  });

  it("gives way to a jump that the inventory or the command line names", async () => {
    const jumps = async (...more: readonly string[]) => {
      const ran = await inventory(CONFIG, "--format", "json", "-l", "cn01,cn03", ...more);
      return JSON.parse(ran.stdout).hosts.map(
        (host: { settings: Record<string, { value: string }> }) => host.settings["jump"]?.value,
      );
    };
    expect(await jumps()).toEqual(["jump@10.0.0.1:22,root@inner:2200", "none"]);
    expect(await jumps("--jump", "x@outer:23")).toEqual(["x@10.0.0.1:23", "x@10.0.0.1:23"]);
    expect(await jumps("--jump", "none")).toEqual(["none", "none"]);
  });

  it.each([
    [
      "an option that ssh does not know",
      "Nonsense yes\nUser x\n",
      /ssh -G ended with exit status 255: .*Bad configuration option|terminating, 1 bad configuration options/,
    ],
    [
      "bastions that name each other",
      "Host cn*\n  ProxyJump a\nHost a\n  ProxyJump b\nHost b\n  ProxyJump a\n",
      /bastions have bastions, more than 4 deep/,
    ],
    ["a file that is not there", undefined, /ssh -G ended with exit status 255: Can't open user config file/],
  ] as const)("stops before any host: %s", async (_, config, why) => {
    rmSync(join(dir, "config"), { force: true });
    const ran = await inventory(config);
    expect(ran.status).toBe(2);
    expect(ran.stdout).toBe("");
    expect(ran.stderr).toMatch(why);
    expect(ran.stderr).toContain("--ssh-config none does without");
    expect(ran.stderr.match(/^novasweep: /gm)).toHaveLength(1);
  });

  it("that asks for a command in place of a connection is not followed over ssh2", async () => {
    const ran = await inventory("ProxyCommand nc %h %p\n", "--transport", "ssh2");
    expect(ran.status).toBe(2);
    expect(ran.stderr).toContain("cn01 and 1 more: ProxyCommand in ssh's configuration is beyond ssh2");
    expect((await inventory("ProxyCommand nc %h %p\n")).status).toBe(0);
  });

  it("is not asked when there is none", async () => {
    const ran = await novasweep(["inventory", "-i", join(dir, "hosts"), "--ssh-config", "none", "cn01"], { cwd: dir });
    expect(ran.status).toBe(0);
    expect(ran.stdout).toMatch(/^jump +none? .*default/m);
  });
});
