import type { AbsPath, Bytes, Seconds } from "./ids.ts";

/** What inventory and options say should be true of one host: the settings of the reference, parsed, defaults filled in. */
export interface Settings {
  readonly cacheLayout: "auto" | "export" | "varshare";
  /** Overrides; undefined: derived from the layout and the node's root pool. */
  readonly cacheDataset?: string;
  readonly cacheMountpoint?: AbsPath;
  readonly cacheDir?: AbsPath;
  readonly cacheQuotaBytes: Bytes;
  readonly cacheHeadroomBytes: Bytes;
  readonly cacheTargetFreeBytes: Bytes;
  readonly cacheMinAgeS: Seconds;
  readonly cacheOrder: "lru" | "oldest";
  readonly cacheOwner: string;
  readonly cacheGroup: string;
  /** Four octal digits, `0755`. */
  readonly cacheMode: string;
  readonly cleaner: "present" | "disabled" | "absent";
  readonly cleanerPeriodS: Seconds;
  readonly cleanerDelivery: "files" | "ips";
  /** Of the package, under `ips` delivery. */
  readonly cleanerPublisher: string;
  /** A repository to install from; undefined: what the node's publisher has. */
  readonly cleanerOrigin?: string;
  readonly legacyDirs: "auto" | readonly AbsPath[];
  readonly novaConf: AbsPath;
  readonly novaService: string;
  readonly novaSection: "auto" | string;
}

/** The defaults of the reference. Target free is twice the headroom unless set. */
export const defaultSettings: Settings = {
  cacheLayout: "auto",
  cacheQuotaBytes: 15 * 1024 ** 3,
  cacheHeadroomBytes: 2 * 1024 ** 3,
  cacheTargetFreeBytes: 4 * 1024 ** 3,
  cacheMinAgeS: 24 * 3600,
  cacheOrder: "lru",
  cacheOwner: "nova",
  cacheGroup: "nova",
  cacheMode: "0755",
  cleaner: "present",
  cleanerPeriodS: 3600,
  cleanerDelivery: "files",
  cleanerPublisher: "site",
  legacyDirs: "auto",
  novaConf: "/etc/nova/nova.conf",
  novaService: "svc:/application/openstack/nova/nova-compute:default",
  novaSection: "auto",
};
