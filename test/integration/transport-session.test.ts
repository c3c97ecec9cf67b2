/** What comes back from a script on a real sshd, and what is said when it does not. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Host } from "../../src/domain/host.ts";
import { MAX_REPLY_BYTES } from "../../src/transport/limits.ts";
import type { Chunk, Transport } from "../../src/transport/transport.ts";
import { clocksOf, collect, never, sshHost, sshTransport, type TransportOptions } from "../support/ssh-host.ts";
import { makeKey, publicKey, type Sshd, startSshd } from "../support/sshd.ts";

let sshd: Sshd;
let host: Host;
let options: Partial<TransportOptions>;
let transport: Transport;

beforeAll(async () => {
  sshd = await startSshd({ address: "127.0.21.1" });
  const key = makeKey(join(sshd.dir, "id"));
  writeFileSync(join(sshd.dir, "authorized"), `${publicKey(key)}\n`);
  const knownHosts = join(sshd.dir, "known_hosts");
  writeFileSync(knownHosts, `[${sshd.address}]:${sshd.port} ${sshd.hostKeys[0]}\n`);
  host = sshHost(sshd.address, sshd.port);
  options = { identityFiles: [key], knownHostsFiles: [knownHosts] };
  transport = sshTransport(options);
});
afterAll(async () => {
  await transport.close();
  await sshd.stop();
});

const run = (script: string) => collect(transport.run(host, script, never));
const openSockets = () =>
  process.getActiveResourcesInfo().filter((resource) => resource === "TCPSocketWrap" || resource === "TCPWRAP").length;
const noSessionLeft = () => expect.poll(() => sshd.sessions().length, { timeout: 10_000 }).toBe(0);

/** Reads until a marker is on stdout. */
const until = async (chunks: AsyncIterator<Chunk>, marker: string): Promise<void> => {
  let text = "";
  while (!text.includes(marker)) {
    const { value, done } = await chunks.next();
    if (done) throw new Error(`ended before ${marker}`);
    if (value.kind === "stdout") text += value.bytes;
    else if (value.kind !== "layer") throw new Error(`before ${marker}: ${JSON.stringify(value)}`);
  }
};
const rest = (chunks: AsyncIterator<Chunk>) => collect({ [Symbol.asyncIterator]: () => chunks });

test("a script's streams stay apart and its exit status comes last", async () => {
  const reply = await run("echo out; echo err >&2; exit 7\n");
  expect(reply.stdout.toString()).toBe("out\n");
  expect(reply.stderr).toBe("err\n");
  expect(reply.last).toEqual({ kind: "exit", status: 7 });
});

test("every layer is seen, in order", async () => {
  const { layers } = await run("echo x\n");
  expect(layers).toEqual(["queue", "resolve", "tcp", "banner", "kex", "auth", "channel", "shell", "script"]);
});

test("a script that dies by a signal ends with the signal, not with status 0", async () => {
  expect((await run("kill -TERM $$\n")).last).toEqual({ kind: "exit", status: null, signal: "SIGTERM" });
});

test("a script of 256 KiB arrives whole", async () => {
  const padding = `: ${"x".repeat(1022)}\n`.repeat(256);
  const reply = await run(`${padding}echo end\n`);
  expect(reply.stdout.toString()).toBe("end\n");
  expect(reply.last).toEqual({ kind: "exit", status: 0 });
});

test("a shell that does not read all of its script is no error", async () => {
  const reply = await run(`exit 4\n${"# never read\n".repeat(100_000)}`);
  expect(reply.last).toEqual({ kind: "exit", status: 4 });
});

test("bytes come back as they are, stdout and stderr of several MiB", async () => {
  const reply = await run(
    "dd if=/dev/zero bs=1024 count=3000 2>/dev/null; dd if=/dev/zero bs=1024 count=3000 2>/dev/null | cat >&2\n",
  );
  expect(reply.stdout.length).toBe(3000 * 1024);
  expect(reply.stderr.length).toBe(3000 * 1024);
});

test("a reader that is slow at first loses nothing and stalls nobody", async () => {
  const chunks = transport
    .run(host, "dd if=/dev/zero bs=1024 count=6000 2>/dev/null; echo end\n", never)
    [Symbol.asyncIterator]();
  await chunks.next();
  await noSessionLeft(); // everything was taken in and the server is gone before we read on
  const reply = await rest(chunks);
  expect(reply.stdout.length).toBe(6000 * 1024 + 4);
  expect(reply.last).toEqual({ kind: "exit", status: 0 });
});

test("a child that keeps the streams open does not turn a finished script into a lost one", async () => {
  const reply = await run("sleep 30 & echo started; exit 0\n");
  expect(reply.last).toEqual({ kind: "exit", status: 0 });
  sshd.killSessions();
});

test("more than the reply may hold is cut off as E_FLOOD", async () => {
  const reply = await run("yes\n");
  expect(reply.code).toBe("E_FLOOD");
  expect(reply.stdout.length).toBeLessThanOrEqual(MAX_REPLY_BYTES);
  await noSessionLeft();
});

