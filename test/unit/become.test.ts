/** The way to root, without a node: the commands, what is read from the answers, who may be told the password, what is said. */
import { execFileSync } from "node:child_process";
import { describe, expect, it, test } from "vitest";
import type { Become, Host } from "../../src/domain/host.ts";
import type { Failure } from "../../src/domain/outcome.ts";
import { BecomeDialogue } from "../../src/transport/become-dialogue.ts";
import { BecomeSession, MAX_TALK_BYTES } from "../../src/transport/become-session.ts";
import { accountOf, becomeWay, type Markers } from "../../src/transport/become-way.ts";
import { type Answer, PasswordGate } from "../../src/transport/password-gate.ts";
import { expectLinear } from "../support/linear.ts";
import { sshHost } from "../support/ssh-host.ts";

const nonce = "0123456789abcdef";
const hostOf = (name: string, become: Become, user = "ops"): Host => ({ ...sshHost(name, 22), name, become, user });
const markersOf = (become: Become): Markers => becomeWay(hostOf("cn01", become), true, nonce, 10).markers as Markers;
const sudo = markersOf("sudo");
const su = markersOf("su");

describe("the command", () => {
  test.for<[become: Become, user: string, password: boolean, command: string, pty: boolean]>([
    ["none", "root", true, "/bin/sh -s", false],
    ["pfexec", "ops", true, "pfexec /bin/sh -s", false],
    ["sudo", "ops", false, "sudo -n /bin/sh -s", false],
    ["sudo", "root", true, "sudo -n /bin/sh -s", false],
    [
      "sudo",
      "ops",
      true,
      `sudo -k -S -p 'novasweep%%${nonce}' /bin/sh -c 'echo ready""-${nonce}; exec /bin/sh -s'`,
      false,
    ],
  ])("%s as %s, password %s", ([become, user, password, command, pty]) => {
    expect(becomeWay(hostOf("cn01", become, user), password, nonce, 10)).toMatchObject({ command, pty });
  });

  it("shows no marker to a shell that traces it", () => {
    for (const become of ["sudo", "su"] as const) {
      const { command, markers } = becomeWay(hostOf("cn01", become), true, nonce, 10);
      for (const marker of Object.values(markers ?? {})) expect(`+ ${command}\n`).not.toContain(marker);
    }
  });

  it.each(["dash", "bash", "ksh93", "busybox"])(
    "reads the script to its last byte under %s, where nothing ends",
    (shell) => {
      const script = "umask 077\nmain() {\ncat\necho done\nexit 7\n}\n{ main </dev/null; }\n";
      const { command } = becomeWay(hostOf("cn01", "su"), true, nonce, script.length);
      // su stands aside, and what comes after the script stays unread.
      const local = command.replace("stty raw -echo; ", "").replace("exec su root -c", "exec /bin/sh -c");
      const words = shell === "busybox" ? ["sh", "-c", local] : ["-c", local];
      let out = "";
      try {
        execFileSync(shell, words, { input: `${script}echo after\n`, encoding: "utf8" });
      } catch (error) {
        out = (error as { stdout: string; status: number }).stdout;
        expect((error as { status: number }).status).toBe(7);
      }
      expect(out).toBe(`${su.start}${su.ready}done\n`);
    },
  );

  it("names the account that a password belongs to", () => {
    expect(accountOf(hostOf("a", "sudo"))).toBe("ops");
    expect(accountOf(hostOf("a", "su"))).toBe("root");
    for (const host of [hostOf("a", "none"), hostOf("a", "pfexec"), hostOf("a", "su", "root")])
      expect(accountOf(host)).toBeUndefined();
  });
});

type Said = readonly [stream: "stdout" | "stderr", text: string];

/** What was heard but nothing, and the rest behind `ready`. */
const hear = (markers: Markers, said: readonly Said[], pieceBytes: number): readonly string[] => {
  const dialogue = new BecomeDialogue(markers);
  const heard: string[] = [];
  let rest = "";
  for (const [stream, text] of said) {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      const piece = bytes.subarray(at, at + pieceBytes);
      if (heard.includes("ready")) {
        rest += piece;
        continue;
      }
      const it = dialogue.feed(stream, piece);
      if (it.kind !== "nothing") heard.push(it.kind);
      if (it.kind === "ready") rest += it.rest;
    }
  }
  return rest === "" ? heard : [...heard, rest];
};

