/** The Puppet class under the real Puppet: it compiles, and no text in it is code. dist has to be there. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Settings } from "../../src/domain/settings.ts";
import { cleanerMethod } from "../../src/remote/payload/payload.ts";
import { literal } from "../../src/remote/puppet/text.ts";
import { zfsPrints } from "../../src/remote/puppet/zfs-size.ts";
import { novasweep, scratch } from "../support/novasweep.ts";
import { type Compiled, compiled, validated, written } from "../support/puppet.ts";
import { classOf, kinds } from "../support/puppet-kinds.ts";

let dir: string;
beforeAll(() => {
  dir = scratch("puppet");
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const folder = (name: string): string => {
  const path = join(dir, name);
  mkdirSync(path);
  return path;
};

const INSTANCE = "svc:/site/nova-cache-cleanup:default";

/** Text that ends a string, or begins something, in a language that does not look closely. */
const hostile = fc.string({
  unit: fc.constantFrom("'", '"', "\\", "$", "{", "}", "x", "#", "%", "\n", "\t", " ", ";", "(", "]", "é", "a", "1"),
  minLength: 1,
  maxLength: 12,
});
const sample = { seed: 20_261_126, numRuns: 40 };

const classes = Object.fromEntries(Object.entries(kinds).map(([name, kind]) => [name, classOf(kind.changed)]));

const right = classOf(kinds.export.changed);
const broken: Readonly<Record<string, readonly [text: string, why: RegExp]>> = {
  "a reference that leads nowhere": [
    right.replace("require => File['/export/nova']", "require => File['/x']"),
    /'File\[\/x\]'/,
  ],
  "a provider in place of a type": [right.replace(/Service\['svc:.*?'\]/, "Smf['x']"), /Resource type not found: Smf/],
  "an attribute zfs does not have": [right.replace("quota      =>", "quotas     =>"), /no parameter named 'quotas'/],
  "a value that is no text": [right.replace("'2147483648'", "2147483648"), /has to be text/],
  "a circle": [
    right.replace("subscribe   =>", "require => Ini_setting['novasweep: glancecache_dirname'], subscribe =>"),
    /cycle/,
  ],
};

const texts = fc.sample(hostile, sample);
const holding = (text: string): Partial<Settings> => ({
  ...kinds.export.changed,
  cacheDataset: `tank/${text}`,
  cacheMountpoint: "/cloud",
  cacheOwner: text,
  novaSection: text,
  novaService: text,
  cleanerDelivery: "ips",
  cleanerPublisher: text,
  cleanerOrigin: text,
});

