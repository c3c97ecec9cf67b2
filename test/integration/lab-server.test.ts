/** The lab as a controller meets it: real SSH, exactly three commands, scripts that outlive their connection but not the lab. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ssh2 from "ssh2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defaultSettings } from "../../src/domain/settings.ts";
import type { FaultName } from "../../src/lab/faults.ts";
import { labProcesses } from "../../src/lab/processes.ts";
import { type Lab, startLab } from "../../src/lab/start.ts";
import { probeScript } from "../../src/remote/script.ts";

interface Answer {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
  /** Why there is no status. */
  readonly error?: string;
}

const DEADLINE_MS = 15_000;
const FLOOD_ENOUGH = 4 * 1024 ** 2;

const nodeOf = (lab: Lab, name: string) => {
  const node = lab.nodes.find((one) => one.name === name || one.fault === name);
  if (node === undefined) throw new Error(`no node ${name}`);
  return node;
};

/** One connection, one command. `cutAfter`: destroys the connection when that text has come. */
const run = (
  lab: Lab,
  name: string,
  command: string,
  script: string,
  options: { cutAfter?: string; key?: string; deadlineMs?: number } = {},
): Promise<Answer> =>
  new Promise((resolve) => {
    const client = new ssh2.Client();
    let out = "";
    let err = "";
    let status: number | null = null;
    const end = (error?: string): void => {
      clearTimeout(clock);
      client.destroy();
      resolve({ status, out, err, ...(error === undefined ? {} : { error }) });
    };
    const clock = setTimeout(() => end("deadline"), options.deadlineMs ?? DEADLINE_MS);
    client.on("error", (error) => end(error.message));
    client.on("close", () => end("closed"));
    client.on("ready", () => {
      client.exec(command, (failed, channel) => {
        if (failed) return end(failed.message);
        channel.on("exit", (code: number | null) => {
          status = code;
        });
        channel.on("data", (bytes: Buffer) => {
          out += bytes.toString("latin1");
          if (options.cutAfter !== undefined && out.includes(options.cutAfter)) end("cut");
          if (out.length > FLOOD_ENOUGH) end("flood");
        });
        channel.stderr.on("data", (bytes: Buffer) => {
          err += bytes.toString("latin1");
        });
        channel.on("close", () => (status === null ? undefined : end()));
        channel.end(script);
      });
    });
    client.connect({
      host: "127.0.0.1",
      port: nodeOf(lab, name).port,
      username: "novaadm",
      privateKey: options.key ?? readFileSync(lab.keyPath),
      readyTimeout: 4000,
    });
  });

