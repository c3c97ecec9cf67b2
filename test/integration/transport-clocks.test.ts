/** The clock of each layer, against something that stops in that very layer: it alone is short, the others are long. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, test } from "vitest";
import { type Layer, layerWords } from "../../src/domain/layer.ts";
import { makeKey } from "../../src/lab/keys.ts";
import { Resolver } from "../../src/transport/resolver.ts";
import { clocksOf, collect, never, type Reply, sshHost, sshTransport } from "../support/ssh-host.ts";
import { type StopsAt, startBlackHole, startStuckServer } from "../support/stuck-server.ts";

const address = "127.0.25.1";
const SHORT_MS = 1_000;
const dir = mkdtempSync(join(tmpdir(), "novasweep-clocks-"));
const identity = join(dir, "id");
writeFileSync(identity, makeKey("op").privatePem, { mode: 0o600 });
const knownHostsFiles = [join(dir, "known_hosts")];
const stops: (() => void)[] = [];

afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const short = (layer: Layer) => ({ clocks: clocksOf(30_000, { [layer]: SHORT_MS }), identityFiles: [identity] });

const expectStuck = (reply: Reply, layer: Layer): void => {
  expect(reply).toMatchObject({ code: "E_TIMEOUT", last: { kind: "lost", layer } });
  expect(reply.message).toContain(`stuck in ${layerWords[layer]} for 1 s: no `);
  expect(reply.try).not.toBe("");
  expect(reply.layers.at(-1)).toBe(layer);
};

test("resolve: name servers that never answer", async () => {
  const resolver = new Resolver(() => new Promise(() => {}));
  const reply = await collect(sshTransport(short("resolve"), resolver).run(sshHost("cn07", 22), "exit 0\n", never));
  expectStuck(reply, "resolve");
  expect(reply.message).toContain("cn07 port 22");
});

test("tcp: a port whose packets nobody takes", async () => {
  const hole = await startBlackHole(address);
  stops.push(hole.stop);
  expectStuck(await collect(sshTransport(short("tcp")).run(sshHost(address, hole.port), "exit 0\n", never)), "tcp");
});

test("tcp: ssh's ConnectTimeout, where nobody said another", async () => {
  const hole = await startBlackHole(address);
  stops.push(hole.stop);
  const host = sshHost(address, hole.port, { connectTimeoutS: 1 });
  expectStuck(await collect(sshTransport({ clocks: clocksOf(30_000) }).run(host, "exit 0\n", never)), "tcp");
  const clocks = { ...clocksOf(30_000, { tcp: 2_000 }), serversOwn: false };
  const reply = await collect(sshTransport({ clocks }).run(host, "exit 0\n", never));
  expect(reply.message).toContain("stuck in tcp connect for 2 s");
});

test.for<[stopsAt: StopsAt, layer: Layer]>([
  ["banner", "banner"],
  ["kex", "kex"],
  ["auth", "auth"],
  ["channel", "channel"],
  ["exec", "channel"],
  ["shell", "shell"],
  ["script", "script"],
])("a server that stops at %s: %s", async ([stopsAt, layer]) => {
  const server = await startStuckServer(address, stopsAt);
  stops.push(server.stop);
  writeFileSync(join(dir, "known_hosts"), `[${address}]:${server.port} ${server.hostKey}\n`);
  const began = performance.now();
  const transport = sshTransport({ ...short(layer), knownHostsFiles });
  expectStuck(await collect(transport.run(sshHost(address, server.port), "exit 0\n", never)), layer);
  expect(performance.now() - began).toBeGreaterThanOrEqual(SHORT_MS - 1);
});

test("each layer has its clock from its own beginning: together they may take longer than any", async () => {
  const slow = new Resolver(async () => {
    await new Promise((resolve) => setTimeout(resolve, 700));
    return [{ address, family: 4 }];
  });
  const server = await startStuckServer(address, "banner");
  stops.push(server.stop);
  const began = performance.now();
  const transport = sshTransport({ clocks: clocksOf(SHORT_MS) }, slow);
  expectStuck(await collect(transport.run(sshHost("cn07", server.port), "exit 0\n", never)), "banner");
  expect(performance.now() - began).toBeGreaterThan(1_600);
});

test("queue: a line that stands still is given up", async () => {
  const server = await startStuckServer(address, "banner");
  stops.push(server.stop);
  const abort = new AbortController();
  const transport = sshTransport({ ...short("queue"), connectParallel: 1 });
  const first = collect(transport.run(sshHost(address, server.port), "exit 0\n", abort.signal));
  expectStuck(await collect(transport.run(sshHost(address, server.port), "exit 0\n", never)), "queue");
  abort.abort();
  expect((await first).code).toBe("E_STOPPED");
});

test("queue: a line that moves is waited in for as long as it takes", async () => {
  const server = await startStuckServer(address, "banner");
  stops.push(server.stop);
  const clocks = clocksOf(30_000, { queue: SHORT_MS, banner: 600 });
  const transport = sshTransport({ clocks, connectParallel: 1 });
  const replies = await Promise.all(
    Array.from({ length: 4 }, () => collect(transport.run(sshHost(address, server.port), "exit 0\n", never))),
  );
  expect(replies.map(({ last }) => last)).toMatchObject(Array(4).fill({ kind: "lost", layer: "banner" }));
});
