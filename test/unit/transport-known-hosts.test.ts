import { describe, expect, test } from "vitest";
import { blobType, hostPattern, KnownHosts, knownHostsLine } from "../../src/transport/known-hosts.ts";
import { expectLinear } from "../support/linear.ts";

/** A public key blob of a type, with one byte of its own; only the type is ever read out of it. */
const blob = (type: string, mark: number): string => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(type.length);
  return Buffer.concat([length, Buffer.from(type), Buffer.alloc(32, mark)]).toString("base64");
};
const ours = blob("ssh-ed25519", 1);
const other = blob("ssh-ed25519", 2);
const rsa = blob("ssh-rsa", 3);

const judge = (lines: string, address: string, port = 22, key = ours) => {
  const known = new KnownHosts();
  known.read(lines, "kh");
  return known.judge(address, port, key).kind;
};
const line = (names: string, key = ours) => `${names} ${blobType(key)} ${key}\n`;

describe("a line", () => {
  test.for<[rule: string, lines: string, address: string, port: number, verdict: string]>([
    ["names its host", line("node"), "node", 22, "match"],
    ["is about no other host", line("node"), "node2", 22, "unknown"],
    ["may name several, by comma", line("a,node,10.0.0.1"), "10.0.0.1", 22, "match"],
    ["is compared without case", line("Node.Example"), "nodE.example", 22, "match"],
    ["may carry a comment", `${line("node").trim()} root@node\n`, "node", 22, "match"],
    ["with a port is about that port", line("[node]:2222"), "node", 2222, "match"],
    ["with a port is about no other", line("[node]:2222"), "node", 22, "unknown"],
    ["without a port holds on another port too, as in ssh", line("node"), "node", 2222, "match"],
    ["without a port is no change on another port", line("node", other), "node", 2222, "unknown"],
    ["of the port beats the one of the plain name", line("[node]:2222", other) + line("node"), "node", 2222, "changed"],
    ["that excepts a port leaves the plain name good there", line("*,![node]:2222"), "node", 2222, "match"],
    ["may hold a star", line("*.example"), "a.b.example", 22, "match"],
    ["may hold a question mark", line("cn-0?"), "cn-07", 22, "match"],
    ["a question mark is one character", line("cn-0?"), "cn-077", 22, "unknown"],
    ["a dot is a dot", line("a.b*"), "axb", 22, "unknown"],
    ["brackets are brackets in a pattern", line("[10.0.*]:2222"), "10.0.3.4", 2222, "match"],
    ["may except a host", line("*.example,!bad.example"), "bad.example", 22, "unknown"],
    ["an exception holds wherever it stands", line("!bad.*,*.example,bad.example"), "bad.example", 22, "unknown"],
    ["an exception of one line is none of another", line("*,!node") + line("n*"), "node", 22, "match"],
    ["a comma inside a pattern list divides", line("a?,b*"), "bcd", 22, "match"],
    ["an exception alone names nobody", line("!bad.example"), "good.example", 22, "unknown"],
    ["with another key of the type is a change", line("node", other), "node", 22, "changed"],
    ["with a key of another type is a change too", line("node", rsa), "node", 22, "changed"],
    ["one of several that fits suffices", line("node", other) + line("node"), "node", 22, "match"],
    ["that revokes beats one that trusts", `${line("node")}@revoked ${line("*")}`, "node", 22, "revoked"],
    ["that revokes beats one that follows", `@revoked ${line("*")}${line("node")}`, "node", 22, "revoked"],
    ["that revokes for the plain name does so on every port", `@revoked ${line("node")}`, "node", 2222, "revoked"],
    [
      "that revokes for one port does so for no other",
      `@revoked ${line("[node]:2222")}${line("node")}`,
      "node",
      22,
      "match",
    ],
    ["that revokes may except a host", `@revoked ${line("*,!node")}${line("node")}`, "node", 22, "match"],
    ["whose marker stands behind a tab counts", `@revoked\t${line("*")}`, "node", 22, "revoked"],
    ["that revokes another key is no trust and no change", `@revoked ${line("*", other)}`, "node", 22, "unknown"],
    ["of a certificate authority gives no trust", `@cert-authority ${line("*")}`, "node", 22, "unknown"],
    [
      "of a certificate authority is no change",
      `@cert-authority ${line("*", other)}${line("node")}`,
      "node",
      22,
      "match",
    ],
    ["with an unknown marker is skipped", `@else ${line("node")}`, "node", 22, "unknown"],
    ["that is a comment is skipped", `# ${line("node")}`, "node", 22, "unknown"],
    ["whose key is of another type than it says is skipped", `node ssh-rsa ${ours}\n`, "node", 22, "unknown"],
    ["may be cut short without harm", "node ssh-ed25519", "node", 22, "unknown"],
    ["may end in CR LF", line("node").replace("\n", "\r\n"), "node", 22, "match"],
  ])("%s", ([, lines, address, port, verdict]) => {
    expect(judge(lines, address, port)).toBe(verdict);
  });
});

