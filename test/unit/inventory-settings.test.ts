import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { defaultSettings } from "../../src/domain/settings.ts";
import { defaultText, settingKeys, settingsTable, valueText } from "../../src/inventory/settings-table.ts";

describe("the reference of settings", () => {
  const page = readFileSync(new URL("../../docs/reference/settings.md", import.meta.url), "utf8");
  const rows = page
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    // The formatter pads the columns.
    .map((line) => line.replace(/ +/g, " "));

  it("states every setting, its default, what it accepts and what it means as the code has it", () => {
    const written = (text: string) => (text.includes(" ") ? text : `\`${text}\``);
    const expected = settingKeys.map((key) => {
      const { name, kind, doc } = settingsTable[key];
      return `| \`${name}\` | ${written(defaultText(key))} | ${kind.accepted} | ${doc} |`;
    });
    expect(rows).toEqual(expected);
  });
});

describe("the table of settings", () => {
  it.each(settingKeys)("the default of %s can be written in a settings file", (key) => {
    const text = valueText(defaultSettings, key);
    if (text !== undefined)
      expect(settingsTable[key].kind.parse(text)).toEqual(defaultSettings[key as keyof typeof defaultSettings]);
  });

  it.each<[keyof typeof settingsTable, string, string]>([
    ["cacheQuotaBytes", "15G", "15G"],
    ["cacheQuotaBytes", "1024M", "1G"],
    ["cacheQuotaBytes", "1536m", "1536M"],
    ["cacheQuotaBytes", "1000", "1000"],
    ["cacheQuotaBytes", "1048576", "1M"],
    ["cacheMinAgeS", "24h", "24h"],
    ["cacheMinAgeS", "1d", "24h"],
    ["cacheMinAgeS", "48h", "2d"],
    ["cacheMinAgeS", "90s", "90s"],
    ["cacheDir", "/a//b/", "/a/b"],
    ["legacyDirs", "/a, /b/", "/a,/b"],
    ["cacheMode", "750", "0750"],
  ])("%s %s is shown as %s", (key, text, shown) => {
    const { kind } = settingsTable[key];
    const value = kind.parse(text);
    expect(value).toBeDefined();
    expect(valueText({ [key]: value }, key)).toBe(shown);
  });
});
