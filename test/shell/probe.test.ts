import {
  chmodSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test, vi } from "vitest";
import { novaConf } from "../../src/lab/image-texts.ts";
import type { NodeSpec } from "../../src/lab/node-spec.ts";
import { confBytes } from "../../src/remote/facts-reply.ts";
import { takesDashToo, takesShell } from "../support/long.ts";
import {
  digestOf,
  type Ended,
  factsOf,
  makeShellNode,
  probeOf,
  replyOf,
  type ShellNode,
  shells,
} from "../support/shell-node.ts";

// Nearly all of the time is waiting: for seconds of SMF, for a soak.
vi.setConfig({ maxConcurrency: 12 });

const made: ShellNode[] = [];
const node = (spec: Partial<NodeSpec> = {}): ShellNode => {
  const one = makeShellNode(spec);
  made.push(one);
  return one;
};
afterAll(() => {
  for (const one of made.splice(0)) one.remove();
});

/** Every path below a directory with its kind, size and times. */
const fingerprint = (dir: string): readonly string[] =>
  readdirSync(dir, { recursive: true, encoding: "utf8" })
    .sort()
    .map((name) => {
      const { mode, size, mtimeMs, ctimeMs } = statSync(join(dir, name), { throwIfNoEntry: false }) ?? {};
      return `${name} ${mode} ${size} ${mtimeMs} ${ctimeMs}`;
    });

const CONF = "etc/nova/nova.conf";
const inForce = (ended: Ended): string =>
  ended.lines.filter((line) => /^(fact|unseen) conf\.(inforce|error) /.test(line)).join("; ");

