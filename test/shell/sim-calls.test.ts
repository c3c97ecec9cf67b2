/** Every simulator answers with the format, the error text and the exit status of the fact sheet, and refuses what it does not know. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeSimNode, type SimNode } from "../support/sim-node.ts";

const NOVA = "svc:/application/openstack/nova/nova-compute:default";
const GIB = 1024 ** 3;

type Call = readonly [
  tool: string,
  args: readonly string[],
  status: number,
  out: string | RegExp,
  err: string | RegExp,
  as?: string,
];

let node: SimNode;
beforeAll(() => {
  node = makeSimNode();
});
afterAll(() => node.remove());

const reads: readonly Call[] = [
  ["svcs", ["-H", "-o", "state,nstate,fmri", NOVA], 0, `online         -              ${NOVA}\n`, ""],
  ["svcs", ["-H", "-o", "STATE", "nova-compute"], 0, "online\n", ""],
  [
    "svcs",
    ["-H", "-o", "state,nstate,stime,fmri", "nova-compute"],
    0,
    /^online {9}- {14}(\d\d?:\d\d:\d\d|[A-Z][a-z]{2}_\d\d) +svc:\/app\S+\n$/,
    "",
  ],
  ["svcs", ["-H", "svc:/no/such:default"], 1, "", "svcs: Pattern 'svc:/no/such:default' doesn't match any instances\n"],
  [
    "svcs",
    ["-l", NOVA],
    0,
    /^fmri {9}svc:\/.*\nname|^fmri {9}svc:\/.*\nenabled {6}true\nstate {8}online\nnext_state {3}none\n/,
    "",
  ],
  ["svcs", ["-L", NOVA], 0, "/var/svc/log/application-openstack-nova-nova-compute:default.log\n", ""],
  ["svcprop", ["-p", "restarter/state", NOVA], 0, "online\n", ""],
  ["svcprop", ["-p", "start/timeout_seconds", "-p", "stop/timeout_seconds", NOVA], 0, "120\n60\n", ""],
  [
    "svcprop",
    ["-p", "stop", NOVA],
    0,
    "stop/exec astring :kill\nstop/timeout_seconds count 60\nstop/type astring method\n",
    "",
  ],
  ["svcprop", ["-p", "start/exec", NOVA], 0, "/lib/svc/method/nova-compute\\ start\n", ""],
  [
    "svcprop",
    ["-p", "config/x", NOVA],
    1,
    "",
    `svcprop: Couldn't find property group \`config' for instance \`${NOVA}'.\n`,
  ],
  ["svcprop", ["-p", "start/x", NOVA], 1, "", `svcprop: Couldn't find property \`start/x' for instance \`${NOVA}'.\n`],
  ["svcprop", ["-q", "-p", "config", NOVA], 1, "", ""],
  ["svcprop", ["svc:/no/such:default"], 1, "", "svcprop: Pattern 'svc:/no/such:default' doesn't match any entities\n"],
  ["svcprop", ["-p", "restarter/state_timestamp", NOVA], 0, /^\d{10}\.\d{9}\n$/, ""],
  [
    "svcadm",
    ["restart", "svc:/no/such:default"],
    1,
    "",
    "svcadm: Pattern 'svc:/no/such:default' doesn't match any instances\n",
  ],
  ["svcadm", ["clear", NOVA], 1, "", `svcadm: Instance "${NOVA}" is not in a maintenance or degraded state.\n`],
  ["svcadm", ["restart", NOVA], 1, "", `svcadm: ${NOVA}: Permission denied.\n`, "novaadm"],
  [
    "svcadm",
    ["disable", NOVA],
    1,
    "",
    `svcadm: ${NOVA}: Couldn't modify "general" property group (permission denied).\n`,
    "novaadm",
  ],
  ["zfs", ["list", "-H", "-o", "name", "/"], 0, "rpool/ROOT/solaris\n", ""],
  ["zfs", ["list", "-Ho", "name", "/var/lib/nova/images"], 0, "rpool/ROOT/solaris/var\n", ""],
  ["zfs", ["list", "-H", "-o", "name", "/no/such"], 1, "", "cannot open '/no/such': No such file or directory\n"],
  ["zfs", ["get", "-H", "-p", "-o", "value", "quota,mountpoint", "rpool/export"], 0, "0\n/export\n", ""],
  ["zfs", ["get", "-H", "-o", "value", "quota", "rpool/export"], 0, "none\n", ""],
  [
    "zfs",
    ["get", "-Hp", "-o", "name,property,value", "quota", "rpool/export", "rpool/none"],
    1,
    "rpool/export\tquota\t0\n",
    "cannot open 'rpool/none': dataset does not exist\n",
  ],
  ["zfs", ["get", "-Hp", "-o", "value", "available", "rpool"], 0, `${220 * GIB}\n`, ""],
  ["zfs", ["get", "-H", "-o", "value", "used", "rpool/export"], 0, "64K\n", ""],
  ["zfs", ["list", "-H", "-o", "name,used,mountpoint", "rpool/export"], 0, "rpool/export\t64K\t/export\n", ""],
  ["zfs", ["list", "-p", "rpool"], 2, "", /usage:/],
  [
    "zfs",
    ["get", "-H", "-o", "value", "nonsense", "rpool"],
    2,
    "",
    /^bad property list: invalid property 'nonsense'\nusage:/,
  ],
  [
    "zfs",
    ["set", "quota=0", "rpool/export"],
    1,
    "",
    "cannot set property for 'rpool/export': use 'none' to disable quota/refquota\n",
  ],
  ["zfs", ["set", "quota=none", "rpool/export"], 0, "", ""],
  ["zfs", ["inherit", "com.sun:auto-snapshot", "rpool/export"], 0, "", ""],
  [
    "zfs",
    ["inherit", "quota", "rpool/export"],
    1,
    "",
    "'quota' property cannot be inherited\nuse 'zfs set quota=none' to clear\n",
  ],
  [
    "zfs",
    ["inherit", "com.sun:auto-snapshot", "rpool/none"],
    1,
    "",
    "cannot open 'rpool/none': dataset does not exist\n",
  ],
  ["zfs", ["create", "rpool/export"], 1, "", "cannot create 'rpool/export': dataset already exists\n"],
  ["zfs", ["create", "rpool/a/b"], 1, "", "cannot create 'rpool/a/b': parent does not exist\n"],
  ["zfs", ["create", "rpool/a"], 1, "", "cannot create 'rpool/a': permission denied\n", "novaadm"],
  [
    "zfs",
    ["set", "quota=1G", "rpool/ROOT/solaris"],
    1,
    "",
    "cannot set property for 'rpool/ROOT/solaris': size is less than current used or reserved space\n",
  ],
  ["zfs", ["set", "quota=1G", "quota=2G", "rpool/export"], 1, "", "cannot open 'quota=2G': dataset does not exist\n"],
  [
    "zfs",
    ["set", "quota=many", "rpool/export"],
    1,
    "",
    "cannot set property for 'rpool/export': bad numeric value 'many'\n",
  ],
  [
    "zoneadm",
    ["list", "-cp"],
    0,
    "0:global:running:/::solaris:shared:-:none\n1:instance-0000002a:running:/system/zones/instance-0000002a:5c6ad2f4-7bd1-4b5e-8f27-0a1f4f0d6f11:solaris:excl:-:none\n",
    "",
  ],
  ["zonename", [], 0, "global\n", ""],
  [
    "beadm",
    ["list", "-H"],
    0,
    /^solaris;[0-9a-f-]{36};NR;\/;\d+;static;\d+\nsolaris-backup-1;[0-9a-f-]{36};;;\d+;static;\d+\n$/,
    "",
  ],
  ["beadm", ["destroy", "-F", "solaris"], 1, "", /not possible to destroy the active/],
  ["beadm", ["destroy", "-fF", "solaris"], 1, "", /not possible to destroy the active/],
  ["beadm", ["destroy", "-F", "solaris-backup-9"], 1, "", /does not exist/],
  ["beadm", ["destroy", "-F", "solaris-backup-1@snap"], 1, "", /does not exist/],
  ["pkg", ["list", "-H", "cloud/openstack/nova"], 0, /^cloud\/openstack\/nova {30}0\.2014\.2\.2 +i--\n$/, ""],
  [
    "pkg",
    ["list", "-H", "nova-cache-cleanup"],
    1,
    "",
    "\npkg list: no packages matching the following patterns are installed:\n  nova-cache-cleanup\n",
  ],
  [
    "pkg",
    ["list", "-H", "cloud/openstack/nova", "nova-cache-cleanup"],
    3,
    /^cloud\/openstack\/nova /,
    /nova-cache-cleanup/,
  ],
  [
    "pkg",
    ["search", "-l", "-H", "-o", "pkg.name", "path:/lib/svc/method/nova-compute"],
    0,
    "cloud/openstack/nova\n",
    "",
  ],
  ["pkg", ["search", "-l", "-H", "-o", "pkg.name", "path:/lib/svc/method/x"], 1, "", ""],
  [
    "pkgsend",
    ["publish", "-s", "/none", "/etc/group"],
    1,
    "",
    /^pkgsend: Malformed action at position: \d+: unknown action type 'root:/,
  ],
  ["pkgsend", ["publish", "-s", "/none", "/etc/no-such"], 1, "", /No such file or directory: '\/etc\/no-such'/],
  [
    "pkgrepo",
    ["list", "-s", "/none"],
    1,
    "",
    "pkgrepo list: file protocol error: code: 22 reason: The path '/none' does not contain a valid package repository.\nRepository URL: 'file:///none'.\n",
  ],
  ["pkgrepo", ["list", "-s", "http://pkg/x"], 1, "", /^pkgrepo list: Framework error: .*Couldn't resolve host 'pkg'/],
  ["pkgrepo", ["create", "/export/repo"], 1, "", /Permission denied/, "novaadm"],
  ["digest", ["-a", "sha256", "/etc/no-such"], 1, "", /No such file or directory/],
  ["kstat", ["-p", "unix:0:system_misc:boot_time"], 0, /^unix:0:system_misc:boot_time\t\d+\n$/, ""],
  ["uname", ["-s"], 0, "SunOS\n", ""],
  ["uname", ["-v"], 0, "11.3\n", ""],
  ["id", ["-u"], 0, "0\n", ""],
  ["id", ["-un"], 0, "novaadm\n", "", "novaadm"],
  ["id", ["-u", "nobody-there"], 1, "", 'id: invalid user name: "nobody-there"\n'],
  ["su", ["nova", "-c", "id -un; id -u"], 0, "nova\n85\n", ""],
  ["su", ["nobody-there", "-c", "id"], 1, "", "su: Unknown id: nobody-there\n"],
  ["su", ["nova", "-c", "id"], 1, "", "su: Sorry\n", "novaadm"],
  ["pfexec", ["id", "-u"], 0, "60001\n", "", "novaadm"],
  ["getent", ["passwd", "nova"], 0, "nova:x:85:85:OpenStack Nova:/var/lib/nova:/usr/bin/bash\n", ""],
  ["getent", ["passwd", "nobody-there"], 2, "", ""],
  ["ls", ["/etc/no-such"], 2, "", /No such file or directory/],
];

describe("a call", () => {
  for (const [tool, args, status, out, err, as] of reads) {
    test(`${as ?? "root"}: ${tool} ${args.join(" ")}`, () => {
      expect(node.run(tool, args, as)).toEqual({
        status,
        out: typeof out === "string" ? out : expect.stringMatching(out),
        err: typeof err === "string" ? err : expect.stringMatching(err),
      });
    });
  }
});

describe("an option it does not know", () => {
  const usage: readonly (readonly [string, readonly string[], number])[] = [
    ["svcs", ["-Q"], 2],
    ["svcs", ["-H", "-o", "colour", NOVA], 2],
    ["svcprop", ["-Z", NOVA], 2],
    ["svcprop", [], 2],
    ["svcadm", ["start", NOVA], 2],
    ["svcadm", ["restart", "-Q", NOVA], 2],
    ["svcadm", ["enable"], 2],
    ["svccfg", ["-Q"], 2],
    ["svccfg", [], 2],
    ["zfs", ["frobnicate"], 2],
    ["zfs", ["get", "-Q", "used", "rpool"], 2],
    ["zfs", ["create", "-Q", "rpool/x"], 2],
    ["zfs", ["set"], 2],
    ["zfs", ["inherit"], 2],
    ["zfs", ["inherit", "-Q", "com.sun:auto-snapshot", "rpool"], 2],
    ["zfs", ["inherit", "nonsense", "rpool"], 2],
    ["zoneadm", ["list", "-Q"], 2],
    ["zonename", ["-Q"], 1],
    ["beadm", ["list", "-Q"], 1],
    ["beadm", ["destroy", "solaris-backup-1"], 1],
    ["beadm", ["destroy", "-f", "solaris-backup-1"], 1],
    ["beadm", ["destroy", "-F"], 1],
    ["beadm", ["destroy", "-F", "solaris-backup-1", "other"], 1],
    ["pkg", ["list", "-Q"], 2],
    ["pkgsend", ["publish", "-Q"], 2],
    ["pkgsend", ["open", "-s", "/r"], 2],
    ["pkgsend", ["publish", "x.p5m"], 2],
    ["pkglint", ["-Q"], 2],
    ["pkglint", [], 2],
    ["pkgrepo", ["list", "-Q"], 2],
    ["pkgrepo", ["list"], 2],
    ["pkgrepo", ["list", "-F", "xml", "-s", "/r"], 2],
    ["pkgrepo", ["contents", "-H", "-s", "/r"], 2],
    ["pkgrepo", ["remove", "-s", "/r", "x"], 2],
    ["digest", ["-a", "sha256", "-Q"], 1],
    ["digest", ["--algorithm=sha256"], 1],
    ["kstat", ["-Q"], 2],
    ["uname", ["-Q"], 2],
    ["id", ["-Q"], 2],
    ["su", ["-Q"], 2],
    ["chown", ["-Q", "nova", "/etc"], 2],
    ["chown", ["--recursive", "nova", "/etc"], 2],
    ["getent", ["-Q"], 1],
    ["fuser", ["-Q"], 1],
    ["mount", [], 1],
    ["mount", ["-p", "/export"], 1],
    ["mount", ["-v"], 1],
    ["ls", ["--time-style=full-iso"], 2],
    ["ls", ["-Q"], 2],
    ["ls", ["-lh"], 2],
    ["mktemp", ["--tmpdir"], 1],
    ["mkdir", ["--parents", "/tmp/x"], 2],
    ["rm", ["-v", "/tmp/x"], 2],
    ["cp", ["--preserve", "a", "b"], 2],
    ["mv", ["-n", "a", "b"], 2],
    ["chmod", ["--reference=a", "b"], 255],
    ["touch", ["--date=now", "x"], 2],
    ["dd", ["status=none"], 2],
    ["rmdir", ["-Q"], 2],
    ["sudo", ["-S", "id"], 1],
    ["pfexec", ["-Q"], 1],
  ];
  test.each(usage)("%s %j ends with the tool's usage", (tool, args, status) => {
    const ran = node.run(tool, args);
    expect(ran.status).toBe(status);
    expect(ran.out).toBe("");
    expect(ran.err).not.toBe("");
    expect(ran.err).not.toMatch(/parameter not set|not found|syntax error/i);
  });

  test("is tried on every simulator", () => {
    const dir = fileURLToPath(new URL("../../src/lab/sim", import.meta.url));
    const tools = readdirSync(dir).filter((name) => /^[a-z]+$/.test(name) && statSync(join(dir, name)).isFile());
    const tried = new Set(usage.map(([tool]) => tool));
    expect(tools.filter((tool) => !tried.has(tool))).toEqual([]);
  });
});