describe("what Puppet makes of", () => {
  let files: readonly string[];
  let warned: string;
  let catalogs: Readonly<Record<string, Compiled>>;
  beforeAll(async () => {
    // All in one process: Puppet takes a second to load.
    const literals = [cleanerMethod(), ...texts].map(
      (text, n) => `notify { '${n}': message => ${literal(text).source} }`,
    );
    const all: Readonly<Record<string, string>> = {
      ...classes,
      ...Object.fromEntries(texts.slice(0, 15).map((text, n) => [`settings-${n}`, classOf(holding(text))])),
      literals: `class novasweep {\n${literals.join("\n")}\n}`,
    };
    const at = folder("compiled");
    files = written(at, all);
    const wrong = written(
      folder("broken"),
      Object.fromEntries(Object.entries(broken).map(([name, [text]]) => [name, text])),
    );
    const found = await compiled(at, [...files, ...wrong]);
    warned = found.words;
    const names = [...Object.keys(all), ...Object.keys(broken)];
    catalogs = Object.fromEntries(found.each.map((one, n) => [names[n] ?? "", one]));
  });

  test("every kind of class: puppet parser validate says nothing", () => {
    expect(validated(folder("validate"), files)).toBe("");
  });

  test("every kind of class: it compiles, every reference leads somewhere, every attribute is known", () => {
    const ours = Object.entries(catalogs).filter(([name]) => !(name in broken));
    expect(ours.filter(([, { error }]) => error !== undefined)).toEqual([]);
    expect(ours).toHaveLength(files.length);
    expect(warned.split("\n").filter((line) => line !== "" && !line.includes(`${dir}/broken/`))).toEqual([]);
  });

  test.each(Object.keys(broken))("a class with %s: the same look sees it", (name) => {
    const [text, why] = broken[name] ?? ["", /^$/];
    expect(text).not.toBe(right);
    expect(catalogs[name]?.error).toMatch(why);
  });

  test.each(["export", "varshare", "own-dataset"])("%s: dataset, directory, cleaner, service, nova.conf", (name) => {
    const types = (catalogs[name]?.order ?? []).map((ref) => ref.replace(/\[.*/s, ""));
    const ours = types.filter((type, at) => type !== "Filebucket" && type !== types[at - 1]);
    expect(ours).toEqual(["Zfs", "Exec", "File", "Exec", "Svccfg", "Service", "Exec", "Ini_setting", "Exec"]);
  });

  test("the datasets above its own: each is a resource", () => {
    const names = (name: string) => (catalogs[name]?.order ?? []).filter((ref) => ref.startsWith("Zfs["));
    expect(names("varshare")).toEqual([
      "Zfs[rpool/VARSHARE]",
      "Zfs[rpool/VARSHARE/nova]",
      "Zfs[rpool/VARSHARE/nova/images]",
    ]);
    expect(names("own-dataset")).toEqual(["Zfs[tank/cloud]", "Zfs[tank/cloud/nova]", "Zfs[tank/cloud/nova/cache]"]);
  });

  test("any text as a literal: the same text", () => {
    const { resources = {} } = catalogs["literals"] ?? {};
    expect([cleanerMethod(), ...texts].map((_, n) => resources[`Notify[${n}]`]?.["message"])).toEqual([
      cleanerMethod(),
      ...texts,
    ]);
  });

  test("settings that hold any text: the same resources, with that very text", () => {
    for (const [n, text] of texts.slice(0, 15).entries()) {
      const { resources = {}, order = [] } = catalogs[`settings-${n}`] ?? {};
      expect(
        order.filter((ref) => /^(Zfs|Exec|Service|Package|Pkg_publisher|Ini_setting)\[/.test(ref)),
        text,
      ).toEqual([
        `Zfs[tank/${text}]`,
        "Exec[novasweep: no automatic snapshots]",
        `Pkg_publisher[${text}]`,
        `Package[pkg://${text}/nova-cache-cleanup]`,
        "Exec[novasweep: import the manifest]",
        `Service[${INSTANCE}]`,
        "Exec[novasweep: nova.conf is there and has no section twice]",
        "Ini_setting[novasweep: glancecache_dirname]",
        "Exec[novasweep: restart nova-compute]",
      ]);
      expect(resources["Svccfg[nova-cache-cleanup config/dataset]"]?.["value"]).toBe(`tank/${text}`);
      expect(resources["File[/cloud]"]?.["owner"]).toBe(text);
      expect(resources["Ini_setting[novasweep: glancecache_dirname]"]?.["section"]).toBe(text);
      expect(resources["Exec[novasweep: restart nova-compute]"]?.["command"]).toBe(`/usr/sbin/svcadm restart ${text}`);
    }
  });
});

test("zfs of the simulated nodes prints sizes as we say it does", () => {
  const numbers = fc.sample(fc.oneof(fc.integer({ min: 1, max: 2 ** 22 }), fc.nat(2 ** 53 - 1)), {
    ...sample,
    numRuns: 2000,
  });
  const bytes = numbers.flatMap((n) => [n, n * 512, n * 2 ** 29].filter((one) => one < 2 ** 53 && one > 0));
  const source = readFileSync(new URL("../../src/lab/sim/zfs-value.awk", import.meta.url), "utf8");
  const nice = /^function nice\([\s\S]*?^\}/m.exec(source)?.[0] ?? "";
  const printed = execFileSync("original-awk", [`${nice} { print nice($1) }`], {
    input: bytes.join("\n"),
    encoding: "utf8",
  });
  expect(bytes.map(zfsPrints)).toEqual(printed.trimEnd().split("\n"));
});

describe("the command", () => {
  test("prints the class, and nothing else", async () => {
    const set = ["cache_layout=export", "nova_section=DEFAULT"].flatMap((one) => ["--set", one]);
    const { status, stdout, stderr } = await novasweep(["export", "puppet", ...set], { cwd: folder("alone") });
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout.split("\n").slice(1)).toEqual(classOf(kinds.export.changed).split("\n").slice(1));
  });

  test("takes the settings of the selected hosts, and exits 2 where they differ", async () => {
    const cwd = folder("hosts");
    writeFileSync(
      join(cwd, "hosts.ini"),
      "[old]\ncn1\ncn2\n[new]\ncn3\n[all:vars]\nnovasweep_cache_layout=varshare\n[old:vars]\nnovasweep_nova_section=DEFAULT\n[new:vars]\nnovasweep_nova_section=solariszones\n",
    );
    const run = (...words: readonly string[]) => novasweep(["export", "puppet", "-i", "hosts.ini", ...words], { cwd });
    expect(await run("new")).toMatchObject({ status: 0, stdout: expect.stringContaining("section => 'solariszones'") });
    expect(await run()).toMatchObject({
      status: 2,
      stdout: "",
      stderr: expect.stringContaining("nova_section differs: cn1 has DEFAULT, cn3 has solariszones"),
    });
    expect(await run("none")).toMatchObject({ status: 2, stdout: "" });
  });

  test("with a pattern and no inventory exits 2", async () => {
    const ran = await novasweep(["export", "puppet", "cn1"], { cwd: folder("nothing") });
    expect(ran).toMatchObject({ status: 2, stdout: "", stderr: expect.stringContaining("there is no inventory") });
  });
});
