/** Networks and servers that misbehave before a session exists: which code, which layer, which words. */
import { createServer, type Server, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { clocksOf, collect, never, type Reply, sshHost, sshTransport } from "../support/ssh-host.ts";
import { freePort } from "../support/sshd.ts";

const address = "127.0.23.1";
const clocks = clocksOf(1_500, {}, 20_000);
let server: Server | undefined;
const sockets = new Set<Socket>();

afterEach(() => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  server?.close();
  server = undefined;
});

const runAgainst = (port: number, host = address): Promise<Reply> =>
  collect(sshTransport({ clocks }).run(sshHost(host, port), "echo x\n", never));

/** Connects to a server that does with each connection what it is told. */
const against = async (serve: (socket: Socket) => void): Promise<Reply> => {
  const port = await freePort(address);
  const listening = createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    serve(socket);
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(port, address, resolve));
  return runAgainst(port);
};

test("a port nobody listens on is E_CONNECT, refused, in tcp", async () => {
  const reply = await runAgainst(await freePort(address));
  expect(reply).toMatchObject({ code: "E_CONNECT", last: { layer: "tcp" } });
  expect(reply.message).toContain("connection refused");
});

test("a name without an address is E_RESOLVE", async () => {
  const reply = await runAgainst(22, "no-such-host.invalid"); // RFC 6761: never resolves
  expect(["E_RESOLVE", "E_TIMEOUT"]).toContain(reply.code);
  expect(reply.last).toMatchObject({ layer: "resolve" });
});

test("a server that accepts and says nothing is E_TIMEOUT in banner, and its socket is closed", async () => {
  let closed: Promise<unknown> | undefined;
  const reply = await against((socket) => {
    closed = new Promise((resolve) => socket.once("close", resolve));
    socket.resume();
  });
  expect(reply).toMatchObject({ code: "E_TIMEOUT", last: { layer: "banner" } });
  expect(reply.message).toContain("stuck in banner for 1.5 s");
  await closed;
});

test("a server that resets is E_CONNECT before its banner", async () => {
  const reply = await against((socket) => socket.once("data", () => socket.resetAndDestroy()));
  expect(reply).toMatchObject({ code: "E_CONNECT", last: { layer: "banner" } });
  expect(reply.message).toMatch(/(reset|closed the connection) before its SSH banner/);
});

test("what sshd says when it drops us is passed on, made visible", async () => {
  const reply = await against((socket) => socket.end("Exceeded MaxStartups\u001b[2J\r\n"));
  expect(reply.code).toBe("E_CONNECT");
  expect(reply.message).toContain('it said "Exceeded MaxStartups?[2J"');
  expect(reply.try).toContain("--connect-parallel");
});

test("a server of another protocol is E_TIMEOUT in banner, with what it said", async () => {
  const reply = await against((socket) => socket.write("220 mail.example ESMTP\r\n"));
  expect(reply.code).toBe("E_TIMEOUT");
  expect(reply.message).toContain('it said "220 mail.example ESMTP"');
});

test("garbage instead of a banner is E_HANDSHAKE", async () => {
  const reply = await against((socket) => socket.write(Buffer.alloc(20_000, 0xa5)));
  expect(reply).toMatchObject({ code: "E_HANDSHAKE", last: { layer: "banner" } });
});

test("a banner of SSH 1 is E_HANDSHAKE and quoted", async () => {
  const reply = await against((socket) => socket.write("SSH-1.5-Ancient\r\n"));
  expect(reply.code).toBe("E_HANDSHAKE");
  expect(reply.message).toContain("SSH-1.5-Ancient");
});

test("a server that stops after its banner is E_TIMEOUT in kex", async () => {
  const reply = await against((socket) => socket.resume().write("SSH-2.0-Stuck\r\n"));
  expect(reply).toMatchObject({ code: "E_TIMEOUT", last: { layer: "kex" } });
});

test("a server that hangs up after its banner is E_HANDSHAKE", async () => {
  const reply = await against((socket) => socket.end("SSH-2.0-Gone\r\n"));
  expect(reply).toMatchObject({ code: "E_HANDSHAKE", last: { layer: "kex" } });
});

test("a packet of nonsense in the key exchange is E_HANDSHAKE", async () => {
  const reply = await against((socket) =>
    socket.write(Buffer.concat([Buffer.from("SSH-2.0-Liar\r\n"), Buffer.alloc(512, 0xff)])),
  );
  expect(reply.code).toBe("E_HANDSHAKE");
});
