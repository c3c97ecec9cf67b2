import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { readFile } from "../../src/inventory/files.ts";
import { MAX_FILE_BYTES } from "../../src/inventory/model.ts";
import { resolveHosts } from "../../src/inventory/resolve.ts";
import { readInventories, readSettingsFiles } from "../../src/inventory/sources.ts";

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

const complaintAbout = (path: string) => {
  const read = readInventories([path], readFile);
  return read.ok ? "none" : read.error.map(({ code, what }) => `${code} ${what}`).join("; ");
};

describe("inventories on disk", () => {
  it("are read as they are", () => {
    const read = readInventories([file("hosts.ini", "cn01\ncn02\n")], readFile);
    expect(read.ok && [...read.value.hosts.keys()]).toEqual(["cn01", "cn02"]);
  });

  it("may carry the execute bit by accident", () => {
    expect(complaintAbout(file("plain.ini", "cn01\n", 0o755))).toBe("none");
  });

  it.each<[string, () => string, string]>([
    ["a missing file", () => at("nowhere.ini"), "E_INVENTORY there is no such inventory"],
    ["a file below a file", () => `${file("a-file", "x")}/hosts.ini`, "E_INVENTORY there is no such inventory"],
    ["a directory", () => directory("inventories"), "directories as inventories"],
    ["a script", () => file("inventory.sh", "#!/bin/sh\necho {}\n", 0o755), "executable inventories"],
    [
      "a program",
      () => file("inventory.bin", new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 0]), 0o755),
      "executable inventories",
    ],
    ["a binary file", () => file("noise", new Uint8Array([1, 0, 2, 0xff])), "NUL bytes"],
    ["another encoding", () => file("latin1.ini", new Uint8Array([0x63, 0xe9, 0x0a])), "not UTF-8"],
    ["an empty file", () => file("empty.ini", ""), "holds no hosts"],
    ["an oversized file", () => file("large.ini", new Uint8Array(MAX_FILE_BYTES + 1)), "larger than 8 MiB"],
    ["a file without end", () => "/dev/zero", "larger than 8 MiB"],
    ["a link to itself", () => linkToItself("loop.ini"), "too many symbolic links"],
  ])("%s is refused", (_, make, what) => {
    expect(complaintAbout(make())).toContain(what);
  });

  it("may hold comments in another encoding", () => {
    expect(complaintAbout(file("comment.ini", new Uint8Array([0x23, 0xe9, 0x0a, 0x61, 0x0a])))).toBe("none");
  });
});

describe("the examples of the repository", () => {
  const examples = new URL("../../inventory/", import.meta.url);

  it.each(readdirSync(examples).filter((name) => name !== "hosts.ini"))("%s is a good inventory", (name) => {
    const path = fileURLToPath(new URL(name, examples));
    const resolved = resolveHosts({
      inventories: [path],
      settingsFiles: [],
      set: [],
      options: {},
      patterns: ["all"],
      limits: [],
      loginUser: "operator",
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
