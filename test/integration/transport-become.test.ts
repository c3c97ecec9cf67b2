/** Becoming root with a password, against nodes that answer as no sudo or su would; and a fleet that is asked all at once. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Become } from "../../src/domain/host.ts";
import { makeKey } from "../../src/lab/keys.ts";
import { PasswordGate } from "../../src/transport/password-gate.ts";
import { type Asked, startScriptedServer } from "../support/scripted-server.ts";
import { clocksOf, collect, never, type Reply, sshHost, sshTransport } from "../support/ssh-host.ts";

const address = "127.0.33.1";
const SECRET = "hunter2 'ü\"$x";
/** Long enough for what is answered at once on a busy machine, short enough to wait for. */
const SHELL_MS = 4_000;
const dir = mkdtempSync(join(tmpdir(), "novasweep-become-"));
const identity = join(dir, "id");
writeFileSync(identity, makeKey("op").privatePem, { mode: 0o600 });
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** What each connection wrote on standard input, and how each of `hosts` hosts ended. */
const ask = async (become: Become, hosts: number, answer: (asked: Asked, at: number) => void, shellMs = SHELL_MS) => {
  const written: string[] = [];
  const server = await startScriptedServer(address, (asked) => {
    const at = written.push("") - 1;
    asked.channel.on("data", (bytes: Buffer) => {
      written[at] += bytes.toString();
    });
    answer(asked, at);
  });
  const known = join(dir, `known_hosts-${server.port}`);
  writeFileSync(known, `[${address}]:${server.port} ${server.hostKey}\n`);
  const transport = sshTransport({
    clocks: clocksOf(30_000, { shell: shellMs }),
    knownHostsFiles: [known],
    identityFiles: [identity],
    gate: new PasswordGate(Buffer.from(SECRET)),
  });
  const nodes = Array.from({ length: hosts }, (_, at) => ({
    ...sshHost(address, server.port, { user: "ops", become }),
    name: `cn${at + 1}`,
  }));
  const replies = await Promise.all(nodes.map((node) => collect(transport.run(node, "the script\n", never))));
  await transport.close();
  server.stop();
  return { written, replies, reply: replies[0] as Reply };
};

const prompt = ({ channel, nonce, pty }: Asked): void => {
  if (pty) channel.write(`start-${nonce}\nPassword: `);
  else channel.stderr.write(`novasweep%${nonce}`);
};
const end = ({ channel }: Asked, status: number): void => {
  channel.exit(status);
  channel.end();
};
/** Calls back once, when something came. */
const once = ({ channel }: Asked, then: () => void): void => {
  channel.once("data", then);
};
/** A shell that answers the script with one line. */
const shell = (asked: Asked): void => {
  asked.channel.write(`ready-${asked.nonce}\n`);
  once(asked, () => {
    asked.channel.write("the answer\n");
    end(asked, 0);
  });
};

/** Nodes, what they may be told, and what is said of them. */
const hostile: Readonly<
  Record<
    string,
    {
      become: Become;
      answer: (asked: Asked) => void;
      told: string;
      code: string;
      layer?: string;
      message: RegExp;
    }
  >
