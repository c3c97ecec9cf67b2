import { type Complaint, err, ok, type Result } from "../domain/result.ts";
import { nearest } from "./nearest.ts";
import {
  PREFIX,
  type SettingKey,
  type SettingValues,
  settingNamed,
  settingNames,
  settingsTable,
} from "./settings-table.ts";
import { oneOf, show } from "./show.ts";

/** One value somebody asked for, and where: `file:line`, `--set`, an option. */
export interface Claim<T> {
  readonly value: T;
  readonly source: string;
}

/** What one source asks for: values and, for each, where it stands. */
export interface Claims {
  readonly values: Readonly<Partial<SettingValues>>;
  readonly sources: Readonly<Partial<Record<SettingKey, string>>>;
}

/** Claims while they are read. */
export interface GrowingClaims {
  readonly values: { -readonly [K in SettingKey]?: SettingValues[K] };
  readonly sources: Partial<Record<SettingKey, string>>;
}

export const noClaims = (): GrowingClaims => ({ values: {}, sources: {} });

/** The claims of several sources, weakest first, as one. */
export const layer = (...layers: readonly Claims[]): Claims => {
  const all = noClaims();
  for (const { values, sources } of layers) {
    Object.assign(all.values, values);
    Object.assign(all.sources, sources);
  }
  return all;
};

/** Reads one setting by its bare name into `claims`. `spelled` is the name as the person wrote it. Errors: `E_SETTING`. */
export const claim = (
  claims: GrowingClaims,
  name: string,
  text: string,
  source: string,
  spelled = name,
): Result<void> => {
  const key = settingNamed(name);
  return key === undefined ? err(unknownSetting(name, spelled, source)) : claimKey(claims, key, text, source, spelled);
};

/** Reads one setting by its key into `claims`. Errors: `E_SETTING`. */
export const claimKey = <K extends SettingKey>(
  claims: GrowingClaims,
  key: K,
  text: string,
  source: string,
  spelled: string,
): Result<void> => {
  const { kind } = settingsTable[key];
  const value = kind.parse(text);
  if (value === undefined) return err(badValue(spelled, text, kind.accepted, source));
  claims.values[key] = value;
  claims.sources[key] = source;
  return ok(undefined);
};

export const badValue = (spelled: string, text: string, accepted: string, where: string): Complaint => ({
  code: "E_SETTING",
  what: `${spelled} cannot be ${show(text)}`,
  where,
  try: `accepted: ${accepted.replaceAll("`", "")}${advice(text)}`,
});

const advice = (text: string): string => {
  if (text.includes("{{")) return "; templates are not evaluated";
  return / #/.test(text) ? "; what stands behind # is part of the value here, as in Ansible" : "";
};

/** The prefix belongs to inventories; a name with the wrong spelling is told the right one. */
const unknownSetting = (name: string, spelled: string, where: string): Complaint => {
  const prefix = spelled.startsWith(PREFIX) && spelled !== name ? PREFIX : "";
  const bare = name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name;
  const close = settingNamed(bare) === undefined ? nearest(bare.replaceAll("-", "_"), settingNames) : [bare];
  return {
    code: "E_SETTING",
    what: `there is no setting ${show(spelled)}`,
    where,
    try:
      close.length > 0
        ? `did you mean ${oneOf(close.map((known) => prefix + known))}?`
        : "docs/reference/settings.md lists every setting",
  };
};
