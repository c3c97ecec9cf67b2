/** Servers that drop who comes at once, as sshd's MaxStartups does: they are tried again, later each time; a refused key never is. */
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { clocksOf, collect, never, sshHost, sshTransport } from "../support/ssh-host.ts";
import { freePort, makeKey, publicKey, type Sshd, startSshd } from "../support/sshd.ts";

let sshd: Sshd;
let knownHostsFiles: readonly string[];
let id: string;
beforeAll(async () => {
  // The whole limit is reached by three logins that are not through yet; the fourth is dropped before its banner.
  sshd = await startSshd({ address: "127.0.35.1", config: ["MaxStartups 3"] });
  id = makeKey(join(sshd.dir, "id"));
  writeFileSync(join(sshd.dir, "authorized"), `${publicKey(id)}\n`, { mode: 0o600 });
  knownHostsFiles = [join(sshd.dir, "known_hosts")];
  writeFileSync(join(sshd.dir, "known_hosts"), `[${sshd.address}]:${sshd.port} ${sshd.hostKeys[0]}\n`);
});
afterAll(() => sshd.stop());

const drops = (): number => (sshd.log().match(/^drop connection/gm) ?? []).length;

test("24 logins at once to a server that lets three in at a time all get in", async () => {
  const transport = sshTransport({ identityFiles: [id], knownHostsFiles, connectParallel: 24 });
  const host = sshHost(sshd.address, sshd.port);
  const replies = await Promise.all(Array.from({ length: 24 }, () => collect(transport.run(host, "echo in\n", never))));
  expect(replies.map(({ stdout, message }) => message || stdout.toString())).toEqual(Array(24).fill("in\n"));
  expect(drops()).toBeGreaterThan(0);
});

test("a key that is refused is shown once, by one connection", async () => {
  const before = sshd.log().length;
  const stranger = makeKey(join(sshd.dir, "stranger"));
  const transport = sshTransport({ identityFiles: [stranger], knownHostsFiles });
  const reply = await collect(transport.run(sshHost(sshd.address, sshd.port), "echo in\n", never));
  expect(reply.code).toBe("E_AUTH");
  await expect.poll(() => sshd.log().slice(before)).toContain("Connection closed by authenticating user");
  expect(
    sshd
      .log()
      .slice(before)
      .match(/^Connection from/gm),
  ).toHaveLength(1);
});

/** Counts the connections to a server that ends each like this. */
const tries = async (words: string, ms: number): Promise<{ readonly count: number; readonly message: string }> => {
  let count = 0;
  const port = await freePort("127.0.35.2");
  const server = createServer((socket) => {
    count += 1;
    socket.on("error", () => {}).end(words);
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.35.2", resolve));
  const reply = await collect(
    sshTransport({ clocks: clocksOf(ms) }).run(sshHost("127.0.35.2", port), "echo in\n", never),
  );
  server.close();
  return { count, message: reply.message };
};

test("one that never stops dropping is given up within the patience, and the sentence counts", async () => {
  const { count, message } = await tries("", 3_000);
  expect(count).toBeGreaterThanOrEqual(2);
  expect(message).toMatch(new RegExp(`before its SSH banner, ${count} times in [0-3] s$`));
});

test("one that says why it does not want us is not asked again", async () => {
  expect(await tries("Not allowed at this time\r\n", 3_000)).toMatchObject({ count: 1 });
});

test("a cut ends the wait for the next try at once", async () => {
  const port = await freePort("127.0.35.2");
  const cut = new AbortController();
  const server = createServer((socket) => {
    socket
      .on("error", () => {})
      .once("close", () => cut.abort())
      .resume()
      .end();
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.35.2", resolve));
  const reply = await collect(sshTransport().run(sshHost("127.0.35.2", port), "echo in\n", cut.signal));
  server.close();
  expect(reply.code).toBe("E_STOPPED");
});
