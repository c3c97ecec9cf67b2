import { type Become, type Host, type OpensshDial, SSH_PORT } from "../domain/host.ts";
import type { AbsPath, HostName } from "../domain/ids.ts";
import type { Complaint } from "../domain/result.ts";
import { defaultSettings, type Settings } from "../domain/settings.ts";
import type { Claims } from "./claims.ts";
import { jumpChain } from "./jump.ts";
import type { Asked } from "./levels.ts";
import { defaultText, type SettingKey, type SettingValues, settingKeys, settingsTable } from "./settings-table.ts";
import type { SshAnswer, SshQuestion } from "./ssh-defaults.ts";

/** A host with all its settings and, by name, where each comes from: `file:line`, `--set …`, an option or `default`. */
export interface ResolvedHost {
  readonly host: Host;
  /** The groups that list the host themselves. */
  readonly groups: readonly string[];
  readonly sources: Readonly<Record<string, string>>;
  /** How ssh itself would be called for it; absent where that is not wanted (`transport=ssh2`). */
  readonly dial?: Omit<OpensshDial, "why">;
  /** What ssh's configuration asks for that only ssh can do, though the host is to be reached over ssh2. */
  readonly unmet?: string;
}

/** What a host falls back on. */
export interface Fallbacks {
  readonly loginUser: string;
  /** `--identity`: for every host, in place of what the inventory says. */
  readonly identityFiles: readonly AbsPath[];
  /** Makes the path of a key on this machine absolute (`~/`, relative). */
  readonly absolute: (path: string) => AbsPath;
}

/** The source of what OpenSSH's configuration says. */
const SSH_CONFIG = "ssh's configuration";

/** What ssh is to be asked about a host: its configuration is weaker than every source of ours. */
export const sshQuestion = (name: HostName, { settings: { values }, extra }: Asked): SshQuestion => ({
  destination: extra.address?.value ?? name,
  ...(values.user === undefined ? {} : { user: values.user }),
  ...(values.port === undefined ? {} : { port: values.port }),
  ...(values.jump === undefined ? {} : { jump: values.jump }),
});

/** Puts one host together from what was asked for it; `asked.settings` holds every source, the command line included. */
export const settleHost = (
  name: HostName,
  groups: readonly string[],
  asked: Asked,
  fallbacks: Fallbacks,
  ssh: SshAnswer,
): ResolvedHost => {
  const { values, sources: claimed } = asked.settings;
  const { address, identityFile } = asked.extra;
  const user = values.user ?? ssh.user ?? fallbacks.loginUser;
  const become = values.become === undefined ? defaultBecome(user, asked) : undefined;
  const own = identityFile ? [fallbacks.absolute(identityFile.value)] : undefined;
  const given = fallbacks.identityFiles.length > 0;
  const named = given ? fallbacks.identityFiles : own;
  // Files that a stronger source names are meant alone; those of ssh's configuration are as it says.
  const { jump, identitiesOnly, identityFiles = [], needsOpenssh, ...trust } = ssh;
  const dial = dialOf(sshQuestion(name, asked), named ?? []);
  const why = whyOpenssh(values.transport, needsOpenssh);
  const host: Host = {
    ...trust,
    ...(named === undefined && identitiesOnly !== undefined ? { identitiesOnly } : {}),
    name,
    address: ssh.address ?? address?.value ?? name,
    port: values.port ?? ssh.port ?? SSH_PORT,
    user,
    identityFiles: named ?? identityFiles,
    jump,
    become: become?.value ?? values.become ?? "none",
    sshLegacy: values.sshLegacy ?? "none",
    ...(why === undefined ? {} : { openssh: { ...dial, why } }),
    settings: settingsOf(values),
  };
  const sources: Record<string, string> = {
    address: ssh.address === undefined ? (address?.source ?? "the host's name") : SSH_CONFIG,
    identity: given ? "--identity" : (identityFile?.source ?? (identityFiles.length > 0 ? SSH_CONFIG : "default")),
  };
  const fromSsh: Partial<Record<SettingKey, unknown>> = { user: ssh.user, port: ssh.port, jump: jump[0] };
  for (const key of settingKeys) {
    const unclaimed = fromSsh[key] === undefined ? defaultSource.get(key) : SSH_CONFIG;
    sources[settingsTable[key].name] = claimed[key] ?? unclaimed ?? "";
  }
  if (become) sources["become"] = become.source;
  const unmet = why === undefined ? needsOpenssh : undefined;
  return {
    host,
    groups,
    sources,
    ...(values.transport === "ssh2" ? {} : { dial }),
    ...(unmet === undefined ? {} : { unmet }),
  };
};

