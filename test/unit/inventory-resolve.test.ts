import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { ReadFile } from "../../src/inventory/files.ts";
import { type ResolveInput, resolveHosts } from "../../src/inventory/resolve.ts";
import { withoutSsh } from "../../src/inventory/ssh-defaults.ts";

/** Files by name; everything else but `files` and the expectations may be left out. */
interface Case {
  readonly files: Readonly<Record<string, string>>;
  readonly inventories?: readonly string[];
  readonly settingsFiles?: Readonly<Record<string, string>>;
  readonly set?: readonly string[];
  readonly options?: ResolveInput["options"];
  readonly patterns?: readonly string[];
  readonly limits?: readonly string[];
}

/** Files by path as if they lay on a disk; a name that others begin with is a directory. */
const disk =
  (texts: Readonly<Record<string, string>>): ReadFile =>
  (given) => {
    const path = given.replace(/\/$/, "");
    const text = texts[path];
    if (text !== undefined) return { kind: "bytes", bytes: new TextEncoder().encode(text) };
    const below = Object.keys(texts).filter((name) => name.startsWith(`${path}/`));
    const names = new Set(below.map((name) => name.slice(path.length + 1).split("/")[0] ?? ""));
    return names.size > 0 ? { kind: "directory", names: [...names] } : { kind: "missing" };
  };

const resolve = (input: Case) => {
  const texts: Readonly<Record<string, string>> = { ...input.files, ...input.settingsFiles };
  return resolveHosts({
    inventories: input.inventories ?? Object.keys(input.files),
    settingsFiles: [...Object.keys(input.settingsFiles ?? {}), "no-such.ini"],
    set: input.set ?? [],
    options: input.options ?? {},
    patterns: input.patterns ?? ["all"],
    limits: input.limits ?? [],
    loginUser: "operator",
    home: "/home/operator",
    workingDirectory: "/srv/fleet",
    readFile: disk(texts),
    askSsh: withoutSsh("operator"),
  });
};

/** One file one test: the file's name is the rule. */
const cases = <T>(kind: string): readonly (readonly [rule: string, given: T])[] => {
  const folder = new URL(`../cases/inventory/${kind}/`, import.meta.url);
  return readdirSync(folder).map((file) => [
    file.replace(/\.json$/, "").replaceAll("-", " "),
    JSON.parse(readFileSync(new URL(file, folder), "utf8")),
  ]);
};

interface HostsCase extends Case {
  /** By host: fields of the host and of its settings that must have these values. */
  readonly expect: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly sources?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly warnings?: readonly string[];
  /** Whether no other host may be selected. */
  readonly only?: boolean;
}

describe("hosts and settings", () => {
  it.each(cases<HostsCase>("hosts"))("%s", async (_, given) => {
    const resolved = await resolve(given);
    if (!resolved.ok) throw new Error(JSON.stringify(resolved.error));
    const found = new Map(resolved.value.hosts.map((entry) => [entry.host.name, entry]));
    for (const [name, fields] of Object.entries(given.expect)) {
      const host = found.get(name)?.host;
      expect({ ...host, ...host?.settings }, name).toMatchObject(fields);
    }
    for (const [name, sources] of Object.entries(given.sources ?? {}))
      expect(found.get(name)?.sources, name).toMatchObject(sources);
    if (given.warnings) expect(resolved.value.warnings).toEqual(given.warnings);
    if (given.only) expect([...found.keys()]).toEqual(Object.keys(given.expect));
  });
});

interface RefusedCase extends Case {
  /** Exactly these complaints, in this order; `what`, `where` and `try` are parts of the text. */
  readonly complaints: readonly Readonly<Record<"code" | "where" | "what" | "try", string>>[];
}

describe("bad input is refused with what, where and what to do", () => {
  it.each(cases<RefusedCase>("refused"))("%s", async (_, given) => {
    const resolved = await resolve(given);
    const complaints = resolved.ok ? [] : resolved.error;
    const wanted = given.complaints.map(({ code, ...parts }) => ({
      code,
      ...Object.fromEntries(Object.entries(parts).map(([key, text]) => [key, expect.stringContaining(text)])),
    }));
    expect(complaints).toMatchObject(wanted);
  });

  it("a password on a broken line appears nowhere", async () => {
    for (const line of [
      "n ansible_password=my secret",
      "n ansible_password='secret",
      "n ansible_password=secret ansible_password=b",
    ]) {
      const resolved = await resolve({ files: { f: line } });
      expect(resolved.ok).toBe(false);
      expect(JSON.stringify(resolved)).not.toContain("secret");
    }
  });
});

describe("a fleet at the limit", () => {
  it("is 10,000 hosts in 500 groups, each with its settings", async () => {
    const rack = (n: number) => String(n * 20 + 1).padStart(5, "0");
    const racks = Array.from(
      { length: 500 },
      (_, n) =>
        `[rack${n}]\ncn[${rack(n)}:${String(n * 20 + 20).padStart(5, "0")}]\n[rack${n}:vars]\nnovasweep_cache_quota=${n + 20}G\n`,
    );
    const resolved = await resolve({
      files: { f: `[compute]\ncn[00001:10000]\n${racks.join("")}` },
      patterns: ["compute"],
    });
    expect(resolved.ok && resolved.value.hosts.length).toBe(10_000);
    const last = resolved.ok ? resolved.value.hosts.at(-1)?.host : undefined;
    expect(last?.settings.cacheQuotaBytes).toBe(519 * 1024 ** 3);
  });
});
