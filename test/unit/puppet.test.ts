/** The Puppet class: its text for each kind of settings, and what it refuses. test/integration/export-puppet asks Puppet. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defaultSettings, type Settings } from "../../src/domain/settings.ts";
import { agreedSettings, settingsAlone } from "../../src/inventory/agreed-settings.ts";
import { resolveHosts } from "../../src/inventory/resolve.ts";
import { withoutSsh } from "../../src/inventory/ssh-defaults.ts";
import { cleanerManifest, cleanerMethod } from "../../src/remote/payload/payload.ts";
import { puppetClass } from "../../src/remote/puppet/puppet-class.ts";
import { literal } from "../../src/remote/puppet/text.ts";
import { zfsPrints, zfsSize } from "../../src/remote/puppet/zfs-size.ts";
import { classOf, kinds } from "../support/puppet-kinds.ts";

const GiB = 1024 ** 3;

/** The cleaner's own texts have tests of their own: the golden classes show where they stand. */
const short = (text: string, settings: Settings): string =>
  text
    .replace(literal(cleanerMethod()).source, "(the method)")
    .replace(literal(cleanerManifest(settings)).source, "(the manifest)");

describe("the class", () => {
  test.each(Object.entries(kinds))("%s", async (name, { changed }) => {
    const text = short(classOf(changed), { ...defaultSettings, ...changed });
    await expect(text).toMatchFileSnapshot(`../golden/puppet-${name}.pp`);
  });

  test("of two versions and equal settings differs in its first line alone", () => {
    const of = (version: string) => {
      const made = puppetClass({ settings: { ...defaultSettings, ...kinds.export.changed }, version });
      return made.ok ? made.value.split("\n").slice(1) : made.error;
    };
    expect(of("1.0.0")).toEqual(of("2.0.0"));
  });
});

describe("what a class cannot hold is refused", () => {
  const fixed: Partial<Settings> = { cacheLayout: "export", novaSection: "DEFAULT" };
  test.each<readonly [string, Partial<Settings>, string]>([
    ["a layout that looks at the node", { cacheLayout: "auto" }, "cache_layout=auto"],
    ["a section that looks at the driver", { novaSection: "auto" }, "nova_section=auto"],
    ["a dataset that may be mounted anywhere", { cacheDataset: "tank/nova" }, "where tank/nova is mounted"],
    ["a cache beside its dataset", { cacheDir: "/var/share/nova/images" }, "does not lie below /export/nova"],
    ["a quota that zfs prints otherwise", { cacheQuotaBytes: 15 * GiB + 1 }, "16106127361 bytes as 15.0G"],
  ])("%s", (_, changed, words) => {
    const made = puppetClass({ settings: { ...defaultSettings, ...fixed, ...changed }, version: "1" });
    const complaints = made.ok ? [] : made.error;
    expect(complaints).toMatchObject([{ code: "E_SETTING", what: expect.stringContaining(words) }]);
    expect(complaints[0]?.try).not.toBe("");
  });

  test("all of it at once", () => {
    const made = puppetClass({
      settings: { ...defaultSettings, cacheQuotaBytes: 15 * GiB + 1 },
      version: "1",
    });
    expect(made.ok ? [] : made.error.map(({ what }) => what.split(/[=:]/)[0])).toEqual([
      "cache_layout",
      "cache_quota",
      "nova_section",
    ]);
  });
});