const dialOf = (question: SshQuestion, identityFiles: readonly AbsPath[]): Omit<OpensshDial, "why"> => {
  const { destination, user, port, jump } = question;
  return {
    destination,
    ...(user === undefined ? {} : { user }),
    ...(port === undefined ? {} : { port }),
    ...(jump === undefined ? {} : { jump: jumpChain.text(jump) }),
    identityFiles,
  };
};

const whyOpenssh = (transport: SettingValues["transport"] = "auto", needs: string | undefined): string | undefined => {
  if (transport === "openssh") return needs ?? "transport=openssh";
  return transport === "auto" ? needs : undefined;
};

/** `default`, with the reason where the value alone does not say it: `default (2 x cache_headroom)`. */
const defaultSource: ReadonlyMap<SettingKey, string> = new Map(
  settingKeys.map((key) => [key, defaultText(key).includes(" ") ? `default (${defaultText(key)})` : "default"]),
);

const defaultBecome = (user: string, { extra }: Asked): { readonly value: Become; readonly source: string } =>
  user === "root"
    ? { value: "none", source: "default (the login user is root)" }
    : (extra.method ?? { value: "sudo", source: "default (the login user is not root)" });

const settingsOf = (values: Claims["values"]): Settings => {
  const headroom = values.cacheHeadroomBytes ?? defaultSettings.cacheHeadroomBytes;
  const settings: GrowingSettings = { ...defaultSettings, cacheTargetFreeBytes: 2 * headroom };
  for (const key of nodeKeys) take(settings, key, values);
  return settings;
};

type GrowingSettings = { -readonly [K in keyof Settings]: Settings[K] };

const take = <K extends NodeKey>(into: GrowingSettings, key: K, values: Partial<Required<Settings>>): void => {
  const value = values[key];
  if (value !== undefined) into[key] = value;
};

type NodeKey = keyof Settings;
const notOfTheNode = [...(["user", "port", "jump", "become", "sshLegacy", "transport"] as const)] as const;
const isNodeKey = (key: SettingKey): key is NodeKey => !notOfTheNode.some((other) => other === key);
const nodeKeys = settingKeys.filter(isNodeKey);

/** Settings that are fine alone but contradict each other. Errors: `E_SETTING`, without the host's name. */
export const contradictions = ({ host: { settings }, sources, unmet }: ResolvedHost): readonly Complaint[] => {
  const { text } = settingsTable.cacheQuotaBytes.kind;
  const where = (...names: readonly string[]) => names.map((name) => `${name}: ${sources[name]}`).join(", ");
  const target = `cache_target_free (${text(settings.cacheTargetFreeBytes)})`;
  const found: Complaint[] = [];
  if (unmet !== undefined)
    found.push({
      code: "E_SETTING",
      what: `${unmet} is beyond ssh2`,
      where: where("transport"),
      try: "transport=auto or openssh, which goes through the system's ssh",
    });
  if (settings.cacheTargetFreeBytes < settings.cacheHeadroomBytes)
    found.push({
      code: "E_SETTING",
      what: `${target} is less than cache_headroom (${text(settings.cacheHeadroomBytes)}): cleaning would stop before it is done`,
      where: where("cache_target_free", "cache_headroom"),
      try: "raise cache_target_free, or leave it out: then it is twice the headroom",
    });
  if (settings.cacheTargetFreeBytes >= settings.cacheQuotaBytes)
    found.push({
      code: "E_SETTING",
      what: `${target} is not less than cache_quota (${text(settings.cacheQuotaBytes)}): cleaning would empty the cache`,
      where: where("cache_target_free", "cache_quota"),
      try: "raise cache_quota, or lower cache_headroom and cache_target_free",
    });
  if (settings.cleanerDelivery === "ips" && (settings.cacheOwner !== "nova" || settings.cacheGroup !== "nova"))
    found.push({
      code: "E_SETTING",
      what: `the package's cleaner runs as nova:nova, and could not remove the images of ${settings.cacheOwner}:${settings.cacheGroup}`,
      where: where("cleaner_delivery", "cache_owner", "cache_group"),
      try: "leave cache_owner and cache_group at nova, or set cleaner_delivery=files",
    });
  return found;
};