> = {
  "asks again after the answer": {
    become: "sudo",
    answer: (asked) => {
      prompt(asked);
      asked.channel.on("data", () => {
        asked.channel.stderr.write("Sorry, try again.\n");
        prompt(asked);
      });
    },
    told: `${SECRET}\n`,
    code: "E_BECOME",
    message: /^sudo did not take the password, which was tried once: Sorry, try again\.$/,
  },
  "says ready with a nonce of its own, and waits": {
    become: "sudo",
    answer: ({ channel }) => channel.write("ready-00000000000000000000000000000000\n"),
    told: "",
    code: "E_TIMEOUT",
    layer: "shell",
    message: /stuck in shell start for 4 s: .*; it said "ready-0+"$/,
  },
  "echoes what it is told": {
    become: "su",
    answer: (asked) => {
      prompt(asked);
      asked.channel.on("data", (bytes: Buffer) => {
        asked.channel.write(bytes);
        asked.channel.write("su: Authentication failure\n");
        end(asked, 1);
      });
    },
    told: `${SECRET}\n`,
    code: "E_BECOME",
    message: /^su did not take the password, which was tried once: Password: \*+ su: Authentication failure$/,
  },
  "asks without our nonce": {
    become: "sudo",
    answer: ({ channel }) => channel.stderr.write("[sudo] password for ops: "),
    told: "",
    code: "E_TIMEOUT",
    layer: "shell",
    message: /it said "\[sudo\] password for ops:"$/,
  },
  "asks before su was started": {
    become: "su",
    answer: ({ channel }) => channel.write("Password: "),
    told: "",
    code: "E_TIMEOUT",
    layer: "shell",
    message: /it said "Password:"$/,
  },
  "asks for something else than a password": {
    become: "su",
    answer: ({ channel, nonce }) => channel.write(`start-${nonce}\nVerification code: `),
    told: "",
    code: "E_TIMEOUT",
    layer: "shell",
    message: /it said "Verification code:"$/,
  },
  "talks without end": {
    become: "sudo",
    answer: ({ channel }) => {
      channel.write("x".repeat(200_000));
    },
    told: "",
    code: "E_FLOOD",
    message: /sent more than 64 KiB before sudo had started a shell/,
  },
  "never says a word": {
    become: "su",
    answer: () => {},
    told: "",
    code: "E_TIMEOUT",
    layer: "shell",
    message: /stuck in shell start for 4 s: no answer from 127\.0\.33\.1 port \d+$/,
  },
  "takes the password and says nothing": {
    become: "sudo",
    answer: prompt,
    told: `${SECRET}\n`,
    code: "E_TIMEOUT",
    layer: "shell",
    message: /stuck in shell start/,
  },
  "ends before it asks": {
    become: "sudo",
    answer: (asked) => {
      asked.channel.stderr.write("sudo: command not found\n");
      end(asked, 127);
    },
    told: "",
    code: "E_BECOME",
    message: /^sudo did not start the script: sudo: command not found$/,
  },
};

describe.concurrent("a node that", () => {
  for (const [name, { become, answer, told, code, layer, message }] of Object.entries(hostile))
    it(name, async ({ expect }) => {
      const { written, reply } = await ask(become, 1, answer);
      expect(reply.message).toMatch(message);
      expect(reply).toMatchObject({ code, last: { kind: "lost", layer: layer ?? "shell" } });
      expect(reply.last).not.toHaveProperty("scriptSent");
      expect(written).toEqual([told]);
      expect(JSON.stringify(reply)).not.toContain("hunter2");
      expect(reply.stdout.length + reply.stderr.length).toBe(0);
    });
});

describe("a fleet", () => {
  it("of a wrong password is told it once, and all end with E_BECOME", async () => {
    const { written, replies } = await ask("sudo", 20, (asked) => {
      prompt(asked);
      once(asked, () => setTimeout(() => prompt(asked), 300));
    });
    expect(written.filter((text) => text !== "")).toEqual([`${SECRET}\n`]);
    expect(replies.map(({ code }) => code)).toEqual(Array(20).fill("E_BECOME"));
    const held = replies.filter(({ message }) => message.startsWith("not tried here: the password was wrong on cn"));
    expect(held).toHaveLength(19);
    expect(new Set(held.map(({ message }) => message)).size).toBe(1);
  });

  it("of the right one is told it when the first has taken it, and the script only then", async () => {
    let told = 0;
    let toldEarly = 0;
    let right = false;
    const { written, replies } = await ask("sudo", 20, (asked) => {
      prompt(asked);
      once(asked, () => {
        told += 1;
        if (!right) toldEarly += 1;
        setTimeout(() => {
          right = true;
          shell(asked);
        }, 300);
      });
    });
    expect(replies.map(({ last, stdout }) => [last, stdout.toString()])).toEqual(
      Array(20).fill([{ kind: "exit", status: 0 }, "the answer\n"]),
    );
    expect([told, toldEarly]).toEqual([20, 1]);
    expect(written).toEqual(Array(20).fill(`${SECRET}\nthe script\n`));
    expect(replies[0]?.layers.slice(-2)).toEqual(["shell", "script"]);
  });

  it("whose first ones never answer waits for their clocks, and no longer", async () => {
    let told = 0;
    const { replies } = await ask(
      "sudo",
      5,
      (asked) => {
        prompt(asked);
        once(asked, () => {
          told += 1;
          if (told > 2) shell(asked);
        });
      },
      2_000,
    );
    expect(replies.map(({ code }) => code ?? "exit").sort()).toEqual([
      "E_TIMEOUT",
      "E_TIMEOUT",
      "exit",
      "exit",
      "exit",
    ]);
    expect(told).toBe(5);
  });

  it("where sudo asks nothing waits for nobody, and nothing is told", async () => {
    const { written, replies } = await ask("sudo", 5, shell);
    expect(replies.map(({ last }) => last)).toEqual(Array(5).fill({ kind: "exit", status: 0 }));
    expect(written).toEqual(Array(5).fill("the script\n"));
  });
});