describe("a size as zfs prints it", () => {
  test.each([
    [1, "1"],
    [1023, "1023"],
    [1024, "1K"],
    [15 * GiB, "15G"],
    [1536 * 1024 ** 2, "1.50G"],
    [15.5 * GiB, "15.5G"],
    [1024 * GiB, "1T"],
    [1025 * GiB, "1.00T"],
    [100 * GiB, "100G"],
    [100.5 * GiB, "100G"],
    [2 ** 50, "1P"],
  ])("%d bytes: %s", (bytes, printed) => {
    expect(zfsPrints(bytes)).toBe(printed);
  });

  test.each([
    [15 * GiB, "15G"],
    [1536 * 1024 ** 2, "1.50G"],
    [1025 * GiB, undefined],
    [100.5 * GiB, undefined],
    [15 * GiB + 1, undefined],
  ])("%d bytes are said by %s alone", (bytes, word) => {
    expect(zfsSize(bytes)).toBe(word);
  });

  test("says every byte, where it says anything", () => {
    const units = ["", "K", "M", "G", "T", "P"];
    const exact = (word: string): bigint => {
      const [, whole = "", decimals = "", unit = ""] = /^(\d+)(?:\.(\d+))?(\D?)$/.exec(word) ?? [];
      return (BigInt(whole + decimals) * 1024n ** BigInt(units.indexOf(unit))) / 10n ** BigInt(decimals.length);
    };
    const number = fc.oneof(fc.integer({ min: 1, max: 4096 }), fc.integer({ min: 1, max: 2 ** 23 }));
    fc.assert(
      fc.property(number, fc.constantFrom(0, 8, 10, 20, 28, 30), (n, shift) => {
        const word = zfsSize(n * 2 ** shift);
        return word === undefined || exact(word) === BigInt(n) * 2n ** BigInt(shift);
      }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1023 }), fc.integer({ min: 0, max: 4 }), (n, power) => {
        expect(zfsSize(n * 1024 ** power)).toBe(`${n}${units[power]}`);
      }),
    );
  });
});

describe("one class for many hosts", () => {
  const hostsOf = async (text: string, set: readonly string[] = []) => {
    const resolved = await resolveHosts({
      inventories: ["hosts.ini"],
      settingsFiles: [],
      set,
      options: {},
      patterns: ["all"],
      limits: [],
      loginUser: "operator",
      askSsh: withoutSsh("operator"),
      home: "/home/operator",
      workingDirectory: "/srv",
      readFile: () => ({ kind: "bytes", bytes: new TextEncoder().encode(text) }),
    });
    if (!resolved.ok) throw new Error(JSON.stringify(resolved.error));
    return resolved.value.hosts;
  };

  test("takes what they agree on, however each is reached", async () => {
    const hosts = await hostsOf("cn1 ansible_port=22 novasweep_legacy_dirs=/a\ncn2 ansible_port=2222\n", [
      "cache_quota=20G",
    ]);
    expect(agreedSettings(hosts)).toMatchObject({ ok: true, value: { cacheQuotaBytes: 20 * GiB } });
  });

  test("is refused where they do not, with the first two hosts and where each says so", async () => {
    const hosts = await hostsOf("cn1\ncn2\ncn3 novasweep_cache_quota=20G novasweep_cache_layout=export\n");
    expect(agreedSettings(hosts)).toEqual({
      ok: false,
      error: [
        {
          code: "E_SETTING",
          what: "cache_layout differs: cn1 has auto, cn3 has export",
          where: "default, hosts.ini:3",
          try: "a PATTERN that selects hosts of one kind, and one call for each kind",
        },
        expect.objectContaining({ what: "cache_quota differs: cn1 has 15G, cn3 has 20G" }),
      ],
    });
  });

  test("without an inventory is made of the settings files and --set", () => {
    const readFile = (path: string) =>
      path === "novasweep.ini"
        ? { kind: "bytes" as const, bytes: new TextEncoder().encode("cache_quota=20G\ncache_order=oldest\n") }
        : { kind: "missing" as const };
    const alone = (set: readonly string[]) => settingsAlone({ settingsFiles: ["novasweep.ini"], set, readFile });
    expect(alone(["cache_quota=30G"])).toMatchObject({
      ok: true,
      value: { cacheQuotaBytes: 30 * GiB, cacheOrder: "oldest" },
    });
    expect(alone(["cache_target_free=40G"])).toMatchObject({ ok: false, error: [{ code: "E_SETTING" }] });
    expect(alone(["cache_quoto=1G"])).toMatchObject({ ok: false, error: [{ code: "E_SETTING" }] });
  });
});
