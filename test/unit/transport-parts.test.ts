/** The small parts of the transport that need no network. */
import { createDiffieHellmanGroup } from "node:crypto";
import { describe, expect, test } from "vitest";
import { offerFor } from "../../src/transport/algorithms.ts";
import { ChunkQueue } from "../../src/transport/chunk-queue.ts";
import { fastGroupExchange } from "../../src/transport/fast-gex.ts";
import { HandshakeSlots } from "../../src/transport/handshake-slots.ts";
import { createRandomPool } from "../../src/transport/random-pool.ts";
import { printable, ServerHello } from "../../src/transport/server-hello.ts";

describe("fast group exchange", () => {
  const two = Buffer.of(2);
  test.for(["modp14", "modp15", "modp16"])("agrees with OpenSSL's own exchange over %s", (group) => {
    const theirs = createDiffieHellmanGroup(group);
    const mine = fastGroupExchange(Buffer.concat([Buffer.of(0), theirs.getPrime()]), two); // as an mpint has it
    const secret = mine.computeSecret(theirs.generateKeys());
    // OpenSSL pads its secrets to the group's size on one way and not on the other; ssh2 makes an mpint of either.
    expect(secret.toString("hex").replace(/^(00)+/, "")).toBe(
      theirs
        .computeSecret(mine.generateKeys())
        .toString("hex")
        .replace(/^(00)+/, ""),
    );
  });

  test("refuses a group below 2048 bits and an even modulus", () => {
    expect(() => fastGroupExchange(createDiffieHellmanGroup("modp2").getPrime(), two)).toThrow("1024 bits");
    const even = createDiffieHellmanGroup("modp14").getPrime();
    even[even.length - 1] = 0xfe;
    expect(() => fastGroupExchange(even, two)).toThrow("even");
  });

  test.for<[string, Buffer]>([
    ["0", Buffer.of(0)],
    ["1", Buffer.of(1)],
  ])("refuses a server's public value of %s", ([, value]) => {
    const mine = fastGroupExchange(createDiffieHellmanGroup("modp14").getPrime(), two);
    expect(() => mine.computeSecret(value)).toThrow();
  });
});

describe("random bytes in portions", () => {
  test("fill what was asked for and nothing else, and never come twice", () => {
    const fill = createRandomPool();
    const portions = new Set<string>();
    for (let turn = 0; turn < 2_000; turn++) {
      const target = Buffer.alloc(24);
      expect(fill(target, 4, 16)).toBe(target);
      expect([target.readUInt32BE(0), target.readUInt32BE(20)]).toEqual([0, 0]);
      portions.add(target.toString("hex", 4, 20));
    }
    expect(portions.size).toBe(2_000);
  });
  test.for([1, 64, 65, 5_000])("%i bytes are all filled", (size) => {
    const fill = createRandomPool();
    const seen = new Set<number>();
    // A byte may be 0 by chance; none is in each of twenty turns.
    for (let turn = 0; turn < 20; turn++) {
      for (const [at, byte] of fill(Buffer.alloc(size)).entries()) if (byte !== 0) seen.add(at);
    }
    expect(seen.size).toBe(size);
  });
  test("beyond the buffer is an error", () => {
    expect(() => createRandomPool()(Buffer.alloc(8), 4, 5)).toThrow(RangeError);
  });
});

describe("algorithms", () => {
  const none = new Set<string>();
  test("curve25519 is first and group exchange last, with nothing of SHA-1", () => {
    const offer = offerFor({ sshLegacy: "none" }, none);
    expect(offer.kex[0]).toBe("curve25519-sha256");
    expect(offer.kex.at(-1)).toBe("diffie-hellman-group-exchange-sha256");
    expect(JSON.stringify(offer)).not.toMatch(/sha1|"ssh-rsa"|ssh-dss|cbc|md5/);
  });
  test("sunssh adds the old ones behind the new ones", () => {
    const offer = offerFor({ sshLegacy: "sunssh" }, none);
    expect(offer.kex.slice(-3)).toEqual([
      "diffie-hellman-group14-sha1",
      "diffie-hellman-group-exchange-sha1",
      "diffie-hellman-group1-sha1",
    ]);
    expect(offer.serverHostKey.slice(-2)).toEqual(["ssh-rsa", "ssh-dss"]);
    expect(offer.hmac.at(-1)).toBe("hmac-sha1");
  });
  test("host key types already known come first: an ssh-rsa key by its SHA-2 names", () => {
    expect(offerFor({ sshLegacy: "none" }, new Set(["ssh-rsa"])).serverHostKey.slice(0, 3)).toEqual([
      "rsa-sha2-512",
      "rsa-sha2-256",
      "ssh-ed25519",
    ]);
  });
});

