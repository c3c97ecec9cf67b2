/** Bastions: real sshds one behind the other. One connection for all hosts behind one; each is verified and named. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Endpoint, Host } from "../../src/domain/host.ts";
import type { Chunk } from "../../src/transport/transport.ts";
import { isLong } from "../support/long.ts";
import {
  clocksOf,
  collect,
  never,
  type Reply,
  sshHost,
  sshTransport,
  type TransportOptions,
} from "../support/ssh-host.ts";
import { makeKey, publicKey, type Sshd, startSshd } from "../support/sshd.ts";
import { startStuckServer } from "../support/stuck-server.ts";

/** Each of them costs sshd a tenth of a second. */
const HOSTS = isLong ? 200 : 50;

let outer: Sshd;
let inner: Sshd;
let node: Sshd;
let key: string;
let knownHosts: string;

const endpoint = ({ address, port }: Sshd): Endpoint => ({
  address,
  port,
  user: "root",
  identityFiles: [],
  sshLegacy: "none",
});
const known = (...servers: readonly Sshd[]): string =>
  servers.map(({ address, port, hostKeys }) => `[${address}]:${port} ${hostKeys[0]}\n`).join("");
const behind = (...jump: readonly Sshd[]): Host => sshHost(node.address, node.port, { jump: jump.map(endpoint) });
const through = (options: Partial<TransportOptions> = {}) =>
  sshTransport({ identityFiles: [key], knownHostsFiles: [knownHosts], ...options });
const once = async (host: Host, options: Partial<TransportOptions> = {}, script = "exit 0\n"): Promise<Reply> => {
  const transport = through(options);
  const reply = await collect(transport.run(host, script, never));
  await transport.close();
  return reply;
};
/** Established connections to 127.0.31.6 (proc(5), net/tcp: the address with its bytes turned, state 01). */
const openToSilent = (): number =>
  readFileSync("/proc/self/net/tcp", "latin1")
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , to, state]) => to?.startsWith("061F007F:") && state === "01").length;
const logins = (server: Sshd): number => server.log().match(/Accepted publickey/g)?.length ?? 0;

beforeAll(async () => {
  [outer, inner, node] = (await Promise.all(
    ["127.0.31.1", "127.0.31.2", "127.0.31.3"].map((address) => startSshd({ address })),
  )) as [Sshd, Sshd, Sshd];
  key = makeKey(join(outer.dir, "id"));
  for (const { dir } of [outer, inner, node]) writeFileSync(join(dir, "authorized"), `${publicKey(key)}\n`);
  knownHosts = join(outer.dir, "known_hosts");
  writeFileSync(knownHosts, known(outer, inner, node));
});
afterAll(() => Promise.all([outer, inner, node].map((server) => server?.stop())));