describe.concurrent.each(shells.filter(([name]) => takesShell(name)))("the probe under %s", (_name, shell) => {
  test("sees a Juno node whole and leaves no trace on it", async () => {
    const juno = node({ release: "juno" });
    const before = fingerprint(juno.root);
    const ended = await juno.run(shell, probeOf());
    expect(ended.err).toBe("");
    expect(ended.lines.at(0)).toBe("begin");
    expect(ended.lines.slice(-2)).toEqual(["facts", "end 0"]);
    expect(fingerprint(juno.root)).toEqual(before);

    const seen = factsOf(ended);
    expect(seen.system).toMatchObject({
      kernel: "SunOS",
      version: "11.3",
      release: "Oracle Solaris 11.3 X86",
      zone: "global",
    });
    expect(seen.nova).toMatchObject({
      value: { version: "0.2014.2.2", section: { value: "DEFAULT" }, builtInDefault: { value: "$state_path/images" } },
    });
    expect(seen.service).toMatchObject({
      value: { state: "online", nextState: "none", startTimeoutS: 120, stopTimeoutS: 60 },
    });
    expect(seen.conf).toMatchObject({
      value: {
        digest: digestOf(juno.read(CONF)),
        owner: "nova",
        directoryOwner: "nova",
        inForce: { value: "/var/lib/nova/images" },
        values: [{ section: "DEFAULT", key: "state_path", value: "/var/lib/nova" }],
      },
    });
    expect(seen.rootDataset).toEqual({ seen: true, value: "rpool/ROOT/solaris" });
    expect(seen.datasets["rpool/export/nova"]).toMatchObject({ seen: false, why: "absent" });
    expect(seen.directories["/var/lib/nova/images"]).toMatchObject({
      value: {
        owner: "nova",
        dataset: { value: "rpool/ROOT/solaris/var" },
        images: { value: { count: 3, partial: 0, busy: [] } },
      },
    });
    expect(seen.directories["/export/nova"]).toMatchObject({ seen: false, why: "absent" });
    expect(seen.cleaner).toMatchObject({ seen: false, why: "absent" });
    expect(seen.bootEnvironments).toMatchObject({
      value: [{ name: "solaris", active: true, onReboot: true }, { active: false }],
    });
    expect(seen.lock).toMatchObject({ seen: false, why: "absent" });
  });

  test("reads the section and the default of a Mitaka node from its driver", async () => {
    const seen = factsOf(await node({ release: "mitaka", layout: "varshare" }).run(shell, probeOf()));
    expect(seen.nova).toMatchObject({
      value: {
        version: "13.1.0",
        section: { value: "solariszones" },
        builtInDefault: { value: "/var/share/nova/images" },
      },
    });
    expect(seen.conf).toMatchObject({ value: { inForce: { value: "/var/share/nova/images" } } });
    expect(seen.datasets["rpool/VARSHARE/nova/images"]).toMatchObject({ value: { quotaBytes: 0, mounted: true } });
  });

  test("sends nova.conf byte for byte, and only when the value in force is not acceptable", async () => {
    const juno = node({ release: "juno" });
    juno.write(CONF, `${novaConf("juno")}# caf\xe9 \x7f\r\n`);
    const sent = confBytes(replyOf(await juno.run(shell, probeOf({ sendConf: true }))));
    expect(Buffer.from(sent ?? []).toString("latin1")).toBe(juno.read(CONF));
    const kilo = node({ release: "kilo", layout: "varshare" });
    const right = await kilo.run(shell, probeOf({ sendConf: true }));
    expect(right.lines.filter((line) => line.includes("conf.bytes"))).toEqual([]);
    const asked = await juno.run(shell, probeOf({ sendConf: false }));
    expect(asked.lines.filter((line) => line.includes("conf.bytes"))).toEqual([]);
  });

  test("ends early on a system that is not Solaris", async () => {
    const ended = await node({ fault: "linux" }).run(shell, probeOf());
    expect(ended.lines.slice(0, 3)).toEqual(["begin", "fact uid 0", "fact kernel Linux"]);
    expect(ended.lines.slice(-2)).toEqual(["facts", "end 0"]);
    expect(ended.lines.some((line) => line.includes("conf."))).toBe(false);
  });

  test("calls what a tool that is not there would show unsupported", async () => {
    const juno = node();
    const gone = (name: string) => (text: string) =>
      text.replace(new RegExp(`^${name}=.*$`, "m"), `${name}=/usr/nowhere/${name}`);
    const script = ["SVCPROP", "PKG", "ZFS", "BEADM"].reduce((text, name) => gone(name)(text), probeOf());
    const ended = await juno.run(shell, script);
    for (const key of ["svc.nova", "svc.cleaner", "nova.version", "root", "datasets", "be"]) {
      expect(ended.lines.some((line) => line.startsWith(`unseen ${key} unsupported`))).toBe(true);
    }
    expect(ended.lines.slice(-2)).toEqual(["facts", "end 0"]);
  });

  test("tells what a login may not read from what is not there", async () => {
    const juno = node();
    chmodSync(join(juno.root, "etc/nova"), process.getuid?.() === 0 ? 0o700 : 0o000);
    const options = process.getuid?.() === 0 ? { as: "novaadm", uid: 65534 } : { as: "novaadm" };
    const ended = await juno.run(shell, probeOf({ wantUid: "any" }), options);
    chmodSync(join(juno.root, "etc/nova"), 0o700);
    expect(ended.lines).toContain("unseen path:/etc/nova/nova.conf denied");
    expect(ended.lines).toContain("unseen conf.digest denied");
    expect(ended.lines).toContain("unseen notes denied");
    expect(ended.lines).toContain("unseen path:/export/nova absent");
    expect(factsOf(ended).conf).toMatchObject({ seen: false, why: "denied" });
  });

  test("refuses to go on with another uid than the one demanded", async () => {
    const ended = await node().run(shell, probeOf(), { as: "novaadm" });
    expect(ended.lines).toEqual(["begin", "refuse E_BECOME the script runs with uid 60001 and needs 0", "end 3"]);
  });

  test("does not read nova.conf through a link, nor one over 4 MiB", async () => {
    const linked = node();
    const conf = join(linked.root, CONF);
    linked.write("etc/elsewhere", "[DEFAULT]\nglancecache_dirname=/secret\n");
    linked.write(CONF, "");
    rmSync(conf);
    symlinkSync(join(linked.root, "etc/elsewhere"), conf);
    const link = await linked.run(shell, probeOf({ sendConf: true }));
    expect(link.out).not.toContain("secret");
    expect(link.lines).toContain("unseen conf.digest failed it is a link");
    expect(link.lines.some((line) => /^row ls l\S+ .*\/etc\/nova\/nova\.conf/.test(line))).toBe(true);
    const large = node();
    truncateSync(join(large.root, CONF), 4 * 1024 ** 2 + 1);
    const ended = await large.run(shell, probeOf({ sendConf: true }));
    expect(ended.lines).toContain("unseen conf.digest failed larger than 4 MiB");
    expect(ended.lines.at(-1)).toBe("end 0");
  });

  test("reports images, partial downloads and why a cache is busy", async () => {
    const kilo = node({ release: "kilo", layout: "varshare" });
    const dir = join(kilo.root, "var/share/nova/images");
    const id = "0f51b1b0-2f3c-4c0e-9f67-5d4e6a7b8c9d";
    writeFileSync(join(dir, `${id}.downloading`), "x");
    const hoursAgo = Date.now() / 1000 - 3 * 3600;
    utimesSync(join(dir, `${id}.downloading`), hoursAgo, hoursAgo);
    writeFileSync(join(dir, id.replace("0", "1")), "1234");
    mkdirSync(join(dir, "lost+found"));
    const seen = factsOf(await kilo.run(shell, probeOf()));
    const images = seen.directories["/var/share/nova/images"];
    expect(images).toMatchObject({ value: { images: { value: { count: 4, partial: 1 } } } });
    const busy = images?.seen && images.value.images?.seen ? [...images.value.images.value.busy].sort() : [];
    expect(busy).toEqual([`${id}.downloading`, id.replace("0", "1")].sort());
  });

  test("reports notes and a held lock, and follows no link among the notes", async () => {
    const juno = node();
    const note = '{"run":"20260101-000000-aaaaaa","before":"1","after":"2","restart":"owed"}';
    juno.write(`${CONF}.novasweep-20260101-000000-aaaaaa.json`, `${note}\n`);
    juno.write("etc/secret", "secret\n");
    symlinkSync(join(juno.root, "etc/secret"), join(juno.root, `${CONF}.novasweep-20260102-000000-aaaaaa.json`));
    const booted = (await juno.run(shell, probeOf())).lines.find((line) => line.startsWith("fact booted"))?.slice(12);
    const record = `{"run":"r","controller":"c","user":"u","pid":${process.pid},"bootedAt":"${booted}","since":"s"}`;
    juno.write("system/volatile/novasweep.lock/record", `${record}\n`);
    const ended = await juno.run(shell, probeOf());
    const seen = factsOf(ended);
    expect(seen.notes).toEqual({
      seen: true,
      value: [{ run: "20260101-000000-aaaaaa", before: "1", after: "2", restart: "owed" }],
    });
    expect(ended.out).not.toContain("secret");
    expect(seen.lock).toMatchObject({ value: { run: "r", pid: process.pid, alive: true } });
    expect(ended.lines).toContain("fact lock.before 1");
    juno.write("system/volatile/novasweep.lock/record", `${record.replace(`${booted}`, "1")}\n`);
    expect(factsOf(await juno.run(shell, probeOf())).lock).toMatchObject({ value: { alive: false } });
  });

  test("tells of a lock that was there when it began, and is gone when it ends", async () => {
    const juno = node();
    juno.write("system/volatile/novasweep.lock/record", "{}\n");
    juno.replaceTool("BEADM", `/usr/bin/rm -r '${join(juno.root, "system/volatile/novasweep.lock")}'; exec $real "$@"`);
    const ended = await juno.run(shell, probeOf());
    expect(ended.lines).toContain("fact lock.before 1");
    expect(ended.lines).toContain("unseen lock absent");
    expect((await juno.run(shell, probeOf())).lines).not.toContain("fact lock.before 1");
  });

  test("takes no more than it should of what it is shown", async () => {
    const juno = node();
    juno.write(`${CONF}.novasweep-20260101-000000-aaaaaa.json`, "x".repeat(12 * 1024 ** 2));
    juno.write(`${CONF}.novasweep-20260102-000000-aaaaaa.json`, "{}\0\nmore\n");
    const zones = "for i in 1 2 3; do printf '%d:z:incomplete:/z::solaris:shared\\n'";
    const numbers = Array.from({ length: 400 }, (_, at) => at).join(" ");
    juno.replaceTool("ZONEADM", `${zones} ${numbers}; done`);
    juno.replaceTool("UNAME", `[ "$1" = -v ] || exec $real "$@"; printf '%05000d\\n' 0`);
    const ended = await juno.run(shell, probeOf());
    expect(ended.err).toBe("");
    expect(ended.lines.filter((line) => line.startsWith("row notes "))).toEqual([
      "row notes /etc/nova/nova.conf.novasweep-20260101-000000-aaaaaa.json\t",
      "row notes /etc/nova/nova.conf.novasweep-20260102-000000-aaaaaa.json\t{}",
    ]);
    expect(ended.lines.filter((line) => line.startsWith("row zones "))).toHaveLength(1000);
    expect(ended.lines.find((line) => line.startsWith("fact version "))).toHaveLength(2000);
    expect(ended.lines.slice(-2)).toEqual(["facts", "end 0"]);
  });

  test("ends although a watcher is deaf", async () => {
    const script = probeOf().replace('trap aside_end "$ASIDE_SIGNAL"', `trap '' "$ASIDE_SIGNAL"`);
    expect(script).toContain(`trap '' "$ASIDE_SIGNAL"`);
    expect((await node().run(shell, script)).lines.slice(-2)).toEqual(["facts", "end 0"]);
  });

  test("a truncated upload runs nothing", async () => {
    const juno = node();
    const script = probeOf();
    const lastLine = Array.from({ length: 24 }, (_, left) => script.length - 2 - left);
    const cuts = [10, 200, script.indexOf("begin()") + 30, script.indexOf("facts"), script.length - 60, ...lastLine];
    for (const cut of cuts) {
      const ended = await juno.run(shell, script.slice(0, cut));
      expect(ended.lines).toEqual([]);
    }
  });
});