describe("chunk queue", () => {
  const layer = (name: "tcp" | "kex") => ({ kind: "layer", layer: name }) as const;
  test("keeps order whether the reader waits or comes late, then ends", async () => {
    const queue = new ChunkQueue(() => {});
    const early = queue.next();
    queue.push(layer("tcp"));
    queue.push(layer("kex"));
    queue.end();
    queue.push(layer("tcp"));
    expect(await early).toEqual({ done: false, value: layer("tcp") });
    expect(await queue.next()).toEqual({ done: false, value: layer("kex") });
    expect((await queue.next()).done).toBe(true);
    expect((await queue.next()).done).toBe(true);
  });
  test("a reader that stops is told on once, also while it waits", async () => {
    let returns = 0;
    const queue = new ChunkQueue(() => returns++);
    const waiting = queue.next();
    await queue.return();
    await queue.return();
    expect((await waiting).done).toBe(true);
    expect(returns).toBe(1);
  });
});

describe("handshake slots", () => {
  const never = new AbortController().signal;
  test("lets as many in as there are, the others in the order they came", async () => {
    const slots = new HandshakeSlots(1);
    const order: number[] = [];
    const first = await slots.take(never);
    const second = slots.take(never).then((give) => {
      order.push(2);
      return give;
    });
    const third = slots.take(never).then((give) => {
      order.push(3);
      return give;
    });
    expect(order).toEqual([]);
    first?.();
    first?.(); // harmless
    (await second)?.();
    (await third)?.();
    expect(order).toEqual([2, 3]);
  });
  test("one that is aborted in line holds nothing", async () => {
    const slots = new HandshakeSlots(1);
    const give = await slots.take(never);
    const abort = new AbortController();
    const waiting = slots.take(abort.signal);
    abort.abort();
    expect(await waiting).toBeUndefined();
    give?.();
    expect(await slots.take(never)).toBeTypeOf("function");
  });
});

describe("what a server says first", () => {
  const list = (text: string) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(text.length);
    return Buffer.concat([length, Buffer.from(text)]);
  };
  const lists = Buffer.concat(["kex1,kex2", "ssh-rsa", "c1", "c1", "m1", "m1", "none", "none", "", ""].map(list));
  const payload = Buffer.concat([Buffer.of(20), Buffer.alloc(16), lists, Buffer.alloc(5)]);
  const packet = Buffer.concat([Buffer.alloc(4), Buffer.of(4), payload, Buffer.alloc(4)]);
  packet.writeUInt32BE(packet.length - 4);
  const hello = Buffer.concat([Buffer.from("Welcome\r\nSSH-2.0-Sun_SSH_2.2\r\n"), packet]);

  test("the banner and the algorithms are read, in whatever pieces they come", () => {
    for (const size of [1, 7, hello.length]) {
      const read = new ServerHello();
      for (let at = 0; at < hello.length; at += size) read.feed(hello.subarray(at, at + size));
      expect(read.banner).toBe("SSH-2.0-Sun_SSH_2.2");
      expect(read.offer).toEqual({ kex: ["kex1", "kex2"], serverHostKey: ["ssh-rsa"], cipher: ["c1"], hmac: ["m1"] });
    }
  });
  test("an unfinished list is no list", () => {
    const read = new ServerHello();
    read.feed(hello.subarray(0, hello.length - 1));
    expect(read.offer).toBeUndefined();
  });
  test("endless chatter is not kept", () => {
    const read = new ServerHello();
    for (let n = 0; n < 1000; n++) read.feed(Buffer.alloc(4096, 0x61));
    expect(read.said.length).toBeLessThan(100);
  });
  test("text for a person is printable ASCII and bounded", () => {
    expect(printable("a\u001b]0;x\u0007b\u202e")).toBe("a?]0;x?b?");
    expect(printable("x".repeat(1000), 10)).toBe("xxxxxxxxxx...");
  });
});