/** Looks again and again until it is so. */
const until = async (what: () => boolean): Promise<void> => {
  const end = Date.now() + DEADLINE_MS;
  while (!what()) {
    if (Date.now() > end) throw new Error("not within the deadline");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

const probe = probeScript({
  nonce: "0123456789abcdef",
  run: "20260101-000000-abcdef",
  controller: "controller",
  operator: "operator",
  wantUid: "0",
  settings: defaultSettings,
  sendConf: true,
});

const each: readonly FaultName[] = [
  "unreachable",
  "auth",
  "hang",
  "cut",
  "garbage",
  "flood",
  "silent-banner",
  "escapes",
  "no-become",
];
let lab: Lab;
beforeAll(async () => {
  lab = await startLab({ nodes: 14, faults: each.map((name) => ({ name, count: 1 })) });
});
afterAll(() => lab.stop());

describe("a node", () => {
  test.each([
    ["/bin/sh -s", "60001"],
    ["sudo -n /bin/sh -s", "0"],
    ["pfexec /bin/sh -s", "0"],
  ])("runs a script by `%s` with uid %s", async (command, uid) => {
    const script =
      '# prelude\nID=/usr/xpg4/bin/id\nR=\n# end prelude\n"$ID" -u; ls "$R/etc/nova" >/dev/null && echo "$R"; exit 3\n';
    const answer = await run(lab, "cn01", command, script);
    expect(answer).toMatchObject({ status: 3, out: expect.stringMatching(new RegExp(`^${uid}\n`)) });
    if (uid === "0") expect(answer.out).toContain(join(nodeOf(lab, "cn01").dir, "root"));
  });

  test.each(["uname -a", "/bin/sh -s ", "/bin/sh -c id", "sudo /bin/sh -s", "cat /etc/passwd; /bin/sh -s", ""])(
    "refuses `%s` as a shell would",
    async (command) => {
      const answer = await run(lab, "cn01", command, "echo ran\n");
      expect(answer).toMatchObject({ status: 127, out: "" });
      expect(answer.err).toMatch(/command not found\n$/);
    },
  );

  test("starts a script with nothing of the caller's environment", async () => {
    const answer = await run(lab, "cn01", "/bin/sh -s", "env | cut -d= -f1 | sort | tr '\\n' ' '\n");
    expect(answer.out.split(" ").filter((name) => name !== "" && name !== "_" && name !== "PWD")).toEqual([
      "HOME",
      "LAB_NODE",
      "LAB_SIM",
      "LAB_USER",
      "PATH",
      "SHELL",
    ]);
  });

  test("keeps bytes as they are, both ways", async () => {
    const answer = await run(
      lab,
      "cn01",
      "/bin/sh -s",
      "printf '\\377\\000\\n'; printf 'caf\u00e9' | od -An -tx1 >&2\n",
    );
    expect(answer.out).toBe("\xff\x00\n");
    expect(answer.err.trim()).toBe("63 61 66 c3 a9");
  });

  test.each(["cn01", "cn11", "cn12", "cn13", "cn14"])("%s answers the probe in full", async (name) => {
    const answer = await run(lab, name, "sudo -n /bin/sh -s", probe);
    expect(answer).toMatchObject({ status: 0, err: "" });
    expect(answer.out).toMatch(/^@0123456789abcdef begin\n/);
    expect(answer.out).toMatch(/\n@0123456789abcdef facts\n@0123456789abcdef end 0\n$/);
    expect(answer.out).not.toContain(lab.dir);
    // Nothing may be "not looked at" on a healthy node but what is not there.
    expect(answer.out.match(/ unseen \S+ (?!absent).*/g) ?? []).toEqual([]);
  });
});

describe("a lost connection", () => {
  test("does not end the script", async () => {
    const file = join(nodeOf(lab, "cn01").dir, "root/tmp/survived");
    const script = `trap '' PIPE HUP\necho started\nsleep 0.5\necho more\necho yes >${file}\n`;
    expect(await run(lab, "cn01", "/bin/sh -s", script, { cutAfter: "started" })).toMatchObject({ error: "cut" });
    await until(() => existsSync(file) && readFileSync(file, "utf8") === "yes\n");
  });

  test("ends one that is not deaf, at its next word", async () => {
    const file = join(nodeOf(lab, "cn01").dir, "root/tmp/ended");
    const script = `echo started\nsleep 0.5\n/bin/echo more || echo yes >${file}\n`;
    await run(lab, "cn01", "/bin/sh -s", script, { cutAfter: "started" });
    await until(() => existsSync(file));
  });
});

describe("the faults of a connection", () => {
  const ask = (name: FaultName) => run(lab, name, "sudo -n /bin/sh -s", probe);

  test("unreachable refuses", async () => expect((await ask("unreachable")).error).toMatch(/ECONNREFUSED/));
  test("silent-banner says nothing", async () => expect((await ask("silent-banner")).error).toMatch(/Timed out/));
  test("auth takes no key", async () => expect((await ask("auth")).error).toMatch(/authentication/));
  test("another user's key is not taken anywhere", async () => {
    const other = ssh2.utils.generateKeyPairSync("ecdsa", { bits: 256 }).private;
    expect((await run(lab, "cn01", "/bin/sh -s", "", { key: other })).error).toMatch(/authentication/);
  });
  test("hang never answers", async () => {
    const answer = await run(lab, "hang", "/bin/sh -s", probe, { deadlineMs: 2000 });
    expect(answer).toEqual({ status: null, out: "", err: "", error: "deadline" });
  });
  test("cut breaks the line after begin", async () => {
    const answer = await ask("cut");
    expect(answer).toMatchObject({ status: null, error: expect.any(String) });
    expect(answer.out).not.toContain("end 0");
  });
  test("garbage is not text", async () => {
    const answer = await ask("garbage");
    expect(answer.status).toBe(0);
    expect(answer.out).not.toContain("begin");
  });
  test("flood never ends", async () => expect((await ask("flood")).error).toBe("flood"));
  test("escapes come with a whole answer", async () => {
    const answer = await ask("escapes");
    expect(answer.out).toContain("\x1b");
    expect(answer.out).toMatch(/end 0\n$/);
  });
  test("no-become leaves the login's uid", async () => {
    expect((await ask("no-become")).out).toMatch(/refuse E_BECOME .*60001/);
  });
});

test("hostkey: known_hosts has another key than the node shows, and only there", async () => {
  const other = await startLab({ nodes: 3, faults: [{ name: "hostkey", count: 1 }] });
  const shown = (name: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const client = new ssh2.Client();
      client.on("error", reject);
      client.connect({
        host: "127.0.0.1",
        port: nodeOf(other, name).port,
        username: "novaadm",
        hostVerifier: (key: Buffer) => {
          resolve(key.toString("base64"));
          client.removeAllListeners("error").on("error", () => {});
          return false;
        },
      });
    });
  try {
    const known = readFileSync(other.knownHostsPath, "utf8");
    for (const node of other.nodes) {
      const line = known.split("\n").find((one) => one.startsWith(`[127.0.0.1]:${node.port} `)) ?? "";
      expect(line.endsWith(await shown(node.name))).toBe(node.fault !== "hostkey");
    }
  } finally {
    await other.stop();
  }
});

describe("the end", () => {
  test("leaves no process and no file, though a script still runs", async () => {
    const parent = mkdtempSync(join(tmpdir(), "novasweep-lab-test-"));
    const one = await startLab({ nodes: 2, parentDir: parent });
    await run(
      one,
      "cn01",
      "/bin/sh -s",
      "trap '' TERM HUP PIPE\nsleep 600 &\n(setsid sleep 601 &)\necho started\nsleep 602\n",
      { cutAfter: "started" },
    );
    await until(() => labProcesses(one.dir).length >= 3);
    const { dir } = one;
    await one.stop();
    await one.stop();
    expect(labProcesses(dir)).toEqual([]);
    expect(readdirSync(parent)).toEqual([]);
    expect(() => process.kill(one.pid, 0)).toThrow();
    rmSync(parent, { recursive: true });
  });

  test("frees its ports", async () => {
    const one = await startLab({ nodes: 1 });
    const port = one.nodes[0]?.port ?? 0;
    await one.stop();
    await new Promise<void>((resolve, reject) => {
      const server = createServer();
      server.once("error", reject);
      server.listen(port, "127.0.0.1", () => server.close(() => resolve()));
    });
  });

  test("a lab that cannot start says why", async () => {
    await expect(startLab({ nodes: 1, parentDir: "/nonexistent/dir" })).rejects.toThrow(/ENOENT/);
    await expect(startLab({ nodes: 0 })).rejects.toThrow(/1 to 1000/);
  });
});

test("the inventory is Ansible's INI", () => {
  const lines = readFileSync(lab.inventoryPath, "utf8").split("\n");
  expect(lines.filter((line) => /^cn\d\d ansible_host=127\.0\.0\.1 ansible_port=\d+$/.test(line))).toHaveLength(14);
  expect(lines).toContain("[compute]");
  expect(lines).toContain("ansible_user=novaadm");
});