const dialogues: Readonly<Record<string, readonly [Markers, readonly Said[], readonly string[]]>> = {
  "sudo asks, and is content": [
    sudo,
    [
      ["stderr", `${sudo.prompt}`],
      ["stdout", `${sudo.ready}@n begin\n`],
    ],
    ["asks", "ready", "@n begin\n"],
  ],
  "sudo asks nothing": [sudo, [["stdout", sudo.ready]], ["ready"]],
  "a lecture, a banner and garbage around": [
    sudo,
    [
      ["stdout", "Welcome\u0000\u00ff to ready-\n"],
      ["stderr", `We trust you have received the usual lecture. Password: novasweep%0123${sudo.prompt}`],
      ["stdout", `garbage ready-${nonce} \n${sudo.ready}`],
    ],
    ["asks", "ready"],
  ],
  "sudo asks again": [
    sudo,
    [
      ["stderr", `${sudo.prompt}`],
      ["stderr", `Sorry, try again.\n${sudo.prompt}`],
    ],
    ["asks", "asks-again"],
  ],
  "prompts that are not ours": [sudo, [["stderr", "[sudo] password for ops: Password: "]], []],
  "a prompt on stdout": [sudo, [["stdout", `${sudo.prompt}`]], []],
  "ready on stderr, and with another nonce": [
    sudo,
    [
      ["stderr", sudo.ready],
      ["stdout", "ready-fedcba9876543210\n"],
    ],
    [],
  ],
  "su asks, and is content": [
    su,
    [
      ["stdout", `motd\n${su.start}Password: `],
      ["stdout", `\n${su.ready}@n begin\n`],
    ],
    ["asks", "ready", "@n begin\n"],
  ],
  "su asks nothing of root": [su, [["stdout", `${su.start}${su.ready}`]], ["ready"]],
  "su as others word it": [su, [["stdout", `${su.start}root's Password:`]], ["asks"]],
  "a prompt before su was started": [su, [["stdout", "Password: "]], []],
  "what is no prompt for a password": [su, [["stdout", `${su.start}Verification code: `]], []],
  "su asks again": [
    su,
    [
      ["stdout", `${su.start}Password: `],
      ["stdout", "\nPassword: "],
    ],
    ["asks", "asks-again"],
  ],
  "su says no": [
    su,
    [
      ["stdout", `${su.start}Password: `],
      ["stdout", "\nsu: Authentication failure\n"],
    ],
    ["asks"],
  ],
};

describe("the dialogue", () => {
  for (const [name, [markers, said, expected]] of Object.entries(dialogues))
    it(name, () => {
      expect(hear(markers, said, 1)).toEqual(expected);
      expect(hear(markers, said, 7)).toEqual(expected);
      expect(hear(markers, said, 1 << 20)).toEqual(expected);
    });

  it("costs a look at each byte, whatever the pieces", () => {
    for (const markers of [sudo, su])
      expectLinear(500, (size) => {
        const said: readonly Said[] = [["stdout", `${markers.start ?? ""}${"password ready-0".repeat(size)}`]];
        return () => hear(markers, said, 16);
      });
  });
});

/** Hosts ask in the order of the letters; what each is told, in the order it was. */
const gateOf = () => {
  const gate = new PasswordGate(Buffer.from("x"));
  const told: string[] = [];
  const turns = new Map<string, ReturnType<PasswordGate["turn"]>>();
  return {
    gate,
    told,
    ask: (name: string, become: Become = "sudo", connected = true): void => {
      const turn = gate.turn(hostOf(name, become));
      turns.set(name, turn);
      const tell = (answer: Answer) => told.push(answer.kind === "go" ? name : `${name}: wrong on ${answer.wrongOn}`);
      turn?.ask(tell, connected);
    },
    is: (name: string, how: "accepted" | "not asked" | "rejected" | "leave"): void => {
      const turn = turns.get(name);
      if (how === "accepted" || how === "not asked") turn?.accepted(how === "accepted");
      else turn?.[how]();
    },
  };
};