describe("a bastion", () => {
  test("carries the script and its answer; the host's layers go on as without one", async () => {
    const reply = await once(behind(outer), {}, "echo through; echo beside >&2; exit 7\n");
    expect(reply.last).toEqual({ kind: "exit", status: 7 });
    expect(reply.stdout.toString()).toBe("through\n");
    expect(reply.stderr).toBe("beside\n");
    expect(reply.layers).toEqual(["bastion", "queue", "tcp", "banner", "kex", "auth", "channel", "shell", "script"]);
  });

  test("is logged in to once, however many hosts are behind it", async () => {
    const before = logins(outer);
    const there = logins(node);
    const transport = through();
    const replies = await Promise.all(
      Array.from({ length: HOSTS }, () => collect(transport.run(behind(outer), "exit 0\n", never))),
    );
    await transport.close();
    expect(new Set(replies.map(({ last }) => JSON.stringify(last)))).toEqual(new Set(['{"kind":"exit","status":0}']));
    expect(logins(outer) - before).toBe(1);
    expect(logins(node) - there).toBe(HOSTS);
  });

  test("may stand behind another; each of the chain is logged in to once", async () => {
    const before = [outer, inner].map(logins);
    const transport = through();
    const replies = await Promise.all(
      Array.from({ length: 5 }, () => collect(transport.run(behind(outer, inner), "exit 0\n", never))),
    );
    await transport.close();
    expect(replies.map(({ last }) => last.kind)).toEqual(Array(5).fill("exit"));
    expect([outer, inner].map((server, at) => logins(server) - (before[at] ?? 0))).toEqual([1, 1]);
  });

  test("has a host key of its own: an unknown one is refused before any key of ours is shown to it", async () => {
    const file = join(outer.dir, "without");
    writeFileSync(file, known(node));
    const log = outer.log().length;
    const reply = await once(behind(outer), { knownHostsFiles: [file] });
    expect(reply.code).toBe("E_HOSTKEY");
    expect(reply.message).toMatch(
      /^bastion 127\.0\.31\.1 port \d+: the host key of \[127\.0\.31\.1\]:\d+ is not known/,
    );
    await expect.poll(() => outer.log().slice(log)).toMatch(/Connection (closed|reset)|Disconnect/i);
    expect(outer.log().slice(log)).not.toContain("publickey");
  });

  test("does not vouch for the host: the host's own key is judged by its own name", async () => {
    const file = join(outer.dir, "without-node");
    writeFileSync(file, known(outer));
    const reply = await once(behind(outer), { knownHostsFiles: [file] });
    expect(reply.code).toBe("E_HOSTKEY");
    expect(reply.message).toMatch(/^the host key of \[127\.0\.31\.3\]:\d+ is not known/);
  });

  test("that takes no key of ours is asked once, and every host behind it says so", async () => {
    const stranger = makeKey(join(outer.dir, "stranger"));
    const before = outer.log().match(/Connection from/g)?.length ?? 0;
    const transport = through({ identityFiles: [stranger] });
    const replies = await Promise.all(
      Array.from({ length: 8 }, () => collect(transport.run(behind(outer), "exit 0\n", never))),
    );
    const later = await collect(transport.run(behind(outer), "exit 0\n", never));
    await transport.close();
    for (const reply of [...replies, later]) {
      expect(reply.code).toBe("E_AUTH");
      expect(reply.message).toMatch(/^bastion 127\.0\.31\.1 port \d+: no key was accepted for root/);
    }
    expect((outer.log().match(/Connection from/g)?.length ?? 0) - before).toBe(1);
  });

  test("that cannot reach the host says so, and is no worse for the others", async () => {
    const transport = through();
    const unreachable = { ...behind(outer), address: "127.0.31.99", port: 1 };
    const [refused, fine] = await Promise.all([
      collect(transport.run(unreachable, "exit 0\n", never)),
      collect(transport.run(behind(outer), "exit 0\n", never)),
    ]);
    await transport.close();
    expect(refused).toMatchObject({ code: "E_CONNECT", last: { layer: "tcp" } });
    expect(refused.message).toMatch(
      /^127\.0\.31\.99 port 1: the bastion 127\.0\.31\.1 port \d+ could not connect: .*refused/,
    );
    expect(fine.last).toEqual({ kind: "exit", status: 0 });
  });

  test("that forbids forwarding is told from a host that is down", async () => {
    const closed = await startSshd({
      address: "127.0.31.4",
      config: ["AllowTcpForwarding no"],
      authorized: [publicKey(key)],
    });
    try {
      const file = join(outer.dir, "closed");
      writeFileSync(file, known(closed, node));
      const reply = await once(behind(closed), { knownHostsFiles: [file] });
      expect(reply.code).toBe("E_CONNECT");
      expect(reply.try).toContain("AllowTcpForwarding");
    } finally {
      await closed.stop();
    }
  });

  test("whose connection is cut fails its hosts at once, by its name; it is made once more, and no more", async () => {
    const transport = through();
    const running = async () => {
      const began = new Promise<void>((resolve) => {
        const chunks = transport.run(behind(outer), "echo on; sleep 60; exit 0\n", never);
        void (async () => {
          const seen = [];
          for await (const chunk of chunks) {
            seen.push(chunk);
            if (chunk.kind === "stdout") resolve();
          }
          ends.push(seen.at(-1));
        })();
      });
      await began;
    };
    const ends: unknown[] = [];
    const before = logins(outer);
    for (const made of [1, 2]) {
      await running();
      expect(logins(outer) - before).toBe(made);
      const since = Date.now();
      outer.killSessions();
      await expect.poll(() => ends.length).toBe(made);
      expect(Date.now() - since).toBeLessThan(5_000);
      expect(ends.at(-1)).toMatchObject({
        kind: "lost",
        scriptSent: true,
        failure: {
          code: "E_LOST",
          message: expect.stringMatching(/: bastion 127\.0\.31\.1 port \d+: the connection /),
        },
      });
    }
    const third = await collect(transport.run(behind(outer), "exit 0\n", never));
    await transport.close();
    expect(third.code).toBe("E_CONNECT");
    expect(third.message).toMatch(/^bastion 127\.0\.31\.1 port \d+: the connection /);
    expect(logins(outer) - before).toBe(2);
  });

  test("passes on at once that the node's own connection broke", async () => {
    const transport = through();
    let brokeAtMs = Number.POSITIVE_INFINITY;
    const breaking = async function* (chunks: AsyncIterable<Chunk>) {
      for await (const chunk of chunks) {
        if (chunk.kind === "stdout") {
          brokeAtMs = Date.now();
          node.killSessions();
        }
        yield chunk;
      }
    };
    const reply = await collect(breaking(transport.run(behind(outer), "echo on; sleep 60; exit 0\n", never)));
    await transport.close();
    expect(reply).toMatchObject({ code: "E_LOST", last: { scriptSent: true } });
    expect(reply.message).toMatch(/^lost 127\.0\.31\.3 port \d+ through 127\.0\.31\.1: /);
    expect(Date.now() - brokeAtMs).toBeLessThan(5_000);
  });

  test("behind another is named when it dies, and made once more", async () => {
    const before = logins(inner);
    const transport = through();
    expect((await collect(transport.run(behind(outer, inner), "exit 0\n", never))).last.kind).toBe("exit");
    const running = collect(transport.run(behind(outer, inner), "sleep 60; exit 0\n", never));
    await expect.poll(() => node.sessions().length).toBeGreaterThan(0);
    inner.killSessions();
    const cut = await running;
    expect(cut.message).toMatch(/bastion 127\.0\.31\.2 port \d+: the connection /);
    expect((await collect(transport.run(behind(outer, inner), "exit 0\n", never))).last.kind).toBe("exit");
    await transport.close();
    expect(logins(inner) - before).toBe(2);
  });

  test("that closes idle connections is made again whenever it is needed", async () => {
    const idle = await startSshd({
      address: "127.0.31.5",
      authorized: [publicKey(key)],
      config: ["UnusedConnectionTimeout 1s"],
    });
    try {
      const file = join(outer.dir, "idle");
      writeFileSync(file, known(idle, node));
      const transport = through({ knownHostsFiles: [file] });
      for (const made of [1, 2, 3]) {
        const { last } = await collect(transport.run(behind(idle), "exit 0\n", never));
        expect(last).toEqual({ kind: "exit", status: 0 });
        expect(logins(idle)).toBe(made);
        await expect.poll(() => idle.sessions().length, { timeout: 20_000 }).toBe(0);
      }
      await transport.close();
    } finally {
      await idle.stop();
    }
  });

  test("that says nothing is let go of when the run ends", async () => {
    const silent = await startStuckServer("127.0.31.6", "banner");
    const transport = through();
    const stopping = new AbortController();
    const host = { ...behind(), jump: [{ ...endpoint(outer), address: "127.0.31.6", port: silent.port }] };
    const waiting = collect(transport.run(host, "", stopping.signal));
    await expect.poll(openToSilent).toBeGreaterThan(0);
    stopping.abort();
    expect(await waiting).toMatchObject({ code: "E_STOPPED", layers: ["bastion"] });
    await transport.close();
    await expect.poll(openToSilent).toBe(0);
    silent.stop();
  });

  // Three keepalives of five seconds: the long run's.
  if (isLong)
    test("that falls silent is named within 20 s, before the node is blamed", { timeout: 60_000 }, async () => {
      const transport = through({ clocks: clocksOf(40_000) });
      const running = collect(transport.run(behind(outer), "sleep 60; exit 0\n", never));
      await expect.poll(() => node.sessions().length).toBeGreaterThan(0);
      const stopped = outer.sessions();
      for (const pid of stopped) process.kill(pid, "SIGSTOP");
      const since = Date.now();
      const reply = await running;
      expect(reply.message).toMatch(/bastion 127\.0\.31\.1 port \d+: the connection broke: no answer to keepalives/);
      expect(Date.now() - since).toBeLessThan(21_000);
      for (const pid of stopped) process.kill(pid, "SIGKILL");
      await transport.close();
    });

  test("that is down, has no name, or is slow fails its hosts by its name", async () => {
    const down = { ...endpoint(outer), port: 1 };
    const refused = await once({ ...behind(), jump: [down] });
    expect(refused.code).toBe("E_CONNECT");
    expect(refused.message).toBe("bastion 127.0.31.1 port 1: 127.0.31.1 port 1: connection refused");
    const unnamed = await once({ ...behind(), jump: [{ ...down, address: "no-such-bastion.invalid" }] });
    expect(unnamed.code).toBe("E_RESOLVE");
    const clocks = clocksOf(20_000, { kex: 1 });
    const slow = await once(behind(outer), { clocks });
    expect(slow.code).toBe("E_TIMEOUT");
    expect(slow.message).toMatch(/^bastion .*: stuck in kex reply for 0\.001 s/);
  });
});
