/** What the simulators keep, and that they change as late as the real tools do. */
import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { NodeSpec } from "../../src/lab/node-spec.ts";
import { eventually, makeSimNode, type SimNode } from "../support/sim-node.ts";

const NOVA = "svc:/application/openstack/nova/nova-compute:default";
const SITE = "svc:/site/nova-cache-cleanup:default";
const GIB = 1024 ** 3;
const nodes: SimNode[] = [];
const make = (spec: Partial<NodeSpec> = {}): SimNode => {
  const node = makeSimNode(spec);
  nodes.push(node);
  return node;
};
afterEach(() => {
  for (const node of nodes.splice(0)) node.remove();
});

const state = (node: SimNode, fmri: string) => node.run("svcs", ["-H", "-o", "state,nstate", fmri]);
const settled = (want: string) => (ran: { out: string }) => ran.out.split(/\s+/).slice(0, 2).join(" ") === `${want} -`;
const contract = (node: SimNode) => node.run("svcprop", ["-p", "restarter/contract", NOVA]).out.trim();
const since = (node: SimNode) => node.run("svcprop", ["-p", "restarter/state_timestamp", NOVA]).out.trim();
const conf = (node: SimNode) => join(node.root, "etc/nova/nova.conf");
const edit = (node: SimNode, text: string) =>
  writeFileSync(conf(node), readFileSync(conf(node), "utf8").replace("[DEFAULT]\n", `[DEFAULT]\n${text}\n`));

describe("svcadm restart", () => {
  test("returns at once, then the service goes down and comes up with a new contract and time", async () => {
    const node = make();
    const before = { contract: contract(node), since: since(node) };
    expect(node.run("svcadm", ["restart", NOVA])).toEqual({ status: 0, out: "", err: "" });
    expect(state(node, NOVA).out).not.toMatch(/^online +-\n/);
    await eventually(() => state(node, NOVA), settled("online"));
    expect(contract(node)).not.toBe(before.contract);
    expect(Number(since(node))).toBeGreaterThan(Number(before.since));
  });

  test("-s waits until it is online", () => {
    const node = make();
    expect(node.run("svcadm", ["restart", "-s", "-T", "20", NOVA]).status).toBe(0);
    expect(settled("online")(state(node, NOVA))).toBe(true);
  });

  test.each(["disabled", "maintenance"] as const)("of an instance that is %s is dropped, with status 0", (fault) => {
    const node = make({ fault });
    const before = readFileSync(join(node.dir, "state/smf/b4/timeline"), "utf8");
    expect(node.run("svcadm", ["restart", NOVA])).toEqual({ status: 0, out: "", err: "" });
    expect(readFileSync(join(node.dir, "state/smf/b4/timeline"), "utf8")).toBe(before);
  });

  test("ends in maintenance when oslo.config refuses nova.conf; clear brings it back with a good one", async () => {
    const node = make();
    const good = readFileSync(conf(node), "utf8");
    edit(node, "no separator here");
    node.run("svcadm", ["restart", NOVA]);
    await eventually(() => state(node, NOVA), settled("maintenance"));
    expect(node.run("svcs", ["-x", NOVA]).out).toMatch(/State: maintenance since .*\nReason: Method failed\./);
    expect(node.run("svcadm", ["enable", "-s", "-T", "5", NOVA]).status).toBe(3);
    writeFileSync(conf(node), good);
    expect(node.run("svcadm", ["clear", NOVA]).status).toBe(0);
    await eventually(() => state(node, NOVA), settled("online"));
  });
});

test("a state that was written while a command looked is a state, not none", () => {
  const node = make();
  const later = Date.now() + 3_600_000;
  writeFileSync(join(node.dir, "state/smf/b4/timeline"), `${later} offline online - none\n`);
  expect(state(node, NOVA).out).toMatch(/^offline +online\n$/);
});

