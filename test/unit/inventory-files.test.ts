import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { readFile } from "../../src/inventory/files.ts";
import { MAX_FILE_BYTES } from "../../src/inventory/model.ts";
import { resolveHosts } from "../../src/inventory/resolve.ts";
import { readInventories, readSettingsFiles } from "../../src/inventory/sources.ts";
import { withoutSsh } from "../../src/inventory/ssh-defaults.ts";
import { importsOf } from "../support/architecture.ts";

const folder = mkdtempSync(join(tmpdir(), "novasweep-inventory-"));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);
const file = (name: string, content: string | Uint8Array, mode = 0o644) => {
  writeFileSync(at(name), content);
  chmodSync(at(name), mode);
  return at(name);
};
const directory = (name: string) => {
  mkdirSync(at(name));
  return at(name);
};
const linkToItself = (name: string) => {
  symlinkSync(name, at(name));
  return at(name);
};

const complaintAbout = async (path: string) => {
  const read = await readInventories([path], readFile);
  return read.ok ? "none" : read.error.map(({ code, what }) => `${code} ${what}`).join("; ");
};

describe("inventories on disk", () => {
  it("are read as they are", async () => {
    const read = await readInventories([file("hosts.ini", "cn01\ncn02\n")], readFile);
    expect(read.ok && [...read.value.hosts.keys()]).toEqual(["cn01", "cn02"]);
  });

  it("may carry the execute bit by accident", async () => {
    expect(await complaintAbout(file("plain.ini", "cn01\n", 0o755))).toBe("none");
  });

  it.each<[string, () => string, string]>([
    ["a missing file", () => at("nowhere.ini"), "E_INVENTORY there is no such inventory"],
    ["a file below a file", () => `${file("a-file", "x")}/hosts.ini`, "E_INVENTORY there is no such inventory"],
    ["an empty directory", () => directory("inventories"), "holds no hosts"],
    ["a script that may not run", () => file("inventory.sh", "#!/bin/sh\necho {}\n"), "may not be executed"],
    ["a broken program", () => file("cloud", new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 0]), 0o755), "--list"],
    ["YAML in another encoding", () => file("latin1.yml", new Uint8Array([0x61, 0x3a, 0xe9])), "not UTF-8"],
    ["binary YAML", () => file("noise.json", new Uint8Array([0x7b, 0, 0x7d])), "not UTF-8"],
    ["a binary file", () => file("noise", new Uint8Array([1, 0, 2, 0xff])), "NUL bytes"],
    ["another encoding", () => file("latin1.ini", new Uint8Array([0x63, 0xe9, 0x0a])), "not UTF-8"],
    ["an empty file", () => file("empty.ini", ""), "holds no hosts"],
    ["an oversized file", () => file("large.ini", new Uint8Array(MAX_FILE_BYTES + 1)), "larger than 8 MiB"],
    ["a file without end", () => "/dev/zero", "larger than 8 MiB"],
    ["a link to itself", () => linkToItself("loop.ini"), "too many symbolic links"],
  ])("%s is refused", async (_, make, what) => {
    expect(await complaintAbout(make())).toContain(what);
  });

  it("may hold comments in another encoding", async () => {
    expect(await complaintAbout(file("comment.ini", new Uint8Array([0x23, 0xe9, 0x0a, 0x61, 0x0a])))).toBe("none");
  });
});

describe("YAML", () => {
  it("of 10,000 hosts with variables is read", { timeout: 60_000 }, async () => {
    const hosts = Array.from(
      { length: 10_000 },
      (_, n) => `    cn${n}: {<<: *c, ansible_host: 10.0.${n >> 8}.${n & 255}}\n`,
    );
    const path = file(
      "large.yml",
      `all:\n  hosts:\n    first: &c {novasweep_cache_quota: 20G}\n${hosts.slice(1).join("")}`,
    );
    const read = await readInventories([path], readFile);
    expect(read.ok && read.value.hosts.size).toBe(10_000);
  });

  it("of any shape is read or refused with a place, never thrown at", async () => {
    const key = fc.constantFrom(
      "all",
      "hosts",
      "children",
      "vars",
      "<<",
      "_meta",
      "hostvars",
      "n[1:2]",
      "novasweep_cache_quota",
    );
    const tree = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: "small" },
        fc.constantFrom("", "~", "x", "*a", "&a y", "!vault z", "20G"),
        tie("map"),
        tie("list"),
      ),
      list: fc.array(tie("value"), { maxLength: 3 }).map((items) => `[${items.join(", ")}]`),
      map: fc
        .array(fc.tuple(key, tie("value")), { maxLength: 4 })
        .map((pairs) => `{${pairs.map(([k, v]) => `${k}: ${v}`).join(", ")}}`),
    }));
    await fc.assert(
      fc.asyncProperty(fc.oneof(tree.map, fc.string()), async (text) => {
        const bytes = new TextEncoder().encode(String(text));
        const read = await readInventories(["f.yml"], (path) =>
          path === "f.yml" ? { kind: "bytes", bytes } : { kind: "missing" },
        );
        for (const { where, code } of read.ok ? [] : read.error)
          expect([where?.slice(0, 5), code]).toEqual(["f.yml", "E_INVENTORY"]);
      }),
      { numRuns: 300 },
    );
  });

  it("costs nothing at start: its package is loaded with the first YAML file", () => {
    const sources = new URL("../../src/inventory/", import.meta.url);
    const text = (name: string) => readFileSync(new URL(name, sources), "utf8");
    const files = readdirSync(sources);
    const needYaml = files.filter((name) => importsOf(text(name)).includes("yaml"));
    expect(needYaml).toEqual(["yaml-data.ts", "yaml-tree.ts"]);
    const outside = files.filter((name) => !needYaml.includes(name));
    const statically = outside.filter((name) => /\bfrom "\.\/yaml-/.test(text(name)));
    expect(statically).toEqual([]);
  });
});

describe("the examples of the repository", () => {
  const examples = new URL("../../inventory/", import.meta.url);

  it.each(readdirSync(examples).filter((name) => name !== "hosts.ini"))("%s is a good inventory", async (name) => {
    const path = fileURLToPath(new URL(name, examples));
    const resolved = await resolveHosts({
      inventories: [path],
      settingsFiles: [],
      set: [],
      options: {},
      patterns: ["all"],
      limits: [],
      loginUser: "operator",
      askSsh: withoutSsh("operator"),
      home: "/home/operator",
      workingDirectory: "/",
      readFile,
    });
    expect(resolved).toMatchObject({ ok: true, value: { warnings: [] } });
  });
});

describe("settings files on disk", () => {
  it("may be missing, but not be something else", () => {
    expect(readSettingsFiles([at("none.ini")], readFile)).toEqual({ ok: true, value: { values: {}, sources: {} } });
    const read = readSettingsFiles([directory("novasweep.ini")], readFile);
    expect(!read.ok && read.error[0]?.what).toContain("directory");
  });
});
