import type { Become } from "../domain/host.ts";
import { defaultSettings, type Settings } from "../domain/settings.ts";
import { type JumpWord, jumpChain } from "./jump.ts";
import {
  account,
  choice,
  dataset,
  duration,
  fmri,
  type Kind,
  mode,
  origin,
  path,
  pathsOrAuto,
  port,
  publisher,
  section,
  size,
} from "./kinds.ts";

/** Settings of the connection. They end up in `Host`, not in `Settings`. */
interface ConnectionSettings {
  readonly user: string;
  readonly port: number;
  readonly jump: readonly JumpWord[];
  readonly become: Become;
  readonly sshLegacy: "none" | "sunssh";
  readonly transport: "auto" | "ssh2" | "openssh";
}

/** Every setting and the type of its value. */
export type SettingValues = Required<Settings> & ConnectionSettings;
export type SettingKey = keyof SettingValues;

export interface Row<T> {
  /** As `--set` and novasweep.ini spell it; with the prefix `novasweep_` in an inventory. */
  readonly name: string;
  readonly kind: Kind<T>;
  /** The default as text, where it is not a plain value of `defaultSettings`. */
  readonly byDefault?: string;
  /** One sentence for the reference. */
  readonly doc: string;
}

export const PREFIX = "novasweep_";

/** Every setting: its name, what it accepts, its default, its sentence in the reference. The order is the reference's. */
export const settingsTable: { readonly [K in SettingKey]: Row<SettingValues[K]> } = {
  cacheLayout: {
    name: "cache_layout",
    kind: choice("auto", "export", "varshare"),
    doc: "Where the cache lives. `export`: dataset `<rootpool>/export/nova` at `/export/nova`. `varshare`: `<rootpool>/VARSHARE/nova/images` at `/var/share/nova/images`. `auto`: a dataset the cache already has to itself is kept, then `varshare` where it is Nova's own default, else `export`.",
  },
  cacheDataset: {
    name: "cache_dataset",
    kind: dataset,
    byDefault: "from the layout",
    doc: "The dataset that carries the quota.",
  },
  cacheMountpoint: {
    name: "cache_mountpoint",
    kind: path,
    byDefault: "from the layout",
    doc: "Where the dataset is mounted.",
  },
  cacheDir: {
    name: "cache_dir",
    kind: path,
    byDefault: "from the layout",
    doc: "What `glancecache_dirname` becomes: `<mountpoint>/images` (export) or `<mountpoint>` (varshare). Must lie on the dataset, or the quota guards nothing.",
  },
  cacheQuotaBytes: { name: "cache_quota", kind: size, doc: "The ZFS quota of the dataset." },
  cacheHeadroomBytes: {
    name: "cache_headroom",
    kind: size,
    doc: "Cleaning starts when less than this is free below the quota.",
  },
  cacheTargetFreeBytes: {
    name: "cache_target_free",
    kind: size,
    byDefault: "2 x cache_headroom",
    doc: "Cleaning stops when this much is free: at least `cache_headroom`, less than `cache_quota`.",
  },
  cacheMinAgeS: { name: "cache_min_age", kind: duration, doc: "A file younger than this is never evicted." },
  cacheOrder: {
    name: "cache_order",
    kind: choice("lru", "oldest"),
    doc: "Which file goes first: `lru` by access time if the dataset keeps it, else by modification time; `oldest` by modification time.",
  },
  cacheOwner: { name: "cache_owner", kind: account, doc: "Owner of the mountpoint and of `cache_dir`." },
  cacheGroup: { name: "cache_group", kind: account, doc: "Their group." },
  cacheMode: { name: "cache_mode", kind: mode, doc: "Their mode." },
  cleaner: {
    name: "cleaner",
    kind: choice("present", "disabled", "absent"),
    doc: "Whether the cleaner service is installed and runs, is installed but disabled, or is not there.",
  },
  cleanerPeriodS: { name: "cleaner_period", kind: duration, doc: "How often the cleaner runs." },
  cleanerDelivery: {
    name: "cleaner_delivery",
    kind: choice("files", "ips"),
    doc: "How the cleaner gets to the node: as `files`, or as the IPS package `nova-cache-cleanup` (`ips`).",
  },
  cleanerPublisher: {
    name: "cleaner_publisher",
    kind: publisher,
    doc: "The publisher of the package under `ips` delivery.",
  },
  cleanerOrigin: {
    name: "cleaner_origin",
    kind: origin,
    byDefault: "none",
    doc: "The repository to install the package from under `ips` delivery, for that once (`pkg install -g`). Without it the node's own publisher must have it.",
  },
  legacyDirs: {
    name: "legacy_dirs",
    kind: pathsOrAuto,
    doc: "Image caches of the past that `purge` may empty. `auto`: every one this node has used. The directory in force is never one of them.",
  },
  novaConf: { name: "nova_conf", kind: path, doc: "Nova's configuration file." },
  novaService: { name: "nova_service", kind: fmri, doc: "The service instance of nova-compute." },
  novaSection: {
    name: "nova_section",
    kind: section,
    doc: "The section of `nova_conf` that the driver reads. `auto` reads the installed driver: `DEFAULT` up to Kilo, `solariszones` from Mitaka.",
  },
  user: { name: "user", kind: account, byDefault: "your login name", doc: "Who to log in as." },
  port: { name: "port", kind: port, byDefault: "22", doc: "The port of the SSH server." },
  jump: {
    name: "jump",
    kind: jumpChain,
    byDefault: "none",
    doc: "The bastions to connect through, as `ssh -J` takes them. All hosts behind one share one connection to it.",
  },
  become: {
    name: "become",
    kind: choice("none", "sudo", "su", "pfexec"),
    byDefault: "none when the login user is root, else sudo",
    doc: "How the remote script becomes root. `su` needs `--ask-become-pass`, unless the login user is root.",
  },
  transport: {
    name: "transport",
    kind: choice("auto", "ssh2", "openssh"),
    byDefault: "auto",
    doc: "How the host is reached: `ssh2` inside novasweep, or by `openssh`, a process of the system's ssh for each host. `auto`: `ssh2` but where ssh's configuration or keys ask for what only ssh can do, and that is said.",
  },
  sshLegacy: {
    name: "ssh_legacy",
    kind: choice("none", "sunssh"),
    byDefault: "none",
    doc: "`sunssh`: also offer the algorithms of Solaris 11.3's default sshd. Set it for the hosts that need it, not for all.",
  },
};

export const settingKeys = Object.keys(settingsTable) as readonly SettingKey[];

const keyOfName = new Map<string, SettingKey>(settingKeys.map((key) => [settingsTable[key].name, key]));
export const settingNames: readonly string[] = [...keyOfName.keys()];

/** The setting of that name (without prefix), or undefined. */
export const settingNamed = (name: string): SettingKey | undefined => keyOfName.get(name);

/** A setting's default as the reference states it. */
export const defaultText = (key: SettingKey): string => {
  const { byDefault } = settingsTable[key];
  return byDefault ?? valueText(defaultSettings, key) ?? "none";
};

/** A value as one would write it in a settings file, or undefined when `values` has none. */
export const valueText = <K extends SettingKey>(values: Partial<SettingValues>, key: K): string | undefined => {
  const value: SettingValues[K] | undefined = values[key];
  return value === undefined ? undefined : settingsTable[key].kind.text(value);
};