describe("the faults of a restart", () => {
  test("restart-fails: maintenance with a new nova.conf, online with the old one", async () => {
    const node = make({ fault: "restart-fails" });
    const good = readFileSync(conf(node), "utf8");
    node.run("svcadm", ["restart", NOVA]);
    await eventually(() => state(node, NOVA), settled("online"));
    edit(node, "glancecache_dirname=/export/nova/images");
    node.run("svcadm", ["restart", NOVA]);
    await eventually(() => state(node, NOVA), settled("maintenance"));
    writeFileSync(conf(node), good);
    node.run("svcadm", ["clear", NOVA]);
    await eventually(() => state(node, NOVA), settled("online"));
  });

  test("flapping: online again and again, each time with another contract", async () => {
    const node = make({ fault: "flapping" });
    edit(node, "glancecache_dirname=/export/nova/images");
    node.run("svcadm", ["restart", NOVA]);
    await eventually(() => state(node, NOVA), settled("online"));
    const first = contract(node);
    await eventually(
      () => state(node, NOVA),
      (ran) => ran.out.startsWith("offline"),
    );
    await eventually(() => state(node, NOVA), settled("online"));
    expect(contract(node)).not.toBe(first);
  });
});

const manifest = `<?xml version="1.0" ?>
<!DOCTYPE service_bundle SYSTEM "/usr/share/lib/xml/dtd/service_bundle.dtd.1">
<!-- a comment with <tags> in it -->
<service_bundle type="manifest" name="site/nova-cache-cleanup">
  <service version="1" type="service" name="site/nova-cache-cleanup">
    <dependency restart_on="none" type="service" name="nova-compute" grouping="require_all">
      <service_fmri value="svc:/application/openstack/nova/nova-compute"/>
    </dependency>
    <instance enabled="false" name="default">
      <periodic_method period="3600" delay="60" jitter="300"
        exec="/lib/svc/method/nova-cache-cleanup" timeout_seconds="0">
        <method_context><method_credential user="nova" group="nova"/></method_context>
      </periodic_method>
      <property_group name="config" type="application">
        <propval name="dataset" type="astring" value="rpool/a b"/>
        <propval name="headroom" type="count" value="2147483648"/>
      </property_group>
    </instance>
  </service>
</service_bundle>
`;