describe("the gate", () => {
  it("tells the first alone, and all when it was right", () => {
    const { told, ask, is } = gateOf();
    for (const name of ["a", "b", "c"]) ask(name);
    expect(told).toEqual(["a"]);
    is("a", "accepted");
    expect(told).toEqual(["a", "b", "c"]);
    ask("d");
    expect(told.at(-1)).toBe("d");
  });

  it("holds all when the first was wrong, those too that come later", () => {
    const { gate, told, ask, is } = gateOf();
    for (const name of ["a", "b"]) ask(name);
    is("a", "rejected");
    ask("c");
    expect(told).toEqual(["a", "b: wrong on a", "c: wrong on a"]);
    expect(gate.wrongOn(hostOf("d", "sudo"))).toBe("a");
    expect(gate.wrongOn(hostOf("a", "sudo"))).toBe("a");
  });

  it("lets those that are connected already go before those that may be dead", () => {
    const { told, ask, is } = gateOf();
    ask("dead1", "sudo", false);
    ask("dead2", "sudo", false);
    ask("alive");
    is("dead1", "leave");
    expect(told).toEqual(["dead1", "alive"]);
  });

  it("holds thousands of hosts, each of which ends when it hears so, as it holds one", () => {
    const { gate, ask, is } = gateOf();
    ask("first");
    let held = 0;
    for (let at = 0; at < 5_000; at++) {
      const turn = gate.turn(hostOf(`h${at}`, "sudo"));
      turn?.ask(({ kind }) => {
        if (kind === "hold") held += 1;
        turn.leave();
      }, true);
    }
    is("first", "rejected");
    expect(held).toBe(5_000);
  });

  it("goes on to the next when the first is gone without a word", () => {
    const { told, ask, is } = gateOf();
    for (const name of ["a", "b", "c"]) ask(name);
    is("b", "leave");
    is("a", "leave");
    expect(told).toEqual(["a", "c"]);
    is("a", "rejected");
    is("c", "accepted");
    ask("d");
    expect(told).toEqual(["a", "c", "d"]);
  });

  it("does not tell a host twice that did not take it, though others did", () => {
    const { gate, told, ask, is } = gateOf();
    ask("a");
    is("a", "accepted");
    ask("b");
    is("b", "rejected");
    ask("b");
    ask("c");
    expect(told).toEqual(["a", "b", "b: wrong on b", "c"]);
    expect(gate.wrongOn(hostOf("c", "sudo"))).toBeUndefined();
  });

  it("takes a host that asked nothing for no word on the password", () => {
    const { gate, told, ask, is } = gateOf();
    for (const name of ["a", "b", "c"]) ask(name);
    is("a", "not asked");
    expect(told).toEqual(["a", "b"]);
    is("b", "rejected");
    ask("a");
    expect(told).toEqual(["a", "b", "c: wrong on b", "a"]);
    expect(gate.wrongOn(hostOf("a", "sudo"))).toBeUndefined();
    expect(gate.turn(hostOf("p", "pfexec"))).toBeUndefined();
  });

  it("keeps the accounts apart", () => {
    const { told, ask, is } = gateOf();
    ask("a");
    ask("s", "su");
    is("a", "rejected");
    is("s", "accepted");
    ask("t", "su");
    ask("b");
    expect(told).toEqual(["a", "s", "t", "b: wrong on a"]);
  });
});

