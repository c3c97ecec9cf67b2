/** Names whose name server never answers: they hold up no other host. */

import { spawn } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { scratch } from "../support/novasweep.ts";
import { makeKey, publicKey, type Sshd, startSshd } from "../support/sshd.ts";

const DEAD = 40;
/** What one lookup takes with this resolv.conf. It cannot be taken back: one after the other they would take ten minutes. */
const LOOKUP_S = 30;

const dir = scratch("dead-names");
const silent: Socket = createSocket("udp4");
let sshd: Sshd;

beforeAll(async () => {
  await new Promise<void>((resolve) => silent.bind(53, "127.0.64.1", resolve));
  sshd = await startSshd({ address: "127.0.64.2", authorized: [publicKey(makeKey(join(dir, "id")))] });
  writeFileSync(join(dir, "resolv.conf"), `nameserver 127.0.64.1\noptions timeout:${LOOKUP_S} attempts:1\n`);
  writeFileSync(join(dir, "names"), `127.0.0.1 localhost\n${sshd.address} alive1.example alive2.example\n`);
  const key = `ansible_ssh_private_key_file=${join(dir, "id")} ansible_user=root`;
  const dead = Array.from({ length: DEAD }, (_, at) => `dead${at + 1}.example ${key}`);
  const alive = [1, 2].map((at) => `alive${at}.example ansible_port=${sshd.port} ${key}`);
  writeFileSync(join(dir, "hosts"), `${[...dead, ...alive].join("\n")}\n`);
  writeFileSync(
    join(dir, "known"),
    [...dead, ...alive]
      .map(
        (line, at) =>
          `${at < DEAD ? line.split(" ")[0] : `[${line.split(" ")[0]}]:${sshd.port}`} ${sshd.hostKeys[0]}\n`,
      )
      .join(""),
  );
}, 60_000);
afterAll(async () => {
  silent.close();
  await sshd?.stop();
  rmSync(dir, { recursive: true, force: true });
});

it("dead names hold up no healthy host, and the end of the process no longer than one lookup takes", async () => {
  const bin = new URL("../../bin/novasweep.js", import.meta.url).pathname;
  const words = ["exec", "all", "-i", join(dir, "hosts"), "--known-hosts", join(dir, "known"), "--ssh-config", "none"];
  const command = [
    process.execPath,
    bin,
    ...words,
    "--yes",
    "--connect-timeout",
    "10",
    "--state-dir",
    dir,
    "--",
    "echo in",
  ];
  const script = `mount --bind ${dir}/resolv.conf /etc/resolv.conf && mount --bind ${dir}/names /etc/hosts && exec "$@"`;
  const startedMs = performance.now();
  const child = spawn("unshare", ["-m", "sh", "-c", script, "sh", ...command], {
    cwd: dir,
    env: { PATH: process.env["PATH"], HOME: dir },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (text) => {
    stdout += text;
  });
  child.stderr.on("data", (text) => {
    stderr += text;
  });
  const status = await new Promise((resolve) => child.once("close", resolve));
  expect(stdout, stderr).toBe("alive[1-2].example: in\n");
  expect(stderr).toMatch(new RegExp(`^exec \\S+: unreachable ${DEAD}, ran 2 of ${DEAD + 2} hosts`, "m"));
  expect(status).toBe(4);
  expect((performance.now() - startedMs) / 1000).toBeLessThan(3 * LOOKUP_S);
});