describe("a manifest", () => {
  const place = (node: SimNode) => {
    const file = join(node.root, "lib/svc/manifest/site/nova-cache-cleanup.xml");
    writeFileSync(file, manifest);
    return file;
  };

  test("is imported a little after manifest-import was restarted, disabled", async () => {
    const node = make();
    place(node);
    expect(node.run("svcadm", ["restart", "svc:/system/manifest-import:default"]).status).toBe(0);
    expect(node.run("svcs", ["-H", SITE]).status).toBe(1);
    await eventually(() => state(node, SITE), settled("disabled"));
    expect(node.run("svcprop", ["-p", "periodic", SITE]).out).toBe(
      "periodic/period count 3600\nperiodic/jitter count 300\nperiodic/delay count 60\n",
    );
    expect(node.run("svcprop", ["-p", "config/dataset", SITE]).out).toBe("rpool/a\\ b\n");
  });

  test("is imported once, however many commands meet the moment: what is set after it stays", () => {
    const node = make();
    place(node);
    writeFileSync(join(node.dir, "state/import-at"), "0\n");
    const ran = node.sh(`for n in 1 2 3 4 5 6; do svcprop ${SITE} >/dev/null & done
until svcprop ${SITE} >/dev/null 2>&1; do :; done
svccfg -s ${SITE} setprop config/dataset = astring: mine
svcadm refresh ${SITE}
wait
svcprop -p config/dataset ${SITE}`);
    expect(ran).toEqual({ status: 0, out: "mine\n", err: "" });
  });

  test("goes with its file", async () => {
    const node = make();
    const file = place(node);
    expect(node.run("svccfg", ["import", file])).toEqual({ status: 0, out: "", err: "" });
    expect(state(node, SITE).status).toBe(0);
    node.run("rm", [file]);
    node.run("svcadm", ["restart", "manifest-import"]);
    await eventually(
      () => state(node, SITE),
      (ran) => ran.status === 1,
    );
  });

  test.each([
    ["not well-formed", manifest.replace("</instance>", ""), "couldn't parse document"],
    ["no text at all", "", "couldn't parse document"],
    ["without a DTD", manifest.replace(/<!DOCTYPE.*\n/, ""), "document has no DTD"],
  ])("that is %s is refused", (_, text, words) => {
    const node = make();
    const file = join(node.root, "tmp/x.xml");
    writeFileSync(file, text);
    for (const verb of ["validate", "import"]) {
      const ran = node.run("svccfg", [verb, file]);
      expect(ran.status).toBe(1);
      expect(ran.err).toContain(words);
    }
    writeFileSync(file, manifest);
    expect(node.run("svccfg", ["validate", file])).toEqual({ status: 0, out: "", err: "" });
  });

  test("a property set by the administrator shows after a refresh and outlives an import", () => {
    const node = make();
    const file = place(node);
    node.run("svccfg", ["import", file]);
    const show = (...options: string[]) => node.run("svcprop", [...options, "-p", "config/headroom", SITE]).out;
    expect(node.run("svccfg", ["-s", SITE, "setprop", "config/headroom", "=", "count:", "42"])).toEqual({
      status: 0,
      out: "",
      err: "",
    });
    expect(show()).toBe("2147483648\n");
    expect(show("-c")).toBe("42\n");
    node.run("svcadm", ["refresh", SITE]);
    expect(show()).toBe("42\n");
    node.run("svccfg", ["import", file]);
    expect(show()).toBe("42\n");
  });

  test.each([
    [["setprop", "config/new", "=", "x"], "Type required for new properties."],
    [["setprop", "none/new", "=", "astring:", "x"], 'No such property group "none".'],
    [["setprop", "config/headroom", "=", "count:", "2G"], 'Invalid "count" value "2G".'],
    [["addpg", "config", "application"], 'Property group "config" already exists.'],
    [["frobnicate"], 'Unknown command "frobnicate".'],
  ])("svccfg %j says why not", (args, words) => {
    const node = make();
    node.run("svccfg", ["import", place(node)]);
    const ran = node.run("svccfg", ["-s", SITE, ...args]);
    expect(ran).toEqual({ status: 1, out: "", err: `svccfg: ${words}\n` });
  });

  test("svccfg -f carries out a file of commands, whatever a quoted value holds, up to the first that fails", () => {
    const node = make();
    node.run("svccfg", ["import", place(node)]);
    const file = join(node.root, "tmp/commands");
    const commands = (text: string) => {
      writeFileSync(file, text);
      return node.run("svccfg", ["-s", SITE, "-f", file]);
    };
    const hostile = '"x\\"\\\\ = ) $(reboot) `reboot` # ; \'y"';
    const good = `# a comment\n\nsetprop config/dataset = astring: ${hostile}\nsetprop config/headroom = count: 42\n`;
    expect(commands(good)).toEqual({ status: 0, out: "", err: "" });
    expect(node.run("svcprop", ["-p", "config/headroom", SITE]).out).toBe("2147483648\n");
    expect(commands("refresh\n")).toEqual({ status: 0, out: "", err: "" });
    expect(node.run("svcprop", ["-p", "config/headroom", SITE]).out).toBe("42\n");
    expect(node.run("svcprop", ["-p", "config/dataset", SITE]).out).toBe(
      "x\\\"\\\\\\ =\\ \\)\\ $\\(reboot\\)\\ \\`reboot\\`\\ #\\ \\;\\ \\'y\n",
    );
    for (const [line, words] of [
      ["frobnicate", 'Unknown command "frobnicate".'],
      ["select svc:/milestone/multi-user", 'Unknown command "select".'],
      ["setprop none/new = astring: x", 'No such property group "none".'],
      ['setprop config/dataset = astring: "a" b"', "Syntax error."],
      ['setprop config/dataset = astring: "a', "Syntax error."],
      ["setprop config/dataset = astring: a b", "Syntax error."],
      ["setprop config/dataset = astring:", "Syntax error."],
    ]) {
      const ran = commands(`setprop config/headroom = count: 43\n${line}\nsetprop config/headroom = count: 44\n`);
      expect(ran.status).toBe(1);
      expect(ran.err.split("\n")[0]).toBe(`svccfg (${file}, line 2): ${words}`);
      expect(node.run("svcprop", ["-c", "-p", "config/headroom", SITE]).out).toBe("43\n");
    }
    expect(node.run("svccfg", ["-s", SITE, "-f", join(node.root, "tmp/none")]).status).toBe(1);
    expect(node.run("svccfg", ["-s", SITE, "-f", join(node.root, "tmp")]).status).toBe(1);
    expect(node.run("svccfg", ["-s", SITE, "-f", file, "refresh"]).status).toBe(2);
  });

  test("enabled, it is online when nova-compute is, and offline with status 4 when not", async () => {
    const node = make();
    node.run("svccfg", ["import", place(node)]);
    expect(node.run("svcadm", ["enable", SITE]).status).toBe(0);
    await eventually(() => state(node, SITE), settled("online"));
    expect(node.run("svcprop", ["-p", "periodic_restarter/next_run", SITE]).out).toMatch(/^\d+\.\d{9}\n$/);

    const drained = make({ fault: "disabled" });
    drained.run("svccfg", ["import", place(drained)]);
    const ran = drained.run("svcadm", ["enable", "-s", "-T", "10", SITE]);
    expect(ran).toEqual({ status: 4, out: "", err: `svcadm: Instance "${SITE}" has unsatisfied dependencies.\n` });
    expect(state(drained, SITE).out).toMatch(/^offline +-\n/);
  });
});