/** A talk with one node: what it was written, and how it ended. */
const talk = (become: "sudo" | "su", password: string | undefined) => {
  const written: string[] = [];
  const failed: Failure[] = [];
  let ready = 0;
  const turn = { accepted: () => {}, rejected: () => {} };
  const answer = password === undefined ? undefined : { password: Buffer.from(password), turn };
  const session = new BecomeSession(hostOf("cn01", become), become === "su" ? su : sudo, answer, {
    write: (line) => written.push(line.toString()),
    onTold: () => {},
    onReady: () => ready++,
    onFailed: (failure) => failed.push(failure),
  });
  return {
    session,
    written,
    failed,
    ready: () => ready,
    hear: (text: string, stream: "stdout" | "stderr" = become === "su" ? "stdout" : "stderr") =>
      session.feed(stream, Buffer.from(text)),
  };
};

describe("the talk", () => {
  it("writes the password as it is, once, and passes nothing on from before the shell", () => {
    const nasty = `  it's "é\\$(x)\` ${"ü ".repeat(330)}`;
    const { session, written, hear: say, ready } = talk("sudo", nasty);
    expect(say("lecture\n")).toBeUndefined();
    expect(written).toEqual([]);
    say(`${sudo.prompt}`);
    expect(written).toEqual([`${nasty}\n`]);
    expect(say(`motd\n${sudo.ready}@n begin\n`, "stdout")?.toString()).toBe("@n begin\n");
    expect(say("later", "stderr")?.toString()).toBe("later");
    expect([written.length, ready(), session.ended(0)]).toEqual([1, 1, undefined]);
  });

  const echoes: Readonly<Record<string, string>> = {
    whole: "\nhunter2-secret\nsu: Authentication failure\n",
    "twice and joined": "hunter2-secrethunter2-secret refused",
    "cut off": "\nsu: no hunter2-se",
    "in the middle of much": `${"x".repeat(5000)}hunter2-secret${"y".repeat(195)}`,
  };
  for (const [name, echo] of Object.entries(echoes))
    it(`does not repeat a password that was echoed: ${name}`, () => {
      for (const pieceBytes of [1, 3, 10_000]) {
        const { session, hear: say } = talk("su", "hunter2-secret");
        say(`${su.start}Password: `);
        for (let at = 0; at < echo.length; at += pieceBytes) say(echo.slice(at, at + pieceBytes));
        const failure = session.ended(1);
        expect(failure).toMatchObject({ code: "E_BECOME" });
        expect(failure?.message).not.toMatch(/hunter|unter2|secret|cret/);
        expect(failure?.message).toContain("*");
        expect(failure?.message.length).toBeLessThan(400);
      }
    });

  it("is E_BECOME at a second prompt, and writes no second time", () => {
    const { written, failed, hear: say } = talk("sudo", "hunter2");
    say(`${sudo.prompt}`);
    say(`Sorry, try again.\n${sudo.prompt}`);
    say(`${sudo.prompt}`);
    expect(written).toEqual(["hunter2\n"]);
    expect(failed).toMatchObject([
      { code: "E_BECOME", message: "sudo did not take the password, which was tried once: Sorry, try again." },
    ]);
  });

  it("tells nothing to who asks twice at once", () => {
    const { written, failed, hear: say } = talk("sudo", "hunter2");
    say(`${sudo.prompt}${sudo.prompt}`);
    expect(written).toEqual([]);
    expect(failed).toMatchObject([
      { code: "E_BECOME", message: expect.stringContaining("asked for the password twice") },
    ]);
  });

  it("says what to do when su asks and there is no password", () => {
    const { failed, hear: say } = talk("su", undefined);
    say(`${su.start}Password: `);
    expect(failed).toMatchObject([{ code: "E_BECOME", try: expect.stringContaining("--ask-become-pass") }]);
  });

  it("ends with what was said when nobody asked", () => {
    const { session, hear: say } = talk("sudo", "hunter2");
    say("ops is not in the sudoers file.\n");
    expect(session.ended(1)?.message).toBe("sudo did not start the script: ops is not in the sudoers file.");
  });

  it("is E_FLOOD beyond its bound", () => {
    const { failed, hear: say } = talk("sudo", "hunter2");
    for (let bytes = 0; bytes <= MAX_TALK_BYTES; bytes += 1000) say("x".repeat(1000), "stdout");
    expect(failed).toMatchObject([{ code: "E_FLOOD" }]);
  });
});
