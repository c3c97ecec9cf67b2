import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parseArgs } from "../../src/cli/args.ts";
import { commands, optionsOf } from "../../src/cli/options.ts";
import { anchors, commandsIn, localLinks, simpleCommands } from "../support/markdown.ts";

const top = fileURLToPath(new URL("../..", import.meta.url));
const read = (path: string): string => readFileSync(join(top, path), "utf8");
const manifest = JSON.parse(read("package.json"));

const below = (folder: string): readonly string[] =>
  readdirSync(join(top, folder), { recursive: true, encoding: "utf8" }).map((name) => `${folder}/${name}`);
const pages = [...["README.md"].filter((page) => existsSync(join(top, page))), ...below("docs")].filter((name) =>
  name.endsWith(".md"),
);

interface LockedPackage {
  readonly resolved?: string;
  readonly integrity?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

describe("the package", () => {
  test("ships what runs and what explains it, and nothing else", { timeout: 60_000 }, () => {
    const json = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
      cwd: top,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    const packed: { readonly path: string }[] = [JSON.parse(json)].flat()[0].files;
    const paths = packed.map(({ path }) => path);
    expect(
      paths.filter((path) => !/^(bin|dist|docs|inventory)\/|^(LICENSE|README\.md|package\.json)$/.test(path)),
    ).toEqual([]);
    expect(paths.filter((path) => /^dist\/.*(\.tsx?|\.map|\.test\.js)$/.test(path))).toEqual([]);
    expect(paths).toContain("bin/novasweep.js");
    expect(paths).toContain("LICENSE");
  });

  test("pins every dependency", () => {
    const versions = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(String(version)))).toEqual([]);
  });

  const locked: Record<string, LockedPackage> = JSON.parse(read("package-lock.json")).packages;
  const packages = Object.entries(locked).filter(([path]) => path !== "");

  test("names no registry in its lock file, and every package in it has a digest", () => {
    expect(packages.filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
    // Biome for other platforms: added by hand, from a registry that does not carry them (decision 2).
    const unseen = ([path]: readonly [string, unknown]): boolean => /^node_modules\/@biomejs\/cli-/.test(path);
    expect(packages.filter((each) => each[1].integrity === undefined && !unseen(each)).map(([path]) => path)).toEqual(
      [],
    );
    expect(locked["node_modules/@biomejs/cli-linux-x64"]?.integrity).toMatch(/^sha512-/);
  });

  test("locks every package that npm ci looks for, those of other platforms too", () => {
    const missing = packages.flatMap(([path, { dependencies = {}, optionalDependencies = {} }]) =>
      Object.keys({ ...dependencies, ...optionalDependencies }).filter((name) => {
        const parents = path
          .split("/node_modules/")
          .map((_, index, parts) => parts.slice(0, index + 1).join("/node_modules/"));
        return !["", ...parents.map((parent) => `${parent}/`)].some(
          (parent) => `${parent}node_modules/${name}` in locked,
        );
      }),
    );
    expect(missing).toEqual([]);
  });

  test("runs scripts that are there", () => {
    for (const [, script] of Object.entries<string>(manifest.scripts)) {
      for (const [path] of script.matchAll(/(?<=\s|=|^)(?:\.\/)?scripts\/[\w-]+\.js/g))
        expect(existsSync(join(top, path)), path).toBe(true);
      for (const [, name] of script.matchAll(/npm run (?:-\w+ )*([\w:-]+)/g))
        expect(Object.keys(manifest.scripts)).toContain(name);
    }
  });
});

describe("the documentation", () => {
  test.each(pages)("the links of %s lead somewhere", (page) => {
    const broken = localLinks(read(page)).filter((link) => {
      const [file = "", anchor] = link.split("#");
      const target = file === "" ? page : posix.join(dirname(page), file);
      if (!existsSync(join(top, target))) return true;
      return anchor !== undefined && !anchors(read(target)).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  test.each(pages)("the commands of %s can be typed", async (page) => {
    for (const [name, ...words] of commandsIn(read(page))) {
      if (name === "novasweep") expect(await complaintOf(words), `novasweep ${words.join(" ")}`).toBeUndefined();
      if (name === "npm" && words[0] === "run") expect(Object.keys(manifest.scripts)).toContain(words[1]);
    }
  });

  test("the reference lists every option of every command, and no other", () => {
    const text = read("docs/reference/cli.md");
    const said = new Set(
      [...text.matchAll(/`(?:-\w, )?(--[a-z][\w-]*)/g)]
        .map((match) => match[1] ?? "")
        .filter((name) => !name.startsWith("--no-")),
    );
    const there = commands.flatMap((command) => optionsOf[command].map(({ name }) => `--${name}`));
    expect([...said].sort()).toEqual([...new Set([...there, "--help", "--version"])].sort());
    for (const command of commands) expect(text).toContain(`\`${command}`);
  });
});

const complaintOf = async (words: readonly string[]): Promise<string | undefined> => {
  const result = await parseArgs(words, { version: "", env: {}, home: "/h", terminal: true, columns: 100 });
  return result.ok ? undefined : `${result.error.what}; try: ${result.error.try}`;
};

describe("reading the documentation", () => {
  test("commands are found as they would be typed", () => {
    const page =
      "```sh\n$ novasweep status 'a b' \\\n    --format json >f 2>&1 | jq . # look\nnpm ci && npm run demo -- --nodes 5\n```\n```ini\nnovasweep x\n```\n";
    expect(commandsIn(page)).toEqual([
      ["novasweep", "status", "a b", "--format", "json"],
      ["jq", "."],
      ["npm", "ci"],
      ["npm", "run", "demo", "--", "--nodes", "5"],
    ]);
    expect(simpleCommands("a:!b x#y")).toEqual([["a:!b", "x#y"]]);
  });

  test("links and anchors are found, code is not", () => {
    expect(localLinks('[a](b.md#c-d) `[x](y)` [w](https://x) ![i](p.png "t")')).toEqual(["b.md#c-d", "p.png"]);
    expect(anchors("# A `b` C!\n## Exit status\n```\n# no\n```\n")).toEqual(["a-b-c", "exit-status"]);
  });
});