describe("a dataset", () => {
  const get = (node: SimNode, property: string, name = "rpool/export/nova") =>
    node.run("zfs", ["get", "-Hp", "-o", "value", property, name]).out.trim();

  test("is created with its mountpoint, a real directory of root", () => {
    const node = make();
    const ran = node.run("zfs", ["create", "-o", "mountpoint=/export/nova", "-o", "quota=15G", "rpool/export/nova"]);
    expect(ran).toEqual({ status: 0, out: "", err: "" });
    expect(statSync(join(node.root, "export/nova")).isDirectory()).toBe(true);
    expect(get(node, "quota")).toBe(String(15 * GIB));
    expect(get(node, "mounted")).toBe("yes");
    expect(node.run("zfs", ["get", "-H", "-o", "value", "quota", "rpool/export/nova"]).out).toBe("15G\n");
    expect(node.run("zfs", ["list", "-H", "-o", "name", "/export/nova"]).out).toBe("rpool/export/nova\n");
    expect(node.run("ls", ["-dE", join(node.root, "export/nova")]).out).toMatch(
      /^drwxr-xr-x +2 root +root +\d+ \d{4}-/,
    );
  });

  test("-p makes the parents, and ignores the properties of what is already there", () => {
    const node = make();
    node.run("zfs", ["create", "-p", "-o", "mountpoint=/var/share/nova/images", "rpool/VARSHARE/nova/images"]);
    expect(get(node, "mountpoint", "rpool/VARSHARE/nova")).toBe("/var/share/nova");
    expect(node.run("zfs", ["create", "-p", "-o", "quota=1G", "rpool/VARSHARE/nova/images"]).status).toBe(0);
    expect(get(node, "quota", "rpool/VARSHARE/nova/images")).toBe("0");
  });

  test("exists but is not mounted when something lies at its mountpoint", () => {
    const node = make();
    node.sh("mkdir $R/export/nova && touch $R/export/nova/file");
    const ran = node.run("zfs", ["create", "-o", "mountpoint=/export/nova", "rpool/export/nova"]);
    expect(ran.status).toBe(1);
    expect(ran.err).toBe(
      "cannot mount '/export/nova': directory is not empty\nfilesystem successfully created, but not mounted\n",
    );
    expect(get(node, "mounted")).toBe("no");
  });

  test("counts its files, a little late", async () => {
    const node = make({ release: "kilo", layout: "varshare" });
    const name = "rpool/VARSHARE/nova/images";
    const before = Number(get(node, "used", name));
    const file = join(node.root, "var/share/nova/images/new");
    writeFileSync(file, "");
    truncateSync(file, GIB);
    expect(Number(get(node, "used", name))).toBe(before);
    await eventually(
      () => node.run("zfs", ["get", "-Hp", "-o", "value", "used", name]),
      (ran) => Number(ran.out) === before + GIB,
    );
    expect(node.run("zfs", ["set", "quota=1G", name])).toEqual({
      status: 1,
      out: "",
      err: `cannot set property for '${name}': size is less than current used or reserved space\n`,
    });
    expect(node.run("zfs", ["set", "quota=15G", name]).status).toBe(0);
    expect(Number(get(node, "available", name))).toBe(15 * GIB - before - GIB);
  });
});

