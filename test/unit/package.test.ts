/** The package of the cleaner, its manifest before a reader of its own, and the files `package build` writes. */
import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { writePackage } from "../../src/cli/package-files.ts";
import { defaultSettings } from "../../src/domain/settings.ts";
import { type Action, p5m } from "../../src/remote/payload/p5m.ts";
import { CONTENT_ATTRIBUTE, cleanerPackage } from "../../src/remote/payload/package.ts";
import { cleanerManifest, cleanerMethod, cleanerVersion } from "../../src/remote/payload/payload.ts";
import { breachesOf, readP5m } from "../support/p5m.ts";

const top = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const packaged = cleanerPackage("site");
const actions = readP5m(packaged.manifest);
const payloads = new Set(packaged.files.map(({ path }) => path));
const setOf = (name: string): readonly string[] =>
  actions.find(({ attributes }) => attributes.get("name")?.[0] === name)?.attributes.get("value") ?? [];

describe("the manifest", () => {
  test("is the one that was looked at; the content's digest changes with the cleaner", async () => {
    await expect(packaged.manifest.replace(packaged.content, "CONTENT")).toMatchFileSnapshot(
      "../golden/nova-cache-cleanup.p5m",
    );
  });

  test("keeps every rule of packages", () => {
    expect(breachesOf(actions, payloads)).toEqual([]);
  });

  test("delivers files as the files delivery does", () => {
    const apply = readFileSync(top("src/remote/sh/apply.sh"), "utf8");
    const installed = [...apply.matchAll(/install_file "\$(METHOD|MANIFEST)" "\S+" (\w+):(\w+) (\d+)/g)].map(
      ([, what, owner, group, mode]) => ({ what, owner, group, mode }),
    );
    const delivered = actions
      .filter(({ name }) => name === "file")
      .map(({ attributes }) => {
        const [path, owner, group, mode] = ["path", "owner", "group", "mode"].map((key) => attributes.get(key)?.[0]);
        return { what: path?.includes("/method/") ? "METHOD" : "MANIFEST", owner, group, mode };
      });
    expect(installed).toHaveLength(2);
    expect(new Set(delivered.map((each) => JSON.stringify(each)))).toEqual(
      new Set(installed.map((each) => JSON.stringify(each))),
    );
  });

  test("names the service and instance that its SMF manifest defines", () => {
    const manifest = cleanerManifest(defaultSettings);
    const [, service] = /<service [^>]*name="([^"]+)"/.exec(manifest) ?? [];
    const [, instance] = /<instance [^>]*name="([^"]+)"/.exec(manifest) ?? [];
    expect(setOf("org.opensolaris.smf.fmri")).toEqual([`svc:/${service}`, `svc:/${service}:${instance}`]);
  });

  test("holds the cleaner of this version, and leaves the node's own to be set", () => {
    const text = new Map(packaged.files.map((file) => [file.path, file.text]));
    expect(text.get("lib/svc/method/nova-cache-cleanup")).toBe(cleanerMethod());
    expect(packaged.fmri).toBe(`pkg://site/nova-cache-cleanup@${cleanerVersion(cleanerMethod())}`);
    expect(setOf("pkg.fmri")).toEqual([packaged.fmri]);
    expect(text.get("lib/svc/manifest/site/nova-cache-cleanup.xml")).toMatch(/name="dataset" type="astring" value=""/);
    expect(text.get("LICENSE")).toBe(readFileSync(top("LICENSE"), "utf8"));
    expect(JSON.parse(readFileSync(top("package.json"), "utf8")).files).toContain("LICENSE");
  });

  test("is told apart by its content, which another publisher changes and another moment does not", () => {
    expect(setOf(CONTENT_ATTRIBUTE)).toEqual([packaged.content]);
    expect(packaged.content).toMatch(/^[0-9a-f]{64}$/);
    expect(cleanerPackage("site")).toEqual(packaged);
    const other = cleanerPackage("example.com");
    expect(other.content).not.toBe(packaged.content);
    expect(breachesOf(readP5m(other.manifest), payloads)).toEqual([]);
  });
});

describe("a manifest's text", () => {
  test.each(["plain", "two words", 'a "quote"', "back\\slash", "it's", "k=v", "#"])("keeps the value %j", (value) => {
    const action: Action = {
      name: "set",
      attributes: [
        ["name", "x"],
        ["value", value],
      ],
    };
    expect(readP5m(p5m([action]))[0]?.attributes.get("value")).toEqual([value]);
  });

  test("takes no value that would end its line", () => {
    expect(() => p5m([{ name: "license", payload: "a\nfile b", attributes: [["license", "x"]] }])).toThrow("no value");
  });
});

