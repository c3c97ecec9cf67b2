/** `exec` by the built program: over the lab, and over a real sshd whose login shell is a real one. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Lab, startLab } from "../../src/lab/start.ts";
import { against, novasweep, outcomesOf, type Ran, scratch } from "../support/novasweep.ts";
import { journalsOf } from "../support/operator.ts";
import { makeKey, publicKey, type Sshd, startSshd } from "../support/sshd.ts";

const dir = scratch("exec");
const stateDir = join(dir, "state");
let lab: Lab;

beforeAll(async () => {
  const specs = [1, 2, 3].map((at) => ({ name: `ok${at}`, release: "juno" as const, layout: "legacy" as const }));
  lab = await startLab({
    nodes: 6,
    specs: [
      ...specs,
      { name: "gone", release: "juno", layout: "legacy", fault: "unreachable" },
      { name: "plain", release: "juno", layout: "legacy", fault: "no-become" },
      { name: "noisy", release: "juno", layout: "legacy", fault: "escapes" },
    ],
    parentDir: dir,
  });
});
afterAll(async () => {
  await lab?.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** Runs `exec PATTERN --yes OPTIONS -- TEXT` against the lab. */
const exec = (pattern: string, text: string, ...options: string[]): Promise<Ran> =>
  novasweep(["exec", pattern, ...against(lab, stateDir), "--yes", ...options, ...(text === "" ? [] : ["--", text])], {
    cwd: dir,
  });
const lastJournal = () => journalsOf({ stateDir }).at(-1) ?? [];
const lastJournalText = (): string => {
  const name = readdirSync(join(stateDir, "runs"))
    .filter((each) => each.endsWith(".ndjson"))
    .sort()
    .at(-1);
  return readFileSync(join(stateDir, "runs", name ?? ""), "utf8");
};

/** Control characters but tab and newline, C1 controls, and what reverses or hides text. */
const unsafe = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;