describe("boot environments", () => {
  const used = (node: SimNode, name: string) =>
    Number(node.run("zfs", ["get", "-Hp", "-o", "value", "used", name]).out.trim());
  const names = (node: SimNode) =>
    node.run("zfs", ["list", "-H", "-r", "-o", "name", "rpool/ROOT"]).out.trim().split("\n");
  const edit = (node: SimNode, file: string, change: (text: string) => string) => {
    const path = join(node.dir, "state", file);
    writeFileSync(path, change(readFileSync(path, "utf8")));
  };

  test("the one that does not run is not what a path lies on, though its mountpoint is the same", () => {
    const node = make();
    edit(node, "zfs", (text) =>
      text
        .split(/(?<=\n)/)
        .reverse()
        .join(""),
    );
    expect(node.run("zfs", ["list", "-H", "-o", "name", "/"]).out).toBe("rpool/ROOT/solaris\n");
    expect(node.run("zfs", ["list", "-H", "-o", "name", "/var/lib"]).out).toBe("rpool/ROOT/solaris/var\n");
  });

  test("a destroy takes the datasets along, and their space", () => {
    const node = make();
    expect(names(node)).toHaveLength(5);
    const own = used(node, "rpool/ROOT/solaris-backup-1");
    const before = used(node, "rpool/ROOT");
    expect(node.run("beadm", ["destroy", "-F", "solaris-backup-1"])).toEqual({ status: 0, out: "", err: "" });
    expect(names(node)).toEqual(["rpool/ROOT", "rpool/ROOT/solaris", "rpool/ROOT/solaris/var"]);
    expect(before - used(node, "rpool/ROOT")).toBe(own);
    expect(own).toBeGreaterThan(0);
  });

  test("a mounted one is refused without -f, and nothing is changed", () => {
    const node = make();
    edit(node, "be", (text) => text.replace(/^(solaris-backup-1;[^;]*;;)/m, "$1/mnt"));
    const ran = node.run("beadm", ["destroy", "-F", "solaris-backup-1"]);
    expect([ran.status, ran.err]).toEqual([1, expect.stringContaining("is currently mounted")]);
    expect(names(node)).toHaveLength(5);
    expect(node.run("beadm", ["list", "-H"]).out).toContain("solaris-backup-1;");
    expect(node.run("beadm", ["destroy", "-fF", "solaris-backup-1"]).status).toBe(0);
    expect(node.run("beadm", ["list", "-H"]).out).not.toContain("solaris-backup-1;");
  });

  test("the clone of one that goes is promoted: what it shared is its own then", () => {
    const node = make();
    edit(node, "be", () => "solaris;a;;;1;static;1\nsolaris-backup-1;b;NR;/;1;static;2\n");
    edit(node, "zfs", (text) =>
      text
        .replace("rpool/ROOT/solaris\tsnap\t0", "rpool/ROOT/solaris\tsnap\t77")
        // Files count where they are mounted, and these are not any more.
        .replace("rpool/ROOT/solaris/var\tmeasured\tyes", "rpool/ROOT/solaris/var\tmeasured\tno"),
    );
    const before = used(node, "rpool/ROOT");
    expect(node.run("beadm", ["destroy", "-F", "solaris"]).status).toBe(0);
    expect(names(node)).toEqual(["rpool/ROOT", "rpool/ROOT/solaris-backup-1", "rpool/ROOT/solaris-backup-1/var"]);
    expect(used(node, "rpool/ROOT")).toBe(before);
    expect(
      node.run("zfs", ["get", "-Hp", "-o", "value", "origin,usedbysnapshots", "rpool/ROOT/solaris-backup-1"]).out,
    ).toBe("-\n77\n");
    expect(node.run("zfs", ["list", "-H", "-r", "-t", "snapshot", "-o", "name", "rpool/ROOT"]).out).toMatch(
      /^rpool\/ROOT\/solaris-backup-1@\S+\nrpool\/ROOT\/solaris-backup-1\/var@\S+\n$/,
    );
  });
});

