/** known_hosts as OpenSSH's own programs have it: names found by `ssh-keygen -F`, verdicts of `ssh`, against a real sshd. */
import { execFile, execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { KnownHosts } from "../../src/transport/known-hosts.ts";
import { collect, never, sshHost, sshTransport } from "../support/ssh-host.ts";
import { makeKey, publicKey, type Sshd, startSshd } from "../support/sshd.ts";

let sshd: Sshd;
let key: string;
let ours: string;
let other: string;
let rsa: string;
let name: string;

beforeAll(async () => {
  sshd = await startSshd({ address: "127.0.24.1" });
  key = makeKey(join(sshd.dir, "id"));
  writeFileSync(join(sshd.dir, "authorized"), `${publicKey(key)}\n`);
  ours = sshd.hostKeys[0] ?? "";
  other = wire(makeKey(join(sshd.dir, "other")));
  rsa = wire(makeKey(join(sshd.dir, "rsa"), "rsa"));
  name = `[${sshd.address}]:${sshd.port}`;
});
afterAll(() => sshd.stop());

const wire = (file: string): string => publicKey(file).split(" ").slice(0, 2).join(" ");
/** `NAME` is the server's name with its port, `HOST` its address alone; `ours`, `other` and `rsa` are keys. */
const filled = (text: string): string =>
  text
    .replaceAll("NAME", name)
    .replaceAll("HOST", sshd.address)
    .replaceAll("PORT", String(sshd.port))
    .replaceAll(/\bours\b/g, ours)
    .replaceAll(/\bother\b/g, other)
    .replaceAll(/\brsa\b/g, rsa);

/** Whether ssh(1) logs in. */
const sshAccepts = (file: string, checking: string): Promise<boolean> =>
  new Promise((resolve) => {
    const options = {
      UserKnownHostsFile: file,
      GlobalKnownHostsFile: "/dev/null",
      StrictHostKeyChecking: checking,
      BatchMode: "yes",
      UpdateHostKeys: "no",
      IdentitiesOnly: "yes",
      IdentityAgent: "none",
      ConnectTimeout: "20",
    };
    const args = ["-F", "none", "-p", String(sshd.port), "-i", key];
    for (const [option, value] of Object.entries(options)) args.push("-o", `${option}=${value}`);
    execFile("ssh", [...args, `root@${sshd.address}`, "exit 0"], (error) => resolve(error === null));
  });

const weAccept = async (file: string, hostKeyPolicy: "strict" | "accept-new"): Promise<boolean> => {
  const transport = sshTransport({ identityFiles: [key], knownHostsFiles: [file], hostKeyPolicy });
  const { code } = await collect(transport.run(sshHost(sshd.address, sshd.port), "exit 0\n", never));
  if (code !== undefined && code !== "E_HOSTKEY") throw new Error(code);
  return code === undefined;
};

let files = 0;
/** A file of its own for each question: accept-new writes to it. */
const fileWith = (text: string, hashed = false): string => {
  files += 1;
  const file = join(sshd.dir, `known_hosts-${files}`);
  writeFileSync(file, filled(text));
  if (hashed) execFileSync("ssh-keygen", ["-q", "-H", "-f", file], { stdio: "ignore" });
  return file;
};

const lines: readonly (readonly [what: string, text: string])[] = [
  ["the name with its port", "NAME ours\n"],
  ["the name without a port", "HOST ours\n"],
  ["another port", "[HOST]:1 ours\n"],
  ["another key", "NAME other\n"],
  ["another key of the port beside ours of the plain name", "NAME other\nHOST ours\n"],
  ["our key of the port beside another of the plain name", "HOST other\nNAME ours\n"],
  ["a list", "a,b.example,NAME ours\n"],
  ["a star", "* ours\n"],
  ["a star inside brackets", "[127.0.24.*]:PORT ours\n"],
  ["a star for the port", "[HOST]:* ours\n"],
  ["a question mark", "[127.0.24.?]:PORT ours\n"],
  ["a question mark too many", "[127.0.24.1?]:PORT ours\n"],
  ["an exception of the plain name only", "*,!HOST ours\n"],
  ["an exception of the name with its port", "*,!NAME ours\n"],
  ["an exception of both", "*,!HOST,!NAME ours\n"],
  ["an exception alone", "!elsewhere ours\n"],
  ["a line that excepts us beside one that does not", "*,!NAME,!HOST ours\n127.* ours\n"],
  ["a revoked key", "@revoked NAME ours\n"],
  ["a key that is known and revoked", "NAME ours\n@revoked NAME ours\n"],
  ["a key that is revoked for everybody, before it is known", "@revoked * ours\nNAME ours\n"],
  ["another key that is revoked", "@revoked * other\nNAME ours\n"],
  ["a key that is revoked for another host", "@revoked elsewhere ours\nNAME ours\n"],
  ["a key that is revoked for all but us", "@revoked *,!NAME,!HOST ours\nNAME ours\n"],
  ["a certificate authority", "@cert-authority * ours\n"],
  ["a certificate authority beside our key", "@cert-authority * other\nNAME ours\n"],
  ["an unknown marker", "@trusted NAME ours\n"],
  ["a comment", "# NAME ours\n"],
  ["blanks and tabs", "  \tNAME \t ours root@node\n"],
  ["a line nobody can read before ours", "NAME ssh-ed25519\nNAME ours\n"],
  ["an empty file", ""],
];

describe.concurrent("the same hosts are let in as by ssh, with StrictHostKeyChecking=yes", () => {
  test.for(lines)("%s", async ([, text]) => {
    const file = fileWith(text);
    expect(await weAccept(file, "strict")).toBe(await sshAccepts(file, "yes"));
  });

  // ssh-keygen -H hides plain names, leaves patterns as they are and gives up at a line it cannot read.
  const hidden = /port$|^another key of the port|^a list|revoked$|^a certificate authority beside/;
  test.for(lines.filter(([what, text]) => hidden.test(what) && !/[*?!]/.test(text)))("%s, hashed", async ([, text]) => {
    const file = fileWith(text, true);
    expect(readFileSync(file, "latin1")).toMatch(/\|1\|/);
    expect(await weAccept(file, "strict")).toBe(await sshAccepts(file, "yes"));
  });
});

describe.concurrent("the same hosts are let in as by ssh, with accept-new", () => {
  const telling = /^another|exception|revoked|authority|marker|empty/;
  test.for(lines.filter(([what]) => telling.test(what)))("%s", async ([, text]) => {
    expect(await weAccept(fileWith(text), "accept-new")).toBe(await sshAccepts(fileWith(text), "accept-new"));
  });
});

describe("a new key is recorded", () => {
  const accept = async (more: Parameters<typeof sshTransport>[0], newKeys?: "nowhere"): Promise<string | undefined> => {
    const transport = sshTransport({ identityFiles: [key], hostKeyPolicy: "accept-new", ...more });
    const host = sshHost(sshd.address, sshd.port, newKeys === undefined ? {} : { newKeys });
    const { code } = await collect(transport.run(host, "exit 0\n", never));
    await transport.close();
    return code;
  };

  test("in no file that is not the user's own: then it is not accepted", async () => {
    const global = fileWith("# of the machine\n");
    expect(await accept({ knownHostsFiles: [global] }, "nowhere")).toBe("E_HOSTKEY");
    expect(readFileSync(global, "utf8")).toBe("# of the machine\n");
  });

  test("in the file of the command line, whatever ssh's configuration says", async () => {
    const file = fileWith("");
    expect(await accept({ knownHostsFiles: [file], knownHostsForAll: true }, "nowhere")).toBeUndefined();
    expect(readFileSync(file, "utf8")).toBe(filled("NAME ours\n"));
  });

  test("where there is no disk, too", async () => {
    expect(await accept({ knownHostsFiles: ["/dev/null"] })).toBeUndefined();
  });
});

test("an authority speaks for a plain name on every port", () => {
  const known = new KnownHosts();
  known.read(filled("@cert-authority *.example ours\n"), "f");
  expect([22, 2222].map((port) => known.hasAuthority("cn01.example", port))).toEqual([true, true]);
  expect(known.hasAuthority("cn01.other", 2222)).toBe(false);
});

test.for(["strict", "accept-new"] as const)(
  "a revoked key is refused with file and line: %s",
  async (hostKeyPolicy) => {
    const file = fileWith("# ours\nNAME ours\nHOST ours\n@revoked 127.* ours\n");
    const transport = sshTransport({ identityFiles: [key], knownHostsFiles: [file], hostKeyPolicy });
    const reply = await collect(transport.run(sshHost(sshd.address, sshd.port), "exit 0\n", never));
    expect(reply).toMatchObject({ code: "E_HOSTKEY", last: { layer: "kex" } });
    expect(reply.message).toContain(`revoked in ${file}:4`);
    expect(readFileSync(file, "utf8").split("\n")).toHaveLength(5);
  },
);

test("we are stricter than ssh in one thing: what is revoked for the plain name is revoked on every port", async () => {
  const text = "NAME ours\n@revoked HOST ours\n";
  expect(await sshAccepts(fileWith(text), "yes")).toBe(true);
  expect(await weAccept(fileWith(text), "strict")).toBe(false);
  expect(await weAccept(fileWith("@revoked HOST ours\n"), "accept-new")).toBe(false);
});

describe("names are found as ssh-keygen -F finds them", () => {
  const asked = ["cn01.example", "cn02.example", "cn03.example", "10.0.0.7", "[cn01.example]:2222", "fe80::1", "none"];
  const text = [
    "cn01.example,10.0.0.7 ours",
    "cn02.example rsa",
    "*.example,!cn03.* other",
    "[cn01.example]:2222 rsa",
    "fe80::1 ours",
    "@revoked cn02.example ours",
    "@cert-authority *.example rsa",
    "",
  ].join("\n");

  test.for([false, true])("hashed: %s", (hashed) => {
    const file = fileWith(text, hashed);
    const known = new KnownHosts();
    known.read(readFileSync(file, "latin1"), file);
    for (const wanted of asked) {
      const [address, port] = /^\[(.+)\]:(\d+)$/.exec(wanted)?.slice(1) ?? [wanted, "22"];
      const found = (blob: string) => known.judge(address ?? "", Number(port), blob.split(" ")[1] ?? "").kind;
      for (const candidate of [ours, other, rsa])
        expect([wanted, candidate, found(candidate)]).toEqual([wanted, candidate, keygenSays(file, wanted, candidate)]);
    }
  });

  /** The verdict on a key from the lines ssh-keygen finds for a name: revoked, match, changed or unknown. */
  const keygenSays = (file: string, wanted: string, candidate: string): string => {
    let out = "";
    try {
      out = execFileSync("ssh-keygen", ["-F", wanted, "-f", file], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      });
    } catch {
      // Status 1: not found.
    }
    // With @revoked on plain names ssh-keygen -F shows the line without saying so: the marker is looked up by its number.
    const all = readFileSync(file, "utf8").split("\n");
    const hits = [...out.matchAll(/found: line (\d+)/g)].map(([, line]) => all[Number(line) - 1] ?? "");
    const usable = hits.filter((hit) => !hit.startsWith("@cert-authority"));
    const holds = (hit: string) => hit.includes(candidate);
    if (usable.some((hit) => hit.startsWith("@revoked") && holds(hit))) return "revoked";
    const trusted = usable.filter((hit) => !hit.startsWith("@"));
    if (trusted.some(holds)) return "match";
    return trusted.length > 0 ? "changed" : "unknown";
  };
});