test("a hashed line is found, by its own host alone, again and again", () => {
  const known = new KnownHosts();
  known.read(knownHostsLine("node", 2222, ours, Buffer.alloc(20, 7)), "kh");
  expect(known.isHashed("kh")).toBe(true);
  expect(known.judge("other", 2222, ours).kind).toBe("unknown");
  expect(known.judge("node", 2222, ours).kind).toBe("match");
  expect(known.judge("node", 2222, other).kind).toBe("changed");
  expect(known.judge("NODE", 2222, ours).kind).toBe("match");
});

test("a hashed line made by ssh-keygen -H of OpenSSH 9.2 is understood", () => {
  const name = "|1|PvFs4zyCDBEQOGRTIb0IwAzC6iM=|fSEdlzC5JyL2Te5XrdB4Znwzk2A=";
  const key = "AAAAC3NzaC1lZDI1NTE5AAAAIA9YoLSPBAkzUoIrNMQyfsTKivK33lr7/bMhgC8/qvBj";
  expect(judge(`${name} ssh-ed25519 ${key}\n`, "node.example", 22, key)).toBe("match");
  expect(judge(`${name} ssh-ed25519 ${key}\n`, "node2.example", 22, key)).toBe("unknown");
});

test("a hashed line may revoke, and says where it stands", () => {
  const known = new KnownHosts();
  const hashed = knownHostsLine("node", 22, ours, Buffer.alloc(20, 7));
  known.read(`# comment\n${hashed}@revoked ${knownHostsLine("node", 22, ours, Buffer.alloc(20, 9))}`, "kh");
  expect(known.judge("node", 22, ours)).toMatchObject({ kind: "revoked", known: { file: "kh", line: 3 } });
  expect(known.judge("node", 2222, ours).kind).toBe("revoked");
  expect(known.judge("other", 22, ours).kind).toBe("unknown");
});

test("the keys of certificate authorities are not asked for and hide no file", () => {
  const known = new KnownHosts();
  known.read(`@cert-authority ${line("*", rsa)}`, "kh");
  expect(known.typesOf("node", 22).size).toBe(0);
  expect(known.isHashed("kh")).toBe(false);
});

test("a known host tells the types to ask for; revoked keys are none of them", () => {
  const known = new KnownHosts();
  known.read(`${line("node", rsa)}@revoked ${line("node")}`, "kh");
  expect([...known.typesOf("node", 22)]).toEqual(["ssh-rsa"]);
});

test("a line added later is seen", () => {
  const known = new KnownHosts();
  expect(known.judge("node", 22, ours).kind).toBe("unknown");
  known.read(line("node"), "kh");
  expect(known.judge("node", 22, ours).kind).toBe("match");
});

test("a host among many plain lines costs no more than one among few", () => {
  expectLinear(2_000, (lines) => {
    const known = new KnownHosts();
    known.read(Array.from({ length: lines }, (_, n) => line(`cn-${n}`)).join(""), "kh");
    return () => {
      for (let n = 0; n < lines; n++) expect(known.judge(`cn-${n}`, 22, ours).kind).toBe("match");
    };
  });
}, 60_000);

test("a port other than 22 is part of the name", () => {
  expect(hostPattern("Node", 22)).toBe("node");
  expect(hostPattern("::1", 2222)).toBe("[::1]:2222");
});