describe("ownership", () => {
  const owner = (node: SimNode, path: string) =>
    node
      .run("ls", ["-dE", join(node.root, path)])
      .out.split(/ +/)
      .slice(2, 4)
      .join(":");

  test("is what the image recorded, of the nearest directory that has one", () => {
    const node = make();
    expect(owner(node, "etc/nova/nova.conf")).toBe("nova:nova");
    expect(owner(node, "etc/release")).toBe("root:sys");
    expect(owner(node, "export")).toBe("root:root");
  });

  test("follows chown, mktemp and mv, and is forgotten with the file", () => {
    const node = make();
    node.sh("mkdir $R/export/nova && chown nova:nova $R/export/nova");
    expect(owner(node, "export/nova")).toBe("nova:nova");
    node.sh("mkdir $R/export/nova/images");
    expect(owner(node, "export/nova/images")).toBe("root:root");
    node.sh("t=$(mktemp $R/etc/nova/x.XXXXXX) && mv $t $R/etc/nova/moved");
    expect(owner(node, "etc/nova/moved")).toBe("root:root");
    node.sh("su nova -c 't=$(mktemp $R/etc/nova/x.XXXXXX) && mv -f $t $R/etc/nova/moved'");
    expect(owner(node, "etc/nova/moved")).toBe("nova:nova");
    node.sh("rm -rf $R/export/nova && mkdir $R/export/nova");
    expect(owner(node, "export/nova")).toBe("root:root");
  });

  test.each([
    ["mktemp $R/export/x.XXXXXX", /Permission denied/],
    ["mkdir $R/export/x", /Permission denied/],
    ["touch $R/export/x", /Permission denied/],
    ["dd if=/dev/zero of=$R/export/x bs=1024 count=1", /Permission denied/],
    ["rm $R/export/root-file", /Permission denied/],
    ["mv $R/export/root-file $R/tmp/x", /Permission denied/],
    ["cp $R/etc/release $R/export/x", /Permission denied/],
    ["chown nova $R/export", /Not owner/],
  ])("denies nova `%s`", (command, words) => {
    const node = make();
    node.sh("touch $R/export/root-file");
    const ran = node.sh(`su nova -c '${command}'`);
    expect(ran.status).not.toBe(0);
    expect(ran.err).toMatch(words);
    expect(existsSync(join(node.root, "export/root-file"))).toBe(true);
  });

  test("lets nova write where nova owns, and the login user not even look", () => {
    const node = make();
    expect(node.sh("su nova -c 'touch $R/var/lib/nova/images/x && rm $R/var/lib/nova/images/x'").status).toBe(0);
    const ran = node.sh("ls -dE $R/etc/nova/nova.conf", "novaadm");
    expect(ran.status).toBe(2);
    expect(ran.err).toMatch(/Permission denied/);
  });

  test("with the fault not-writable nova makes directories and no file", () => {
    const node = make({ fault: "not-writable" });
    expect(node.sh("su nova -c 'mkdir $R/var/lib/nova/x'").status).toBe(0);
    expect(node.sh("su nova -c 'mktemp $R/var/lib/nova/images/x.XXXXXX'").err).toMatch(/Permission denied/);
  });
});

test("plain mkdir is atomic: of many at once one succeeds", () => {
  const node = make();
  const ran = node.sh("for i in 1 2 3 4 5 6; do (mkdir $R/system/volatile/lock 2>/dev/null && echo got) & done; wait");
  expect(ran.out).toBe("got\n");
});