/** The parser is one nawk program whatever the shell: each case runs under the next one. */
let turn = 0;
const probeConf = async (text: string): Promise<string> => {
  const juno = node();
  juno.write(CONF, text);
  turn += 1;
  const [, shell] = shells[turn % shells.length] ?? ["", []];
  return inForce(await juno.run(shell, probeOf()));
};

describe.concurrent("nova.conf as oslo.config reads it", () => {
  test.each([
    ["a continuation line after a comment", "[DEFAULT]\na=1\n# c\n  more\n", "4 unexpected continuation line"],
    ["no separator", "[DEFAULT]\nnonsense\n", "2 neither = nor : in an assignment"],
    ["text behind a section header", "[DEFAULT] # x\n", "1 section header without ] at its end"],
    ["an empty section name", "[]\n", "1 section without a name"],
    ["an empty key", "[DEFAULT]\n= x\n", "2 assignment without a key"],
    ["an assignment before any section", "a = b\n", "1 assignment before the first section"],
    ["a NUL", "[DEFAULT]\nglancecache_dirname=/a\0b\n", "2 a NUL or control-A byte"],
  ])("reports the first line oslo.config refuses: %s", async (_what, text, error) => {
    const lines = await probeConf(text);
    expect(lines).toBe(`fact conf.error ${error}; unseen conf.inforce failed line ${error}`);
  });

  test.each([
    ["the last of two", "[DEFAULT]\nglancecache_dirname=/a\n[x]\nb=c\n[DEFAULT]\nglancecache_dirname : /b\n", "/b"],
    [
      "another section's is not ours",
      "[solariszones]\nglancecache_dirname=/a\n[DEFAULT]\nstate_path=/s\n",
      "/s/images",
    ],
    ["CRLF, blanks and quotes", '[DEFAULT]\r\nglancecache_dirname =  "/a b/c"  \r\n', "/a b/c"],
    ["no inline comments", "[DEFAULT]\nglancecache_dirname=/a # b\n", "/a # b"],
    [
      "references",
      "[DEFAULT]\nx=/x\ny=$\u007bx}/y\nglancecache_dirname=$y/$$z\\$q/$\u007bDEFAULT.x}\n",
      "/x/y/$z$q//x",
    ],
    ["a comment line is no value", "[DEFAULT]\nglancecache_dirname=/a\n#glancecache_dirname=/b\n", "/a"],
    ["a line break", "[DEFAULT]\nglancecache_dirname=/a\n  b\n", "/a\\nb"],
    ["no newline at the end", "[DEFAULT]\nglancecache_dirname=/a", "/a"],
  ])("works out the value in force as oslo.config does: %s", async (_what, text, value) => {
    expect(await probeConf(text)).toBe(`fact conf.inforce ${value}`);
  });

  test.each([
    ["a reference to nothing", "[DEFAULT]\nglancecache_dirname=$nowhere/x\n", "$nowhere is not set"],
    [
      "a reference to the option of a section the driver does not read",
      "[solariszones]\nglancecache_dirname=/x\n[DEFAULT]\nglancecache_dirname=$\u007bsolariszones.glancecache_dirname}\n",
      /^\$solariszones\.glancecache_dirname is not set$/,
    ],
    ["references in a ring", "[DEFAULT]\na=$b\nb=$a\nglancecache_dirname=$a\n", /^\$[ab] is not set$/],
    ["an empty value", "[DEFAULT]\nglancecache_dirname=\n", "the value is empty"],
  ])("says when there is no value in force: %s", async (_what, text, why) => {
    const [, said = ""] = /^unseen conf\.inforce failed (.*)$/.exec(await probeConf(text)) ?? [];
    expect(said).toMatch(why);
  });
});

/** pkg, zfs and beadm that never answer: one look costs what the limits say, not for ever. */
test.each(shells.filter(([name]) => takesDashToo(name)))(
  "a tool that hangs is ended and only its facts are missing, under %s",
  { timeout: 300_000 },
  async (_name, shell) => {
    const juno = node();
    juno.replaceTool("PKG", "/usr/bin/sleep 300");
    const script = probeOf().replace("PROBE_GRACE_S=20", "PROBE_GRACE_S=1");
    const ended = await juno.run(shell, script);
    expect(ended.lines.some((line) => line.startsWith("unseen nova.version failed it did not answer in time"))).toBe(
      true,
    );
    expect(ended.lines).toContain("fact conf.inforce /var/lib/nova/images");
    expect(ended.lines.slice(-2)).toEqual(["facts", "end 0"]);
  },
);