describe("the second reader", () => {
  const good = packaged.manifest;
  test.each([
    [/ restart_fmri=\S+/, "", "is not imported"],
    [/mode=0444/, "mode=444x", "no mode"],
    [/path=lib\/svc\/method/, "path=/lib/svc/method", "no relative path"],
    [/path=lib\/svc\/method/, "path=var/share/method", "nothing may be delivered"],
    [/@1\.0/, "@01.0", "no FMRI"],
    [/^set name=pkg.summary.*\n/m, "", "pkg.summary is not set"],
    [/^license .*\n/m, "", "nobody delivers LICENSE"],
    [/file lib\/svc\/method\/\S+/, "file nowhere", "no payload nowhere"],
    [/^(file lib\/svc\/method.*\n)/m, "$1$1", "delivered twice"],
    [/disable_fmri=\S+/, "disable_fmri=svc:/site/nova-cache-cleanup", "names no instance"],
  ])("notices %s", (from, to, says) => {
    const text = good.replace(from, to);
    expect(text).not.toBe(good);
    expect(breachesOf(readP5m(text), payloads).join("\n")).toContain(says);
  });

  test.each([
    ["an action nobody knows", "fill x path=y\n", "unknown action"],
    ["a quote that is left open", 'set name=x value="y\n', "not to be parted"],
    ["a file without a mode", "file x path=y owner=root group=bin\n", "without mode"],
    ["a missing end", "set name=x value=y", "no end"],
  ])("refuses %s", (_what, text, says) => {
    expect(() => readP5m(text)).toThrow(says);
  });
});

describe("package build", () => {
  let base: string;
  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), "novasweep-package-"));
  });
  afterEach(() => rmSync(base, { recursive: true, force: true }));

  const bytesBelow = (dir: string): Record<string, string> =>
    Object.fromEntries(
      readdirSync(dir, { recursive: true, encoding: "utf8" })
        .filter((name) => statSync(join(dir, name)).isFile())
        .sort()
        .map((name) => [name, readFileSync(join(dir, name), "utf8")]),
    );

  test("writes proto area and manifest, and the same again over its own", () => {
    const dir = join(base, "deep", "out");
    expect(writePackage(packaged, dir)).toEqual({ ok: true, value: undefined });
    const first = bytesBelow(dir);
    expect(first).toEqual({
      "nova-cache-cleanup.p5m": packaged.manifest,
      ...Object.fromEntries(packaged.files.map(({ path, text }) => [`proto/${path}`, text])),
    });
    writeFileSync(join(dir, "proto/LICENSE"), "an older one");
    expect(writePackage(packaged, dir).ok).toBe(true);
    expect(bytesBelow(dir)).toEqual(first);
  });

  test.each<readonly [string, (dir: string) => void, string]>([
    ["a file of somebody's", (dir) => writeFileSync(join(dir, "notes.txt"), ""), "notes.txt"],
    ["a hidden one below", (dir) => writeFileSync(join(dir, "proto/lib/.git"), ""), "proto/lib/.git"],
    ["an empty directory of another name", (dir) => mkdirSync(join(dir, "proto/usr")), "proto/usr"],
    ["a link in a file's place", (dir) => symlinkSync("/etc/passwd", join(dir, "proto/LICENSE")), "proto/LICENSE"],
    ["a link in a directory's place", (dir) => symlinkSync("/tmp", join(dir, "proto/lib/svc")), "proto/lib/svc"],
    [
      "a directory in a file's place",
      (dir) => mkdirSync(join(dir, "nova-cache-cleanup.p5m")),
      "nova-cache-cleanup.p5m",
    ],
  ])("refuses a directory with %s, and touches nothing", (_what, put, where) => {
    const dir = join(base, "out");
    mkdirSync(join(dir, "proto/lib"), { recursive: true });
    put(dir);
    const before = execFileSync("find", [dir, "-ls"], { encoding: "utf8" });
    expect(writePackage(packaged, dir)).toMatchObject({
      ok: false,
      error: { code: "E_USAGE", where: join(dir, where) },
    });
    expect(execFileSync("find", [dir, "-ls"], { encoding: "utf8" })).toBe(before);
  });

  test("a build that was cut short has no manifest, not even the one before", () => {
    const dir = join(base, "out");
    expect(writePackage(packaged, dir).ok).toBe(true);
    const script = `import { writePackage } from ${JSON.stringify(top("src/cli/package-files.ts"))};
      import { cleanerPackage } from ${JSON.stringify(top("src/remote/payload/package.ts"))};
      const written = writePackage(cleanerPackage("site"), ${JSON.stringify(dir)});
      process.exitCode = written.ok ? 0 : 7;`;
    const file = join(base, "build.ts");
    writeFileSync(file, script);
    // 8 blocks of 1,024 bytes: the manifest would fit, the licence does not.
    const ran = spawnSync("/bin/bash", ["-c", `ulimit -f 8; exec "${process.execPath}" "${file}"`]);
    expect(ran.status === 0).toBe(false);
    expect(existsSync(join(dir, "nova-cache-cleanup.p5m"))).toBe(false);
    expect(writePackage(packaged, dir).ok).toBe(true);
    expect(bytesBelow(dir)["nova-cache-cleanup.p5m"]).toBe(packaged.manifest);
  });

  test("a place that cannot be written is said, not thrown", () => {
    writeFileSync(join(base, "file"), "");
    expect(writePackage(packaged, join(base, "file"))).toMatchObject({
      ok: false,
      error: { where: join(base, "file") },
    });
    expect(writePackage(packaged, "/proc/nowhere")).toMatchObject({
      ok: false,
      error: { code: "E_USAGE", what: expect.stringContaining("cannot be written") },
    });
  });
});