describe("exec over the lab", () => {
  it("shows equal outputs once, keeps exit statuses, folds what failed by cause", async () => {
    const ran = await exec(
      "all:!noisy",
      'case $LAB_NODE in */ok3) echo other; exit 4 ;; *) echo "sec""ret same" ;; esac',
    );
    expect(ran.stdout).toBe("ok[1-2],plain: secret same\nok3 (exit status 4):\n   other\n");
    expect(ran.stderr).toMatch(/^failed +E_EXIT +ok3 +exit status 4$/m);
    expect(ran.stderr).toMatch(/^unreachable +E_CONNECT +gone /m);
    expect(ran.stderr).toMatch(/^exec \S+: failed 1, unreachable 1, ran 3 of 5 hosts in .*, exit 1$/m);
    expect(ran.status).toBe(1);
    expect(outcomesOf(lastJournal())).toMatchObject({ ok1: "changed", ok3: "failed", gone: "unreachable" });
    expect(lastJournalText()).toContain('"type":"host.ran","host":"ok3","status":4,"stdout":{"bytes":6,"digest":"');
    expect(lastJournalText()).not.toContain("secret");
  });

  it("runs a script as it is, with the options of its first line, and records what it wrote when told to", async () => {
    writeFileSync(join(dir, "s.sh"), "#!/bin/sh -e\ncat <<'E'\nfrom a here-document $HOME\nE\nfalse\necho never\n");
    const ran = await exec("ok*", "", "--script", "s.sh", "--record", "--format", "json");
    const { outputs, hosts, run } = JSON.parse(ran.stdout);
    expect(outputs).toMatchObject([
      { hostSet: "ok[1-3]", status: 1, stdout: { text: "from a here-document $HOME\n" } },
    ]);
    expect(hosts).toHaveLength(3);
    const shown = await novasweep(["runs", "show", run, "--state-dir", stateDir]);
    expect(shown.stdout).toMatch(/^runs {5}s\.sh \(69 B, SHA-256 [0-9a-f]{12}\)$/m);
    expect(shown.stdout).toMatch(/^ok\[1-3\] \(3 hosts, exit status 1\):\n {3}from a here-document \$HOME$/m);
  });

  it("runs as who logs in, as root only with --become, and refuses where that is not to be had", async () => {
    const [login, root] = [await exec("ok1:plain", "id"), await exec("ok1:plain", "id", "--become", "sudo")];
    expect(login.stdout).toMatch(/^ok1,plain: uid=[1-9]\d*\(/);
    expect(root.stdout).toMatch(/^ok1: uid=0\(root\)/);
    expect(root.stderr).toMatch(/^refused +E_BECOME +plain +the command would run with uid [1-9]\d* and needs 0$/m);
    expect(root.status).toBe(6);
  });

  it("lets no hostile output through to terminal or journal", async () => {
    const escapes = String.raw`\033[2J\033]0;owned\007\033[?1049h\302\233\000\342\200\256gnp\342\200\213 \377 no newline`;
    const text = `printf '${escapes}'; printf '${escapes}' >&2`;
    for (const format of ["table", "json"]) {
      const ran = await exec("ok1:noisy", text, "--format", format, "--record");
      expect(ran.status, ran.stderr).toBe(0);
      expect(ran.stdout).not.toMatch(unsafe);
      expect(ran.stderr).not.toMatch(unsafe);
      expect(lastJournalText()).not.toMatch(unsafe);
      if (format === "table") expect(ran.stdout).toContain("   (no newline at the end)\n2> ␛[2J");
      // What the login says before is the login's, not the command's: both hosts wrote the same.
      else expect(JSON.parse(ran.stdout).outputs).toMatchObject([{ hosts: ["ok1", "noisy"], stdout: { bytes: 47 } }]);
    }
  });

  it("cuts a host that writes without an end, and shows what came as a part", async () => {
    const ran = await exec("ok1", "yes 0123456789abcde | head -c 20000000", "--format", "json");
    const { outputs, hosts } = JSON.parse(ran.stdout);
    expect(hosts).toMatchObject([{ outcome: "unknown", failure: { code: "E_FLOOD" } }]);
    expect(outputs).toMatchObject([{ partial: true, status: null, stdout: { keptBytes: 1024 ** 2 } }]);
    expect(outputs[0].stdout.text).toHaveLength(1024 ** 2);
    expect(ran.status).toBe(1);
  });

  it("compares on request", async () => {
    const ran = await exec("ok*", "echo a; case $LAB_NODE in */ok2) echo B ;; *) echo b ;; esac; echo c", "--diff");
    expect(ran.stdout).toBe(
      "ok[1,3] (2 hosts):\n   a\n   b\n   c\nok2, compared with ok[1,3]:\n@@ line 1 @@\n    a\n-   b\n+   B\n    c\n",
    );
  });

  it("asks a person: without a terminal, --yes has to be said", async () => {
    const ran = await novasweep(["exec", "all", ...against(lab, stateDir), "--", "true"], { cwd: dir });
    expect(ran.status).toBe(2);
    expect(ran.stderr).toMatch(/there is no terminal to ask on before the command runs\n {2}try: --yes/);
  });
});

describe("exec over a real sshd", () => {
  let sshd: Sshd;
  let words: readonly string[];

  beforeAll(async () => {
    sshd = await startSshd({ address: "127.0.22.9" });
    const key = makeKey(join(sshd.dir, "id"));
    writeFileSync(join(sshd.dir, "authorized"), `${publicKey(key)}\n`);
    writeFileSync(join(sshd.dir, "known"), `[${sshd.address}]:${sshd.port} ${sshd.hostKeys[0]}\n`);
    const hosts = ["one", "two"].map((name) => `${name} ansible_host=${sshd.address} ansible_port=${sshd.port}`);
    writeFileSync(join(sshd.dir, "hosts.ini"), `${hosts.join("\n")}\n[all:vars]\nansible_user=root\n`);
    const paths = { inventoryPath: join(sshd.dir, "hosts.ini"), knownHostsPath: join(sshd.dir, "known"), keyPath: key };
    words = ["exec", "all", ...against(paths, stateDir), "--yes"];
  });
  afterAll(() => sshd?.stop());

  it("the command has its login's directory and umask, no terminal and nothing to read", async () => {
    const ran = await novasweep([...words, "--", "tty; cat; umask; cd && pwd; kill -9 $$"], { cwd: dir });
    expect(ran.stdout).toMatch(
      /^one,two \(2 hosts, (signal SIGKILL|exit status 137)\):\n {3}not a tty\n {3}0022\n {3}\S+\n$/,
    );
    expect(ran.status).toBe(1);
  });

  it("with --format stream lines come while the command runs, made safe, and no result after them", async () => {
    const go = join(dir, "stream-go");
    const text = `printf 'one\\ta\\033[2J\\n'; until [ -e '${go}' ]; do sleep 0.1; done; echo two >&2; printf three; exit 4`;
    const ran = await novasweep([...words, "-l", "one", "--format", "stream", "--", text], {
      cwd: dir,
      // The command ends only when its first line has been seen.
      onStdout: (seen) => {
        if (seen.includes("one: one")) writeFileSync(go, "");
      },
    });
    expect(ran.stdout.split("\n").sort()).toEqual(["", "one 2> two", "one: one\ta␛[2J", "one: three"]);
    expect(ran.stderr).toMatch(/^failed +E_EXIT +one +exit status 4$/m);
    expect(ran.status).toBe(1);
  });

  it("a line that breaks leaves the host unknown and what came until then", async () => {
    const go = join(dir, "never");
    const running = novasweep([...words, "-j", "1", "--", `echo begun; until [ -e '${go}' ]; do sleep 0.2; done`], {
      cwd: dir,
    });
    await expect.poll(() => sshd.sessions().length, { timeout: 60_000 }).toBeGreaterThan(0);
    const began = () =>
      journalsOf({ stateDir })
        .at(-1)
        ?.some((event) => event.type === "host.phase" && event.phase === "running");
    await expect.poll(began, { timeout: 60_000 }).toBe(true);
    sshd.killSessions();
    writeFileSync(go, "");
    const ran = await running;
    expect(ran.stdout).toBe("one (partial: the line ended first):\n   begun\ntwo: begun\n");
    expect(ran.stderr).toMatch(/^unknown +E_LOST +one /m);
  });
});
