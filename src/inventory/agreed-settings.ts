/** The settings of many hosts as one, for what is made once for all of them; and those of no host in particular. */
import { type Complaint, err, isNonEmpty, ok, type Result } from "../domain/result.ts";
import type { Settings } from "../domain/settings.ts";
import { layer } from "./claims.ts";
import { claimsOfOptions } from "./options.ts";
import type { ResolveInput } from "./resolve.ts";
import { type SettingKey, settingKeys, settingsTable, valueText } from "./settings-table.ts";
import { contradictions, type ResolvedHost, settleHost } from "./settle.ts";
import { readSettingsFiles } from "./sources.ts";

/**
 * What all the hosts are to be. Settings of the connection may differ, and so may `legacy_dirs`, which says nothing of
 * what a node should be. Errors: `E_SETTING`, one for each setting they disagree on, with the first host of either value.
 */
export const agreedSettings = (hosts: readonly ResolvedHost[]): Result<Settings, readonly Complaint[]> => {
  const [first] = hosts;
  if (first === undefined) throw new Error("no host was selected");
  const complaints = settingKeys
    .filter((key) => key !== "legacyDirs")
    .flatMap((key) => {
      const other = hosts.find((host) => textOf(host, key) !== textOf(first, key));
      return other === undefined ? [] : [disagreement(key, first, other)];
    });
  return isNonEmpty(complaints) ? err(complaints) : ok(first.host.settings);
};

const textOf = ({ host }: ResolvedHost, key: SettingKey): string | undefined => valueText(host.settings, key);

const disagreement = (key: SettingKey, ...pair: readonly [ResolvedHost, ResolvedHost]): Complaint => {
  const { name } = settingsTable[key];
  return {
    code: "E_SETTING",
    what: `${name} differs: ${pair.map((one) => `${one.host.name} has ${textOf(one, key) ?? "none"}`).join(", ")}`,
    where: pair.map(({ sources }) => sources[name] ?? "").join(", "),
    try: "a PATTERN that selects hosts of one kind, and one call for each kind",
  };
};

/** The settings of the settings files and `--set` alone, where there is no inventory. Errors: `E_SETTING`. */
export const settingsAlone = (
  input: Pick<ResolveInput, "settingsFiles" | "set" | "readFile">,
): Result<Settings, readonly Complaint[]> => {
  const files = readSettingsFiles(input.settingsFiles, input.readFile);
  const options = claimsOfOptions(input.set, {});
  if (!files.ok || !options.ok) return err([files, options].flatMap((part) => (part.ok ? [] : part.error)));
  const asked = { settings: layer(files.value, options.value), extra: {} };
  const settled = settleHost(
    "",
    [],
    asked,
    { loginUser: "", identityFiles: [], absolute: (path) => path },
    { jump: [] },
  );
  const contradicting = contradictions(settled);
  return isNonEmpty(contradicting) ? err(contradicting) : ok(settled.host.settings);
};
