/** What the lab promises without being started: the fault list, the fleet's mixture, the prelude it puts in place. */
import { accessSync, constants, existsSync, readdirSync, readFileSync } from "node:fs";
import ssh2 from "ssh2";
import { describe, expect, test } from "vitest";
import { failureCodes, outcomes } from "../../src/domain/outcome.ts";
import { faults, parseFaults } from "../../src/lab/faults.ts";
import { novaConf, type Release } from "../../src/lab/image-texts.ts";
import { makeKey } from "../../src/lab/keys.ts";
import { fleetSpecs } from "../../src/lab/node-spec.ts";
import { labTool, replacePrelude } from "../../src/lab/prelude.ts";

const simulators = new Set(
  readdirSync(new URL("../../src/lab/sim", import.meta.url)).filter((name) => /^[a-z]+$/.test(name)),
);
const table = { root: "/lab/n'1/root", simDir: "/lab/sim", simulators, shell: "/bin/dash" };

describe("faults", () => {
  test("a list with counts is read", () => {
    expect(parseFaults("unreachable, restart-fails:3,,busy")).toEqual({
      ok: true,
      value: [
        { name: "unreachable", count: 1 },
        { name: "restart-fails", count: 3 },
        { name: "busy", count: 1 },
      ],
    });
  });

  test.each(["unreachabel", "busy:0", "busy:x", "busy:1:2", "busy:1001", "toString"])(
    "%s is refused and all names listed",
    (list) => {
      const read = parseFaults(list);
      expect(read.ok).toBe(false);
      if (read.ok) return;
      expect(read.error.code).toBe("E_USAGE");
      for (const fault of faults) expect(read.error.try).toContain(fault.name);
    },
  );

  test("every fault names an outcome and codes that exist, once", () => {
    expect(new Set(faults.map((fault) => fault.name)).size).toBe(faults.length);
    for (const fault of faults) {
      expect(outcomes).toContain(fault.outcome);
      for (const code of fault.codes) expect(failureCodes).toContain(code);
    }
  });

  test("the documentation names every fault", () => {
    const page = readFileSync(new URL("../../docs/explanation/lab.md", import.meta.url), "utf8").replaceAll(/ +/g, " ");
    for (const fault of faults) expect(page).toContain(`| \`${fault.name}\` | ${fault.does} |`);
  });

  test("go to successive nodes, not to the canary", () => {
    const specs = fleetSpecs(12, [
      { name: "busy", count: 1 },
      { name: "flapping", count: 2 },
    ]);
    expect(specs.map((spec) => spec.fault ?? "")).toEqual(["", "busy", "flapping", "flapping", ...Array(8).fill("")]);
    expect(specs.map((spec) => spec.name).slice(0, 2)).toEqual(["cn01", "cn02"]);
    expect(fleetSpecs(200, [])[0]?.name).toBe("cn001");
    expect(fleetSpecs(1, [{ name: "busy", count: 1 }])[0]?.fault).toBe("busy");
  });
});

describe("the prelude", () => {
  const script =
    "umask 077\nmain() {\n# prelude\nZFS=/usr/sbin/zfs\nNAWK=/usr/bin/nawk\nSH=/usr/bin/sh\nODD=/usr/bin/odd\nR=\n# end prelude\nN='abc'\n}\n";

  test("is replaced by the lab's, everything else stays", () => {
    expect(replacePrelude(script, table)).toBe(
      "umask 077\nmain() {\n# prelude\nZFS='/lab/sim/zfs'\nNAWK='/usr/bin/nawk'\nSH='/bin/dash'\nODD='/lab/sim/absent/odd'\n" +
        "R='/lab/n'\\''1/root'\n# end prelude\nN='abc'\n}\n",
    );
  });

  test.each(["", "echo hello\n", script.slice(0, 40)])("%j, which has none or half of one, stays as it is", (text) => {
    expect(replacePrelude(text, table)).toBe(text);
  });

  test("covers every tool the remote scripts may call", () => {
    const tools = readFileSync(new URL("../../src/remote/sh/tools.txt", import.meta.url), "utf8")
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => line.split("\t")[1] ?? "");
    expect(tools.length).toBeGreaterThan(20);
    for (const path of tools) {
      const tool = labTool(path, { ...table, simDir: "" });
      if (simulators.has(tool.slice(1))) continue;
      expect(existsSync(tool), `${path} is ${tool}`).toBe(true);
      accessSync(tool, constants.X_OK);
    }
  });
});

test.each(["havana", "juno", "kilo", "mitaka"] as const)(
  "nova.conf of %s has the release's style",
  (release: Release) => {
    const text = novaConf(release, "/x");
    expect(text.split("\n").length).toBeGreaterThan(180);
    expect(text).toContain(release === "mitaka" ? "\nglancecache_dirname = /x\n" : "\nglancecache_dirname=/x\n");
    expect(text.includes("[solariszones]")).toBe(release === "mitaka");
    expect(text.indexOf("glancecache_dirname") > text.indexOf("[solariszones]")).toBe(true);
    expect(text).toMatch(release === "mitaka" ? /^state_path = \/var\/lib\/nova$/m : /^state_path=\/var\/lib\/nova$/m);
  },
);

test("a key is one that ssh2 reads, signs and verifies with", () => {
  for (let i = 0; i < 20; i++) {
    const key = makeKey("test");
    const parsed = ssh2.utils.parseKey(key.privatePem);
    const known = ssh2.utils.parseKey(key.publicLine);
    if (parsed instanceof Error || known instanceof Error) throw new Error("not read");
    expect(parsed.getPublicSSH().equals(key.publicBlob)).toBe(true);
    expect(known.verify(Buffer.from("text"), parsed.sign(Buffer.from("text")))).toBe(true);
  }
});