test("a server killed in the middle of a script is E_LOST, never an exit, and says that the script was sent", async () => {
  const chunks = transport.run(host, "echo running; sleep 30\n", never)[Symbol.asyncIterator]();
  await until(chunks, "running");
  sshd.killSessions();
  const { last, code } = await rest(chunks);
  expect(code).toBe("E_LOST");
  expect(last).toMatchObject({ kind: "lost", layer: "script", scriptSent: true });
});

test("silence on an open script is E_TIMEOUT with the layer and the time", async () => {
  const impatient = sshTransport({
    ...options,
    clocks: clocksOf(20_000, { script: 1_500 }),
  });
  const reply = await collect(impatient.run(host, "echo x; sleep 60\n", never));
  expect(reply.code).toBe("E_TIMEOUT");
  expect(reply.message).toContain("stuck in script for 1.5 s");
  await noSessionLeft();
});

test("output resets the silence clock", async () => {
  const impatient = sshTransport({
    ...options,
    clocks: clocksOf(20_000, { script: 1_500 }),
  });
  const reply = await collect(impatient.run(host, "for i in 1 2 3; do echo $i; sleep 1; done\n", never));
  expect(reply.last).toEqual({ kind: "exit", status: 0 });
});

test("the host clock ends a script that keeps talking", async () => {
  const impatient = sshTransport({
    ...options,
    clocks: clocksOf(20_000, {}, 3_000),
  });
  const reply = await collect(impatient.run(host, "while :; do echo x; sleep 0.2; done\n", never));
  expect(reply.code).toBe("E_HOST_TIMEOUT");
  await noSessionLeft();
});

test("an aborted run ends with E_STOPPED and leaves nothing on the server", async () => {
  const abort = new AbortController();
  const chunks = transport.run(host, "echo running; sleep 60\n", abort.signal)[Symbol.asyncIterator]();
  await until(chunks, "running");
  abort.abort();
  expect((await rest(chunks)).code).toBe("E_STOPPED");
  await noSessionLeft();
});

test("a run aborted before it begins opens no connection", async () => {
  const abort = new AbortController();
  abort.abort();
  const reply = await collect(transport.run(host, "echo x\n", abort.signal));
  expect(reply).toMatchObject({ code: "E_STOPPED", layers: ["queue"] });
});

test("a reader that stops early leaves no socket here and no session there", async () => {
  await noSessionLeft();
  // Those of the test before may still be closing.
  await expect.poll(openSockets).toBe(0);
  for await (const chunk of transport.run(host, "echo running; sleep 60\n", never)) if (chunk.kind === "stdout") break;
  await noSessionLeft();
  await expect.poll(openSockets).toBe(0);
});

test("close() cuts what is still open", async () => {
  const mine = sshTransport(options);
  const chunks = mine.run(host, "echo running; sleep 60\n", never)[Symbol.asyncIterator]();
  await until(chunks, "running");
  await mine.close();
  expect((await rest(chunks)).code).toBe("E_STOPPED");
  await noSessionLeft();
});

test("after the exit status nothing of ours waits for the server", async () => {
  await noSessionLeft();
  // Those of the test before may still be closing.
  await expect.poll(openSockets).toBe(0);
  await run("exit 0\n");
  await expect.poll(openSockets).toBe(0);
  await noSessionLeft();
});

test("no more than connectParallel connections are between connect and authentication", async () => {
  const narrow = sshTransport({ ...options, connectParallel: 2 });
  const logged = sshd.log().length;
  const replies = await Promise.all(Array.from({ length: 8 }, () => collect(narrow.run(host, "exit 0\n", never))));
  expect(replies.map(({ last }) => last)).toEqual(Array(8).fill({ kind: "exit", status: 0 }));
  let now = 0;
  let most = 0;
  for (const line of sshd.log().slice(logged).split("\n")) {
    if (line.startsWith("Connection from")) most = Math.max(most, ++now);
    if (line.startsWith("Accepted publickey")) now--;
  }
  expect(most).toBe(2);
});

test("become pfexec wraps the shell", async () => {
  expect((await collect(transport.run({ ...host, become: "pfexec" }, "echo x\n", never))).last).toEqual({
    kind: "exit",
    status: 127,
  });
});

test("a server that opens no session is E_SHELL", async () => {
  const closed = await startSshd({
    address: "127.0.21.2",
    authorized: [publicKey(join(sshd.dir, "id"))],
    config: ["MaxSessions 0"],
  });
  try {
    writeFileSync(join(closed.dir, "known_hosts"), `[${closed.address}]:${closed.port} ${closed.hostKeys[0]}\n`);
    const reply = await collect(
      sshTransport({ ...options, knownHostsFiles: [join(closed.dir, "known_hosts")] }).run(
        sshHost(closed.address, closed.port),
        "echo x\n",
        never,
      ),
    );
    expect(reply.code).toBe("E_SHELL");
  } finally {
    await closed.stop();
  }
});
